//! Chains for `temporal_ordered`: one contribution of each rule, in the order of the rules.

use super::{Reference, evaluate::Entry};

/// A chain that may go on: where it began, and its last event.
#[derive(Clone, Copy)]
struct Open {
    start: usize,
    last: Reference,
}

/// The latest starts of chains up to a rule; two, so that an event that ends the better one can follow the other.
#[derive(Clone, Copy, Default)]
struct Latest([Option<Open>; 2]);

impl Latest {
    /// The latest start of a chain that this event may follow.
    fn before(&self, event: Reference) -> Option<usize> {
        self.0.iter().flatten().find(|o| o.last != event).map(|o| o.start)
    }

    fn put(&mut self, new: Open, times: impl Fn(usize) -> i64) {
        let later = |a: Open, b: Open| times(a.start) >= times(b.start);
        let [first, second] = &mut self.0;
        match first {
            Some(best) if best.last == new.last => {
                if later(new, *best) {
                    *best = new;
                }
            }
            Some(best) if !later(new, *best) => {
                if second.is_none_or(|s| later(new, s)) {
                    *second = Some(new);
                }
            }
            best => {
                *second = best.replace(new);
            }
        }
    }
}

/// For every contribution that ends a chain, the chain that began latest, as a range of indexes. `needs` are members in
/// their order; entries are sorted by time.
pub(super) fn chains(entries: &[&Entry<'_>], needs: &[usize], span: i64) -> Vec<(usize, usize)> {
    let mut open = vec![Latest::default(); needs.len()];
    let mut out = Vec::new();
    let mut from = 0;
    while from < entries.len() {
        let now = entries[from].time;
        let to = from + entries[from..].iter().take_while(|e| e.time == now).count();
        // What happens at the same time is in order: earlier rules first.
        let mut places: Vec<(usize, usize)> = (from..to)
            .filter_map(|i| needs.iter().position(|n| *n == entries[i].member).map(|place| (place, i)))
            .collect();
        places.sort_unstable();
        for (place, i) in places {
            let event = entries[i].at;
            let start = if place == 0 { Some(i) } else { open[place - 1].before(event) };
            let Some(start) = start.filter(|s| now.saturating_sub(entries[*s].time) <= span) else {
                continue;
            };
            open[place].put(Open { start, last: event }, |i| entries[i].time);
            if place + 1 == needs.len() {
                out.push((start.min(i), start.max(i)));
            }
        }
        from = to;
    }
    out
}
