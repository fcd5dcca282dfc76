#![doc = include_str!("../README.md")]

mod builtin;
pub mod correlate;
mod engine;
mod fold;
mod mapping;
mod net;
mod pcre;
mod regexp;
pub mod sigma;
mod text;
mod time;
mod wild;

pub use builtin::{BuiltinFile, builtin, builtin_files};
pub use engine::{
    Cause, Engine, Hit, NotRun, Scratch,
    assemble::{FilterReport, Reading},
    cost::{Costs, RuleCost},
    coverage::{Coverage, Gap, NoChance, Report},
    explain::{ConditionNode, Explanation, ItemReport, NodeKind, Selection},
    near::NearMiss,
};
pub use mapping::Mapping;
