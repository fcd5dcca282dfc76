//! Reading little-endian numbers and names out of a chunk, every access checked.

use super::Left;
use std::ops::Range;

/// A place in some bytes; reading past their end leaves the chunk to the decoder.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

const SHORT: Left = Left("a value reaches past its end");

impl<'a> Cursor<'a> {
    /// At byte `at`, which may lie past the end.
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Cursor { bytes, at }
    }

    /// The byte that comes next.
    pub fn place(&self) -> usize {
        self.at
    }

    /// The next `n` bytes.
    #[inline]
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], Left> {
        let end = self.at.checked_add(n).ok_or(SHORT)?;
        let taken = self.bytes.get(self.at..end).ok_or(SHORT)?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Left> {
        self.take(N)?.try_into().map_err(|_| SHORT)
    }

    /// The next byte.
    pub fn u8(&mut self) -> Result<u8, Left> {
        self.array::<1>().map(|[b]| b)
    }

    /// The next two bytes.
    pub fn u16(&mut self) -> Result<u16, Left> {
        self.array().map(u16::from_le_bytes)
    }

    /// The next four bytes.
    pub fn u32(&mut self) -> Result<u32, Left> {
        self.array().map(u32::from_le_bytes)
    }

    /// The next eight bytes.
    pub fn u64(&mut self) -> Result<u64, Left> {
        self.array().map(u64::from_le_bytes)
    }

    /// The next sixteen bytes.
    pub fn guid(&mut self) -> Result<[u8; 16], Left> {
        self.array()
    }

    /// A text behind its length in units.
    pub fn text(&mut self) -> Result<&'a [u8], Left> {
        let units = self.u16()?;
        self.take(2 * usize::from(units))
    }
}

/// Bytes of a name's link: the place of the next one and a hash.
pub(super) const LINK: usize = 6;
/// Places of the chains of names in a chunk's header.
const CHAINS: Range<usize> = 128..384;

/// The length and the text of the name whose entry is at `offset`, as they stand there.
pub(super) fn name_at(chunk: &[u8], offset: u32) -> Result<&[u8], Left> {
    let start = (offset as usize).saturating_add(LINK);
    let mut cursor = Cursor::new(chunk, start);
    cursor.text()?;
    let end = cursor.place();
    // Its NUL has to be there, whatever it is.
    cursor.u16()?;
    chunk.get(start..end).ok_or(SHORT)
}

/// The text of a name with its length before it.
pub(super) fn name(entry: &[u8]) -> Result<String, Left> {
    strict(entry.get(2..).unwrap_or_default())
}

/// UTF-16 up to the first NUL; half a pair of surrogates is no name.
pub(super) fn strict(text: &[u8]) -> Result<String, Left> {
    let units = text.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
    char::decode_utf16(units.take_while(|unit| *unit != 0))
        .collect::<Result<_, _>>()
        .map_err(|_| Left("a name is not Unicode"))
}

/// Bytes of names that a chunk's chains may have: all of them lie beside each other in it.
const MOST_NAMES: usize = 1 << 17;

/// Refuses a chunk whose chains of names the decoder might refuse. Windows puts a name before the older ones of
/// its chain, so places only fall.
pub(super) fn check_names(chunk: &[u8]) -> Result<(), Left> {
    let heads = chunk.get(CHAINS).ok_or(SHORT)?;
    let mut bytes = 0;
    for head in heads.as_chunks::<4>().0 {
        let mut offset = u32::from_le_bytes(*head);
        while offset > 0 {
            let entry = name_at(chunk, offset)?;
            bytes += LINK + entry.len();
            if bytes > MOST_NAMES {
                return Err(Left("names lie upon each other"));
            }
            if entry.as_chunks::<2>().0.iter().skip(1).any(|unit| unit[1] >= 0xd8) {
                name(entry)?;
            }
            let next = Cursor::new(chunk, offset as usize).u32()?;
            if next >= offset {
                return Err(Left("a chain of names does not lead back"));
            }
            offset = next;
        }
    }
    Ok(())
}
