//! OpenAPI 3.1 out of the route types: nothing is written twice.

use api::{BodyKind, Code, ReplyKind, RouteInfo};
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// The document of all routes that the product knows.
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| s.definitions_path = "/components/schemas".into());
    let mut g = SchemaGenerator::new(settings);
    let mut paths = Map::new();
    for route in api::all() {
        let method = if route.method == "WS" { "get".into() } else { route.method.to_ascii_lowercase() };
        let item = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(method, operation(&route, &mut g));
        }
    }
    let problem = g.subschema_for::<api::Problem>();
    let mut schemas = g.take_definitions(true);
    schemas.insert("Error".into(), json!(problem));
    json!({
        "openapi": "3.1.0",
        "info": {"title": "AuroraSOC", "version": "1.0", "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "A request that is refused before there is one (HTTP syntax) may get a bare 400, 414 or 431."},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": errors(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "session": {"type": "apiKey", "in": "cookie", "name": "aurora_session"}
            }
        }
    })
}

/// Media types of answers that are not JSON.
const MEDIA: &[(&str, &str)] = &[
    ("OpenApiGet", "application/json"),
    ("DocsGet", "text/html"),
    ("DocsStyleGet", "text/css"),
    ("MetricsGet", "text/plain"),
];

/// Headers of every answer, and those of one route's good one.
fn headers(r: Option<&RouteInfo>) -> Value {
    let text = |doc: &str| json!({"required": true, "description": doc, "schema": {"type": "string"}});
    let mut all = json!({
        "X-API-Version": text("1.0"),
        "X-Request-ID": text("The client's if it is a UUID, else new"),
        "X-AuroraSOC-Mode": {"required": true, "description": "What actions do now",
            "schema": {"type": "string", "enum": ["dry_run", "monitor", "active"]}},
    });
    let Some(r) = r else { return all };
    if r.status == 201 {
        all["Location"] = json!({"description": "Where what was made is", "schema": {"type": "string"}});
    }
    if !matches!(r.method, "GET" | "WS") {
        all["X-Audit-Seq"] = json!({"description": "Number of the change's row in the audit log, for undo",
            "schema": {"type": "integer"}});
    }
    if matches!(r.name, "AuthSession" | "UserMe") {
        all["X-CSRF-Token"] = json!({"description": "What writes by this cookie must carry in the header of the same name",
            "schema": {"type": "string"}});
    }
    if r.reply == ReplyKind::Json {
        all["ETag"] =
            json!({"description": "Version of a record, for If-Match", "schema": {"type": "string"}});
    }
    all
}

/// Whether a body may be left out: its schema takes null.
fn may_be_null(schema: &Value) -> bool {
    let null = |v: &Value| v.get("type").is_some_and(|t| t == "null");
    schema.get("anyOf").and_then(Value::as_array).is_some_and(|all| all.iter().any(null))
        || schema.get("type").and_then(Value::as_array).is_some_and(|all| all.iter().any(|t| t == "null"))
}

fn operation(r: &RouteInfo, g: &mut SchemaGenerator) -> Value {
    let schemas = (r.schemas)(g);
    let area = r.path.trim_start_matches("/api/v1/").split('/').next().unwrap_or("system");
    let mut op = json!({
        "operationId": r.name,
        "summary": r.doc,
        "tags": [area],
        "x-permission": r.perm,
        "parameters": parameters(r, schemas.query.as_value()),
        "responses": responses(r, schemas.reply.as_value()),
    });
    if r.deprecated {
        op["deprecated"] = json!(true);
    }
    if r.perm != "Public" {
        op["security"] = json!([{"bearer": []}, {"apiKey": []}, {"session": []}]);
    }
    let optional =
        r.body == BodyKind::Stream || r.body != BodyKind::Events && may_be_null(schemas.body.as_value());
    let body = match r.body {
        BodyKind::None => None,
        BodyKind::Json => Some(json!({"application/json": {"schema": schemas.body}})),
        BodyKind::JsonOrForm => Some(json!({"application/json": {"schema": schemas.body.clone()},
            "application/x-www-form-urlencoded": {"schema": schemas.body}})),
        BodyKind::Events => Some(json!({
            "application/json": {"schema": {"anyOf": [{"type": "object"},
                {"type": "array", "items": {"type": "object"}}]}},
            "application/x-ndjson": {"schema": {"type": "string",
                "description": "One JSON object a line"}}})),
        BodyKind::Stream => Some(json!({
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {"schema": {"type": "object", "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}}}}})),
    };
    if let Some(content) = body {
        op["requestBody"] = json!({"required": !optional, "content": content});
    }
    op
}

fn parameters(r: &RouteInfo, query: &Value) -> Vec<Value> {
    let names = r.path.split('{').skip(1).filter_map(|p| p.split('}').next());
    let path = names.map(
        |n| json!({"name": n, "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}}),
    );
    let empty = Map::new();
    let properties = query.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let query = properties.iter().map(|(name, schema)| {
        json!({"name": name, "in": "query", "schema": not_null(schema),
        "description": schema.get("description").cloned().unwrap_or_default()})
    });
    path.chain(query).chain(head(r)).collect()
}

/// Headers that a call may carry.
fn head(r: &RouteInfo) -> Vec<Value> {
    let one = |name: &str, doc: &str| json!({"name": name, "in": "header", "required": false, "description": doc, "schema": {"type": "string"}});
    let mut all = vec![];
    if matches!(r.method, "PATCH" | "PUT" | "DELETE") {
        all.push(one("If-Match", "ETag that the record must still have, else AURORA-4090"));
    }
    if api::creates(r.method == "POST", r.status, r.body) {
        all.push(one("Idempotency-Key", "1 to 255 characters; a repeat within 24 h gets the first answer"));
    }
    if !matches!(r.method, "GET" | "WS") && r.perm != "Public" {
        all.push(one("X-CSRF-Token", "Needed with a session cookie, with an Origin that is this server's"));
    }
    all
}

/// A query parameter is there or not; it is never null.
fn not_null(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|t| t != "null");
        if let [one] = types.as_slice() {
            schema["type"] = one.clone();
        }
    }
    if let Some(Value::Array(either)) = schema.get_mut("anyOf") {
        either.retain(|s| s.get("type").is_none_or(|t| t != "null"));
    }
    schema
}

fn responses(r: &RouteInfo, reply: &Value) -> Value {
    let good = match r.reply {
        ReplyKind::Json => json!({"description": "Done", "content": {"application/json": {"schema": reply}}}),
        ReplyKind::Empty => json!({"description": "Done"}),
        ReplyKind::Raw => {
            let media = MEDIA
                .iter()
                .find(|(name, _)| *name == r.name)
                .map_or("application/octet-stream", |(_, m)| *m);
            json!({"description": "Done", "content": {media: {}}})
        }
        ReplyKind::Socket => json!({"description": "Becomes a WebSocket"}),
    };
    let mut good: Value = good;
    good["headers"] = headers(Some(r));
    let mut all = Map::from_iter([(r.status.to_string(), good)]);
    for status in statuses() {
        all.insert(status.to_string(), json!({"$ref": format!("#/components/responses/{status}")}));
    }
    Value::Object(all)
}

/// Statuses of errors, each once.
fn statuses() -> Vec<u16> {
    let mut statuses: Vec<_> = Code::ALL.iter().map(|c| c.status()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

/// What any operation may answer when something is wrong.
fn errors() -> Map<String, Value> {
    let one = |status: u16| {
        let codes: Vec<_> = Code::ALL.iter().filter(|c| c.status() == status).map(|c| c.as_str()).collect();
        let mut head = headers(None);
        if matches!(status, 429 | 503) {
            head["Retry-After"] = json!({"description": "Seconds", "schema": {"type": "integer"}});
        }
        if status == 404 {
            head["Allow"] = json!({"description": "Where the path is known and the method is not",
                "schema": {"type": "string"}});
        }
        let error = json!({"description": codes.join(", "), "headers": head,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}});
        (status.to_string(), error)
    };
    statuses().into_iter().map(one).collect()
}
