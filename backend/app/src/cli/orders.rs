//! `user`, `import`, `doctor`: done here when the workspace is free, by its owner when it is open elsewhere.

use super::{
    Exit, out,
    owner::{Allowed, lost},
};
use crate::{
    Problem,
    config::Config,
    doctor::{self, Findings},
    orders::{self, Order, Reply},
    workspace::{How, Workspace, is_there},
};
use api::{
    Role,
    jobs::{Job, JobStatus, Skip},
    siem::ImportResult,
};
use kernel::{
    Untrusted,
    auth::token_key::KeyPlace,
    platform::{self, Lock, LockOwner},
};
use serde_json::Value;
use server::siem::Told;
use std::{
    cell::Cell,
    io::{IsTerminal as _, Read as _, Write as _},
    path::PathBuf,
    time::Instant,
};
use tokio::sync::mpsc;

/// Carries an order out that may make the workspace; answers its result.
pub(super) async fn carry_out(config: &Config, order: Order, needs_jobs: bool) -> Result<Value, Exit> {
    is_there(&config.data_dir).map_err(wrong_folder)?;
    let (send, receive) = mpsc::channel(64);
    let heard = Cell::new(Instant::now());
    shown(receive, work(config, order, needs_jobs, send, &heard), &heard).await
}

/// Carries an order out that only reads, where there is a workspace.
pub(super) async fn look_up(config: &Config, order: Order) -> Result<Value, Exit> {
    must_be_there(config)?;
    carry_out(config, order, false).await
}

fn wrong_folder(p: Problem) -> Exit {
    Exit(2, p.to_string())
}

fn must_be_there(config: &Config) -> Result<(), Exit> {
    if is_there(&config.data_dir).map_err(wrong_folder)? {
        return Ok(());
    }
    Err(Exit(2, format!("there is no workspace in {}", config.data_dir.display())))
}

/// Opens the workspace and obeys, or has its owner do it. `heard` is when that one last said something.
async fn work(
    config: &Config,
    order: Order,
    needs_jobs: bool,
    send: mpsc::Sender<Reply>,
    heard: &Cell<Instant>,
) -> Result<(), Exit> {
    let how = How { desktop: false, key: KeyPlace::Memory, jobs: needs_jobs, live: false };
    match Workspace::open(&config.data_dir, how).await {
        Ok(workspace) => {
            let asked = async {
                if needs_jobs { platform::asked_to_end().await } else { std::future::pending().await }
            };
            let ended = tokio::select! {
                () = orders::obey(&workspace.app, order, send) => None,
                signal = asked => Some(signal),
            };
            workspace.close().await;
            match ended {
                Some(signal) => Err(Exit(128 + signal, "paused; it goes on at the next open".into())),
                None => Ok(()),
            }
        }
        Err(p) => match &p.owner {
            Some(owner) => {
                out::say(format_args!("The workspace is open in process {}: it does the work.", owner.pid));
                let allowed = Allowed::by(&order);
                heard.set(Instant::now());
                tokio::select! {
                    sent = orders::send(owner, &order, send) => sent.map_err(|e| {
                        Exit(1, format!("the process that has the workspace open does not answer: {e}"))
                    }),
                    why = lost(owner.pid, allowed, heard) => Err(Exit(1, why)),
                }
            }
            None => Err(Exit::from(p)),
        },
    }
}

/// Shows what comes back while the work is done; answers its result.
async fn shown(
    mut receive: mpsc::Receiver<Reply>,
    work: impl Future<Output = Result<(), Exit>>,
    heard: &Cell<Instant>,
) -> Result<Value, Exit> {
    let (mut last, mut shown) = (None, Ok(()));
    let show = async {
        while let Some(reply) = receive.recv().await {
            heard.set(Instant::now());
            match reply {
                Reply::Progress { job } => progress(&job),
                // The work goes on to its end, and the workspace is closed, whether or not it can be shown.
                Reply::Line { text } if shown.is_ok() => {
                    shown = out::line(Untrusted::new(text).for_terminal());
                }
                Reply::Line { .. } => {}
                end => last = Some(end),
            }
        }
    };
    let (worked, ()) = tokio::join!(work, show);
    worked?;
    shown?;
    match last {
        Some(Reply::Done { result }) => Ok(result),
        Some(Reply::Failed { text }) => Err(Exit(1, Untrusted::new(text).for_terminal())),
        _ => Err(Exit(1, "the process that has the workspace open ended before the work was done".into())),
    }
}

pub(super) async fn user_add(config: Config, name: String, role: Role, stdin: bool) -> Result<u8, Exit> {
    let password = if stdin {
        let mut text = String::new();
        let read = std::io::stdin().take(4096).read_to_string(&mut text);
        read.map_err(|e| Exit(1, format!("standard input: {e}")))?;
        Some(text.lines().next().unwrap_or_default().to_owned())
    } else if role == Role::ApiService {
        None
    } else {
        return Err(Exit(2, "give the password on standard input with --password-stdin".into()));
    };
    let order = Order::UserAdd { name: name.clone(), role, password };
    carry_out(&config, order, false).await?;
    out::line(format_args!("User {} added with role {role}.", Untrusted::new(name).for_terminal()))?;
    Ok(0)
}

/// Paths as another process can use them. One that is not there is wrong usage.
pub(super) fn absolute(paths: Vec<PathBuf>) -> Result<Vec<PathBuf>, Exit> {
    let one = |p: PathBuf| {
        let wrong = |why: &dyn std::fmt::Display| {
            Exit(2, Untrusted::new(format!("{}: {why}", p.display())).for_terminal())
        };
        if !p.exists() {
            return Err(wrong(&"there is no such file or folder"));
        }
        std::path::absolute(&p).map_err(|e| wrong(&e))
    };
    paths.into_iter().map(one).collect()
}

pub(super) async fn import(config: Config, paths: Vec<PathBuf>, told: Told) -> Result<u8, Exit> {
    let order = Order::Import { paths: absolute(paths)?, told };
    let result = carry_out(&config, order, true).await?;
    let job: Job = serde_json::from_value(result).map_err(|e| Exit(1, e.to_string()))?;
    let r: ImportResult = serde_json::from_value(job.result.clone()).unwrap_or_default();
    if std::io::stderr().is_terminal() {
        out::say("");
    }
    for s in &job.skipped {
        out::say(Untrusted::new(passed(s)).for_terminal());
    }
    if job.skipped_total > job.skipped.len() as u64 {
        out::say(format_args!("skipped: {} more", job.skipped_total - job.skipped.len() as u64));
    }
    let mut text = format!(
        "{}: {} files, {} new events, {} already there, {} unreadable records, {} matches in {} new alerts\n",
        job.status, r.files, r.events, r.duplicates, r.parse_errors, r.matches, r.alerts
    );
    text += &format!(
        "{} rules ran, {} could not, {} had no chance on this data\n",
        r.rules_run, r.rules_not_run_total, r.rules_no_chance_total
    );
    if let Some(why) = &r.no_match_reason {
        text += &format!("No alerts: {}\n", Untrusted::new(why).for_terminal());
    }
    if let Some(kept) = job.kept {
        text += &format!("{kept}\n");
    }
    let equal: u64 = r.file_list.iter().map(|f| f.equal).sum();
    if equal > 0 {
        text += &format!("{equal} of the new events stand in another source too (same time and fields)\n");
    }
    let zoneless: usize = r.file_list.iter().map(|f| f.zoneless.len()).sum();
    if zoneless > 0 {
        text += &format!(
            "The times of {zoneless} sources name no zone and were taken as UTC; --timezone ZONE says another\n"
        );
    }
    out::print(text)?;
    let unread = r.parse_errors > 0 || r.file_list.iter().any(|f| f.reason.is_some());
    Ok(if job.status != JobStatus::Done || unread { 2 } else { 0 })
}

pub(super) async fn watch(
    config: Config,
    folder: Option<PathBuf>,
    reason: Option<String>,
) -> Result<u8, Exit> {
    let folder = absolute(Vec::from_iter(folder))?.pop();
    let text =
        |f: PathBuf| f.to_str().map(str::to_owned).ok_or_else(|| Exit(2, "its path must be UTF-8".into()));
    let folder = folder.map(text).transpose()?;
    let now = carry_out(&config, Order::Watch { folder, reason }, false).await?;
    out::line(match now.as_str() {
        Some(folder) => format!("Watching {}", Untrusted::new(folder).for_terminal()),
        None => "No folder is watched.".to_owned(),
    })?;
    Ok(0)
}

/// What was not read, or was read although something about it is doubtful, with its place.
fn passed(s: &Skip) -> String {
    let member = s.member.as_ref().map(|m| format!(" > {m}")).unwrap_or_default();
    let record = s.record.map(|r| format!(" record {r}")).unwrap_or_default();
    let offset = s.offset.map(|o| format!(" at byte {o}")).unwrap_or_default();
    // A note is about something that was read.
    let how = if s.note { "noted" } else { "skipped" };
    format!("{how}: {}{member}{record}{offset}: {}", s.source, s.reason)
}

fn progress(job: &Job) {
    if std::io::stderr().is_terminal() && job.unit == "bytes" {
        let percent = (job.done * 100).checked_div(job.total).unwrap_or(0);
        let left = job.eta_s.map(|s| format!(", {s} s left")).unwrap_or_default();
        let text = format!("\r{} {percent} %, {:.1} MB/s{left}    ", job.status, job.rate / 1e6);
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}

pub(super) async fn doctor(config: Config) -> Result<u8, Exit> {
    must_be_there(&config)?;
    let (send, receive) = mpsc::channel(64);
    let heard = Cell::new(Instant::now());
    let result = shown(receive, examine(&config, send, &heard), &heard).await?;
    match result.get("faults").and_then(Value::as_u64) {
        Some(0) => out::line("Nothing is wrong.").map(|()| 0),
        n => {
            let n = n.unwrap_or(0);
            out::line(format_args!(
                "{n} faults. Keep a copy of the folder as it is; restore a backup if there is one."
            ))?;
            Ok(1)
        }
    }
}

/// Looks at the pages of `aurora.db` before the workspace is opened, which it takes to look at the rest: what is damaged
/// may not open.
async fn examine(config: &Config, send: mpsc::Sender<Reply>, heard: &Cell<Instant>) -> Result<(), Exit> {
    let dir = &config.data_dir;
    let me = LockOwner { pid: std::process::id(), user: platform::account(), socket: PathBuf::new() };
    let lock = match Lock::take(dir, &me) {
        Ok(lock) => lock,
        // By its owner, or to say why not.
        Err(_) => return work(config, Order::Doctor { seen: false }, false, send, heard).await,
    };
    let mut found = Findings::new(&send);
    let sound = found.pages(dir, "aurora.db").await;
    let rest = "the audit log and the content store: not looked at, since the workspace can't be opened";
    if sound {
        drop(lock);
        let how = How { desktop: false, key: KeyPlace::Memory, jobs: false, live: false };
        match Workspace::open(dir, how).await {
            Ok(workspace) => {
                doctor::look(&workspace.app, true, &mut found).await;
                workspace.close().await;
            }
            Err(p) => {
                found.bad(&p.text).await;
                found.pages(dir, "logs.db").await;
                found.bad(rest).await;
            }
        }
    } else {
        found.pages(dir, "logs.db").await;
        found.bad(rest).await;
    }
    let _ = send.send(Reply::Done { result: found.result() }).await;
    Ok(())
}
