//! Real evidence of all formats through the command line and the import, against the expectations of the shared data.

use crate::served::{Server, aurorasoc, shared};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// Matches of a file or its members: rule, record.
type Hits = BTreeMap<String, BTreeSet<(String, u64)>>;

/// `aurorasoc scan` with SigmaHQ's rules over a folder of the shared data.
fn scan(data: &Path, folders: &[&str]) -> Hits {
    let home = tempfile::tempdir().unwrap();
    let mut command = aurorasoc(home.path());
    command.args(["scan", "--format", "jsonl", "--rules"]).arg(data.join("sigma/rules.zip"));
    command.args(folders.iter().map(|f| data.join(f)));
    let out = command.output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    let base = format!("{}/", data.display());
    let mut hits = Hits::new();
    for line in String::from_utf8(out.stdout).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let file = line["file"].as_str().unwrap().replace(&base, "");
        let hit = (line["rule_id"].as_str().unwrap().to_owned(), line["record_id"].as_u64().unwrap());
        assert!(hits.entry(file).or_default().insert(hit), "twice: {line}");
    }
    assert!(said.contains("rules ran"), "{said}");
    hits
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// `{rule: [records]}` as pairs.
fn pairs(value: &Value) -> BTreeSet<(String, u64)> {
    let all = value.as_object().unwrap().iter();
    all.flat_map(|(rule, ns)| ns.as_array().unwrap().iter().map(|n| (rule.clone(), n.as_u64().unwrap())))
        .collect()
}

/// Without the rules on which the two engines behind the expectations differ.
fn settled(hits: Option<&BTreeSet<(String, u64)>>, unsettled: &Value) -> BTreeSet<(String, u64)> {
    let open: Vec<_> = unsettled.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    hits.into_iter().flatten().filter(|(rule, _)| !open.contains(&rule.as_str())).cloned().collect()
}

#[test]
fn the_command_line_finds_what_the_expectations_say() {
    let Some(shared) = shared() else { return };
    let data = shared.join("data");
    let hits = scan(
        &data,
        &[
            "evtx/parse",
            "logs/cloudtrail",
            "logs/otrf-windows",
            "logs/zeek",
            "logs/linux-and-cloud/sh_binary_padding_dd_2020-11-10081941.log",
        ],
    );
    for line in lines(&data.join("evtx/parse_expect.jsonl")) {
        let got = settled(hits.get(line["file"].as_str().unwrap()), &line["sigma_unsettled"]);
        assert_eq!(got, pairs(&line["sigma_hits"]), "{}", line["file"]);
    }
    for line in lines(&data.join("logs/cloudtrail/expect.jsonl")) {
        let got = settled(hits.get(line["file"].as_str().unwrap()), &line["unsettled"]);
        assert_eq!(got, pairs(&line["hit_records"]), "{}", line["file"]);
    }
    for line in lines(&data.join("logs/otrf-windows/expect.jsonl")) {
        let file = format!("{} > {}", line["zip"].as_str().unwrap(), line["member"].as_str().unwrap());
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for (rule, _) in settled(hits.get(&file), &line["unsettled"]) {
            *counts.entry(rule).or_default() += 1;
        }
        let want: BTreeMap<String, u64> =
            line["hits"].as_object().unwrap().iter().map(|(k, v)| (k.clone(), v.as_u64().unwrap())).collect();
        assert_eq!(counts, want, "{file}");
    }
    let audit = lines(&data.join("logs/linux-and-cloud/expect.jsonl"));
    let audit = audit.iter().find(|l| l["file"].as_str().unwrap().ends_with(".log")).unwrap();
    // Keywords of this rule are in the record; see the same case in backend/ingest/tests/evidence.rs.
    let keywords = serde_json::json!(["c52a914f-3d8b-4b2a-bb75-b3991e75f8ba"]);
    let got = settled(hits.get(audit["file"].as_str().unwrap()), &keywords);
    assert_eq!(got, pairs(&audit["sigma_auditd_hits"]));
    assert!(!hits.keys().any(|file| file.starts_with("logs/zeek/")), "zeek has no hits");
}

#[test]
fn an_import_of_all_formats_names_what_it_read_and_shows_raw_bytes() {
    let Some(shared) = shared() else { return };
    let logs = shared.join("data/logs");
    let s = Server::start();
    let t = s.token("root");
    let import = |path: &Path| {
        let out = aurorasoc(s.home.path())
            .arg("import")
            .arg(path)
            .arg("--data-dir")
            .arg(s.home.path().join("ws"))
            .output();
        let out = out.unwrap();
        assert!(out.status.code().is_some(), "{}", String::from_utf8_lossy(&out.stderr));
        s.settle(&t)
    };
    let zip = logs.join("zeek/metasploit_sharpdump_lsass_memory_dump_zeek_logs.zip");
    let job = import(&zip);
    let file = &job["result"]["file_list"][0];
    assert_eq!((file["format"].as_str(), file["state"].as_str()), (Some("zip"), Some("done")), "{job}");
    let all = file["events"].as_u64().unwrap();
    assert!(all > 100);
    let again = import(&zip);
    assert_eq!(
        (&again["result"]["events"], &again["result"]["duplicates"]),
        (&0.into(), &all.into()),
        "{again}"
    );
    // A member says which archive it lies in, and why it has no raw bytes.
    let first = |dataset: &str| {
        let page =
            s.call("GET", &format!("/api/v1/siem/logs?limit=1&dataset={dataset}")).bearer(&t).send().json();
        let id =
            page["items"][0]["log_id"].as_str().unwrap_or_else(|| panic!("{dataset}: {page}")).to_owned();
        s.call("GET", &format!("/api/v1/siem/logs/{id}?raw=true")).bearer(&t).send().json()
    };
    let log = first("zeek.conn");
    assert!(log["source"].as_str().unwrap().ends_with("zeek_logs.zip > conn.log"), "{log}");
    assert!(log["raw"].is_null() && log["raw_missing"].as_str().unwrap().contains("archive"), "{log}");
    let audit = logs.join("linux-and-cloud/sh_binary_padding_dd_2020-11-10081941.log");
    let job = import(&audit);
    assert_eq!(job["result"]["file_list"][0]["format"], "auditd", "{job}");
    let log = first("linux.auditd");
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let raw = STANDARD.decode(log["raw"].as_str().unwrap()).unwrap();
    let text = std::fs::read_to_string(&audit).unwrap();
    assert!(text.lines().any(|l| l.as_bytes() == raw), "{log}");
    // What is broken is named with member, record and offset; the event is there as text.
    let broken = s.home.path().join("broken.json");
    std::fs::write(&broken, "{\"time\":\"2024-01-01T00:00:00Z\"}\nnot json\n").unwrap();
    let job = import(&broken);
    assert_eq!((&job["result"]["events"], &job["result"]["parse_errors"]), (&2.into(), &1.into()), "{job}");
    let skip = &job["skipped"][0];
    assert_eq!((&skip["record"], &skip["offset"]), (&2.into(), &32.into()), "{job}");
    assert!(skip["reason"].as_str().unwrap().contains("line 2"), "{job}");
}
