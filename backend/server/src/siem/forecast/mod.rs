//! What an import will take: time, disk, memory. From how fast this machine was before, else from what was measured once.

pub(super) mod store;

use super::import::Run;
use api::siem::Forecast;
use evidence::Sha256Hex;
use ingest::{
    Format, glance,
    paths::{Found, walk},
    sniff_file,
};
use kernel::{Result, jobs::Stop};
use std::{collections::BTreeMap, fs::File, path::PathBuf, time::Duration};

/// Sources that are looked into; the rest is taken to be like them.
const LOOKED_INTO: usize = 2_000;
/// Less than this says nothing of a rate.
const ENOUGH_MS: u64 = 200;
/// What was measured once, by format: bytes a second that are read, matched and stored, and bytes in the log store by
/// byte of source. (docs/figures.md, `./do bench-import --foretold`)
const MEASURED: &[(Format, f64, f64)] = &[
    (Format::Evtx, 50e6, 0.17),
    (Format::Json, 30e6, 0.12),
    (Format::Csv, 8e6, 0.5),
    (Format::Zeek, 8e6, 0.42),
    (Format::Auditd, 8e6, 0.42),
    (Format::Syslog, 6e6, 0.47),
    (Format::Cef, 6e6, 0.47),
    (Format::Leef, 6e6, 0.47),
    (Format::Text, 6e6, 0.47),
];
/// The same of what was not.
const OTHERS: (f64, f64) = (6e6, 0.45);
/// Less than this is not sealed, and so has no index: it takes half.
const SEALED: f64 = 32e6;
/// Unpacked bytes a second: they are gone through twice, once for their hash.
const UNPACKED: f64 = 100e6;
/// Memory of the program with its rules, where the system does not say what it holds now.
const MEMORY: u64 = 60 << 20;
/// What an import takes beside it: so much a byte, up to what batches and caches hold, and what each thread does that decodes.
const MEMORY_A_BYTE: u64 = 2;
const MEMORY_OF_BATCHES: u64 = 24 << 20;
const MEMORY_A_THREAD: u64 = 16 << 20;

/// Bytes of what sources hold, by format.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Mix {
    known: BTreeMap<&'static str, u64>,
    /// How many of them come out of compression.
    packed: u64,
    /// Bytes of the sources that were looked into and are read.
    looked: u64,
    /// Bytes of those that were not looked into.
    rest: u64,
}

impl Mix {
    fn add(&mut self, n: usize, bytes: u64, open: impl FnOnce() -> Option<File>) {
        if n >= LOOKED_INTO {
            self.rest = self.rest.saturating_add(bytes);
            return;
        }
        let Some(mut file) = open() else { return };
        let (Ok(format), Ok(held)) = (sniff_file(&mut file), glance(&mut file)) else { return };
        // What is not read costs nothing.
        if matches!(format, Format::Unknown { .. }) {
            return;
        }
        self.looked = self.looked.saturating_add(bytes);
        for (inner, bytes) in held.into_iter().filter(|(f, _)| !matches!(f, Format::Unknown { .. })) {
            // What containers say of themselves can be any number.
            let known = self.known.entry(inner.name()).or_default();
            *known = known.saturating_add(bytes);
            if matches!(format, Format::Gzip | Format::Zstd | Format::Zip) {
                self.packed = self.packed.saturating_add(bytes);
            }
        }
    }

    /// `rate` gives bytes a second where they are known from before, `held` is the memory of the program now.
    fn forecast(&self, rate: impl Fn(&str) -> Option<f64>, keep: bool, threads: u64, held: u64) -> Forecast {
        let (looked, rest) = (self.looked as f64, self.rest as f64);
        let scale = if self.looked == 0 { 0.0 } else { (looked + rest) / looked };
        let (mut seconds, mut measured) = (self.packed as f64 / UNPACKED, true);
        let mut disk = if keep { looked } else { 0.0 };
        let sealed =
            if self.known.values().map(|n| *n as f64).sum::<f64>() * scale < SEALED { 0.5 } else { 1.0 };
        for (name, bytes) in &self.known {
            let once = MEASURED.iter().find(|(format, ..)| format.name() == *name);
            let (usual, stored) = once.map_or(OTHERS, |(_, rate, stored)| (*rate, *stored));
            let known = rate(name);
            measured &= known.is_some();
            seconds += *bytes as f64 / known.unwrap_or(usual);
            disk += *bytes as f64 * stored * sealed;
        }
        let bytes = (self.known.values().map(|bytes| *bytes as f64).sum::<f64>() * scale) as u64;
        let most = MEMORY_OF_BATCHES + threads * MEMORY_A_THREAD;
        Forecast {
            seconds: (seconds * scale).ceil() as u64,
            disk_bytes: (disk * scale) as u64,
            memory_bytes: held + most.min(bytes.saturating_mul(MEMORY_A_BYTE)),
            measured,
        }
    }
}

impl Run {
    /// Bytes in all, and what they are; unreadable ones count nothing.
    pub(super) fn mix_of_paths(&self, paths: &[PathBuf]) -> (u64, Mix) {
        let (mut total, mut mix) = (0, Mix::default());
        let own = super::own::Own::below(paths, &self.dir);
        for (n, found) in walk(paths).filter(|found| !own.holds(found)).enumerate() {
            if let Found::File { path, .. } = found {
                let size = path.metadata().map_or(0, |m| m.len());
                total += size;
                mix.add(n, size, || File::open(&path).ok());
            }
            if self.ctx.stop() != Stop::No {
                break;
            }
        }
        (total, mix)
    }

    /// The same of uploads.
    pub(super) fn mix_of_kept(&self, items: &[super::input::Item]) -> (u64, Mix) {
        let mut mix = Mix::default();
        for (n, item) in items.iter().enumerate() {
            let open = || self.content.open_kept(&Sha256Hex::parse(&item.sha256).ok()?).ok();
            mix.add(n, item.size, open);
        }
        (items.iter().map(|item| item.size).sum(), mix)
    }

    /// Says what the import will take.
    pub(super) fn foretell(&mut self, mix: &Mix, copied: bool) -> Result<()> {
        let rates = self.runtime.block_on(store::rates(self.ctx.kernel.db.read()))?;
        let rate = |format: &str| {
            let (bytes, ms) = rates.get(format)?;
            (*ms >= ENOUGH_MS).then(|| *bytes as f64 * 1000.0 / *ms as f64)
        };
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(4));
        let held = kernel::platform::memory().unwrap_or(MEMORY);
        self.result.forecast = Some(mix.forecast(rate, copied, threads as u64, held));
        self.ctx.result(&self.result);
        Ok(())
    }

    /// Notes what the source under way took, by what it held.
    pub(super) fn note(&mut self, time: Duration) {
        let held = std::mem::take(&mut self.held);
        let all = held.values().sum::<u64>().max(1) as f64;
        for (format, bytes) in held {
            let took = self.took.entry(format).or_default();
            let part = time.as_secs_f64() * 1000.0 * bytes as f64 / all;
            *took = (took.0 + bytes, took.1 + part as u64);
        }
    }

    /// Keeps how fast it was, for the next forecast.
    pub(super) fn learn(&self) -> Result<()> {
        if self.took.is_empty() {
            return Ok(());
        }
        self.runtime.block_on(async {
            let mut tx = self.ctx.kernel.db.write(&self.ctx.actor()).await?;
            for (format, (bytes, ms)) in &self.took {
                store::learn(&mut tx, format, *bytes, *ms).await?;
            }
            self.ctx.checkpoint(&mut tx, &serde_json::json!(self.at)).await?;
            tx.commit_checkpoint().await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_looked_into_is_like_the_rest_and_what_was_measured_counts() {
        let known = BTreeMap::from([("json", 30_000_000), ("evtx", 10_000_000)]);
        let mix = Mix { known, looked: 40_000_000, rest: 40_000_000, packed: 0 };
        let told = mix.forecast(|format| (format == "json").then_some(3_000_000.0), false, 2, 1_000);
        // Twice (ten seconds, and a fifth of one).
        assert_eq!((told.seconds, told.measured), (21, false));
        assert_eq!(told.disk_bytes, 2 * (3_600_000 + 1_700_000));
        assert_eq!(told.memory_bytes, 1_000 + (56 << 20));
        let kept = mix.forecast(|_| Some(1e9), true, 2, 0);
        assert_eq!((kept.disk_bytes, kept.measured), (told.disk_bytes + 80_000_000, true));
        let known = BTreeMap::from([("json", u64::MAX), ("evtx", u64::MAX)]);
        let lies = Mix { known, looked: 1, rest: u64::MAX, packed: u64::MAX }.forecast(|_| None, true, 2, 9);
        assert_eq!((lies.seconds, lies.disk_bytes), (u64::MAX, u64::MAX), "no overflow");
        let nothing = Mix::default().forecast(|_| None, true, 1, 7);
        assert_eq!((nothing.disk_bytes, nothing.memory_bytes), (0, 7));
    }
}
