//! Changes of rules: check, change, history, audit row, in one commit; then the next rule set is asked for.

use super::{
    compile,
    content::is_uuid,
    rewrite::Pipelines,
    store::{
        correlations,
        rules::{self, Stored},
        write::{self, NewRule, Step},
    },
    text::{self, Origin},
};
use crate::App;
use api::{
    Code,
    detections::{
        BulkDone, BulkRules, CreateRule, CreatedRule, PatchRule, Rule, RuleOrigin, RuleSettings, RuleState,
    },
};
use detect::{Engine, sigma};
use kernel::{
    Error, Result,
    db::{Actor, Audit, Tx},
    settings::IfMatch,
};
use serde_json::json;
use std::time::Duration;

/// Documents that one POST may hold.
const DOCUMENTS: usize = 100;

/// AURORA-4040 when there is none.
pub async fn get(app: &App, rule_id: &str) -> Result<Stored> {
    let found = rules::get(app.kernel.db.read(), rule_id).await?;
    let mut s = found.ok_or_else(|| Error::new(Code::NotFound))?;
    overlay(&app.rules.current(), &mut s.rule);
    Ok(s)
}

/// What the rule set knows of a rule beyond its row.
pub fn overlay(set: &compile::RuleSet, rule: &mut Rule) {
    if rule.state == RuleState::Running
        && let Some((state, reason)) = set.refusal(&rule.rule_id)
    {
        (rule.state, rule.state_reason) = (state, Some(reason.into()));
    }
    if rule.enabled {
        rule.pipelines = set.rewritten(&rule.rule_id).to_vec();
    }
}

/// Parses off the runtime: hostile text takes its time on a thread of its own.
pub async fn parse(body: String) -> Result<(sigma::Parsed, String)> {
    let work = move || (sigma::parse(&body), body);
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
}

fn check_settings(s: &RuleSettings) -> Result<()> {
    if let Some(l) = &s.level
        && !text::LEVELS.contains(&l.as_str())
    {
        return Err(Error::field("settings.level", format!("must be one of {}", text::LEVELS.join(", "))));
    }
    if s.group_by.len() > 8 || s.group_by.iter().any(|f| !(1..=200).contains(&f.chars().count())) {
        return Err(Error::field("settings.group_by", "at most 8 field names of 1 to 200 characters"));
    }
    match s.bucket_s {
        Some(n) if !(60..=86_400).contains(&n) => {
            Err(Error::field("settings.bucket_s", "from 60 to 86,400 seconds"))
        }
        _ => Ok(()),
    }
}

/// Makes one's own rules, one for each document. AURORA-4222 for the first that does not load, AURORA-4090 when one is
/// there already.
pub async fn create(app: &App, by: &Actor, c: CreateRule) -> Result<(CreatedRule, i64)> {
    let settings = c.settings.unwrap_or_default();
    check_settings(&settings)?;
    let (parsed, body) = parse(c.body).await?;
    if let Some(e) = parsed.errors.first() {
        return Err(refused(&body, e));
    }
    if parsed.rules.is_empty() || parsed.rules.len() > DOCUMENTS {
        let reason = if parsed.rules.is_empty() { "no rule in it" } else { "more than 100 documents" };
        return Err(text::refused_whole("", reason));
    }
    let from = Origin { origin: RuleOrigin::Own, pack: None, file: None, enabled: c.enabled.unwrap_or(true) };
    let single = parsed.rules.len() == 1;
    let mut first: Option<String> = None;
    let mut made: Vec<NewRule> = vec![];
    for mut rule in parsed.rules {
        if rule.id.starts_with("unnamed-") {
            rule.id = app.kernel.world.id();
        }
        let own = if single { &body } else { body.get(rule.span.clone()).unwrap_or(&body) };
        if made.iter().any(|r| r.rule_id == rule.id) {
            return Err(text::refused_whole("id", format!("two documents have the id {}", rule.id)));
        }
        // Written together, so that names in a correlation mean these rules first.
        let together = first.get_or_insert_with(|| rule.id.clone()).clone();
        let from = Origin { file: Some(together.as_str()).filter(|_| !single), ..from.clone() };
        made.push(text::row(&rule, own, &from, &settings));
    }
    let ids: Vec<_> = made.iter().map(|r| r.rule_id.clone()).collect();
    let now = app.kernel.world.now();
    let mut tx = app.kernel.db.write(by).await?;
    let there = write::there(&mut tx, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    if let Some(id) = there.first() {
        let detail = json!({"reason": "a rule of this id is there already", "rule_id": id});
        return Err(Error::with(Code::Conflict, detail));
    }
    write::insert(&mut tx, &made, now).await?;
    let steps: Vec<_> = ids.iter().map(|id| Step::plain(id, "created")).collect();
    write::changed(&mut tx, &steps, &by.name, now).await?;
    let first = ids.first().cloned().unwrap_or_default();
    let titles: Vec<_> = made.iter().map(|r| r.title.clone()).collect();
    let audit = Audit::new("rule.create", "rule", &first)
        .after(json!({"rule_ids": ids, "titles": titles, "enabled": from.enabled, "settings": settings}));
    let (stored, seq) = finish(app, tx, &first, audit).await?;
    Ok((CreatedRule { rule: stored.rule, created: ids }, seq))
}

/// Commits with a new number of the rule set, and answers the rule as it is then.
async fn finish(app: &App, mut tx: Tx, rule_id: &str, audit: Audit) -> Result<(Stored, i64)> {
    let number = write::next_set(&mut tx).await?;
    let stored = rules::get_in(&mut tx, rule_id).await?;
    let seq = tx.commit(audit, &[]).await?;
    app.rules.changed(number);
    let mut stored = stored.ok_or_else(|| Error::new(Code::NotFound))?;
    look(app, &mut stored.rule).await?;
    Ok((stored, seq))
}

/// Whether a rule that was just changed runs, as the pipelines make it: asked of a small engine of its own, since the
/// whole set is still being compiled. A correlation depends on others, so it waits for the set, and not for long.
async fn look(app: &App, rule: &mut Rule) -> Result<()> {
    if rule.state != RuleState::Running {
        return Ok(());
    }
    if rule.format != "sigma" {
        let set = tokio::time::timeout(Duration::from_secs(2), app.rules.fresh()).await;
        overlay(&set.unwrap_or_else(|_| app.rules.current()), rule);
        return Ok(());
    }
    let (body, id) = (rule.body.clone(), rule.rule_id.clone());
    let pipelines = Pipelines::load(app.kernel.db.read()).await?;
    let work = move || match pipelines.one(&body, &id) {
        None => (vec![], None),
        Some(Err(no)) => (vec![], Some(no)),
        Some(Ok(one)) => {
            let steps = one.pipelines.clone();
            (steps, Engine::build(vec![one], &compile::mapping()).1.into_iter().next())
        }
    };
    let (steps, no) = tokio::task::spawn_blocking(work).await.map_err(Error::internal)?;
    rule.pipelines = steps;
    if let Some(n) = no {
        (rule.state, rule.state_reason) = (compile::state(n.cause), Some(n.reason));
    }
    Ok(())
}

/// Changes a rule; `None` for the audit row's number when nothing changed.
pub async fn patch(
    app: &App,
    by: &Actor,
    rule_id: &str,
    c: PatchRule,
    if_match: IfMatch<'_>,
) -> Result<(Stored, Option<i64>)> {
    let settings = c.settings.map(Option::unwrap_or_default);
    settings.as_ref().map_or(Ok(()), check_settings)?;
    let revert = c.body == Some(None);
    let parsed = match c.body {
        Some(Some(body)) => Some(parse(body).await?),
        _ => None,
    };
    let now = app.kernel.world.now();
    let mut tx = app.kernel.db.write(by).await?;
    let old = rules::get_in(&mut tx, rule_id).await?.ok_or_else(|| Error::new(Code::NotFound))?;
    if_match(i64::from(old.rule.version))?;
    let mut steps = vec![];
    let new = match (parsed, revert) {
        (Some((parsed, body)), _) => rewritten(&old, parsed, &body)?,
        (None, true) => reverted(&old)?,
        (None, false) => None,
    };
    if let Some((row, pack_body)) = &new {
        write::replace(&mut tx, row, pack_body.as_deref(), now).await?;
        let what = if revert { "reverted" } else { "edited" };
        steps.push(Step { body: Some(&old.rule.body), ..Step::plain(rule_id, what) });
    }
    let wanted = settings.clone().unwrap_or_else(|| old.rule.settings.clone());
    let enabled = c.enabled.unwrap_or(old.rule.enabled);
    let tuned = wanted != old.rule.settings;
    if tuned || enabled != old.rule.enabled {
        let own = new.as_ref().map_or(&old.own_level, |(r, _)| &r.own_level);
        let (level, rank) = text::level(&wanted, own);
        write::tune(&mut tx, rule_id, enabled, &wanted, (&level, rank), now).await?;
    }
    if tuned {
        let before = serde_json::to_string(&old.rule.settings).ok();
        steps.push(Step { settings: before, ..Step::plain(rule_id, "tuned") });
    }
    if enabled != old.rule.enabled {
        steps.push(Step::plain(rule_id, if enabled { "enabled" } else { "disabled" }));
    }
    if steps.is_empty() {
        let mut old = old;
        overlay(&app.rules.current(), &mut old.rule);
        return Ok((old, None));
    }
    for step in &steps {
        write::changed(&mut tx, std::slice::from_ref(step), &by.name, now).await?;
    }
    let of = |enabled: bool, settings: &RuleSettings, body: &str| json!({"enabled": enabled, "settings": settings, "body_sha256": text::hash(body)});
    let body = new.as_ref().map_or(&old.rule.body, |(r, _)| &r.body);
    let audit = Audit::new("rule.update", "rule", rule_id)
        .before(of(old.rule.enabled, &old.rule.settings, &old.rule.body))
        .after(of(enabled, &wanted, body));
    let (stored, seq) = finish(app, tx, rule_id, audit).await?;
    Ok((stored, Some(seq)))
}

/// A row with the pack's text beside it, where the rule is edited.
type Rewritten = Option<(NewRule, Option<String>)>;

/// AURORA-4222; a pipeline where a rule belongs is named as what it is.
fn refused(body: &str, e: &sigma::RuleError) -> Error {
    let mut problem = text::problem(e);
    if sigma::pipelines_in(body).iter().any(|p| p.document == e.document) {
        problem.reason =
            "this is a processing pipeline and no rule: import it, or put it beside the packs".into();
    }
    text::refused(&problem)
}

fn rewritten(old: &Stored, parsed: sigma::Parsed, body: &str) -> Result<Rewritten> {
    if let Some(e) = parsed.errors.first() {
        return Err(refused(body, e));
    }
    let [mut rule] = <[sigma::Rule; 1]>::try_from(parsed.rules)
        .map_err(|r| text::refused_whole("", format!("one rule is expected, here are {}", r.len())))?;
    if rule.id != old.rule.rule_id && is_uuid(&rule.id) {
        return Err(text::refused_whole("id", "a rule keeps its id: create another one"));
    }
    if body == old.rule.body {
        return Ok(None);
    }
    rule.id.clone_from(&old.rule.rule_id);
    let pack_body = old.rule.pack.is_some().then(|| old.pack_body.as_ref().unwrap_or(&old.rule.body).clone());
    let pack_body = pack_body.filter(|p| p != body);
    Ok(Some((text::row(&rule, body, &from(&old.rule), &old.rule.settings), pack_body)))
}

fn reverted(old: &Stored) -> Result<Rewritten> {
    let body = old
        .pack_body
        .as_ref()
        .ok_or_else(|| Error::field("body", "the rule has no other text than its own"))?;
    let from = from(&old.rule);
    let row = match text::one(body, &old.rule.rule_id) {
        Some(rule) => text::row(&rule, body, &from, &old.rule.settings),
        None => {
            let errors: Vec<_> = sigma::parse(body).errors.iter().map(text::problem).collect();
            text::broken(&old.rule.rule_id, &old.rule.title, body, &from, &errors)
        }
    };
    Ok(Some((row, None)))
}

fn from(rule: &Rule) -> Origin<'_> {
    let (pack, file) = (rule.pack.as_deref(), rule.file.as_deref());
    Origin { origin: rule.origin, pack, file, enabled: rule.enabled }
}

/// Deletes a rule of one's own.
pub async fn delete(app: &App, by: &Actor, rule_id: &str, if_match: IfMatch<'_>) -> Result<()> {
    let now = app.kernel.world.now();
    let mut tx = app.kernel.db.write(by).await?;
    let old = rules::get_in(&mut tx, rule_id).await?.ok_or_else(|| Error::new(Code::NotFound))?;
    if_match(i64::from(old.rule.version))?;
    if let Some(pack) = &old.rule.pack {
        let detail = json!({"reason": "it belongs to a pack: disable it, or remove the pack", "pack": pack});
        return Err(Error::with(Code::Conflict, detail));
    }
    let step = Step { body: Some(&old.rule.body), ..Step::plain(rule_id, "deleted") };
    write::changed(&mut tx, &[step], &by.name, now).await?;
    write::delete(&mut tx, &[rule_id]).await?;
    correlations::forget(&mut tx, rule_id).await?;
    let number = write::next_set(&mut tx).await?;
    let before = json!({"title": old.rule.title, "enabled": old.rule.enabled, "body": old.rule.body});
    tx.commit(Audit::new("rule.delete", "rule", rule_id).before(before), &[]).await?;
    app.rules.changed(number);
    Ok(())
}

/// Switches many rules, or a pack.
pub async fn bulk(app: &App, by: &Actor, c: BulkRules) -> Result<(BulkDone, Option<i64>)> {
    if c.rule_ids.len() > 1_000 {
        return Err(Error::field("rule_ids", "at most 1,000"));
    }
    if c.rule_ids.is_empty() == c.pack.is_none() {
        return Err(Error::field("rule_ids", "give rule_ids or a pack, one of the two"));
    }
    let mut ids = c.rule_ids;
    ids.sort();
    ids.dedup();
    let now = app.kernel.world.now();
    let mut tx = app.kernel.db.write(by).await?;
    let mut done = BulkDone::default();
    let (changed, of) = match &c.pack {
        Some(pack) => {
            let members = super::store::packs::members(&mut tx, pack).await?.len();
            if super::store::packs::version(&mut tx, pack).await?.is_none() {
                return Err(Error::new(Code::NotFound));
            }
            (write::enable_pack(&mut tx, pack, c.enabled, now).await?, members)
        }
        None => {
            let there = write::there(&mut tx, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await?;
            done.missing = ids.iter().filter(|i| !there.contains(i)).cloned().collect();
            (write::enable(&mut tx, &ids, c.enabled, now).await?, there.len())
        }
    };
    done.changed = u64::try_from(changed.len()).unwrap_or(0);
    done.unchanged = u64::try_from(of.saturating_sub(changed.len())).unwrap_or(0);
    if changed.is_empty() {
        return Ok((done, None));
    }
    let what = if c.enabled { "enabled" } else { "disabled" };
    let steps: Vec<_> = changed.iter().map(|id| Step::plain(id, what)).collect();
    write::changed(&mut tx, &steps, &by.name, now).await?;
    let number = write::next_set(&mut tx).await?;
    let listed: Vec<_> = changed.iter().take(1_000).collect();
    let after = json!({"enabled": c.enabled, "changed": done.changed, "rule_ids": listed});
    let object = c.pack.as_deref().map_or(("rules", "bulk"), |p| ("pack", p));
    let seq = tx.commit(Audit::new("rule.bulk", object.0, object.1).after(after), &[]).await?;
    app.rules.changed(number);
    Ok((done, Some(seq)))
}
