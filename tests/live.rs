//! The alert stream: sign-in by first message, order, resume, backlog, number of sockets, the end of credentials.

#![allow(clippy::disallowed_methods, reason = "tests talk to the product over loopback")]

use crate::served::{Call, PASSWORD, Server};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async, connect_async,
    tungstenite::{Message, client::IntoClientRequest as _, http::Request},
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(s: &Server, token: &str) -> Socket {
    let (mut socket, answer) = connect_async(format!("ws://{}/api/v1/ws/alerts", s.host)).await.unwrap();
    assert_eq!(answer.headers()["x-api-version"], "1.0", "a 101 has the headers too");
    say(&mut socket, json!({"type": "auth", "token": token})).await;
    socket
}

/// With the credentials in a header.
fn request(host: &str, header: (&'static str, &str)) -> Request<()> {
    let mut request = format!("ws://{host}/api/v1/ws/alerts").into_client_request().unwrap();
    request.headers_mut().insert(header.0, header.1.parse().unwrap());
    request
}

async fn say(socket: &mut Socket, frame: Value) {
    socket.send(Message::Text(frame.to_string().into())).await.unwrap();
}

/// The next text frame, or the code that the socket was closed with.
async fn next(socket: &mut Socket) -> Result<Value, u16> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(t))) => return Ok(serde_json::from_str(&t).unwrap()),
            Some(Ok(Message::Close(frame))) => return Err(frame.unwrap().code.into()),
            Some(Ok(_)) => {}
            other => panic!("the socket broke: {other:?}"),
        }
    }
}

fn alert(s: &Server, token: &str, title: &str) -> String {
    let body = json!({"title": title, "severity": "low"});
    let made = s.call("POST", "/api/v1/alerts").bearer(token).json(&body).send();
    made.json()["alert_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn alerts_arrive_in_order_and_a_gap_is_filled_by_resume() {
    let s = Server::start();
    let t = s.token("root");
    let before = alert(&s, &t, "before");
    let mut socket = open(&s, &t).await;
    assert_eq!(next(&mut socket).await.unwrap()["type"], "ready");
    let after = alert(&s, &t, "after");
    let live = next(&mut socket).await.unwrap();
    assert_eq!((&live["v"], &live["type"]), (&json!(1), &json!("alert.created")));
    assert_eq!(live["data"]["alert_id"], json!(after));
    say(&mut socket, json!({"type": "resume", "after": 0})).await;
    assert_eq!(next(&mut socket).await.unwrap(), json!({"type": "resumed", "after": 0}));
    let first = next(&mut socket).await.unwrap();
    assert_eq!(first["data"]["alert_id"], json!(before));
    let second = next(&mut socket).await.unwrap();
    assert_eq!(second["seq"], live["seq"]);
    assert!(first["seq"].as_i64() < second["seq"].as_i64());
}

#[tokio::test]
async fn who_may_not_read_alerts_gets_none_and_ended_credentials_end_the_socket() {
    let s = Server::start();
    let t = s.token("root");
    let mut socket = open(&s, "not a token").await;
    assert_eq!(next(&mut socket).await.unwrap()["error"]["code"], "AURORA-4012");
    assert_eq!(next(&mut socket).await, Err(4401));

    let (mut socket, _) =
        connect_async(request(&s.host, ("authorization", "Bearer nonsense"))).await.unwrap();
    assert_eq!(next(&mut socket).await.unwrap()["error"]["code"], "AURORA-4012", "by a header too");
    assert_eq!(next(&mut socket).await, Err(4401));

    let key = json!({"name": "no alerts", "scopes": ["cases:read"]});
    let key = s.call("POST", "/api/v1/auth/api-keys").bearer(&t).json(&key).send().json();
    let mut blind = open(&s, key["secret"].as_str().unwrap()).await;
    assert_eq!(next(&mut blind).await.unwrap()["type"], "ready");
    alert(&s, &t, "not for this key");

    let user = json!({"username": "vera", "password": PASSWORD, "role": "viewer"});
    s.call("POST", "/api/v1/users").bearer(&t).json(&user).send();
    let vera = s.token("vera");
    let mut socket = open(&s, &vera).await;
    assert_eq!(next(&mut socket).await.unwrap()["type"], "ready");
    s.call("POST", "/api/v1/auth/logout").bearer(&vera).send();
    assert_eq!(next(&mut socket).await, Err(4401), "within a second of the end");
    let path = format!("/api/v1/auth/api-keys/{}", key["id"].as_str().unwrap());
    s.call("DELETE", &path).bearer(&t).send();
    assert_eq!(next(&mut blind).await, Err(4401), "and it never heard of the alert");
}

#[tokio::test]
async fn a_socket_ends_with_the_token_that_opened_it() {
    let s = Server::start();
    let soon = crate::attacks::ending(&s, &s.token("root"), 3);
    let mut sockets = vec![open(&s, &soon).await];
    let by_header = request(&s.host, ("authorization", &format!("Bearer {soon}")));
    sockets.push(connect_async(by_header).await.unwrap().0);
    for socket in &mut sockets {
        assert_eq!(next(socket).await.unwrap()["type"], "ready");
    }
    for socket in &mut sockets {
        let ended = tokio::time::timeout(Duration::from_secs(10), next(socket)).await;
        assert_eq!(ended.expect("it outlives its token"), Err(4401));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_comes_once_however_often_the_line_breaks_while_many_write() {
    const WRITERS: usize = 4;
    const EACH: usize = 30;
    let s = Server::start();
    let t = s.token("root");
    let writers: Vec<_> = (0..WRITERS)
        .map(|w| {
            let (host, t) = (s.host.clone(), t.clone());
            tokio::task::spawn_blocking(move || {
                let make = |n| {
                    let body = json!({"title": format!("{w}-{n}"), "severity": "low"});
                    let made = Call::new(&host, "POST", "/api/v1/alerts").bearer(&t).json(&body).send();
                    made.json()["alert_id"].as_str().unwrap().to_owned()
                };
                (0..EACH).map(make).collect::<Vec<_>>()
            })
        })
        .collect();
    let (mut seen, mut last, mut round) = (vec![], 0, 0_usize);
    while seen.len() < WRITERS * EACH {
        round += 1;
        let mut socket = open(&s, &t).await;
        say(&mut socket, json!({"type": "resume", "after": last})).await;
        // What comes live before the answer is told again after it.
        while next(&mut socket).await.unwrap()["type"] != "resumed" {}
        // The line breaks after another number of events each time, now and then in the middle of a burst.
        for _ in 0..1 + (round * 7) % 13 {
            let event = next(&mut socket).await.unwrap();
            assert_eq!(event["seq"].as_i64(), Some(last + 1), "in order, none left out, none twice");
            last += 1;
            seen.push(event["data"]["alert_id"].as_str().unwrap().to_owned());
            if seen.len() == WRITERS * EACH {
                break;
            }
        }
    }
    let mut made = BTreeSet::new();
    for w in writers {
        made.extend(w.await.unwrap());
    }
    assert_eq!(seen.len(), made.len());
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), made);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_cut_and_others_go_on() {
    const WRITES: usize = 24;
    let s = Server::start();
    let t = s.token("root");
    let id = alert(&s, &t, "large");
    let bearer = format!("Bearer {t}");
    // A small window, so that little lies in the operating system.
    let tcp = TcpSocket::new_v4().unwrap();
    tcp.set_recv_buffer_size(4096).unwrap();
    let tcp = tcp.connect(s.host.parse().unwrap()).await.unwrap();
    let (mut slow, _) = client_async(request(&s.host, ("authorization", &bearer)), tcp).await.unwrap();
    let mut reader = open(&s, &t).await;
    let reading = tokio::spawn(async move {
        let mut read = 0;
        while read < WRITES {
            read += usize::from(next(&mut reader).await.unwrap()["type"] == "alert.updated");
        }
    });
    let path = format!("/api/v1/alerts/{id}");
    for n in 0..WRITES {
        let body = json!({"metadata": {"n": n, "text": "x".repeat(500_000)}});
        assert_eq!(s.call("PATCH", &path).bearer(&t).json(&body).send().status, 200);
    }
    let mut got = 0;
    let code = loop {
        match slow.next().await {
            Some(Ok(Message::Text(t))) => got += usize::from(t.contains("alert.updated")),
            Some(Ok(Message::Close(frame))) => break u16::from(frame.unwrap().code),
            Some(Ok(_)) => {}
            other => panic!("the socket broke: {other:?}"),
        }
    };
    assert_eq!(code, 1008);
    assert!(got < WRITES, "{got} of {WRITES}: there was no need to cut it");
    reading.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_sockets_and_no_more_until_one_goes() {
    let s = Server::start();
    let t = s.token("root");
    let settings = s.call("GET", "/api/v1/settings/runtime").bearer(&t).send().json();
    assert_eq!(settings["max_sockets"], 500, "{settings}");
    let bearer = format!("Bearer {t}");
    let connect = || async { connect_async(request(&s.host, ("authorization", &bearer))).await.unwrap().0 };
    let mut all = vec![];
    for _ in 0..500 {
        let mut socket = connect().await;
        assert_eq!(next(&mut socket).await.unwrap()["type"], "ready");
        all.push(socket);
    }
    assert_eq!(next(&mut connect().await).await, Err(1013), "one too many");
    all.pop().unwrap().close(None).await.unwrap();
    // The server learns of it a moment later.
    let one = loop {
        let mut socket = connect().await;
        if next(&mut socket).await.is_ok() {
            break socket;
        }
    };
    all.push(one);
    let id = alert(&s, &t, "to all of them");
    for socket in &mut all {
        assert_eq!(next(socket).await.unwrap()["data"]["alert_id"], json!(id));
    }
    let fewer = json!({"max_sockets": 10});
    assert_eq!(s.call("PATCH", "/api/v1/settings/runtime").bearer(&t).json(&fewer).send().status, 200);
    assert_eq!(next(&mut connect().await).await, Err(1013), "the setting counts at once");
}

/// Signs a user in each way; the credentials end; the socket and the API know within a second and after a restart.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_a_token_and_a_key_end_within_a_second_and_for_good() {
    let s = Server::start();
    let admin = s.token("root");
    let user = json!({"username": "ann", "password": PASSWORD, "role": "analyst"});
    assert_eq!(s.call("POST", "/api/v1/users").bearer(&admin).json(&user).send().status, 201);
    let ann = s.token("ann");
    let open =
        s.call("POST", "/api/v1/auth/session").json(&json!({"username": "ann", "password": PASSWORD})).send();
    let cookie = open.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let csrf = open.header("x-csrf-token").unwrap().to_owned();
    let key = json!({"name": "k", "scopes": ["alerts:read"]});
    let key = s.call("POST", "/api/v1/auth/api-keys").bearer(&ann).json(&key).send().json();
    let secret = key["secret"].as_str().unwrap().to_owned();
    let third = s.token("ann");
    let bearer = |t: &str| ("authorization", format!("Bearer {t}"));
    let ways = [("cookie", cookie.clone()), ("x-api-key", secret), bearer(&ann), bearer(&third)];
    let mut sockets = vec![];
    for (name, value) in &ways {
        let (mut socket, _) = connect_async(request(&s.host, (*name, value.as_str()))).await.unwrap();
        assert_eq!(next(&mut socket).await.unwrap()["type"], "ready", "{name}");
        sockets.push(socket);
    }
    let key_path = format!("/api/v1/auth/api-keys/{}", key["id"].as_str().unwrap());
    let off = json!({"disabled": true});
    let ends = [
        s.call("POST", "/api/v1/auth/logout")
            .header("cookie", &cookie)
            .header("x-csrf-token", &csrf)
            .header("origin", &format!("http://{}", s.host)),
        s.call("DELETE", &key_path).bearer(&admin),
        s.call("POST", "/api/v1/auth/logout").bearer(&ann),
        s.call("PATCH", "/api/v1/users/ann").bearer(&admin).json(&off),
    ];
    for ((end, mut socket), (name, value)) in ends.into_iter().zip(sockets).zip(&ways) {
        let done = end.send();
        let since = Instant::now();
        assert!(done.status < 300, "{name}: {}", done.text());
        assert_eq!(
            s.call("GET", "/api/v1/users/me").header(name, value).send().status,
            401,
            "{name} at once"
        );
        assert_eq!(next(&mut socket).await, Err(4401), "{name}");
        assert!(since.elapsed() < Duration::from_secs(1), "{name}: {:?}", since.elapsed());
    }
    let again = Server::on(s.kill());
    for (name, value) in &ways {
        let name = *name;
        // The cookie's name has the port in it.
        let port = |host: &str| host.rsplit(':').next().unwrap().to_owned();
        let value = match name {
            "cookie" => format!("aurora_session_{}={}", port(&again.host), value.split_once('=').unwrap().1),
            _ => value.clone(),
        };
        let got = again.call("GET", "/api/v1/users/me").header(name, &value).send();
        assert_eq!(got.code(), "AURORA-4012", "{name} after a restart");
    }
}
