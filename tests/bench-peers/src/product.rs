//! The product itself as its user runs it: a workspace, an import, and what that took.

use crate::{cgroup::Cgroup, data, measure};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Between two looks at a run.
const LOOK: Duration = Duration::from_millis(50);

/// A folder of this process below the temporary one (`TMPDIR`), gone when this goes.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let dir = std::env::temp_dir().join(format!("bench-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).expect("the temporary folder can be written");
        Folder(dir)
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The release build of the product, which `./do bench-import` makes and names.
fn program() -> PathBuf {
    let named = std::env::var_os("AURORASOC_BIN").map(PathBuf::from);
    named.expect("AURORASOC_BIN names the release build of aurorasoc: run ./do bench-import")
}

/// The product with nothing of this account: `home` is its home. With a group it begins inside that.
#[allow(clippy::disallowed_methods, reason = "a bench of its own, not the product: one process a side")]
fn command(home: &Path, group: Option<&Cgroup>) -> Command {
    let mut command = match group {
        None => Command::new(program()),
        Some(group) => {
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", "echo $$ > \"$1\" && shift && exec \"$@\"", "sh"]);
            shell.arg(group.members()).arg(program());
            shell
        }
    };
    command.env("HOME", home).env("AURORASOC_KEYRING", "false").stdin(Stdio::null());
    for name in ["XDG_RUNTIME_DIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "AURORASOC_DATA_DIR"] {
        command.env_remove(name);
    }
    command
}

/// Makes a workspace in `folder` with the program's own rules, and SigmaHQ's for Windows if asked for.
pub fn workspace(folder: &Folder, sigma_hq: bool) -> PathBuf {
    let dir = folder.at("workspace");
    let rules = folder.at("rules");
    let texts = if sigma_hq { data::rules(true) } else { vec![] };
    fs::create_dir_all(&rules).expect("the temporary folder can be written");
    for (n, (_, text)) in texts.iter().enumerate() {
        fs::write(rules.join(format!("{n:05}.yml")), text).expect("the temporary folder can be written");
    }
    let mut command = command(&folder.0, None);
    // Whatever writes makes the workspace, an import of nothing too.
    match sigma_hq {
        true => command.args(["rules", "import", "--name", "SigmaHQ"]),
        false => command.arg("import"),
    };
    command.arg(&rules);
    let out = command.arg("--data-dir").arg(&dir).output().expect("the product starts");
    assert!(
        dir.join("aurora.db").is_file(),
        "no workspace was made: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    dir
}

/// Copies a workspace that nobody has open.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        let there = to.join(name);
        if path.is_dir() { copy(&path, &there)? } else { fs::copy(&path, &there).map(drop)? }
    }
    Ok(())
}

/// Bytes of all files below a folder.
pub fn weight(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => weight(&entry.path()),
            _ => entry.metadata().map_or(0, |m| m.len()),
        })
        .sum()
}

/// Imports into a workspace: CPU of the whole process, seconds by the clock, peak memory, bytes that the workspace grew
/// by, and what its job says. Peak memory is right for the first import of this process only.
pub fn import(home: &Path, workspace: &Path, input: &Path, group: Option<&Cgroup>) -> Value {
    let before = weight(workspace);
    let (cpu, begun) = (measure::children(), Instant::now());
    let mut command = command(home, group);
    command.arg("import").arg(input).arg("--data-dir").arg(workspace);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the product starts");
    let (mut own, mut cached) = (0, 0);
    let status = match group {
        None => child.wait().expect("the product ends"),
        Some(group) => loop {
            let (now, files) = group.holds();
            (own, cached) = (own.max(now), cached.max(files));
            if let Some(status) = child.try_wait().expect("the product ends") {
                break status;
            }
            std::thread::sleep(LOOK);
        },
    };
    let wall = begun.elapsed().as_secs_f64();
    let spent = measure::children();
    let job = job(workspace);
    let mut said = json!({
        "cpu": spent.user - cpu.user, "system": spent.system - cpu.system, "wall": wall,
        "peak_mb": spent.peak_mb, "grew": weight(workspace).saturating_sub(before),
        "exit_code": status.code(), "job": job,
    });
    if group.is_some() {
        said["peak_own_mb"] = json!(own as f64 / 1048576.0);
        said["peak_cached_files_mb"] = json!(cached as f64 / 1048576.0);
    }
    said
}

/// The newest import of a workspace: what it found and what it had foretold, with its seconds.
fn job(workspace: &Path) -> Value {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a thread");
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(workspace.join("aurora.db")).read_only(true);
        let mut db = options.connect().await.expect("the workspace's database");
        let row: (String, String, i64) = sqlx::query_as(
            "SELECT status, result, finished_at - started_at FROM job WHERE kind = 'import' ORDER BY created_at DESC LIMIT 1",
        )
        .fetch_one(&mut db)
        .await
        .expect("a job");
        db.close().await.expect("closed");
        let result: Value = serde_json::from_str(&row.1).unwrap_or_default();
        let mut said = json!({"status": row.0, "seconds": row.2 as f64 / 1000.0});
        for name in [
            "files", "events", "duplicates", "parse_errors", "matches", "alerts", "rules_run", "forecast",
        ] {
            said[name] = result[name].clone();
        }
        said
    })
}
