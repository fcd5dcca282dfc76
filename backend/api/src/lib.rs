//! The waist: every route, wire type, permission, error code and live event as types.
//!
//! Compiled for the server and for WebAssembly. The server's handlers, the UI's client, OpenAPI, the permission
//! matrix and the contract test are all derived from [`all`]. Depends on serde, schemars and jiff only.

#[macro_use]
mod words;
mod code;
mod live;
#[macro_use]
mod page;
mod access;
mod patch;
mod role;
#[macro_use]
mod route;
mod time;

pub mod alerts;
pub mod auth;
pub mod cases;
pub mod detections;
pub mod jobs;
pub mod siem;
pub mod system;
pub mod users;

pub use access::{Access, Perm, PermInfo, perm};
pub use code::{Code, Problem, ProblemBody};
pub use live::{ClientFrame, Live, LiveKind, ServerFrame};
pub use page::{Empty, Page};
pub use patch::present;
pub use role::{FINER, Role, grants, scopes_of};
pub use route::{BodyKind, ReplyKind, Route, RouteInfo, RouteSchemas, creates, info};
pub use time::Time;

/// Every route of the product, in the order of the domains.
pub fn all() -> Vec<RouteInfo> {
    [
        auth::routes(),
        users::routes(),
        alerts::routes(),
        cases::routes(),
        siem::routes(),
        siem::sources::routes(),
        detections::routes(),
        jobs::routes(),
        system::routes(),
    ]
    .concat()
}
