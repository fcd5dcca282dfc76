//! Writes on rules: shown at once, rolled back with the reason when the server says no.

use crate::{
    components::toast,
    data::{client, jobs},
    i18n::{Key, k, t, tn},
    state::app,
};
use api::{
    Empty,
    detections::{
        BulkRules, PatchRule, Rule, RuleDelete, RulePatch, RulePath, RuleRunCreate, RuleState, RulesBulk,
        RunCreate, RunRange, RunWhat,
    },
};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;

/// How many rules a bulk takes (contract).
const BULK: usize = 1000;

fn shown(rule: &Rule, enabled: bool) -> Rule {
    let mut rule = rule.clone();
    rule.enabled = enabled;
    rule.state = match (enabled, rule.state) {
        (false, _) => RuleState::Disabled,
        (true, RuleState::Disabled) => RuleState::Running,
        (true, state) => state,
    };
    rule
}

/// Switches what is ticked, open or under the cursor.
pub fn switch(enabled: bool) {
    let model = app().rules;
    let ids = model.targets();
    if let [one] = ids.as_slice() {
        return switch_one(one.clone(), enabled);
    }
    let before: Vec<Arc<Rule>> = ids.iter().filter_map(|id| model.row(id)).collect();
    before.iter().for_each(|r| model.put_row(shown(r, enabled)));
    spawn_local(async move {
        let mut changed = 0;
        for part in ids.chunks(BULK) {
            let body = BulkRules { rule_ids: part.to_vec(), pack: None, enabled };
            match client::call::<RulesBulk>(&Empty {}, &Empty {}, &body).await {
                Ok(answer) => changed += answer.value.changed,
                Err(failure) => {
                    before.iter().for_each(|r| model.put_row(Rule::clone(r)));
                    return toast::failure(&failure, Some(t(k::KEPT_RULES)));
                }
            }
        }
        model.load();
        toast::say(tn(done(enabled), changed));
    });
}

fn done(enabled: bool) -> Key {
    if enabled { k::DONE_RULES_ENABLED } else { k::DONE_RULES_DISABLED }
}

fn switch_one(id: String, enabled: bool) {
    let model = app().rules;
    let before = model.row(&id);
    if let Some(row) = &before {
        model.put_row(shown(row, enabled));
    }
    patch(id, PatchRule { enabled: Some(enabled), ..PatchRule::default() }, tn(done(enabled), 1), before);
}

/// Changes one; `before` is drawn again where the server says no.
fn patch(id: String, body: PatchRule, words: String, before: Option<Arc<Rule>>) {
    let model = app().rules;
    spawn_local(async move {
        match client::call::<RulePatch>(&RulePath { rule_id: id }, &Empty {}, &body).await {
            Ok(answer) => {
                model.put(answer.value, answer.etag);
                toast::say(words);
            }
            Err(failure) => {
                if let Some(before) = before {
                    model.put_row(Rule::clone(&before));
                }
                toast::failure(&failure, Some(t(k::KEPT_RULES)));
            }
        }
    });
}

/// Changes how a rule counts here.
pub fn tune(id: String, body: PatchRule) {
    patch(id, body, t(k::DONE_RULE_TUNED).to_owned(), None);
}

/// Brings the pack's own text back.
pub fn revert(id: String) {
    let body = PatchRule { body: Some(None), ..PatchRule::default() };
    patch(id, body, t(k::DONE_RULE_REVERTED).to_owned(), None);
}

/// Switches all rules of a pack.
pub fn switch_pack(pack_id: String, enabled: bool, then: impl Fn() + 'static) {
    spawn_local(async move {
        let body = BulkRules { rule_ids: Vec::new(), pack: Some(pack_id), enabled };
        match client::call::<RulesBulk>(&Empty {}, &Empty {}, &body).await {
            Ok(answer) => toast::say(tn(done(enabled), answer.value.changed)),
            Err(failure) => toast::failure(&failure, Some(t(k::KEPT_RULES))),
        }
        app().rules.load();
        then();
    });
}

/// Deletes a rule of one's own.
pub fn delete(id: String) {
    spawn_local(async move {
        match client::call::<RuleDelete>(&RulePath { rule_id: id.clone() }, &Empty {}, &()).await {
            Ok(_) => {
                super::moves::close();
                app().rules.load();
                toast::say(t(k::DONE_RULE_DELETED).to_owned());
            }
            Err(failure) => toast::failure(&failure, Some(t(k::KEPT_RULES))),
        }
    });
}

/// Runs rules over stored events as a job; no ids and no pack mean all enabled rules.
pub fn run(rule_ids: Vec<String>, pack: Option<String>, range: RunRange) {
    spawn_local(async move {
        let one = match rule_ids.as_slice() {
            [one] if pack.is_none() => Some(one.clone()),
            _ => None,
        };
        let accepted = match one {
            Some(rule_id) => {
                client::call::<RuleRunCreate>(&RulePath { rule_id }, &Empty {}, &Some(range)).await
            }
            None => {
                let what = RunWhat { rule_ids, pack, from: range.from, to: range.to };
                client::call::<RunCreate>(&Empty {}, &Empty {}, &Some(what)).await
            }
        };
        match accepted {
            Ok(answer) => {
                jobs::named(answer.value.job_id, t(k::RUN_NAME).to_owned());
                app().tray.set(true);
                jobs::look();
            }
            Err(failure) => toast::failure(&failure, None),
        }
    });
}
