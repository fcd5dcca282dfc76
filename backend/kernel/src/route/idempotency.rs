//! `Idempotency-Key` on POSTs that create: the same key with the same request within 24 h gets the first answer.
//!
//! The key is written in the transaction of the change itself; the answer beside it afterwards. A crash between the
//! two leaves a key without answer: a repeat is then told that the first one took effect, and nothing is done twice.

use crate::{
    Error, Kernel, Result,
    db::{Actor, IdempotencyKey, store},
    world::hex,
};
use api::Route;
use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, request::Parts},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::Row as _;

pub(super) enum Begin {
    Answered(Box<Response>),
    Go(Option<IdempotencyKey>),
}

const KEPT_MS: i64 = 24 * 3_600_000;

pub(super) async fn begin<R: Route>(
    kernel: &Kernel,
    parts: &Parts,
    body: &[u8],
    by: &Actor,
) -> Result<Begin> {
    let Some(key) = parts.headers.get("idempotency-key") else { return Ok(Begin::Go(None)) };
    if !api::creates(R::METHOD == "POST", R::STATUS, R::BODY) {
        return Ok(Begin::Go(None));
    }
    let key = key.to_str().ok().filter(|k| (1..=255).contains(&k.len()));
    let key = key.ok_or_else(|| Error::field("idempotency-key", "1 to 255 visible characters"))?;
    let mut hash = Sha256::new();
    hash.update(parts.uri.to_string().as_bytes());
    hash.update([0]);
    hash.update(body);
    let request_hash: [u8; 32] = hash.finalize().into();
    let route = format!("{} {}", R::METHOD, R::PATH);
    let oldest = kernel.world.now().0 - KEPT_MS;
    let found = sqlx::query(store::IDEMPOTENCY_GET)
        .bind(&by.name)
        .bind(key)
        .bind(&route)
        .bind(oldest)
        .fetch_optional(kernel.db.read())
        .await?;
    let Some(row) = found else {
        forget_old(kernel, oldest).await;
        return Ok(Begin::Go(Some(IdempotencyKey { key: key.into(), route, request_hash })));
    };
    if row.try_get::<Vec<u8>, _>("request_hash")? != request_hash {
        return Err(Error::field("idempotency-key", "was used for another request"));
    }
    let Some(status) = row.try_get::<Option<u16>, _>("status")? else {
        return Err(Error::conflict("the first request with this key took effect; its answer was lost"));
    };
    let head: Vec<(String, String)> = serde_json::from_str(row.try_get("head")?).map_err(Error::internal)?;
    let body: Vec<u8> = row.try_get("body")?;
    let mut response = if body.is_empty() { ().into_response() } else { super::json_response(body) };
    *response.status_mut() = StatusCode::from_u16(status).map_err(Error::internal)?;
    for (name, value) in head {
        if let (Ok(n), Ok(v)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value)) {
            response.headers_mut().append(n, v);
        }
    }
    Ok(Begin::Answered(Box::new(response)))
}

/// For a body that the handler reads as a stream: `body` names what it held, so that a repeat is known. `run` gets the
/// actor whose commit takes the key along.
pub async fn once<R: Route>(
    kernel: &Kernel,
    parts: &Parts,
    body: &[u8],
    by: &Actor,
    run: impl AsyncFnOnce(&Actor) -> Result<(StatusCode, HeaderMap, Vec<u8>)>,
) -> Result<Response> {
    let actor = match begin::<R>(kernel, parts, body, by).await? {
        Begin::Answered(response) => return Ok(*response),
        Begin::Go(key) => Actor { idempotency: key, ..by.clone() },
    };
    let (status, head, json) = run(&actor).await?;
    end(kernel, &actor, status, &head, &json).await;
    let mut response = super::json_response(json);
    *response.status_mut() = status;
    response.headers_mut().extend(head);
    Ok(response)
}

async fn forget_old(kernel: &Kernel, oldest: i64) {
    let prune = async {
        let mut tx = kernel.db.write(&Actor::system()).await?;
        sqlx::query(store::IDEMPOTENCY_PRUNE).bind(oldest).execute(tx.conn()).await?;
        tx.commit_bookkeeping().await
    };
    if let Err(e) = prune.await {
        tracing::warn!(error = %e, "old idempotency keys could not be removed");
    }
}

/// Keeps the answer. Secrets that are shown once (API keys) are kept for a day like every answer, hashed nowhere:
/// so answers that hold one are left out, and a repeat is told so.
pub(super) async fn end(kernel: &Kernel, by: &Actor, status: StatusCode, head: &HeaderMap, body: &[u8]) {
    let Some(key) = by.idempotency.as_ref() else { return };
    if serde_json::from_slice::<Value>(body).is_ok_and(|b| b.get("secret").is_some()) {
        return;
    }
    let head: Vec<_> = head
        .iter()
        .filter_map(|(n, v)| Some((n.to_string(), String::from_utf8(v.as_bytes().to_vec()).ok()?)))
        .collect();
    let keep = async {
        let mut tx = kernel.db.write(&Actor::system()).await?;
        sqlx::query(store::IDEMPOTENCY_ANSWER)
            .bind(&by.name)
            .bind(&key.key)
            .bind(&key.route)
            .bind(status.as_u16())
            .bind(json!(head).to_string())
            .bind(body.to_vec())
            .execute(tx.conn())
            .await?;
        tx.commit_bookkeeping().await
    };
    if let Err(e) = keep.await {
        tracing::warn!(error = %e, key = %hex(&key.request_hash[..4]), "an answer could not be kept for repeats");
    }
}
