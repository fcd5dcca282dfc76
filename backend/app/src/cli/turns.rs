//! Output of files that are read side by side, printed in the order in which they were found.

use super::out;
use std::{
    collections::BTreeMap,
    io::{self, Write},
    mem,
    sync::{Condvar, Mutex, MutexGuard},
};

/// What a file may hold back before it waits for its turn, and how many files may have ended before theirs.
const HELD: (usize, usize) = (1 << 20, 1_000);

/// Where all files print. One `W` for what is found; what is said of files goes to standard error.
pub(super) struct Turns<W: Write> {
    state: Mutex<State<W>>,
    changed: Condvar,
}

struct State<W: Write> {
    out: W,
    /// The file that prints.
    turn: usize,
    /// Output of files that ended before their turn.
    ended: BTreeMap<usize, Held>,
    /// Why nothing more is printed.
    failed: Option<io::Error>,
}

#[derive(Default)]
struct Held {
    out: Vec<u8>,
    said: String,
}

impl<W: Write> State<W> {
    fn put(&mut self, held: &mut Held) {
        if !held.said.is_empty() {
            out::say(mem::take(&mut held.said).trim_end());
        }
        let out = mem::take(&mut held.out);
        if self.failed.is_none() {
            self.failed = self.out.write_all(&out).err();
        }
    }
}

impl<W: Write> Turns<W> {
    /// The file with number 0 prints first.
    pub fn new(out: W) -> Self {
        Turns {
            state: Mutex::new(State { out, turn: 0, ended: BTreeMap::new(), failed: None }),
            changed: Condvar::new(),
        }
    }

    /// The output of file `number`. Every number has to be begun once, and ends when it is dropped.
    pub fn begin(&self, number: usize) -> Turn<'_, W> {
        Turn { all: self, number, held: Held::default() }
    }

    /// Whether the output can't be written any more.
    pub fn failed(&self) -> bool {
        self.lock().failed.is_some()
    }

    /// Gives back what was printed to, after the last file; the error that the first failed write had.
    pub fn end(self) -> io::Result<W> {
        let state = self.state.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.failed.map_or(Ok(state.out), Err)
    }

    fn lock(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn wait_while(&self, more: impl Fn(&State<W>) -> bool) -> MutexGuard<'_, State<W>> {
        let waited = self.changed.wait_while(self.lock(), |state| more(state));
        waited.unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The output of one file.
pub(super) struct Turn<'t, W: Write> {
    all: &'t Turns<W>,
    number: usize,
    held: Held,
}

impl<W: Write> Turn<'_, W> {
    /// Says something of the file.
    pub fn say(&mut self, line: &str) {
        self.held.said.push_str(line);
        self.held.said.push('\n');
    }
}

impl<W: Write> Write for Turn<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.out.extend_from_slice(bytes);
        if self.held.out.len() > HELD.0 {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut state = self.all.wait_while(|s| s.turn != self.number);
        state.put(&mut self.held);
        state.failed.as_ref().map_or(Ok(()), |e| Err(e.kind().into()))
    }
}

impl<W: Write> Drop for Turn<'_, W> {
    fn drop(&mut self) {
        let mut state = self.all.wait_while(|s| s.turn != self.number && s.ended.len() >= HELD.1);
        state.ended.insert(self.number, mem::take(&mut self.held));
        loop {
            let turn = state.turn;
            let Some(mut held) = state.ended.remove(&turn) else { break };
            state.put(&mut held);
            state.turn += 1;
        }
        drop(state);
        self.all.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_print_in_their_order_whoever_ends_first() {
        let (mut out, lines) = (vec![], 40_000);
        let turns = Turns::new(&mut out);
        std::thread::scope(|s| {
            for number in (0..6).rev() {
                let turns = &turns;
                s.spawn(move || {
                    let mut turn = turns.begin(number);
                    // Some hold back more than they may, one nothing at all.
                    for n in 0..if number == 3 { 0 } else { lines * (number + 1) } {
                        writeln!(turn, "{number}:{n:06}").unwrap();
                    }
                });
            }
        });
        turns.end().unwrap();
        let text = String::from_utf8(out).unwrap();
        let mut sorted: Vec<_> = text.lines().collect();
        sorted.sort_unstable();
        assert!(text.lines().eq(sorted), "out of order");
        assert_eq!(text.lines().count(), lines * (1 + 2 + 3 + 5 + 6));
    }
}
