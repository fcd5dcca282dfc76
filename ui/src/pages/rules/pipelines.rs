//! Pipelines: what this workspace changes in every rule before it runs.

use super::query::View;
use crate::{
    clock,
    components::{failed::Failed, icon::Icon, modal::Modal, toast},
    data::{client, failure::Failure},
    i18n::{k, t, tf, tn},
    numbers::grouped,
    place::{Place, follow, go},
    state::app,
    text::visible,
};
use api::{
    Empty,
    detections::{
        Pipeline, PipelineDelete, PipelineGet, PipelineList, PipelinePath, PipelinePut, PipelinesList,
        PutPipeline,
    },
};
use leptos::{prelude::*, task::spawn_local};

thread_local! { static DELETE: std::cell::Cell<Option<RwSignal<Option<Pipeline>>>> = const { std::cell::Cell::new(None) }; }

fn keep() {
    if let Some(asked) = DELETE.get() {
        asked.set(None);
    }
}

/// Where one's text is written; the empty id is a new one.
fn text_of(id: &str) -> Place {
    let place = Place::parse(&View::Packs.href());
    if id.is_empty() { place.with("new", "1") } else { place.with("pipeline", id).with("edit", "1") }
}

/// The section below the packs. `running`: jobs that are under way, since an import may bring pipelines.
#[component]
pub fn Pipelines(running: Memo<usize>) -> impl IntoView {
    let app = app();
    let may = app.may("siem:write");
    let all = RwSignal::new(None::<Result<Vec<Pipeline>, Failure>>);
    let asked = RwSignal::new(None::<Pipeline>);
    DELETE.set(Some(asked));
    on_cleanup(|| DELETE.set(None));
    let read = move || {
        spawn_local(async move {
            let query = PipelineList { limit: Some(500), ..PipelineList::default() };
            let outcome = client::list::<PipelinesList>(query).await;
            let _ = all.try_set(Some(outcome.map(|p| p.items)));
        });
    };
    Effect::new(move || {
        running.with(|_| ());
        read();
    });
    let new = move |test: &'static str| {
        view! {
            <button class="btn btn-sm" data-test=test on:click=|_| go(text_of(""))><Icon name="plus" class="i-14" />{t(k::PIPELINE_NEW)}</button>
        }
    };
    let some = move || all.with(|a| matches!(a, Some(Ok(list)) if !list.is_empty()));
    view! {
        <section class="pipelines" aria-labelledby="pipelines-h" data-test="pipelines">
            <div class="sec pipelines-head">
                <div class="sec-h"><h2 id="pipelines-h">{t(k::PIPELINES)}</h2>
                    {move || (may && some()).then(|| view! { <span class="push">{new("pipeline-new")}</span> })}</div>
                <p class="t2 t12">{t(k::PIPELINE_TEXT)}</p>
            </div>
            {move || match all.get() {
                None => view! { <div class="sec"><span class="skel"></span></div> }.into_any(),
                Some(Err(failure)) => view! { <Failed failure=failure retry=Callback::new(move |()| read()) test="pipelines-error" /> }.into_any(),
                Some(Ok(list)) if list.is_empty() => view! {
                    <div class="empty" data-test="pipelines-empty"><Icon name="tool" /><h3>{t(k::PIPELINE_EMPTY)}</h3>
                        <p>{t(k::PIPELINE_EMPTY_TEXT)}</p>{may.then(|| new("pipeline-first"))}</div>
                }.into_any(),
                Some(Ok(list)) => table(list, asked, read).into_any(),
            }}
        </section>
        <Modal open=Signal::derive(move || asked.with(Option::is_some)) close=keep label=t(k::PIPELINE_DELETE) test="pipeline-delete-dialog">
            {move || asked.get().map(|p| delete(p, read))}
        </Modal>
    }
}

fn table(
    list: Vec<Pipeline>,
    asked: RwSignal<Option<Pipeline>>,
    read: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    view! {
        <table class="tbl packs">
            <thead><tr><th>{t(k::PIPELINE)}</th><th class="num cw-n">{t(k::PIPELINE_PRIORITY)}</th><th class="cw-n">{t(k::PIPELINE_APPLIED)}</th>
                <th class="num cw-sigma">{t(k::PIPELINE_RULES)}</th><th class="c-l cw-sigma">{t(k::PIPELINE_BY)}</th><th class="cw-time c-m">{t(k::PIPELINE_UPDATED)}</th>
                <th class="cw-acts"><span class="sr">{t(k::TRAY_ACTIONS)}</span></th></tr></thead>
            <tbody>{list.into_iter().map(move |p| row(p, asked, read)).collect_view()}</tbody>
        </table>
    }
}

fn row(
    p: Pipeline,
    asked: RwSignal<Option<Pipeline>>,
    read: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let app = app();
    let zone = app.preferences.with_untracked(|p| p.time_zone);
    let href = text_of(&p.pipeline_id).url();
    let to = href.clone();
    let label = tf(k::PIPELINE_APPLY, &[("name", &visible(&p.name))]);
    let may = app.may("siem:write");
    let (id, shown, open) = (p.pipeline_id.clone(), p.clone(), p.pipeline_id.clone());
    view! {
        <tr data-test="pipeline-row" data-id=p.pipeline_id.clone()>
            <td class="p"><a href=href data-test="pipeline-open" on:click=move |e| follow(e, &to)><bdi>{visible(&p.name)}</bdi></a>
                {p.problem.map(|e| view! { " "<span class="err-c t12"><Icon name="warn" class="i-12" />" "<bdi>{visible(&e.to_string())}</bdi></span> })}</td>
            <td class="num">{p.priority}</td>
            <td><input type="checkbox" role="switch" class="switch" aria-label=label disabled=!may prop:checked=p.enabled data-test="pipeline-switch"
                on:change:target=move |e| switch(id.clone(), e.target().checked(), read) /></td>
            <td class="num" data-test="pipeline-rules">{if p.enabled { grouped(p.rules) } else { "–".to_owned() }}</td>
            <td class="c-l"><bdi>{visible(&p.updated_by)}</bdi></td>
            <td class="c-m"><time class="ltr" title=clock::both(p.updated_at)>{clock::second(p.updated_at, zone)}</time></td>
            <td class="acts-c">{may.then(|| view! {
                <button class="btn btn-quiet btn-sm" data-test="pipeline-edit" on:click=move |_| go(text_of(&open))>{t(k::ACTION_RULE_EDIT)}</button>
                <button class="btn btn-quiet btn-sm" data-test="pipeline-delete" on:click=move |_| asked.set(Some(shown.clone()))>{t(k::PACK_REMOVE)}</button>
            })}</td>
        </tr>
    }
}

/// Applies one or not: its text stays what it is, so it is read first.
fn switch(id: String, enabled: bool, read: impl Fn() + 'static) {
    spawn_local(async move {
        let path = PipelinePath { pipeline_id: id };
        let done = async {
            let now = client::call::<PipelineGet>(&path, &Empty {}, &()).await?;
            let put = PutPipeline { body: now.value.body, enabled: Some(enabled) };
            client::call_if::<PipelinePut>(&path, &Empty {}, &put, now.etag.as_deref()).await
        };
        match done.await {
            Ok(answer) => {
                let words = if enabled { k::DONE_PIPELINE_ON } else { k::DONE_PIPELINE_OFF };
                let rules = tn(k::COUNT_RULES, answer.value.rules);
                toast::say(tf(words, &[("name", &visible(&answer.value.name)), ("rules", &rules)]));
                app().rules.changed();
            }
            Err(failure) => toast::failure(&failure, Some(t(k::KEPT_PIPELINE))),
        }
        read();
    });
}

/// The question before one goes: it can't be undone.
fn delete(p: Pipeline, read: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let name = visible(&p.name);
    let rules = tn(k::COUNT_RULES, p.rules);
    let act = move |_| {
        let path = PipelinePath { pipeline_id: p.pipeline_id.clone() };
        keep();
        spawn_local(async move {
            match client::call::<PipelineDelete>(&path, &Empty {}, &()).await {
                Ok(_) => {
                    toast::say(t(k::DONE_PIPELINE_DELETED).to_owned());
                    app().rules.changed();
                }
                Err(failure) => toast::failure(&failure, Some(t(k::KEPT_PIPELINE))),
            }
            read();
        });
    };
    view! {
        <div class="dialog-h"><h2>{tf(k::PACK_REMOVE_ASK, &[("name", &name)])}</h2></div>
        <div class="dialog-b"><p>{tf(k::PIPELINE_DELETE_TEXT, &[("rules", &rules)])}</p></div>
        <div class="dialog-f"><button class="btn btn-quiet" data-test="pipeline-delete-cancel" on:click=|_| keep()>{t(k::CANCEL)}</button>
            <button class="btn btn-danger" data-test="pipeline-delete-confirm" on:click=act>{t(k::PIPELINE_DELETE)}</button></div>
    }
}
