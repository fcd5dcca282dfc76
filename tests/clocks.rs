//! Zones of sources and offsets of hosts: what is shown, ordered and searched by follows, what is stored stays.

use crate::served::Server;
use serde_json::{Value, json};

/// Times of a page as shown, oldest first, with the message's last word.
fn shown(s: &Server, token: &str, query: &str) -> Vec<(String, String)> {
    let all = s.all_by(token, &format!("/api/v1/siem/logs?sort=timestamp&limit=2{query}"));
    let one = |log: &Value| {
        let word = log["message"].as_str().unwrap().rsplit(' ').next().unwrap().to_owned();
        (log["timestamp"].as_str().unwrap()[11..19].to_owned(), word)
    };
    all.iter().map(one).collect()
}

fn words(found: &[(String, String)]) -> Vec<&str> {
    found.iter().map(|(_, word)| word.as_str()).collect()
}

#[test]
fn a_zone_and_an_offset_move_what_is_shown_and_can_be_taken_back() {
    let s = Server::start();
    let t = s.token("root");
    let local: String = (0..5).map(|n| format!("2024-07-07T12:0{n}:00 web app[1]: local l{n}\n")).collect();
    let job = s.import(&t, "local.log", local.as_bytes());
    let file = &job["result"]["file_list"][0];
    let sha256 = file["sha256"].as_str().unwrap().to_owned();
    assert_eq!(file["zoneless"], json!([sha256]), "{job}");
    let utc: String = (0..5).map(|n| format!("2024-07-07T10:0{n}:30Z db app[1]: utc u{n}\n")).collect();
    let job = s.import(&t, "utc.log", utc.as_bytes());
    assert_eq!(job["result"]["file_list"][0]["zoneless"], json!([]), "{job}");
    let utc_sha256 = job["result"]["file_list"][0]["sha256"].as_str().unwrap().to_owned();
    let before = shown(&s, &t, "");
    assert_eq!(words(&before), ["u0", "u1", "u2", "u3", "u4", "l0", "l1", "l2", "l3", "l4"]);

    let set = |body: Value| s.call("POST", "/api/v1/siem/clocks").bearer(&t).json(&body).send();
    let berlin = set(json!({"sources": [sha256], "timezone": "Europe/Berlin", "reason": "the server's"}));
    assert_eq!(berlin.status, 200, "{}", berlin.text());
    let zone = berlin.json()["items"][0].clone();
    assert_eq!(words(&shown(&s, &t, "")), ["l0", "u0", "l1", "u1", "l2", "u2", "l3", "u3", "l4", "u4"]);
    let range = "&from=2024-07-07T10:01:00Z&to=2024-07-07T10:03:00Z";
    assert_eq!(words(&shown(&s, &t, range)), ["l1", "u1", "l2", "u2"]);
    let newest = s.call("GET", "/api/v1/siem/logs?limit=3").bearer(&t).send().json();
    assert_eq!(newest["items"][1]["timestamp"], "2024-07-07T10:04:00.000Z", "{newest}");
    assert_eq!(newest["items"][1]["source_time"], "2024-07-07T12:04:00.000Z", "what the source says stays");
    assert!(newest["items"][0]["source_time"].is_null() && newest["total"] == 10);
    let stats = s.call("GET", "/api/v1/siem/stats").bearer(&t).send().json();
    let (first, last) = ("2024-07-07T10:00:00.000Z", "2024-07-07T10:04:30.000Z");
    assert_eq!((&stats["first_event"], &stats["last_event"]), (&json!(first), &json!(last)));

    let source =
        |sha256: &str| s.call("GET", &format!("/api/v1/siem/sources/{sha256}")).bearer(&t).send().json();
    let of = source(&sha256);
    assert_eq!((&of["zoneless"], &of["clocks"]), (&json!(true), &json!([zone])), "{of}");
    assert_eq!(of["hosts"], json!([{"host": "web", "events": 5}]), "{of}");

    // A clock that was 140 seconds behind, by any case of the host's name.
    let slow = set(json!({"host": "DB", "offset_seconds": 140}));
    assert_eq!(slow.status, 200, "{}", slow.text());
    assert_eq!(words(&shown(&s, &t, "")), ["l0", "l1", "l2", "u0", "l3", "u1", "l4", "u2", "u3", "u4"]);
    // In place of what was set, not beside it.
    assert_eq!(set(json!({"host": "db", "offset_seconds": -1})).status, 200);
    assert_eq!(words(&shown(&s, &t, "&host=db"))[0], "u0");
    let list = s.call("GET", "/api/v1/siem/clocks").bearer(&t).send().json();
    assert_eq!(list["total"], 2, "{list}");
    assert_eq!(source(&sha256)["clocks"], json!([zone]), "the other host is none of its own");
    let other = source(&utc_sha256);
    assert_eq!(other["zoneless"], json!(false), "{other}");
    assert_eq!(
        (other["clocks"].as_array().unwrap().len(), &other["clocks"][0]["offset_seconds"]),
        (1, &json!(-1))
    );

    // All of it is there after a restart, and what is taken back is as before.
    let s = Server::on(s.stop());
    let t = s.token("root");
    assert_eq!(shown(&s, &t, "")[0], ("10:00:00".into(), "l0".into()));
    for clock in list["items"].as_array().unwrap() {
        let path = format!("/api/v1/siem/clocks/{}", clock["clock_id"].as_str().unwrap());
        assert_eq!(s.call("DELETE", &path).bearer(&t).send().status, 204);
        assert_eq!(s.call("DELETE", &path).bearer(&t).send().code(), "AURORA-4040");
    }
    assert!(list["items"].as_array().unwrap().iter().any(|clock| clock["clock_id"] == zone["clock_id"]));
    assert_eq!(shown(&s, &t, ""), before);
}

#[test]
fn an_import_is_told_the_zone_and_what_is_no_zone_is_refused() {
    let s = Server::start();
    let t = s.token("root");
    let line = b"2024-01-07T12:00:00 web app[1]: local one\n";
    let post = |path: &str| s.call("POST", path).bearer(&t).bytes("application/octet-stream", line).send();
    let refused = post("/api/v1/imports?name=a&timezone=Mars/Phobos");
    assert_eq!(
        (refused.status, refused.json()["error"]["detail"]["field"].clone()),
        (422, json!("timezone"))
    );
    assert_eq!(post("/api/v1/imports?name=a&timezone=America/New_York").status, 202);
    let job = s.settle(&t);
    assert_eq!(job["status"], "done", "{job}");
    assert_eq!(shown(&s, &t, ""), [("17:00:00".into(), "one".into())]);
    // Told otherwise later: what was set before stays, and is changed where zones are.
    assert_eq!(post("/api/v1/imports?name=a&timezone=UTC").status, 202);
    s.settle(&t);
    assert_eq!(shown(&s, &t, "")[0].0, "17:00:00");

    let sha256 = job["result"]["file_list"][0]["sha256"].clone();
    for (body, field) in [
        (json!({"sources": [sha256], "timezone": "Mars/Phobos"}), "timezone"),
        (json!({"sources": ["abc"], "timezone": "UTC"}), "sources"),
        (json!({"timezone": "UTC"}), "sources"),
        (json!({"host": "web"}), "offset_seconds"),
        (json!({"host": "", "offset_seconds": 1}), "host"),
        (json!({"host": "web", "offset_seconds": i64::MAX}), "offset_seconds"),
        (json!({"host": "web", "offset_seconds": i64::MIN}), "offset_seconds"),
        (json!({"offset_seconds": 5}), "host"),
        (json!({"host": "web", "timezone": "UTC", "offset_seconds": 1}), "timezone"),
        (json!({}), "timezone"),
    ] {
        let answer = s.call("POST", "/api/v1/siem/clocks").bearer(&t).json(&body).send();
        assert_eq!((answer.status, answer.code().as_str()), (422, "AURORA-4220"), "{body}");
        assert_eq!(answer.json()["error"]["detail"]["field"], field, "{body}");
    }
    assert_eq!(shown(&s, &t, "")[0].0, "17:00:00");
}
