//! How much a container may hold.

/// Limits of one source; what meets one is named and not read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entries of all archives together.
    pub entries: u64,
    /// Containers inside each other.
    pub depth: usize,
    /// Bytes of all contents together.
    pub total: u64,
    /// Bytes of one content.
    pub member: u64,
    /// Bytes unpacked for one packed…
    pub ratio: u64,
    /// …once so many were unpacked.
    pub free: u64,
    /// Bytes of an archive inside another that is held in memory, since archives are read from their end.
    pub held: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            entries: 200_000,
            depth: 3,
            total: 100 << 30,
            member: 64 << 30,
            ratio: 300,
            free: 16 << 20,
            held: 64 << 20,
        }
    }
}

impl Limits {
    /// At most so many bytes come out of this many packed ones.
    pub(super) fn unpacked(&self, packed: u64) -> u64 {
        packed.saturating_mul(self.ratio).max(self.free).min(self.total)
    }
}

/// What is left for all contents of a source together, whatever they share.
pub(super) struct Budget {
    total: u64,
    spent: u64,
    ratio: u64,
}

impl Budget {
    pub fn new(limits: &Limits, source: u64) -> Budget {
        let by_ratio = source.saturating_mul(limits.ratio).max(limits.free);
        Budget { total: by_ratio.min(limits.total), spent: 0, ratio: limits.ratio }
    }

    /// Bytes that a content of so many may still get.
    pub fn left(&self, size: u64) -> u64 {
        self.total.saturating_sub(self.spent).saturating_sub(size)
    }

    pub fn spend(&mut self, size: u64) {
        self.spent = self.spent.saturating_add(size);
    }

    /// Why a content that may have at most `member` bytes ended after `size`.
    pub fn reason(&self, size: u64, member: u64) -> String {
        if size >= member {
            return format!("stopped after {size} bytes: no content may have more");
        }
        format!(
            "stopped after {size} bytes: the source unpacks to more than {} bytes in all ({} for each of its own, at most)",
            self.total, self.ratio
        )
    }
}
