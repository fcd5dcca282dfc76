//! Sigma rules as text: YAML to checked rules, or to errors that say where.

pub(crate) mod body;
pub mod cache;
pub(crate) mod condition;
pub(crate) mod correlation;
mod document;
mod encode;
pub(crate) mod error;
pub(crate) mod expression;
pub(crate) mod filter;
pub(crate) mod modifier;
pub(crate) mod number;
pub(crate) mod parts;
pub(crate) mod pattern;
mod pipeline;
pub(crate) mod rule;
mod scalar;
pub(crate) mod value;
mod wire;
pub(crate) mod yaml;

pub use error::{At, RuleError};
pub use pipeline::{Pipeline, PipelineDocument, Pipelines, pipelines_in};
pub use rule::{Kind, Level, Logsource, Rule, Status, technique};

/// What a text holds: every document is either a rule or an error.
#[derive(Debug, Default)]
pub struct Parsed {
    /// Documents that loaded, in their order.
    pub rules: Vec<Rule>,
    /// Documents that did not, in their order.
    pub errors: Vec<RuleError>,
}

/// Reads the rules of a text of one or more YAML documents. A document that does not load never takes another
/// with it. Bounded in time and memory for any text of up to 16 MiB.
pub fn parse(text: &str) -> Parsed {
    parse_with(text, &Pipelines::default())
}

/// Like [`parse`], and applies pipelines to every rule before it is compiled. What a pipeline refuses is an error of
/// that rule.
pub fn parse_with(text: &str, pipelines: &Pipelines) -> Parsed {
    let mut parsed = Parsed::default();
    let whole = text;
    let text = whole.strip_prefix('\u{feff}').unwrap_or(whole);
    let skipped = whole.len() - text.len();
    let mark = mark(text);
    for (number, doc) in yaml::documents(text).into_iter().enumerate() {
        let root = match doc.root {
            Ok(root) => root,
            Err(problem) => {
                parsed.errors.push(problem.in_document(number, None));
                continue;
            }
        };
        let own = text.get(doc.span.clone()).unwrap_or_default();
        let span = doc.span.start + skipped..doc.span.end + skipped;
        match document::read(&root, number, span, own, pipelines) {
            Ok(rule) => parsed.rules.push(Rule { text: mark, ..rule }),
            Err(problem) => {
                let name = root.get("id").or_else(|| root.get("title")).and_then(|n| n.text());
                let name = name.map(|n| n.chars().take(256).collect());
                parsed.errors.push(problem.located(text).in_document(number, name));
            }
        }
    }
    parsed
}

/// The number of a text: the same for the same text, on every machine.
fn mark(text: &str) -> u64 {
    let sum = *blake3::hash(text.as_bytes()).as_bytes();
    sum[..8].iter().fold(0, |n, b| n << 8 | u64::from(*b))
}

/// Like [`parse`] for bytes; those that are not UTF-8 are refused with the place of the first bad byte.
pub fn parse_bytes(bytes: &[u8]) -> Parsed {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text),
        Err(e) => {
            let good = std::str::from_utf8(&bytes[..e.valid_up_to()]).unwrap_or_default();
            let line = error::lines(good).count();
            let column = error::lines(good).last().unwrap_or_default().chars().count() + 1;
            let problem = error::Problem::new(At { line, column }, "", "not UTF-8");
            Parsed { rules: Vec::new(), errors: vec![problem.in_document(0, None)] }
        }
    }
}
