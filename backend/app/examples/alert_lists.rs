//! How long pages of alerts take in a workspace of 100,000, as JSON: median and 95th percentile in milliseconds for
//! each kind of question, with its count, asked one after the other.
//!
//! `cargo run --release -p aurorasoc --example alert_lists [ALERTS]`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a measurement, not the product"
)]

use axum::{body::Body, http::Request};
use kernel::{
    World,
    db::{Actor, Audit},
};
use server::App;
use std::{collections::BTreeMap, time::Instant};
use tower_service::Service as _;

const TIMES: usize = 40;

#[tokio::main]
async fn main() {
    let many: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let dir = std::env::temp_dir().join(format!("aurora-lists-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let options = server::Options {
        world: World::real(),
        dir: &dir,
        desktop: false,
        key: kernel::auth::token_key::KeyPlace::File,
    };
    let app = App::open(options).await.unwrap();
    let made = Instant::now();
    let set = app.rules.fresh().await;
    for from in (0..many).step_by(500) {
        raise(&app, &set, from, (from + 500).min(many)).await;
    }
    eprintln!("{many} alerts in {:.1} s", made.elapsed().as_secs_f64());
    let user = serde_json::json!({"username": "root", "password": "correct horse battery", "role": "admin"});
    let by = Actor::system();
    app.kernel.auth.create_user(&by, serde_json::from_value(user).unwrap()).await.unwrap();
    let token = app.kernel.auth.token_by_password("root", "correct horse battery", &by, None).await.unwrap();

    let mut router = server::router(&app);
    let mut out = BTreeMap::new();
    for question in QUESTIONS {
        let mut times = vec![];
        let mut total = 0;
        for n in 0..TIMES {
            // A write in between, so that no count is remembered.
            let tx = app.kernel.db.write(&by).await.unwrap();
            tx.commit(Audit::new("bench", "bench", "1"), &[]).await.unwrap();
            let uri =
                format!("/api/v1/alerts?{}", question.replace("{n}", &(n as u64 * 97 % many).to_string()));
            let call = Request::get(&uri).header("authorization", format!("Bearer {}", token.access_token));
            let since = Instant::now();
            let answer = router.call(call.body(Body::empty()).unwrap()).await.unwrap();
            let status = answer.status();
            let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
            times.push(since.elapsed().as_secs_f64() * 1e3);
            assert_eq!(status, 200, "{uri}: {}", String::from_utf8_lossy(&body));
            total = serde_json::from_slice::<serde_json::Value>(&body).unwrap()["total"].as_u64().unwrap();
        }
        times.sort_by(f64::total_cmp);
        let ms = |part: usize| (times[(TIMES * part / 100).min(TIMES - 1)] * 100.0).round() / 100.0;
        out.insert(question, serde_json::json!({"p50_ms": ms(50), "p95_ms": ms(95), "total": total}));
    }
    println!("{}", serde_json::to_string_pretty(&out).unwrap());
    app.close().await;
    let _ = std::fs::remove_dir_all(&dir);
}

/// Every sort, every filter, common and rare, alone and together, and text that is everywhere, rare and nowhere.
const QUESTIONS: &[&str] = &[
    "",
    "sort=created_at",
    "sort=-updated_at",
    "sort=first_seen",
    "sort=-last_seen",
    "sort=-severity",
    "sort=-event_count",
    "limit=500",
    "count=exact",
    "status=open",
    "status=contained",
    "severity=critical",
    "severity=high,critical&status=open",
    "severity=critical&status=contained",
    "assignee=none",
    "assignee=nobody-of-this-name",
    "rule_id=no-such-rule",
    "case_id=CASE-2026-00001",
    "technique=T1218.011",
    "technique=T9999",
    "entity=ws{n}.corp.example",
    "tag=nothing",
    "from=1970-01-05T00:00:00Z&to=1970-01-05T12:00:00Z",
    "q=ws{n}.corp",
    "q=rundll32",
    "q=corp",
    "q=not%20to%20be%20found",
    "q=zq",
    "q=ws1&severity=critical&sort=-last_seen",
];

/// One alert each, spread over hosts, hours and rules.
async fn raise(app: &App, set: &server::detections::RuleSet, from: u64, to: u64) {
    let rules = set.engine.rules().len();
    let event = |n: u64| {
        let mut identity = [0; 16];
        identity[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        event::Event {
            time: event::Nanos((n % 1000) as i64 * 3_600_000_000_000),
            dataset: "windows.sysmon".into(),
            place: event::Place { record: n, offset: 0, len: 0 },
            fields: vec![
                ("Computer".into(), event::Value::from(format!("WS{n}.corp.example").as_str())),
                ("User".into(), event::Value::from(format!("CORP\\user{}", n % 500).as_str())),
                ("Image".into(), event::Value::from("C:\\Windows\\System32\\rundll32.exe")),
            ],
            identity,
        }
    };
    let events: Vec<_> = (from..to).map(event).collect();
    let one = |(n, event)| {
        let i = (from as usize + n) % rules;
        let (rule, tuning) = (&set.engine.rules()[i], set.tuning(i).unwrap());
        server::alerts::Match { rule, tuning, event }
    };
    let matches: Vec<_> = events.iter().enumerate().map(one).collect();
    let cause = server::alerts::Cause { source: "sigma", run_id: None, merged: Default::default() };
    let mut tx = app.kernel.db.write(&Actor::system()).await.unwrap();
    server::alerts::raise(&app.kernel, &mut tx, &matches, &cause).await.unwrap();
    tx.commit(Audit::new("alert.raise", "job", "bench"), &[]).await.unwrap();
}
