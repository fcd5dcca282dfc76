//! Detection rules: those that come with the program, compiled once.

use crate::App;
use api::{Code, Page, Time, alerts::Severity, detections::*, siem::RuleNote};
use detect::{Engine, Mapping, NotRun, sigma};
use kernel::{
    Error, Result,
    route::{Answer, Call, Routes},
};
use std::collections::HashMap;

/// The rules of a workspace.
pub struct Rules {
    /// Compiled.
    pub engine: Engine,
    /// Loaded, but not run, with why.
    pub not_run: Vec<NotRun>,
    text: HashMap<String, String>,
    by_id: HashMap<String, usize>,
}

impl Rules {
    /// The program's own rules.
    pub fn builtin() -> std::result::Result<Rules, sigma::RuleError> {
        let mut text = HashMap::new();
        for file in detect::builtin_files() {
            for rule in sigma::parse(file.text).rules {
                let body = file.text.get(rule.span.clone()).unwrap_or(file.text);
                text.insert(rule.id.clone(), body.to_owned());
            }
        }
        let parsed = detect::builtin();
        if let Some(e) = parsed.errors.into_iter().next() {
            return Err(e);
        }
        let (engine, mut not_run) = Engine::build(parsed.rules, &Mapping::builtin()?);
        not_run.extend(engine.uncorrelated());
        let by_id = engine.rules().iter().enumerate().map(|(i, r)| (r.id.clone(), i)).collect();
        Ok(Rules { engine, not_run, text, by_id })
    }

    /// Its place in the engine.
    pub fn index(&self, rule_id: &str) -> Option<usize> {
        self.by_id.get(rule_id).copied()
    }

    /// Rules that did not run, as the API says it.
    pub fn notes(not_run: &[NotRun]) -> Vec<RuleNote> {
        let note = |n: &NotRun| RuleNote {
            rule_id: n.rule_id.clone(),
            title: n.title.clone(),
            reason: n.reason.clone(),
        };
        not_run.iter().map(note).collect()
    }

    fn wire(&self, r: &sigma::Rule) -> Rule {
        let l = &r.logsource;
        let parts = [&l.product, &l.category, &l.service].map(|p| p.as_deref().unwrap_or("*"));
        Rule {
            rule_id: r.id.clone(),
            title: r.title.clone(),
            description: r.description.clone(),
            status: r.status.map_or("", |s| s.as_str()).into(),
            level: r.level.map_or("medium", |l| l.as_str()).into(),
            format: if r.kind == sigma::Kind::Correlation { "sigma_correlation" } else { "sigma" }.into(),
            body: self.text.get(&r.id).cloned().unwrap_or_default(),
            enabled: true,
            tags: r.tags.clone(),
            logsource: parts.join("/"),
            author: Some(r.author.clone()).filter(|a| !a.is_empty()),
            falsepositives: r.falsepositives.clone(),
            references: r.references.clone(),
            version: 1,
            created_at: date(r.date.as_deref()),
            updated_at: date(r.modified.as_deref().or(r.date.as_deref())),
            errors: vec![],
        }
    }
}

/// Severity of an alert from a rule's level; informational is info, none is medium.
pub fn severity(r: &sigma::Rule) -> Severity {
    match r.level.map(|l| l.as_str()) {
        Some("informational") => Severity::Info,
        Some(word) => Severity::parse(word).unwrap_or(Severity::Medium),
        None => Severity::Medium,
    }
}

fn date(text: Option<&str>) -> Time {
    text.and_then(|d| Time::parse(&format!("{}T00:00:00Z", d.replace('/', "-")))).unwrap_or_default()
}

/// Routes of this domain.
pub fn routes() -> Routes<App> {
    Routes::default().with(list).with(get)
}

async fn list(app: App, call: Call<RulesList>) -> Result<Answer<Page<Rule>>> {
    let q = call.query;
    let limit = kernel::route::limit(q.limit)?;
    kernel::route::count_cap(q.count.as_deref())?;
    kernel::route::only_sort(q.sort.as_deref(), &["title", "level", "-level"])?;
    let levels = kernel::route::words("level", q.level.as_deref(), |w| {
        ["informational", "low", "medium", "high", "critical"].into_iter().find(|l| *l == w)
    })?;
    let words = q.q.map(|q| q.to_lowercase());
    let mut rules: Vec<_> = app.rules.engine.rules().iter().map(|r| app.rules.wire(r)).collect();
    rules.retain(|r| {
        let level = levels.as_ref().is_none_or(|l| l.contains(&r.level.as_str()));
        let text = words.as_ref().is_none_or(|w| {
            r.title.to_lowercase().contains(w)
                || r.rule_id.contains(w)
                || r.tags.iter().any(|t| t.contains(w))
        });
        level && text
    });
    let rank = |r: &Rule| Severity::parse(&r.level).map_or(0, |s| s as u8);
    match q.sort.as_deref() {
        Some("level") => rules.sort_by_key(|r| (rank(r), r.title.clone())),
        Some("-level") => rules.sort_by_key(|r| (u8::MAX - rank(r), r.title.clone())),
        _ => rules.sort_by(|a, b| a.title.cmp(&b.title)),
    }
    let total = i64::try_from(rules.len()).unwrap_or(i64::MAX);
    let from = match kernel::route::cursor::<String>(q.cursor.as_deref())? {
        Some(last) => rules.iter().position(|r| r.rule_id == last).map_or(0, |i| i + 1),
        None => 0,
    };
    let items = rules.into_iter().skip(from).take(limit as usize + 1).collect();
    Ok(kernel::route::page(items, limit, total, i64::MAX, |r: &Rule| r.rule_id.clone()).into())
}

async fn get(app: App, call: Call<RuleGet>) -> Result<Answer<Rule>> {
    let index = app.rules.index(&call.path.rule_id).ok_or_else(|| Error::new(Code::NotFound))?;
    let rule = app.rules.engine.rules().get(index).map(|r| app.rules.wire(r));
    let rule = rule.ok_or_else(|| Error::new(Code::NotFound))?;
    let version = i64::from(rule.version);
    Ok(Answer::from(rule).version(version))
}
