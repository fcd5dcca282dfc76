//! What `scan` says on standard error at its end: how much was read, and of every rule that took no part why.

use super::{out, roll::Roll, sources::Notes};
use detect::{Cause, Report, correlate::Shortfall};
use kernel::Untrusted;
use std::{cmp::Reverse, collections::BTreeMap};

/// Reasons, or rules of a kind, that are said one by one.
const SAID: usize = 10;
/// Ids that are named with a reason.
const NAMED: usize = 3;

/// A whole scan.
pub(super) struct Sums<'a> {
    pub roll: &'a Roll,
    pub report: &'a Report,
    pub shortfalls: &'a [Shortfall],
    pub notes: &'a Notes,
    pub files: u64,
    pub matches: u64,
    /// Things that could not be read.
    pub unread: u64,
    /// One rule is explained in place of matches.
    pub explained: bool,
}

impl Sums<'_> {
    pub fn say(&self) {
        let (r, roll) = (self.report, self.roll);
        let rest = format!(
            "{} loaded but could not run; {} did not load; {} things could not be read.",
            roll.idle(),
            roll.not_loaded.len(),
            self.unread
        );
        if r.events == 0 {
            out::say(format_args!(
                "{} files, 0 events: nothing was read, so none of {} rules looked at anything. {rest}",
                self.files,
                r.ran + r.correlations
            ));
        } else {
            out::say(format_args!(
                "{} files, {} events, {} matches. {} rules ran, and {} correlations of them; {} rules had no chance on \
                 this data; {rest}",
                self.files,
                r.events,
                self.matches,
                r.ran,
                r.correlations,
                r.no_chance.len()
            ));
        }
        self.notes.say();
        if self.explained {
            return;
        }
        self.idle();
        self.filters();
        for s in self.shortfalls {
            said(&format!("correlation {}: {} ({})", s.rule_id, s.reason, s.count));
        }
        if r.events == 0 {
            return;
        }
        for Reason { text, rules, .. } in by_reason(r.no_chance.iter().map(|n| (&*n.reason, &*n.rule_id))) {
            said(&format!("no chance for {rules} rules: {text}"));
        }
        if self.matches == 0 {
            out::say(format_args!(
                "Nothing matched. {} rules could have matched and found nothing.",
                r.had_a_chance
            ));
        }
    }

    /// Rules that loaded and could not run.
    fn idle(&self) {
        let not_run = &self.roll.not_run;
        for Reason { text, rules, ids } in by_reason(not_run.iter().map(|n| (&*n.reason, &*n.rule_id))) {
            said(&format!("did not run: {rules} rules: {text}{ids}"));
        }
        if not_run.iter().any(|n| n.cause == Cause::NeedsConfiguration) {
            out::say("Values for placeholders come by --pipeline FILE, under vars.");
        }
        let doubles: Vec<_> = self.roll.doubles().collect();
        for (k, by) in doubles.iter().take(SAID) {
            let place = k.place();
            said(&format!(
                "did not run: {} ({place}): another rule with the same id is loaded from {by}: {}",
                k.title, k.id
            ));
        }
        if let Some(more) = doubles.len().checked_sub(SAID).filter(|n| *n > 0) {
            out::say(format_args!(
                "did not run: {more} more rules with the id of another one; --report FILE names each"
            ));
        }
    }

    /// Rules that filters name and can't be applied to.
    fn filters(&self) {
        let each = self.report.filters.iter().flat_map(|f| f.problems.iter().map(move |p| (f, p)));
        let all: Vec<_> = each.collect();
        for (f, problem) in all.iter().take(SAID) {
            said(&format!("filter {} ({}): not applied in part: {problem}", f.title, f.rule_id));
        }
        if let Some(more) = all.len().checked_sub(SAID).filter(|n| *n > 0) {
            out::say(format_args!(
                "filters: {more} more rules that they can't be applied to; --report FILE names each"
            ));
        }
    }
}

fn said(text: &str) {
    out::say(Untrusted::new(text).for_terminal());
}

/// A reason that goes for some rules.
struct Reason {
    text: String,
    rules: usize,
    /// In brackets, a few of them.
    ids: String,
}

/// Reasons, that of the most rules first; what is beyond [`SAID`] in one.
fn by_reason<'a>(each: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Reason> {
    let mut of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    each.for_each(|(reason, id)| of.entry(reason).or_default().push(id));
    let mut all: Vec<_> = of.into_iter().collect();
    all.sort_by_key(|(_, ids)| Reverse(ids.len()));
    let rest = all.split_off(all.len().min(SAID));
    let mut out: Vec<_> = all
        .into_iter()
        .map(|(text, ids)| {
            let more = ids.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let named = ids[..ids.len().min(NAMED)].join(", ");
            Reason { text: text.into(), rules: ids.len(), ids: format!(" ({named}{more})") }
        })
        .collect();
    if !rest.is_empty() {
        let text = format!("{} other reasons; --report FILE names each", rest.len());
        let rules = rest.iter().map(|(_, ids)| ids.len()).sum();
        out.push(Reason { text, rules, ids: String::new() });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_reasons_are_said_with_a_few_ids() {
        let ids: Vec<String> = (0..16).map(|n| format!("id{n}")).collect();
        let reasons: Vec<String> = (0..16).map(|n| format!("reason {}", if n < 5 { 0 } else { n })).collect();
        let all = by_reason(reasons.iter().map(String::as_str).zip(ids.iter().map(String::as_str)));
        assert_eq!((all.len(), all[0].rules, all[0].ids.as_str()), (11, 5, " (id0, id1, id2 and 2 more)"));
        assert_eq!((all[10].rules, all[10].text.as_str()), (2, "2 other reasons; --report FILE names each"));
    }
}
