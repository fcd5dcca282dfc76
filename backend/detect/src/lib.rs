//! Sigma rules: parse, compile, match, explain.
//!
//! Pure: text and events in, rules, hits and reports out. No clock, no files, no network.
//!
//! ```
//! let parsed = detect::sigma::parse("title: Log cleared\nlogsource: {product: windows, service: security}\n\
//!     detection:\n  selection: {EventID: 1102}\n  condition: selection\n");
//! assert!(parsed.errors.is_empty());
//! let (engine, not_run) = detect::Engine::build(parsed.rules, &detect::Mapping::builtin()?);
//! assert!(not_run.is_empty());
//! let field = |name: &str, value: event::Value| (event::Name::from(name), value);
//! let event = event::Event {
//!     time: event::Nanos(0),
//!     dataset: "windows.security".into(),
//!     place: event::Place::default(),
//!     fields: vec![field("Channel", "Security".into()), field("EventID", event::Value::Int(1102))],
//!     identity: [0; 16],
//! };
//! let mut hits = Vec::new();
//! engine.scan(&event, &mut hits);
//! assert_eq!(engine.rules()[hits[0].rule].title, "Log cleared");
//! # Ok::<(), detect::sigma::RuleError>(())
//! ```

mod builtin;
pub mod correlate;
mod engine;
mod fold;
mod mapping;
mod net;
pub mod sigma;
mod text;
mod time;

pub use builtin::{BuiltinFile, builtin, builtin_files};
pub use engine::{
    Cause, Engine, Hit, NotRun, Scratch,
    assemble::FilterReport,
    coverage::{Coverage, Gap, NoChance, Report},
    explain::{ConditionNode, Explanation, ItemReport, Selection},
};
pub use mapping::Mapping;
