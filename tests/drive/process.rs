//! Child processes of a test: display, drivers and servers, on free ports, ended on drop.

#![allow(clippy::disallowed_methods)] // The tests drive real processes; the product starts none.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use tempfile::TempDir;

/// A private HOME, whose path in the environment also marks every process started in it.
pub struct Home(TempDir);

impl Home {
    /// A fresh folder with nothing in it but an empty runtime folder (0700).
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("aurora-drive-").tempdir().unwrap();
        let home = Self(dir);
        std::fs::create_dir(home.path().join("run")).unwrap();
        std::fs::set_permissions(home.path().join("run"), private()).unwrap();
        home
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A command that lives in this home: own XDG folders, no D-Bus session, no colour, English.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("HOME", self.path()).env("XDG_RUNTIME_DIR", self.path().join("run"));
        for name in
            ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "WAYLAND_DISPLAY"]
        {
            command.env_remove(name);
        }
        command
            .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
            .env("LC_ALL", "C.UTF-8")
            .env("NO_AT_BRIDGE", "1");
        command.stdin(Stdio::null());
        super::watch::mark(&mut command);
        command
    }

    /// The processes that were started in this home and still run, with their names.
    pub fn processes(&self) -> Vec<(u32, String)> {
        marked(&format!("HOME={}", self.path().display()))
    }

    /// Waits until a process of this name (its first 15 letters) runs here, and gives its number.
    pub fn process(&self, name: &str) -> u32 {
        let since = std::time::Instant::now();
        loop {
            let found = self.processes().into_iter().find(|(_, has)| *has == name[..name.len().min(15)]);
            if let Some((pid, _)) = found {
                return pid;
            }
            assert!(since.elapsed() < super::page::PATIENCE, "there is no process {name}");
            crate::drive::watch::pause();
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        for (pid, _) in self.processes() {
            kill(pid, Signal::KILL);
        }
    }
}

/// Processes with this variable in the environment that they were started with, and their names.
pub fn marked(variable: &str) -> Vec<(u32, String)> {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid: u32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
            let ours = environment.split(|byte| *byte == 0).any(|one| one == variable.as_bytes());
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
            ours.then(|| (pid, name.trim().to_owned()))
        })
        .collect()
}

/// Sends a signal.
pub fn kill(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// Most memory that a process has held so far, in bytes (`VmHWM` of proc(5)); none when it has ended.
pub fn peak_memory(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}

/// The process that has a workspace open, by its lock file.
pub fn owner(workspace: &Path) -> u32 {
    kernel::platform::Lock::owner(workspace).expect("nobody has the workspace open").pid
}

/// Waits for the end of a process.
pub async fn ended(pid: u32) {
    let number = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    // No such process: it has ended already.
    let Ok(handle) = pidfd_open(number, PidfdFlags::empty()) else { return };
    assert!(readable(handle).await, "process {pid} did not end");
}

/// Waits until something can be read from a file; false when nothing comes.
pub async fn readable(file: OwnedFd) -> bool {
    let wait = move || {
        let patience = Timespec { tv_sec: super::page::PATIENCE.as_secs() as i64, tv_nsec: 0 };
        poll(&mut [PollFd::new(&file, PollFlags::IN)], Some(&patience)).unwrap() > 0
    };
    tokio::task::spawn_blocking(wait).await.unwrap()
}

fn private() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o700)
}

/// A child that is killed and waited for on drop.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts `command`, which must be installed; `./do test` does that.
pub fn start(mut command: Command) -> Running {
    let name = command.get_program().to_string_lossy().into_owned();
    Running(
        command
            .spawn()
            .unwrap_or_else(|reason| panic!("{name}: {reason} (./do test installs what is missing)")),
    )
}

/// Starts `command` and gives the first text after `mark` on its standard output, up to the next
/// blank or the line's end; the rest of the output is read and dropped.
pub fn start_and_read(mut command: Command, mark: &str) -> (Running, String) {
    command.stdout(Stdio::piped());
    let name = command.get_program().to_string_lossy().into_owned();
    let mut running = start(command);
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let found = lines.by_ref().find_map(|line| {
        let after = line.find(mark).map(|at| line[at + mark.len()..].trim_start().to_owned())?;
        Some(after.split_whitespace().next()?.trim_end_matches(['.', ',', '/']).to_owned())
    });
    let found = found.unwrap_or_else(|| panic!("{name} ended without saying {mark:?}"));
    std::thread::spawn(move || lines.for_each(drop));
    (running, found)
}

/// A display of its own, 1280x900; the value of DISPLAY.
pub fn display(home: &Home) -> (Running, String) {
    let mut command = home.command("Xvfb");
    command
        .args(["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"])
        .stderr(Stdio::null());
    let (running, number) = start_and_read(command, "");
    (running, format!(":{number}"))
}

/// A TCP port on loopback that was free a moment ago.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A program of this workspace, beside this test's own binary.
pub fn built(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push(name);
    assert!(path.is_file(), "{} is missing: cargo build --workspace --exclude ui", path.display());
    path
}
