//! Results of other tools, in JSON and CSV. No sample of them is in the shared data save OCSF's, so these are written
//! after the tools' own documentation and code, named at each.

use crate::{
    Format, csv, json, sniff,
    text::trial::{NOW, all},
};
use event::{Event, Nanos, Value, columns};

/// The one event of a text that is told by content.
fn one(text: &str) -> Event {
    let (mut events, skipped) = match sniff(text.as_bytes()) {
        Format::Csv => all(csv::read, text.as_bytes()),
        Format::Json => all(json::read, text.as_bytes()),
        other => panic!("{other:?}: {text}"),
    };
    assert_eq!((events.len(), skipped.len()), (1, 0), "{text} {skipped:?}");
    events.remove(0)
}

fn seconds(event: &Event) -> i64 {
    assert_ne!(event.time, NOW);
    event.time.0 / 1_000_000_000
}

fn has(event: &Event, fields: &[(&str, &str)]) {
    for (name, value) in fields {
        assert_eq!(event.text(name).as_deref(), Some(*value), "{name} in {}", event.fields_json());
    }
}

/// Hayabusa's README, "Timeline Output" and "Abbreviations"; the standard profile of version 3.
#[test]
fn hayabusa() {
    let json = one(concat!(
        "{\n    \"Timestamp\": \"2019-05-21 21:02:57.867 +05:30\",\n    \"RuleTitle\": \"Proc Exec\",\n    \"Level\": \"high\",\n",
        "    \"Computer\": \"IEWIN7\",\n    \"Channel\": \"Sysmon\",\n    \"EventID\": 1,\n    \"RecordID\": 4127,\n",
        "    \"Details\": {\n        \"Cmdline\": \"mshta.exe a.txt\",\n        \"User\": \"IEWIN7\\\\IEUser\"\n    },\n",
        "    \"ExtraFieldInfo\": {},\n    \"RuleID\": \"0d3c4a5b\"\n}\n",
    ));
    let csv = one(concat!(
        "\"Timestamp\",\"RuleTitle\",\"Level\",\"Computer\",\"Channel\",\"EventID\",\"RecordID\",\"Details\",\"ExtraFieldInfo\",\"RuleID\"\n",
        "\"2019-05-21 21:02:57.867 +05:30\",\"Proc Exec\",\"high\",\"IEWIN7\",\"Sysmon\",1,4127,\"Cmdline: mshta.exe a.txt ¦ User: IEWIN7\\IEUser\",\"\",\"0d3c4a5b\"\n",
    ));
    for event in [json, csv] {
        assert_eq!(&*event.dataset, "hayabusa");
        assert_eq!(event.time, Nanos(1_558_452_777_867_000_000));
        has(
            &event,
            &[
                ("RuleTitle", "Proc Exec"),
                ("EventID", "1"),
                ("host.name", "IEWIN7"),
                ("user.name", "IEWIN7\\IEUser"),
                ("rule.name", "Proc Exec"),
                ("rule.id", "0d3c4a5b"),
                ("log.level", "high"),
                ("event.code", "1"),
                ("process.command_line", "mshta.exe a.txt"),
            ],
        );
        assert_eq!(columns::host(&event).as_deref(), Some("IEWIN7"));
        assert_eq!(columns::user(&event).as_deref(), Some("IEWIN7\\IEUser"));
        assert_eq!((columns::severity(&event), columns::message(&event)), ("error", "Proc Exec".into()));
    }
}

/// Chainsaw 2.x: `Detection`, `print_json` and `print_csv` in src/cli.rs of WithSecureLabs/chainsaw.
#[test]
fn chainsaw() {
    let object = concat!(
        r#"{"group":"Sigma","kind":"individual","document":{"kind":"evtx","path":"C/logs/Security.evtx","data":{"Event":{"System":{"#,
        r#""Provider_attributes":{"Name":"Microsoft-Windows-Security-Auditing"},"EventID":4688,"Channel":"Security","EventRecordID":77,"Computer":"PC.corp"},"#,
        r#""EventData":{"SubjectUserName":"bob","CommandLine":"whoami"}}}},"name":"Whoami","timestamp":"2024-01-15T10:22:33.5+00:00","#,
        r#""authors":["A"],"level":"medium","source":"sigma","status":"test","id":"e28a5a99","tags":["attack.discovery"]}"#,
    );
    for text in [object.to_owned(), format!("[{object}]")] {
        let event = one(&text);
        assert_eq!((&*event.dataset, seconds(&event)), ("chainsaw", 1_705_314_153));
        has(
            &event,
            &[
                ("host.name", "PC.corp"),
                ("user.name", "bob"),
                ("rule.name", "Whoami"),
                ("rule.id", "e28a5a99"),
                ("event.code", "4688"),
                ("winlog.channel", "Security"),
                ("process.command_line", "whoami"),
                ("name", "Whoami"),
            ],
        );
        assert_eq!((columns::severity(&event), columns::message(&event)), ("warning", "Whoami".into()));
    }
    let event = one(concat!(
        "timestamp,detections,path,count,Event.System.Provider,Event ID,Record ID,Computer,Event Data\n",
        "2024-01-15T10:22:33.5+00:00,Whoami;Other,C/logs/Security.evtx,1,Microsoft-Windows-Security-Auditing,4688,77,PC.corp,\"CommandLine: whoami\nSubjectUserName: bob\n\"\n",
    ));
    assert_eq!((&*event.dataset, seconds(&event)), ("chainsaw", 1_705_314_153));
    has(
        &event,
        &[
            ("host.name", "PC.corp"),
            ("rule.name", "Whoami;Other"),
            ("event.code", "4688"),
            ("Event ID", "4688"),
        ],
    );
}

/// forensics.wiki, "L2T CSV", and the tests of Plaso's output modules.
#[test]
fn plaso() {
    let header = "date,time,timezone,MACB,source,sourcetype,type,user,host,short,desc,version,filename,inode,notes,format,extra\n";
    for (zone, offset) in [("UTC", 0), ("CEST", -7200), ("EST", 18_000)] {
        let row = format!(
            "06/07/2012,18:17:01,{zone},M...,LOG,Syslog,Content Modification Time,root,ubuntu,Reporter,Reporter <CRON>,2,log/syslog.1,-,-,syslog,a: b\n"
        );
        let event = one(&format!("{header}{row}"));
        assert_eq!((&*event.dataset, seconds(&event)), ("plaso", 1_339_093_021 + offset));
        has(
            &event,
            &[
                ("host.name", "ubuntu"),
                ("user.name", "root"),
                ("message", "Reporter <CRON>"),
                ("file.path", "log/syslog.1"),
            ],
        );
        assert_eq!((event.get("file.inode"), event.text("inode").as_deref()), (None, Some("-")));
    }
    let event = one(concat!(
        "datetime,timestamp_desc,source,source_long,message,parser,display_name,tag\n",
        "2012-06-27T18:17:01.123456+00:00,Content Modification Time,LOG,Syslog,text,syslog,OS:/var/log/syslog,-\n",
    ));
    assert_eq!((&*event.dataset, event.time), ("plaso", Nanos(1_340_821_021_123_456_000)));
    let event = one(
        r#"{"__container_type__":"event","data_type":"windows:evtx:record","display_name":"OS:a.evtx","computer_name":"PC","message":"m","parser":"winevtx","timestamp":1340821021123456,"timestamp_desc":"Content Modification Time","username":"bob"}"#,
    );
    assert_eq!((&*event.dataset, event.time), ("plaso", Nanos(1_340_821_021_123_456_000)));
    has(&event, &[("host.name", "PC"), ("user.name", "bob"), ("event.module", "winevtx")]);
}

/// Timesketch's user guide, "Import from JSON or CSV".
#[test]
fn timesketch() {
    for text in [
        "message,timestamp,datetime,timestamp_desc,extra_field_1,hostname\nA message,1331698658276340,2015-07-24T19:01:01+00:00,Write time,foo,pc\n",
        r#"{"message": "A message","timestamp": 123456789,"datetime": "2015-07-24T19:01:01+00:00","timestamp_desc": "Write time","extra_field_1": "foo","hostname":"pc"}"#,
    ] {
        let event = one(text);
        assert_eq!((&*event.dataset, seconds(&event)), ("timesketch", 1_437_764_461));
        has(
            &event,
            &[
                ("message", "A message"),
                ("extra_field_1", "foo"),
                ("host.name", "pc"),
                ("event.action", "Write time"),
            ],
        );
    }
    let event = one(r#"{"message":"m","timestamp":1331698658276340,"timestamp_desc":"d"}"#);
    assert_eq!(event.time, Nanos(1_331_698_658_276_340_000));
}

/// schema.ocsf.io; the shared samples are in [`shared_ocsf`].
#[test]
fn ocsf() {
    let event = one(
        r#"{"class_uid":2004,"category_uid":2,"activity_id":1,"time":1602175307123,"severity":"High","finding_info":{"title":"Bad","uid":"f1"},"device":{"hostname":"pc"},"actor":{"user":{"name":"bob"}},"src_endpoint":{"ip":"10.0.0.1","port":1}}"#,
    );
    assert_eq!((&*event.dataset, event.time), ("ocsf.2004", Nanos(1_602_175_307_123_000_000)));
    has(
        &event,
        &[
            ("rule.name", "Bad"),
            ("host.name", "pc"),
            ("user.name", "bob"),
            ("source.ip", "10.0.0.1"),
            ("class_uid", "2004"),
        ],
    );
    assert_eq!(columns::severity(&event), "error");
}

#[test]
fn shared_ocsf() {
    let Some(data) = crate::evtx::shared_data() else { return };
    for line in std::fs::read_to_string(data.join("logs/ocsf/expect.jsonl")).unwrap().lines() {
        let want: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = std::fs::read_to_string(data.join(want["file"].as_str().unwrap())).unwrap();
        let event = one(&text);
        let (dataset, host, user) = match want["class_uid"].as_i64().unwrap() {
            3002 => ("ocsf.authentication", Some("EC2AMAZ-6KJ2BPP"), Some("Administrator")),
            _ => ("ocsf.dns_activity", None, None),
        };
        assert_eq!(&*event.dataset, dataset);
        assert_eq!((columns::host(&event).as_deref(), columns::user(&event).as_deref()), (host, user));
        for name in ["class_uid", "category_uid", "severity_id"] {
            assert_eq!(event.get(name).map(Value::to_json), Some(want[name].clone()));
        }
        let time = want["time"].as_f64().unwrap();
        let wanted = if time > 1e11 { time / 1e3 } else { time };
        assert!((event.time.0 as f64 / 1e9 - wanted).abs() < 1e-3, "{}", event.time.0);
        has(&event, &[("metadata.product.name", want["product"].as_str().unwrap())]);
    }
}

#[test]
fn what_only_looks_alike_is_not_taken() {
    for text in [
        r#"{"message":"m","timestamp":"2024-01-01T00:00:00Z"}"#,
        r#"{"group":"g","kind":"k","name":"n","timestamp":"2024-01-01T00:00:00Z"}"#,
        r#"{"class_uid":"x","time":1602175307123,"activity_id":1}"#,
        "timestamp,detections,other\n2024-01-01T00:00:00Z,1,2\n",
    ] {
        let dataset = one(text).dataset;
        assert!(dataset.ends_with(".other"), "{dataset}: {text}");
    }
}
