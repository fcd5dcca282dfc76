//! Writes on alerts: shown at once, rolled back with the reason when the server says no, undone by Z.

use crate::{
    components::toast,
    data::{
        client::{self, Answer},
        failure::Failure,
    },
    i18n::{Key, k, t, tf, tn},
    state::app,
};
use api::{
    Empty, Time,
    alerts::{
        Alert, AlertAcknowledge, AlertCaseLink, AlertGet, AlertPatch, AlertPath, AlertPromote, AlertStatus, AlertUndo, CaseLink,
        PatchAlert, Resolution, Undo,
    },
};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;

/// Acts that Z goes back through.
const REMEMBERED: usize = 20;

type Outcome = Result<Answer<Alert>, Failure>;

fn path(alert_id: String) -> AlertPath {
    AlertPath { alert_id }
}

fn me() -> Option<String> {
    app().me.with_untracked(|me| me.as_ref().map(|m| m.user.username.clone()))
}

/// Shows the change on all of them, then asks the server for each.
fn write(
    ids: Vec<String>,
    show: impl Fn(&mut Alert) + 'static,
    call: impl AsyncFn(String) -> Outcome + 'static,
    done: Key,
) {
    let model = app().alerts;
    let mut before = Vec::new();
    for id in ids {
        let row = model.row(&id);
        if let Some(row) = &row {
            let mut changed = Alert::clone(row);
            show(&mut changed);
            model.put(changed);
        }
        before.push((id, row));
    }
    spawn_local(async move {
        let mut seqs = Vec::new();
        let mut written = 0;
        let mut last = None;
        for (id, row) in before {
            match call(id).await {
                Ok(answer) => {
                    written += 1;
                    seqs.extend(answer.audit_seq);
                    model.put(answer.value);
                }
                Err(failure) => {
                    roll_back(row);
                    last = Some(failure);
                }
            }
        }
        if let Some(failure) = last {
            toast::failure(&failure, Some(t(k::KEPT_ALERT)));
        }
        if written > 0 {
            remember(seqs.clone());
            toast::say_undo(tn(done, written), seqs);
            model.count();
        }
    });
}

fn roll_back(row: Option<Arc<Alert>>) {
    if let Some(row) = row {
        app().alerts.put(Alert::clone(&row));
    }
}

fn remember(seqs: Vec<i64>) {
    if !seqs.is_empty() {
        app().alerts.undo.update(|all| {
            all.push(seqs);
            let more = all.len().saturating_sub(REMEMBERED);
            all.drain(..more);
        });
    }
}

/// Acknowledges.
pub fn acknowledge() {
    let who = me();
    let show = move |alert: &mut Alert| {
        if alert.status < AlertStatus::Acknowledged {
            alert.status = AlertStatus::Acknowledged;
        }
        if alert.assignee.is_none() {
            alert.assignee.clone_from(&who);
        }
        if alert.acknowledged_at.is_none() {
            alert.acknowledged_at = Some(Time(crate::clock::now_ms()));
            alert.acknowledged_by.clone_from(&who);
        }
    };
    write(
        app().alerts.targets(),
        show,
        async |id| client::call::<AlertAcknowledge>(&path(id), &Empty {}, &()).await,
        k::DONE_ACKNOWLEDGED,
    );
}

fn patch(ids: Vec<String>, patch: PatchAlert, show: impl Fn(&mut Alert) + 'static, done: Key) {
    write(ids, show, async move |id| client::call::<AlertPatch>(&path(id), &Empty {}, &patch).await, done);
}

/// Assigns to the caller.
pub fn assign_me() {
    let Some(who) = me() else { return };
    let change = PatchAlert { assignee: Some(Some(who.clone())), ..PatchAlert::default() };
    patch(app().alerts.targets(), change, move |a| a.assignee = Some(who.clone()), k::DONE_ASSIGNED);
}

/// Moves to another state of work.
pub fn set_status(ids: Vec<String>, status: AlertStatus) {
    let change = PatchAlert { status: Some(status), ..PatchAlert::default() };
    patch(ids, change, move |a| a.status = status, k::DONE_STATUS);
}

/// Closes with what it turned out to be.
pub fn close(ids: Vec<String>, resolution: Resolution, note: Option<String>) {
    let status = if resolution == Resolution::FalsePositive { AlertStatus::FalsePositive } else { AlertStatus::Resolved };
    let change = PatchAlert {
        status: Some(status),
        resolution: Some(resolution),
        resolution_note: note.map(Some),
        ..PatchAlert::default()
    };
    let show = move |a: &mut Alert| {
        a.status = status;
        a.resolution = Some(resolution);
        a.closed_at = Some(Time(crate::clock::now_ms()));
    };
    patch(ids, change, show, k::DONE_CLOSED);
}

/// Links to a case.
pub fn link(ids: Vec<String>, case_id: String) {
    let shown = case_id.clone();
    write(
        ids,
        move |a| a.case_id = Some(shown.clone()),
        async move |id| {
            let body = CaseLink { case_id: case_id.clone() };
            client::call::<AlertCaseLink>(&path(id), &Empty {}, &body).await
        },
        k::DONE_LINKED,
    );
}

/// Makes a case of the first one and links the others to it.
pub fn promote() {
    let mut ids = app().alerts.targets().into_iter();
    let Some(first) = ids.next() else { return };
    let rest: Vec<String> = ids.collect();
    spawn_local(async move {
        let answer = client::call::<AlertPromote>(&path(first.clone()), &Empty {}, &None).await;
        let case = match answer {
            Ok(answer) => {
                remember(answer.audit_seq.into_iter().collect());
                answer.value
            }
            Err(failure) => return toast::failure(&failure, Some(t(k::KEPT_ALERT))),
        };
        if let Ok(alert) = client::get::<AlertGet>(path(first)).await {
            app().alerts.put(alert);
        }
        toast::say(tf(k::DONE_PROMOTED, &[("case", &case.case_id)]));
        if !rest.is_empty() {
            link(rest, case.case_id);
        }
    });
}

/// Undoes the last act.
pub fn undo() {
    let last = app().alerts.undo.with_untracked(|all| all.last().cloned());
    match last {
        Some(seqs) => undo_rows(seqs),
        None => toast::say(t(k::UNDO_NOTHING).to_owned()),
    }
}

/// Undoes these audit rows.
pub fn undo_rows(audit_seqs: Vec<i64>) {
    let model = app().alerts;
    model.undo.update(|all| all.retain(|seqs| *seqs != audit_seqs));
    spawn_local(async move {
        match client::call::<AlertUndo>(&Empty {}, &Empty {}, &Undo { audit_seqs }).await {
            Ok(answer) => {
                toast::say(tn(k::DONE_UNDONE, answer.value.alerts.len() as u64));
                for alert in answer.value.alerts {
                    model.put(alert);
                }
                model.count();
            }
            Err(failure) => toast::failure(&failure, Some(t(k::KEPT_ALERT))),
        }
    });
}
