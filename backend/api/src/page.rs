//! Lists and empty shapes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A page of a list.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Pass as `cursor` to go on; null at the end.
    pub next_cursor: Option<String>,
    /// How many rows the filters leave; exact to 10,000 unless `count=exact` was asked for.
    pub total: u64,
    /// True when there are more than `total`.
    pub total_is_lower_bound: bool,
}

/// No fields: a path or query that takes none (unknown ones are refused).
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

/// Makes the query of a list: the common parameters and the list's own filters.
#[macro_export]
macro_rules! list_query {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $ty:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, ::serde::Serialize, ::serde::Deserialize, ::schemars::JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            /// Rows a page, 1 to 500 (50).
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schemars(range(min = 1, max = 500))]
            pub limit: Option<u32>,
            /// From `next_cursor`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub cursor: Option<String>,
            /// Field to sort by; a leading `-` turns it round.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub sort: Option<String>,
            /// `exact` counts past 10,000.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub count: Option<String>,
            $($(#[$fdoc])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$ty>,)*
        }
    };
}
