//! A loaded rule: what is said about it, and its compiled body.

use super::{body::Body, correlation::Correlation, error::At, filter::Filter};
use serde::Serialize;
use std::{ops::Range, sync::Arc};

/// How bad a match is, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Enriches events; not for alerts.
    Informational,
    /// Notable, rarely an incident.
    Low,
    /// To be reviewed.
    Medium,
    /// To be reviewed promptly.
    High,
    /// An incident.
    Critical,
}

impl Level {
    /// The word in a rule.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Informational => "informational",
            Level::Low => "low",
            Level::Medium => "medium",
            Level::High => "high",
            Level::Critical => "critical",
        }
    }

    pub(crate) fn named(text: &str) -> Option<Level> {
        use Level::{Critical, High, Informational, Low, Medium};
        [Informational, Low, Medium, High, Critical].into_iter().find(|l| l.as_str() == text)
    }
}

/// How ripe a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// For production.
    Stable,
    /// Mostly stable.
    Test,
    /// May be noisy.
    Experimental,
    /// Replaced by another rule.
    Deprecated,
    /// Not usable as it is.
    Unsupported,
}

impl Status {
    /// The word in a rule.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Stable => "stable",
            Status::Test => "test",
            Status::Experimental => "experimental",
            Status::Deprecated => "deprecated",
            Status::Unsupported => "unsupported",
        }
    }

    pub(crate) fn named(text: &str) -> Option<Status> {
        use Status::{Deprecated, Experimental, Stable, Test, Unsupported};
        [Stable, Test, Experimental, Deprecated, Unsupported].into_iter().find(|s| s.as_str() == text)
    }
}

/// Which logs a rule is for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, Serialize)]
pub struct Logsource {
    /// For example `windows`.
    pub product: Option<String>,
    /// For example `process_creation`.
    pub category: Option<String>,
    /// For example `security`.
    pub service: Option<String>,
    /// What the author says has to be logged.
    pub definition: Option<String>,
}

impl std::fmt::Display for Logsource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [&self.product, &self.category, &self.service];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        f.write_str(&parts.join("/"))
    }
}

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Looks at single events.
    Detection,
    /// Counts or orders the matches of other rules.
    Correlation,
    /// Takes matches of other rules away.
    Filter,
}

/// A rule as it was loaded.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The rule's `id`; without one its `name`, else `unnamed-` and a hash of its text.
    pub id: String,
    /// `name`, by which correlation rules refer to it.
    pub name: Option<String>,
    /// What it detects, in a few words.
    pub title: String,
    /// Ripeness; `None` where the rule does not say.
    pub status: Option<Status>,
    /// Severity; `None` where the rule does not say (treat as medium).
    pub level: Option<Level>,
    /// What it detects, at length.
    pub description: String,
    /// Who wrote it, to be shown wherever the rule or its alerts are.
    pub author: String,
    /// SPDX id of its licence.
    pub license: Option<String>,
    /// Tags as written, for example `attack.t1059.001`.
    pub tags: Vec<String>,
    /// Where it comes from.
    pub references: Vec<String>,
    /// Known false alarms.
    pub falsepositives: Vec<String>,
    /// Fields that the author finds interesting.
    pub fields: Vec<String>,
    /// Created, ISO 8601 date as written.
    pub date: Option<String>,
    /// Last changed, ISO 8601 date as written.
    pub modified: Option<String>,
    /// Which logs it is for; empty for correlation rules.
    pub logsource: Logsource,
    /// Processing items that changed it, as `pipeline: item`, in their order.
    pub pipelines: Vec<String>,
    /// What the document is.
    pub kind: Kind,
    /// Bytes of its document in the text it was parsed from.
    pub span: Range<usize>,
    /// 0-based number of its document in the text.
    pub document: usize,
    /// Rules of one text have the same number, and a name in one of them means the others first. Parsing makes it of
    /// the text; whoever parses the documents of a text one by one gives them one number.
    pub text: u64,
    /// Where its `id` stands in the text, without one its `name`; the start of the document without either.
    pub id_at: At,
    pub(crate) content: Content,
}

/// The part of a rule that runs.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Detection(Arc<Body>),
    Correlation(Arc<Correlation>),
    Filter(Arc<Filter>),
}

impl Rule {
    /// ATT&CK technique ids among the tags, upper case, in their order: `attack.t1059.001` is `T1059.001`.
    pub fn techniques(&self) -> Vec<String> {
        self.tags.iter().filter_map(|t| technique(t)).collect()
    }

    /// ATT&CK tactics among the tags, as written behind `attack.`, with `-` between words.
    pub fn tactics(&self) -> Vec<String> {
        let named = self.tags.iter().filter_map(|t| t.strip_prefix("attack."));
        named.filter(|t| !t.bytes().any(|b| b.is_ascii_digit())).map(|t| t.replace('_', "-")).collect()
    }

    /// Placeholders (`|expand`) that must get values before the rule can run; empty for most rules.
    pub fn placeholders(&self) -> &[String] {
        match &self.content {
            Content::Detection(body) => &body.placeholders,
            Content::Filter(filter) => &filter.body.placeholders,
            Content::Correlation(_) => &[],
        }
    }

    /// Ids and names of the rules that a correlation or filter rule names; empty for other kinds, and for a filter
    /// of any rule.
    pub fn refers_to(&self) -> &[String] {
        match &self.content {
            Content::Correlation(c) => &c.rules,
            Content::Filter(f) => f.rules.as_deref().unwrap_or_default(),
            Content::Detection(_) => &[],
        }
    }
}

/// The ATT&CK technique id that a tag names.
pub fn technique(tag: &str) -> Option<String> {
    let id = tag.strip_prefix("attack.")?;
    let digits = id.strip_prefix(['t', 'T'])?;
    let (main, sub) = digits.split_once('.').map_or((digits, None), |(m, s)| (m, Some(s)));
    let number = |text: &str, len: usize| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
    (number(main, 4) && sub.is_none_or(|s| number(s, 3))).then(|| format!("T{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn techniques_out_of_tags() {
        assert_eq!(technique("attack.t1059.001").as_deref(), Some("T1059.001"));
        assert_eq!(technique("attack.T1003").as_deref(), Some("T1003"));
        for tag in [
            "attack.execution",
            "attack.t105",
            "attack.t1059.1",
            "car.2013-05-004",
            "attack.tool",
            "cve.t1059",
        ] {
            assert_eq!(technique(tag), None, "{tag}");
        }
    }
}
