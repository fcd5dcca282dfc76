//! Checks over the UI's sources: no sentence outside the string tables, no physical direction in a style, no colour
//! outside the tokens, a name for tests on every control.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a check that can't read its input fails")]

use std::{fs, path::PathBuf};

fn ui() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("..")
}

fn files(extension: &str) -> Vec<(String, String)> {
    let all = ["src", "styles"].map(|f| walkdir::WalkDir::new(ui().join(f)));
    let paths = all.into_iter().flatten().map(|e| e.unwrap().into_path());
    let wanted = paths.filter(|p| p.extension().is_some_and(|e| e == extension));
    wanted.map(|p| (p.display().to_string(), fs::read_to_string(&p).unwrap())).collect()
}

/// The bodies of all `view!` macros of a source, without Rust comments.
fn views(source: &str) -> Vec<String> {
    let source: Vec<&str> =
        source.lines().map(|l| if l.trim_start().starts_with("//") { "" } else { l }).collect();
    let source = source.join("\n");
    let mut out = Vec::new();
    let mut from = 0;
    while let Some(at) = source[from..].find("view! {") {
        let start = from + at + "view! {".len();
        let mut depth = 1;
        let end = source[start..].char_indices().find(|(_, c)| {
            depth += match c {
                '{' => 1,
                '}' => -1,
                _ => 0,
            };
            depth == 0
        });
        out.push(source[start..start + end.expect("a view that ends").0].to_owned());
        from = start;
    }
    out
}

/// Names of the product and signs that are the same in every language.
const SAME: &[&str] = &["AuroraSOC Desktop", "Esc", "Z", "Ctrl ↵"];
/// Attributes that a person reads or hears.
const SPOKEN: &[&str] = &["aria-label", "title", "placeholder", "alt", "label"];

/// String literals that stand where a child stands, and literals of spoken attributes.
fn literal_text(view: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = view;
    let mut before = String::new();
    while let Some((head, tail)) = rest.split_once('"') {
        let Some((literal, after)) = tail.split_once('"') else { break };
        before.push_str(head);
        let lead = before.trim_end();
        let attribute =
            lead.strip_suffix('=').map(|l| l.rsplit([' ', '\n', '<']).next().unwrap_or_default().to_owned());
        let child = attribute.is_none()
            && (lead.ends_with('>') && !lead.ends_with("=>") && !lead.ends_with("->") || lead.ends_with('}'));
        let spoken = attribute.is_some_and(|a| SPOKEN.contains(&a.as_str()));
        let says = literal.chars().any(char::is_alphabetic) && !SAME.contains(&literal);
        if says && (child || spoken) {
            found.push(literal.to_owned());
        }
        before = String::from("x");
        rest = after;
    }
    found
}

/// Words that stand between two tags without quotes.
fn bare_text(view: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in view.lines() {
        let mut rest = line;
        while let Some((_, tail)) = rest.split_once('>') {
            let text: String =
                tail.chars().take_while(|c| c.is_alphanumeric() || " ,.'!?".contains(*c)).collect();
            let closes = tail[text.len()..].starts_with("</");
            if closes && text.chars().any(char::is_alphabetic) {
                found.push(text);
            }
            rest = tail;
        }
    }
    found
}

#[test]
fn no_literal_text_in_views() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (path, source) in files("rs") {
        for view in views(&source) {
            seen += 1;
            let texts = literal_text(&view).into_iter().chain(bare_text(&view));
            wrong.extend(texts.map(|t| format!("{path}: {t:?}")));
        }
    }
    assert!(seen > 100, "only {seen} views found: the search is broken");
    wrong.dedup();
    assert!(wrong.is_empty(), "text outside locales/*.json:\n{}", wrong.join("\n"));
}

#[test]
fn the_search_finds_what_it_should() {
    let view = r#"<p class="t2">"Hello there"</p><b title="Say it">{x}</b><i>Bare words</i><kbd>"Esc"</kbd>"#;
    assert_eq!(literal_text(view), ["Hello there", "Say it"]);
    assert_eq!(bare_text(view), ["Bare words"]);
}

#[test]
fn every_control_has_a_name_for_tests() {
    let mut wrong = Vec::new();
    for (path, source) in files("rs") {
        let source = source.replace("->", "  ").replace("=>", "  ");
        for tag in ["<button ", "<input ", "<select ", "<textarea "] {
            for part in source.split(tag).skip(1) {
                let end = ["</button>", "/>", "</select>", "</textarea>", "</th>"]
                    .iter()
                    .filter_map(|e| part.find(e))
                    .min();
                if !part[..end.unwrap_or(part.len())].contains("data-test=") {
                    let start: String = part.chars().take(70).collect();
                    wrong.push(format!("{path}: {tag}{start}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "without data-test:\n{}", wrong.join("\n"));
}

#[test]
fn styles_have_no_left_and_right_and_no_colours() {
    const PHYSICAL: &[&str] = &[
        "margin-left",
        "margin-right",
        "padding-left",
        "padding-right",
        "border-left",
        "border-right",
        "text-align: left",
        "text-align: right",
    ];
    let mut wrong = Vec::new();
    for (path, css) in files("css") {
        for (i, line) in css.lines().enumerate() {
            let physical = PHYSICAL.iter().any(|p| line.contains(p))
                || line.contains(" left:")
                || line.contains(" right:");
            let hex = line.match_indices('#').any(|(at, _)| {
                let digits = line[at + 1..].chars().take_while(char::is_ascii_hexdigit).count();
                matches!(digits, 3 | 4 | 6 | 8) && !path.ends_with("tokens.css")
            });
            if physical || hex {
                wrong.push(format!("{path}:{}: {line}", i + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn words_of_the_wire_are_translated() {
    use api::{Role, alerts, cases, detections, jobs, system, users};
    let english: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(ui().join("locales/en.json")).unwrap()).unwrap();
    let mut missing = Vec::new();
    let mut want = |prefix: &str, words: Vec<&str>| {
        missing.extend(words.iter().map(|w| format!("{prefix}.{w}")).filter(|k| english.get(k).is_none()));
    };
    want("severity", alerts::Severity::ALL.iter().map(|s| s.as_str()).collect());
    want("status", alerts::AlertStatus::ALL.iter().map(|s| s.as_str()).collect());
    want("resolution", alerts::Resolution::ALL.iter().map(|s| s.as_str()).collect());
    want("resolution-text", alerts::Resolution::ALL.iter().map(|s| s.as_str()).collect());
    want("case", cases::CaseStatus::ALL.iter().map(|s| s.as_str()).collect());
    want("job", jobs::JobStatus::ALL.iter().map(|s| s.as_str()).collect());
    want("role", Role::ALL.iter().map(|s| s.as_str()).collect());
    want("role-text", Role::ALL.iter().map(|s| s.as_str()).collect());
    want("theme", users::Theme::ALL.iter().map(|s| s.as_str()).collect());
    want("language", users::Language::ALL.iter().map(|s| s.as_str()).collect());
    want("density", users::Density::ALL.iter().map(|s| s.as_str()).collect());
    want("times", users::TimeZone::ALL.iter().map(|s| s.as_str()).collect());
    want("mode-allows", system::Mode::ALL.iter().map(|s| s.as_str()).collect());
    want("mode-restricts", system::Mode::ALL.iter().map(|s| s.as_str()).collect());
    want("rule-state", detections::RuleState::ALL.iter().map(|s| s.as_str()).collect());
    want("rule-origin", detections::RuleOrigin::ALL.iter().map(|s| s.as_str()).collect());
    let steps =
        ["created", "imported", "updated", "enabled", "disabled", "tuned", "edited", "reverted", "gone"];
    want("rule-change", steps.to_vec());
    want("rule-status", vec!["stable", "test", "experimental", "deprecated", "unsupported"]);
    assert!(missing.is_empty(), "not in locales/en.json: {missing:?}");
}
