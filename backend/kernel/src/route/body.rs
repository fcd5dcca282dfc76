//! Reading request bodies within limits.

use crate::{Error, Result};
use api::{BodyKind, Code};
use axum::{
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, FromRequest as _},
    http::{HeaderMap, header, request::Parts},
};
use futures::{Stream, StreamExt as _};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::json;

/// JSON bodies: 1 MiB.
const LIMIT: usize = 1 << 20;
/// Nesting of JSON.
const DEPTH: u32 = 64;

/// A multipart body.
pub type Multipart = axum::extract::Multipart;

fn content_type(h: &HeaderMap) -> String {
    let value = h.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    value.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}

pub(super) fn is_form(h: &HeaderMap) -> bool {
    content_type(h) == "application/x-www-form-urlencoded"
}

pub(super) async fn read(parts: &Parts, body: Body, kind: BodyKind) -> Result<Bytes> {
    let bytes = match Limited::new(body, LIMIT).collect().await {
        Ok(all) => all.to_bytes(),
        Err(e) if e.downcast_ref::<LengthLimitError>().is_some() => {
            return Err(Error::with(
                Code::Invalid,
                json!({"field": "body", "reason": "too large", "limit_bytes": LIMIT}),
            ));
        }
        Err(_) => return Err(Error::field("body", "the body broke off")),
    };
    if bytes.is_empty() || bytes.as_ref() == b"null" {
        return Ok(bytes);
    }
    // What many clients send where there is nothing to say.
    if kind == BodyKind::None && bytes.as_ref().trim_ascii() == b"{}" {
        return Ok(Bytes::new());
    }
    let given = content_type(&parts.headers);
    let json = given == "application/json" || given.ends_with("+json");
    match kind {
        BodyKind::None => Err(Error::field("body", "this operation takes no body")),
        BodyKind::Json if !json => Err(Error::field("content-type", "must be application/json")),
        BodyKind::JsonOrForm if !json && !is_form(&parts.headers) => {
            Err(Error::field("content-type", "must be application/json or application/x-www-form-urlencoded"))
        }
        _ => Ok(bytes),
    }
}

/// JSON with the place named that does not fit.
pub(super) fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let bytes = if bytes.is_empty() { b"null" } else { bytes };
    check_depth(bytes)?;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(super::strict::Strict(&mut reader)).map_err(|e| {
        let path = e.path().to_string();
        json_error(bytes, &path, e.inner())
    })?;
    reader.end().map_err(|e| json_error(bytes, ".", &e))?;
    Ok(value)
}

fn json_error(bytes: &[u8], path: &str, e: &serde_json::Error) -> Error {
    let text = e.to_string();
    let reason = text.split(" at line ").next().unwrap_or(&text).to_owned();
    let named =
        unknown_field(&reason).or_else(|| missing_field(&reason)).or_else(|| duplicate_field(&reason));
    let field = match (named, path) {
        (Some(n), "." | "?") => n,
        (Some(n), p) if p.ends_with(&n) => p.to_owned(),
        (Some(n), p) => format!("{p}.{n}"),
        (None, "." | "?") => "body".into(),
        (None, p) => p.to_owned(),
    };
    let (line, column) = (e.line(), e.column());
    let offset = offset(bytes, line, column);
    let detail = json!({"field": field, "reason": reason, "line": line, "column": column, "offset": offset});
    Error::with(Code::Invalid, detail)
}

/// The byte, from 0, at a line and column in bytes, both from 1.
fn offset(bytes: &[u8], line: usize, column: usize) -> usize {
    let before = bytes.split_inclusive(|b| *b == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len);
    before.sum::<usize>() + column.saturating_sub(1)
}

/// The name in serde's "unknown field `x`, expected …".
pub(super) fn unknown_field(reason: &str) -> Option<String> {
    reason.strip_prefix("unknown field `").and_then(|r| r.split('`').next()).map(String::from)
}

fn missing_field(reason: &str) -> Option<String> {
    reason.strip_prefix("missing field `").and_then(|r| r.split('`').next()).map(String::from)
}

pub(super) fn duplicate_field(reason: &str) -> Option<String> {
    reason.strip_prefix("duplicate field `").and_then(|r| r.split('`').next()).map(String::from)
}

fn check_depth(bytes: &[u8]) -> Result<()> {
    let (mut depth, mut text, mut escaped) = (0_u32, false, false);
    for (at, b) in bytes.iter().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' if text => escaped = true,
            b'"' => text = !text,
            b'[' | b'{' if !text => depth += 1,
            b']' | b'}' if !text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH {
            return Err(Error::with(
                Code::Invalid,
                json!({"field": "body", "reason": "nested deeper than 64", "offset": at}),
            ));
        }
    }
    Ok(())
}

/// The bytes of an upload, whatever its form: the body itself, or each part named `file` in turn.
/// `each` gets the label that the client gave and the bytes as a stream; no limit but the disk's.
pub async fn upload<F, Fut>(parts: Parts, body: Body, name: Option<String>, mut each: F) -> Result<()>
where
    F: FnMut(Option<String>, std::pin::Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>) -> Fut,
    Fut: Future<Output = Result<()>>,
{
    let broke = |_| Error::field("body", "the upload broke off");
    if content_type(&parts.headers) != "multipart/form-data" {
        return each(name, Box::pin(body.into_data_stream().map(move |b| b.map_err(broke)))).await;
    }
    let mut request = axum::http::Request::from_parts(parts, body);
    // axum's 2 MB are for bodies that are held in memory; this one is read as a stream.
    DefaultBodyLimit::disable().apply(&mut request);
    let bad = |e: axum::extract::multipart::MultipartError| Error::field("body", e.body_text());
    let mut form =
        Multipart::from_request(request, &()).await.map_err(|e| Error::field("body", e.body_text()))?;
    let mut files = 0;
    while let Some(mut part) = form.next_field().await.map_err(bad)? {
        if part.name() != Some("file") {
            return Err(Error::field(
                part.name().unwrap_or("?").to_owned(),
                "unknown part, only `file` is known",
            ));
        }
        files += 1;
        let label = part.file_name().map(String::from).or_else(|| name.clone());
        let (send, receive) = tokio::sync::mpsc::channel::<Result<Bytes>>(4);
        let feed = async {
            loop {
                match part.chunk().await {
                    Ok(Some(chunk)) => {
                        if send.send(Ok(chunk)).await.is_err() {
                            break;
                        }
                    }
                    Ok(None) => break,
                    Err(e) => {
                        let _ = send.send(Err(Error::field("body", e.body_text()))).await;
                        break;
                    }
                }
            }
            drop(send);
        };
        let stream = futures::stream::unfold(receive, |mut r| async { r.recv().await.map(|b| (b, r)) });
        let (_, done) = tokio::join!(feed, each(label, Box::pin(stream)));
        done?;
    }
    if files == 0 { Err(Error::field("file", "missing")) } else { Ok(()) }
}
