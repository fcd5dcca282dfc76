//! Requests a second on loopback, as JSON: bare axum, a route that passes every layer of the product and answers a
//! constant, one alert, and a page of 50 alerts with 20 events each. All on one runtime, in turns, medians.
//!
//! The last two once as the product gives them (remembered until a record changes) and once read from the database
//! each time (`cold`).
//!
//! `cargo run --release -p aurorasoc --example http_rates`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a measurement, not the product"
)]

use axum::{Router, middleware, routing::get};
use kernel::{
    World,
    db::{Actor, Audit},
    route::{Answer, Call, Edge, Routes, edge, not_found},
};
use server::App;
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_secs(1);
const PASSWORD: &str = "correct horse battery";

/// Not in the product's table: only here.
mod made {
    use api::{Empty, alerts::AlertPath};
    api::routes! {
        #[doc = "The same layers, a constant"]
        Constant: GET "/api/v1/bench/{alert_id}", AlertsRead, path AlertPath, query Empty, body None () => 200 Json String;
    }
}

async fn constant(_: App, _: Call<made::Constant>) -> kernel::Result<Answer<String>> {
    Ok(String::from("constant").into())
}

#[tokio::main]
async fn main() {
    let dir = std::env::temp_dir().join(format!("aurora-rates-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    // With the log that the product writes.
    std::fs::create_dir_all(dir.join("logs")).unwrap();
    let _log = kernel::telemetry::start(&dir.join("logs"));
    let options = server::Options {
        world: World::real(),
        dir: &dir,
        desktop: false,
        key: kernel::auth::token_key::KeyPlace::File,
    };
    let app = App::open(options).await.unwrap();
    app.kernel.start().await.unwrap();
    let token = token(&app).await;
    let alert = alerts(&app, 60).await;

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let product = listener.local_addr().unwrap();
    let cold_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cold = cold_listener.local_addr().unwrap();
    let hosts = Arc::from(vec![product.to_string(), cold.to_string()]);
    let layer = middleware::from_fn_with_state(Edge { kernel: app.kernel.clone(), hosts, proxy: None }, edge);
    let routes = server::routes().and(Routes::default().with(constant)).router;
    let router = routes.with_state(app.clone()).fallback(not_found).layer(layer);
    let kernel = app.kernel.clone();
    let forget = middleware::from_fn(move |req: axum::extract::Request, next: middleware::Next| {
        kernel.db.forget_reads();
        next.run(req)
    });
    let service = router.clone().layer(forget).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(cold_listener, service).await });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bare = listener.local_addr().unwrap();
    let hello = Router::new().route("/", get(|| async { "hello" }));
    tokio::spawn(async move { axum::serve(listener, hello).await });

    let path = |p: &str| (product, p.to_owned());
    let calls = [
        (bare, "/".to_owned()),
        path(&format!("/api/v1/bench/{alert}")),
        path(&format!("/api/v1/alerts/{alert}")),
        path("/api/v1/alerts?limit=50"),
        (cold, format!("/api/v1/alerts/{alert}")),
        (cold, "/api/v1/alerts?limit=50".to_owned()),
    ];
    let only: Option<usize> = std::env::args().nth(1).and_then(|n| n.parse().ok());
    let mut rates = calls.each_ref().map(|_| vec![]);
    for _ in 0..ROUNDS {
        for (n, (to, path)) in calls.iter().enumerate().filter(|(n, _)| only.is_none_or(|o| o == *n)) {
            let head = format!("GET {path} HTTP/1.1\r\nhost: {to}\r\nauthorization: Bearer {token}\r\n\r\n");
            let to = *to;
            let load = move || hammer(to, head);
            rates[n].push(tokio::task::spawn_blocking(load).await.unwrap());
        }
    }
    let [hello, constant, point, page, cold_point, cold_page] = rates.map(median);
    let ratio = |a: f64, b: f64| (a / b * 1000.0).round() / 1000.0;
    println!(
        "{}",
        serde_json::json!({
            "hello_per_s": hello.round(), "same_layers_constant_per_s": constant.round(), "point_per_s": point.round(),
            "page_of_50_per_s": page.round(), "point_to_constant": ratio(point, constant),
            "point_to_hello": ratio(point, hello), "page_of_50_to_hello": ratio(page, hello),
            "cold_point_per_s": cold_point.round(), "cold_page_of_50_per_s": cold_page.round(),
            "cold_point_to_constant": ratio(cold_point, constant), "cold_point_to_hello": ratio(cold_point, hello),
            "cold_page_of_50_to_hello": ratio(cold_page, hello),
            "connections": CONNECTIONS, "rounds": ROUNDS,
        })
    );
    app.close().await;
    let _ = std::fs::remove_dir_all(&dir);
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

async fn token(app: &App) -> String {
    let user = serde_json::json!({"username": "root", "password": PASSWORD, "role": "admin"});
    let by = Actor::system();
    app.kernel.auth.create_user(&by, serde_json::from_value(user).unwrap()).await.unwrap();
    app.kernel.auth.token_by_password("root", PASSWORD, &by, None).await.unwrap().access_token
}

/// Alerts of a rule with 20 events each; answers the id of one.
async fn alerts(app: &App, many: u64) -> String {
    let set = app.rules.fresh().await;
    let (rule, tuning) = (&set.engine.rules()[0], set.tuning(0).unwrap());
    let cause = server::alerts::Cause { source: "sigma", run_id: None, merged: Default::default() };
    let event = |alert: u64, n: u64| {
        let mut identity = [0; 16];
        identity[..8].copy_from_slice(&alert.to_be_bytes());
        identity[8..].copy_from_slice(&n.to_be_bytes());
        event::Event {
            time: event::Nanos((n as i64) * 1_000_000_000),
            dataset: "windows.sysmon".into(),
            place: event::Place { record: n, offset: 0, len: 0 },
            fields: vec![
                ("Computer".into(), event::Value::from(format!("WS{alert}.corp.example").as_str())),
                ("User".into(), event::Value::from("CORP\\ann")),
                ("Image".into(), event::Value::from("C:\\Windows\\System32\\rundll32.exe")),
            ],
            identity,
        }
    };
    let events: Vec<_> = (0..many).flat_map(|a| (0..20).map(move |n| event(a, n))).collect();
    let matches: Vec<_> = events.iter().map(|event| server::alerts::Match { rule, tuning, event }).collect();
    let mut tx = app.kernel.db.write(&Actor::system()).await.unwrap();
    let raised = server::alerts::raise(&app.kernel, &mut tx, &matches, &cause).await.unwrap();
    tx.commit(Audit::new("alert.raise", "job", "bench"), &[]).await.unwrap();
    raised.created[0].clone()
}

/// Answers a second with as many connections, from a thread of its own.
fn hammer(to: SocketAddr, head: String) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let since = Instant::now();
        let tasks: Vec<_> =
            (0..CONNECTIONS).map(|_| tokio::spawn(ask(to, head.clone(), since + ROUND))).collect();
        let mut answers = 0;
        for t in tasks {
            answers += t.await.unwrap();
        }
        answers as f64 / since.elapsed().as_secs_f64()
    })
}

/// One connection, one question after the other. All answers of a path are of one length.
async fn ask(to: SocketAddr, head: String, until: Instant) -> u64 {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 1 << 20];
    let (mut length, mut answers) = (None, 0);
    while Instant::now() < until {
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut got = 0;
        while length.is_none_or(|l| got < l) {
            let n = stream.read(&mut buffer[got..]).await.unwrap();
            assert!(n > 0, "the server hung up: {}", String::from_utf8_lossy(&buffer[..got]));
            got += n;
            length = length.or_else(|| whole(&buffer[..got]));
        }
        assert!(buffer.starts_with(b"HTTP/1.1 200") && Some(got) == length, "another answer than the first");
        answers += 1;
    }
    answers
}

/// Bytes of the answer with its head, once the head is there.
fn whole(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|l| l.strip_prefix("content-length: "))?;
    Some(end + length.trim().parse::<usize>().ok()?)
}
