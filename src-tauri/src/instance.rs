//! One window a workspace: a second start finds the first one's Unix socket, hands over its file
//! arguments and ends. It needs no D-Bus session, so it holds on a bare window manager too.

use std::ffi::OsStr;
use std::fs::{DirBuilder, Permissions};
use std::hash::Hasher;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tauri::{AppHandle, async_runtime};

/// Words longer than this are no list of arguments (Linux's own bound is 2 MiB).
const MOST_BYTES: u64 = 2 << 20;
const TAKEN: &[u8] = b"taken";

/// The socket of the window that shows the workspace in `dir`: in XDG_RUNTIME_DIR under a name
/// made from the folder, or in the folder itself where the system gives no such place.
pub fn door(dir: &Path) -> PathBuf {
    let real = dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
    let mut hash = std::hash::DefaultHasher::new();
    hash.write(real.as_os_str().as_bytes());
    match std::env::var_os("XDG_RUNTIME_DIR").filter(|dir| !dir.is_empty()) {
        Some(run) => Path::new(&run).join("aurorasoc").join(format!("window-{:016x}.sock", hash.finish())),
        None => dir.join("window.sock"),
    }
}

/// Gives `paths` to the window behind `door` and tells whether one took them.
pub fn hand_over(door: &Path, paths: &[PathBuf]) -> bool {
    let send = || -> std::io::Result<bool> {
        let mut stream = UnixStream::connect(door)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let words: Vec<&[u8]> = paths.iter().map(|path| path.as_os_str().as_bytes()).collect();
        stream.write_all(&words.join(&0))?;
        stream.shutdown(std::net::Shutdown::Write)?;
        let mut answer = Vec::new();
        stream.take(64).read_to_end(&mut answer)?;
        Ok(answer == TAKEN)
    };
    send().unwrap_or(false)
}

/// Listens for later starts, on a thread that ends with the process.
pub fn listen(handle: &AppHandle, door: PathBuf) {
    let handle = handle.clone();
    let taken = move |paths| {
        crate::window::to_front(&handle);
        async_runtime::spawn(crate::intake::take(handle.clone(), paths));
    };
    match bind(&door) {
        Ok(listener) => {
            std::thread::spawn(move || {
                listener.incoming().flatten().for_each(|stream| answer(stream, &taken))
            });
        }
        Err(reason) => eprintln!("{}: a second start will not find this window: {reason}", door.display()),
    }
}

fn bind(door: &Path) -> std::io::Result<UnixListener> {
    if let Some(parent) = door.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    // Nobody answered there a moment ago, so what lies there was left by a dead process.
    match std::fs::remove_file(door) {
        Err(reason) if reason.kind() != std::io::ErrorKind::NotFound => return Err(reason),
        _ => {}
    }
    let listener = UnixListener::bind(door)?;
    std::fs::set_permissions(door, Permissions::from_mode(0o600))?;
    Ok(listener)
}

fn answer(mut stream: UnixStream, taken: &impl Fn(Vec<PathBuf>)) {
    let mine = rustix::process::getuid();
    if !rustix::net::sockopt::socket_peercred(&stream).is_ok_and(|peer| peer.uid == mine) {
        return;
    }
    let mut words = Vec::new();
    let read = stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .and_then(|()| (&stream).take(MOST_BYTES).read_to_end(&mut words));
    if read.is_ok() && stream.write_all(TAKEN).is_ok() {
        let words = words.split(|byte| *byte == 0).filter(|word| !word.is_empty());
        taken(words.map(|word| PathBuf::from(OsStr::from_bytes(word))).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_start_hands_over_its_paths_and_a_dead_socket_is_replaced() {
        let dir = std::env::temp_dir().join(format!("aurora-door-{}", std::process::id()));
        let door = dir.join("window.sock");
        assert!(!hand_over(&door, &[]), "nobody listens yet");
        drop(bind(&door).unwrap());
        assert!(!hand_over(&door, &[]), "the file is there, its process is not");
        let listener = bind(&door).unwrap();
        let mode = std::fs::metadata(&door).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let odd = PathBuf::from(OsStr::from_bytes(b"/logs/a b\xff\n.evtx"));
        let sent = vec![odd, "/logs/\u{62f}".into()];
        let (tell, told) = std::sync::mpsc::channel();
        let first = std::thread::spawn(move || {
            listener.incoming().flatten().take(2).for_each(|s| answer(s, &|paths| tell.send(paths).unwrap()))
        });
        assert!(hand_over(&door, &sent));
        assert!(hand_over(&door, &[]), "a start without files still finds the window");
        first.join().unwrap();
        assert_eq!(told.iter().collect::<Vec<_>>(), [sent, vec![]]);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
