//! Pipelines among the documents of a text: people keep them beside their rules.

use super::{Pipeline, read};
use crate::sigma::{
    RuleError,
    yaml::{self, Node},
};
use std::ops::Range;

/// A document that is a pipeline.
#[derive(Debug)]
pub struct PipelineDocument {
    /// 0-based number of the document in the text, as in the errors of rules.
    pub document: usize,
    /// Bytes of the text that are the document.
    pub span: Range<usize>,
    /// The pipeline, or what is wrong with it; lines are those of the whole text.
    pub pipeline: Result<Pipeline, RuleError>,
}

/// What only pipelines have, and what only rules have.
const OURS: [&str; 2] = ["transformations", "vars"];
const RULES: [&str; 3] = ["detection", "correlation", "filter"];

/// The documents of a text that are pipelines and no rules: `transformations` or `vars` stands in them at the top, and
/// no `detection`, `correlation` or `filter`. For [`super::super::parse`] each of them is an error of the same number.
pub fn pipelines_in(text: &str) -> Vec<PipelineDocument> {
    if !OURS.iter().any(|k| text.contains(k)) {
        return vec![];
    }
    let whole = text;
    let text = whole.strip_prefix('\u{feff}').unwrap_or(whole);
    let skipped = whole.len() - text.len();
    let mut found = vec![];
    for (document, doc) in yaml::documents(text).into_iter().enumerate() {
        let span = doc.span.start + skipped..doc.span.end + skipped;
        let own = text.get(doc.span).unwrap_or_default();
        let pipeline = match doc.root {
            Ok(root) if is_pipeline(&|key| root.get(key).is_some()) => read_in(&root, document),
            Err(problem) if is_pipeline(&|key| has_line(own, key)) => {
                Err(problem.in_document(document, None))
            }
            _ => continue,
        };
        found.push(PipelineDocument { document, span, pipeline });
    }
    found
}

fn read_in(root: &Node, document: usize) -> Result<Pipeline, RuleError> {
    let name = root.get("name").and_then(Node::text).map(|n| n.chars().take(256).collect());
    read::read(root).map_err(|p| p.in_document(document, name))
}

fn is_pipeline(has: &dyn Fn(&str) -> bool) -> bool {
    OURS.iter().any(|k| has(k)) && !RULES.iter().any(|k| has(k))
}

/// Whether a line begins with a key: all that can be said of a text that is no YAML.
fn has_line(text: &str, key: &str) -> bool {
    text.lines().any(|l| l.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipelines_are_told_from_rules() {
        let rule = "title: t\nlogsource: {product: windows}\ndetection:\n  s: {transformations: vars}\n  condition: s\n";
        let text = format!(
            "{rule}---\nname: one\nvars: {{a: b}}\n---\nname: two\ntransformations:\n  - {{type: x}}\n"
        );
        for text in [text.clone(), format!("\u{feff}{text}")] {
            let found = pipelines_in(&text);
            let said: Vec<_> = found.iter().map(|f| (f.document, f.pipeline.is_ok())).collect();
            assert_eq!(said, [(1, true), (2, false)]);
            assert!(text[found[0].span.clone()].trim_start().starts_with("name: one"));
            let error = found[1].pipeline.as_ref().unwrap_err();
            assert_eq!((error.line, error.document, error.rule.as_deref()), (12, 2, Some("two")), "{error}");
            let errors: Vec<_> = crate::sigma::parse(&text).errors.iter().map(|e| e.document).collect();
            assert_eq!(errors, [1, 2]);
        }
        assert!(pipelines_in(rule).is_empty());
    }

    #[test]
    fn a_pipeline_that_is_no_yaml_is_one_still() {
        let found = pipelines_in("name: x\nvars:\n  a: [b\ntransformations: []\n");
        assert!(found[0].pipeline.as_ref().is_err_and(|e| e.reason.contains("not valid YAML")), "{found:?}");
        assert!(pipelines_in("title: x\nvars: [\ndetection: {}\n").is_empty());
    }
}
