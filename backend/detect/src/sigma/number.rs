//! Numbers of rules and events, compared exactly: a whole number keeps all its digits.

use std::cmp::Ordering;

/// A number as written or found.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Number {
    Int(i128),
    Float(f64),
}

impl Number {
    /// The number that a text is; `None` for other texts, and for what is not finite.
    pub fn of(text: &str) -> Option<Number> {
        let text = text.trim();
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if !digits.is_empty()
            && digits.bytes().all(|b| b.is_ascii_digit())
            && let Ok(n) = text.parse()
        {
            return Some(Number::Int(n));
        }
        text.parse().ok().filter(|f: &f64| f.is_finite()).map(Number::Float)
    }

    pub fn as_f64(self) -> f64 {
        match self {
            Number::Int(n) => n as f64,
            Number::Float(f) => f,
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (*self, *other) {
            (Number::Int(a), Number::Int(b)) => Some(a.cmp(&b)),
            (Number::Float(a), Number::Float(b)) => a.partial_cmp(&b),
            (Number::Int(a), Number::Float(b)) => against(a, b),
            (Number::Float(a), Number::Int(b)) => against(b, a).map(Ordering::reverse),
        }
    }
}

/// A whole number against any other, without rounding either.
fn against(whole: i128, other: f64) -> Option<Ordering> {
    /// 2 to the 127th: the first that no `i128` reaches.
    const END: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;
    if other.is_nan() {
        return None;
    }
    if other >= END {
        return Some(Ordering::Less);
    }
    if other < -END {
        return Some(Ordering::Greater);
    }
    // Without its fraction it is an `i128`, exactly.
    let order = whole.cmp(&(other.trunc() as i128));
    Some(order.then_with(|| 0.0_f64.total_cmp(&(other.fract() + 0.0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_as_what_they_are() {
        let int = |n| Number::Int(n);
        let float = |n| Number::Float(n);
        assert!(int(9_007_199_254_740_993) > int(9_007_199_254_740_992));
        assert!(int(9_007_199_254_740_993) > float(9_007_199_254_740_992.0));
        assert!(int(1) < float(1.5) && float(1.5) < int(2) && int(-1) > float(-1.5));
        assert!(int(2) == float(2.0) && int(0) == float(-0.0) && int(-2) == float(-2.0));
        assert!(int(i128::MAX) < float(1e300) && int(i128::MIN) > float(f64::NEG_INFINITY));
        assert_eq!(int(1).partial_cmp(&float(f64::NAN)), None);
        assert_eq!(Number::of(" 18446744073709551617 "), Some(int(18_446_744_073_709_551_617)));
        assert_eq!(Number::of("-1.5e1"), Some(int(-15)));
        for other in ["", "-", "x", "inf", "NaN", "1 2", "0x10"] {
            assert!(Number::of(other).is_none(), "{other}");
        }
    }
}
