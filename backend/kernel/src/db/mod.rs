//! `aurora.db`: one writer, a pool of readers, and the one way to commit.

mod memory;
mod migrate;
mod open;
mod reader;
pub(crate) mod store;
mod tx;

pub use migrate::{Migration, look, newest};
pub use open::{APPLICATION_ID, Db, OpenError, faults, pragmas};
pub use reader::Reader;
pub use store::QUERIES;
pub use tx::{Actor, Audit, Change, IdempotencyKey, Tx};

/// Names the queries of a store and lists them, so that a test can prepare and explain all of them.
#[macro_export]
macro_rules! queries {
    ($($(#[$doc:meta])* $name:ident: $sql:expr;)*) => {
        $($(#[$doc])* pub const $name: &str = $sql;)*
        /// Every query of this store by name.
        pub const QUERIES: &[(&str, &str)] = &[$((stringify!($name), $sql)),*];
    };
}
