//! Times on the wire: RFC 3339 in UTC with milliseconds and Z.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::borrow::Cow;

/// An instant, milliseconds since 1970-01-01T00:00:00Z inside, RFC 3339 outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(pub i64);

impl Time {
    /// From nanoseconds since the epoch, rounded down to milliseconds.
    pub const fn from_nanos(ns: i64) -> Self {
        Time(ns.div_euclid(1_000_000))
    }

    /// From RFC 3339 text with any offset. `None` when it is not that.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|t| Time(t.as_millisecond()))
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(t) => write!(f, "{t:.3}"),
            Err(_) => f.write_str(if self.0 < 0 {
                "-009999-01-02T01:59:59.000Z"
            } else {
                "9999-12-30T22:00:00.999Z"
            }),
        }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(d)?;
        Time::parse(&text)
            .ok_or_else(|| D::Error::custom("not an RFC 3339 time such as 2026-11-18T08:12:44.318Z"))
    }
}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time", "examples": ["2026-11-18T08:12:44.318Z"]})
    }
}

#[cfg(test)]
mod tests {
    use super::Time;

    #[test]
    fn milliseconds_and_z_always() {
        assert_eq!(Time(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            Time::parse("2026-11-18T10:12:44.3189+02:00").unwrap().to_string(),
            "2026-11-18T08:12:44.318Z"
        );
        assert_eq!(Time::from_nanos(-1), Time(-1));
        assert_eq!(Time::parse("yesterday"), None);
    }
}
