//! Every rule on every shared event by both engines; each difference must stand in `differences.tsv`.
//!
//! Columns: rule id, file, record (1-based place in the file), ours, theirs, reason, who is right. A difference in
//! loading has `-` for file and record.

use crate::{data, route::Routes, support};
use detect::{Engine, Mapping, sigma};
use rsigma_eval::{Engine as Peer, JsonEvent};
use std::collections::{BTreeMap, BTreeSet};

const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/differences.tsv");
const HEAD: &str = "# rule\tfile\trecord\tours\ttheirs\treason\tright\n";
/// Lines of new or vanished differences that are printed.
const SHOWN: usize = 60;

/// Rule, file, record, ours, theirs.
type Difference = (String, String, String, String, String);

/// Compares; `false` when the list is not what was found. `write` renews the list and keeps the reasons.
pub fn run(write: bool) -> bool {
    let found = differences();
    let known = known();
    let new: Vec<_> = found.iter().filter(|d| !known.contains_key(d)).collect();
    let gone: Vec<_> = known.keys().filter(|d| !found.contains(d)).collect();
    for (what, list) in [("new", &new), ("vanished", &gone)] {
        println!("{} {what}", list.len());
        for (rule, file, record, ours, theirs) in list.iter().take(SHOWN) {
            println!("  {rule} {file} {record}: ours {ours}, theirs {theirs}");
        }
    }
    println!("{} differences", found.len());
    if write {
        let mut text = String::from(HEAD);
        for d in &found {
            let (reason, right) = known.get(d).cloned().unwrap_or(("?".into(), "?".into()));
            let (rule, file, record, ours, theirs) = d;
            text.push_str(
                &[rule, file, record, ours, theirs, &reason, &right].map(String::as_str).join("\t"),
            );
            text.push('\n');
        }
        std::fs::write(LIST, text).expect("the list can be written");
    }
    write || (new.is_empty() && gone.is_empty())
}

fn known() -> BTreeMap<Difference, (String, String)> {
    let text = std::fs::read_to_string(LIST).unwrap_or_default();
    let lines = text.lines().filter(|l| !l.starts_with('#'));
    lines
        .filter_map(|line| {
            let cells: Vec<String> = line.split('\t').map(str::to_owned).collect();
            let [rule, file, record, ours, theirs, reason, right] = <[String; 7]>::try_from(cells).ok()?;
            Some(((rule, file, record, ours, theirs), (reason, right)))
        })
        .collect()
}

fn differences() -> BTreeSet<Difference> {
    let mut out = BTreeSet::new();
    let texts = data::rules(false);
    let ours: Vec<_> = texts.iter().flat_map(|(_, text)| sigma::parse(text).rules).collect();
    let mut theirs = Vec::new();
    for (_, text) in &texts {
        match rsigma_parser::parse_sigma_yaml(text) {
            Ok(one) if one.errors.is_empty() => theirs.extend(one.rules),
            Ok(one) => load(&mut out, &ours, text, &one.errors.join(" ")),
            Err(e) => load(&mut out, &ours, text, &e.to_string()),
        }
    }
    let mut peer = Peer::new();
    for (at, why) in peer.add_rules(&theirs) {
        let id = theirs[at].id.clone().unwrap_or_default();
        out.insert((id, "-".into(), "-".into(), "loads".into(), plain(&why.to_string())));
    }
    let (engine, not_run) = Engine::build(ours, &Mapping::builtin().expect("our mapping"));
    let idle: BTreeSet<&str> = not_run.iter().map(|n| &*n.rule_id).collect();
    let routes = Routes::new();
    let (mut events, mut hits) = (0, Vec::new());
    for (file, list) in support::everything(&data::root()) {
        for (i, event) in list.iter().enumerate() {
            events += 1;
            hits.clear();
            engine.scan(event, &mut hits);
            let ours: BTreeSet<String> = hits.iter().map(|h| engine.rules()[h.rule].id.clone()).collect();
            let tree = routes.prepared(event);
            let mut theirs = BTreeSet::new();
            for source in routes.all(&event.dataset, &tree) {
                let found = peer.evaluate_with_logsource(&JsonEvent::borrow(&tree), &source);
                theirs.extend(found.into_iter().filter_map(|r| r.header.rule_id));
            }
            for rule in ours.symmetric_difference(&theirs) {
                let word = |matched: bool| match (matched, idle.contains(&**rule)) {
                    (true, _) => "match",
                    (false, true) => "not run",
                    (false, false) => "no match",
                };
                let them = if theirs.contains(rule) { "match" } else { "no match" };
                let record = (i + 1).to_string();
                out.insert((
                    rule.clone(),
                    file.clone(),
                    record,
                    word(ours.contains(rule)).into(),
                    them.into(),
                ));
            }
        }
    }
    println!("{} rules, {events} events", texts.len());
    out
}

/// A rule that rsigma does not load.
fn load(out: &mut BTreeSet<Difference>, ours: &[sigma::Rule], text: &str, why: &str) {
    for rule in sigma::parse(text).rules {
        if ours.iter().any(|r| r.id == rule.id) {
            out.insert((rule.id, "-".into(), "-".into(), "loads".into(), plain(why)));
        }
    }
}

/// On one line, for a cell.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(160).collect()
}
