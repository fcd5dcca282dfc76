//! Rule texts: from YAML to what is stored, and what is wrong with them in the words of the contract.

use super::store::{rules::About, write::NewRule};
use api::{
    Code,
    detections::{RuleOrigin, RuleProblem, RuleSettings},
};
use detect::sigma::{self, Kind, RuleError};
use kernel::{Error, world::hex};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// The levels of Sigma, ascending.
pub const LEVELS: &[&str] = &["informational", "low", "medium", "high", "critical"];

/// The rule of a stored text, under the id that it is stored by.
pub fn one(body: &str, rule_id: &str) -> Option<sigma::Rule> {
    let mut rule = sigma::parse(body).rules.into_iter().next()?;
    rule_id.clone_into(&mut rule.id);
    Some(rule)
}

/// The rule of a stored text out of what is kept beside it; none when that is of another text or version.
pub fn kept(body: &str, parsed: &[u8], rule_id: &str) -> Option<sigma::Rule> {
    let mut rule = sigma::cache::from_bytes(body, parsed)?.into_iter().next()?;
    rule_id.clone_into(&mut rule.id);
    Some(rule)
}

/// What is kept beside the text of a rule, in hexadecimal.
fn to_keep(rule: &sigma::Rule, body: &str) -> Option<String> {
    // Its text may have been one of many in a file.
    let mut rule = rule.clone();
    (rule.span, rule.document) = (0..body.len(), 0);
    let parsed = sigma::Parsed { rules: vec![rule], errors: vec![] };
    sigma::cache::to_bytes(body, &parsed).map(|bytes| hex(&bytes))
}

/// `sigma`, `sigma_correlation` or `sigma_filter`.
pub fn format(kind: Kind) -> &'static str {
    match kind {
        Kind::Detection => "sigma",
        Kind::Correlation => "sigma_correlation",
        Kind::Filter => "sigma_filter",
    }
}

/// `product/category/service`, `*` for what it leaves open.
pub fn logsource(rule: &sigma::Rule) -> String {
    let l = &rule.logsource;
    [&l.product, &l.category, &l.service].map(|p| p.as_deref().unwrap_or("*")).join("/")
}

/// What is wrong, as the API says it.
pub fn problem(e: &RuleError) -> RuleProblem {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    RuleProblem {
        line: number(e.line),
        column: number(e.column),
        reason: e.reason.clone(),
        path: e.path.clone(),
    }
}

/// AURORA-4222 with the place.
pub fn refused(p: &RuleProblem) -> Error {
    Error::with(
        Code::InvalidRule,
        json!({"line": p.line, "column": p.column, "reason": p.reason, "path": p.path, "field": "body"}),
    )
}

/// AURORA-4222 for a rule that is well-formed and wrong as a whole.
pub fn refused_whole(path: &str, reason: impl Into<String>) -> Error {
    refused(&RuleProblem { line: 1, column: 1, reason: reason.into(), path: path.into() })
}

/// SHA-256 of a text.
pub fn hash(body: &str) -> String {
    hex(&Sha256::digest(body.as_bytes()))
}

/// Where a rule comes from, for its row.
#[derive(Clone, Debug)]
pub struct Origin<'a> {
    pub origin: RuleOrigin,
    pub pack: Option<&'a str>,
    pub file: Option<&'a str>,
    pub enabled: bool,
}

fn text(v: &impl Serialize) -> String {
    serde_json::to_string(v).unwrap_or_else(|_| "null".into())
}

/// The level that counts: the local one, else the author's.
pub fn level(settings: &RuleSettings, own: &str) -> (String, i64) {
    let word = settings.level.as_deref().unwrap_or(own);
    let rank = LEVELS.iter().position(|l| *l == word).unwrap_or(2);
    (word.to_owned(), i64::try_from(rank).unwrap_or(2))
}

/// The row of a rule that loads.
pub fn row(rule: &sigma::Rule, body: &str, from: &Origin<'_>, settings: &RuleSettings) -> NewRule {
    let own = rule.level.map_or("medium", |l| l.as_str());
    let (level, rank) = level(settings, own);
    let some = |t: &str| Some(t.to_owned()).filter(|t| !t.is_empty());
    let about = About {
        description: rule.description.clone(),
        falsepositives: rule.falsepositives.clone(),
        references: rule.references.clone(),
        date: rule.date.clone(),
        modified: rule.modified.clone(),
    };
    NewRule {
        rule_id: rule.id.clone(),
        pack: from.pack.map(String::from),
        origin: from.origin.as_str(),
        file: from.file.map(String::from),
        title: rule.title.clone(),
        sort_title: rule.title.to_lowercase(),
        status: rule.status.map_or("", |s| s.as_str()).into(),
        level,
        rank,
        own_level: own.into(),
        format: format(rule.kind),
        hash: hash(body),
        enabled: i64::from(from.enabled),
        settings: text(settings),
        tags: text(&rule.tags),
        techniques: text(&rule.techniques()),
        product: rule.logsource.product.clone(),
        category: rule.logsource.category.clone(),
        service: rule.logsource.service.clone(),
        author: some(&rule.author),
        license: rule.license.clone(),
        about: text(&about),
        errors: "[]".into(),
        body: body.into(),
        parsed: to_keep(rule, body),
    }
}

/// The row of a text that does not load: kept with its errors, under its id where that could be read.
pub fn broken(id: &str, title: &str, body: &str, from: &Origin<'_>, errors: &[RuleProblem]) -> NewRule {
    let settings = RuleSettings::default();
    NewRule {
        rule_id: id.into(),
        pack: from.pack.map(String::from),
        origin: from.origin.as_str(),
        file: from.file.map(String::from),
        title: title.into(),
        sort_title: title.to_lowercase(),
        status: String::new(),
        level: "medium".into(),
        rank: 2,
        own_level: "medium".into(),
        format: "sigma",
        hash: hash(body),
        enabled: i64::from(from.enabled),
        settings: text(&settings),
        tags: "[]".into(),
        techniques: "[]".into(),
        product: None,
        category: None,
        service: None,
        author: None,
        license: None,
        about: text(&About::default()),
        errors: text(&errors),
        body: body.into(),
        parsed: None,
    }
}
