//! The private Unix socket on which the owner of a workspace takes orders.

use super::{make_private, private_folder};
use std::{io, path::Path};

/// A private Unix socket (0600); a dead one of the same name is removed first.
pub fn listen(socket: &Path) -> io::Result<tokio::net::UnixListener> {
    if let Some(dir) = socket.parent() {
        private_folder(dir)?;
    }
    let _ = std::fs::remove_file(socket);
    let listener = tokio::net::UnixListener::bind(socket)?;
    make_private(socket)?;
    Ok(listener)
}

/// Whether the peer runs under our own account.
pub fn same_user(stream: &tokio::net::UnixStream) -> bool {
    stream.peer_cred().is_ok_and(|c| c.uid() == rustix::process::geteuid().as_raw())
}
