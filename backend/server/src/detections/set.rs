//! The rules that run: compiled once for each change, behind a swap that takes no batch by surprise.
//!
//! A change of rules says so with [`Rules::changed`]. A thread of its own then reads what is enabled, compiles off the
//! runtime and off the writer, and puts the new set in place; the next batch takes it, a batch under way keeps its own.

use super::compile::{self, Parsed, RuleSet};
use kernel::{World, db::Db};
use std::{
    sync::{Arc, Mutex},
    thread::JoinHandle,
};
use tokio::{runtime::Handle, sync::watch};

/// The holder of the current rule set.
pub struct Rules {
    /// With the number up to which changes were looked at, which is its own unless they could not be read.
    current: watch::Sender<(i64, Arc<RuleSet>)>,
    /// Number of the newest set that was asked for; `None` to end the thread.
    wanted: watch::Sender<Option<i64>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            current: watch::channel((-1, Arc::new(RuleSet::default()))).0,
            wanted: watch::channel(Some(-1)).0,
            thread: Mutex::default(),
        }
    }
}

impl Rules {
    /// The set that runs now. Cheap; hold it for a batch, not for longer.
    pub fn current(&self) -> Arc<RuleSet> {
        self.current.borrow().1.clone()
    }

    /// Rules were changed and committed: a set of this number is wanted.
    pub fn changed(&self, number: i64) {
        self.wanted.send_modify(|w| *w = w.map(|w| w.max(number)));
    }

    /// The set with every change that was committed before this call.
    pub async fn fresh(&self) -> Arc<RuleSet> {
        let Some(wanted) = *self.wanted.borrow() else { return self.current() };
        let (mut current, mut end) = (self.current.subscribe(), self.wanted.subscribe());
        tokio::select! {
            _ = current.wait_for(|(number, _)| *number >= wanted) => {}
            _ = end.wait_for(Option::is_none) => {}
        }
        self.current()
    }

    /// Starts the thread that compiles.
    pub fn start(self: &Arc<Self>, db: Db, world: World, runtime: Handle) -> std::io::Result<()> {
        let rules = self.clone();
        let work = move || rules.compile(&db, &world, &runtime);
        let thread = std::thread::Builder::new().name("rules".into()).spawn(work)?;
        *self.thread.lock().unwrap_or_else(|p| p.into_inner()) = Some(thread);
        Ok(())
    }

    /// Ends the thread; it finishes the set that it is at.
    pub async fn stop(&self) {
        self.wanted.send_replace(None);
        let thread = self.thread.lock().unwrap_or_else(|p| p.into_inner()).take();
        if let Some(thread) = thread {
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!("the thread that compiles rules ended badly");
            }
        }
    }

    fn compile(&self, db: &Db, world: &World, runtime: &Handle) {
        let mut wanted = self.wanted.subscribe();
        let mut parsed = Parsed::default();
        loop {
            let Some(number) = *wanted.borrow_and_update() else { return };
            if number > self.current.borrow().0 {
                let started = world.now_ns();
                let made = match runtime.block_on(compile::load(db)) {
                    Ok(loaded) => {
                        let ended = || self.wanted.borrow().is_none();
                        let Some(made) = compile::build_until(loaded, &mut parsed, &ended) else { return };
                        made
                    }
                    Err(e) => {
                        // The set that runs goes on; what waits for the new one must not wait for ever.
                        tracing::error!(error = %e, rule_set = number, "the rules could not be read");
                        self.current.send_modify(|(looked_at, _)| *looked_at = number);
                        continue;
                    }
                };
                let ms = (world.now_ns() - started) / 1_000_000;
                tracing::info!(
                    rule_set = made.number,
                    rules = made.engine.rules().len(),
                    ms,
                    "rules compiled"
                );
                self.current.send_replace((made.number, Arc::new(made)));
            }
            if runtime.block_on(wanted.changed()).is_err() {
                return;
            }
        }
    }
}
