//! How fast bytes travel, and how long the rest will take.

/// Weight of the newest second in the rate shown.
const NEWEST: f64 = 0.3;
/// Shorter stretches than this, in ms, say nothing about speed.
const STRETCH: i64 = 250;

/// A rate that follows changes without jumping.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Speed {
    at: i64,
    sent: u64,
    rate: f64,
}

impl Speed {
    /// Begins at this instant (ms since the epoch).
    pub fn starting(now: i64) -> Speed {
        Speed { at: now, ..Speed::default() }
    }

    /// `sent` bytes have travelled by now.
    pub fn tell(&mut self, now: i64, sent: u64) {
        let passed = now - self.at;
        if passed < STRETCH {
            return;
        }
        let rate = sent.saturating_sub(self.sent) as f64 * 1000.0 / passed as f64;
        self.rate = if self.rate > 0.0 { self.rate * (1.0 - NEWEST) + rate * NEWEST } else { rate };
        (self.at, self.sent) = (now, sent);
    }

    /// Bytes a second; 0 while not known.
    pub fn rate(&self) -> u64 {
        self.rate as u64
    }

    /// Seconds until `total` bytes are there; None while not known.
    pub fn left(&self, total: u64) -> Option<u64> {
        (self.rate >= 1.0).then(|| (total.saturating_sub(self.sent) as f64 / self.rate).ceil() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_without_jumping() {
        let mut speed = Speed::starting(1000);
        assert_eq!((speed.rate(), speed.left(10)), (0, None));
        speed.tell(1100, 900);
        assert_eq!(speed.rate(), 0, "too short to say anything");
        speed.tell(2000, 1000);
        assert_eq!((speed.rate(), speed.left(3000)), (1000, Some(2)));
        speed.tell(3000, 1000);
        assert_eq!((speed.rate(), speed.left(1000)), (700, Some(0)), "a pause slows it, gently");
    }

    #[test]
    fn a_clock_that_goes_back_does_no_harm() {
        let mut speed = Speed::starting(5000);
        speed.tell(1000, 10_000);
        assert_eq!(speed.rate(), 0);
    }
}
