//! What all text formats share: lines with their places, flat fields, times, batches.

pub(crate) mod encoding;
mod fields;
mod lined;
mod lines;
pub(crate) mod marks;
mod offsets;
mod out;
mod stamp;
pub(crate) mod time;

pub(crate) use fields::Fields;
pub(crate) use lined::{Good, Lined, each, first_lines, record_of};
pub(crate) use lines::{LONGEST, Line, Lines};
pub(crate) use offsets::Offsets;
pub(crate) use out::{Hand, Origin, Out, TIME_MISSING, YEAR_GUESSED};
pub(crate) use stamp::{Stamp, When};

/// A record's time and fields.
pub(crate) type Mapped = (Option<event::Nanos>, Vec<(event::Name, event::Value)>);

/// What a text parser makes of a text, for tests.
#[cfg(test)]
pub(crate) mod trial {
    use super::{Hand, Origin};
    use event::{Batch, Event, Nanos, Skipped};
    use std::{
        io::{self, Read},
        ops::ControlFlow,
    };

    /// The time that events without one get.
    pub const NOW: Nanos = Nanos(1_700_000_000_000_000_000);

    type Parser = fn(&mut dyn Read, Origin<'_>, &mut Hand<'_>) -> io::Result<ControlFlow<()>>;

    pub fn origin(from: u64, batch: usize) -> Origin<'static> {
        Origin { sha256: [7; 32], grown: &[], now: NOW, latest: NOW, offsets: None, from, batch }
    }

    /// All batches.
    pub fn batches(parser: Parser, mut text: &[u8], origin: Origin<'_>) -> Vec<Batch> {
        let mut all = Vec::new();
        let read = parser(&mut text, origin, &mut |batch| {
            all.push(batch);
            ControlFlow::Continue(())
        });
        assert!(read.unwrap().is_continue());
        all
    }

    /// Events and what was skipped.
    pub fn all(parser: Parser, text: &[u8]) -> (Vec<Event>, Vec<Skipped>) {
        let (mut events, mut skipped) = (Vec::new(), Vec::new());
        for batch in batches(parser, text, origin(0, 10)) {
            events.extend(batch.events);
            skipped.extend(batch.skipped);
        }
        (events, skipped)
    }

    /// Going on from every batch's resume point gives the same events as reading through.
    pub fn resumes(parser: Parser, text: &[u8]) {
        let whole = all(parser, text).0;
        let mut before = 0;
        for batch in batches(parser, text, origin(0, 3)) {
            before += batch.events.len();
            let rest = batches(parser, text, origin(batch.resume, 1000));
            let rest: Vec<Event> = rest.into_iter().flat_map(|b| b.events).collect();
            assert_eq!(rest, whole[before..], "from {}", batch.resume);
        }
        assert_eq!(before, whole.len());
    }
}
