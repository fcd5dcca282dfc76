//! Bytes to normalised events.
//!
//! A source is first told apart by content ([`sniff`]), then read by its format's parser, each a folder of
//! its own ([`evtx`]). Parsers stream, keep a bound on memory, and never fail on content: they hand on
//! [`event::Batch`]es with what was good and what was skipped, where and why. An error is only "can't read
//! the file". No clock, no store, no network, no child process.

pub mod evtx;
pub mod paths;
mod sniff;

pub use sniff::{Format, HEAD, sniff, sniff_file};
