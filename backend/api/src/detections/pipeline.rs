//! Sigma processing pipelines: what this workspace changes in every rule before it is compiled.

use super::RuleProblem;
use crate::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A processing pipeline of the workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pipeline {
    /// Letters and digits of the name in lower case, `-` between words.
    pub pipeline_id: String,
    /// `name` in its text, else the name of its file.
    pub name: String,
    /// `priority` in its text: the lowest is applied first.
    pub priority: i64,
    /// Whether it is applied.
    pub enabled: bool,
    /// YAML, as pySigma has it. Empty in lists.
    pub body: String,
    /// Of the text.
    pub sha256: String,
    /// Enabled rules that it changes, in the rule set that runs now.
    pub rules: u64,
    /// Why it is not applied though it is enabled: this version of the program does not read its text.
    pub problem: Option<RuleProblem>,
    /// Grows with each change.
    pub revision: u32,
    /// When it came in.
    pub created_at: Time,
    /// Who brought it: a user name.
    pub created_by: String,
    /// Last change.
    pub updated_at: Time,
    /// Who changed it last: a user name.
    pub updated_by: String,
}

/// Path of one pipeline.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PipelinePath {
    /// Id.
    pub pipeline_id: String,
}

list_query! {
    /// Query of GET /detections/pipelines: in the order in which they are applied.
    PipelineList {}
}

/// Body of PUT /detections/pipelines/{pipeline_id}: makes one or writes over it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PutPipeline {
    /// YAML, as pySigma has it. A `name` in it must be the one that the id is made of.
    pub body: String,
    /// Whether it is applied; as before by default, a new one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A pipeline in a text that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckedPipeline {
    /// What it would be stored under; empty when it has no name.
    pub pipeline_id: String,
    /// `name`; may be empty.
    pub name: String,
    /// `priority`.
    pub priority: i64,
    /// One of this id is there already.
    pub exists: bool,
}

/// The id that a name gives: its letters and digits in lower case, `-` between words. Empty when it has none.
pub fn pipeline_id(name: &str) -> String {
    let mut id = String::new();
    for c in name.to_lowercase().chars() {
        match c.is_alphanumeric() {
            true => id.push(c),
            false if !id.is_empty() && !id.ends_with('-') => id.push('-'),
            false => {}
        }
    }
    id.truncate(id.trim_end_matches('-').len());
    id
}

#[cfg(test)]
mod tests {
    use super::pipeline_id;

    #[test]
    fn ids_are_words() {
        assert_eq!(pipeline_id("  Our Windows/Linux fields! "), "our-windows-linux-fields");
        assert_eq!(pipeline_id("حقول ٢"), "حقول-٢");
        assert_eq!(pipeline_id("../.."), "");
    }
}
