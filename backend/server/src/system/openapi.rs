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
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "session": {"type": "apiKey", "in": "cookie", "name": "aurora_session"}
            }
        }
    })
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
    if r.perm != "Public" {
        op["security"] = json!([{"bearer": []}, {"apiKey": []}, {"session": []}]);
    }
    let body = match r.body {
        BodyKind::None => None,
        BodyKind::Json => Some(json!({"application/json": {"schema": schemas.body}})),
        BodyKind::JsonOrForm => Some(json!({"application/json": {"schema": schemas.body.clone()},
            "application/x-www-form-urlencoded": {"schema": schemas.body}})),
        BodyKind::Stream => Some(json!({
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {"schema": {"type": "object", "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}}}}})),
    };
    if let Some(content) = body {
        op["requestBody"] = json!({"required": r.body != BodyKind::Stream, "content": content});
    }
    op
}

fn parameters(r: &RouteInfo, query: &Value) -> Vec<Value> {
    let names = r.path.split('{').skip(1).filter_map(|p| p.split('}').next());
    let path =
        names.map(|n| json!({"name": n, "in": "path", "required": true, "schema": {"type": "string"}}));
    let empty = Map::new();
    let properties = query.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let query = properties.iter().map(|(name, schema)| {
        json!({"name": name, "in": "query", "schema": schema,
        "description": schema.get("description").cloned().unwrap_or_default()})
    });
    path.chain(query).collect()
}

fn responses(r: &RouteInfo, reply: &Value) -> Value {
    let good = match r.reply {
        ReplyKind::Json => json!({"description": "Done", "content": {"application/json": {"schema": reply}}}),
        ReplyKind::Empty => json!({"description": "Done"}),
        ReplyKind::Raw => json!({"description": "Done", "content": {"*/*": {}}}),
        ReplyKind::Socket => json!({"description": "Becomes a WebSocket"}),
    };
    let mut all = Map::from_iter([(r.status.to_string(), good)]);
    let mut statuses: Vec<_> = Code::ALL.iter().map(|c| c.status()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    for status in statuses {
        let codes: Vec<_> = Code::ALL.iter().filter(|c| c.status() == status).map(|c| c.as_str()).collect();
        let error = json!({"description": codes.join(", "),
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}});
        all.insert(status.to_string(), error);
    }
    Value::Object(all)
}
