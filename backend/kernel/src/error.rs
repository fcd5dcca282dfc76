//! The one error type at the edge.

use api::Code;
use serde_json::{Value, json};

/// Result with the edge's error.
pub type Result<T> = std::result::Result<T, Error>;

/// A code of the contract, what is special about this case, and, for the log only, the cause.
#[derive(Clone, Debug)]
pub struct Error {
    /// One of the 20.
    pub code: Code,
    /// Field, line, column, offset, reason. Goes to the client.
    pub detail: Option<Value>,
    /// Seconds for `Retry-After`.
    pub retry_after: Option<u64>,
    /// Goes to the log, never to the client.
    pub cause: Option<String>,
}

const DAMAGED: &str = "aurora.db is damaged; `aurorasoc doctor` says where";

impl Error {
    /// The bare code.
    pub fn new(code: Code) -> Self {
        Error { code, detail: None, retry_after: None, cause: None }
    }

    /// With detail.
    pub fn with(code: Code, detail: Value) -> Self {
        Error { detail: Some(detail), ..Error::new(code) }
    }

    /// AURORA-4220 for one field.
    pub fn field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Error::with(Code::Invalid, json!({"field": field.into(), "reason": reason.into()}))
    }

    /// AURORA-4090 with a reason.
    pub fn conflict(reason: &str) -> Self {
        Error::with(Code::Conflict, json!({"reason": reason}))
    }

    /// AURORA-5000; the cause goes to the log.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Error { cause: Some(cause.to_string()), ..Error::new(Code::Internal) }
    }

    /// AURORA-5030: SQLite says that `aurora.db` is damaged.
    pub fn damaged(cause: impl std::fmt::Display) -> Self {
        Error::unavailable(DAMAGED, cause)
    }

    /// What SQLite says of the damage, where this is one.
    pub fn damage(&self) -> Option<String> {
        let reason = self.detail.as_ref().and_then(|d| d.get("reason"));
        (reason.and_then(Value::as_str) == Some(DAMAGED)).then(|| self.cause.clone().unwrap_or_default())
    }

    /// AURORA-5030 with a reason.
    pub fn unavailable(reason: &str, cause: impl std::fmt::Display) -> Self {
        Error { cause: Some(cause.to_string()), ..Error::with(Code::Unavailable, json!({"reason": reason})) }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.code.as_str(), self.code.message())?;
        if let Some(detail) = &self.detail {
            write!(f, " {detail}")?;
        }
        self.cause.as_ref().map_or(Ok(()), |cause| write!(f, " ({cause})"))
    }
}

impl std::error::Error for Error {}

impl From<sqlx::Error> for Error {
    fn from(e: sqlx::Error) -> Self {
        if let sqlx::Error::Database(db) = &e {
            // SQLITE_FULL 13, SQLITE_READONLY 8, SQLITE_CORRUPT 11, SQLITE_NOTADB 26 and their extended codes (https://sqlite.org/rescode.html).
            match db.code().as_deref().and_then(|c| c.parse::<u32>().ok()).map(|c| c & 0xff) {
                Some(13) => return Error::unavailable("the disk is full", e),
                Some(8) => return Error::unavailable("the workspace is read-only", e),
                Some(11 | 26) => return Error::damaged(e),
                _ => {}
            }
        }
        Error::internal(e)
    }
}
