//! Page and API on one origin.

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    middleware,
    response::{IntoResponse as _, Response},
};
use kernel::route::{Edge, edge, not_found};
use server::App;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// Path, ETag, bytes.
type File = (&'static str, &'static str, &'static [u8]);
/// The UI; empty when the crate was built without it.
const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/ui.rs"));

/// A server that listens.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Serves on a bound socket. Behind a proxy any Host is taken, since the proxy has checked it.
pub(crate) fn serve(app: &App, listener: TcpListener, proxy: Option<IpAddr>) -> std::io::Result<Serving> {
    let address = listener.local_addr()?;
    app.kernel.auth.set_port(address.port(), proxy.is_some());
    let router = router(app, address, proxy);
    let (stop, mut stopped) = watch::channel(false);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
        let _ = stopped.wait_for(|s| *s).await;
    });
    let task = tokio::spawn(async move {
        if let Err(e) = serving.await {
            tracing::error!(error = %e, "the server ended");
        }
    });
    Ok(Serving { address, stop, task })
}

impl Serving {
    /// Takes no more connections and waits a moment for those that are there.
    pub(crate) async fn close(self) {
        self.stop.send_replace(true);
        let mut task = self.task;
        if tokio::time::timeout(std::time::Duration::from_secs(3), &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// All routes with the layers around them.
fn router(app: &App, address: SocketAddr, proxy: Option<IpAddr>) -> Router {
    let port = address.port();
    let hosts = match proxy {
        Some(_) => vec![],
        None => ["127.0.0.1", "localhost", "[::1]"].map(|h| format!("{h}:{port}")).to_vec(),
    };
    let edge_state = Edge { kernel: app.kernel.clone(), hosts: Arc::from(hosts), proxy };
    server::router(app).fallback(page).layer(middleware::from_fn_with_state(edge_state, edge))
}

/// A file of the UI, or its page for any path that the client's own router knows.
async fn page(req: Request) -> Response {
    let path = req.uri().path();
    let readable = matches!(*req.method(), Method::GET | Method::HEAD);
    let api = path.starts_with("/api/") || path == "/api" || path == "/metrics" || path == "/health";
    let wanted = if path.rsplit('/').next().unwrap_or("").contains('.') { path } else { "/index.html" };
    let file = FILES.iter().find(|(name, ..)| readable && !api && *name == wanted);
    let Some((name, etag, bytes)) = file else {
        let mut response = not_found().await;
        if !readable && !api && FILES.iter().any(|(name, ..)| *name == wanted) {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET,HEAD"));
        }
        return response;
    };
    if req.headers().get(header::IF_NONE_MATCH).is_some_and(|v| v.as_bytes() == etag.as_bytes()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let head = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind(name))),
        (header::ETAG, HeaderValue::from_static(etag)),
        (header::CACHE_CONTROL, HeaderValue::from_static(kept(name))),
    ];
    (head, *bytes).into_response()
}

/// Whether a browser may keep a file, to ask whether it is still the newest. The page itself never: with it WebKit writes
/// the address that it was opened by, and the first one has a start code in its fragment.
fn kept(name: &str) -> &'static str {
    if name == "/index.html" { "no-store" } else { "no-cache" }
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("json") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
