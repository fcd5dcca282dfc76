//! A group of processes with a bound on all memory that is theirs, the pages of files that they read and write included.
//! Needs root; both versions of the kernel's interface.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Where version 2 is mounted, and version 1's controller of memory.
const ROOTS: [(&str, bool); 2] = [("/sys/fs/cgroup", true), ("/sys/fs/cgroup/memory", false)];

/// Gone when this goes; its processes must have ended.
pub struct Cgroup {
    dir: PathBuf,
    second: bool,
}

impl Cgroup {
    /// A group that may hold so many bytes and nothing on a swap.
    pub fn new(bytes: u64) -> io::Result<Cgroup> {
        let there = |(root, second): &&(&str, bool)| {
            let root = Path::new(root);
            let controllers = fs::read_to_string(root.join("cgroup.controllers")).unwrap_or_default();
            match second {
                true => controllers.split_whitespace().any(|c| c == "memory"),
                false => root.join("memory.limit_in_bytes").is_file(),
            }
        };
        let found = ROOTS.iter().find(there);
        let (root, second) = found.ok_or_else(|| io::Error::other("no controller of memory is mounted"))?;
        let dir = Path::new(root).join(format!("aurorasoc-bench-{}", std::process::id()));
        if *second {
            // Already so on most systems; where it is not and can't be, the limit below says it.
            let _ = fs::write(Path::new(root).join("cgroup.subtree_control"), "+memory");
        }
        fs::create_dir(&dir)?;
        let group = Cgroup { dir, second: *second };
        let (limit, swap) = match second {
            true => ("memory.max", "memory.swap.max"),
            false => ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"),
        };
        fs::write(group.dir.join(limit), bytes.to_string())?;
        // Version 1 counts memory and swap together. Where there is no swap there may be no such file.
        let _ = fs::write(group.dir.join(swap), if *second { "0".to_owned() } else { bytes.to_string() });
        Ok(group)
    }

    /// The file that takes the processes.
    pub fn members(&self) -> PathBuf {
        self.dir.join("cgroup.procs")
    }

    fn number(&self, file: &str, key: &str) -> u64 {
        let text = fs::read_to_string(self.dir.join(file)).unwrap_or_default();
        let line = text.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(' '));
        line.unwrap_or(&text).trim().parse().unwrap_or(0)
    }

    /// Bytes now that are the processes' own, and bytes of files that are cached for them.
    pub fn holds(&self) -> (u64, u64) {
        let names = if self.second { ["anon", "file"] } else { ["total_rss", "total_cache"] };
        let [own, files] = names.map(|name| self.number("memory.stat", name));
        (own, files)
    }

    /// Most bytes that were held, own and cached together: at most the limit.
    pub fn peak(&self) -> u64 {
        self.number(if self.second { "memory.peak" } else { "memory.max_usage_in_bytes" }, "")
    }

    /// Processes that the kernel killed for want of memory.
    pub fn killed(&self) -> u64 {
        self.number(if self.second { "memory.events" } else { "memory.oom_control" }, "oom_kill")
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.dir);
    }
}
