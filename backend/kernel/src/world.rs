//! The one clock, the one id source, the one source of randomness. Tests replace them, so that replays are exact.

use api::Time;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

/// Clock, ids and randomness. Cheap to clone.
#[derive(Clone)]
pub struct World(Arc<Kind>);

enum Kind {
    Real { last_ms: AtomicI64 },
    Fixed { now_ns: AtomicI64, next: AtomicU64, seed: Mutex<u64> },
}

impl World {
    /// The machine's.
    pub fn real() -> Self {
        World(Arc::new(Kind::Real { last_ms: AtomicI64::new(i64::MIN) }))
    }

    /// A clock that stands at `now` until [`World::advance`], counting ids, and a seeded generator.
    pub fn fixed(now: Time, seed: u64) -> Self {
        World(Arc::new(Kind::Fixed {
            now_ns: AtomicI64::new(now.0 * 1_000_000),
            next: AtomicU64::new(1),
            seed: Mutex::new(seed | 1),
        }))
    }

    /// Now, nanoseconds since the epoch.
    pub fn now_ns(&self) -> i64 {
        match &*self.0 {
            #[allow(clippy::disallowed_methods, reason = "the one clock")]
            Kind::Real { .. } => i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX),
            Kind::Fixed { now_ns, .. } => now_ns.load(Ordering::Relaxed),
        }
    }

    /// Now, to the millisecond.
    pub fn now(&self) -> Time {
        Time::from_nanos(self.now_ns())
    }

    /// Now, but never equal to or before an earlier answer: for order within a process.
    pub fn tick(&self) -> Time {
        match &*self.0 {
            Kind::Real { last_ms } => {
                let now = self.now().0;
                let step = |last| Some(if last < now { now } else { last + 1 });
                let before = last_ms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step).unwrap_or(now);
                Time(if before < now { now } else { before + 1 })
            }
            Kind::Fixed { .. } => self.now(),
        }
    }

    /// Moves a fixed clock; does nothing to the real one.
    pub fn advance(&self, ms: i64) {
        if let Kind::Fixed { now_ns, .. } = &*self.0 {
            now_ns.fetch_add(ms * 1_000_000, Ordering::Relaxed);
        }
    }

    /// A new id: UUID version 7 (RFC 9562), so that ids sort by time.
    pub fn id(&self) -> String {
        match &*self.0 {
            #[allow(clippy::disallowed_methods, reason = "the one id source")]
            Kind::Real { .. } => uuid::Uuid::now_v7().to_string(),
            Kind::Fixed { next, .. } => {
                format!("00000000-0000-7000-8000-{:012x}", next.fetch_add(1, Ordering::Relaxed))
            }
        }
    }

    /// Random bytes from the system. Ends the process if the system has none: nothing safe can be done without.
    #[allow(clippy::expect_used, reason = "no input reaches it, and no key may be made without randomness")]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        match &*self.0 {
            Kind::Real { .. } => getrandom::fill(&mut out).expect("the system gives random bytes"),
            Kind::Fixed { seed, .. } => {
                let mut s = seed.lock().unwrap_or_else(|p| p.into_inner());
                for b in &mut out {
                    *s ^= *s << 13;
                    *s ^= *s >> 7;
                    *s ^= *s << 17;
                    *b = (*s >> 32) as u8;
                }
            }
        }
        out
    }

    /// `N` random bytes as hexadecimal text.
    pub fn secret<const N: usize>(&self) -> String {
        hex(&self.bytes::<N>())
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]])
        .map(char::from)
        .collect()
}
