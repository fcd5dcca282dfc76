//! Our side of every difference to rsigma that `tests/bench-peers/differences.tsv` lists.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use detect::{Engine, Mapping, sigma};
use std::collections::{BTreeMap, BTreeSet};

/// Rule, file, record (1-based place in the file) and whether we match, of every listed difference of a match.
fn listed() -> Vec<(String, String, usize, bool)> {
    let text = include_str!("../../../tests/bench-peers/differences.tsv");
    let mut out = Vec::new();
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        let cells: Vec<&str> = line.split('\t').collect();
        assert_eq!(cells.len(), 7, "{line}");
        assert!(cells[5].len() > 10 && ["ours", "theirs", "both"].contains(&cells[6]), "no reason: {line}");
        if cells[1] != "-" {
            out.push((cells[0].into(), cells[1].into(), cells[2].parse().unwrap(), cells[3] == "match"));
        }
    }
    out
}

#[test]
fn our_side_of_every_difference_is_as_listed() {
    let listed = listed();
    let Some(data) = support::shared() else { return };
    let rules = support::sigmahq(&data).iter().flat_map(|(_, text)| sigma::parse(text).rules).collect();
    let (engine, _) = Engine::build(rules, &Mapping::builtin().unwrap());
    let mut by_file: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for one in &listed {
        by_file.entry(&one.1).or_default().push(one);
    }
    let mut seen = 0;
    for (file, events) in support::everything(&data) {
        for (rule, _, record, matches) in by_file.remove(&*file).into_iter().flatten() {
            let mut hits = Vec::new();
            engine.scan(&events[record - 1], &mut hits);
            let ids: BTreeSet<&str> = hits.iter().map(|h| &*engine.rules()[h.rule].id).collect();
            assert_eq!(ids.contains(&**rule), *matches, "{rule} {file} {record}");
            seen += 1;
        }
    }
    assert!(by_file.is_empty(), "no such file: {:?}", by_file.keys());
    println!("{seen} differences");
}
