//! Windows over times in order, as ranges of indexes.

/// The widest windows: runs whose ends lie at most `span` apart and that no wider one contains.
pub(super) fn widest(times: &[i64], span: i64) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    let mut last = 0;
    for (first, start) in times.iter().enumerate() {
        last = last.max(first);
        while times.get(last + 1).is_some_and(|t| t.saturating_sub(*start) <= span) {
            last += 1;
        }
        if out.last().is_none_or(|(_, before)| last > *before) {
            out.push((first, last));
        }
    }
    out
}

/// For each distinct time the window that ends with it: all that happened in the span before.
pub(super) fn trailing(times: &[i64], span: i64) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut first = 0;
    for (last, end) in times.iter().enumerate() {
        if times.get(last + 1) == Some(end) {
            continue;
        }
        while end.saturating_sub(times[first]) > span {
            first += 1;
        }
        out.push((first, last));
    }
    out
}

/// Ranges that share an index, joined; the ranges rise.
pub(super) fn joined(ranges: impl Iterator<Item = (usize, usize)>) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    for (first, last) in ranges {
        match out.last_mut() {
            Some(open) if first <= open.1 => open.1 = open.1.max(last),
            _ => out.push((first, last)),
        }
    }
    out
}

/// Goes over rising ranges, each index added and removed once; what `tell` says of each.
pub(super) fn sweep<S, T>(
    ranges: &[(usize, usize)],
    state: &mut S,
    mut add: impl FnMut(&mut S, usize),
    mut remove: impl FnMut(&mut S, usize),
    mut tell: impl FnMut(&S) -> T,
) -> Vec<T> {
    let Some((mut from, _)) = ranges.first().copied() else { return vec![] };
    let mut to = from;
    let mut out = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        while to <= *last {
            add(state, to);
            to += 1;
        }
        while from < *first {
            remove(state, from);
            from += 1;
        }
        out.push(tell(state));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn windows_of_a_burst() {
        let times = [0, 1, 2, 10, 11, 30];
        assert_eq!(widest(&times, 9), [(0, 2), (1, 3), (2, 4), (5, 5)]);
        assert_eq!(trailing(&[0, 1, 1, 9], 8), [(0, 0), (0, 2), (1, 3)]);
        assert_eq!(joined([(0, 2), (2, 4), (5, 6)].into_iter()), [(0, 4), (5, 6)]);
    }

    proptest! {
        #[test]
        fn widest_are_all_maximal_ones(mut times in proptest::collection::vec(0i64..40, 0..20), span in 0i64..20) {
            times.sort_unstable();
            let fits = |a: usize, b: usize| times[b] - times[a] <= span;
            let mut all = Vec::new();
            for a in 0..times.len() {
                for b in a..times.len() {
                    let wider = (a > 0 && fits(a - 1, b)) || (b + 1 < times.len() && fits(a, b + 1));
                    if fits(a, b) && !wider {
                        all.push((a, b));
                    }
                }
            }
            prop_assert_eq!(widest(&times, span), all);
        }
    }
}
