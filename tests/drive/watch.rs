//! A limit for every test that starts processes. One that waits for ever would hold the whole run until something from
//! outside ends it, which then says nothing of the test.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::process::{kill, marked};

/// The longest that one test may take, on a slow machine that builds beside it.
const LIMIT: Duration = Duration::from_secs(900);

/// Variable that marks every process which a run of the tests has started; its value is the run's process number.
const MARK: &str = "TEST_RUN";

static RUNNING: Mutex<BTreeMap<String, Instant>> = Mutex::new(BTreeMap::new());

fn running() -> MutexGuard<'static, BTreeMap<String, Instant>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends when its test does: every test has a thread of its own.
struct Test(String);

impl Drop for Test {
    fn drop(&mut self) {
        running().remove(&self.0);
    }
}

thread_local! {
    static THIS: Option<Test> = watched();
}

fn watched() -> Option<Test> {
    static WATCH: Once = Once::new();
    let thread = std::thread::current();
    let name = thread.name().filter(|name| name.contains("::"))?.to_owned();
    running().insert(name.clone(), Instant::now());
    // Hundreds of kills take as long as they were asked to.
    if std::env::var_os("AURORASOC_KILLS").is_none() {
        WATCH.call_once(|| drop(std::thread::spawn(watch)));
    }
    Some(Test(name))
}

/// Marks a process as one of this test, whose time runs from its first one on.
pub fn mark(command: &mut Command) {
    THIS.with(|_| ());
    command.env(MARK, std::process::id().to_string());
}

/// Between two looks at what can only be asked for: as often as matters, and no core is taken from what is waited for.
pub fn pause() {
    std::thread::sleep(Duration::from_millis(5));
}

fn watch() {
    loop {
        let first = running().values().min().copied();
        let left = first.map_or(LIMIT, |since| LIMIT.saturating_sub(since.elapsed()));
        if left.is_zero() {
            give_up();
        }
        std::thread::park_timeout(left);
    }
}

/// Says what ran, ends every process of this run, and the run.
fn give_up() -> ! {
    let ours = marked(&format!("{MARK}={}", std::process::id()));
    let mut text = format!("\nA test took longer than {} s and was given up.\n", LIMIT.as_secs());
    for (name, since) in running().iter() {
        text += &format!("test {name} ... FAILED (running for {} s)\n", since.elapsed().as_secs());
    }
    for (pid, name) in &ours {
        text += &format!("process {pid} {name}\n");
        kill(*pid, Signal::KILL);
    }
    let _ = std::io::stderr().write_all(text.as_bytes());
    std::process::exit(101);
}
