//! A route is a type.

use crate::Perm;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};

/// What a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// Nothing or JSON null.
    None,
    /// JSON, 1 MiB at most.
    Json,
    /// JSON or `application/x-www-form-urlencoded`.
    JsonOrForm,
    /// Bytes as a stream, or multipart.
    Stream,
    /// JSON objects with any fields: one, an array, or NDJSON; 64 MiB at most, as a stream.
    Events,
}

/// What an answer carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyKind {
    /// JSON.
    Json,
    /// Nothing (204).
    Empty,
    /// Bytes or text of another type.
    Raw,
    /// A WebSocket.
    Socket,
}

/// What server, UI, OpenAPI and contract test know of one operation.
pub trait Route: Send + Sync + 'static {
    /// HTTP method; `WS` for a WebSocket (GET with upgrade).
    const METHOD: &'static str;
    /// With `{name}` for parameters.
    const PATH: &'static str;
    /// Status of success.
    const STATUS: u16;
    /// Request body.
    const BODY: BodyKind;
    /// Answer body.
    const REPLY: ReplyKind;
    /// Whether clients should stop using it: its answers say so.
    const DEPRECATED: bool = false;
    /// Who may.
    type Perm: Perm;
    /// Path parameters.
    type Path: DeserializeOwned + Serialize + Send + 'static;
    /// Query parameters.
    type Query: DeserializeOwned + Serialize + JsonSchema + Send + 'static;
    /// JSON body; `()` for none or a stream.
    type Body: DeserializeOwned + Serialize + JsonSchema + Send + 'static;
    /// JSON answer; `()` for none, raw or socket.
    type Reply: DeserializeOwned + Serialize + JsonSchema + Send + 'static;
}

/// Whether a route makes something, so that a repeat under the same `Idempotency-Key` must not make it twice.
pub const fn creates(post: bool, status: u16, body: BodyKind) -> bool {
    post && (matches!(status, 201 | 202) || matches!(body, BodyKind::Events))
}

/// A route as data.
#[derive(Clone, Copy, Debug)]
pub struct RouteInfo {
    /// HTTP method or `WS`.
    pub method: &'static str,
    /// With `{name}` for parameters.
    pub path: &'static str,
    /// As in the contract's table.
    pub perm: &'static str,
    /// A finer right that is accepted too.
    pub also: Option<&'static str>,
    /// Not for API keys.
    pub personal: bool,
    /// Name of the type, unique: OpenAPI's operationId.
    pub name: &'static str,
    /// First line of its documentation.
    pub doc: &'static str,
    /// Status of success.
    pub status: u16,
    /// Request body.
    pub body: BodyKind,
    /// Answer body.
    pub reply: ReplyKind,
    /// Whether clients should stop using it.
    pub deprecated: bool,
    /// Makes its JSON schemas.
    pub schemas: fn(&mut SchemaGenerator) -> RouteSchemas,
}

/// JSON schemas of a route.
#[derive(Debug)]
pub struct RouteSchemas {
    /// Query parameters.
    pub query: Schema,
    /// Body.
    pub body: Schema,
    /// Answer.
    pub reply: Schema,
}

/// The route as data.
pub fn info<R: Route>(name: &'static str, doc: &'static str) -> RouteInfo {
    RouteInfo {
        method: R::METHOD,
        path: R::PATH,
        perm: R::Perm::NAME,
        also: R::Perm::ALSO,
        personal: matches!(R::Perm::ACCESS, crate::Access::Personal),
        name,
        doc,
        status: R::STATUS,
        body: R::BODY,
        reply: R::REPLY,
        deprecated: R::DEPRECATED,
        schemas: |g| RouteSchemas {
            query: R::Query::json_schema(g),
            body: g.subschema_for::<R::Body>(),
            reply: g.subschema_for::<R::Reply>(),
        },
    }
}

/// Declares the routes of a domain:
/// `Name: METHOD "path", Perm, path P, query Q, body Kind B => status Kind R;`
#[macro_export]
macro_rules! routes {
    ($(#[doc = $doc:literal] $name:ident: $method:ident $path:literal, $perm:ident,
        path $p:ty, query $q:ty, body $bk:ident $b:ty => $status:literal $rk:ident $r:ty;)*) => {
        $(#[doc = $doc] #[derive(Debug)] pub struct $name;
        impl $crate::Route for $name {
            const METHOD: &'static str = stringify!($method);
            const PATH: &'static str = $path;
            const STATUS: u16 = $status;
            const BODY: $crate::BodyKind = $crate::BodyKind::$bk;
            const REPLY: $crate::ReplyKind = $crate::ReplyKind::$rk;
            type Perm = $crate::perm::$perm;
            type Path = $p;
            type Query = $q;
            type Body = $b;
            type Reply = $r;
        })*
        /// The routes of this domain as data.
        pub fn routes() -> Vec<$crate::RouteInfo> {
            vec![$($crate::info::<$name>(stringify!($name), $doc)),*]
        }
    };
}
