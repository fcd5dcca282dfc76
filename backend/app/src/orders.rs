//! Orders to a workspace: the command line carries them out itself, or, when the workspace is open elsewhere, has its
//! owner do it over a Unix socket. Both ways run [`obey`].
//!
//! One JSON line asks; JSON lines answer; the last one is `done` or `failed`.

use crate::doctor::{self, Findings};
use api::{
    Role,
    detections::RuleList,
    jobs::{Job, JobStatus},
    users::CreateUser,
};
use kernel::{
    db::Actor,
    platform::{self, LockOwner},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use server::{App, detections, siem};
use std::{path::PathBuf, time::Duration};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    sync::mpsc,
};

/// What can be asked for.
#[derive(Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub(crate) enum Order {
    /// A user with a password.
    UserAdd { name: String, role: Role, password: Option<String> },
    /// Files and folders, absolute.
    Import {
        #[serde(with = "platform::path_bytes")]
        paths: Vec<PathBuf>,
        #[serde(default)]
        told: siem::Told,
    },
    /// Sigma rules as a pack: files, folders and zips, absolute.
    RulesImport {
        name: String,
        enabled: bool,
        #[serde(with = "platform::path_bytes")]
        paths: Vec<PathBuf>,
    },
    /// Rules of the workspace.
    RulesList { query: Box<RuleList> },
    /// Watch a folder, absolute, or none.
    Watch { folder: Option<String>, reason: Option<String> },
    /// Look at everything stored.
    Doctor {
        /// The pages of `aurora.db` were looked at already.
        #[serde(default)]
        seen: bool,
    },
}

/// What comes back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub(crate) enum Reply {
    /// Where a job stands.
    Progress { job: Box<Job> },
    /// A line for the user.
    Line { text: String },
    /// It is done.
    Done { result: Value },
    /// It is not done, and why.
    Failed { text: String },
}

const LONGEST: usize = 4 << 20;

/// Takes orders until the workspace is closed; only from the same account.
pub(crate) async fn listen(app: App, listener: UnixListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) if platform::same_user(&stream) => {
                tokio::spawn(answer(app.clone(), stream));
            }
            Ok(_) => tracing::warn!("an order from another account was refused"),
            Err(e) => {
                tracing::error!(error = %e, "the order socket failed");
                return;
            }
        }
    }
}

async fn answer(app: App, stream: UnixStream) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(tokio::io::AsyncReadExt::take(read, LONGEST as u64)).lines();
    let Ok(Some(line)) = lines.next_line().await else { return };
    let (send, mut receive) = mpsc::channel(16);
    let work = async {
        match serde_json::from_str(&line) {
            Ok(order) => obey(&app, order, send).await,
            Err(e) => {
                let _ = send.send(Reply::Failed { text: format!("not an order: {e}") }).await;
            }
        }
    };
    let say = async {
        while let Some(reply) = receive.recv().await {
            let line = serde_json::to_string(&reply).unwrap_or_default() + "\n";
            if write.write_all(line.as_bytes()).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(work, say);
}

/// Sends an order to the owner of a workspace.
pub(crate) async fn send(owner: &LockOwner, order: &Order, to: mpsc::Sender<Reply>) -> std::io::Result<()> {
    let mut stream = UnixStream::connect(&owner.socket).await?;
    let line = serde_json::to_string(order)? + "\n";
    stream.write_all(line.as_bytes()).await?;
    let mut lines = BufReader::new(stream).lines();
    while let Some(line) = lines.next_line().await? {
        if to.send(serde_json::from_str(&line)?).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Carries an order out.
pub(crate) async fn obey(app: &App, order: Order, to: mpsc::Sender<Reply>) {
    let done = match order {
        Order::UserAdd { name, role, password } => user_add(app, name, role, password).await,
        Order::Import { paths, told } => import(app, paths, told, &to).await,
        Order::RulesImport { name, enabled, paths } => rules_import(app, name, enabled, paths, &to).await,
        Order::RulesList { query } => rules_list(app, *query).await,
        Order::Watch { folder, reason } => {
            let folder = folder.map(PathBuf::from);
            siem::set_folder(app, &actor(), folder, reason).await.map(|()| watched(app))
        }
        Order::Doctor { seen } => {
            let mut found = Findings::new(&to);
            doctor::look(app, seen, &mut found).await;
            Ok(found.result())
        }
    };
    let last = match done {
        Ok(result) => Reply::Done { result },
        Err(e) => {
            let detail = e.detail.as_ref().map(|d| {
                let part = |k: &str| d.get(k).and_then(Value::as_str).unwrap_or_default();
                format!(": {} {}", part("field"), part("reason"))
            });
            Reply::Failed { text: format!("{}{}", e.code.message(), detail.unwrap_or_default()) }
        }
    };
    let _ = to.send(last).await;
}

/// The account that gives orders on this machine.
fn actor() -> Actor {
    Actor { name: platform::account(), session: Some("command line".into()), ..Actor::default() }
}

async fn user_add(app: &App, name: String, role: Role, password: Option<String>) -> kernel::Result<Value> {
    let new = CreateUser { username: name, password, role, display_name: None, email: None };
    let user = app.kernel.auth.create_user(&actor(), new).await?;
    serde_json::to_value(user).map_err(kernel::Error::internal)
}

async fn import(
    app: &App,
    paths: Vec<PathBuf>,
    told: siem::Told,
    to: &mpsc::Sender<Reply>,
) -> kernel::Result<Value> {
    let id = siem::start(&app.kernel, &actor(), siem::Input::Paths { paths, told }).await?;
    watch(app, &id, to).await
}

/// The folder that is watched now.
fn watched(app: &App) -> Value {
    let settings = app.kernel.settings.get();
    settings.watched_folder.filter(|_| settings.watch).map_or(Value::Null, Value::from)
}

async fn rules_import(
    app: &App,
    name: String,
    enabled: bool,
    paths: Vec<PathBuf>,
    to: &mpsc::Sender<Reply>,
) -> kernel::Result<Value> {
    let input = detections::PackInput { name, enabled, paths, kept: vec![] };
    let id = detections::start_import(&app.kernel, &actor(), &input).await?;
    watch(app, &id, to).await
}

/// All pages of the list.
async fn rules_list(app: &App, query: RuleList) -> kernel::Result<Value> {
    let mut query = RuleList { limit: Some(500), body: Some(false), ..query };
    let mut all = vec![];
    // Whether a rule runs is known to the compiled set.
    app.rules.fresh().await;
    loop {
        let page = detections::page(app, &query).await?;
        all.extend(page.items);
        match page.next_cursor {
            Some(next) => query.cursor = Some(next),
            None => return serde_json::to_value(all).map_err(kernel::Error::internal),
        }
    }
}

/// Waits for a job, saying where it stands.
async fn watch(app: &App, id: &str, to: &mpsc::Sender<Reply>) -> kernel::Result<Value> {
    let mut every = tokio::time::interval(Duration::from_millis(500));
    let end = app.kernel.jobs.wait(id);
    tokio::pin!(end);
    let job = loop {
        tokio::select! {
            job = &mut end => break job?,
            _ = every.tick() => {
                if let Some(job) = app.kernel.jobs.get_unchecked(id).await? {
                    // A caller that went away does not stop the import.
                    let _ = to.try_send(Reply::Progress { job: Box::new(job) });
                }
            }
        }
    };
    let job = job.ok_or_else(|| kernel::Error::internal("the job is gone"))?;
    if job.status == JobStatus::Failed {
        return Err(kernel::Error::unavailable(
            job.error.as_deref().unwrap_or("the job failed"),
            "see the job",
        ));
    }
    serde_json::to_value(job).map_err(kernel::Error::internal)
}
