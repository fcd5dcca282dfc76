//! Serving routes: a handler's signature names its route, so it can't be served under another path or permission.

mod body;
mod call;
mod edge;
mod idempotency;
mod list;
mod strict;

pub use body::{Multipart, upload};
pub use call::{Answer, Call, RawCall};
pub use edge::{Edge, RequestId, edge};
pub(crate) use edge::{Refusal, problem};
pub use idempotency::once;
pub use list::{count_cap, cursor, cursor_in, limit, only_sort, page, words};

use crate::{Error, Kernel, Result, auth::Caller, db::Actor};
use api::{Access, Code, Perm as _, ReplyKind, Route, RouteInfo};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
    routing::{MethodFilter, on},
};
use sha2::Digest as _;
use std::{net::IpAddr, sync::Arc};

/// Routes of one or more domains over the state `S`.
pub struct Routes<S> {
    /// For axum.
    pub router: Router<S>,
    /// What is served, for the contract test and OpenAPI.
    pub table: Vec<RouteInfo>,
}

impl<S> Default for Routes<S>
where
    S: Clone + Send + Sync + 'static,
{
    fn default() -> Self {
        Routes { router: Router::new(), table: Vec::new() }
    }
}

impl<S> Routes<S>
where
    S: AsRef<Kernel> + Clone + Send + Sync + 'static,
{
    /// Serves a route with JSON in and out.
    pub fn with<R, F, Fut>(self, f: F) -> Self
    where
        R: Route,
        F: Fn(S, Call<R>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Answer<R::Reply>>> + Send + 'static,
    {
        self.serve::<R, _, _>(move |s: S, parts, body, caller| {
            let f = f.clone();
            async move {
                let bytes = body::read(&parts, body, R::BODY).await?;
                let kernel = s.as_ref().clone();
                let replay = idempotency::begin::<R>(&kernel, &parts, &bytes, &caller.actor).await?;
                let actor = match replay {
                    idempotency::Begin::Answered(response) => return Ok(*response),
                    idempotency::Begin::Go(key) => Actor { idempotency: key, ..caller.actor.clone() },
                };
                let caller = Caller::new(actor.clone(), caller.principal, caller.address);
                let call = call::parse::<R>(parts, &bytes, caller).await?;
                let answer = f(s, call).await?;
                let (status, mut head, json) = answer.parts(R::STATUS, R::REPLY)?;
                if R::METHOD == "GET" && R::PATH.contains('{') && R::REPLY == ReplyKind::Json {
                    head.entry(header::ETAG).or_insert_with(|| etag_of(&json));
                }
                idempotency::end(&kernel, &actor, status, &head, &json).await;
                let mut response = match R::REPLY {
                    ReplyKind::Json => json_response(json),
                    _ => ().into_response(),
                };
                *response.status_mut() = status;
                response.headers_mut().extend(head);
                Ok(response)
            }
        })
    }

    /// Serves a route that streams, answers with other types than JSON, or becomes a WebSocket.
    pub fn with_raw<R, F, Fut>(self, f: F) -> Self
    where
        R: Route,
        F: Fn(S, RawCall<R>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Response>> + Send + 'static,
    {
        self.serve::<R, _, _>(move |s, parts, body, caller| {
            let f = f.clone();
            async move { f(s, call::parse_raw::<R>(parts, body, caller).await?).await }
        })
    }

    fn serve<R, F, Fut>(mut self, f: F) -> Self
    where
        R: Route,
        F: Fn(S, Parts, Body, Caller<R::Perm>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Response>> + Send + 'static,
    {
        let info = api::all().into_iter().find(|i| i.method == R::METHOD && i.path == R::PATH);
        self.table.extend(info);
        let run = move |State(s): State<S>, req: Request| async move {
            let (mut parts, body) = req.into_parts();
            let kernel = s.as_ref().clone();
            let id = parts.extensions.get::<RequestId>().cloned().unwrap_or_default();
            let done = async {
                let caller = admit::<R>(&kernel, &mut parts, &id).await?;
                let actor = caller.actor.clone();
                let done = f(s, parts, body, caller).await;
                // A handler's own refusal, by who asks or by policy, is an attempt like one that permission stops.
                if let Err(e) = &done
                    && matches!(e.code, Code::Forbidden | Code::Guardrail)
                {
                    kernel.db.refused(&actor, "route.refused", route::<R>(), e.code).await;
                }
                done
            };
            let mut response = done.await.unwrap_or_else(|e| edge::refuse(&kernel, &id, e));
            if R::DEPRECATED {
                let head = response.headers_mut();
                head.insert("deprecation", HeaderValue::from_static("true"));
                head.insert("sunset", HeaderValue::from_static("2026-12-31T00:00:00Z"));
            }
            response
        };
        let method = if R::METHOD == "WS" { Method::GET } else { method::<R>() };
        let filter = MethodFilter::try_from(method).unwrap_or(MethodFilter::GET);
        self.router = self.router.route(R::PATH, on(filter, run));
        self
    }

    /// Both together.
    pub fn and(mut self, other: Routes<S>) -> Self {
        self.router = self.router.merge(other.router);
        self.table.extend(other.table);
        self
    }
}

/// The ETag of a detail without a version of its own.
fn etag_of(json: &[u8]) -> HeaderValue {
    let hash = <[u8; 32]>::from(sha2::Sha256::digest(json));
    HeaderValue::from_str(&format!("\"h{}\"", crate::world::hex(&hash[..8])))
        .unwrap_or(HeaderValue::from_static("\"h\""))
}

/// JSON text as an answer.
fn json_response(json: impl Into<Body>) -> Response {
    let mut response = Response::new(json.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// What a refusal is about, for its audit row.
fn route<R: Route>() -> (&'static str, String) {
    ("route", format!("{} {}", R::METHOD, R::PATH))
}

fn method<R: Route>() -> Method {
    Method::from_bytes(R::METHOD.as_bytes()).unwrap_or(Method::GET)
}

/// Authentication, then permission; both before anything else is looked at. Refusals are audited.
async fn admit<R: Route>(kernel: &Kernel, parts: &mut Parts, id: &RequestId) -> Result<Caller<R::Perm>> {
    let address = parts.extensions.get::<IpAddr>().copied();
    let anonymous = Actor { name: "anonymous".into(), request_id: Some(id.0.clone()), ..Actor::default() };
    let access = R::Perm::ACCESS;
    if access == Access::Public {
        return Ok(Caller::new(anonymous, None, address));
    }
    let principal = match kernel.auth.authenticate(&parts.headers).await {
        // A socket is told of wrong credentials as a socket: after the upgrade, with 4401.
        Err(e)
            if e.code.status() == 401 && R::METHOD == "WS" && parts.headers.contains_key(header::UPGRADE) =>
        {
            parts.extensions.insert(Refusal(Arc::new(e)));
            None
        }
        other => other?,
    };
    let Some(p) = principal else {
        // A WebSocket client without cookie or header may sign in with its first message.
        return match R::METHOD {
            "WS" => Ok(Caller::new(anonymous, None, address)),
            _ => Err(Error::new(Code::AuthRequired)),
        };
    };
    let actor = Actor {
        name: p.username.clone(),
        session: Some(p.label.clone()),
        request_id: Some(id.0.clone()),
        idempotency: None,
    };
    let mut verdict = kernel.auth.check_csrf(&p, &parts.method, &parts.headers);
    if verdict.is_ok() && !p.may(access, R::Perm::NAME, R::Perm::ALSO) {
        let detail = serde_json::json!({"needs": R::Perm::NAME});
        verdict = Err(Error::with(Code::Forbidden, detail));
    }
    if let Err(e) = verdict {
        kernel.db.refused(&actor, "route.refused", route::<R>(), e.code).await;
        return Err(e);
    }
    Ok(Caller::new(actor, Some(p), address))
}

/// What unknown paths and methods get: AURORA-4040, with `Allow` where the path is known.
pub async fn not_found() -> Response {
    let mut r = StatusCode::NOT_FOUND.into_response();
    r.extensions_mut().insert(Refusal(Arc::new(Error::new(Code::NotFound))));
    r
}

#[cfg(test)]
mod tests;
