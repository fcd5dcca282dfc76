//! The command line as its user meets it: what is printed where, what is said of what was not, and the exit codes.

#![allow(clippy::disallowed_methods, reason = "tests start the product")]

use crate::served::{PASSWORD, aurorasoc};
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};
use tempfile::TempDir;

const ID: &str = "00000000-0000-4000-8000-00000000000a";
const OTHER: &str = "00000000-0000-4000-8000-00000000000b";
/// What a terminal obeys, and what turns text around.
const EVIL: &str = "a\u{1b}[31m\u{9b}31m\u{202e}\u{2066}\u{200f}z";

/// A folder of one test, with a rule and a log that it matches.
struct Home(TempDir);

impl Home {
    fn new() -> Home {
        let home = Home(tempfile::Builder::new().prefix("aurora-cli-").tempdir().unwrap());
        fs::create_dir(home.at("logs")).unwrap();
        home.file("rules/rule.yml", &rule(ID, "level: high\n", "{Image|endswith: z}"));
        home.file("logs/one.json", &event(EVIL, r#""@timestamp": "2024-05-06T07:08:09Z","#));
        home
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// The command, in this folder.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = aurorasoc(self.0.path());
        command.current_dir(self.0.path()).args(words);
        command
    }

    fn run(&self, words: &[&str]) -> Said {
        Said::of(self.command(words).output().unwrap())
    }

    fn scan(&self, more: &[&str]) -> Said {
        self.run(&[&["scan", "logs", "--rules", "rules"], more].concat())
    }
}

/// What a run of the command came to.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn of(o: Output) -> Said {
        let text = |b: Vec<u8>| String::from_utf8(b).unwrap();
        Said { code: o.status.code(), out: text(o.stdout), err: text(o.stderr) }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

fn rule(id: &str, more: &str, selection: &str) -> String {
    format!(
        "title: Ends with z\nid: {id}\nstatus: test\n{more}logsource: {{product: windows, service: sysmon}}\n\
         detection:\n  selection: {selection}\n  condition: selection\n"
    )
}

fn event(image: &str, more: &str) -> String {
    let (image, host) = (json!(image), json!(format!("pc{EVIL}")));
    format!(
        "{{{more} \"Channel\": \"Microsoft-Windows-Sysmon/Operational\", \"EventID\": 1, \"Computer\": {host}, \
         \"Image\": {image}}}\n"
    )
}

/// Nothing that a terminal obeys and nothing that turns text around.
fn harmless(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || !(c.is_control() || "\u{202e}\u{2066}\u{200f}".contains(c)))
}

/// Adds an admin to a workspace, so that there is one.
fn user(home: &Home) {
    let mut child = home
        .command(&["user", "add", "ann", "--role", "admin", "--password-stdin", "--data-dir", "ws"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{PASSWORD}").unwrap();
    assert!(child.wait().unwrap().success());
}

/// Every command that prints, on a workspace where there is one.
const PRINTING: &[&[&str]] = &[
    &["scan", "logs", "--rules", "rules"],
    &["scan", "logs", "--rules", "rules", "--format", "jsonl"],
    &["scan", "logs", "--rules", "rules", "--format", "csv"],
    &["scan", "logs", "--rules", "rules", "--explain", ID],
    &["config", "show"],
    &["rules", "check", "rules"],
    &["rules", "import", "rules", "--data-dir", "ws"],
    &["rules", "list", "--data-dir", "ws"],
    &["import", "logs", "--data-dir", "ws"],
    &["doctor", "--data-dir", "ws"],
];

#[test]
fn a_reader_that_went_away_ends_a_command_quietly_and_a_full_disk_is_an_error() {
    let home = Home::new();
    user(&home);
    for words in PRINTING {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let gone = Said::of(home.command(words).stdout(writer).output().unwrap());
        assert!(gone.code == Some(0) && !gone.err.contains("panicked"), "{words:?}: {gone:?}");
        let full = || File::options().write(true).open("/dev/full").unwrap();
        let said = Said::of(home.command(words).stdout(full()).output().unwrap());
        assert_eq!(said.code, Some(1), "{words:?}: {said:?}");
        assert!(said.err.contains("standard output: No space left"), "{words:?}: {said:?}");
        let mute = home.command(words).stderr(full()).stdout(Stdio::null()).status().unwrap();
        assert_eq!(mute.code(), Some(0), "{words:?}: nobody could be told, and all was done");
    }
    let doctor = home.run(&["doctor", "--data-dir", "ws"]);
    assert!(doctor.code == Some(0) && doctor.out.contains("Nothing is wrong"), "{doctor:?}");
}

#[test]
fn a_matched_value_can_not_speak_to_the_terminal() {
    let home = Home::new();
    fs::write(home.at("logs").join(format!("{EVIL}.txt")), "no log").unwrap();
    for (format, lines) in [("table", 2), ("jsonl", 1), ("csv", 2)] {
        let said = home.scan(&["--format", format]);
        assert_eq!(said.code, Some(2), "a file is no log: {said:?}");
        assert_eq!(said.out.lines().count(), lines, "{said:?}");
        assert!(harmless(&said.out) && harmless(&said.err) && said.err.contains("not read:"), "{said:?}");
        if format == "jsonl" {
            let line = said.json();
            assert_eq!((&line["matched"]["Image"], &line["level"]), (&json!(EVIL), &json!("high")));
            assert!(said.out.contains(r"\u001b[31m\u009b31m\u202e\u2066\u200fz"), "{}", said.out);
        }
    }
    let said = home.scan(&["--explain", ID]);
    assert!(harmless(&said.out) && harmless(&said.err) && said.out.contains(": matches:"), "{said:?}");
    home.file("rules/evil.yml", &rule(OTHER, &format!("x: {EVIL}\n"), "{Image|frobnicate: \u{9b}\u{202e}}"));
    for format in ["human", "json", "sarif"] {
        let said = home.run(&["rules", "check", "rules", "--format", format]);
        assert!(said.code == Some(1) && harmless(&said.out) && harmless(&said.err), "{said:?}");
    }
}

#[test]
fn a_table_has_a_line_a_match_in_the_width_it_is_given() {
    let home = Home::new();
    home.file("logs/many.json", &event(&format!("{}z", "long ".repeat(80)), "").repeat(3));
    for columns in ["100", "200"] {
        let mut command = home.command(&["scan", "logs", "--rules", "rules"]);
        let said = Said::of(command.env("COLUMNS", columns).output().unwrap());
        let lines: Vec<_> = said.out.lines().collect();
        assert_eq!(lines.len(), 5, "heads and four matches: {said:?}");
        assert!(lines[0].starts_with("TIME  ") && lines[0].ends_with("MATCHED"), "{said:?}");
        let width: usize = columns.parse().unwrap();
        assert!(lines.iter().all(|l| l.chars().count() <= width), "{said:?}");
        let whole = lines.iter().find(|l| l.starts_with("2024-05-06T07:08:09Z  high  ")).unwrap();
        assert!(whole.contains("/one.json ") && whole.contains("Image="), "{whole}");
        // Those of the other file have no time.
        let cut = lines.iter().filter(|l| l.starts_with("-    ") && l.ends_with('…')).count();
        assert_eq!(cut, 3, "{said:?}");
    }
}

#[test]
fn what_an_event_or_a_rule_does_not_say_is_not_made_up() {
    let home = Home::new();
    home.file("rules/rule.yml", &rule(ID, "", "{Image|endswith: z}"));
    home.file("logs/one.json", &event("z", ""));
    let line = home.scan(&["--format", "jsonl"]).json();
    assert_eq!((&line["timestamp"], &line["level"]), (&Value::Null, &Value::Null));
    let said = home.scan(&["--format", "csv"]);
    let cells: Vec<_> = said.out.lines().nth(1).unwrap().split(',').collect();
    assert_eq!((cells[2], cells[5]), ("", ""), "level and time: {said:?}");
    let said = home.scan(&[]);
    let row: Vec<_> = said.out.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!((row[0], row[1]), ("-", "-"), "{said:?}");
}

#[test]
fn links_and_doubtful_things_are_noted_and_rules_that_do_not_load_count_when_asked_for() {
    let home = Home::new();
    symlink("one.json", home.at("logs/two.json")).unwrap();
    let local = event("az", r#""@timestamp": "2024-05-06 07:08:09","#);
    home.file("logs/local.json", &local.repeat(2));
    let said = home.scan(&["--format", "jsonl"]);
    assert_eq!((said.code, said.out.lines().count()), (Some(0), 3), "{said:?}");
    assert!(said.err.contains("noted: logs/two.json: symbolic link inside the folder"), "{said:?}");
    assert!(said.err.contains("noted: logs/local.json record 1: has times without a zone"), "{said:?}");
    home.file("rules/broken.yml", &rule(OTHER, "", "{Image|frobnicate: z}"));
    let said = home.scan(&[]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.err.contains("broken.yml:6:") && said.err.contains("AURORA-4222"), "{said:?}");
    assert_eq!(home.scan(&["--strict"]).code, Some(2));
    fs::remove_file(home.at("logs/one.json")).unwrap();
    let said = home.scan(&[]);
    assert!(said.code == Some(2) && said.err.contains("leads nowhere"), "{said:?}");
    let nothing = home.run(&["scan", "no-such-file"]);
    assert_eq!(nothing.code, Some(2));
    assert!(
        nothing.err.contains("nothing was read") && !nothing.err.contains("had no chance"),
        "{nothing:?}"
    );
}

#[test]
fn an_explanation_shows_the_nearest_event_and_says_why_there_is_none() {
    let home = Home::new();
    let far = rule(OTHER, "", "{Image|endswith: z, CommandLine: a, User: b}");
    let counts = format!(
        "title: Counts\nid: 00000000-0000-4000-8000-00000000000c\nlevel: high\ncorrelation:\n  type: event_count\n  \
         rules: [{ID}]\n  group-by: [Computer]\n  timespan: 1h\n  condition: {{gte: 2}}\n"
    );
    let filter = format!(
        "title: Leaves out\nid: 00000000-0000-4000-8000-00000000000d\nlogsource: {{product: windows}}\nfilter:\n  \
         rules: [{ID}, no-such-rule]\n  selection: {{Image: never}}\n  condition: selection\n"
    );
    let elsewhere = rule("00000000-0000-4000-8000-00000000000e", "", "{a: b}").replace("windows", "linux");
    let broken = rule("00000000-0000-4000-8000-00000000000f", "", "{a|frobnicate: b}");
    let texts = [far, counts, filter, elsewhere.replace(", service: sysmon", ""), broken].join("---\n");
    home.file("rules/more.yml", &texts);
    let said = home.scan(&["--explain", &OTHER.to_uppercase()]);
    assert!(said.out.contains("record 1: misses by 2 leaves: selection"), "{said:?}");
    assert!(
        said.out.contains("- CommandLine: a; absent") && said.err.contains("missed by the least"),
        "{said:?}"
    );
    let of = |last: char| home.scan(&["--explain", &format!("{}{last}", &ID[..ID.len() - 1])]);
    let said = of('c');
    assert!(said.code == Some(0) && said.out.contains("correlation: Counts"), "{said:?}");
    assert!(
        said.out.contains(&format!("({ID}): 1 matches")) && said.out.contains("did not fire"),
        "{said:?}"
    );
    let said = of('d');
    assert!(said.code == Some(2) && said.err.contains("is a filter") && said.err.contains(ID), "{said:?}");
    let said = of('e');
    assert!(said.out.is_empty() && said.err.contains("looked at no event: no event from"), "{said:?}");
    let said = of('f');
    assert!(said.code == Some(2) && said.err.contains("did not load: rules/more.yml:"), "{said:?}");
    assert!(of('9').err.contains("no rule with the id"));
    home.file("logs/more.json", &event("yz", r#""@timestamp": "2024-05-06T07:20:09Z","#));
    let said = of('c');
    assert!(said.out.contains("fired 1 times") && said.out.contains("2 events"), "{said:?}");
    let said = home.scan(&[]);
    assert!(said.out.lines().any(|l| l.contains("Counts") && l.contains(" 2 events ")), "{said:?}");
    assert!(said.err.contains("filter Leaves out") && said.err.contains("no-such-rule"), "{said:?}");
}

#[test]
fn a_report_names_every_rule_and_every_file() {
    let home = Home::new();
    home.file("rules/twice.yml", &rule(ID, "", "{Image: other}"));
    let waits = rule(OTHER, "", "{Image|expand: '%Names%'}");
    let broken = rule("00000000-0000-4000-8000-00000000000f", "", "{a|frobnicate: b}");
    let idle = rule("00000000-0000-4000-8000-00000000000e", "", "{Absent: b}");
    home.file("rules/more.yml", &[waits, broken, idle].join("---\n"));
    home.file("logs/junk.txt", "no log");
    let said = home.scan(&["--format", "jsonl", "--report", "report.json", "--measure"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    let report: Value = serde_json::from_str(&fs::read_to_string(home.at("report.json")).unwrap()).unwrap();
    let of = |file: &str| {
        let all = report["rules"].as_array().unwrap();
        let found: Vec<_> = all.iter().filter(|r| r["file"] == file).collect();
        found.iter().map(|r| r["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of("rules/rule.yml"), ["ran"], "{report}");
    assert_eq!(of("rules/twice.yml"), ["not_run"], "{report}");
    assert_eq!(of("rules/more.yml"), ["needs_configuration", "no_chance", "not_loaded"], "{report}");
    let all = report["rules"].as_array().unwrap();
    let ran = all.iter().find(|r| r["state"] == "ran").unwrap();
    assert!(ran["matches"] == 1 && ran["cost"]["events"] == 1, "{ran}");
    let twice = all.iter().find(|r| r["cause"] == "duplicate").unwrap();
    assert_eq!(twice["reason"], "another rule with the same id is loaded from rules/rule.yml, line 1");
    assert!(said.err.contains("(rules/twice.yml, line 1): another rule with the same id"), "{said:?}");
    assert!(said.err.contains(&format!("({OTHER})")), "the id of a rule that waits: {said:?}");
    let sources = report["sources"].as_array().unwrap();
    let names: Vec<_> = sources.iter().map(|s| s["file"].as_str().unwrap()).collect();
    assert_eq!(names, ["logs/junk.txt", "logs/one.json"]);
    assert!(sources[0]["skipped"][0]["reason"].as_str().unwrap().contains("not read"), "{report}");
    assert_eq!((&sources[1]["format"], &sources[1]["records"]), (&json!("json"), &json!(1)));
    let said = home.scan(&["--report", "logs/one.json"]);
    assert!(said.code == Some(2) && said.err.contains("lies in what is scanned"), "{said:?}");
    assert!(fs::read_to_string(home.at("logs/one.json")).unwrap().contains("Channel"), "left alone");
}

#[test]
fn a_check_says_what_it_could_not_do_in_every_format() {
    let home = Home::new();
    fs::create_dir(home.at("empty")).unwrap();
    for paths in [&["empty"][..], &["missing.yml"], &["rules", "missing.yml"]] {
        let check = |format: &str| home.run(&[&["rules", "check", "--format", format], paths].concat());
        let name = paths[paths.len() - 1];
        let said = check("human");
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(said.out.contains(&format!("not read: {name}: ")), "{said:?}");
        assert_eq!(check("json").json()["not_read"][0]["file"], *name);
        let log = check("sarif").json();
        let run = &log["runs"][0]["invocations"][0];
        assert_eq!((&log["version"], &run["executionSuccessful"]), (&json!("2.1.0"), &json!(false)));
        let note = &run["toolExecutionNotifications"][0];
        assert!(
            note["level"] == "error" && note["message"]["text"].as_str().unwrap().contains(name),
            "{log}"
        );
    }
    home.file("rules/broken.yml", &rule(OTHER, "", "{Image|frobnicate: z}"));
    let filter = "title: Leaves out\nid: 00000000-0000-4000-8000-00000000000d\nlogsource: {product: windows}\n\
                  filter:\n  rules: [ID, no-such-rule]\n  selection: {Image: never}\n  condition: selection\n";
    home.file("rules/filter.yml", &filter.replace("ID", ID));
    let said = home.run(&["rules", "check", "rules"]);
    assert!(said.code == Some(1) && said.out.contains("broken.yml:6:"), "{said:?}");
    assert!(said.out.contains(": AURORA-4222: "), "{said:?}");
    assert!(said.out.contains("filter.yml:1:1: warning:") && said.out.contains("no-such-rule"), "{said:?}");
    let report = home.run(&["rules", "check", "rules", "--format", "json"]).json();
    assert_eq!(report["errors"][0]["code"], "AURORA-4222");
    assert_eq!(report["warnings"][0]["code"], "filter-in-part");
    let log = home.run(&["rules", "check", "rules", "--format", "sarif"]).json();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let driver = &log["runs"][0]["tool"]["driver"]["rules"];
    for r in results {
        assert_eq!(driver[r["ruleIndex"].as_u64().unwrap() as usize]["id"], r["ruleId"], "{r}");
    }
    assert!(results.iter().any(|r| r["ruleId"] == "filter-in-part" && r["level"] == "warning"), "{log}");
    let bad = home.file("bad-pipeline.yml", "transformations: 1\n");
    let words = ["rules", "check", "rules", "--format", "sarif", "--pipeline", bad.to_str().unwrap()];
    let said = home.run(&words);
    assert!(said.code == Some(2) && said.json()["runs"][0]["invocations"][0]["executionSuccessful"] == false);
}

#[test]
fn the_configuration_is_shown_with_its_origins_and_a_broken_file_ends_every_command() {
    let home = Home::new();
    let shown =
        Said::of(home.command(&["config", "show"]).env("AURORASOC_LISTEN", "127.0.0.1:9").output().unwrap());
    assert!(
        shown.out.contains("listen = \"127.0.0.1:9\"    # environment variable AURORASOC_LISTEN"),
        "{shown:?}"
    );
    let file = shown.out.lines().next().unwrap().strip_prefix("file: ").unwrap();
    let file = Path::new(file);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, "# mine\nlissten = \"127.0.0.1:9\"\n").unwrap();
    for words in PRINTING {
        let said = home.run(words);
        assert!(said.code == Some(2) && said.err.contains("config.toml, line 2"), "{words:?}: {said:?}");
    }
    fs::remove_file(file).unwrap();
    fs::create_dir(file).unwrap();
    let said = home.run(&["config", "show"]);
    assert!(said.code == Some(2) && said.err.contains("can't be read"), "{said:?}");
}

#[test]
fn a_server_without_users_says_how_to_add_one_and_a_stopped_one_is_not_waited_for() {
    let home = Home::new();
    let mut child = home
        .command(&["serve", "--listen", "localhost:0", "--data-dir", "ws"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("Listening on http://127.0.0.1:"), "{line}");
    let mut hint = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(hint.any(|l| l.contains("aurorasoc user add")), "nothing was said of users");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let said = home.run(&["doctor", "--data-dir", "ws"]);
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    assert!(said.code == Some(1) && said.err.contains("is stopped"), "{said:?}");
    assert_eq!(home.run(&["doctor", "--data-dir", "ws"]).code, Some(0), "it goes on");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
    let said = home.run(&["serve", "--listen", "127.0.0.2:0", "--data-dir", "ws"]);
    assert!(said.code == Some(2) && said.err.contains("127.0.0.1 and ::1 only"), "{said:?}");
}
