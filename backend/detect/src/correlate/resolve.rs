//! Names in correlation rules to the rules that they mean, and correlations to plans.

use super::{Correlations, Member, Of, Plan};
use crate::{
    engine::{Cause, NotRun},
    mapping::Mapping,
    sigma::{
        Rule,
        correlation::{Correlation, When},
        error::quote,
        expression,
        rule::Content,
    },
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// Every loaded rule by its id and name, and the text that it stands in.
#[derive(Debug, Default)]
pub(crate) struct Census {
    known: Vec<Known>,
    by_id: HashMap<String, usize>,
    by_name: HashMap<String, Vec<usize>>,
}

#[derive(Debug)]
struct Known {
    id: String,
    name: Option<String>,
    text: u64,
}

impl Census {
    pub fn new(rules: &[Rule]) -> Census {
        let mut census = Census::default();
        for rule in rules {
            let at = census.known.len();
            census.by_id.entry(rule.id.clone()).or_insert(at);
            if let Some(name) = &rule.name {
                census.by_name.entry(name.clone()).or_default().push(at);
            }
            census.known.push(Known { id: rule.id.clone(), name: rule.name.clone(), text: rule.text });
        }
        census
    }

    /// The name of the rule with this id.
    pub fn name(&self, id: &str) -> Option<&str> {
        self.by_id.get(id).and_then(|at| self.known[*at].name.as_deref())
    }

    /// The text that a rule stands in.
    pub fn text(&self, id: &str) -> Option<u64> {
        self.by_id.get(id).and_then(|at| self.known.get(*at)).map(|k| k.text)
    }

    /// The id of the rule that a reference in this text means: a name of the same text, an id, or a name that only
    /// one rule has.
    pub fn find<'a>(&'a self, reference: &str, text: Option<u64>) -> Result<&'a str, String> {
        let named = self.by_name.get(reference).map_or(&[][..], Vec::as_slice);
        // A rule that is loaded twice is one.
        let one = |mut ids: Vec<&'a str>| {
            ids.dedup();
            if let [id] = ids.as_slice() { Some(*id) } else { None }
        };
        let id = |at: &usize| self.known[*at].id.as_str();
        let near = named.iter().filter(|at| Some(self.known[**at].text) == text).map(id).collect();
        if let Some(id) = one(near) {
            return Ok(id);
        }
        if let Some(at) =
            self.by_id.get(&reference.to_ascii_lowercase()).or_else(|| self.by_id.get(reference))
        {
            return Ok(&self.known[*at].id);
        }
        match (named, one(named.iter().map(id).collect())) {
            ([], _) => Err(format!("the rule {} is not loaded", quote(reference))),
            (_, Some(id)) => Ok(id),
            (several, None) => Err(format!("{} rules have the name {}", several.len(), quote(reference))),
        }
    }
}

/// What came of the correlation rules.
pub(crate) struct Resolved {
    pub correlations: Correlations,
    /// Running rules that only feed correlations which don't run, by their index, with the title of one.
    pub idle: Vec<(usize, String)>,
}

/// Makes the correlations that can run; the others are named in `not_run`. `running` are the detections that run.
pub(crate) fn resolve(
    rules: Vec<Rule>,
    running: &[Rule],
    census: &Census,
    mapping: &Mapping,
    not_run: &mut Vec<NotRun>,
) -> Resolved {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut ids: HashSet<String> = running.iter().map(|r| r.id.clone()).collect();
    for rule in rules {
        if !ids.insert(rule.id.clone()) {
            not_run.push(note(&rule, Cause::Duplicate, "another rule with the same id is loaded".into()));
        } else if let Content::Correlation(spec) = &rule.content {
            drafts.push(Draft { spec: spec.clone(), rule, members: vec![], state: State::New });
        }
    }
    let mut r = Resolver {
        running: running.iter().enumerate().map(|(i, r)| (r.id.as_str(), i)).collect(),
        by_id: drafts.iter().enumerate().map(|(i, d)| (d.rule.id.clone(), i)).collect(),
        census,
        not_run,
        order: vec![],
    };
    for i in 0..drafts.len() {
        r.visit(&mut drafts, i, 0);
    }
    let order = std::mem::take(&mut r.order);
    finish(drafts, &order, running, mapping, not_run)
}

fn note(rule: &Rule, cause: Cause, reason: String) -> NotRun {
    NotRun { rule_id: rule.id.clone(), title: rule.title.clone(), cause, reason }
}

struct Draft {
    rule: Rule,
    spec: Arc<Correlation>,
    members: Vec<Target>,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum Target {
    Detection(usize),
    Correlation(usize),
}

#[derive(PartialEq)]
enum State {
    New,
    Open,
    Good,
    Bad,
}

struct Resolver<'a> {
    running: HashMap<&'a str, usize>,
    by_id: HashMap<String, usize>,
    census: &'a Census,
    not_run: &'a mut Vec<NotRun>,
    order: Vec<usize>,
}

impl Resolver<'_> {
    /// Resolves a correlation after those below it.
    fn visit(&mut self, drafts: &mut [Draft], i: usize, depth: usize) {
        const DEPTH: usize = 16;
        if drafts[i].state != State::New {
            return;
        }
        drafts[i].state = State::Open;
        let text = self.census.text(&drafts[i].rule.id);
        let mut fault =
            (depth > DEPTH).then(|| format!("correlations stand on one another more than {DEPTH} deep"));
        for reference in drafts[i].spec.clone().rules.iter() {
            if depth > DEPTH {
                break;
            }
            match self.target(reference, text) {
                Err(reason) => fault = fault.or(Some(reason)),
                Ok(Target::Correlation(below)) => {
                    self.visit(drafts, below, depth + 1);
                    let title = &drafts[below].rule.title;
                    let reason = match drafts[below].state {
                        State::Open => Some(format!("it looks at itself through {}", quote(title))),
                        State::Bad => Some(format!("the correlation rule {} does not run", quote(title))),
                        State::New | State::Good => None,
                    };
                    fault = fault.or(reason);
                    drafts[i].members.push(Target::Correlation(below));
                }
                Ok(detection) => drafts[i].members.push(detection),
            }
        }
        let named = match fault {
            None => self.named(&drafts[i].spec, text),
            Some(reason) => Err(reason),
        };
        match named {
            Ok(spec) => {
                if let Some(spec) = spec {
                    drafts[i].spec = spec;
                }
                drafts[i].state = State::Good;
                self.order.push(i);
            }
            Err(reason) => {
                drafts[i].state = State::Bad;
                self.not_run.push(note(&drafts[i].rule, Cause::Correlation, reason));
            }
        }
    }

    /// The correlation with the rules in its aliases and its condition called as `rules` calls them: each may be
    /// meant by its id or its name, whichever stands there. `None` when nothing has to change.
    fn named(&self, spec: &Correlation, text: Option<u64>) -> Result<Option<Arc<Correlation>>, String> {
        if spec.aliases.is_empty() && !matches!(spec.when, When::Written(_)) {
            return Ok(None);
        }
        let ids: Vec<&str> =
            spec.rules.iter().map(|r| self.census.find(r, text).unwrap_or_default()).collect();
        let (listed, member_ids) = (spec.rules.clone(), ids.clone());
        let member = |name: &str| {
            let own = listed.iter().position(|r| r == name);
            own.or_else(|| {
                self.census.find(name, text).ok().and_then(|id| member_ids.iter().position(|i| *i == id))
            })
        };
        let mut spec = spec.clone();
        for (alias, of) in &mut spec.aliases {
            for (rule, _) in of {
                let Some(at) = member(rule) else {
                    let (alias, rule) = (quote(alias), quote(rule));
                    return Err(format!("the alias {alias} names {rule}, which is not among rules"));
                };
                listed[at].clone_into(rule);
            }
        }
        if let When::Written(text) = &spec.when {
            // By the name that the condition uses, else by one that its patterns may be for.
            let known = |(id, rule): (&&str, &String)| self.census.name(id).unwrap_or(rule).to_owned();
            let mut names: Vec<String> = ids.iter().zip(&listed).map(known).collect();
            for word in expression::names(text) {
                if let Some(at) = member(&word) {
                    names[at] = word;
                }
            }
            spec.when = When::Rules(expression::terms(text, &names)?);
        }
        Ok(Some(Arc::new(spec)))
    }

    fn target(&self, reference: &str, text: Option<u64>) -> Result<Target, String> {
        let id = self.census.find(reference, text)?;
        if let Some(at) = self.running.get(id) {
            return Ok(Target::Detection(*at));
        }
        if let Some(at) = self.by_id.get(id) {
            return Ok(Target::Correlation(*at));
        }
        let why =
            self.not_run.iter().find(|n| n.rule_id == id).map_or("it is a filter", |n| n.reason.as_str());
        Err(format!("the rule {} does not run: {why}", quote(reference)))
    }
}

/// Who raises alerts, who is wanted, and the plans of the wanted.
fn finish(
    drafts: Vec<Draft>,
    order: &[usize],
    running: &[Rule],
    mapping: &Mapping,
    not_run: &mut Vec<NotRun>,
) -> Resolved {
    // For each referred rule: whether one of those that refer lets it raise alerts, and the title of one.
    let mut referred: Vec<(Target, bool, &str)> = Vec::new();
    for d in &drafts {
        for m in &d.members {
            match referred.iter_mut().find(|(t, ..)| t == m) {
                Some((_, generate, _)) => *generate |= d.spec.generate,
                None => referred.push((*m, d.spec.generate, &d.rule.title)),
            }
        }
    }
    let raises = |t: Target| referred.iter().find(|(r, ..)| *r == t).is_none_or(|(_, generate, _)| *generate);
    let mut wanted = vec![false; drafts.len()];
    for i in order.iter().rev().copied() {
        wanted[i] |= raises(Target::Correlation(i));
        if wanted[i] {
            for m in &drafts[i].members {
                if let Target::Correlation(below) = m {
                    wanted[*below] = true;
                }
            }
        }
    }
    let fed: HashSet<usize> = drafts
        .iter()
        .zip(&wanted)
        .filter(|(_, wanted)| **wanted)
        .flat_map(|(d, _)| &d.members)
        .filter_map(|m| if let Target::Detection(at) = m { Some(*at) } else { None })
        .collect();
    let mut idle = Vec::new();
    for (target, _, title) in &referred {
        match target {
            Target::Detection(at) if !raises(*target) && !fed.contains(at) => {
                idle.push((*at, (*title).to_owned()));
            }
            Target::Correlation(at) if !wanted[*at] && drafts[*at].state == State::Good => {
                let reason = format!("only feeds the correlation rule {}, which does not run", quote(title));
                not_run.push(note(&drafts[*at].rule, Cause::PartOfCorrelation, reason));
            }
            Target::Detection(_) | Target::Correlation(_) => {}
        }
    }
    let mut silent = vec![false; running.len()];
    for (target, generate, _) in &referred {
        if let (Target::Detection(at), false) = (target, generate) {
            silent[*at] = true;
        }
    }
    let kept: Vec<usize> = order.iter().copied().filter(|i| wanted[*i]).collect();
    let raising: Vec<bool> = kept.iter().map(|i| raises(Target::Correlation(*i))).collect();
    let mut correlations = plans(drafts, &kept, &raising, running, mapping);
    correlations.silent = silent;
    Resolved { correlations, idle }
}

fn plans(
    drafts: Vec<Draft>,
    kept: &[usize],
    raising: &[bool],
    running: &[Rule],
    mapping: &Mapping,
) -> Correlations {
    let place = |draft: usize| kept.iter().position(|k| *k == draft).unwrap_or_default();
    let mut names: Vec<Vec<String>> = kept.iter().map(|i| own_names(&drafts[*i].spec)).collect();
    let mut members: Vec<Vec<Member>> = kept.iter().map(|_| Vec::new()).collect();
    // From the top down: what an upper one looks at, the lower one has to carry.
    for at in (0..kept.len()).rev() {
        let draft = &drafts[kept[at]];
        for (reference, target) in draft.spec.rules.iter().zip(&draft.members) {
            let own = names[at].clone();
            let fields = own.iter().map(|name| field_of(&draft.spec, name, reference));
            members[at].push(match target {
                Target::Detection(rule) => {
                    let rule = &running[*rule];
                    let places = fields.map(|f| places(f, rule, mapping)).collect();
                    Member { id: rule.id.as_str().into(), of: Of::Detection(places) }
                }
                Target::Correlation(below) => {
                    let index = place(*below);
                    let carried = &mut names[index];
                    let values = fields.map(|f| Some(at_or_add(carried, f))).collect();
                    let id = drafts[*below].rule.id.as_str().into();
                    Member { id, of: Of::Correlation { index, values } }
                }
            });
        }
    }
    let mut out = Correlations { order: (0..kept.len()).collect(), ..Correlations::default() };
    let mut drafts: Vec<Option<Draft>> = drafts.into_iter().map(Some).collect();
    for (at, ((draft, names), members)) in kept.iter().zip(names).zip(members).enumerate() {
        let Some(Draft { rule, spec, members: targets, .. }) = drafts[*draft].take() else { continue };
        for (member, target) in targets.iter().enumerate() {
            if let Target::Detection(rule) = target {
                out.feeds.entry(*rule).or_default().push((at, member));
            }
        }
        let id: Arc<str> = rule.id.as_str().into();
        let version = version(&names, &members);
        out.by_id.insert(id.clone(), at);
        out.rules.push(rule);
        out.plans.push(Plan { id, spec, members, names, version, raises: raising[at] });
    }
    out
}

fn own_names(spec: &Correlation) -> Vec<String> {
    let mut names = spec.group_by.clone();
    if let When::Limits { fields, .. } = &spec.when {
        names.extend(fields.iter().cloned());
    }
    names
}

fn at_or_add(names: &mut Vec<String>, name: &str) -> usize {
    names.iter().position(|n| n == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    })
}

/// What a name of the correlation is called in the events of a rule.
fn field_of<'a>(spec: &'a Correlation, name: &'a str, rule: &str) -> &'a str {
    let alias = spec.aliases.iter().find(|(alias, _)| alias == name);
    alias.and_then(|(_, of)| of.iter().find(|(r, _)| r == rule)).map_or(name, |(_, field)| field)
}

/// Where a field of a rule may stand in its events.
fn places(field: &str, rule: &Rule, mapping: &Mapping) -> Vec<Box<str>> {
    let mut out: Vec<Box<str>> = vec![field.into()];
    let mut add = |name: &str| {
        if !out.iter().any(|n| **n == *name) {
            out.push(name.into());
        }
    };
    add(&field.replace(' ', ""));
    for target in mapping.targets(&rule.logsource).unwrap_or_default() {
        target.fields.iter().filter(|(from, _)| from == field).for_each(|(_, to)| add(to));
    }
    mapping.fallbacks(field).iter().for_each(|n| add(n));
    out
}

/// FNV-1a over what decides which values a contribution has.
fn version(names: &[String], members: &[Member]) -> u64 {
    format!("{names:?}{members:?}")
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3))
}
