//! What waits to be sent to one client, counted.

use axum::extract::ws::Message;
use futures::Sink;
use std::{collections::VecDeque, future::poll_fn, pin::Pin};

/// Most bytes that wait for one client.
pub(super) const MOST: usize = 1 << 20;

/// Messages on their way. Bytes count from being put here until they are handed to the operating system.
#[derive(Default)]
pub(super) struct Backlog {
    waiting: VecDeque<Message>,
    bytes: usize,
    /// Handed to the socket's own buffer since it was last empty.
    buffered: usize,
    /// Grows whenever something left.
    moved: u64,
}

/// The client does not read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Backlog {
    /// Adds a message. One that is larger than the limit alone may go when nothing else waits.
    pub(super) fn put(&mut self, m: Message) -> Result<(), Full> {
        let (size, there) = (size(&m), self.bytes + self.buffered);
        if there > 0 && there + size > MOST {
            return Err(Full);
        }
        self.bytes += size;
        self.waiting.push_back(m);
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.buffered == 0
    }

    /// Differs from an earlier answer when something left since.
    pub(super) fn moved(&self) -> u64 {
        self.moved
    }

    /// Sends until nothing waits. Dropping the future loses and repeats nothing.
    pub(super) async fn drain<S: Sink<Message> + Unpin>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        while !self.waiting.is_empty() {
            poll_fn(|cx| Pin::new(&mut *sink).poll_ready(cx)).await?;
            let Some(m) = self.waiting.pop_front() else { break };
            let size = size(&m);
            self.bytes = self.bytes.saturating_sub(size);
            self.buffered += size;
            Pin::new(&mut *sink).start_send(m)?;
            self.moved += 1;
        }
        poll_fn(|cx| Pin::new(&mut *sink).poll_flush(cx)).await?;
        self.buffered = 0;
        self.moved += 1;
        Ok(())
    }
}

fn size(m: &Message) -> usize {
    match m {
        Message::Text(t) => t.len(),
        Message::Binary(b) | Message::Ping(b) | Message::Pong(b) => b.len(),
        Message::Close(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{FutureExt as _, StreamExt as _, channel::mpsc};

    fn text(n: usize) -> Message {
        Message::Text("x".repeat(n).into())
    }

    #[test]
    fn full_at_a_mebibyte_and_room_again_when_the_client_reads() {
        let mut b = Backlog::default();
        for _ in 0..4 {
            b.put(text(MOST / 4)).unwrap();
        }
        assert_eq!(b.put(text(1)), Err(Full));
        let (mut sink, mut client) = mpsc::channel(0);
        // The channel takes one message for each sender: the rest waits, and counts.
        assert!(b.drain(&mut sink).now_or_never().is_none());
        assert_eq!(b.put(text(1)), Err(Full));
        let mut got = 0;
        while b.drain(&mut sink).now_or_never().is_none() {
            got += size(&client.next().now_or_never().flatten().unwrap());
        }
        while let Some(Some(m)) = client.next().now_or_never() {
            got += size(&m);
        }
        assert_eq!(got, MOST, "nothing lost, nothing twice");
        assert!(b.is_empty());
        b.put(text(2 * MOST)).unwrap();
        assert_eq!(b.put(text(1)), Err(Full), "one large message goes alone");
    }
}
