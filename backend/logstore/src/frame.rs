//! How every blob of the store is packed: a mark, the CRC-32 (ISO-HDLC) of the rest, a Zstandard frame (RFC 8878) that
//! says its size.

use std::cell::RefCell;
use zstd::bulk::{Compressor, Decompressor};

/// "Packed, first way".
const MARK: u8 = 0xb1;
/// Of zstd: twice as fast as the usual one, for some percent of size.
const LEVEL: i32 = 1;
/// Bytes unpacked at most.
const LARGEST: usize = 1 << 28;

thread_local! {
    static PACK: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static UNPACK: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Packs.
pub(crate) fn pack(plain: &[u8]) -> Vec<u8> {
    let frame = PACK.with_borrow_mut(|kept| {
        if kept.is_none() {
            *kept = Compressor::new(LEVEL).ok();
        }
        // It can only fail for want of memory; then nothing unpacks, which is noticed.
        kept.as_mut().and_then(|c| c.compress(plain).ok()).unwrap_or_default()
    });
    let mut out = Vec::with_capacity(frame.len() + 5);
    out.push(MARK);
    out.extend(crc32fast::hash(&frame).to_le_bytes());
    out.extend(frame);
    out
}

/// Unpacks; `None` when anything is wrong.
pub(crate) fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let (head, frame) = packed.split_at_checked(5)?;
    let (mark, sum) = head.split_first()?;
    if *mark != MARK || crc32fast::hash(frame).to_le_bytes() != sum {
        return None;
    }
    let size = zstd::zstd_safe::get_frame_content_size(frame).ok().flatten()?;
    let size = usize::try_from(size).ok().filter(|size| *size <= LARGEST)?;
    UNPACK.with_borrow_mut(|kept| {
        if kept.is_none() {
            *kept = Decompressor::new().ok();
        }
        kept.as_mut()?.decompress(frame, size).ok()
    })
}
