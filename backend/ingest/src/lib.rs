//! Bytes to normalised events.
//!
//! A source is first told apart by content ([`open`]), then read by its format's parser ([`read`](fn@read)), each a
//! folder of its own ([`evtx`], `json`, `zeek`, `auditd`, `syslog`, `cef`, `leef`, `csv`, `loose` lines; `results` for what
//! other tools found, `container` for what holds other files). Parsers stream, keep a bound on memory, and never fail on content: they hand on [`event::Batch`]es with what was good and what was
//! skipped, where and why. An error is only "can't read the file". No clock, no store, no network, no child process.
//!
//! What comes in live and lies in no source is read by [`elements`] and [`LineReader`].
//!
//! A new text format is a folder with `is` (does a text begin like it) and `read` (a text to batches through
//! `text::Out`; where a record is a line, a `text::Lined`), a line in `sniff`, in [`Format`] and in `read`.

mod auditd;
mod cef;
mod container;
mod csv;
pub mod evtx;
mod format;
mod json;
mod leef;
mod loose;
pub mod paths;
mod read;
mod results;
mod sent;
mod sniff;
mod syslog;
mod text;
mod zeek;

pub use container::{Limits, glance};
pub use format::Format;
pub use read::{Content, Options, ReadError, Resume, Sink, read};
pub use sent::{LineReader, elements};
pub use sniff::{HEAD, open, sniff, sniff_file};

/// The note on a source whose times name no zone.
pub const NO_ZONE: &str = "has times without a zone; they were taken as UTC";
