//! Processing pipelines in YAML, as pySigma defines them: a user's own field names, log sources and values.
//!
//! A pipeline changes rules between YAML and compiling, so what it changes is the rule as written: `replace_string` and
//! `match_string` see a value before `contains` and its like put wildcards around it. What only makes sense for a query
//! language (post-processing, finalizers, query expressions) or reads files, commands or the network is refused by name.

mod apply;
mod conditions;
mod found;
mod read;
mod rewrite;
mod values;

pub(crate) use apply::{Applied, apply};
pub use found::{PipelineDocument, pipelines_in};
pub(crate) use rewrite::empty;

use super::{
    At, RuleError,
    yaml::{self, Node},
};
use conditions::{FieldCondition, ItemCondition, Linked, RuleCondition};
use regex::Regex;

/// A processing pipeline, read and checked.
#[derive(Clone, Debug)]
pub struct Pipeline {
    name: String,
    name_at: At,
    priority: i64,
    vars: Vec<(String, Vec<String>)>,
    steps: Vec<Step>,
    notes: Vec<String>,
}

/// Pipelines in the order in which they are applied: by priority, lowest first.
#[derive(Clone, Debug, Default)]
pub struct Pipelines(Vec<Pipeline>);

/// One processing item.
#[derive(Clone, Debug)]
struct Step {
    /// `id`; without one the number in the pipeline, from 1.
    id: String,
    what: Transformation,
    rule: Linked<RuleCondition>,
    item: Linked<ItemCondition>,
    field: Linked<FieldCondition>,
}

#[derive(Clone, Debug)]
enum Transformation {
    Fields(Rename),
    DropItem,
    AddCondition {
        name: Option<String>,
        search: Node,
        negated: bool,
        template: bool,
    },
    ChangeLogsource {
        product: Option<String>,
        category: Option<String>,
        service: Option<String>,
    },
    ReplaceString {
        regex: Regex,
        replacement: String,
        skip_special: bool,
        interpret_special: bool,
    },
    MapString(Vec<(String, Vec<String>)>),
    SetState(String, String),
    ValuePlaceholders(Chosen),
    WildcardPlaceholders(Chosen),
    RuleFailure(String),
    ItemFailure(String),
    /// Items that are applied where this one's rule conditions hold.
    Nest(Vec<Step>),
    /// Nothing that could change a match.
    Idle,
}

/// New names for fields.
#[derive(Clone, Debug)]
enum Rename {
    Map(Vec<(String, Vec<String>)>),
    PrefixMap(Vec<(String, Vec<String>)>),
    Prefix(String),
    Suffix(String),
}

/// Which placeholders a transformation is for.
#[derive(Clone, Debug, Default)]
struct Chosen {
    include: Option<Vec<String>>,
    exclude: Option<Vec<String>>,
}

impl Pipeline {
    /// Reads a pipeline.
    ///
    /// # Errors
    /// When the text is not YAML, a key is unknown or wrong, or a transformation or condition is unknown or not
    /// supported, with its line and column.
    pub fn parse(text: &str) -> Result<Pipeline, RuleError> {
        let root = document(text.strip_prefix('\u{feff}').unwrap_or(text));
        root.and_then(|root| read::read(&root)).map_err(|p| p.in_document(0, None))
    }

    /// With this name where its text gives it none: messages name it, and its steps.
    #[must_use]
    pub fn or_named(mut self, name: &str) -> Pipeline {
        if self.name.is_empty() {
            name.clone_into(&mut self.name);
        }
        self
    }

    /// Where `name` stands; the start of the document without one.
    pub fn name_at(&self) -> At {
        self.name_at
    }

    /// `name`; empty without one.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is read and does nothing here, in plain words.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// `priority`: the lowest is applied first.
    pub fn priority(&self) -> i64 {
        self.priority
    }
}

impl Pipelines {
    /// Orders the pipelines by priority; those of the same priority stay in the given order.
    pub fn new(mut pipelines: Vec<Pipeline>) -> Pipelines {
        pipelines.sort_by_key(|p| p.priority);
        Pipelines(pipelines)
    }

    /// Without the steps that drop, add or refuse: what is left says the same thing in other names and values. For
    /// texts that are no rules themselves and stand beside one, and must not come to mean more or less than they say.
    #[must_use]
    pub fn renaming(&self) -> Pipelines {
        let mut all = self.clone();
        for pipeline in &mut all.0 {
            keep_renaming(&mut pipeline.steps);
        }
        all
    }

    /// Whether there is nothing to apply.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn keep_renaming(steps: &mut Vec<Step>) {
    use Transformation as T;
    steps.retain_mut(|s| {
        if let T::Nest(inner) = &mut s.what {
            keep_renaming(inner);
        }
        !matches!(s.what, T::DropItem | T::AddCondition { .. } | T::RuleFailure(_) | T::ItemFailure(_))
    });
}

/// The one document of a text.
fn document(text: &str) -> Result<Node, super::error::Problem> {
    let mut docs = yaml::documents(text);
    let place = super::error::At { line: 1, column: 1 };
    if docs.len() != 1 {
        let reason = format!("a pipeline is one document, here are {}", docs.len());
        return Err(super::error::Problem::new(place, "", reason));
    }
    docs.remove(0).root
}
