//! The one speaker of HTTP. Fills paths, adds the CSRF header, reads the headers of every answer.

use super::failure::Failure;
use crate::state::{Auth, Link, app};
use api::{BodyKind, Problem, ReplyKind, Route, system::Mode};
use leptos::prelude::*;
use serde::Serialize;
use serde_json::Value;
use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, Request, RequestCredentials, RequestInit, Response};

/// Major version of the API that this page was built for.
const MAJOR: &str = "1";

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    /// The body.
    pub value: T,
    /// The audit row of the write, which undo names.
    pub audit_seq: Option<i64>,
    /// Version of the record, for a later `If-Match`.
    pub etag: Option<String>,
}

thread_local! {
    static CSRF: RefCell<Option<String>> = const { RefCell::new(None) };
    static DEPRECATED: RefCell<BTreeSet<&'static str>> = const { RefCell::new(BTreeSet::new()) };
    /// Grows with each sign-in.
    static SESSION: Cell<u32> = const { Cell::new(0) };
}

/// The value of the CSRF header, for uploads.
pub fn csrf() -> Option<String> {
    CSRF.with_borrow(Clone::clone)
}

/// The session that what begins now belongs to. A refusal that comes later is no end of a newer one.
pub fn session() -> u32 {
    SESSION.get()
}

/// Somebody signed in.
pub fn next_session() {
    SESSION.set(SESSION.get() + 1);
}

/// Path with its parameters filled in and percent-encoded.
fn fill(pattern: &str, path: &impl Serialize) -> String {
    let mut out = pattern.to_owned();
    if let Ok(Value::Object(map)) = serde_json::to_value(path) {
        for (name, value) in map {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            out = out.replace(&format!("{{{name}}}"), &String::from(js_sys::encode_uri_component(&text)));
        }
    }
    out
}

/// URL of a route.
pub fn url<R: Route>(path: &R::Path, query: &R::Query) -> String {
    let path = fill(R::PATH, path);
    match serde_urlencoded::to_string(query) {
        Ok(query) if !query.is_empty() => format!("{path}?{query}"),
        _ => path,
    }
}

/// GET without parameters in the path.
pub async fn list<R: Route<Path = api::Empty, Body = ()>>(query: R::Query) -> Result<R::Reply, Failure> {
    call::<R>(&api::Empty {}, &query, &()).await.map(|a| a.value)
}

/// GET of one thing.
pub async fn get<R: Route<Query = api::Empty, Body = ()>>(path: R::Path) -> Result<R::Reply, Failure> {
    call::<R>(&path, &api::Empty {}, &()).await.map(|a| a.value)
}

/// Any route but streams and sockets.
pub async fn call<R: Route>(
    path: &R::Path,
    query: &R::Query,
    body: &R::Body,
) -> Result<Answer<R::Reply>, Failure> {
    call_if::<R>(path, query, body, None).await
}

/// As [`call`], only while the record is still of the version `etag` (AURORA-4090 if not).
pub async fn call_if<R: Route>(
    path: &R::Path,
    query: &R::Query,
    body: &R::Body,
    etag: Option<&str>,
) -> Result<Answer<R::Reply>, Failure> {
    let writes = R::METHOD != "GET";
    if writes && app().foreign_version.get_untracked() {
        return Err(Failure::Version);
    }
    let body = match R::BODY {
        BodyKind::None => None,
        _ => serde_json::to_string(body).ok(),
    };
    let begun = session();
    let response = send(R::METHOD, &url::<R>(path, query), body, etag).await?;
    note_headers(&response, R::PATH);
    let audit_seq = header(&response, "X-Audit-Seq").and_then(|v| v.parse().ok());
    let etag = header(&response, "ETag");
    let text = read(&response).await?;
    if !response.ok() {
        return Err(refused(&response, &text, begun));
    }
    let text = if R::REPLY == ReplyKind::Json { text.as_str() } else { "null" };
    let value = serde_json::from_str(text).map_err(|e| malformed(&response, e.to_string()))?;
    Ok(Answer { value, audit_seq, etag })
}

async fn send(
    method: &str,
    url: &str,
    body: Option<String>,
    etag: Option<&str>,
) -> Result<Response, Failure> {
    let init = RequestInit::new();
    init.set_method(method);
    init.set_credentials(RequestCredentials::SameOrigin);
    let headers = Headers::new().map_err(|_| Failure::Offline)?;
    if let Some(body) = body {
        let _ = headers.set("Content-Type", "application/json");
        init.set_body(&JsValue::from_str(&body));
    }
    if let Some(etag) = etag {
        let _ = headers.set("If-Match", etag);
    }
    if method != "GET"
        && let Some(csrf) = csrf()
    {
        let _ = headers.set("X-CSRF-Token", &csrf);
    }
    init.set_headers(&headers);
    let request = Request::new_with_str_and_init(url, &init).map_err(|_| Failure::Offline)?;
    let answer = JsFuture::from(window().fetch_with_request(&request)).await;
    let answer = answer.ok().and_then(|r| r.dyn_into::<Response>().ok());
    match answer {
        Some(response) => {
            app().link.set_if_changed(Link::Up);
            Ok(response)
        }
        None => {
            app().link.set_if_changed(Link::Down);
            Err(Failure::Offline)
        }
    }
}

async fn read(response: &Response) -> Result<String, Failure> {
    let promise = response.text().map_err(|_| Failure::Offline)?;
    let text = JsFuture::from(promise).await.map_err(|_| Failure::Offline)?;
    Ok(text.as_string().unwrap_or_default())
}

fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name).ok().flatten()
}

/// Reads what every answer carries.
fn note_headers(response: &Response, route: &'static str) {
    let app = app();
    if let Some(csrf) = header(response, "X-CSRF-Token") {
        CSRF.set(Some(csrf));
    }
    if let Some(version) = header(response, "X-API-Version") {
        app.foreign_version.set_if_changed(version.split('.').next() != Some(MAJOR));
    }
    if let Some(mode) = header(response, "X-AuroraSOC-Mode").and_then(|m| Mode::parse(&m)) {
        app.mode.set_if_changed(Some(mode));
    }
    if header(response, "Deprecation").as_deref() == Some("true")
        && DEPRECATED.with_borrow_mut(|d| d.insert(route))
    {
        leptos::logging::warn!("deprecated: {route}");
    }
}

/// The error of an answer that is not a success; an ended session asks for the password over the page.
fn refused(response: &Response, text: &str, begun: u32) -> Failure {
    match serde_json::from_str::<Problem>(text) {
        Ok(problem) => {
            let retry_after = header(response, "Retry-After").and_then(|v| v.trim().parse().ok());
            said_no(problem, retry_after, begun)
        }
        Err(e) => malformed(response, e.to_string()),
    }
}

/// A refusal in the server's own words, whoever spoke HTTP; `begun` is the [`session`] that it was asked in.
pub fn said_no(problem: Problem, retry_after: Option<u32>, begun: u32) -> Failure {
    if problem.error.code.status() == 401 {
        ended(begun);
    }
    Failure::Problem { body: Box::new(problem.error), retry_after }
}

/// The session `begun` has ended, as the server says.
pub fn ended(begun: u32) {
    if begun == session() && app().auth.get_untracked() == Auth::In {
        app().auth.set(Auth::Ended);
    }
}

fn malformed(response: &Response, reason: String) -> Failure {
    Failure::Malformed { status: response.status(), request_id: header(response, "X-Request-ID"), reason }
}

/// Sets a signal only when the value differs, so that nothing is drawn again without need.
trait SetIfChanged<T> {
    fn set_if_changed(&self, value: T);
}

impl<T: PartialEq + Clone + Send + Sync + 'static> SetIfChanged<T> for RwSignal<T> {
    fn set_if_changed(&self, value: T) {
        if self.get_untracked() != value {
            self.set(value);
        }
    }
}
