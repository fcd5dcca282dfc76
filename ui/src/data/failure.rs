//! Why a call did not work, in words for people.

use crate::i18n::{k, t, tf, word};
use api::{Code, ProblemBody};

/// A call that failed.
#[derive(Clone, Debug)]
pub enum Failure {
    /// No answer: the server is away.
    Offline,
    /// The server speaks another major version: this page must not write.
    Version,
    /// The server said no.
    Problem {
        /// Its own words.
        body: Box<ProblemBody>,
        /// Seconds until it may be asked again, from `Retry-After`.
        retry_after: Option<u32>,
    },
    /// The user took it back before it was done.
    Cancelled,
    /// An answer that does not fit the contract.
    Malformed {
        /// HTTP status.
        status: u16,
        /// From the header.
        request_id: Option<String>,
        /// What did not fit.
        reason: String,
    },
}

impl Failure {
    /// What to find in the server's log.
    pub fn request_id(&self) -> Option<String> {
        match self {
            Failure::Problem { body, .. } => Some(body.request_id.clone()),
            Failure::Malformed { request_id, .. } => request_id.clone(),
            _ => None,
        }
    }

    /// The server's code, where it gave one.
    pub fn code(&self) -> Option<Code> {
        match self {
            Failure::Problem { body, .. } => Some(body.code),
            _ => None,
        }
    }

    /// Seconds until it makes sense to ask again, where the server named them.
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Failure::Problem { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What happened, in one or two sentences.
    pub fn sentence(&self) -> String {
        match self {
            Failure::Offline => t(k::ERROR_OFFLINE).to_owned(),
            Failure::Version => t(k::ERROR_VERSION).to_owned(),
            Failure::Malformed { status, reason, .. } => {
                tf(k::ERROR_MALFORMED, &[("status", status), ("reason", reason)])
            }
            Failure::Cancelled => t(k::ERROR_CANCELLED).to_owned(),
            Failure::Problem { body, .. } => {
                let what = match body.code {
                    Code::Forbidden => t(k::ERROR_FORBIDDEN),
                    Code::Conflict => t(k::ERROR_CONFLICT),
                    Code::Invalid => t(k::ERROR_INVALID),
                    Code::RateLimited => t(k::ERROR_RATE),
                    Code::Internal => t(k::ERROR_INTERNAL),
                    Code::BadCredentials => t(k::ERROR_CREDENTIALS),
                    Code::AlertNotFound | Code::NotFound | Code::CaseNotFound => t(k::ERROR_NOT_FOUND),
                    Code::Unavailable => t(k::ERROR_UNAVAILABLE),
                    Code::AuthRequired | Code::TokenExpired => t(k::ERROR_SESSION),
                    code => word("error", code.as_str()),
                };
                match detail(body) {
                    // The server's own words are English: they keep their direction.
                    Some(detail) => format!("{what} \u{2066}{detail}\u{2069}"),
                    None => what.to_owned(),
                }
            }
        }
    }
}

/// The server's own reason, where it gives one.
fn detail(body: &ProblemBody) -> Option<String> {
    let detail = body.detail.as_ref()?;
    let part = |name: &str| detail.get(name).and_then(|v| v.as_str()).map(crate::text::visible);
    match (part("field"), part("reason")) {
        (Some(field), Some(reason)) => Some(format!("{field}: {reason}")),
        (None, Some(reason)) => Some(reason),
        (Some(field), None) => Some(field),
        (None, None) => detail.as_str().map(crate::text::visible),
    }
}
