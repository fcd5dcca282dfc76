//! What a write changed: the record before and after, leaf by leaf.

use serde_json::Value;
use std::collections::BTreeMap;

/// A leaf that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `settings.mode`, `tags[0]`; empty where the whole record is one value.
    pub path: String,
    /// Absent where there was none.
    pub before: Option<String>,
    /// Absent where there is none any more.
    pub after: Option<String>,
}

/// All leaves that differ, in the order of their paths, and how many are the same in both.
pub fn changes(before: Option<&Value>, after: Option<&Value>) -> (Vec<Change>, usize) {
    let (old, new) = (leaves(before), leaves(after));
    let mut paths: Vec<&String> = old.keys().chain(new.keys()).collect();
    paths.sort_unstable();
    paths.dedup();
    let all = paths.len();
    let differ: Vec<Change> = paths
        .into_iter()
        .filter(|p| old.get(*p) != new.get(*p))
        .map(|p| Change { path: p.clone(), before: old.get(p).cloned(), after: new.get(p).cloned() })
        .collect();
    let same = all - differ.len();
    (differ, same)
}

fn leaves(value: Option<&Value>) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    if let Some(value) = value {
        walk(value, String::new(), &mut out);
    }
    out
}

fn walk(value: &Value, path: String, out: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, member) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                walk(member, path, out);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for (i, member) in list.iter().enumerate() {
                walk(member, format!("{path}[{i}]"), out);
            }
        }
        Value::String(text) => {
            out.insert(path, text.clone());
        }
        leaf => {
            out.insert(path, leaf.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn change(path: &str, before: Option<&str>, after: Option<&str>) -> Change {
        Change { path: path.into(), before: before.map(Into::into), after: after.map(Into::into) }
    }

    #[test]
    fn only_what_differs() {
        let before = json!({"status": "new", "tags": ["a"], "n": 1, "who": null});
        let after = json!({"status": "resolved", "tags": ["a", "b"], "n": 1, "who": "ann"});
        let (differ, same) = changes(Some(&before), Some(&after));
        assert_eq!(same, 2);
        assert_eq!(
            differ,
            [
                change("status", Some("new"), Some("resolved")),
                change("tags[1]", None, Some("b")),
                change("who", Some("null"), Some("ann")),
            ]
        );
    }

    #[test]
    fn made_and_gone() {
        let record = json!({"a": {}});
        assert_eq!(changes(None, Some(&record)), (vec![change("a", None, Some("{}"))], 0));
        assert_eq!(changes(Some(&record), None), (vec![change("a", Some("{}"), None)], 0));
        assert_eq!(changes(None, None), (vec![], 0));
        assert_eq!(changes(None, Some(&json!("x"))), (vec![change("", None, Some("x"))], 0));
    }
}
