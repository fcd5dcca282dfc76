//! Which rows of a long list are drawn.

/// Rows drawn above and below the view.
const SPARE: usize = 12;
/// The window moves in steps, so that a small scroll draws nothing.
const STEP: usize = 8;

/// First row and the one after the last, for a view of `height` px that is scrolled down by `top` px.
pub fn drawn(top: f64, height: f64, row: f64, len: usize) -> (usize, usize) {
    let first = (top.max(0.0) / row) as usize / STEP * STEP;
    let visible = (height.max(0.0) / row) as usize + STEP;
    (first.saturating_sub(SPARE).min(len), (first + visible + SPARE).min(len))
}

/// Where to scroll so that a row is in view below a head of `head` px; None where it is in view already.
pub fn reveal(at: usize, top: f64, height: f64, row: f64, head: f64) -> Option<f64> {
    let y = at as f64 * row;
    if y < top {
        Some(y)
    } else if y + row + head > top + height {
        Some(y + row + head - height + 1.0)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_rows_as_fit_and_some_more() {
        assert_eq!(drawn(0.0, 560.0, 28.0, 20_000), (0, 40));
        assert_eq!(drawn(28.0 * 10_000.0, 560.0, 28.0, 20_000), (9988, 10_040));
        assert_eq!(drawn(28.0 * 19_990.0, 560.0, 28.0, 20_000), (19_972, 20_000));
        assert_eq!(drawn(0.0, 560.0, 28.0, 3), (0, 3));
        assert_eq!(drawn(-40.0, 560.0, 28.0, 0), (0, 0));
    }

    #[test]
    fn a_small_scroll_draws_nothing_new() {
        assert_eq!(drawn(0.0, 560.0, 28.0, 500), drawn(28.0 * 7.9, 560.0, 28.0, 500));
    }

    #[test]
    fn what_is_in_view_does_not_move() {
        assert_eq!(reveal(5, 0.0, 560.0, 28.0, 28.0), None);
        assert_eq!(reveal(0, 100.0, 560.0, 28.0, 28.0), Some(0.0));
        assert_eq!(reveal(19, 0.0, 560.0, 28.0, 28.0), Some(29.0));
    }
}
