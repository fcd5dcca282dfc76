//! Events against the rule set, for imports and for runs over stored events: matches, what holds them back, what they
//! become, and what is said of the rules afterwards.

use super::{
    Rules,
    compile::RuleSet,
    store::{
        correlations,
        write::{self, Did},
    },
};
use crate::alerts::{self, Cause, Match, Raised};
use api::siem::RuleNote;
use detect::{
    Costs, Coverage, Hit,
    correlate::{Contribution, Gathered, Reference, Shortfall},
};
use event::Event;
use kernel::{Kernel, Result, World, db::Tx, jobs::JobCtx};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

/// Rules that a report lists; all are counted.
const LISTED: usize = 1_000;
/// Batches from one whose costs are measured to the next, and the events of it that are: too few to slow a scan.
const MEASURED: (u64, usize) = (16, 128);

/// Scans batch after batch.
pub struct Matcher {
    set: Arc<RuleSet>,
    coverage: Coverage,
    hits: Vec<Hit>,
    /// What base rules gave to correlations that could not use it.
    lacking: Gathered,
    /// Rules that had a chance under a set that was replaced on the way.
    had_chance: HashSet<String>,
    matched: u64,
    batches: u64,
    /// What the rules of the set took on events that stand for all.
    costs: Costs,
    /// The same of sets that were replaced on the way.
    owed: Vec<Did>,
    /// Goes on from a resume point: what was seen before it is not known any more.
    resumed: bool,
}

/// What a batch gave, with the set that it was scanned by.
pub struct Matched {
    set: Arc<RuleSet>,
    /// (rule, event) of every match that counts.
    found: Vec<(usize, usize)>,
    /// Suppressions and how many matches each held back.
    held: BTreeMap<String, u64>,
    /// What the matches contribute to correlation rules.
    contributions: Vec<Contribution>,
}

impl Matched {
    /// Nothing to write.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty() && self.held.is_empty() && self.contributions.is_empty()
    }

    /// Matches, without those that were held back.
    pub fn len(&self) -> u64 {
        u64::try_from(self.found.len()).unwrap_or(0)
    }

    /// Matches that were held back.
    pub fn suppressed(&self) -> u64 {
        self.held.values().sum()
    }

    /// Correlation rules got something.
    pub fn contributes(&self) -> bool {
        !self.contributions.is_empty()
    }

    /// Places of the matching events in the batch, each once, in order.
    pub fn events(&self) -> impl Iterator<Item = usize> + '_ {
        let mut last = None;
        self.found.iter().filter_map(move |(_, e)| (last.replace(*e) != Some(*e)).then_some(*e))
    }
}

/// What is said of the rules at the end.
#[derive(Debug, Default)]
pub struct RuleReport {
    /// Number of the set that ran last.
    pub rule_set: u64,
    /// Rules that ran.
    pub ran: u64,
    /// Rules that could not, with why.
    pub not_run: Vec<RuleNote>,
    /// In all.
    pub not_run_total: u64,
    /// Rules that had no chance on this data, with why.
    pub no_chance: Vec<RuleNote>,
    /// In all.
    pub no_chance_total: u64,
    /// Why nothing matched.
    pub no_match_reason: Option<String>,
}

impl Matcher {
    /// Begins with this set; `resumed` when events were scanned before that this one does not know of.
    pub fn new(set: Arc<RuleSet>, resumed: bool) -> Self {
        Matcher {
            set,
            coverage: Coverage::default(),
            hits: vec![],
            lacking: Gathered::default(),
            had_chance: HashSet::new(),
            matched: 0,
            batches: 0,
            costs: Costs::default(),
            owed: vec![],
            resumed,
        }
    }

    /// Takes the newest set from here on, where rules were changed.
    pub fn follow(&mut self, rules: &Rules) {
        let newest = rules.current();
        if newest.number == self.set.number {
            return;
        }
        let coverage = std::mem::take(&mut self.coverage);
        let report = coverage.report(&self.set.engine, vec![], 0);
        let none: HashSet<_> = report.no_chance.into_iter().map(|n| n.rule_id).collect();
        let chance = self.set.engine.rules().iter().map(|r| &r.id).filter(|id| !none.contains(*id));
        self.had_chance.extend(chance.cloned());
        self.lacking = Gathered::default();
        self.owed = self.costs();
        self.set = newest;
    }

    /// Scans a batch.
    pub fn scan(&mut self, events: &[Event], world: &World) -> Matched {
        self.measure(events, world);
        let now = world.now();
        let mut found = vec![];
        let mut held: BTreeMap<String, u64> = BTreeMap::new();
        let mut gathered = std::mem::take(&mut self.lacking);
        for (i, event) in events.iter().enumerate() {
            self.hits.clear();
            let at = Reference::from(event.identity);
            let engine = &self.set.engine;
            engine.scan_correlated(event, at, &mut self.coverage, &mut self.hits, &mut gathered);
            for hit in self.hits.iter().filter(|h| self.set.raises(h.rule)) {
                match self.set.suppressor(hit.rule).and_then(|s| s.holds(event, now)) {
                    Some(id) => *held.entry(id.to_owned()).or_default() += 1,
                    None => found.push((hit.rule, i)),
                }
            }
        }
        self.matched += u64::try_from(found.len()).unwrap_or(0);
        let mut contributions = std::mem::take(&mut gathered.contributions);
        contributions.retain(|c| self.set.correlates(&c.correlation));
        self.lacking = gathered;
        Matched { set: self.set.clone(), found, held, contributions }
    }

    fn measure(&mut self, events: &[Event], world: &World) {
        let (every, most) = MEASURED;
        self.batches += 1;
        if self.batches % every != 1 {
            return;
        }
        let (mut scratch, mut hits) = (self.set.engine.scratch(), vec![]);
        let mut clock = || u64::try_from(world.now_ns()).unwrap_or(0);
        for event in events.iter().step_by(events.len().div_ceil(most).max(1)) {
            hits.clear();
            self.set.engine.scan_measured(event, &mut scratch, &mut clock, &mut self.costs, &mut hits);
        }
    }

    /// What rules took since this was asked last, to be added to what they took before.
    pub fn costs(&mut self) -> Vec<Did> {
        let mut all = std::mem::take(&mut self.owed);
        let rules = self.set.engine.rules();
        all.extend(std::mem::take(&mut self.costs).rules().into_iter().filter_map(|c| {
            let rule_id = rules.get(c.rule)?.id.clone();
            Some(Did { rule_id, tried: c.events, cost_ns: c.ticks, ..Did::default() })
        }));
        all
    }

    /// The set that runs now.
    pub fn set(&self) -> &Arc<RuleSet> {
        &self.set
    }

    /// What correlations could not use of the events that were scanned.
    pub fn shortfalls(&self) -> Vec<RuleNote> {
        let all = self.set.engine.correlations();
        let title = |id: &str| all.rules().iter().find(|r| r.id == id).map(|r| r.title.clone());
        let note = |s: Shortfall| RuleNote {
            title: title(&s.rule_id).unwrap_or_default(),
            rule_id: s.rule_id,
            reason: format!("{} ({})", s.reason, s.count),
        };
        self.lacking.shortfalls(all).into_iter().map(note).collect()
    }

    /// What ran, what could not, what had no chance.
    pub fn report(&self) -> RuleReport {
        let report = self.coverage.report(&self.set.engine, vec![], 0);
        let no_chance: Vec<_> = report
            .no_chance
            .into_iter()
            .filter(|n| self.set.wanted(&n.rule_id) && !self.had_chance.contains(&n.rule_id))
            .collect();
        // After a restart nobody can say that there was no chance.
        let no_chance = if self.resumed { vec![] } else { no_chance };
        let not_run = self.set.notes();
        let count = |n: usize| u64::try_from(n).unwrap_or(0);
        let reason = (self.matched == 0 && !self.resumed)
            .then(|| self.silence(report.events, self.set.wanted_running(), no_chance.len()));
        RuleReport {
            rule_set: u64::try_from(self.set.number).unwrap_or(0),
            ran: count(self.set.wanted_running()),
            not_run_total: count(not_run.len()),
            not_run: not_run.into_iter().take(LISTED).collect(),
            no_chance_total: count(no_chance.len()),
            no_chance: no_chance
                .into_iter()
                .take(LISTED)
                .map(|n| RuleNote { rule_id: n.rule_id, title: n.title, reason: n.reason })
                .collect(),
            no_match_reason: reason,
        }
    }

    fn silence(&self, events: u64, ran: usize, no_chance: usize) -> String {
        match (events, ran) {
            (0, _) => "no event was looked at".into(),
            (_, 0) => "no rule is enabled and able to run".into(),
            _ if no_chance == ran => {
                format!("none of the {ran} rules had a chance: no event of their log sources, ids or fields")
            }
            _ => format!(
                "{} of {ran} rules could have matched and found nothing; {no_chance} had no chance on this data",
                ran - no_chance
            ),
        }
    }
}

/// Writes a batch's matches inside the caller's transaction: alerts, what each rule did, what was held back.
pub async fn write(
    kernel: &Kernel,
    tx: &mut Tx,
    matched: &Matched,
    events: &[Event],
    cause: &Cause<'_>,
) -> Result<Raised> {
    let found: Vec<_> = matched
        .found
        .iter()
        .filter_map(|(rule, event)| {
            Some(Match {
                rule: matched.set.engine.rules().get(*rule)?,
                tuning: matched.set.tuning(*rule)?,
                event: events.get(*event)?,
            })
        })
        .collect();
    let raised = alerts::raise(kernel, tx, &found, cause).await?;
    count(tx, &raised).await?;
    correlations::keep(tx, &matched.contributions).await?;
    for (id, n) in &matched.held {
        write::suppressed(tx, id, *n).await?;
    }
    Ok(raised)
}

/// Adds to what each rule took, with the job's resume point. Bookkeeping: nobody changed a record.
pub async fn keep_costs(ctx: &JobCtx, costs: &[Did], at: &Value) -> Result<()> {
    if costs.is_empty() {
        return Ok(());
    }
    let mut tx = ctx.kernel.db.write(&ctx.actor()).await?;
    add_costs(&mut tx, costs).await?;
    ctx.checkpoint(&mut tx, at).await?;
    tx.commit_checkpoint().await
}

/// The same inside the caller's transaction.
pub async fn add_costs(tx: &mut Tx, costs: &[Did]) -> Result<()> {
    write::did(tx, costs).await
}

/// Adds to what each rule did.
pub(super) async fn count(tx: &mut Tx, raised: &Raised) -> Result<()> {
    let did: Vec<_> = raised
        .by_rule
        .iter()
        .map(|(rule_id, r)| Did {
            rule_id: rule_id.clone(),
            hits: r.matches,
            alerts: r.alerts,
            last_match: Some(r.last.0),
            ..Did::default()
        })
        .collect();
    write::did(tx, &did).await
}
