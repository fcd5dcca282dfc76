//! The measures of a window, kept up to date as contributions come in and leave.

use super::{evaluate::Entry, gather::number};
use crate::{
    fold,
    sigma::correlation::{Kind, Limit},
};
use std::collections::{BTreeMap, HashMap};

/// What a window measures, and whether that is within the limits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub value: f64,
    pub holds: bool,
}

/// A measure over the contributions of one group, which are named by their index.
pub(super) struct Meter<'a> {
    limits: &'a [Limit],
    of: Of,
    inside: usize,
}

enum Of {
    Count,
    /// How many distinct ones.
    Distinct {
        of: Vec<usize>,
        seen: Vec<usize>,
        distinct: usize,
    },
    Sum {
        of: Vec<f64>,
        sum: Sum,
        average: bool,
    },
    Rank {
        of: Vec<usize>,
        values: Vec<f64>,
        tree: Vec<usize>,
        percent: f64,
    },
    /// The part of each value in percent.
    Share {
        of: Vec<usize>,
        seen: Vec<usize>,
        sizes: BTreeMap<usize, usize>,
    },
}

impl<'a> Meter<'a> {
    /// The measure of a correlation. `from` is where the measured fields stand among the values, `fields` how many
    /// they are.
    pub fn new(
        kind: Kind,
        limits: &'a [Limit],
        entries: &[&Entry<'_>],
        from: usize,
        fields: usize,
    ) -> Meter<'a> {
        let texts = || entries.iter().map(|e| key(&e.values, from, fields)).collect::<Vec<_>>();
        let numbers = || -> Option<Vec<f64>> {
            entries.iter().map(|e| number(e.values.get(from)?.as_deref()?)).collect()
        };
        let of = match kind {
            Kind::EventCount => Of::Count,
            Kind::ValueCount => distinct(ids(&texts())),
            Kind::Temporal | Kind::TemporalOrdered => distinct(entries.iter().map(|e| e.member).collect()),
            Kind::Sum | Kind::Average => {
                let of = numbers().unwrap_or_else(|| vec![0.0; entries.len()]);
                Of::Sum { of, sum: Sum::default(), average: kind == Kind::Average }
            }
            Kind::Median | Kind::Percentile(_) => {
                let percent = if let Kind::Percentile(Some(p)) = kind { p } else { 50.0 };
                match numbers() {
                    Some(numbers) => ranks(&numbers, percent),
                    None => {
                        let of = ids(&texts());
                        let seen = vec![0; of.len()];
                        Of::Share { of, seen, sizes: BTreeMap::new() }
                    }
                }
            }
        };
        Meter { limits, of, inside: 0 }
    }

    pub fn add(&mut self, i: usize) {
        self.inside += 1;
        match &mut self.of {
            Of::Count => {}
            Of::Distinct { of, seen, distinct } => {
                seen[of[i]] += 1;
                *distinct += usize::from(seen[of[i]] == 1);
            }
            Of::Sum { of, sum, .. } => sum.add(of[i], 1),
            Of::Rank { of, tree, .. } => shift(tree, of[i], true),
            Of::Share { of, seen, sizes } => resize(&mut seen[of[i]], sizes, true),
        }
    }

    pub fn remove(&mut self, i: usize) {
        self.inside -= 1;
        match &mut self.of {
            Of::Count => {}
            Of::Distinct { of, seen, distinct } => {
                seen[of[i]] -= 1;
                *distinct -= usize::from(seen[of[i]] == 0);
            }
            Of::Sum { of, sum, .. } => sum.add(of[i], -1),
            Of::Rank { of, tree, .. } => shift(tree, of[i], false),
            Of::Share { of, seen, sizes } => resize(&mut seen[of[i]], sizes, false),
        }
    }

    pub fn tell(&self) -> Told {
        let one = |value: f64| Told { value, holds: self.limits.iter().all(|l| l.holds(value)) };
        match &self.of {
            Of::Count => one(self.inside as f64),
            Of::Distinct { distinct, .. } => one(*distinct as f64),
            Of::Sum { sum, average, .. } => {
                one(if *average { sum.total() / self.inside as f64 } else { sum.total() })
            }
            Of::Rank { values, tree, percent, .. } => one(percentile(values, tree, self.inside, *percent)),
            Of::Share { sizes, .. } => {
                let mut shares = sizes.keys().map(|n| one(100.0 * *n as f64 / self.inside as f64));
                let first = shares.next().unwrap_or(Told { value: 0.0, holds: false });
                if first.holds { first } else { shares.find(|t| t.holds).unwrap_or(first) }
            }
        }
    }
}

fn distinct(of: Vec<usize>) -> Of {
    let most = of.iter().max().map_or(0, |m| m + 1);
    Of::Distinct { of, seen: vec![0; most], distinct: 0 }
}

/// Values from an index on as one text, folded, told apart whatever is in them.
pub(super) fn key(values: &[Option<Box<str>>], from: usize, count: usize) -> String {
    let mut out = String::new();
    for value in values.iter().skip(from).take(count) {
        match value {
            None => out.push('-'),
            Some(text) => {
                let folded = fold::text(text);
                out.push_str(&format!("{}:{folded}", folded.len()));
            }
        }
    }
    out
}

fn ids(texts: &[String]) -> Vec<usize> {
    let mut known = HashMap::new();
    texts
        .iter()
        .map(|t| {
            let next = known.len();
            *known.entry(t.as_str()).or_insert(next)
        })
        .collect()
}

/// A sum that forgets nothing when values leave: whole numbers exactly, the rest compensated.
#[derive(Default)]
struct Sum {
    whole: i128,
    rest: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, value: f64, sign: i8) {
        if value.fract() == 0.0 && value.abs() < 9e15 {
            self.whole += i128::from(sign) * value as i128;
            return;
        }
        let value = value * f64::from(sign);
        let sum = self.rest + value;
        self.lost +=
            if self.rest.abs() >= value.abs() { self.rest - sum + value } else { value - sum + self.rest };
        self.rest = sum;
    }

    fn total(&self) -> f64 {
        self.whole as f64 + self.rest + self.lost
    }
}

fn ranks(numbers: &[f64], percent: f64) -> Of {
    let mut values = numbers.to_vec();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let of = numbers.iter().map(|n| values.partition_point(|v| v.total_cmp(n).is_lt())).collect();
    Of::Rank { of, tree: vec![0; values.len() + 1], values, percent }
}

/// Adds to or takes from a binary indexed tree.
fn shift(tree: &mut [usize], rank: usize, up: bool) {
    let mut i = rank + 1;
    while i < tree.len() {
        tree[i] = if up { tree[i] + 1 } else { tree[i] - 1 };
        i += i & i.wrapping_neg();
    }
}

/// The value at a 0-based place among those in the tree.
fn at(values: &[f64], tree: &[usize], mut place: usize) -> f64 {
    let mut i = 0;
    let mut step = tree.len().next_power_of_two();
    while step > 0 {
        if let Some(below) = tree.get(i + step).filter(|below| **below <= place) {
            place -= below;
            i += step;
        }
        step /= 2;
    }
    values.get(i).copied().unwrap_or(f64::NAN)
}

/// With a line between the two nearest values, so that the median of an even number is their mean.
fn percentile(values: &[f64], tree: &[usize], inside: usize, percent: f64) -> f64 {
    let place = percent / 100.0 * inside.saturating_sub(1) as f64;
    let (below, above) = (at(values, tree, place.floor() as usize), at(values, tree, place.ceil() as usize));
    below + (above - below) * place.fract()
}

fn resize(seen: &mut usize, sizes: &mut BTreeMap<usize, usize>, up: bool) {
    if *seen > 0
        && let Some(n) = sizes.get_mut(seen)
    {
        *n -= 1;
        if *n == 0 {
            sizes.remove(seen);
        }
    }
    *seen = if up { *seen + 1 } else { *seen - 1 };
    if *seen > 0 {
        *sizes.entry(*seen).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sums_do_not_drift() {
        let mut sum = Sum::default();
        for i in 0..1_000 {
            sum.add(0.1 + f64::from(i) * 1e9, 1);
        }
        for i in 0..999 {
            sum.add(0.1 + f64::from(i) * 1e9, -1);
        }
        assert_eq!(sum.total(), 0.1 + 999e9);
    }

    proptest! {
        #[test]
        fn percentiles_are_those_of_the_sorted_list(
            numbers in proptest::collection::vec(-5i32..5, 1..30), cut in 0usize..29, percent in 0u8..=100,
        ) {
            let all: Vec<f64> = numbers.iter().map(|n| f64::from(*n)).collect();
            let Of::Rank { of, values, mut tree, .. } = ranks(&all, 50.0) else { unreachable!() };
            of.iter().for_each(|r| shift(&mut tree, *r, true));
            let cut = cut.min(all.len() - 1);
            of[..cut].iter().for_each(|r| shift(&mut tree, *r, false));
            let mut left = all[cut..].to_vec();
            left.sort_by(f64::total_cmp);
            let place = f64::from(percent) / 100.0 * (left.len() - 1) as f64;
            let (a, b) = (left[place.floor() as usize], left[place.ceil() as usize]);
            let want = a + (b - a) * place.fract();
            prop_assert_eq!(percentile(&values, &tree, left.len(), f64::from(percent)), want);
        }
    }
}
