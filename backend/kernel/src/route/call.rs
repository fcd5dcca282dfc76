//! What a handler gets and gives.

use super::RequestId;
use crate::{Error, Result, auth::Caller};
use api::{BodyKind, Code, ReplyKind, Route};
use axum::{
    extract::{FromRequestParts as _, Path},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

/// A call whose JSON was read.
pub struct Call<R: Route> {
    /// Who, with the proof of the permission.
    pub caller: Caller<R::Perm>,
    /// Path parameters.
    pub path: R::Path,
    /// Query parameters.
    pub query: R::Query,
    /// Body.
    pub body: R::Body,
    if_match: Option<String>,
}

impl<R: Route> Call<R> {
    /// AURORA-4090 when the client's `If-Match` is not this version.
    pub fn check_version(&self, version: i64) -> Result<()> {
        matches_version(self.if_match.as_deref(), version)
    }

    /// The same check as a function, for a service that reads the version inside its transaction.
    pub fn if_match(&self) -> impl Fn(i64) -> Result<()> + Send + Sync + 'static {
        let wanted = self.if_match.clone();
        move |version| matches_version(wanted.as_deref(), version)
    }
}

fn matches_version(if_match: Option<&str>, version: i64) -> Result<()> {
    let Some(wanted) = if_match else { return Ok(()) };
    let now = format!("\"{version}\"");
    if wanted.split(',').any(|w| matches!(w.trim(), "*") || w.trim() == now) {
        return Ok(());
    }
    Err(Error::with(Code::Conflict, json!({"reason": "changed since it was read", "etag": now})))
}

/// A call whose body the handler reads itself.
pub struct RawCall<R: Route> {
    /// Who, with the proof of the permission.
    pub caller: Caller<R::Perm>,
    /// Path parameters.
    pub path: R::Path,
    /// Query parameters.
    pub query: R::Query,
    /// Head of the request.
    pub parts: Parts,
    /// Body.
    pub body: axum::body::Body,
}

/// A JSON answer with its headers.
pub struct Answer<T> {
    body: Content<T>,
    status: Option<u16>,
    head: HeaderMap,
}

enum Content<T> {
    Value(T),
    /// JSON text that reads as a `T`.
    Written(Bytes),
}

impl<T> From<T> for Answer<T> {
    fn from(body: T) -> Self {
        Answer { body: Content::Value(body), status: None, head: HeaderMap::new() }
    }
}

impl<T> Answer<T> {
    /// An answer that a store has written as JSON text already. It must read as a `T`; a test of the store holds that.
    pub fn written(json: impl Into<Bytes>) -> Self {
        Answer { body: Content::Written(json.into()), status: None, head: HeaderMap::new() }
    }
}

impl<T: Serialize> Answer<T> {
    /// With `ETag`.
    pub fn version(self, version: i64) -> Self {
        self.header(header::ETAG, &format!("\"{version}\""))
    }

    /// With `Location`; what is not ASCII in the path is percent-encoded (RFC 3986).
    pub fn location(self, path: &str) -> Self {
        let mut at = String::with_capacity(path.len());
        for byte in path.bytes() {
            match byte {
                b'!'..=b'~' => at.push(char::from(byte)),
                _ => at.push_str(&format!("%{byte:02X}")),
            }
        }
        self.header(header::LOCATION, &at)
    }

    /// With the number of the audit row, for undo.
    pub fn audit(self, seq: i64) -> Self {
        self.header(HeaderName::from_static("x-audit-seq"), &seq.to_string())
    }

    /// With any header; one that can't be sent is left out.
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(v) = HeaderValue::from_str(value) {
            self.head.append(name, v);
        }
        self
    }

    /// With another status than the route's.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    pub(super) fn parts(self, status: u16, kind: ReplyKind) -> Result<(StatusCode, HeaderMap, Bytes)> {
        let status = StatusCode::from_u16(self.status.unwrap_or(status)).map_err(Error::internal)?;
        let body = match (kind, self.body) {
            (ReplyKind::Json, Content::Value(body)) => {
                serde_json::to_vec(&body).map_err(Error::internal)?.into()
            }
            (ReplyKind::Json, Content::Written(json)) => json,
            _ => Bytes::new(),
        };
        Ok((status, self.head, body))
    }
}

pub(super) async fn parse<R: Route>(
    mut parts: Parts,
    bytes: &[u8],
    caller: Caller<R::Perm>,
) -> Result<Call<R>> {
    let path = path::<R>(&mut parts).await?;
    let query = query::<R>(&parts)?;
    let form = R::BODY == BodyKind::JsonOrForm && super::body::is_form(&parts.headers);
    let body = if form { from_form(bytes, "body")? } else { super::body::from_json(bytes)? };
    let if_match = if_match(&parts.headers);
    Ok(Call { caller, path, query, body, if_match })
}

/// All `If-Match` of a call. One that can't be read matches nothing.
fn if_match(head: &HeaderMap) -> Option<String> {
    let all: Vec<_> = head.get_all(header::IF_MATCH).iter().map(|v| v.to_str().unwrap_or_default()).collect();
    (!all.is_empty()).then(|| all.join(","))
}

pub(super) async fn parse_raw<R: Route>(
    mut parts: Parts,
    body: axum::body::Body,
    caller: Caller<R::Perm>,
) -> Result<RawCall<R>> {
    let path = path::<R>(&mut parts).await?;
    let query = query::<R>(&parts)?;
    Ok(RawCall { caller, path, query, parts, body })
}

async fn path<R: Route>(parts: &mut Parts) -> Result<R::Path> {
    let read = Path::<R::Path>::from_request_parts(parts, &()).await;
    read.map(|Path(p)| p).map_err(|_| Error::field("path", "not a valid path parameter"))
}

fn query<R: Route>(parts: &Parts) -> Result<R::Query> {
    from_form(parts.uri.query().unwrap_or("").as_bytes(), "query")
}

/// Form or query text, with the field named that does not fit.
fn from_form<T: DeserializeOwned>(bytes: &[u8], whole: &str) -> Result<T> {
    // No value holds one, and text functions of the database end at it.
    if let Some((name, _)) = form_pairs(bytes).find(|(_, value)| value.contains('\0')) {
        return Err(Error::field(name.into_owned(), "holds a NUL character"));
    }
    let pairs = form_pairs(bytes);
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs)).map_err(|e| {
        let (path, reason) = (e.path().to_string(), e.inner().to_string());
        let named = super::body::unknown_field(&reason).or_else(|| super::body::duplicate_field(&reason));
        Error::field(named.unwrap_or_else(|| if path == "." { whole.into() } else { path }), reason)
    })
}

fn form_pairs(bytes: &[u8]) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(bytes)
}

impl<R: Route> RawCall<R> {
    /// Id of the request.
    pub fn request_id(&self) -> String {
        self.parts.extensions.get::<RequestId>().map(|r| r.0.clone()).unwrap_or_default()
    }
}
