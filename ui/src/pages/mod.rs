//! One folder a page.

pub mod alerts;
pub mod cases;
pub mod login;
pub mod rules;
pub mod settings;
pub mod sources;
pub mod start;
