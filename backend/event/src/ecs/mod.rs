//! One event as everybody names it: time, host, user, addresses, process, severity, message, and every field, those
//! that the Elastic Common Schema has a name for under that name too.
//!
//! The names come from a table that is data (`assets/ecs/fields.csv`). This is a view: stored fields and what rules
//! match on stay those of the source.

mod kind;
mod table;

pub use table::{Row, fields_of, rows};

use crate::{Event, Value, columns, time};
use serde_json::{Map, Value as Json};
use std::{borrow::Cow, collections::BTreeSet};

/// A field under its ECS name.
#[derive(Clone, Debug, PartialEq)]
pub struct Field<'e> {
    /// Its name in ECS.
    pub name: &'static str,
    /// Its value.
    pub value: Value,
    /// The event's field that it was taken from; none for what an event of this kind always is.
    pub from: Option<&'e str>,
}

/// An event as everybody names it.
#[derive(Clone, Debug)]
pub struct View<'e> {
    /// The event itself, with its own fields.
    pub event: &'e Event,
    /// What has a name in ECS, in the order of the table.
    pub fields: Vec<Field<'e>>,
    /// Host, as lists show it.
    pub host: Option<Cow<'e, str>>,
    /// Acting user, as lists show it: `DOMAIN\name` where both are known.
    pub user: Option<String>,
    /// Every address in it, sorted.
    pub ips: BTreeSet<String>,
    /// What ran: its path, or its name where there is no path.
    pub process: Option<String>,
    /// `debug`, `info`, `warning`, `error` or `critical`.
    pub severity: &'static str,
    /// One readable line.
    pub message: String,
}

/// The view of an event.
pub fn view(event: &Event) -> View<'_> {
    let mut fields: Vec<Field<'_>> = Vec::new();
    for row in table::rows_of(&event.dataset) {
        let taken = fields.iter().any(|f| f.name == row.ecs) || event.get(row.ecs).is_some();
        if !taken && let Some((from, value)) = row.value(event) {
            fields.push(Field { name: row.ecs, value, from });
        }
    }
    let mut view = View {
        event,
        fields,
        host: columns::host(event),
        user: columns::user(event),
        ips: BTreeSet::new(),
        process: None,
        severity: columns::severity(event),
        message: columns::message(event),
    };
    for name in table::addresses() {
        let text = view.text(name).filter(|t| t.parse::<std::net::IpAddr>().is_ok());
        view.ips.extend(text.map(Cow::into_owned));
    }
    view.process = view.text("process.executable").or_else(|| view.text("process.name")).map(Cow::into_owned);
    view
}

impl View<'_> {
    /// What stands under an ECS name, in the table's view or in the event itself.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|f| f.name == name).map(|f| &f.value).or_else(|| self.event.get(name))
    }

    /// The same as text; empty texts are none.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(name).and_then(Value::text).filter(|t| !t.is_empty())
    }

    /// As a flat JSON object: ECS names in front, then the event's own fields.
    pub fn to_json(&self) -> Map<String, Json> {
        let mut out = Map::new();
        let dataset = &*self.event.dataset;
        out.insert("@timestamp".into(), time::rfc3339(self.event.time).into());
        out.insert("event.dataset".into(), dataset.into());
        out.insert("event.module".into(), dataset.split('.').next().unwrap_or(dataset).into());
        for field in &self.fields {
            out.insert(field.name.into(), field.value.to_json());
        }
        for (name, value) in &self.event.fields {
            out.entry(&**name).or_insert_with(|| value.to_json());
        }
        let mut shown = |name: &str, value: Option<String>| {
            if let (false, Some(value)) = (out.contains_key(name), value) {
                out.insert(name.into(), value.into());
            }
        };
        shown("host.name", self.host.as_ref().map(|host| host.to_string()));
        let (domain, user) = match self.user.as_deref().map(|user| user.split_once('\\').ok_or(user)) {
            Some(Ok((domain, user))) => (Some(domain.to_owned()), Some(user.to_owned())),
            Some(Err(user)) => (None, Some(user.to_owned())),
            None => (None, None),
        };
        shown("user.name", user);
        shown("user.domain", domain);
        shown("log.level", Some(self.severity.into()));
        shown("message", Some(self.message.clone()));
        if !self.ips.is_empty() {
            let ips = self.ips.iter().map(|ip| ip.as_str().into()).collect();
            out.entry("related.ip").or_insert(Json::Array(ips));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Nanos, Place};
    use serde_json::json;

    pub(crate) fn event(dataset: &str, fields: &[(&str, Value)]) -> Event {
        let fields = fields.iter().map(|(n, v)| ((*n).into(), v.clone())).collect();
        let time = Nanos(1_700_000_000_123_000_000);
        Event { time, dataset: dataset.into(), place: Place::default(), fields, identity: [0; 16] }
    }

    #[test]
    fn a_process_of_sysmon() {
        let e = event(
            "windows.sysmon",
            &[
                ("EventID", Value::Int(1)),
                ("Computer", "pc.lan".into()),
                ("Image", r"C:\Windows\cmd.exe".into()),
                ("ProcessId", "0012".into()),
                ("User", r"NT AUTHORITY\SYSTEM".into()),
                ("Hashes", "SHA1=AA,MD5=bb,SHA256=CC,IMPHASH=dd".into()),
                ("RuleName", "-".into()),
                ("Level", Value::Int(4)),
            ],
        );
        let view = view(&e);
        assert_eq!(view.process.as_deref(), Some(r"C:\Windows\cmd.exe"));
        assert_eq!(view.user.as_deref(), Some(r"NT AUTHORITY\SYSTEM"));
        let json = view.to_json();
        for (name, want) in [
            ("@timestamp", json!("2023-11-14T22:13:20.123Z")),
            ("event.dataset", json!("windows.sysmon")),
            ("event.module", json!("windows")),
            ("event.code", json!("1")),
            ("event.category", json!("process")),
            ("host.name", json!("pc.lan")),
            ("user.name", json!("SYSTEM")),
            ("user.domain", json!("NT AUTHORITY")),
            ("process.name", json!("cmd.exe")),
            ("process.pid", json!(12)),
            ("process.hash.md5", json!("bb")),
            ("process.hash.sha256", json!("cc")),
            ("log.level", json!("info")),
            // Its own fields are all there.
            ("EventID", json!(1)),
            ("Hashes", json!("SHA1=AA,MD5=bb,SHA256=CC,IMPHASH=dd")),
        ] {
            assert_eq!(json.get(name), Some(&want), "{name}");
        }
        assert!(!json.contains_key("rule.name"), "a hyphen is no name of a rule");
    }

    #[test]
    fn what_a_field_means_hangs_on_the_event() {
        let fields = |id| {
            [
                ("EventID", Value::Int(id)),
                ("SubjectUserName", "WS$".into()),
                ("TargetUserName", "ann".into()),
                ("IpAddress", "::ffff:10.0.0.7".into()),
                ("IpPort", "-".into()),
            ]
        };
        let (logon, delegated) =
            (event("windows.security", &fields(4624)), event("windows.security", &fields(4648)));
        assert_eq!(view(&logon).text("user.name").as_deref(), Some("ann"));
        assert_eq!(view(&delegated).text("user.name").as_deref(), Some("WS$"));
        assert_eq!(view(&delegated).text("user.effective.name").as_deref(), Some("ann"));
        assert_eq!(view(&logon).ips, BTreeSet::from(["10.0.0.7".to_owned()]));
        assert_eq!(view(&logon).get("source.port"), None);
    }

    #[test]
    fn names_that_an_event_has_by_itself_stay() {
        let e = event("linux.auditd", &[("host.name", "own".into()), ("node", "other".into())]);
        assert_eq!(view(&e).to_json()["host.name"], "own");
        let e = event("json.other", &[("message", "x".into()), ("User", r"D\u".into())]);
        let json = view(&e).to_json();
        assert_eq!(
            (&json["user.name"], &json["user.domain"], &json["message"]),
            (&json!("u"), &json!("D"), &json!("x"))
        );
    }
}
