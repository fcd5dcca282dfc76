//! Room on the disk: an import waits for it, and does not fill the disk to its end.

use super::import::Run;
use kernel::{jobs::Stop, platform};
use std::{path::Path, time::Duration};

/// Bytes that stay free for everything else; of a small disk a twentieth does.
const RESERVE: u64 = 256 << 20;
/// Between two looks at the disk.
const PAUSE: Duration = Duration::from_millis(250);

/// What is missing of the room for so many bytes: free bytes and needed ones. A disk that does not tell is not waited
/// for.
fn missing(dir: &Path, bytes: u64) -> Option<(u64, u64)> {
    let (free, all) = platform::disk(dir).ok()?;
    let needed = bytes.saturating_add(RESERVE.min(all / 20));
    // More than the disk could ever hold: the write itself will say so.
    (free < needed && needed <= all).then_some((free, needed))
}

impl Run {
    /// Waits until there is room for so many bytes, saying so; also until the job is told to stop.
    pub(super) fn room(&mut self, bytes: u64) {
        while let Some((free, needed)) = missing(&self.dir, bytes) {
            if self.ctx.stop() != Stop::No {
                break;
            }
            let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
            let words = format!(
                "the import waits for room on the disk: {} MB are free, {} MB are needed",
                megabytes(free),
                megabytes(needed)
            );
            self.result.waits = Some(words);
            self.ctx.result(&self.result);
            std::thread::sleep(PAUSE);
        }
        if self.result.waits.take().is_some() {
            self.ctx.result(&self.result);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_disk_could_hold_is_not_waited_for() {
        let dir = std::env::temp_dir();
        let (_, all) = platform::disk(&dir).unwrap();
        assert_eq!(missing(&dir, u64::MAX), None);
        assert!(missing(&dir, all - RESERVE.min(all / 20)).is_some(), "it is not empty");
        assert_eq!(missing(Path::new("/nowhere/at/all"), 1), None);
    }
}
