//! What no route of the product shows by itself: a refusal by policy, and repeats of a POST in the kernel alone.

use super::*;
use crate::{Options, World, db::Audit};
use axum::body::Body;
use tower_service::Service as _;

mod made {
    use api::Empty;
    api::routes! {
        #[doc = "Always denied by policy"]
        Denied: POST "/denied", Public, path Empty, query Empty, body None () => 200 Json ();
        #[doc = "Makes a record"]
        Made: POST "/made", Public, path Empty, query Empty, body None () => 201 Json i64;
        #[doc = "Reads its body and does nothing"]
        Parsed: POST "/parsed", Public, path Empty, query Empty, body Json serde_json::Value => 200 Json ();
    }
}

/// No route of the product is deprecated, so that one stands here.
struct Old;
impl Route for Old {
    const METHOD: &'static str = "POST";
    const PATH: &'static str = "/old";
    const STATUS: u16 = 200;
    const BODY: api::BodyKind = api::BodyKind::None;
    const REPLY: ReplyKind = ReplyKind::Json;
    const DEPRECATED: bool = true;
    type Perm = api::perm::Public;
    type Path = api::Empty;
    type Query = api::Empty;
    type Body = ();
    type Reply = ();
}

async fn old(_: Kernel, _: Call<Old>) -> Result<Answer<()>> {
    Ok(().into())
}

/// No route of the product panics by itself, so that one stands here.
struct Broken;
impl Route for Broken {
    const METHOD: &'static str = "POST";
    const PATH: &'static str = "/broken";
    const STATUS: u16 = 200;
    const BODY: api::BodyKind = api::BodyKind::None;
    const REPLY: ReplyKind = ReplyKind::Json;
    const DEPRECATED: bool = false;
    type Perm = api::perm::Public;
    type Path = api::Empty;
    type Query = api::Empty;
    type Body = ();
    type Reply = ();
}

async fn broken(_: Kernel, _: Call<Broken>) -> Result<Answer<()>> {
    panic!("of a handler, with /a/path and a secret in it")
}

async fn denied(_: Kernel, _: Call<made::Denied>) -> Result<Answer<()>> {
    Err(Error::new(Code::Guardrail))
}

async fn make(kernel: Kernel, call: Call<made::Made>) -> Result<Answer<i64>> {
    let tx = kernel.db.write(&call.caller.actor).await?;
    Ok(tx.commit(Audit::new("test.make", "test", "1"), &[]).await?.into())
}

async fn parsed(_: Kernel, _: Call<made::Parsed>) -> Result<Answer<()>> {
    Ok(().into())
}

async fn open(dir: &std::path::Path) -> (Kernel, Router) {
    let options = Options {
        world: World::real(),
        dir,
        workspace: "test".into(),
        desktop: false,
        key: crate::auth::token_key::KeyPlace::File,
        warnings: vec![],
        migrations: &[],
        works: vec![],
    };
    let kernel = Kernel::open(options).await.unwrap();
    let router = Routes::default()
        .with(denied)
        .with(make)
        .with(parsed)
        .with(old)
        .with(broken)
        .router
        .with_state(kernel.clone());
    (kernel, router)
}

async fn call(router: &mut Router, path: &str, key: Option<&str>) -> (StatusCode, String) {
    let mut call = Request::post(path);
    if let Some(key) = key {
        call = call.header("idempotency-key", key);
    }
    let answer = router.call(call.body(Body::empty()).unwrap()).await.unwrap();
    let status = answer.status();
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn a_deprecated_route_says_so_and_others_do_not() {
    let dir = tempfile::tempdir().unwrap();
    let (_kernel, mut router) = open(dir.path()).await;
    for (path, says) in [("/old", true), ("/made", false)] {
        let answer = router.call(Request::post(path).body(Body::empty()).unwrap()).await.unwrap();
        let head = |n: &str| answer.headers().get(n).map(|v| v.to_str().unwrap());
        let wanted = says.then_some(("true", "2026-12-31T00:00:00Z"));
        assert_eq!(head("deprecation").zip(head("sunset")), wanted, "{path}");
    }
}

#[tokio::test]
async fn a_refusal_by_policy_is_audited_once() {
    let dir = tempfile::tempdir().unwrap();
    let (kernel, mut router) = open(dir.path()).await;
    let (status, body) = call(&mut router, "/denied", None).await;
    assert_eq!(status, 403);
    assert!(body.contains("AURORA-4031"), "{body}");
    let row = crate::audit::get(&kernel.db, 1).await.unwrap().unwrap();
    assert_eq!(
        (&*row.action, &*row.result, &*row.object.id),
        ("route.refused", "AURORA-4031", "POST /denied")
    );
    assert!(crate::audit::get(&kernel.db, 2).await.unwrap().is_none());
}

#[tokio::test]
async fn a_repeated_post_gets_the_first_answer_and_takes_effect_once() {
    let dir = tempfile::tempdir().unwrap();
    let (kernel, mut router) = open(dir.path()).await;
    let first = call(&mut router, "/made", Some("k1")).await;
    assert_eq!(first, (StatusCode::CREATED, "1".to_owned()));
    assert_eq!(call(&mut router, "/made", Some("k1")).await, first);
    assert_eq!(call(&mut router, "/made", Some("k2")).await.1, "2");
    assert!(crate::audit::get(&kernel.db, 3).await.unwrap().is_none());
}

/// The suite of JSON texts beside the repository: its names begin with y (accept), n (refuse) or i (either).
#[tokio::test]
async fn a_body_is_json_exactly_where_it_is_json() {
    let beside = std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = std::env::var_os("AURORASOC_SHARED").map_or(beside.join("../../../shared"), Into::into);
    let Ok(suite) = std::fs::File::open(root.join("data/api/json-parsing.zip")) else {
        println!("skipped: no shared data");
        return;
    };
    let mut suite = zip::ZipArchive::new(suite).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (_kernel, mut router) = open(dir.path()).await;
    let (mut seen, mut wrong) = (0, vec![]);
    for at in 0..suite.len() {
        let mut text = vec![];
        let mut member = suite.by_index(at).unwrap();
        std::io::Read::read_to_end(&mut member, &mut text).unwrap();
        let name = member.name().unwrap().into_owned();
        // No bytes at all are no body, which some routes may do without, and no JSON text.
        if !name.ends_with(".json") || text.is_empty() {
            continue;
        }
        let call = Request::post("/parsed").header("content-type", "application/json");
        let answer = router.call(call.body(Body::from(text)).unwrap()).await.unwrap();
        seen += 1;
        let right = match (name.rsplit('/').next().and_then(|n| n.chars().next()), answer.status().as_u16()) {
            (Some('y'), status) => status == 200,
            (Some('n'), status) => status == 422,
            (_, status) => matches!(status, 200 | 422),
        };
        if !right {
            wrong.push(format!("{name}: {}", answer.status()));
        }
    }
    assert!(seen > 100, "{seen}");
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn a_panic_is_an_error_like_others_with_its_headers_and_nothing_of_its_text() {
    let dir = tempfile::tempdir().unwrap();
    let (kernel, router) = open(dir.path()).await;
    let here = Edge { kernel, hosts: ["127.0.0.1:1".to_owned()].into(), proxy: None };
    let mut router = router.layer(axum::middleware::from_fn_with_state(here, edge));
    let id = "0190a5f0-0000-7000-8000-000000000001";
    let call = Request::post("/broken").header("host", "127.0.0.1:1").header("x-request-id", id);
    let answer = router.call(call.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 500);
    let head = |n: &str| answer.headers().get(n).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let heads = ["x-api-version", "x-request-id", "x-aurorasoc-mode"].map(head);
    assert_eq!(heads, ["1.0", id, "dry_run"]);
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let body = String::from_utf8_lossy(&body);
    assert!(body.contains("AURORA-5000") && body.contains(id) && !body.contains("secret"), "{body}");
}

#[tokio::test]
async fn behind_a_proxy_only_the_proxy_and_this_machine_get_in() {
    let dir = tempfile::tempdir().unwrap();
    let (kernel, router) = open(dir.path()).await;
    let behind = Edge { kernel, hosts: [].into(), proxy: Some("192.0.2.1".parse().unwrap()) };
    let layer = axum::middleware::from_fn_with_state(behind, edge);
    let mut router = router.layer(layer);
    for (peer, status) in [
        ("192.0.2.1:5000", 201),
        ("[::ffff:192.0.2.1]:5000", 201),
        ("127.0.0.1:5000", 201),
        ("[::1]:5000", 201),
        ("192.0.2.2:5000", 403),
        ("[2001:db8::1]:5000", 403),
    ] {
        let peer = axum::extract::ConnectInfo(peer.parse::<std::net::SocketAddr>().unwrap());
        let call = Request::post("/made").header("host", "soc.example").extension(peer);
        let answer = router.call(call.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{peer:?}");
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&body).contains("AURORA-4030"), status == 403, "{peer:?}");
    }
}
