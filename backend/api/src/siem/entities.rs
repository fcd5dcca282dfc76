//! Names of hosts and users that people said are one: a merge by hand.

use crate::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

words! {
    /// Kind of an entity whose names can be merged.
    pub enum EntityKind { Host "host", User "user", }
}

/// One name that stands for the same entity as another. Filters find both by either; alerts that are made later group
/// under `into`. Alerts that are there stay as they are grouped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntityMerge {
    /// Id.
    pub merge_id: String,
    /// Host or user.
    pub kind: EntityKind,
    /// The name, as it was written; compared without case.
    pub name: String,
    /// The name that it goes under.
    pub into: String,
    /// Why.
    pub reason: Option<String>,
    /// User name.
    pub merged_by: String,
    /// When.
    pub merged_at: Time,
}

/// Body of POST /siem/entities/merges.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeEntities {
    /// Host or user.
    pub kind: EntityKind,
    /// 2 to 100 names of the one entity, each of 1,024 characters at most.
    pub names: Vec<String>,
    /// The one of them that the others go under.
    pub into: String,
    /// Why, at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What POST /siem/entities/merges made.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct EntitiesMerged {
    /// One for each name but `into`.
    pub items: Vec<EntityMerge>,
}

/// Path of one merge.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EntityMergePath {
    /// Id.
    pub merge_id: String,
}

list_query! {
    /// Query of GET /siem/entities/merges: in the order of their ids.
    EntityMergeList {}
}
