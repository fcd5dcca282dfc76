//! `doctor`: looks at everything that a workspace stores, and says of each part whether it is whole. One fault hides no
//! other: what can't be looked at is a fault of its own, and the next part is looked at.

use crate::orders::Reply;
use kernel::audit;
use serde_json::{Value, json};
use server::App;
use std::path::Path;
use tokio::sync::mpsc;

/// Faults of one file that are shown; a torn page makes hundreds.
const SHOWN: usize = 10;

/// What was found so far.
pub(crate) struct Findings<'a> {
    to: &'a mpsc::Sender<Reply>,
    bad: u32,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(to: &'a mpsc::Sender<Reply>) -> Self {
        Findings { to, bad: 0 }
    }

    /// The number of faults, as the end of the order.
    pub(crate) fn result(&self) -> Value {
        json!({ "faults": self.bad })
    }

    async fn line(&self, text: String) {
        // Whoever asked may have gone away.
        let _ = self.to.send(Reply::Line { text }).await;
    }

    async fn good(&self, text: &str) {
        self.line(format!("ok     {text}")).await;
    }

    pub(crate) async fn bad(&mut self, text: &str) {
        self.bad += 1;
        self.line(format!("FAULT  {text}")).await;
    }

    /// The faults of a database, or `good` when there are none.
    async fn all<E: std::fmt::Display>(&mut self, name: &str, found: Result<Vec<String>, E>, good: &str) {
        match found {
            Ok(faults) if faults.is_empty() => self.good(&format!("{name}: {good}")).await,
            Ok(faults) => {
                for fault in faults.iter().take(SHOWN) {
                    self.bad(&format!("{name}: {fault}")).await;
                }
                if faults.len() > SHOWN {
                    self.bad(&format!("{name}: {} more of the first 100", faults.len() - SHOWN)).await;
                }
            }
            Err(e) => self.bad(&format!("{name}: {e}")).await,
        }
    }

    /// The pages of a database that no process has open, only reading; whether they are sound.
    pub(crate) async fn pages(&mut self, dir: &Path, name: &str) -> bool {
        let file = dir.join(name);
        let before = self.bad;
        if file.is_file() {
            self.all(name, Ok::<_, String>(kernel::db::faults(&file).await), "every page is sound").await;
        } else {
            self.bad(&format!("{name}: is not there")).await;
        }
        self.bad == before
    }
}

/// All of an open workspace. `seen`: the pages of `aurora.db` were looked at before it was opened.
pub(crate) async fn look(app: &App, seen: bool, found: &mut Findings<'_>) {
    match audit::verify(&app.kernel.db).await {
        Ok(Ok(n)) => found.good(&format!("audit log: {n} rows, the chain of hashes holds")).await,
        Ok(Err(seq)) => found.bad(&format!("audit log: row {seq} does not fit its chain")).await,
        Err(e) => found.bad(&format!("audit log: can't be read: {e}")).await,
    }
    if !seen {
        found.all("aurora.db", app.kernel.db.check().await, "every page is sound").await;
    }
    found.all("logs.db", app.logs.check().await, "every page is sound, totals agree").await;
    match kept_sources(app).await {
        Ok((kept, wrong)) if wrong.is_empty() => {
            found.good(&format!("content store: {kept} kept sources have the hash that names them")).await;
        }
        Ok((_, wrong)) => {
            for one in wrong {
                found.bad(&format!("content store: {one}")).await;
            }
        }
        Err(e) => found.bad(&format!("content store: its list can't be read: {e}")).await,
    }
}

async fn kept_sources(app: &App) -> Result<(usize, Vec<String>), String> {
    let sources = app.logs.sources().await.map_err(|e| e.to_string())?;
    let content = app.content.clone();
    let check = move || {
        let mut wrong = vec![];
        let kept: Vec<_> = sources.into_iter().filter(|s| s.file.kept).collect();
        for s in &kept {
            let verdict = evidence::Sha256Hex::parse(&s.file.sha256).and_then(|h| content.verify(&h));
            match verdict {
                Ok(true) => {}
                Ok(false) => wrong.push(format!("{} has other content than its hash says", s.file.label)),
                Err(e) => wrong.push(format!("{}: {e}", s.file.label)),
            }
        }
        (kept.len(), wrong)
    };
    tokio::task::spawn_blocking(check).await.map_err(|e| e.to_string())
}
