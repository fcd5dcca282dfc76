//! How a field's value becomes one of ECS: the words of the table's column `as`.

use crate::Value;
use std::net::IpAddr;

/// How a value is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As it is.
    Same,
    /// As text.
    Text,
    /// In small letters.
    Lower,
    /// A whole number, also where it is written as text.
    Long,
    /// A whole number that is written in hexadecimal (`0x1a4`), or plain.
    Hex,
    /// Seconds with decimals as nanoseconds.
    Nanoseconds,
    /// Nothing but an IP address; one of IPv4 inside IPv6 as the former.
    Ip,
    /// What stands behind the last slash or backslash.
    Base,
    /// What stands before the backslash of `DOMAIN\name`.
    Domain,
    /// What stands behind it, or all.
    Account,
    /// The value of this name in `SHA1=…,MD5=…`, in small letters.
    Hash(&'static str),
    /// `success` or `failure` out of yes, no, success, failed, 1, 0.
    Outcome,
}

impl Kind {
    /// The kind of this word.
    pub fn parse(word: &'static str) -> Option<Kind> {
        Some(match word {
            "" => Kind::Same,
            "text" => Kind::Text,
            "lower" => Kind::Lower,
            "long" => Kind::Long,
            "hex" => Kind::Hex,
            "nanoseconds" => Kind::Nanoseconds,
            "ip" => Kind::Ip,
            "base" => Kind::Base,
            "domain" => Kind::Domain,
            "account" => Kind::Account,
            "outcome" => Kind::Outcome,
            _ => Kind::Hash(word.strip_prefix("hash ")?),
        })
    }

    /// What a value becomes; `None` where it says nothing, or not this.
    pub fn take(self, value: &Value) -> Option<Value> {
        if matches!(value, Value::Null)
            || value.text().is_some_and(|t| matches!(&*t, "" | "-" | "(null)" | "?"))
        {
            return None;
        }
        if self == Kind::Same {
            return Some(value.clone());
        }
        if let Value::List(list) = value {
            let list: Vec<Value> = list.iter().filter_map(|one| self.take(one)).collect();
            return (!list.is_empty()).then_some(Value::list(list));
        }
        let text = value.text()?;
        let text = text.trim();
        let some = |text: &str| (!text.is_empty()).then(|| Value::Str(text.into()));
        match self {
            Kind::Same | Kind::Text => some(text),
            Kind::Lower => some(&text.to_ascii_lowercase()),
            Kind::Long => text.parse().map(Value::Int).ok(),
            Kind::Hex => match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
                Some(digits) => i64::from_str_radix(digits, 16).map(Value::Int).ok(),
                None => text.parse().map(Value::Int).ok(),
            },
            Kind::Nanoseconds => {
                let nanos = text.parse::<f64>().ok()? * 1e9;
                (nanos.is_finite() && nanos.abs() < 9e18).then(|| Value::Int(nanos.round() as i64))
            }
            Kind::Ip => match text.parse::<IpAddr>().ok()?.to_canonical() {
                ip if ip.is_unspecified() => None,
                ip => some(&ip.to_string()),
            },
            Kind::Base => some(text.rsplit(['/', '\\']).next().unwrap_or_default()),
            Kind::Domain => some(text.split_once('\\')?.0),
            Kind::Account => some(text.split_once('\\').map_or(text, |(_, name)| name)),
            Kind::Hash(wanted) => text.split(',').find_map(|pair| {
                let (name, hash) = pair.split_once('=')?;
                name.trim().eq_ignore_ascii_case(wanted).then(|| some(&hash.trim().to_ascii_lowercase()))?
            }),
            Kind::Outcome => match &*text.to_ascii_lowercase() {
                "yes" | "success" | "1" => some("success"),
                "no" | "failed" | "failure" | "0" => some("failure"),
                _ => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_their_kind() {
        for (word, from, want) in [
            ("", Value::Int(3), Some(Value::Int(3))),
            ("", "-".into(), None),
            ("text", Value::Int(3), Some("3".into())),
            ("lower", "TCP".into(), Some("tcp".into())),
            ("long", " 443 ".into(), Some(Value::Int(443))),
            ("long", "many".into(), None),
            ("hex", "0x1A4".into(), Some(Value::Int(420))),
            ("hex", Value::Int(420), Some(Value::Int(420))),
            ("nanoseconds", Value::Float(1.5), Some(Value::Int(1_500_000_000))),
            ("ip", "::ffff:10.0.0.1".into(), Some("10.0.0.1".into())),
            ("ip", "0.0.0.0".into(), None),
            ("ip", "host".into(), None),
            ("base", r"C:\a/b.exe".into(), Some("b.exe".into())),
            ("domain", r"D\u".into(), Some("D".into())),
            ("domain", "u".into(), None),
            ("account", "u".into(), Some("u".into())),
            ("hash MD5", "SHA1=A,MD5=BB".into(), Some("bb".into())),
            ("hash SHA256", "SHA1=A,MD5=BB".into(), None),
            ("outcome", "no".into(), Some("failure".into())),
            ("base", Value::list(vec!["/a/b".into(), Value::Null]), Some(Value::list(vec!["b".into()]))),
        ] {
            assert_eq!(Kind::parse(word).and_then(|kind| kind.take(&from)), want, "{word} {from:?}");
        }
        assert_eq!(Kind::parse("number"), None);
    }
}
