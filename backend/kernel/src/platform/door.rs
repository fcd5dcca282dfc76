//! One window an account: a later start finds it by a Unix socket, hands over what it was asked for, and ends.
//! It needs no D-Bus session, so it holds under a bare window manager too.

use super::{make_private, runtime_folder};
use std::{
    ffi::OsStr,
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    net::Shutdown,
    os::unix::{
        ffi::OsStrExt as _,
        fs::OpenOptionsExt as _,
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Words longer than this are no list of arguments (Linux's own bound is 2 MiB).
const MOST_BYTES: u64 = 2 << 20;
const TAKEN: &[u8] = b"taken";
/// How long a start waits for one that begins or ends at the same moment.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks meanwhile.
const STEP: Duration = Duration::from_millis(20);

/// What a start was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// The workspace that was named.
    pub dir: Option<PathBuf>,
    /// What is to be imported into it; into the one that is shown where none was named.
    pub paths: Vec<PathBuf>,
}

/// The way in for later starts. The lock beside the socket tells who may put a socket there, and the system frees it
/// however the process ends.
#[derive(Debug)]
pub struct Door {
    socket: PathBuf,
    open: Arc<AtomicBool>,
    _lock: File,
}

/// Gives `start` to the window of this account, or makes this process that window: what later starts hand over goes to
/// `taken`, on a thread that ends with the process. `None` when a window took it; an error when no socket can be made.
pub fn enter(start: &Start, taken: impl Fn(Start) + Send + 'static) -> io::Result<Option<Door>> {
    enter_at(&runtime_folder()?.join("window.sock"), start, taken)
}

fn enter_at(
    socket: &Path,
    start: &Start,
    taken: impl Fn(Start) + Send + 'static,
) -> io::Result<Option<Door>> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let lock = options.open(socket.with_extension("lock"))?;
    let begun = Instant::now();
    loop {
        if hand_over(socket, start) {
            return Ok(None);
        }
        match lock.try_lock() {
            Ok(()) => break,
            // Whoever holds it is about to listen, or about to end.
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => std::thread::sleep(STEP),
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::other("the window that is open does not answer"));
            }
            Err(TryLockError::Error(e)) => return Err(e),
        }
    }
    // With the lock held, what lies there was left by a dead process.
    match std::fs::remove_file(socket) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let listener = UnixListener::bind(socket)?;
    make_private(socket)?;
    let open = Arc::new(AtomicBool::new(true));
    let still = open.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(stream, &still, &taken);
        }
    });
    Ok(Some(Door { socket: socket.to_owned(), open, _lock: lock }))
}

impl Door {
    /// Takes nothing more: a start that comes now waits for the end of this process and opens a window of its own.
    pub fn close(&self) {
        if self.open.swap(false, Ordering::SeqCst) {
            let _ = std::fs::remove_file(&self.socket);
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.close();
    }
}

/// Whether a window took it.
fn hand_over(socket: &Path, start: &Start) -> bool {
    let send = || -> io::Result<bool> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let dir = start.dir.as_deref().unwrap_or(Path::new(""));
        let words: Vec<&[u8]> =
            std::iter::once(dir).chain(start.paths.iter().map(PathBuf::as_path)).map(bytes).collect();
        stream.write_all(&words.join(&0))?;
        stream.shutdown(Shutdown::Write)?;
        let mut answer = Vec::new();
        stream.take(64).read_to_end(&mut answer)?;
        Ok(answer == TAKEN)
    };
    send().unwrap_or(false)
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

fn answer(mut stream: UnixStream, open: &AtomicBool, taken: &impl Fn(Start)) {
    let mine = rustix::process::geteuid();
    if !rustix::net::sockopt::socket_peercred(&stream).is_ok_and(|peer| peer.uid == mine) {
        return;
    }
    let mut words = Vec::new();
    let read = stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .and_then(|()| (&stream).take(MOST_BYTES).read_to_end(&mut words));
    if read.is_ok() && open.load(Ordering::SeqCst) && stream.write_all(TAKEN).is_ok() {
        let mut words = words.split(|byte| *byte == 0).map(|word| PathBuf::from(OsStr::from_bytes(word)));
        let named = |path: &PathBuf| !path.as_os_str().is_empty();
        taken(Start { dir: words.next().filter(named), paths: words.filter(named).collect() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{os::unix::fs::PermissionsExt as _, sync::mpsc};

    #[test]
    fn a_second_start_hands_over_what_it_was_asked_for_and_a_dead_socket_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("window.sock");
        drop(UnixListener::bind(&socket).unwrap());
        let (tell, told) = mpsc::channel();
        let door = enter_at(&socket, &Start::default(), move |start| tell.send(start).unwrap()).unwrap();
        let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let odd = PathBuf::from(OsStr::from_bytes(b"/logs/a b\xff\n.evtx"));
        let sent = Start { dir: Some("/case".into()), paths: vec![odd, "/logs/\u{62f}".into()] };
        let nobody = |_: Start| panic!("a second window");
        assert!(enter_at(&socket, &sent, nobody).unwrap().is_none());
        assert!(
            enter_at(&socket, &Start::default(), nobody).unwrap().is_none(),
            "without files it finds it too"
        );
        assert_eq!(told.iter().take(2).collect::<Vec<_>>(), [sent, Start::default()]);
        drop(door);
        assert!(!socket.exists() && enter_at(&socket, &Start::default(), |_| {}).unwrap().is_some());
    }

    #[test]
    fn of_many_starts_at_one_moment_one_becomes_the_window_and_gets_all_others() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("window.sock");
        let (tell, told) = mpsc::channel();
        let starts: Vec<_> = (0..16)
            .map(|n| {
                let (socket, tell) = (socket.clone(), tell.clone());
                std::thread::spawn(move || {
                    let start = Start { dir: None, paths: vec![format!("/{n}").into()] };
                    enter_at(&socket, &start, move |start| tell.send(start).unwrap()).unwrap()
                })
            })
            .collect();
        let doors: Vec<Door> = starts.into_iter().filter_map(|start| start.join().unwrap()).collect();
        assert_eq!(doors.len(), 1);
        let mut paths: Vec<_> = told.iter().take(15).flat_map(|start| start.paths).collect();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), 15);
    }
}
