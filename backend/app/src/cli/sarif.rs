//! SARIF 2.1.0 (OASIS), as code hosts read it.

use super::rules::{Finding, KINDS};
use serde_json::{Value, json};

/// The whole log. `unread` are files that could not be read: the run was then not a success.
pub(super) fn log(findings: &[Finding], unread: &[(String, String)]) -> Value {
    let rules: Vec<_> =
        KINDS.iter().map(|(id, text)| json!({"id": id, "shortDescription": {"text": text}})).collect();
    let results: Vec<_> = findings.iter().map(result).collect();
    let notes: Vec<_> = unread
        .iter()
        .map(|(file, reason)| {
            json!({"level": "error", "message": {"text": format!("{file}: {reason}")},
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri(file)}}}]})
        })
        .collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "aurorasoc rules check", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "invocations": [{"executionSuccessful": unread.is_empty(), "toolExecutionNotifications": notes}],
            "results": results,
        }],
    })
}

fn result(f: &Finding) -> Value {
    let kind = KINDS.iter().position(|(code, _)| *code == f.code).unwrap_or_default();
    let place = json!({
        "artifactLocation": {"uri": uri(&f.file)},
        "region": {"startLine": f.line.max(1), "startColumn": f.column.max(1)},
    });
    let mut location = json!({"physicalLocation": place});
    if !f.path.is_empty() {
        location["logicalLocations"] = json!([{"fullyQualifiedName": f.path, "kind": "member"}]);
    }
    json!({
        "ruleId": f.code,
        "ruleIndex": kind,
        "level": if f.error { "error" } else { "warning" },
        "message": {"text": f.reason},
        "locations": [location],
    })
}

/// A relative or absolute path as a URI reference (RFC 3986): every byte that is not unreserved is percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::new();
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for b in path.bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(b))
            }
            b => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}
