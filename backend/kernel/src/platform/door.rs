//! One window a workspace: a second start finds the first one's Unix socket, hands over its file arguments and ends.
//! It needs no D-Bus session, so it holds under a bare window manager too.

use super::{make_private, private_folder, runtime_folder};
use std::{
    ffi::OsStr,
    hash::Hasher as _,
    io::{self, Read as _, Write as _},
    net::Shutdown,
    os::unix::{
        ffi::OsStrExt as _,
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    time::Duration,
};

/// Words longer than this are no list of arguments (Linux's own bound is 2 MiB).
const MOST_BYTES: u64 = 2 << 20;
const TAKEN: &[u8] = b"taken";

/// The socket of the window that shows the workspace in `dir`.
pub fn door(dir: &Path) -> PathBuf {
    let real = dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
    let mut hash = std::hash::DefaultHasher::new();
    hash.write(real.as_os_str().as_bytes());
    runtime_folder(dir).join(format!("window-{:016x}.sock", hash.finish()))
}

/// Gives `paths` to the window behind `door` and tells whether one took them.
pub fn hand_over(door: &Path, paths: &[PathBuf]) -> bool {
    let send = || -> io::Result<bool> {
        let mut stream = UnixStream::connect(door)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let words: Vec<&[u8]> = paths.iter().map(|path| path.as_os_str().as_bytes()).collect();
        stream.write_all(&words.join(&0))?;
        stream.shutdown(Shutdown::Write)?;
        let mut answer = Vec::new();
        stream.take(64).read_to_end(&mut answer)?;
        Ok(answer == TAKEN)
    };
    send().unwrap_or(false)
}

/// Listens at `door` for later starts, on a thread that ends with the process, and gives what they hand over to
/// `taken`. An error when the socket can't be made.
pub fn take_over(door: &Path, taken: impl Fn(Vec<PathBuf>) + Send + 'static) -> io::Result<()> {
    let listener = bind(door)?;
    std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| answer(stream, &taken)));
    Ok(())
}

fn bind(door: &Path) -> io::Result<UnixListener> {
    if let Some(parent) = door.parent() {
        private_folder(parent)?;
    }
    // Nobody answered there a moment ago, so what lies there was left by a dead process.
    match std::fs::remove_file(door) {
        Err(reason) if reason.kind() != io::ErrorKind::NotFound => return Err(reason),
        _ => {}
    }
    let listener = UnixListener::bind(door)?;
    make_private(door)?;
    Ok(listener)
}

fn answer(mut stream: UnixStream, taken: &impl Fn(Vec<PathBuf>)) {
    let mine = rustix::process::geteuid();
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
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_second_start_hands_over_its_paths_and_a_dead_socket_is_replaced() {
        let dir = std::env::temp_dir().join(format!("aurora-door-{}", std::process::id()));
        let door = dir.join("window.sock");
        assert!(!hand_over(&door, &[]), "nobody listens yet");
        drop(bind(&door).unwrap());
        assert!(!hand_over(&door, &[]), "the file is there, its process is not");
        let (tell, told) = std::sync::mpsc::channel();
        take_over(&door, move |paths| tell.send(paths).unwrap()).unwrap();
        let mode = std::fs::metadata(&door).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let odd = PathBuf::from(OsStr::from_bytes(b"/logs/a b\xff\n.evtx"));
        let sent = vec![odd, "/logs/\u{62f}".into()];
        assert!(hand_over(&door, &sent));
        assert!(hand_over(&door, &[]), "a start without files still finds the window");
        assert_eq!(told.iter().take(2).collect::<Vec<_>>(), [sent, vec![]]);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
