//! Field modifiers of Sigma 2.1 and what may stand behind what.

use super::{error::quote, value::Op};

/// A modifier behind a field's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Modifier {
    Contains,
    StartsWith,
    EndsWith,
    All,
    Cased,
    Neq,
    Exists,
    WinDash,
    Re,
    Flag(char),
    Base64,
    Base64Offset,
    Utf16,
    Utf16Le,
    Utf16Be,
    Cidr,
    Compare(Op),
    FieldRef,
    Expand,
    Time(TimePart),
}

/// The part of a date that a time modifier takes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimePart {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl Modifier {
    fn named(name: &str) -> Option<Modifier> {
        use Modifier as M;
        Some(match name {
            "contains" => M::Contains,
            "startswith" => M::StartsWith,
            "endswith" => M::EndsWith,
            "all" => M::All,
            "cased" => M::Cased,
            "neq" => M::Neq,
            "exists" => M::Exists,
            "windash" => M::WinDash,
            "re" => M::Re,
            "i" | "ignorecase" => M::Flag('i'),
            "m" | "multiline" => M::Flag('m'),
            "s" | "dotall" => M::Flag('s'),
            "base64" => M::Base64,
            "base64offset" => M::Base64Offset,
            "utf16" => M::Utf16,
            "utf16le" | "wide" => M::Utf16Le,
            "utf16be" => M::Utf16Be,
            "cidr" => M::Cidr,
            "gt" => M::Compare(Op::Gt),
            "gte" => M::Compare(Op::Gte),
            "lt" => M::Compare(Op::Lt),
            "lte" => M::Compare(Op::Lte),
            "fieldref" => M::FieldRef,
            "expand" => M::Expand,
            "minute" => M::Time(TimePart::Minute),
            "hour" => M::Time(TimePart::Hour),
            "day" => M::Time(TimePart::Day),
            "week" => M::Time(TimePart::Week),
            "month" => M::Time(TimePart::Month),
            "year" => M::Time(TimePart::Year),
            _ => return None,
        })
    }

    /// Changes how values are joined or compared, not what they are.
    pub fn is_mode(self) -> bool {
        matches!(self, Modifier::All | Modifier::Cased | Modifier::Neq)
    }
}

/// The modifiers of a key `Field|one|two`, checked against each other.
pub(crate) fn chain(names: &[&str], has_field: bool) -> Result<Vec<Modifier>, String> {
    use Modifier as M;
    let mut out: Vec<Modifier> = Vec::new();
    for name in names {
        let Some(m) = M::named(name) else {
            return Err(format!("unknown modifier {}", quote(name)));
        };
        if out.contains(&m) {
            return Err(format!("the modifier {name} is given twice"));
        }
        let changed = out.iter().any(|b| !b.is_mode());
        match m {
            M::Flag(_) if !out.contains(&M::Re) => {
                return Err(format!("the flag {name} only goes with re, behind it"));
            }
            M::Re | M::Cidr | M::Exists | M::Expand if changed && m != M::Expand => {
                return Err(format!("{name} wants the value as written: no modifier may change it before"));
            }
            M::Exists | M::FieldRef | M::Compare(_) | M::Time(_) | M::Cidr if !has_field => {
                return Err(format!("{name} wants a field"));
            }
            _ => {}
        }
        out.push(m);
    }
    if out.contains(&M::Exists) && out.len() > 1 {
        return Err("exists goes with no other modifier".into());
    }
    Ok(out)
}
