//! What happened to the open alert, and what people said about it.

use crate::{
    clock,
    components::toast,
    data::client,
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
    all.sort_by_key(|(at, _)| *at);
    all
}

/// The list of acts.
#[component]
pub fn History() -> impl IntoView {
    let app = app();
    let rows = move || {
        let zone = app.preferences.with(|p| p.time_zone);
        app.alerts.open.get().map(|a| {
            acts(&a).into_iter().map(|(at, text)| view! {
                <li><time class="ltr mono t11 t3" title=clock::both(at)>{clock::second(at, zone)}</time><span>{text}</span></li>
            }).collect_view()
        })
    };
    view! { <div class="sec"><ol class="acts-l" data-test="history">{rows}</ol></div> }
}

/// Comments, and a field for one more.
#[component]
pub fn Comments(id: String) -> impl IntoView {
    let all = RwSignal::new(None::<Vec<Comment>>);
    let field = NodeRef::<html::Textarea>::new();
    let busy = RwSignal::new(false);
    let path = AlertPath { alert_id: id };
    {
        let path = path.clone();
        spawn_local(async move {
            let query = CommentList { limit: Some(500), ..CommentList::default() };
            match client::call::<AlertComments>(&path, &query, &()).await {
                Ok(answer) => drop(all.try_set(Some(answer.value.items))),
                Err(failure) => toast::failure(&failure, None),
            }
        });
    }
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
                    let _ = all.try_update(|all| all.get_or_insert_default().push(answer.value));
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
                Some(list) if list.is_empty() => view! { <p class="t3 t12">{t(k::COMMENTS_NONE)}</p> }.into_any(),
                Some(list) => view! { <ol>{list.into_iter().map(one).collect_view()}</ol> }.into_any(),
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
