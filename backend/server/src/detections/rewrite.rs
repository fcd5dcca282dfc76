//! The pipelines that rules are read through: from rows to what the parser takes, and what it says of a rule.

use super::{
    store::{
        pipelines::{self, Source},
        rules,
    },
    text,
};
use api::detections::RuleProblem;
use detect::{Cause, NotRun, sigma};
use kernel::{Error, Result, db::Reader};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// Pipelines that are enabled and load.
#[derive(Debug, Default)]
pub struct Pipelines {
    all: sigma::Pipelines,
    /// (id, name) of each.
    names: Vec<(String, String)>,
    /// Enabled ones that this version of the program does not read.
    broken: Vec<(String, RuleProblem)>,
    hash: String,
}

/// A rule as the workspace's pipelines make it, or why they refuse it.
pub type Rewritten = std::result::Result<sigma::Rule, NotRun>;

impl Pipelines {
    /// Reads texts; those that are not enabled are passed over.
    pub fn new(sources: Vec<Source>) -> Pipelines {
        let (mut made, mut all, mut hash) = (Pipelines::default(), vec![], Sha256::new());
        for s in sources.into_iter().filter(|s| s.enabled) {
            match sigma::Pipeline::parse(&s.body) {
                Ok(p) => {
                    hash.update(format!("{}\n{}\n", s.name, s.sha256));
                    all.push(p.or_named(&s.name));
                    made.names.push((s.pipeline_id, s.name));
                }
                Err(e) => {
                    tracing::error!(pipeline = %s.pipeline_id, error = %e, "a pipeline does not load and is not applied");
                    made.broken.push((s.pipeline_id, text::problem(&e)));
                }
            }
        }
        made.all = sigma::Pipelines::new(all);
        made.hash = kernel::world::hex(&hash.finalize());
        made
    }

    /// Those that the store has now. Parses off the runtime.
    pub async fn load(db: &Reader) -> Result<Arc<Pipelines>> {
        let sources = pipelines::all(db).await?;
        let work = move || Arc::new(Pipelines::new(sources));
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)
    }

    /// Says which texts these are, in their order: a rule that was read through others is another rule.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// What the parser takes.
    pub fn all(&self) -> &sigma::Pipelines {
        &self.all
    }

    /// Why an enabled pipeline is not applied.
    pub fn problem(&self, pipeline_id: &str) -> Option<&RuleProblem> {
        self.broken.iter().find(|(id, _)| id == pipeline_id).map(|(_, p)| p)
    }

    /// The rule of a stored text, under the id that it is stored by; none when the text alone does not load.
    pub fn one(&self, body: &str, rule_id: &str) -> Option<Rewritten> {
        let parsed = sigma::parse_with(body, &self.all);
        if let Some(mut rule) = parsed.rules.into_iter().next() {
            rule_id.clone_into(&mut rule.id);
            return Some(Ok(rule));
        }
        let plain = text::one(body, rule_id)?;
        let reason = refusal(parsed.errors.first()?);
        Some(Err(NotRun { rule_id: plain.id, title: plain.title, cause: Cause::Pipeline, reason }))
    }

    /// The same for a row: without pipelines, what is kept beside its text spares reading it.
    pub fn of(&self, source: &rules::Source) -> Option<Rewritten> {
        let kept = source.parsed.as_ref().filter(|_| self.all.is_empty());
        let kept = kept.and_then(|parsed| text::kept(&source.body, parsed, &source.rule_id));
        kept.map(Ok).or_else(|| self.one(&source.body, &source.rule_id))
    }

    /// Ids of the pipelines that changed a rule.
    pub fn that_changed<'a>(&'a self, rule: &'a sigma::Rule) -> impl Iterator<Item = &'a str> {
        let of =
            |name: &str, step: &String| step.strip_prefix(name).is_some_and(|rest| rest.starts_with(": "));
        let changed = move |(_, name): &&(String, String)| rule.pipelines.iter().any(|step| of(name, step));
        self.names.iter().filter(changed).map(|(id, _)| id.as_str())
    }
}

/// Why pipelines refuse a rule whose own text is right.
pub fn refusal(e: &sigma::RuleError) -> String {
    match e.reason.starts_with("refused by the pipeline ") {
        true => e.reason.clone(),
        false => format!("not valid as the pipelines rewrite it: {e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detections::compile::{Loaded, Parsed, build};

    const RULE: &str = "title: t\nlogsource: {product: windows}\ndetection:\n  s: {User|expand: '%Admins%'}\n  condition: s\n";

    fn pipeline(name: &str, body: &str, enabled: bool) -> Source {
        let (body, sha256) = (body.to_owned(), text::hash(body));
        Source { pipeline_id: name.into(), name: name.into(), sha256, enabled, body }
    }

    fn loaded(pipelines: Vec<Source>) -> Loaded {
        let rule = rules::Source {
            rule_id: "r".into(),
            hash: text::hash(RULE),
            settings: api::detections::RuleSettings::default(),
            pack: None,
            file: None,
            body: RULE.into(),
            parsed: None,
        };
        Loaded { rules: vec![rule], pipelines, ..Loaded::default() }
    }

    #[test]
    fn a_rule_that_was_read_through_other_pipelines_is_read_again() {
        let values = || pipeline("values", "vars: {Admins: a}", true);
        let mut parsed = Parsed::default();
        let cause = |set: &crate::detections::RuleSet| set.not_run.first().map(|n| n.cause);
        let bare = build(loaded(vec![]), &mut parsed);
        assert_eq!(cause(&bare), Some(Cause::NeedsConfiguration));
        let with = build(loaded(vec![values()]), &mut parsed);
        assert_eq!((cause(&with), with.changed_by("values")), (None, 1));
        assert_eq!(with.rewritten("r"), ["values: vars"]);
        let again = build(loaded(vec![values()]), &mut parsed);
        assert_eq!((cause(&again), again.changed_by("values")), (None, 1));
        let off = build(loaded(vec![Source { enabled: false, ..values() }]), &mut parsed);
        assert_eq!((cause(&off), off.changed_by("values")), (Some(Cause::NeedsConfiguration), 0));
        let refuse = pipeline("no", "transformations: [{type: rule_failure, message: not here}]", true);
        let refused = build(loaded(vec![refuse]), &mut parsed);
        assert_eq!(cause(&refused), Some(Cause::Pipeline));
        assert!(refused.refusal("r").is_some_and(|(_, why)| why.contains("not here")));
    }

    #[test]
    fn what_is_kept_beside_a_text_is_that_rule_and_only_where_no_pipeline_is_applied() {
        let from =
            text::Origin { origin: api::detections::RuleOrigin::Own, pack: None, file: None, enabled: true };
        let other = "title: u\nid: 00000000-0000-4000-8000-000000000009\nlogsource: {product: windows}\n\
                     detection:\n  s: {A: b}\n  condition: s\n";
        let parsed = sigma::parse(&format!("{other}---\n{RULE}"));
        let row = text::row(&parsed.rules[1], RULE, &from, &api::detections::RuleSettings::default());
        let hexadecimal = row.parsed.unwrap();
        let byte = |i: usize| u8::from_str_radix(&hexadecimal[2 * i..2 * i + 2], 16).unwrap();
        let bytes: Vec<_> = (0..hexadecimal.len() / 2).map(byte).collect();
        assert_eq!(text::kept(RULE, &bytes, "r").map(|r| (r.id, r.title)), Some(("r".into(), "t".into())));
        assert!(text::kept(other, &bytes, "r").is_none(), "of another text");
        let source = rules::Source { parsed: Some(bytes), ..loaded(vec![]).rules.remove(0) };
        let placeholders = |p: &Pipelines| p.of(&source).map(|r| r.unwrap().placeholders().len());
        assert_eq!(placeholders(&Pipelines::default()), Some(1));
        assert_eq!(placeholders(&Pipelines::new(vec![pipeline("v", "vars: {Admins: a}", true)])), Some(0));
    }

    #[test]
    fn a_text_that_this_version_does_not_read_is_named_and_the_others_are_applied() {
        let new = pipeline("new", "transformations: [{type: of_next_year}]", true);
        let both = Pipelines::new(vec![new, pipeline("values", "vars: {Admins: a}", true)]);
        assert!(both.problem("new").is_some_and(|p| p.reason.contains("of_next_year")));
        assert!(both.problem("values").is_none());
        assert!(both.one(RULE, "r").is_some_and(|r| r.is_ok_and(|r| r.placeholders().is_empty())));
        assert!(both.one("title: t", "r").is_none(), "its own text does not load");
    }
}
