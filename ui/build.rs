//! Turns locales/*.json into one typed table: a key that a language lacks, a placeholder that differs or a plural
//! form that is missing stops the build.

use serde_json::{Map, Value};
use std::{collections::BTreeSet, env, fmt::Write, fs, path::Path};

/// Language, its plural forms in the order of the CLDR.
const LANGUAGES: &[(&str, &[&str])] =
    &[("en", &["one", "other"]), ("ar", &["zero", "one", "two", "few", "many", "other"])];
const FORMS: &[&str] = &["zero", "one", "two", "few", "many", "other"];

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
}

/// The Rust text of one entry; `want` are the placeholders of the English one.
fn entry(language: &str, forms: &[&str], key: &str, value: &Value, want: &Value) -> String {
    match (value, want) {
        (Value::String(s), Value::String(english)) => {
            assert_eq!(placeholders(s), placeholders(english), "{language}: placeholders of {key}");
            format!("Text::One({s:?})")
        }
        (Value::Object(map), Value::Object(english)) => {
            let mut all = placeholders(english["other"].as_str().unwrap_or_default());
            all.remove("n");
            let mut out = String::from("Text::Many([");
            for form in FORMS {
                match map.get(*form).and_then(Value::as_str) {
                    Some(s) => {
                        let mut have = placeholders(s);
                        have.remove("n");
                        assert_eq!(have, all, "{language}: placeholders of {key}.{form}");
                        let _ = write!(out, "{s:?}, ");
                    }
                    None => {
                        assert!(!forms.contains(form), "{language}: {key} lacks the form {form}");
                        out += "\"\", ";
                    }
                }
            }
            out + "])"
        }
        _ => panic!("{language}: {key} is not of the same kind as in English"),
    }
}

fn main() {
    println!("cargo::rerun-if-changed=locales");
    let read = |language: &str| -> Map<String, Value> {
        let text = fs::read_to_string(format!("locales/{language}.json")).expect("locale file");
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("locales/{language}.json: {e}"))
    };
    let english = read("en");
    let mut out = String::from("/// Every key.\npub mod k {\nuse super::Key;\n");
    for (i, key) in english.keys().enumerate() {
        let name = key.replace(['.', '-'], "_").to_uppercase();
        let _ = writeln!(out, "pub const {name}: Key = Key({i});");
    }
    out += "}\n/// Key names, for words that come from the wire.\nstatic NAMES: &[&str] = &[";
    english.keys().for_each(|k| write!(out, "{k:?}, ").expect("a string"));
    out += "];\n";
    for (language, forms) in LANGUAGES {
        let texts = read(language);
        for key in texts.keys() {
            assert!(english.contains_key(key), "{language}: {key} is not in English");
        }
        let _ = writeln!(out, "static {}: &[Text] = &[", language.to_uppercase());
        for (key, want) in &english {
            let value = texts.get(key).unwrap_or_else(|| panic!("{language} lacks {key}"));
            let _ = writeln!(out, "{},", entry(language, forms, key, value, want));
        }
        out += "];\n";
    }
    let path = Path::new(&env::var("OUT_DIR").expect("set by cargo")).join("locales.rs");
    fs::write(path, out).expect("writing locales.rs");
}
