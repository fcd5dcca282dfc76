//! Start codes of the shell: 256 bits, 30 s, one use, kept as fingerprints in memory only.

use super::{Fingerprint, fingerprint};
use crate::World;
use std::{collections::HashMap, sync::Mutex};

pub(super) struct StartCodes {
    world: World,
    live: Mutex<HashMap<Fingerprint, i64>>,
}

const GOOD_FOR_MS: i64 = 30_000;

impl StartCodes {
    pub(super) fn new(world: World) -> Self {
        StartCodes { world, live: Mutex::default() }
    }

    pub(super) fn make(&self) -> String {
        let code = self.world.secret::<32>();
        let now = self.world.now().0;
        let mut live = self.live.lock().unwrap_or_else(|p| p.into_inner());
        live.retain(|_, until| *until > now);
        live.insert(fingerprint(&code), now + GOOD_FOR_MS);
        code
    }

    /// True once for a code that is not late.
    pub(super) fn take(&self, code: &str) -> bool {
        let until = self.live.lock().unwrap_or_else(|p| p.into_inner()).remove(&fingerprint(code));
        until.is_some_and(|until| until > self.world.now().0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::Time;

    #[test]
    fn good_for_thirty_seconds_and_one_use() {
        let world = World::fixed(Time(1_000), 7);
        let codes = StartCodes::new(world.clone());
        let (used, last, late) = (codes.make(), codes.make(), codes.make());
        assert_eq!(used.len(), 64, "256 bits");
        assert!(codes.take(&used) && !codes.take(&used), "once");
        assert!(!codes.take(&"0".repeat(64)), "guessed");
        world.advance(GOOD_FOR_MS - 1);
        assert!(codes.take(&last), "in the last millisecond");
        world.advance(1);
        assert!(!codes.take(&late), "late");
    }
}
