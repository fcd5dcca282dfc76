//! What is known of clocks: zones of sources, offsets of hosts. Stored times never change; what is shown follows.

use crate::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A source's zone, or by how much a host's clock was off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Clock {
    /// Id.
    pub clock_id: String,
    /// SHA-256 of the source; null for a host in all sources.
    pub source: Option<String>,
    /// The host, by any name that is the same as it or merged with it; null for a source's zone.
    pub host: Option<String>,
    /// IANA name or `+hh:mm`: the zone of the source's times, which name none.
    pub timezone: Option<String>,
    /// Seconds that are added to the host's times: positive where its clock was behind.
    pub offset_seconds: Option<i64>,
    /// Why.
    pub reason: Option<String>,
    /// User name.
    pub set_by: String,
    /// When.
    pub set_at: Time,
}

/// Body of POST /siem/clocks: `timezone` for sources, or `offset_seconds` for a host.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SetClock {
    /// SHA-256 of each source, at most 1,000. With a host: only in these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// The host whose clock was off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// IANA name (`Europe/Berlin`), `UTC` or `+hh:mm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Seconds to add, within 100 years.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset_seconds: Option<i64>,
    /// Why, at most 1,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What POST /siem/clocks set.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ClocksSet {
    /// One for each source, or one for the host.
    pub items: Vec<Clock>,
}

/// Path of one clock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClockPath {
    /// Id.
    pub clock_id: String,
}

list_query! {
    /// Query of GET /siem/clocks: in the order of their ids.
    ClockList {}
}
