//! Config, wiring, the embedded UI, the command line, and what the desktop window calls.

mod backup;
pub mod cli;
pub mod config;
pub mod desktop;
mod doctor;
mod listen;
mod orders;
mod web;
mod workspace;

pub use workspace::{Problem, Workspace};
