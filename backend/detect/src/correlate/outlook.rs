//! Correlations that can't have fired, since rules that they need had no chance.

use super::{Correlations, Of, Plan};
use crate::{
    engine::coverage::{Gap, NoChance},
    sigma::{
        correlation::{Kind, When},
        error::quote,
    },
};
use std::collections::HashSet;

/// Rules that a reason names.
const NAMED: usize = 8;

impl Correlations {
    /// The correlations that could not have fired where these rules had no chance, with the reason.
    pub(crate) fn no_chance(&self, without: &HashSet<&str>) -> Vec<NoChance> {
        let mut bad = vec![false; self.plans.len()];
        let mut out = Vec::new();
        // Lower ones first.
        for at in &self.order {
            let plan = &self.plans[*at];
            let can: Vec<bool> = plan
                .members
                .iter()
                .map(|m| match m.of {
                    Of::Detection(_) => !without.contains(&*m.id),
                    Of::Correlation { index, .. } => !bad[index],
                })
                .collect();
            if possible(plan, &can) {
                continue;
            }
            bad[*at] = true;
            let lacking: Vec<&str> =
                plan.members.iter().zip(&can).filter(|(_, c)| !**c).map(|(m, _)| &*m.id).collect();
            let names: Vec<String> = plan
                .spec
                .rules
                .iter()
                .zip(&can)
                .filter(|(_, c)| !**c)
                .map(|(r, _)| quote(r))
                .take(NAMED)
                .collect();
            let more = lacking.len() - names.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let had = if lacking.len() == 1 { "the rule" } else { "the rules" };
            let rule = &self.rules[*at];
            out.push(NoChance {
                rule_id: rule.id.clone(),
                title: rule.title.clone(),
                gap: Gap::Base,
                reason: format!("{had} {}{more} had no chance", names.join(", ")),
            });
        }
        out
    }
}

/// Whether a correlation can fire when only some of its rules can match.
fn possible(plan: &Plan, can: &[bool]) -> bool {
    let able = can.iter().filter(|c| **c).count();
    match &plan.spec.when {
        // How many of the rules match is what is counted.
        When::Limits { limits, .. } if plan.spec.kind == Kind::Temporal => {
            (1..=able).any(|n| limits.iter().all(|l| l.holds(n as f64)))
        }
        When::Limits { .. } | When::Written(_) => able > 0,
        When::Rules(terms) => terms.iter().any(|t| t.needs.iter().all(|m| can[*m])),
    }
}
