//! From events to alerts: what imports, sent events and listeners have in common.

use super::store_error;
use crate::{
    App,
    alerts::{Cause, Raised},
    detections::{Matched, Matcher, Rules, add_costs, evaluate, write_correlated, write_matches},
};
use event::{Event, Nanos};
use kernel::{
    Error, Result, World,
    db::{Actor, Audit, Tx},
    world::hex,
};
use logstore::{Appended, LogStore, NewSource, SourceId};
use sha2::{Digest as _, Sha256};

/// A batch's events into the store, synced, then against the newest rules. Events that were there already are matched
/// too: a crash may have come before their alerts.
pub(super) async fn store(
    logs: &dyn LogStore,
    rules: &Rules,
    world: &World,
    matcher: &mut Matcher,
    source: SourceId,
    events: &[Event],
) -> Result<(Appended, Matched)> {
    let added = logs.append(source, events, Nanos(world.now_ns())).await.map_err(store_error)?;
    matcher.follow(rules);
    Ok((added, matcher.scan(events, world)))
}

/// The store's source of what comes in live under a label. It has no file: its hash is that of the label.
pub(super) async fn live_source(app: &App, label: &str, format: &str) -> Result<SourceId> {
    let mut hash = Sha256::new();
    hash.update(b"aurorasoc live source\0");
    hash.update(label);
    let now = Nanos(app.kernel.world.now_ns());
    let source = NewSource {
        sha256: hex(&<[u8; 32]>::from(hash.finalize())),
        label: label.into(),
        size: 0,
        mtime: now,
        format: format.into(),
        kept: false,
        head: None,
        grown: vec![],
    };
    app.logs.source(&source, now).await.map_err(store_error)
}

/// Takes events that come in live. A batch's matches are held until the next has some, so that a small call is one
/// commit with the audit row that it has anyway. Matching takes its time: not for the runtime's own threads.
pub(super) struct Intake {
    app: App,
    /// Who has the alerts made, without an idempotency key.
    by: Actor,
    label: String,
    matcher: Matcher,
    held: Option<(Matched, Vec<Event>)>,
    /// Correlation rules got something since they were evaluated.
    correlates: bool,
    /// Events that were new, and events that were there already.
    pub(super) added: Appended,
}

impl Intake {
    /// With every change of rules that was committed before.
    pub(super) async fn begin(app: &App, by: &Actor, label: &str) -> Intake {
        Intake {
            app: app.clone(),
            by: Actor { idempotency: None, ..by.clone() },
            label: label.into(),
            matcher: Matcher::new(app.rules.fresh().await, false),
            held: None,
            correlates: false,
            added: Appended::default(),
        }
    }

    /// Stores and matches a batch, which is then empty. When it returns, its events are synced; after an error it can be
    /// given again.
    pub(super) async fn batch(&mut self, source: SourceId, events: &mut Vec<Event>) -> Result<()> {
        // Before anything is stored: what fails then leaves all as it was.
        self.flush().await?;
        let app = self.app.clone();
        let stored = store(&*app.logs, &app.rules, &app.kernel.world, &mut self.matcher, source, events);
        let (added, matched) = stored.await?;
        self.added.new += added.new;
        self.added.duplicates += added.duplicates;
        app.kernel.metrics.ingest_events.inc_by(added.new);
        let events = std::mem::take(events);
        self.held = (!matched.is_empty()).then_some((matched, events));
        Ok(())
    }

    /// Makes the alerts of the batch that is held.
    pub(super) async fn flush(&mut self) -> Result<()> {
        if self.held.is_none() {
            return Ok(());
        }
        let kernel = self.app.kernel.clone();
        let mut tx = kernel.db.write(&self.by).await?;
        let raised = self.write(&mut tx).await?;
        raised.commit(&kernel, tx, ("source", &self.label)).await?;
        self.written();
        Ok(())
    }

    /// The same together with an audit row, which is told the alerts that were made and that grew. Answers its number.
    pub(super) async fn end(&mut self, by: &Actor, audit: impl FnOnce(&Raised) -> Audit) -> Result<i64> {
        let kernel = self.app.kernel.clone();
        let mut tx = kernel.db.write(by).await?;
        let raised = self.write(&mut tx).await?;
        add_costs(&mut tx, &self.matcher.costs()).await?;
        let audit = audit(&raised);
        let seq = raised.commit_as(&kernel, tx, audit).await?;
        self.written();
        Ok(seq)
    }

    async fn write(&self, tx: &mut Tx) -> Result<Raised> {
        let Some((matched, events)) = &self.held else { return Ok(Raised::default()) };
        let cause = Cause { source: "sigma", run_id: None, merged: self.app.merges.now() };
        write_matches(&self.app.kernel, tx, matched, events, &cause).await
    }

    fn written(&mut self) {
        self.correlates |= self.held.take().is_some_and(|(matched, _)| matched.contributes());
    }

    /// Whether correlation rules are to be evaluated.
    pub(super) fn correlates(&self) -> bool {
        self.correlates
    }

    /// Keeps what rules took, and begins anew: what is known of the events so far grows with them.
    pub(super) async fn renew(&mut self) -> Result<()> {
        let costs = self.matcher.costs();
        self.matcher = Matcher::new(self.app.rules.current(), true);
        if costs.is_empty() {
            return Ok(());
        }
        let mut tx = self.app.kernel.db.write(&self.by).await?;
        add_costs(&mut tx, &costs).await?;
        tx.commit_checkpoint().await
    }

    /// Evaluates correlation rules, where they got something.
    pub(super) async fn correlate(&mut self) -> Result<()> {
        if !self.correlates {
            return Ok(());
        }
        let kernel = self.app.kernel.clone();
        let found = evaluate(&kernel, self.matcher.set()).await?;
        if found.is_empty() {
            self.correlates = false;
            return Ok(());
        }
        let mut tx = kernel.db.write(&self.by).await?;
        let raised = write_correlated(&kernel, &mut tx, self.matcher.set(), &found, None).await?;
        raised.commit(&kernel, tx, ("source", &self.label)).await?;
        self.correlates = false;
        Ok(())
    }
}

/// Runs work that takes its time on a thread of its own.
pub(super) async fn apart<T: Send + 'static>(
    work: impl FnOnce(&tokio::runtime::Handle) -> Result<T> + Send + 'static,
) -> Result<T> {
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || work(&runtime)).await.map_err(Error::internal)?
}
