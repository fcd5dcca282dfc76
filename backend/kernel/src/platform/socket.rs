//! The private Unix socket on which the owner of a workspace takes orders.

use super::{make_private, runtime_folder};
use std::{
    io,
    os::unix::{
        fs::{FileTypeExt as _, MetadataExt as _},
        net::UnixStream,
    },
    path::{Path, PathBuf},
};

/// A name for the socket of a workspace that this process opens; `unique` tells its workspaces apart.
pub fn order_socket(unique: &str) -> io::Result<PathBuf> {
    Ok(runtime_folder()?.join(format!("workspace-{}-{unique}.sock", std::process::id())))
}

/// A private Unix socket (0600). Those of dead processes beside it are removed.
pub fn listen(socket: &Path) -> io::Result<tokio::net::UnixListener> {
    let beside = socket.parent().and_then(|folder| std::fs::read_dir(folder).ok());
    for entry in beside.into_iter().flatten().flatten() {
        remove_dead(&entry.path());
    }
    let listener = tokio::net::UnixListener::bind(socket)?;
    make_private(socket)?;
    Ok(listener)
}

/// Removes the order socket of a process that is gone; everything else stays: a file of another name or kind, another
/// account's, one that is answered, one whose process lives and is just about to listen.
pub(super) fn remove_dead(socket: &Path) {
    let name = socket.file_name().unwrap_or_default().to_string_lossy();
    let Some(rest) = name.strip_prefix("workspace-").filter(|rest| rest.ends_with(".sock")) else { return };
    let pid =
        rest.split_once('-').and_then(|(pid, _)| pid.parse().ok()).and_then(rustix::process::Pid::from_raw);
    let lives =
        pid.is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH));
    let ours = std::fs::symlink_metadata(socket).is_ok_and(|found| {
        found.file_type().is_socket() && found.uid() == rustix::process::geteuid().as_raw()
    });
    let refused = || UnixStream::connect(socket).is_err_and(|e| e.kind() == io::ErrorKind::ConnectionRefused);
    if ours && !lives && refused() {
        let _ = std::fs::remove_file(socket);
    }
}

/// Whether the peer runs under our own account.
pub fn same_user(stream: &tokio::net::UnixStream) -> bool {
    stream.peer_cred().is_ok_and(|c| c.uid() == rustix::process::geteuid().as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[tokio::test]
    async fn sockets_of_the_dead_go_and_all_else_stays() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        // Above the highest process number that Linux gives (proc(5), pid_max).
        let (dead, old) = (at("workspace-4194399-ab.sock"), at("workspace-ab12.sock"));
        let (lives, other) = (at(&format!("workspace-{}-ab.sock", std::process::id())), at("agent.sock"));
        for socket in [&dead, &old, &lives, &other] {
            drop(UnixListener::bind(socket).unwrap());
        }
        let answered = at("workspace-4194398-ab.sock");
        let _answers = UnixListener::bind(&answered).unwrap();
        let file = at("workspace-4194397-ab.sock");
        std::fs::write(&file, "").unwrap();
        let new = at("workspace-1-cd.sock");
        let _new = listen(&new).unwrap();
        for gone in [dead, old] {
            assert!(!gone.exists(), "{}", gone.display());
        }
        for stays in [lives, other, answered, file, new] {
            assert!(stays.exists(), "{}", stays.display());
        }
    }
}
