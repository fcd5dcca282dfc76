//! Files of the watched folder to imports: each once, as soon as it is written completely.

use super::{
    look::{Look, Looker},
    set, store,
};
use crate::{
    App,
    siem::{
        input::{Input, Told, start_with},
        intake::apart,
    },
};
use api::system::{LiveState, WatchStatus};
use kernel::{
    Error, Result,
    db::{Actor, Tx},
    platform::Changes,
};
use std::{collections::HashSet, path::PathBuf, time::Duration};
use tokio::{sync::watch, time::sleep};

/// Files that one import is given.
const MANY: usize = 1_000;
/// From one look to the next: while something is being written, while nothing is said to have changed (some file systems
/// never say), and while the folder can't be looked at.
const PAUSES: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(30), Duration::from_secs(5)];
/// Changes that come together are one look.
const TOGETHER: Duration = Duration::from_millis(200);

/// Sets the folder that is watched, or none; by who is on this machine. It must be there, be readable, and not lie in the
/// workspace.
pub async fn set_folder(
    app: &App,
    by: &Actor,
    folder: Option<PathBuf>,
    reason: Option<String>,
) -> Result<()> {
    let wrong = |why: String| Error::field("folder", why);
    let text = match folder {
        None => None,
        Some(folder) => {
            let real = folder.canonicalize().map_err(|e| wrong(e.to_string()))?;
            std::fs::read_dir(&real).map_err(|e| wrong(e.to_string()))?;
            if real.starts_with(&app.dir) {
                return Err(wrong("lies in the workspace itself".into()));
            }
            let text = real.to_str().ok_or_else(|| wrong("its path must be UTF-8".into()))?;
            Some(text.to_owned())
        }
    };
    app.kernel.settings.watch(&app.kernel.db, by, text, reason).await.map(drop)
}

/// Watches as the settings have it until the workspace is closed.
pub(super) async fn run(app: App, mut closing: watch::Receiver<bool>) {
    let mut changes = app.kernel.settings.changes();
    loop {
        changes.borrow_and_update();
        let wanted = wanted(&app);
        let watching = async {
            match &wanted {
                None => {
                    app.live.tell_watch(|w| {
                        *w = WatchStatus { files: w.files, last_at: w.last_at, ..WatchStatus::default() };
                    });
                    std::future::pending().await
                }
                Some(folder) => folder_until_dropped(&app, folder.clone()).await,
            }
        };
        tokio::select! {
            () = set(&mut closing) => return,
            () = watching => {}
            () = async {
                while changes.changed().await.is_ok() && self::wanted(&app) == wanted {}
            } => {}
        }
    }
}

fn wanted(app: &App) -> Option<PathBuf> {
    let settings = app.kernel.settings.get();
    settings.watched_folder.filter(|_| settings.watch).map(PathBuf::from)
}

async fn folder_until_dropped(app: &App, folder: PathBuf) {
    let failed = |why: String| {
        tracing::warn!(reason = why, "the watched folder can't be watched");
        app.live.tell_watch(|w| (w.state, w.reason) = (LiveState::Failed, Some(why)));
    };
    let done = match store::below(app.kernel.db.read(), &folder).await {
        Ok(done) => done,
        Err(e) => {
            failed(e.to_string());
            return sleep(PAUSES[2]).await;
        }
    };
    let mut looker = Looker::new(folder, app.dir.clone(), done);
    let mut ears = Ears { changes: Changes::new().ok(), folders: HashSet::new() };
    loop {
        let now = app.kernel.world.now_ns();
        let looked = apart(move |_| {
            let look = looker.look(now);
            Ok((looker, look))
        });
        let look;
        (looker, look) = match looked.await {
            Ok(looked) => looked,
            Err(e) => {
                failed(e.to_string());
                return sleep(PAUSES[2]).await;
            }
        };
        let pause = match look {
            Ok(look) => {
                let given = give(app, &mut looker, &look).await;
                tell(app, &look, given.as_ref().err());
                match ears.turn_to(&look.folders) {
                    // What came between the look and now was not heard.
                    Heard::More => continue,
                    _ if look.waiting > 0 => PAUSES[0],
                    Heard::Part => PAUSES[2],
                    Heard::All if given.is_err() => PAUSES[2],
                    Heard::All => PAUSES[1],
                }
            }
            Err(why) => {
                ears.folders.clear();
                failed(why);
                PAUSES[2]
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = ears.changed() => sleep(TOGETHER).await,
        }
    }
}

/// Hands files that are ready to imports, remembered in the same commit.
async fn give(app: &App, looker: &mut Looker, look: &Look) -> Result<()> {
    let by = Actor { session: Some("watched folder".into()), ..Actor::system() };
    for some in look.ready.chunks(MANY) {
        let paths = some.iter().map(|(path, _)| path.clone()).collect();
        let remember = async |tx: &mut Tx, job_id: &str| {
            for (path, mark) in some {
                store::put(tx, path, *mark, job_id).await?;
            }
            store::gone(tx, &look.gone).await
        };
        start_with(&app.kernel, &by, Input::Paths { paths, told: Told::default() }, remember).await?;
        looker.done(some);
        looker.forget(&look.gone);
        let (count, now) = (some.len() as u64, app.kernel.world.now());
        app.live.tell_watch(|w| (w.files, w.last_at) = (w.files + count, Some(now)));
    }
    Ok(())
}

fn tell(app: &App, look: &Look, failed: Option<&kernel::Error>) {
    let reason = match (failed, &look.trouble) {
        (Some(e), _) => Some(e.to_string()),
        (None, Some(first)) if look.more_trouble > 0 => {
            Some(format!("{first} (and {} more)", look.more_trouble))
        }
        (None, first) => first.clone(),
    };
    app.live.tell_watch(|w| {
        *w = WatchStatus { state: LiveState::Running, reason, waiting: look.waiting, ..w.clone() };
    });
}

/// Hears of changes in folders.
struct Ears {
    changes: Option<Changes>,
    folders: HashSet<PathBuf>,
}

/// What is heard from now on.
enum Heard {
    /// What was heard before.
    All,
    /// More than before.
    More,
    /// Less than there is: the system gives no more.
    Part,
}

impl Ears {
    fn turn_to(&mut self, folders: &[PathBuf]) -> Heard {
        let Some(changes) = &self.changes else { return Heard::Part };
        let there: HashSet<_> = folders.iter().collect();
        self.folders.retain(|f| there.contains(f));
        let (mut heard, mut part) = (Heard::All, false);
        for folder in folders {
            match changes.add(folder) {
                Ok(()) if self.folders.insert(folder.clone()) => heard = Heard::More,
                Ok(()) => {}
                Err(_) => part = true,
            }
        }
        if part && matches!(heard, Heard::All) { Heard::Part } else { heard }
    }

    async fn changed(&self) {
        match &self.changes {
            Some(changes) if changes.wait().await.is_ok() => {}
            _ => std::future::pending().await,
        }
    }
}
