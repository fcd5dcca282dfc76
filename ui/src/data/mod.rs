//! What the UI knows of the server: one HTTP client, the session, live events, jobs, uploads, and the shell.

pub mod client;
pub mod clocks;
pub mod failure;
pub mod jobs;
pub mod live;
pub mod pick;
pub mod session;
pub mod shell;
pub mod speed;
pub mod upload;
