//! Runs the tests of the UI's modules that need no browser, without building Leptos for this machine.
#![allow(dead_code, missing_docs, reason = "modules of the UI, included for their tests alone")]

#[path = "../../src/text.rs"]
mod text;

#[path = "../../src/numbers.rs"]
mod numbers;

#[path = "../../src/i18n/plural.rs"]
mod plural;

#[path = "../../src/pages/alerts/lines.rs"]
mod lines;

#[path = "../../src/data/speed.rs"]
mod speed;

#[path = "../../src/pages/settings/runtime/fields.rs"]
mod fields;

#[path = "../../src/pages/settings/audit/diff.rs"]
mod diff;

#[path = "../../src/pages/settings/audit/chain.rs"]
mod chain;

#[path = "../../src/components/grid/range.rs"]
mod range;

#[path = "../../src/pages/rules/yaml.rs"]
mod yaml;

#[path = "../../src/components/tray/names.rs"]
mod names;
