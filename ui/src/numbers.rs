//! Numbers for people: Western digits in both languages, as in the data beside them.

/// `20412` as `20,412`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Bytes with a decimal unit: `4.6 MB`.
pub fn bytes(n: u64) -> String {
    const UNITS: &[&str] = &["kB", "MB", "GB", "TB"];
    if n < 1000 {
        return format!("{n} B");
    }
    let mut value = n as f64 / 1000.0;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// Three figures of a small number: `0.21`, `3.4`, `120`.
pub fn figures(n: f64) -> String {
    match n {
        n if n >= 100.0 => grouped(n.round() as u64),
        n if n >= 10.0 => format!("{n:.1}"),
        n => format!("{n:.2}"),
    }
}

/// Whole per cent of `done` in `total`; 0 where the total is not known.
pub fn percent(done: u64, total: u64) -> u64 {
    done.min(total).saturating_mul(100).checked_div(total).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers() {
        assert_eq!([0.214, 3.4, 12.34, 1234.5].map(figures), ["0.21", "3.40", "12.3", "1,235"]);
    }

    #[test]
    fn as_people_read_them() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0, 999, 4_600_000, 1_500_000_000_000_000].map(bytes),
            ["0 B", "999 B", "4.6 MB", "1500.0 TB"]
        );
        assert_eq!((percent(1, 3), percent(5, 0), percent(9, 3)), (33, 0, 100));
    }
}
