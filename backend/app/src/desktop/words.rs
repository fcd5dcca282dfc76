//! The window's own words, beside those of its page: menu, dialogs, and why a workspace can't be opened.
//!
//! From ui/locales/window, in the language of the session once a window is there; the command line speaks English.

use std::{
    collections::HashMap,
    sync::{
        LazyLock,
        atomic::{AtomicBool, Ordering},
    },
};

const ENGLISH: &str = include_str!("../../../../ui/locales/window/en.json");
const ARABIC: &str = include_str!("../../../../ui/locales/window/ar.json");

type Table = HashMap<String, String>;
static TABLES: LazyLock<[Table; 2]> = LazyLock::new(|| [ENGLISH, ARABIC].map(read));
static IN_ARABIC: AtomicBool = AtomicBool::new(false);

fn read(json: &str) -> Table {
    serde_json::from_str(json).unwrap_or_default()
}

/// From now on in the language of the session: the first of LC_ALL, LC_MESSAGES and LANG that is set.
pub fn speak_as_the_session() {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let language = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set);
    IN_ARABIC.store(language.is_some_and(|value| value.starts_with("ar")), Ordering::Relaxed);
}

/// Language tag and writing direction of the words.
pub fn language() -> (&'static str, &'static str) {
    if IN_ARABIC.load(Ordering::Relaxed) { ("ar", "rtl") } else { ("en", "ltr") }
}

/// A text by its key; the key itself when there is none, which a test forbids.
pub fn say(key: &str) -> &str {
    let table = &TABLES[usize::from(IN_ARABIC.load(Ordering::Relaxed))];
    table.get(key).map_or(key, String::as_str)
}

/// A text with its `{name}`s filled in. What is filled in is never filled again.
pub fn fill(key: &str, with: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (n, part) in say(key).split('{').enumerate() {
        match part.split_once('}') {
            Some((name, rest)) if n > 0 => {
                let value = with.iter().find(|(given, _)| *given == name);
                out.push_str(value.map_or(name, |(_, value)| value));
                out.push_str(rest);
            }
            _ => out.push_str(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn both_languages_have_every_text_with_the_same_places_to_fill() {
        let places = |text: &str| -> BTreeSet<String> {
            text.split('{').skip(1).filter_map(|p| p.split_once('}')).map(|(n, _)| n.to_owned()).collect()
        };
        let (en, ar) = (read(ENGLISH), read(ARABIC));
        assert!(en.len() > 50 && en.len() == ar.len(), "{} and {}", en.len(), ar.len());
        for (key, text) in &en {
            assert_eq!(places(text), places(&ar[key]), "{key}");
            let only_places = text.starts_with('{') && text.ends_with('}');
            assert!(only_places || ar[key].chars().any(|c| c > '\u{600}'), "{key} is not in Arabic");
        }
    }

    #[test]
    fn a_brace_in_a_value_stays_a_brace() {
        let said = fill("held_text", &[("dir", "/a{owner}"), ("owner", "x")]);
        assert!(said.starts_with("/a{owner} is in use by x"), "{said}");
    }
}
