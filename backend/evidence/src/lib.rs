//! Evidence as bytes: hashing a source in one read, keeping it by its hash, and telling whether it changed.
//!
//! Files and bytes only: no database, no clock, no names from outside. What a source was called is the
//! caller's record; in here a file is its SHA-256 and nothing else, so a name can never become a path.

mod error;
mod fingerprint;
mod hash;
mod store;

pub use error::Error;
pub use fingerprint::Fingerprint;
pub use hash::{Progress, Sha256Hex, Stored, hash_only, prefixes};
pub use store::ContentStore;
