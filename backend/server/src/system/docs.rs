//! The API's page for people: our OpenAPI document as HTML, written here. No script, nothing from elsewhere, so that
//! it works offline and under the same Content-Security-Policy as everything.

use serde_json::Value;
use std::fmt::Write as _;

/// What the page looks like, in a file of its own since the policy allows no inline style.
pub const STYLE: &str = include_str!("docs.css");

/// Text inside HTML, or inside a quoted attribute.
fn esc(text: &str) -> String {
    kernel::Untrusted::new(text).for_html()
}

fn word<'v>(v: &'v Value, key: &str) -> &'v str {
    v.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The page of a document made by [`super::openapi::document`].
pub fn page(document: &Value) -> String {
    let mut out = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>AuroraSOC API</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" href=\"/api/docs/style.css\">\
         </head><body><header><h1>AuroraSOC API</h1>",
    );
    let version = document.pointer("/info/version").and_then(Value::as_str).unwrap_or_default();
    let about = document.pointer("/info/description").and_then(Value::as_str).unwrap_or_default();
    // Writing into a String can't fail, here and below.
    let _ = write!(
        out,
        "<p>Version {}, <a href=\"/api/v1/openapi.json\">OpenAPI 3.1</a>. {}</p></header><main>",
        esc(version),
        esc(about)
    );
    let mut area = "";
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    for (path, item) in paths {
        for (method, op) in item.as_object().into_iter().flatten() {
            let tag = op.pointer("/tags/0").and_then(Value::as_str).unwrap_or_default();
            if tag != area {
                let _ = write!(out, "<h2>{}</h2>", esc(tag));
                area = tag;
            }
            operation(&mut out, method, path, op);
        }
    }
    errors(&mut out, document);
    out.push_str("<h2>Schemas</h2>");
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object).into_iter().flatten();
    for (name, schema) in schemas {
        let text = serde_json::to_string_pretty(schema).unwrap_or_default();
        let name = esc(name);
        let _ = write!(
            out,
            "<details id=\"schema-{name}\"><summary>{name}</summary><pre>{}</pre></details>",
            esc(&text)
        );
    }
    out.push_str("</main></body></html>");
    out
}

fn operation(out: &mut String, method: &str, path: &str, op: &Value) {
    let socket = op.pointer("/responses/101").is_some();
    let method = if socket { "WS".into() } else { method.to_ascii_uppercase() };
    let _ = write!(
        out,
        "<details id=\"{0}\"><summary><b class=\"{1}\">{1}</b> <code>{2}</code> <span>{3}</span></summary>\
         <p>Permission: <code>{4}</code></p>",
        esc(word(op, "operationId")),
        esc(&method),
        esc(path),
        esc(word(op, "summary")),
        esc(word(op, "x-permission"))
    );
    let parameters = op.get("parameters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if !parameters.is_empty() {
        out.push_str(
            "<table><thead><tr><th>Parameter</th><th>In</th><th>Type</th><th></th></tr></thead><tbody>",
        );
        for p in parameters {
            let _ = write!(
                out,
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>",
                esc(word(p, "name")),
                esc(word(p, "in")),
                kind(p.get("schema").unwrap_or(&Value::Null)),
                esc(word(p, "description"))
            );
        }
        out.push_str("</tbody></table>");
    }
    for (media, body) in op.pointer("/requestBody/content").and_then(Value::as_object).into_iter().flatten() {
        let _ = write!(
            out,
            "<p>Body: <code>{}</code> {}</p>",
            esc(media),
            kind(body.get("schema").unwrap_or(&Value::Null))
        );
    }
    out.push_str("<table><thead><tr><th>Status</th><th></th><th>Answer</th></tr></thead><tbody>");
    let answers = op.get("responses").and_then(Value::as_object).into_iter().flatten();
    for (status, answer) in answers.filter(|(_, a)| a.get("$ref").is_none()) {
        let content = answer.get("content").and_then(Value::as_object).into_iter().flatten();
        let bodies: Vec<_> = content
            .map(|(media, c)| {
                format!("<code>{}</code> {}", esc(media), kind(c.get("schema").unwrap_or(&Value::Null)))
            })
            .collect();
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
            esc(status),
            esc(word(answer, "description")),
            bodies.join("<br>")
        );
    }
    out.push_str("</tbody></table></details>");
}

/// What any operation may answer when something is wrong, told once.
fn errors(out: &mut String, document: &Value) {
    out.push_str("<h2>Errors</h2><p>Any operation may answer with these.</p><table><tbody>");
    let all = document.pointer("/components/responses").and_then(Value::as_object).into_iter().flatten();
    for (status, answer) in all {
        let _ = write!(out, "<tr><td>{}</td><td>{}</td></tr>", esc(status), esc(word(answer, "description")));
    }
    out.push_str("</tbody></table>");
}

/// A schema in a few words: a link to its place below, or its type.
fn kind(schema: &Value) -> String {
    if let Some(name) = word(schema, "$ref").rsplit('/').next().filter(|n| !n.is_empty()) {
        let name = esc(name);
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    if let Some(either) = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array) {
        return either.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    let types: Vec<_> = match schema.get("type") {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => vec![one],
        _ => vec![],
    };
    let mut text = esc(&types.join(" or "));
    if types.contains(&"array")
        && let Some(items) = schema.get("items")
    {
        let _ = write!(text, " of {}", kind(items));
    }
    if let Some(format) = schema.get("format").and_then(Value::as_str) {
        let _ = write!(text, " ({})", esc(format));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_operation_and_schema_has_its_place_and_no_text_becomes_markup() {
        let mut document = super::super::openapi::document();
        document["info"]["description"] = json!("<script>alert('x')</script>\" onload=\"");
        let html = page(&document);
        assert!(!html.contains("<script") && !html.contains(" onload=\"\""), "markup in text");
        for r in api::all() {
            assert!(html.contains(&format!("id=\"{}\"", r.name)), "{}", r.name);
        }
        // Every link inside the page leads somewhere.
        for link in html.split("href=\"#").skip(1).filter_map(|l| l.split('"').next()) {
            assert!(html.contains(&format!("id=\"{link}\"")), "nothing at #{link}");
        }
        assert!(!html.contains("style=") && !html.contains("http://") && !html.contains("https://"));
    }
}
