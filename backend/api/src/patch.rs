//! Fields of a PATCH body that tell absent (leave) from null (clear).

use serde::{Deserialize, Deserializer};

/// For `#[serde(default, deserialize_with = "present")]`: absent is `None`; null is `Some(None)` for an
/// `Option<Option<T>>`, and refused for an `Option<T>`, whose field can't be cleared.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(d: D) -> Result<Option<T>, D::Error> {
    T::deserialize(d).map(Some)
}
