//! Live events over WebSocket.

use crate::{ProblemBody, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

words! {
    /// What happened.
    pub enum LiveKind {
        AlertCreated "alert.created",
        AlertUpdated "alert.updated",
        AlertRemoved "alert.removed",
    }
}

impl LiveKind {
    /// The permission word that a receiver must hold, checked per message.
    pub const fn needs(self) -> &'static str {
        match self {
            LiveKind::AlertCreated | LiveKind::AlertUpdated | LiveKind::AlertRemoved => "alerts:read",
        }
    }
}

/// One event of the outbox.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Live {
    /// Version of the frame: 1.
    pub v: u8,
    /// Global, growing; gaps mean events of other streams.
    pub seq: i64,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: LiveKind,
    /// When.
    pub at: Time,
    /// The record as it is after the change; as it was, where it is removed.
    pub data: serde_json::Value,
}

/// What a client may send.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientFrame {
    /// First message of a client without cookie or header.
    Auth {
        /// Access token or API key.
        token: String,
    },
    /// Send what came after this sequence number.
    Resume {
        /// Last one seen.
        after: i64,
    },
}

/// What the server sends beside [`Live`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// Events between these numbers are no longer kept: read the list again.
    Gap {
        /// First one missing.
        from: i64,
        /// Last one missing.
        to: i64,
    },
    /// Authenticated; live from after this number.
    Ready {
        /// Newest number at this moment.
        seq: i64,
    },
    /// The answer to a resume: what comes from here on starts after this number, in order and each once. Frames
    /// that came between the question and this one are told again.
    Resumed {
        /// As asked for, at most the newest number.
        after: i64,
    },
    /// Something is wrong; the socket closes after it.
    Error {
        /// As in the HTTP envelope.
        error: ProblemBody,
    },
}
