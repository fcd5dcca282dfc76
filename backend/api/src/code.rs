//! The 20 error codes and the envelope that carries them.

use crate::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($name:ident $code:literal $status:literal $message:literal,)+) => {
        /// The only error codes that leave the server. The first three digits are the HTTP status.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Code { $(#[doc = $message] #[serde(rename = $code)] $name,)+ }
        impl Code {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$name),+];
            /// `AURORA-nnnn`.
            pub const fn as_str(self) -> &'static str { match self { $(Code::$name => $code),+ } }
            /// HTTP status.
            pub const fn status(self) -> u16 { match self { $(Code::$name => $status),+ } }
            /// The table's text, word for word.
            pub const fn message(self) -> &'static str { match self { $(Code::$name => $message),+ } }
        }
    };
}
codes! {
    AuthRequired "AURORA-4010" 401 "Authentication required",
    TokenExpired "AURORA-4011" 401 "Token expired",
    BadCredentials "AURORA-4012" 401 "Invalid credentials",
    Forbidden "AURORA-4030" 403 "Insufficient permissions",
    Guardrail "AURORA-4031" 403 "Action denied by guardrail policy",
    NotFound "AURORA-4040" 404 "Resource not found",
    CaseNotFound "AURORA-4041" 404 "Case not found",
    AlertNotFound "AURORA-4042" 404 "Alert not found",
    AgentNotFound "AURORA-4043" 404 "Agent not found",
    ApprovalTimeout "AURORA-4080" 408 "Human approval timed out",
    Conflict "AURORA-4090" 409 "Resource conflict",
    DuplicateAlert "AURORA-4091" 409 "Duplicate alert",
    Invalid "AURORA-4220" 422 "Validation error",
    InvalidPlaybook "AURORA-4221" 422 "Playbook validation failed",
    InvalidRule "AURORA-4222" 422 "Sigma rule validation failed",
    RateLimited "AURORA-4290" 429 "Rate limit exceeded",
    Internal "AURORA-5000" 500 "Internal server error",
    Unavailable "AURORA-5030" 503 "Service temporarily unavailable",
    ModelUnavailable "AURORA-5031" 503 "LLM inference service unavailable",
    ClickHouseUnavailable "AURORA-5032" 503 "ClickHouse service unavailable",
}

/// Body of every error answer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// The one member.
    pub error: ProblemBody,
}

/// What went wrong.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ProblemBody {
    /// `AURORA-nnnn`.
    pub code: Code,
    /// The table's text.
    pub message: String,
    /// What is special: field, line, column, offset, reason.
    pub detail: Option<serde_json::Value>,
    /// When.
    pub timestamp: Time,
    /// Equal to `X-Request-ID`.
    pub request_id: String,
}
