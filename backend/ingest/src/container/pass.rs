//! A unit is gone through twice.

use std::collections::VecDeque;

/// Which time a unit is gone through.
pub(super) enum Pass {
    /// The first: contents are measured.
    Measure(VecDeque<Measured>),
    /// The second: contents are read, `found` are those to come.
    Read {
        found: VecDeque<Measured>,
        /// Bytes of its contents, of those that are done, and where the unit lies in the source.
        total: u64,
        before: u64,
        from: u64,
        to: u64,
    },
}

/// What is known of a content before it is read.
pub(super) struct Measured {
    pub size: u64,
    pub sha256: [u8; 32],
    /// Why it ended early.
    pub trouble: Option<String>,
}

/// Which part of a unit a content is, for progress.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub total: u64,
    pub before: u64,
    pub from: u64,
    pub to: u64,
}

impl Part {
    /// Bytes of the source that are done with so many of the content. Past the middle of what a f64 holds exactly it
    /// may be a few bytes off.
    pub fn done(self, bytes: u64) -> u64 {
        let part = self.before.saturating_add(bytes) as f64 / self.total.max(1) as f64;
        self.from + ((self.to - self.from) as f64 * part.min(1.0)) as u64
    }
}
