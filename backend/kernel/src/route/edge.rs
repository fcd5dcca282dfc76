//! The outermost layer: request id, foreign Host and Origin, panics, headers that every answer carries, the error
//! envelope, one log line and one measurement a request.

use crate::{Error, Kernel, db::Actor, metrics::RouteLabels};
use api::{Code, Problem, ProblemBody};
use axum::{
    Json,
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use futures::FutureExt as _;
use serde_json::json;
use std::{
    net::{IpAddr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Instant,
};

/// Id of a request: the client's if it is a UUID, else new.
#[derive(Clone, Debug, Default)]
pub struct RequestId(pub String);

/// An error on its way to the envelope.
#[derive(Clone)]
pub(crate) struct Refusal(pub(crate) Arc<Error>);

/// What the edge must know.
#[derive(Clone)]
pub struct Edge {
    /// For mode, ids, metrics.
    pub kernel: Kernel,
    /// `host:port` values that are ours, lower case.
    pub hosts: Arc<[String]>,
    /// The proxy whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub proxy: Option<IpAddr>,
}

const CSP: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
    connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; form-action 'self'";

/// Headers of every answer beside the three of the contract.
const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", CSP),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
];

/// The layer.
pub async fn edge(State(edge): State<Edge>, mut req: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&edge.kernel, req.headers());
    let method = req.method().clone();
    let route = req.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    req.extensions_mut().insert(id.clone());
    if let Some(address) = address(&edge, &req) {
        req.extensions_mut().insert(address);
    }
    let mut response = match check(&edge, &req) {
        Err(e) => {
            note(&edge, &method, &route, &id, &e).await;
            refuse(&edge.kernel, &id, e)
        }
        Ok(()) => match AssertUnwindSafe(next.run(req)).catch_unwind().await {
            Ok(response) => response,
            Err(_) => refuse(&edge.kernel, &id, Error::internal("a panic; see the lines above")),
        },
    };
    // What axum refused by itself, or a fallback: an empty or text body becomes the envelope.
    if let Some(Refusal(e)) = response.extensions_mut().remove::<Refusal>() {
        let allow = response.headers_mut().remove(header::ALLOW);
        response = envelope(&edge.kernel, &id, &e);
        response.headers_mut().extend(allow.map(|a| (header::ALLOW, a)));
    } else if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let allow = response.headers_mut().remove(header::ALLOW);
        let detail = json!({"reason": "this path has no such method"});
        response = envelope(&edge.kernel, &id, &Error::with(Code::NotFound, detail));
        response.headers_mut().extend(allow.map(|a| (header::ALLOW, a)));
    }
    let mode = edge.kernel.settings.mode();
    let head = response.headers_mut();
    head.insert("x-api-version", HeaderValue::from_static("1.0"));
    head.insert("x-aurorasoc-mode", HeaderValue::from_static(mode.as_str()));
    if let Ok(v) = HeaderValue::from_str(&id.0) {
        head.insert("x-request-id", v);
    }
    for (name, value) in HEADERS {
        head.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    head.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let took = started.elapsed();
    let status = response.status().as_u16();
    tracing::info!(request_id = %id.0, method = %method, route, status, took_us = took.as_micros() as u64, "request");
    let labels = RouteLabels { method: known_method(&method), route, status };
    edge.kernel.metrics.http.get_or_create(&labels).observe(took.as_secs_f64());
    response
}

fn known_method(m: &Method) -> String {
    match m.as_str() {
        m @ ("GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS") => m.into(),
        _ => "other".into(),
    }
}

fn request_id(kernel: &Kernel, h: &HeaderMap) -> RequestId {
    let sent = h.get("x-request-id").and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<uuid::Uuid>().ok());
    RequestId(sent.map_or_else(|| kernel.world.id(), |u| u.hyphenated().to_string()))
}

/// Who is at the other end of the connection; IPv4 as itself where one socket takes both.
fn peer(req: &Request) -> Option<IpAddr> {
    req.extensions().get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip().to_canonical())
}

fn address(edge: &Edge, req: &Request) -> Option<IpAddr> {
    let peer = peer(req)?;
    if edge.proxy != Some(peer) {
        return Some(peer);
    }
    let forwarded = req.headers().get("x-forwarded-for").and_then(|v| v.to_str().ok());
    forwarded.and_then(|v| v.rsplit(',').next()).and_then(|v| v.trim().parse().ok()).or(Some(peer))
}

/// Past the proxy; limits of head and URL; foreign Host (DNS rebinding); foreign Origin and cross-site calls on writes and upgrades.
fn check(edge: &Edge, req: &Request) -> Result<(), Error> {
    let h = req.headers();
    // Behind a proxy passwords come in the clear: only from it, and from this machine itself.
    if let (Some(proxy), Some(peer)) = (edge.proxy, peer(req))
        && peer != proxy
        && !peer.is_loopback()
    {
        return Err(Error::with(Code::Forbidden, json!({"reason": "only the proxy may connect"})));
    }
    if req.uri().path_and_query().map_or(0, |p| p.as_str().len()) > 8 * 1024 {
        return Err(Error::field("url", "longer than 8 KiB"));
    }
    if h.iter().map(|(n, v)| n.as_str().len() + v.len() + 4).sum::<usize>() > 16 * 1024 {
        return Err(Error::field("headers", "longer than 16 KiB"));
    }
    let foreign =
        |what: &str| Err(Error::with(Code::Forbidden, json!({"reason": format!("foreign {what}")})));
    let host =
        h.get(header::HOST).and_then(|v| v.to_str().ok()).or(req.uri().authority().map(|a| a.as_str()));
    let ours = |host: &str| edge.hosts.iter().any(|o| o.eq_ignore_ascii_case(host));
    if !edge.hosts.is_empty() && !host.is_some_and(ours) {
        return foreign("Host");
    }
    let upgrade = h.contains_key(header::UPGRADE);
    if req.method().is_safe() && !upgrade {
        return Ok(());
    }
    if let Some(site) = h.get("sec-fetch-site").and_then(|v| v.to_str().ok())
        && !matches!(site, "same-origin" | "none")
    {
        return foreign("site (Sec-Fetch-Site)");
    }
    match h.get(header::ORIGIN).map(|o| o.to_str().unwrap_or("null")) {
        None => Ok(()),
        Some(o) => match o.split_once("://") {
            Some(("http" | "https", rest)) if edge.hosts.is_empty() && Some(rest) == host => Ok(()),
            Some(("http" | "https", rest)) if ours(rest) => Ok(()),
            _ => foreign("Origin"),
        },
    }
}

/// An audit row for a foreign Host or Origin. Any page of a browser can cause these by the thousand, so that past
/// the first of each minute they are only in the log.
async fn note(edge: &Edge, method: &Method, route: &str, id: &RequestId, e: &Error) {
    if e.code != Code::Forbidden {
        return;
    }
    tracing::warn!(request_id = %id.0, error = %e, "a foreign origin was refused");
    if edge.kernel.auth.may_note_refusal() {
        let actor = Actor { name: "anonymous".into(), request_id: Some(id.0.clone()), ..Actor::default() };
        let object = ("route", format!("{} {route}", known_method(method)));
        edge.kernel.db.refused(&actor, "origin.refused", object, e.code).await;
    }
}

/// The error as the contract's envelope.
pub(super) fn refuse(kernel: &Kernel, id: &RequestId, e: Error) -> Response {
    match e.code {
        Code::Internal => tracing::error!(request_id = %id.0, error = %e, "request failed"),
        Code::Unavailable => tracing::warn!(request_id = %id.0, error = %e, "request failed"),
        _ => {}
    }
    envelope(kernel, id, &e)
}

fn envelope(kernel: &Kernel, id: &RequestId, e: &Error) -> Response {
    let body = problem(kernel, &id.0, e);
    let mut response = Json(body).into_response();
    *response.status_mut() =
        StatusCode::from_u16(e.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(s) = e.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(s));
    }
    response
}

/// The body of an error, for the envelope and for WebSockets.
pub(crate) fn problem(kernel: &Kernel, request_id: &str, e: &Error) -> Problem {
    Problem {
        error: ProblemBody {
            code: e.code,
            message: e.code.message().into(),
            detail: e.detail.clone(),
            timestamp: kernel.world.now(),
            request_id: request_id.into(),
        },
    }
}
