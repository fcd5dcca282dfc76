//! An event as the Open Cybersecurity Schema Framework 1.3 has it (schema.ocsf.io/1.3.0), out of its ECS view.
//!
//! Classes: process activity 1007, file activity 1001, account change 3001, authentication 3002, network activity 4001,
//! DNS activity 4003, and base event 0 for all others. Where ECS fields go is data (`assets/ecs/ocsf.csv`); what has
//! no place stands under `unmapped` by its own name.

use crate::{Event, Value, ecs};
use serde_json::{Map, Value as Json, json};
use std::sync::LazyLock;

const TEXT: &str = include_str!("../../../assets/ecs/ocsf.csv");
const HEADER: &str = "class,ecs,path";
const VERSION: &str = "1.3.0";

/// Classes and their categories.
const PROCESS: u32 = 1007;
const FILE: u32 = 1001;
const ACCOUNT: u32 = 3001;
const AUTHENTICATION: u32 = 3002;
const NETWORK: u32 = 4001;
const DNS: u32 = 4003;
const BASE: u32 = 0;

/// Where an ECS field goes.
struct Row {
    /// `None` for every class.
    class: Option<u32>,
    ecs: &'static str,
    path: &'static str,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| read(TEXT).unwrap_or_default());

/// Rows of a text, or its first line that is none.
fn read(text: &'static str) -> Result<Vec<Row>, &'static str> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    if lines.next() != Some(HEADER) {
        return Err("its header");
    }
    lines
        .map(|line| {
            let row = || {
                let (class, rest) = line.split_once(',')?;
                let (ecs, path) = rest.split_once(',')?;
                let class = if class == "*" { None } else { Some(class.parse().ok()?) };
                Some(Row { class, ecs, path })
            };
            row().ok_or(line)
        })
        .collect()
}

/// The event as OCSF. One that came as OCSF is given back as it came.
pub fn of(event: &Event) -> Map<String, Json> {
    if event.dataset.starts_with("ocsf.") && event.get("class_uid").is_some() {
        return as_it_came(event);
    }
    let view = ecs::view(event);
    let class = class(&view);
    let activity = activity(class, &view);
    let (severity_id, severity) = match view.severity {
        "critical" => (5, "Critical"),
        "error" => (4, "High"),
        "warning" => (3, "Medium"),
        _ => (1, "Informational"),
    };
    let (name, category) = names(class);
    let mut out = Map::new();
    for (key, value) in [
        ("category_uid", json!(class / 1000)),
        ("category_name", json!(category)),
        ("class_uid", json!(class)),
        ("class_name", json!(name)),
        ("activity_id", json!(activity)),
        ("type_uid", json!(class * 100 + activity)),
        ("severity_id", json!(severity_id)),
        ("severity", json!(severity)),
        ("time", json!(event.time.0.div_euclid(1_000_000))),
        ("message", json!(view.message)),
    ] {
        out.insert(key.into(), value);
    }
    let (product, vendor) = product(&view);
    out.insert(
        "metadata".into(),
        json!({"version": VERSION, "product": {"name": product, "vendor_name": vendor}, "log_name": &*event.dataset}),
    );
    match view.text("event.outcome").as_deref() {
        Some("success") => _ = out.insert("status_id".into(), 1.into()),
        Some("failure") => _ = out.insert("status_id".into(), 2.into()),
        _ => {}
    }
    let mut placed = vec!["event.outcome", "event.category"];
    for row in ROWS.iter().filter(|row| row.class.is_none_or(|c| c == class)) {
        let Some(value) = view.get(row.ecs) else { continue };
        // ECS has it as a word.
        let number = value.text().filter(|_| row.path == "logon_type_id").and_then(|t| t.parse().ok());
        let value = number.map_or_else(|| value.clone(), Value::Int);
        if set(&mut out, row.path, value.to_json()) {
            placed.push(row.ecs);
        }
    }
    if out.get("device").is_none()
        && let Some(host) = &view.host
    {
        set(&mut out, "device.hostname", json!(host));
    }
    hashes(&mut out);
    let of_table: Vec<&str> =
        view.fields.iter().filter(|f| placed.contains(&f.name)).filter_map(|f| f.from).collect();
    let rest = event.fields.iter().filter(|(name, _)| {
        // What was placed in part only, as a user's name out of `DOMAIN\name`, is placed.
        !of_table.contains(&&**name) && !placed.contains(&&**name)
    });
    let rest: Map<String, Json> = rest.map(|(name, value)| (name.to_string(), value.to_json())).collect();
    if !rest.is_empty() {
        out.insert("unmapped".into(), Json::Object(rest));
    }
    out
}

/// The fields of an OCSF event in its own nesting, without the ECS names that were put beside them.
fn as_it_came(event: &Event) -> Map<String, Json> {
    const BESIDE: &[&str] = &[
        "host.name",
        "source.ip",
        "source.port",
        "destination.ip",
        "destination.port",
        "rule.name",
        "rule.id",
        "log.level",
        "event.action",
        "event.module",
        "event.outcome",
        "process.command_line",
        "process.executable",
        "dns.question.name",
    ];
    // A user's name is called the same in both: it is OCSF's where more is said of that user.
    let user = event.fields.iter().any(|(name, _)| name.starts_with("user.") && **name != *"user.name");
    let own = |name: &str| !BESIDE.contains(&name) && (user || name != "user.name");
    let mut out = Map::new();
    for (name, value) in event.fields.iter().filter(|(name, _)| own(name)) {
        if !set(&mut out, name, value.to_json()) {
            out.insert(name.to_string(), value.to_json());
        }
    }
    out
}

fn class(view: &ecs::View<'_>) -> u32 {
    match view.text("event.category").as_deref() {
        Some("process") => PROCESS,
        Some("file") => FILE,
        Some("iam") => ACCOUNT,
        Some("authentication") => AUTHENTICATION,
        Some("network") if view.get("dns.question.name").is_some() => DNS,
        Some("network") => NETWORK,
        _ => BASE,
    }
}

/// A class's name and its category's.
fn names(class: u32) -> (&'static str, &'static str) {
    match class {
        PROCESS => ("Process Activity", "System Activity"),
        FILE => ("File System Activity", "System Activity"),
        ACCOUNT => ("Account Change", "Identity & Access Management"),
        AUTHENTICATION => ("Authentication", "Identity & Access Management"),
        NETWORK => ("Network Activity", "Network Activity"),
        DNS => ("DNS Activity", "Network Activity"),
        _ => ("Base Event", "Uncategorized"),
    }
}

/// The class's number of what was done; 0 unknown, 99 something that it has no number for.
fn activity(class: u32, view: &ecs::View<'_>) -> u32 {
    let (kind, action) = (view.text("event.type"), view.text("event.action"));
    let action = action.as_deref().unwrap_or_default();
    match (class, kind.as_deref()) {
        (PROCESS | AUTHENTICATION | NETWORK, Some("start")) => 1,
        (PROCESS | AUTHENTICATION | NETWORK, Some("end")) => 2,
        (PROCESS, Some("access")) => 3,
        (AUTHENTICATION, _) if action == "kerberos-authentication-ticket-requested" => 3,
        (AUTHENTICATION, _) if action == "kerberos-service-ticket-requested" => 4,
        (FILE | ACCOUNT, Some("creation")) => 1,
        (FILE, Some("access")) => 2,
        (FILE, Some("change")) => 3,
        (FILE, Some("deletion")) => 4,
        (ACCOUNT, Some("deletion")) => 6,
        (ACCOUNT, Some("change")) => match action {
            "enabled-user-account" => 2,
            "changed-password" | "password-changed" => 3,
            "reset-password" => 4,
            "disabled-user-account" => 5,
            _ => 99,
        },
        (NETWORK, Some("denied")) => 5,
        (NETWORK, _) => 6,
        (DNS, _) if view.get("dns.response_code").is_some() => 2,
        (DNS, _) => 1,
        (_, None) => 0,
        _ => 99,
    }
}

/// The product that wrote the event, and who makes it.
fn product(view: &ecs::View<'_>) -> (String, Option<String>) {
    let text = |name: &str| view.text(name).map(|t| t.into_owned());
    if let Some(product) = text("observer.product") {
        return (product, text("observer.vendor"));
    }
    let dataset = &*view.event.dataset;
    let (name, vendor) = match dataset.split_once('.').map_or(dataset, |(first, _)| first) {
        "windows" if dataset == "windows.sysmon" => ("Sysmon", "Microsoft"),
        "windows" => ("Windows", "Microsoft"),
        "zeek" => ("Zeek", "Zeek"),
        "suricata" => ("Suricata", "OISF"),
        "aws" => ("CloudTrail", "AWS"),
        "linux" => ("Linux", "Linux"),
        "cisco" => ("Cisco", "Cisco"),
        other => return (other.to_owned(), None),
    };
    (name.to_owned(), Some(vendor.to_owned()))
}

/// Puts a value at a path unless something is there; `false` where it could not be put.
fn set(out: &mut Map<String, Json>, path: &str, value: Json) -> bool {
    match path.split_once('.') {
        None => match out.contains_key(path) {
            true => false,
            false => out.insert(path.into(), value).is_none(),
        },
        Some((first, rest)) => match out.entry(first).or_insert_with(|| Json::Object(Map::new())) {
            Json::Object(inside) => set(inside, rest, value),
            _ => false,
        },
    }
}

/// Fingerprints by name become the list that the schema has.
fn hashes(out: &mut Map<String, Json>) {
    for (name, value) in out {
        match value {
            Json::Object(by_name) if name == "hashes" => {
                let one = |(algorithm, value): (&String, &Json)| {
                    let id = match algorithm.as_str() {
                        "MD5" => 1,
                        "SHA-1" => 2,
                        "SHA-256" => 3,
                        _ => 99,
                    };
                    json!({"algorithm": algorithm, "algorithm_id": id, "value": value})
                };
                *value = by_name.iter().map(one).collect();
            }
            Json::Object(inside) => hashes(inside),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Nanos, Place};

    fn event(dataset: &str, fields: &[(&str, Value)]) -> Event {
        let fields = fields.iter().map(|(n, v)| ((*n).into(), v.clone())).collect();
        let time = Nanos(1_700_000_000_123_000_000);
        Event { time, dataset: dataset.into(), place: Place::default(), fields, identity: [0; 16] }
    }

    #[test]
    fn every_line_of_the_table_is_a_row() {
        assert_eq!(read(TEXT).map(|rows| rows.len() > 60), Ok(true));
        assert!(read("class,ecs\n").is_err() && read("class,ecs,path\nx,a,b\n").is_err());
    }

    #[test]
    fn a_logon_has_its_user_its_place_and_the_rest() {
        let e = event(
            "windows.security",
            &[
                ("EventID", Value::Int(4625)),
                ("Computer", "pc".into()),
                ("TargetUserName", "ann".into()),
                ("TargetDomainName", "CORP".into()),
                ("IpAddress", "10.0.0.7".into()),
                ("IpPort", Value::Int(50_112)),
                ("LogonType", Value::Int(3)),
                ("FailureReason", "%%2313".into()),
            ],
        );
        let got = Json::Object(of(&e));
        for (path, want) in [
            ("/class_uid", json!(3002)),
            ("/category_uid", json!(3)),
            ("/activity_id", json!(1)),
            ("/type_uid", json!(300_201)),
            ("/status_id", json!(2)),
            ("/severity_id", json!(1)),
            ("/time", json!(1_700_000_000_123_i64)),
            ("/metadata/version", json!("1.3.0")),
            ("/metadata/product/name", json!("Windows")),
            ("/device/hostname", json!("pc")),
            ("/user/name", json!("ann")),
            ("/user/domain", json!("CORP")),
            ("/src_endpoint/ip", json!("10.0.0.7")),
            ("/src_endpoint/port", json!(50_112)),
            ("/logon_type_id", json!(3)),
            ("/unmapped/FailureReason", json!("%%2313")),
        ] {
            assert_eq!(got.pointer(path), Some(&want), "{path} in {got:#}");
        }
        assert_eq!(got.pointer("/unmapped/IpAddress"), None);
    }

    #[test]
    fn a_process_has_its_parent_and_fingerprints() {
        let e = event(
            "windows.sysmon",
            &[
                ("EventID", Value::Int(1)),
                ("Image", r"C:\a\b.exe".into()),
                ("CommandLine", "b -x".into()),
                ("ParentImage", r"C:\p.exe".into()),
                ("Hashes", "MD5=AB,SHA256=CD".into()),
                ("User", r"CORP\ann".into()),
            ],
        );
        let got = Json::Object(of(&e));
        for (path, want) in [
            ("/type_uid", json!(100_701)),
            ("/process/file/path", json!(r"C:\a\b.exe")),
            ("/process/cmd_line", json!("b -x")),
            ("/process/parent_process/file/path", json!(r"C:\p.exe")),
            ("/actor/process/file/path", json!(r"C:\p.exe")),
            ("/actor/user/name", json!("ann")),
            ("/metadata/product/name", json!("Sysmon")),
        ] {
            assert_eq!(got.pointer(path), Some(&want), "{path} in {got:#}");
        }
        let hashes =
            got.pointer("/process/file/hashes").and_then(Json::as_array).cloned().unwrap_or_default();
        assert!(
            hashes.contains(&json!({"algorithm": "MD5", "algorithm_id": 1, "value": "ab"})),
            "{hashes:?}"
        );
    }

    #[test]
    fn what_nothing_is_known_of_is_a_base_event_with_all_it_has() {
        let got = Json::Object(of(&event("json.other", &[("a", "b".into()), ("host", "h".into())])));
        assert_eq!(
            (&got["class_uid"], &got["category_uid"], &got["type_uid"]),
            (&json!(0), &json!(0), &json!(0))
        );
        assert_eq!(got.pointer("/unmapped/a"), Some(&json!("b")));
        assert_eq!(got.pointer("/device/hostname"), Some(&json!("h")));
    }

    #[test]
    fn ocsf_comes_back_as_it_came() {
        let fields = [
            ("class_uid", Value::Int(4003)),
            ("query.hostname", "x.org".into()),
            ("dns.question.name", "x.org".into()),
        ];
        let got = Json::Object(of(&event("ocsf.dns_activity", &fields)));
        assert_eq!(got, json!({"class_uid": 4003, "query": {"hostname": "x.org"}}));
    }
}
