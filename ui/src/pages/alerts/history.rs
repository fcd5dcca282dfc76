//! What happened to the open alert, and what people said about it.

use crate::{
    clock,
    components::{failed::Failed, toast},
    data::{client, failure::Failure},
    i18n::{k, t, tf, word},
    state::app,
    text::{visible, visible_lines},
};
use api::{
    Empty, Time,
    alerts::{Alert, AlertCommentCreate, AlertComments, AlertPath, Comment, CommentList, CreateComment},
};
use leptos::{html, prelude::*, task::spawn_local};

/// What the record itself tells, oldest first.
fn acts(alert: &Alert) -> Vec<(Time, String)> {
    let mut all = vec![
        (alert.first_seen, t(k::HISTORY_FIRST).to_owned()),
        (alert.last_seen, t(k::HISTORY_LAST).to_owned()),
        (alert.created_at, t(k::HISTORY_CREATED).to_owned()),
    ];
    if let Some(at) = alert.acknowledged_at {
        let who = alert.acknowledged_by.as_deref().map(visible).unwrap_or_default();
        all.push((at, tf(k::HISTORY_ACKNOWLEDGED, &[("who", &who)])));
    }
    if let Some(at) = alert.due_at {
        all.push((at, t(k::HISTORY_DUE).to_owned()));
    }
    if let Some(at) = alert.closed_at {
        let how = alert.resolution.map(|r| word("resolution", r.as_str())).unwrap_or_default();
        let note = alert.resolution_note.as_deref().map(visible).unwrap_or_default();
        all.push((at, tf(k::HISTORY_CLOSED, &[("how", &how), ("note", &note)])));
    }
    if alert.updated_at > alert.created_at {
        all.push((alert.updated_at, t(k::HISTORY_UPDATED).to_owned()));
    }
    all
}

/// Reads what people said of an alert.
fn read(id: String, into: RwSignal<Option<Result<Vec<Comment>, Failure>>>) {
    spawn_local(async move {
        let query = CommentList { limit: Some(500), ..CommentList::default() };
        let outcome = client::call::<AlertComments>(&AlertPath { alert_id: id }, &query, &()).await;
        let _ = into.try_set(Some(outcome.map(|a| a.value.items)));
    });
}

/// The list of acts, and between them what was said.
#[component]
pub fn History(id: String) -> impl IntoView {
    let app = app();
    let said = RwSignal::new(None);
    read(id.clone(), said);
    let retry = Callback::new(move |()| read(id.clone(), said));
    let rows = move || {
        let zone = app.preferences.with(|p| p.time_zone);
        app.alerts.open.get().map(|a| {
            let mut all = acts(&a);
            said.with(|said| {
                let comments = said.iter().flat_map(|read| read.iter().flatten());
                all.extend(comments.map(|c: &Comment| {
                    (c.created_at, tf(k::HISTORY_SAID, &[("who", &visible(&c.author)), ("text", &visible_lines(&c.body))]))
                }));
            });
            all.sort_by_key(|(at, _)| *at);
            all.into_iter().map(|(at, text)| view! {
                <li><time class="ltr mono t11 t3" title=clock::both(at)>{clock::second(at, zone)}</time><span class="comment-b">{text}</span></li>
            }).collect_view()
        })
    };
    let failed = move || said.with(|s| s.as_ref().and_then(|read| read.as_ref().err().cloned()));
    view! {
        <div class="sec"><ol class="acts-l" data-test="history">{rows}</ol></div>
        {move || failed().map(|failure| view! { <Failed failure=failure retry=retry title=t(k::COMMENTS_FAILED) test="history-error" /> })}
    }
}

/// Comments, and a field for one more.
#[component]
pub fn Comments(id: String) -> impl IntoView {
    let all = RwSignal::new(None::<Result<Vec<Comment>, Failure>>);
    let field = NodeRef::<html::Textarea>::new();
    let busy = RwSignal::new(false);
    read(id.clone(), all);
    let retry = {
        let id = id.clone();
        Callback::new(move |()| read(id.clone(), all))
    };
    let path = AlertPath { alert_id: id };
    let send = move || {
        let Some(area) = field.get_untracked() else { return };
        let body = area.value();
        if body.trim().is_empty() || busy.get_untracked() {
            return;
        }
        busy.set(true);
        let path = path.clone();
        spawn_local(async move {
            let outcome = client::call::<AlertCommentCreate>(&path, &Empty {}, &CreateComment { body }).await;
            let _ = busy.try_set(false);
            match outcome {
                Ok(answer) => {
                    area.set_value("");
                    let _ = all.try_update(|all| match all {
                        Some(Ok(list)) => list.push(answer.value),
                        other => *other = Some(Ok(vec![answer.value])),
                    });
                }
                // The text stays in the field.
                Err(failure) => toast::failure(&failure, Some(t(k::KEPT_COMMENT))),
            }
        });
    };
    let send_by_key = send.clone();
    let one = move |comment: Comment| {
        let zone = app().preferences.with_untracked(|p| p.time_zone);
        view! {
            <li class="comment" data-test="comment">
                <div class="row t11 t3"><b class="med t2"><bdi>{visible(&comment.author)}</bdi></b>
                    <time class="ltr" title=clock::both(comment.created_at)>{clock::second(comment.created_at, zone)}</time></div>
                <p class="comment-b" dir="auto">{visible_lines(&comment.body)}</p>
            </li>
        }
    };
    view! {
        <div class="sec">
            {move || match all.get() {
                None => view! { <span class="skel"></span> }.into_any(),
                Some(Err(failure)) => view! { <Failed failure=failure retry=retry title=t(k::COMMENTS_FAILED) test="comments-error" /> }.into_any(),
                Some(Ok(list)) if list.is_empty() => view! { <p class="t3 t12">{t(k::COMMENTS_NONE)}</p> }.into_any(),
                Some(Ok(list)) => view! { <ol>{list.into_iter().map(one).collect_view()}</ol> }.into_any(),
            }}
        </div>
        {app().may("alerts:write").then(|| view! {
            <div class="sec comment-new">
                <textarea node_ref=field class="textarea" dir="auto" aria-label=t(k::COMMENT_LABEL) placeholder=t(k::COMMENT_LABEL) data-test="comment-field"
                    on:keydown=move |e| if e.ctrl_key() && e.code() == "Enter" { e.prevent_default(); send_by_key() }></textarea>
                <div class="row"><button class="btn btn-primary" data-test="comment-send" disabled=move || busy.get() on:click=move |_| send()>{t(k::COMMENT_SEND)}<kbd class="kbd">"Ctrl ↵"</kbd></button></div>
            </div>
        })}
    }
}
