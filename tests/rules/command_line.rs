//! `aurorasoc rules …`, and what `scan` says of rules.

use super::{ANY, RULES, User, id, rule};
use crate::served::{Server, aurorasoc, shared};
use serde_json::{Value, json};
use std::{path::Path, process::Output};

fn run(home: &Path, words: &[&str], paths: &[&Path]) -> Output {
    aurorasoc(home).args(words).args(paths).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn rules_are_imported_and_listed_beside_a_server_and_without_one() {
    let s = Server::start();
    let u = User::root(&s);
    let folder = s.home.path().join("my rules");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("one.yml"), rule(1, r#""One \x1b[31m""#, ANY)).unwrap();
    std::fs::write(folder.join("notes.txt"), "no rule").unwrap();
    let ws = s.ws();
    let import = |home: &Path| {
        let words = ["rules", "import", "--data-dir", ws.to_str().unwrap()];
        run(home, &words, &[&folder])
    };
    let out = import(s.home.path());
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    assert!(text(&out.stdout).contains("1 new, 0 changed"), "{}", text(&out.stdout));
    assert!(text(&out.stderr).contains("it does the work"));
    let there = u.get(&format!("{RULES}/{}", id(1))).json();
    assert_eq!((&there["pack"], &there["state"]), (&json!("my-rules"), &json!("running")));
    std::fs::write(folder.join("two.yml"), "title: Two\nlogsource: {}\n").unwrap();
    let home = s.kill();
    // The folder moved with the home that it lies in, so it is named anew.
    let out = import(home.path());
    assert_eq!(out.status.code(), Some(2), "a file that does not load is said: {}", text(&out.stdout));
    assert!(text(&out.stderr).contains("two.yml:"), "{}", text(&out.stderr));
    let list =
        run(home.path(), &["rules", "list", "--pack", "my-rules", "--data-dir", ws.to_str().unwrap()], &[]);
    let said = text(&list.stdout);
    assert!(said.contains(&id(1)) && said.contains("\\x1b[31m") && !said.contains('\u{1b}'), "{said}");
}

#[test]
fn a_rule_repository_is_checked() {
    let home = tempfile::tempdir().unwrap();
    let good = home.path().join("good.yml");
    std::fs::write(&good, rule(1, "Good", ANY)).unwrap();
    let bad = home.path().join("bad rule.yml");
    std::fs::write(&bad, rule(2, "Bad", "{Image|frobnicate: x}")).unwrap();
    let check =
        |format: &str, paths: &[&Path]| run(home.path(), &["rules", "check", "--format", format], paths);
    let out = check("human", &[&good]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stdout));
    let out = check("human", &[&good, &bad]);
    let said = text(&out.stdout);
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(said.contains("bad rule.yml:9:") && said.contains("selection: {Image|frobnicate: x}"), "{said}");
    let caret = said.lines().find(|l| l.trim_start_matches(['|', ' ']) == "^").unwrap();
    let source = said.lines().find(|l| l.contains("selection: {Image")).unwrap();
    assert_eq!(&source[caret.find('^').unwrap()..][..5], "Image", "{said}");
    let report: Value = serde_json::from_slice(&check("json", &[&good, &bad]).stdout).unwrap();
    assert_eq!((&report["rules"], &report["errors"][0]["line"]), (&json!(1), &json!(9)), "{report}");
    let log: Value = serde_json::from_slice(&check("sarif", &[&good, &bad]).stdout).unwrap();
    assert_eq!(
        (&log["version"], &log["runs"][0]["results"][0]["ruleId"]),
        (&json!("2.1.0"), &json!("AURORA-4222"))
    );
    let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert!(place["artifactLocation"]["uri"].as_str().unwrap().ends_with("/bad%20rule.yml"), "{place}");
    assert_eq!(place["region"]["startLine"], 9);
    let twice = home.path().join("twice.yml");
    std::fs::write(&twice, rule(1, "Good again", ANY)).unwrap();
    assert!(text(&check("human", &[&good, &twice]).stdout).contains("stands in"), "the same id");
    assert_eq!(check("human", &[&home.path().join("nothing.yml")]).status.code(), Some(2));
}

#[test]
fn a_scan_is_printed_for_spreadsheets_and_explained() {
    let Some(shared) = shared() else { return };
    let home = tempfile::tempdir().unwrap();
    let rules = home.path().join("rules.yml");
    let nearly = rule(3, "Nearly", "{Image|endswith: .exe, CommandLine|contains: surely-not-there}");
    let elsewhere = rule(2, "Elsewhere", ANY).replace("windows", "linux");
    let texts = [rule(1, "=cmd()", ANY), elsewhere, nearly].join("---\n");
    std::fs::write(&rules, texts).unwrap();
    let log = shared.join("data/evtx/parse/sysmon.evtx");
    let of = |more: &[&str]| {
        let words: Vec<_> =
            ["scan", "--rules", rules.to_str().unwrap()].into_iter().chain(more.iter().copied()).collect();
        run(home.path(), &words, &[&log])
    };
    let out = of(&["--format", "csv"]);
    // The log has chunks that its header does not count, and each is named.
    assert_eq!(out.status.code(), Some(2), "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains("chunk 9 is not counted in the file header"));
    let said = text(&out.stdout);
    let mut lines = said.lines();
    assert_eq!(lines.next(), Some("rule_id,title,level,file,record_id,timestamp,host,matched"));
    let first = lines.next().unwrap();
    assert!(first.starts_with(&format!("{},\"'=cmd()\",low,", id(1))), "{first}");
    assert!(text(&out.stderr).contains("no chance for 1 rules: no event from"), "{}", text(&out.stderr));
    let out = of(&["--explain", &id(1)]);
    let said = text(&out.stdout);
    assert!(said.contains(": matches: selection") && said.contains("+ Image endswith: .exe"), "{said}");
    assert!(said.contains("one leaf away: Nearly (CommandLine)"), "{said}");
    assert_eq!(of(&["--explain", "none"]).status.code(), Some(2));
}
