//! Threads decode, the caller's own reads the file and puts the chunks back in order.

use super::{
    Options, Output, ReadError, chunk,
    decode::{self, Line},
    file,
};
use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::{
        Mutex,
        mpsc::{Receiver, Sender, channel, sync_channel},
    },
    thread,
};

/// More threads than this do not help: one thread reads the file.
const MOST_THREADS: usize = 16;

/// Reads all chunks from `options.from_chunk` on, on the caller's own thread: no hand-over, so the least work.
pub(super) fn alone(
    log: file::Log<'_>,
    options: &Options,
    out: &mut Output<'_>,
) -> Result<ControlFlow<()>, ReadError> {
    let mut line = Alone { log, number: options.from_chunk, out, result: Ok(ControlFlow::Continue(())) };
    decode::run(&mut line, options.decoder_only);
    line.result
}

/// Both ends of the line in one place.
struct Alone<'a, 'b> {
    log: file::Log<'a>,
    number: u64,
    out: &'a mut Output<'b>,
    result: Result<ControlFlow<()>, ReadError>,
}

impl Line for Alone<'_, '_> {
    fn next(&mut self, spare: Vec<u8>) -> Option<(u64, file::Raw)> {
        match self.log.chunk(self.number, spare) {
            Ok(raw) => {
                self.number += 1;
                raw.map(|raw| (self.number - 1, raw))
            }
            Err(e) => {
                self.result = Err(e.into());
                None
            }
        }
    }

    fn done(&mut self, number: u64, content: chunk::Content) -> bool {
        let go_on = self.out.take(number, content);
        self.result = Ok(go_on);
        go_on.is_continue()
    }
}

/// The same with threads. At most two chunks a thread are in flight, so memory is
/// bounded by what that many chunks decode to.
pub(super) fn run(
    mut log: file::Log<'_>,
    options: &Options,
    out: &mut Output<'_>,
) -> Result<ControlFlow<()>, ReadError> {
    let threads = options.threads.min(MOST_THREADS);
    let most_in_flight = threads * 2;
    // Room for all that is in flight: the caller's thread sends and receives, so it must never block here.
    let (give, take) = sync_channel::<(u64, file::Raw)>(most_in_flight);
    let (done_in, done) = channel::<(u64, chunk::Content)>();
    let take = Mutex::new(take);
    thread::scope(|scope| {
        for n in 0..threads {
            let (take, done_in) = (&take, done_in.clone());
            let named = thread::Builder::new().name(format!("evtx-{n}"));
            let started = named.spawn_scoped(scope, move || {
                decode::run(&mut Worker { take, done: done_in }, options.decoder_only);
            });
            if let Err(e) = started {
                // Fewer threads do the same work, slower.
                if n == 0 {
                    return Err(ReadError::Thread(e));
                }
                break;
            }
        }
        drop(done_in);
        // Dropped on every way out of this closure, which ends the threads before the scope waits for them.
        let give = give;
        let (mut to_read, mut to_hand) = (options.from_chunk, options.from_chunk);
        let mut at_end = false;
        let mut waiting = BTreeMap::new();
        loop {
            while !at_end && to_read - to_hand < most_in_flight as u64 {
                match log.chunk(to_read, Vec::new())?.map(|raw| give.send((to_read, raw))) {
                    Some(Ok(())) => to_read += 1,
                    _ => at_end = true,
                }
            }
            if to_hand == to_read {
                return Ok(ControlFlow::Continue(()));
            }
            let Ok((number, content)) = done.recv() else {
                return Ok(ControlFlow::Continue(()));
            };
            waiting.insert(number, content);
            while let Some(content) = waiting.remove(&to_hand) {
                if out.take(to_hand, content).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                to_hand += 1;
            }
        }
    })
}

/// One thread's ends of the queues.
struct Worker<'a> {
    take: &'a Mutex<Receiver<(u64, file::Raw)>>,
    done: Sender<(u64, chunk::Content)>,
}

impl Line for Worker<'_> {
    fn next(&mut self, _: Vec<u8>) -> Option<(u64, file::Raw)> {
        self.take.lock().ok()?.recv().ok()
    }

    fn done(&mut self, number: u64, content: chunk::Content) -> bool {
        self.done.send((number, content)).is_ok()
    }
}
