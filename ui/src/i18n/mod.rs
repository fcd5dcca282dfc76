//! Every sentence of the UI, in English and Arabic. The table is made from locales/*.json by build.rs.
//!
//! A change of language mounts the page again (`app.rs`), so that a text is a plain string and not a signal.

mod plural;

use api::users::Language;
use std::{cell::Cell, fmt::Display};

/// A sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(u16);

enum Text {
    One(&'static str),
    /// zero, one, two, few, many, other
    Many([&'static str; 6]),
}

include!(concat!(env!("OUT_DIR"), "/locales.rs"));

thread_local! { static NOW: Cell<Language> = const { Cell::new(Language::En) }; }

/// The language on screen.
pub fn language() -> Language {
    NOW.get()
}

/// Sets the language; the caller mounts the page again.
pub fn set_language(language: Language) {
    NOW.set(language);
}

/// `ltr` or `rtl`.
pub fn direction() -> &'static str {
    if language() == Language::Ar { "rtl" } else { "ltr" }
}

fn text(key: Key) -> &'static Text {
    let table = if language() == Language::Ar { AR } else { EN };
    &table[usize::from(key.0)]
}

/// The sentence.
pub fn t(key: Key) -> &'static str {
    match text(key) {
        Text::One(s) => s,
        Text::Many(forms) => forms[5],
    }
}

/// The English sentence too: the palette finds commands by it in every language.
pub fn english(key: Key) -> &'static str {
    match &EN[usize::from(key.0)] {
        Text::One(s) => s,
        Text::Many(forms) => forms[5],
    }
}

fn fill(pattern: &str, args: &[(&str, &dyn Display)]) -> String {
    let mut out = pattern.to_owned();
    for (name, value) in args {
        // In Arabic a value from outside must not turn the sentence round: first strong isolate, pop.
        let value = match language() {
            Language::Ar => format!("\u{2068}{value}\u{2069}"),
            Language::En => value.to_string(),
        };
        out = out.replace(&format!("{{{name}}}"), &value);
    }
    out
}

/// The sentence with values in its places `{name}`.
pub fn tf(key: Key, args: &[(&str, &dyn Display)]) -> String {
    fill(t(key), args)
}

/// The sentence in the plural form of `n`, which goes to `{n}`.
pub fn tn(key: Key, n: u64) -> String {
    tnf(key, n, &[])
}

/// As [`tn`] with more values.
pub fn tnf(key: Key, n: u64, args: &[(&str, &dyn Display)]) -> String {
    let pattern = match text(key) {
        Text::One(s) => s,
        Text::Many(forms) => forms[plural::form(language(), n)],
    };
    fill(&pattern.replace("{n}", &crate::numbers::grouped(n)), args)
}

/// A word of the wire, as `prefix.word`; the word itself where there is no such key.
pub fn word<'a>(prefix: &str, word: &'a str) -> &'a str {
    let name = format!("{prefix}.{}", word.replace('+', "_"));
    match NAMES.iter().position(|n| *n == name) {
        Some(i) => t(Key(u16::try_from(i).unwrap_or_default())),
        None => word,
    }
}
