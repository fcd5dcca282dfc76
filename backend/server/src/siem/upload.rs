//! POST /imports: the bytes go into the content store as they come, then a job reads them there.

use super::{
    Input, Told, content_error,
    input::{Item, start},
};
use crate::App;
use api::{jobs::JobAccepted, siem::ImportCreate};
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use evidence::Stored;
use futures::{Stream, StreamExt as _};
use kernel::{
    Error, Result, Untrusted,
    route::{self, RawCall},
};
use serde_json::json;
use std::{
    io::{self, Read},
    ops::ControlFlow,
    sync::{Arc, Mutex},
};
use tokio::sync::mpsc;

/// 202 once every byte lies safely in the content store.
pub async fn upload(app: App, call: RawCall<ImportCreate>) -> Result<Response> {
    let told = Told { format: call.query.format, timezone: call.query.timezone };
    told.check()?;
    let by = call.caller.actor.clone();
    let head = call.parts.clone();
    let items = keep(&app, call.parts, call.body, call.query.name, "upload").await?;
    let held = held(&items);
    route::once::<ImportCreate>(&app.kernel, &head, &held, &by, async |actor| {
        accepted(start(&app.kernel, actor, Input::Kept { items, told }).await?)
    })
    .await
}

/// What an upload held, for [`route::once`].
pub(crate) fn held(items: &[Item]) -> Vec<u8> {
    let all: Vec<_> = items.iter().map(|i| (&i.label, &i.sha256)).collect();
    json!(all).to_string().into_bytes()
}

/// The answer that a job was taken on.
pub(crate) fn accepted(job_id: String) -> Result<(StatusCode, HeaderMap, Vec<u8>)> {
    let at = HeaderValue::from_str(&format!("/api/v1/jobs/{job_id}")).map_err(Error::internal)?;
    let body = serde_json::to_vec(&JobAccepted { job_id }).map_err(Error::internal)?;
    Ok((StatusCode::ACCEPTED, HeaderMap::from_iter([(header::LOCATION, at)]), body))
}

/// Streams every file of a request into the content store; `label` for one that brings no name.
pub(crate) async fn keep(
    app: &App,
    parts: Parts,
    body: Body,
    name: Option<String>,
    label: &'static str,
) -> Result<Vec<Item>> {
    let kept: Arc<Mutex<Vec<Item>>> = Arc::default();
    let (into, content) = (kept.clone(), app.content.clone());
    route::upload(parts, body, name, move |given, mut stream| {
        let (into, content) = (into.clone(), content.clone());
        async move {
            let put = move |from: &mut dyn Read| content.put_stream(from, &mut |_| ControlFlow::Continue(()));
            let stored: std::result::Result<Stored, _> = on_thread(&mut stream, put).await?;
            let stored = stored.map_err(content_error)?;
            let label = Untrusted::new(given.unwrap_or_else(|| label.into())).for_file_name();
            let (sha256, size) = (stored.sha256.to_string(), stored.size);
            let item = Item { label, sha256, size };
            into.lock().unwrap_or_else(|p| p.into_inner()).push(item);
            Ok(())
        }
    })
    .await?;
    Ok(std::mem::take(&mut *kept.lock().unwrap_or_else(|p| p.into_inner())))
}

/// Reads a stream of chunks on a thread of its own, as it comes. `work` may end before the stream does.
pub(super) async fn on_thread<S, T>(
    stream: &mut S,
    work: impl FnOnce(&mut dyn Read) -> T + Send + 'static,
) -> Result<T>
where
    S: Stream<Item = Result<Bytes>> + Unpin,
    T: Send + 'static,
{
    let (send, receive) = mpsc::channel(4);
    let work = tokio::task::spawn_blocking(move || work(&mut Chunks::new(receive)));
    let mut broke = None;
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(bytes) if !bytes.is_empty() => {
                if send.send(Ok(bytes)).await.is_err() {
                    break;
                }
            }
            Ok(_) => {}
            Err(e) => {
                broke = Some(e);
                let _ = send.send(Err(io::ErrorKind::ConnectionAborted.into())).await;
                break;
            }
        }
    }
    drop(send);
    let done = work.await.map_err(Error::internal)?;
    broke.map_or(Ok(done), Err)
}

/// A channel of chunks as a reader.
struct Chunks {
    receive: mpsc::Receiver<io::Result<Bytes>>,
    rest: Bytes,
}

impl Chunks {
    fn new(receive: mpsc::Receiver<io::Result<Bytes>>) -> Self {
        Chunks { receive, rest: Bytes::new() }
    }
}

impl Read for Chunks {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            match self.receive.blocking_recv() {
                Some(chunk) => self.rest = chunk?,
                None => return Ok(0),
            }
        }
        let n = to.len().min(self.rest.len());
        to[..n].copy_from_slice(&self.rest.split_to(n));
        Ok(n)
    }
}
