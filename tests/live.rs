//! The alert stream: sign-in by first message, order, resume, and the end of credentials.

use crate::served::{PASSWORD, Server};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(s: &Server, token: &str) -> Socket {
    let (mut socket, answer) = connect_async(format!("ws://{}/api/v1/ws/alerts", s.host)).await.unwrap();
    assert_eq!(answer.headers()["x-api-version"], "1.0", "a 101 has the headers too");
    say(&mut socket, json!({"type": "auth", "token": token})).await;
    socket
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
