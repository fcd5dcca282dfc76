//! CPU and memory of one process, and medians over several of them.

use nix::sys::{
    resource::{Usage, UsageWho, getrusage},
    time::TimeVal,
};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

/// CPU of all threads in seconds, and most resident memory in MB.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// In the program itself.
    pub user: f64,
    /// In the kernel for it.
    pub system: f64,
    /// So far; it never shrinks.
    pub peak_mb: f64,
}

impl Spent {
    pub fn less(self, before: Spent) -> Spent {
        Spent { user: self.user - before.user, system: self.system - before.system, ..self }
    }

    pub fn and(self, more: Spent) -> Spent {
        Spent { user: self.user + more.user, system: self.system + more.system, ..more }
    }
}

fn of(who: UsageWho) -> Spent {
    let usage: Usage = getrusage(who).expect("getrusage of this process");
    let seconds = |t: TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
    // getrusage counts KiB on Linux.
    let peak_mb = usage.max_rss() as f64 / 1024.0;
    Spent { user: seconds(usage.user_time()), system: seconds(usage.system_time()), peak_mb }
}

/// By this process so far.
pub fn spent() -> Spent {
    of(UsageWho::RUSAGE_SELF)
}

/// By the processes that this one started and that have ended; memory is that of the largest of them.
pub fn children() -> Spent {
    of(UsageWho::RUSAGE_CHILDREN)
}

/// What `work` costs, with what it counted.
pub fn cost<T>(work: impl FnOnce() -> (T, Value)) -> (T, Value) {
    let (before, wall) = (spent(), std::time::Instant::now());
    let (kept, count) = work();
    let wall = wall.elapsed().as_secs_f64();
    let Spent { user, system, peak_mb } = spent().less(before);
    (kept, json!({"cpu": user, "system": system, "wall": wall, "peak_mb": peak_mb, "count": count}))
}

/// Runs one side in a process of its own, so that its peak memory is its own.
#[allow(clippy::disallowed_methods, reason = "a bench of its own, not the product: one process a side")]
pub fn side(name: &str, args: &[&str]) -> Value {
    let me = std::env::current_exe().expect("own path");
    let mut command = Command::new(me);
    command.arg("--side").arg(name).args(args).stderr(Stdio::inherit());
    let out = command.output().expect("a process of this program");
    assert!(out.status.success(), "the side {name} failed");
    serde_json::from_slice(&out.stdout).expect("a side answers JSON")
}

/// Runs sides in turn, A B A B, `rounds` times; for each the median of every number it gives.
pub fn rounds(rounds: usize, sides: &[(&str, &[&str])]) -> Vec<Value> {
    let mut all = vec![Vec::new(); sides.len()];
    for _ in 0..rounds {
        for (into, (name, args)) in all.iter_mut().zip(sides) {
            into.push(side(name, args));
        }
    }
    all.iter().map(|runs| medians(runs)).collect()
}

fn medians(runs: &[Value]) -> Value {
    let Some(first) = runs.first().and_then(Value::as_object) else { return Value::Null };
    let median = |key: &str| {
        let mut list: Vec<f64> = runs.iter().filter_map(|r| r[key].as_f64()).collect();
        list.sort_by(f64::total_cmp);
        list.get(list.len() / 2).copied()
    };
    let one = |key: &String| (key.clone(), median(key).map_or(first[key].clone(), |m| json!(round(m))));
    Value::Object(first.keys().map(one).collect())
}

/// Four significant digits are more than a shared machine can repeat.
pub fn round(n: f64) -> f64 {
    if n == 0.0 || !n.is_finite() {
        return n;
    }
    let scale = 10_f64.powi(3 - n.abs().log10().floor() as i32);
    (n * scale).round() / scale
}
