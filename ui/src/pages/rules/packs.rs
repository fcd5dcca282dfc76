//! Packs: which rules came together, how many of them run, and what the last import did.

use super::{query::View, report, writes};
use crate::{
    clock,
    components::{failed::Failed, icon::Icon, modal::Modal, toast},
    data::{client, failure::Failure},
    i18n::{k, t, tf},
    numbers::grouped,
    place::{Place, follow},
    state::{Layer, app},
    text::visible,
};
use api::{
    Empty,
    detections::{Pack, PackDelete, PackList, PackPath, PacksList, RunWhat},
};
use leptos::{prelude::*, task::spawn_local};

thread_local! { static REMOVE: std::cell::Cell<Option<RwSignal<Option<Pack>>>> = const { std::cell::Cell::new(None) }; }

fn keep() {
    if let Some(asked) = REMOVE.get() {
        asked.set(None);
    }
}

/// The view.
#[component]
pub fn Packs() -> impl IntoView {
    let app = app();
    let packs = RwSignal::new(None::<Result<Vec<Pack>, Failure>>);
    let asked = RwSignal::new(None::<Pack>);
    REMOVE.set(Some(asked));
    on_cleanup(|| REMOVE.set(None));
    let read = move || {
        spawn_local(async move {
            let query = PackList { limit: Some(500), ..PackList::default() };
            let outcome = client::list::<PacksList>(query).await;
            let _ = packs.try_set(Some(outcome.map(|p| p.items)));
        });
    };
    let report = Memo::new(move |_| app.place.with(|p| p.get("report").to_owned()));
    // Read again when a job ends: it may have been an import.
    let running =
        Memo::new(move |_| app.jobs.with(|all| all.iter().filter(|j| crate::data::jobs::alive(j)).count()));
    Effect::new(move || {
        running.with(|_| ());
        read();
    });
    view! {
        <div class="scroll page-b">
            {move || (!report.with(String::is_empty)).then(|| view! { <report::Report job_id=report.get() /> })}
            {move || match packs.get() {
                None => view! { <div class="sec"><span class="skel"></span></div> }.into_any(),
                Some(Err(failure)) => view! { <Failed failure=failure retry=Callback::new(move |()| read()) test="packs-error" /> }.into_any(),
                Some(Ok(list)) => table(list, asked, read).into_any(),
            }}
            <super::pipelines::Pipelines running=running />
            {app.may("siem:write").then(|| view! {
                <div class="sec drop-sec"><div class="drop choice first-drop"><Icon name="import" /><div><h2>{t(k::PACK_DROP)}</h2><p>{t(k::RULES_IMPORT_TEXT)}</p></div>
                    <button class="btn" data-test="packs-import" on:click=|_| super::import::ask()>{t(k::ACTION_RULES_IMPORT)}</button></div></div>
            })}
        </div>
        <Modal open=Signal::derive(move || asked.with(Option::is_some)) close=keep label=t(k::PACK_REMOVE) test="pack-remove-dialog">
            {move || asked.get().map(|pack| remove(pack, read))}
        </Modal>
    }
}

fn table(
    list: Vec<Pack>,
    asked: RwSignal<Option<Pack>>,
    read: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    view! {
        <table class="tbl packs">
            <thead><tr><th>{t(k::RULE_PACK)}</th><th class="cw-id">{t(k::ABOUT_VERSION)}</th><th class="c-xl cw-source">{t(k::RULE_LICENCE)}</th><th class="num cw-n">{t(k::RULES)}</th>
                <th class="num cw-n">{t(k::PACK_RUNNING)}</th><th class="num cw-n c-m">{t(k::PACK_NEEDS_SHORT)}</th><th class="num cw-n c-m">{t(k::PACK_ERRORS)}</th>
                <th class="cw-time c-l">{t(k::COL_TIME)}</th><th class="cw-acts"><span class="sr">{t(k::TRAY_ACTIONS)}</span></th></tr></thead>
            <tbody>{list.into_iter().map(move |p| row(p, asked, read)).collect_view()}</tbody>
        </table>
    }
}

fn row(
    pack: Pack,
    asked: RwSignal<Option<Pack>>,
    read: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let app = app();
    let zone = app.preferences.with_untracked(|p| p.time_zone);
    let href = Place::parse(&View::Rules.href()).with("pack", &pack.pack_id).url();
    let to = href.clone();
    let at = |state: &str| {
        Place::parse(&View::Rules.href()).with("pack", &pack.pack_id).with("state", state).url()
    };
    let figure = |n: u64, state: &str| match n {
        0 => view! { <span class="t3">"0"</span> }.into_any(),
        n => {
            let href = at(state);
            let to = href.clone();
            view! { <a href=href data-test=format!("pack-{state}") on:click=move |e| follow(e, &to)>{grouped(n)}</a> }.into_any()
        }
    };
    let (on, off, run) = (pack.pack_id.clone(), pack.pack_id.clone(), pack.pack_id.clone());
    let builtin = pack.pack_id == "builtin";
    let shown = pack.clone();
    view! {
        <tr data-test="pack-row" data-id=pack.pack_id.clone()>
            <td class="p"><a href=href data-test="pack-rules" on:click=move |e| follow(e, &to)><bdi>{visible(&pack.name)}</bdi></a></td>
            <td class="mono"><bdi>{visible(&pack.version)}</bdi></td>
            <td class="c-xl" title=pack.licenses.join(", ")><bdi>{visible(&pack.licenses.join(", "))}</bdi></td>
            <td class="num">{grouped(pack.rules)}</td>
            <td class="num">{grouped(pack.running)}</td>
            <td class="num c-m">{figure(pack.needs_configuration, "needs_configuration")}</td>
            <td class="num c-m">{figure(pack.errors, "error")}</td>
            <td class="c-l"><time class="ltr" title=clock::both(pack.updated_at)>{clock::second(pack.updated_at, zone)}</time></td>
            <td class="acts-c">{app.may("siem:write").then(|| view! {
                {if pack.enabled < pack.rules { view! {
                    <button class="btn btn-quiet btn-sm" data-test="pack-enable" on:click=move |_| writes::switch_pack(on.clone(), true, read)>{t(k::PACK_ENABLE)}</button>
                }.into_any() } else { view! {
                    <button class="btn btn-quiet btn-sm" data-test="pack-disable" on:click=move |_| writes::switch_pack(off.clone(), false, read)>{t(k::PACK_DISABLE)}</button>
                }.into_any() }}
                <button class="btn btn-quiet btn-sm" data-test="pack-run" on:click=move |_| {
                    app.rules.run.set(RunWhat { pack: Some(run.clone()), ..RunWhat::default() });
                    app.layer.set(Some(Layer::Run));
                }>{t(k::RUN_DO)}</button>
                {(!builtin).then(|| view! { <button class="btn btn-quiet btn-sm" data-test="pack-remove" on:click=move |_| asked.set(Some(shown.clone()))>{t(k::PACK_REMOVE)}</button> })}
            })}</td>
        </tr>
    }
}

/// The question before a pack goes: it can't be undone.
fn remove(pack: Pack, read: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let name = visible(&pack.name);
    let act = move |_| {
        let path = PackPath { pack_id: pack.pack_id.clone() };
        keep();
        spawn_local(async move {
            match client::call::<PackDelete>(&path, &Empty {}, &()).await {
                Ok(_) => toast::say(t(k::DONE_PACK_REMOVED).to_owned()),
                Err(failure) => toast::failure(&failure, Some(t(k::KEPT_RULES))),
            }
            read();
        });
    };
    view! {
        <div class="dialog-h"><h2>{tf(k::PACK_REMOVE_ASK, &[("name", &name)])}</h2></div>
        <div class="dialog-b"><p>{t(k::PACK_REMOVE_TEXT)}</p></div>
        <div class="dialog-f"><button class="btn btn-quiet" data-test="pack-remove-cancel" on:click=|_| keep()>{t(k::CANCEL)}</button>
            <button class="btn btn-danger" data-test="pack-remove-confirm" on:click=act>{t(k::PACK_REMOVE)}</button></div>
    }
}
