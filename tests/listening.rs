//! The listener for syslog over UDP and TCP: who may send, what becomes of it, and what is said when it can't listen.

#![allow(clippy::disallowed_methods, reason = "tests send to the product over loopback")]

use crate::{
    drive::watch::pause,
    served::{Answer, PASSWORD, Server},
};
use serde_json::{Value, json};
use std::{
    io::Write as _,
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
};

const SETTINGS: &str = "/api/v1/settings/runtime";

struct User<'s> {
    s: &'s Server,
    token: String,
}

impl User<'_> {
    fn get(&self, path: &str) -> Value {
        self.s.call("GET", path).bearer(&self.token).send().json()
    }

    fn set(&self, syslog: &Value) -> Answer {
        let body = json!({"syslog": syslog, "reason": "a test"});
        self.s.call("PATCH", SETTINGS).bearer(&self.token).json(&body).send()
    }

    fn status(&self) -> Value {
        self.get(SETTINGS)["live"]["syslog"].clone()
    }

    /// The status once it is as wanted.
    fn until(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let status = self.status();
            if wanted(&status) {
                return status;
            }
            pause();
        }
    }

    /// Listens on a free port; answers which.
    fn listen(&self, allow: &Value) -> SocketAddr {
        let before = self.status()["listens"].clone();
        let got = self.set(&json!({"enabled": true, "port": 0, "allow": allow}));
        assert_eq!(got.status, 200, "{}", got.text());
        let status = self.until(|s| s["state"] == "running" && s["listens"] != before);
        let address: SocketAddr = status["listens"].as_str().unwrap().parse().unwrap();
        assert!(address.ip().is_loopback() && address.port() > 0, "{status}");
        address
    }

    fn events(&self, q: &str) -> Vec<Value> {
        self.s.all(&self.token, &format!("/api/v1/siem/logs?q={q}"))
    }
}

fn udp(to: SocketAddr, message: &[u8]) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    assert_eq!(socket.send_to(message, to).unwrap(), message.len());
}

fn tcp(to: SocketAddr, stream: &[u8]) {
    TcpStream::connect(to).unwrap().write_all(stream).unwrap();
}

fn dropped(status: &Value, why: &str) -> u64 {
    status["dropped"][why].as_u64().unwrap()
}

#[test]
fn messages_become_events_and_alerts() {
    let s = Server::start();
    let u = User { s: &s, token: s.token("root") };
    assert_eq!(u.status()["state"], "off", "a new workspace listens to nobody");
    let id = "00000000-0000-4000-8000-000000000001";
    let rule = format!(
        "title: Failed su\nid: {id}\nstatus: test\nlevel: high\nlogsource: {{product: linux, service: auth}}\n\
         detection:\n  keywords: ['failed for mallory']\n  condition: keywords\n"
    );
    let made =
        s.call("POST", "/api/v1/detections/rules").bearer(&u.token).json(&json!({"body": rule})).send();
    assert_eq!(made.status, 201, "{}", made.text());
    let to = u.listen(&json!(["127.0.0.0/8"]));
    let su = "<34>1 2024-05-01T10:00:00Z gate su - - - 'su root' failed for mallory on /dev/pts/8";
    udp(to, su.as_bytes());
    udp(to, su.as_bytes());
    udp(to, b"<13>1 2024-05-01T10:00:01Z gate app - - - over udp\n");
    let counted = "<13>1 2024-05-01T10:00:02Z gate app - - - counted\nin two lines";
    let lines = "<13>1 2024-05-01T10:00:03Z gate app - - - line one\nCEF:0|V|P|1|100|by cef|5|src=192.0.2.7\r\nno syslog";
    tcp(to, format!("{} {counted}{lines}", counted.len()).as_bytes());
    let status = u.until(|s| s["stored"] == 7 && s["waiting"] == 0 && s["connections"] == 0);
    assert_eq!(status["received"], 7, "{status}");
    assert!(status["dropped"].as_object().unwrap().values().all(|n| n == 0), "{status}");
    assert!(status["last_at"].as_str().is_some() && status["reason"].is_null(), "{status}");

    assert_eq!(u.events("mallory").len(), 2, "two that say the same are two");
    let event = &u.events("over")[0];
    assert_eq!(
        [&event["source"], &event["host"], &event["timestamp"], &event["fields"]["log.source.address"]],
        [&json!("syslog:udp"), &json!("gate"), &json!("2024-05-01T10:00:01.000Z"), &json!("127.0.0.1")]
    );
    assert_eq!(u.events("counted")[0]["source"], "syslog:tcp");
    assert!(u.events("counted")[0]["message"].as_str().unwrap().contains("two lines"));
    assert_eq!(u.events("192.0.2.7").len(), 1, "CEF");
    assert!(u.events("no%20syslog")[0]["fields"]["parse_error"].is_string());
    let alerts = u.get(&format!("/api/v1/alerts?rule_id={id}"));
    assert_eq!((&alerts["total"], &alerts["items"][0]["event_count"]), (&json!(1), &json!(2)), "{alerts}");
    let raised = u.get("/api/v1/audit?action=alert.raise");
    assert_eq!(raised["items"][0]["actor"], "system", "{raised}");
    let metrics = s.call("GET", "/metrics").bearer(&u.token).send().text();
    assert!(metrics.contains("aurorasoc_listener_received_total 7"), "{metrics}");

    // Off again: the port is free.
    assert_eq!(u.set(&json!({"enabled": false})).status, 200);
    u.until(|s| s["state"] == "off");
    TcpListener::bind(to).unwrap();
}

#[test]
fn who_is_not_allowed_and_what_is_too_long_is_counted_and_not_taken() {
    let s = Server::start();
    let u = User { s: &s, token: s.token("root") };
    let first = u.listen(&json!(["10.0.0.0/8", "::1"]));
    udp(first, b"<13>refused");
    tcp(first, b"<13>refused\n");
    let status = u.until(|s| dropped(s, "not_allowed") == 2);
    assert_eq!((&status["received"], &status["connections"]), (&json!(0), &json!(0)));
    let metrics = s.call("GET", "/metrics").bearer(&u.token).send().text();
    assert!(metrics.contains("aurorasoc_listener_dropped_total{reason=\"not_allowed\"} 2"), "{metrics}");

    // Another list counts at once, without a new start of the program.
    let second = u.listen(&json!(["127.0.0.1"]));
    let long = vec![b'x'; 300 << 10];
    tcp(second, &[b"<13>".as_slice(), &long, b"\n<13>short\n"].concat());
    let status = u.until(|s| s["stored"] == 1);
    assert_eq!((dropped(&status, "too_long"), &status["received"]), (1, &json!(1)), "{status}");
    assert_eq!(u.events("refused").len(), 0);
    assert_eq!(u.events("short").len(), 1);
}

#[test]
fn settings_that_are_wrong_are_refused_and_a_port_that_cannot_be_had_is_said() {
    let s = Server::start();
    let u = User { s: &s, token: s.token("root") };
    for (syslog, field) in [
        (json!({"address": "example.org"}), "syslog.address"),
        (json!({"allow": ["10.0.0.1/8"]}), "syslog.allow[0]"),
        (json!({"enabled": true, "allow": []}), "syslog.allow"),
        (json!({"port": 70_000}), "syslog.port"),
        (json!({"colour": 1}), "syslog.colour"),
    ] {
        let got = u.set(&syslog);
        assert_eq!(
            (got.code().as_str(), &got.json()["error"]["detail"]["field"]),
            ("AURORA-4220", &json!(field))
        );
    }
    let silent =
        s.call("PATCH", SETTINGS).bearer(&u.token).json(&json!({"syslog": {"enabled": true}})).send();
    assert_eq!(silent.json()["error"]["detail"]["field"], "reason");
    let analyst = json!({"username": "ann", "password": PASSWORD, "role": "analyst"});
    assert_eq!(s.call("POST", "/api/v1/users").bearer(&u.token).json(&analyst).send().status, 201);
    let ann = User { s: &s, token: s.token("ann") };
    assert_eq!(ann.set(&json!({"enabled": true})).code(), "AURORA-4030");

    // An address of nobody (RFC 5737).
    assert_eq!(u.set(&json!({"enabled": true, "address": "192.0.2.1"})).status, 200);
    let status = u.until(|s| s["state"] == "failed");
    let reason = status["reason"].as_str().unwrap();
    assert!(reason.starts_with("can't listen on 192.0.2.1:5514: "), "{reason}");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    assert_eq!(u.set(&json!({"enabled": true, "port": port})).status, 200);
    let status = u.until(|s| s["reason"].as_str().is_some_and(|r| r.contains(&format!("127.0.0.1:{port}"))));
    assert_eq!(status["state"], "failed");
    u.listen(&json!(["127.0.0.1"]));
    let history = u.get(SETTINGS)["history"].clone();
    assert_eq!(
        (&history[0]["reason"], &history[0]["settings"]["syslog"]["port"]),
        (&json!("a test"), &json!(0))
    );
    assert_eq!(u.get("/api/v1/audit?action=settings.update")["total"], 3);
}

#[test]
fn what_has_come_is_stored_when_the_server_ends_and_it_listens_again_at_the_next_start() {
    let s = Server::start();
    let u = User { s: &s, token: s.token("root") };
    let to = u.listen(&json!(["127.0.0.1"]));
    let mut stream = TcpStream::connect(to).unwrap();
    u.until(|s| s["connections"] == 1);
    let lines: String =
        (0..500).map(|n| format!("<13>1 2024-05-01T10:00:00Z h app - - - line {n}\n")).collect();
    stream.write_all(lines.as_bytes()).unwrap();
    let s = Server::on(s.stop());
    let u = User { s: &s, token: s.token("root") };
    assert_eq!(u.get("/api/v1/siem/logs")["total"], 500);
    u.until(|s| s["state"] == "running");
}
