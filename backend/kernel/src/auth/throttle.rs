//! Slows guessing: per account name (known or not) and per address.

use crate::{Error, World};
use api::Code;
use std::{collections::HashMap, net::IpAddr, sync::Mutex};

pub(super) struct Throttle {
    world: World,
    names: Mutex<HashMap<String, (u32, i64)>>,
    addresses: Mutex<HashMap<IpAddr, (i64, u32)>>,
    refusals: Mutex<(i64, u32)>,
}

const FREE_FAILURES: u32 = 5;
const LONGEST_MS: i64 = 15 * 60_000;
const PER_ADDRESS_AND_MINUTE: u32 = 100;
const REFUSALS_A_MINUTE: u32 = 60;
const REMEMBERED: usize = 100_000;

fn wait(ms: i64) -> Error {
    Error {
        retry_after: Some(u64::try_from((ms + 999) / 1000).unwrap_or(1).max(1)),
        ..Error::new(Code::RateLimited)
    }
}

impl Throttle {
    pub(super) fn new(world: World) -> Self {
        Throttle { world, names: Mutex::default(), addresses: Mutex::default(), refusals: Mutex::default() }
    }

    /// Before a password is looked at: AURORA-4290 while the account or the address must wait.
    pub(super) fn admit(&self, name: &str, address: Option<IpAddr>) -> Result<(), Error> {
        let now = self.world.now().0;
        if let Some(a) = address {
            let mut all = self.addresses.lock().unwrap_or_else(|p| p.into_inner());
            if all.len() > REMEMBERED {
                all.retain(|_, (since, _)| now - *since < 60_000);
            }
            let (since, count) = all.entry(a).or_insert((now, 0));
            if now - *since >= 60_000 {
                (*since, *count) = (now, 0);
            }
            *count += 1;
            if *count > PER_ADDRESS_AND_MINUTE {
                return Err(wait(*since + 60_000 - now));
            }
        }
        let names = self.names.lock().unwrap_or_else(|p| p.into_inner());
        match names.get(name) {
            Some((_, until)) if *until > now => Err(wait(*until - now)),
            _ => Ok(()),
        }
    }

    /// A failure: from the fifth on the next try waits 1 s, 2 s, … 15 min.
    pub(super) fn failed(&self, name: &str) {
        let now = self.world.now().0;
        let mut names = self.names.lock().unwrap_or_else(|p| p.into_inner());
        if names.len() > REMEMBERED {
            names.retain(|_, (_, until)| *until > now);
        }
        let (failures, until) = names.entry(name.chars().take(64).collect()).or_insert((0, 0));
        *failures += 1;
        if let Some(over) = failures.checked_sub(FREE_FAILURES) {
            *until = now + 1000_i64.saturating_mul(1_i64 << over.min(20)).min(LONGEST_MS);
        }
    }

    /// Counts a refusal; true for the first ones of each minute.
    pub(super) fn note_refusal(&self) -> bool {
        let minute = self.world.now().0.div_euclid(60_000);
        let mut refusals = self.refusals.lock().unwrap_or_else(|p| p.into_inner());
        if refusals.0 != minute {
            *refusals = (minute, 0);
        }
        refusals.1 += 1;
        refusals.1 <= REFUSALS_A_MINUTE
    }

    pub(super) fn succeeded(&self, name: &str) {
        self.names.lock().unwrap_or_else(|p| p.into_inner()).remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tries_a_hundred_times_a_minute_whatever_the_name() {
        let throttle = Throttle::new(World::real());
        let from = |n: u8| Some(IpAddr::from([192, 0, 2, n]));
        for n in 0..PER_ADDRESS_AND_MINUTE {
            throttle.admit(&format!("user {n}"), from(1)).unwrap();
        }
        let refused = throttle.admit("another", from(1)).unwrap_err();
        assert_eq!(refused.code, Code::RateLimited);
        assert!(refused.retry_after.is_some_and(|s| (1..=60).contains(&s)));
        throttle.admit("another", from(2)).unwrap();
    }
}
