//! Text that has grown: a source that begins with all of one that was read before is read as that one with a tail, so
//! that only the tail adds events.

use super::{import::Run, source::Opened, store_error};
use evidence::{Sha256Hex, prefixes};
use kernel::{Result, jobs::Stop};
use logstore::Part;
use std::{
    io::{Read as _, Seek as _},
    ops::ControlFlow,
};

/// Bytes of a beginning that are its mark; of a smaller source its first line is.
const HEAD: u64 = 4096;

/// What a source begins with.
#[derive(Default)]
pub(super) struct Growth {
    /// Its own mark.
    pub(super) head: Option<[u8; 16]>,
    /// What it has grown from, smallest first.
    pub(super) grown: Vec<Part>,
}

/// The mark of a source of which these are the first bytes, and those by which what it has grown from may be known.
fn marks(beginning: &[u8]) -> (Option<[u8; 16]>, Vec<[u8; 16]>) {
    let mark = |bytes: &[u8]| -> [u8; 16] {
        let mut mark = [0; 16];
        mark.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
        mark
    };
    let line = beginning.iter().position(|b| *b == b'\n').map(|end| mark(&beginning[..=end]));
    let whole = (beginning.len() as u64 == HEAD).then(|| mark(beginning));
    (whole.or(line), whole.into_iter().chain(line).collect())
}

impl Run {
    /// Finds what a source has grown from. One that can't be looked at has grown from nothing: what is wrong with it is
    /// said where it is read.
    pub(super) fn growth(&self, opened: &Opened) -> Result<Growth> {
        if !opened.format.is_text() {
            return Ok(Growth::default());
        }
        let Ok(mut file) = opened.file.try_clone() else { return Ok(Growth::default()) };
        let mut beginning = Vec::new();
        if file.rewind().and_then(|()| (&mut file).take(HEAD).read_to_end(&mut beginning)).is_err() {
            return Ok(Growth::default());
        }
        let (head, heads) = marks(&beginning);
        let found = self.runtime.block_on(self.logs.earlier(&heads, opened.before.size));
        let mut earlier = found.map_err(store_error)?;
        earlier.retain(|source| source.format == opened.format.name());
        earlier.reverse();
        let sizes: Vec<_> = earlier.iter().map(|source| source.size).collect();
        let mut goes_on = |_| match self.ctx.stop() {
            Stop::No => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        };
        let hashes = prefixes(&mut file, &sizes, &mut goes_on).unwrap_or_default();
        let same = earlier.iter().zip(hashes).rev().find(|(source, hash)| source.sha256 == hash.as_str());
        let grown = same.map(|(source, _)| {
            let itself = Part { size: source.size, sha256: source.sha256.clone() };
            source.grown.iter().cloned().chain([itself]).collect()
        });
        Ok(Growth { head, grown: grown.unwrap_or_default() })
    }
}

/// As the parsers take it.
pub(super) fn parts(grown: &[Part]) -> Vec<(u64, [u8; 32])> {
    let one = |part: &Part| Some((part.size, super::reading::digest(&Sha256Hex::parse(&part.sha256).ok()?)));
    grown.iter().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_source_is_found_by_what_a_shorter_one_is_kept_under() {
        let line = b"first line\nsecond".to_vec();
        let long = [line.clone(), vec![b'x'; 5000]].concat();
        let long = &long[..HEAD as usize];
        let (short, _) = marks(&line);
        let (own, known) = marks(long);
        assert!(known.contains(&short.unwrap()) && known.contains(&own.unwrap()) && own != short);
        assert_eq!(marks(b"no line yet"), (None, vec![]), "its only line may still grow");
        assert_eq!(marks(b""), (None, vec![]));
        let (other, _) = marks(b"first lime\nsecond");
        assert!(!known.contains(&other.unwrap()));
    }
}
