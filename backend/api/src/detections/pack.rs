//! Packs of rules.

use super::RuleProblem;
use crate::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rules that came together and are updated together.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Pack {
    /// `builtin` for the program's own, else made from the name.
    pub pack_id: String,
    /// As given at the import.
    pub name: String,
    /// Of the program for its own, else the first 12 digits of the content's SHA-256.
    pub version: String,
    /// Licences of its rules, the most frequent first.
    pub licenses: Vec<String>,
    /// Rules in it.
    pub rules: u64,
    /// Rules that shall run.
    pub enabled: u64,
    /// Rules that do run.
    pub running: u64,
    /// Rules that need values for placeholders.
    pub needs_configuration: u64,
    /// Documents that do not load.
    pub errors: u64,
    /// First import.
    pub created_at: Time,
    /// Last import.
    pub updated_at: Time,
    /// Who imported it last.
    pub imported_by: String,
}

/// Path of one pack.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PackPath {
    /// Id.
    pub pack_id: String,
}

list_query! {
    /// Query of GET /detections/packs: by name.
    PackList {}
}

/// Query of POST /detections/packs.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PackQuery {
    /// Name of the pack: an import of the same name is its next version. The file's name without its ending by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether its new rules shall run (true).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A rule in a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackRule {
    /// Sigma id.
    pub rule_id: String,
    /// Title.
    pub title: String,
    /// Its file in the pack.
    pub file: String,
}

/// A document that did not load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotLoaded {
    /// Its file in the pack.
    pub file: String,
    /// Where and why.
    #[serde(flatten)]
    pub problem: RuleProblem,
}

/// Result of a pack import. Each list holds the first 1,000; the numbers count all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackReport {
    /// The pack; empty when there were only processing pipelines, and no pack was touched.
    pub pack_id: String,
    /// Its name.
    pub name: String,
    /// Its new version.
    pub version: String,
    /// The version that was there before.
    pub previous_version: Option<String>,
    /// Files read.
    pub files: u64,
    /// Documents read.
    pub documents: u64,
    /// Rules that were not there.
    pub new: u64,
    /// Rules whose text changed.
    pub changed: u64,
    /// Rules that the pack had and has no more; they are removed, their alerts stay.
    pub gone: u64,
    /// Rules with the same text.
    pub unchanged: u64,
    /// Rules whose text was changed here: the new text of the pack is kept beside it.
    pub kept_local: u64,
    /// Rules of an id that another pack or an own rule has: that one stays.
    pub elsewhere: u64,
    /// Documents that did not load.
    pub not_loaded_total: u64,
    /// Rules that need values for placeholders.
    pub needs_configuration_total: u64,
    /// Rules of the pack that shall run and can't.
    pub cannot_run_total: u64,
    /// Processing pipelines that were not there. They are the workspace's, not the pack's: they stay when it goes.
    #[serde(default)]
    pub pipelines_new: Vec<String>,
    /// Processing pipelines whose text changed.
    #[serde(default)]
    pub pipelines_changed: Vec<String>,
    /// Processing pipelines with the same text.
    #[serde(default)]
    pub pipelines_unchanged: Vec<String>,
    /// Which are new.
    pub new_rules: Vec<PackRule>,
    /// Which changed.
    pub changed_rules: Vec<PackRule>,
    /// Which are gone.
    pub gone_rules: Vec<PackRule>,
    /// Which are elsewhere.
    pub elsewhere_rules: Vec<PackRule>,
    /// What did not load, and why.
    pub not_loaded: Vec<NotLoaded>,
    /// Which need values.
    pub needs_configuration: Vec<PackRule>,
}
