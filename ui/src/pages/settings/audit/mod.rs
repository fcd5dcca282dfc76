//! Audit log: who did what to which record, with what it was before and after. For Admins.

mod chain;
mod diff;
mod filters;
mod row;

use crate::{
    components::{failed::Failed, icon::Icon},
    data::{client, failure::Failure},
    i18n::{k, t, tf, tn},
    place::{Place, replace},
    state::app,
};
use api::{
    Time,
    system::{AuditGet, AuditList, AuditRow},
};
use leptos::{prelude::*, task::spawn_local};
use std::{cell::Cell, sync::Arc};

/// Rows asked for at once.
const PAGE: u32 = 100;

/// Filters, as parameters of the address and of the API alike.
const FILTERS: &[&str] = &["actor", "action", "object_id", "from", "to"];

thread_local! { static ASKED: Cell<u64> = const { Cell::new(0) }; }

/// What the section shows.
#[derive(Clone, Copy)]
struct Model {
    rows: RwSignal<Vec<Arc<AuditRow>>>,
    next: RwSignal<Option<String>>,
    total: RwSignal<(u64, bool)>,
    loaded: RwSignal<bool>,
    loading: RwSignal<bool>,
    failed: RwSignal<Option<Failure>>,
}

/// The part of the address that decides about the list.
fn key(place: &Place) -> Vec<String> {
    FILTERS.iter().map(|f| place.get(f).to_owned()).collect()
}

fn query(place: &Place, cursor: Option<String>) -> AuditList {
    let given = |name: &str| Some(place.get(name).to_owned()).filter(|v| !v.is_empty());
    AuditList {
        limit: Some(PAGE),
        cursor,
        actor: given("actor"),
        action: given("action"),
        object_id: given("object_id"),
        from: Time::parse(place.get("from")),
        to: Time::parse(place.get("to")),
        ..AuditList::default()
    }
}

impl Model {
    fn read(self, cursor: Option<String>) {
        let ticket = ASKED.get() + 1;
        ASKED.set(ticket);
        self.loading.set(true);
        let more = cursor.is_some();
        let query = query(&app().place.get_untracked(), cursor);
        spawn_local(async move {
            let outcome = client::list::<AuditGet>(query).await;
            // A newer request makes this answer old.
            if ASKED.get() != ticket {
                return;
            }
            let _ = self.loading.try_set(false);
            match outcome {
                Ok(page) => {
                    let rows = page.items.into_iter().map(Arc::new);
                    let _ = self.rows.try_update(|all| {
                        if !more {
                            all.clear();
                        }
                        all.extend(rows);
                    });
                    let _ = self.next.try_set(page.next_cursor);
                    let _ = self.total.try_set((page.total, page.total_is_lower_bound));
                    let _ = self.failed.try_set(None);
                    let _ = self.loaded.try_set(true);
                }
                Err(failure) => drop(self.failed.try_set(Some(failure))),
            }
        });
    }
}

/// The section.
#[component]
pub fn Audit() -> impl IntoView {
    let place = app().place;
    let model = Model {
        rows: RwSignal::new(Vec::new()),
        next: RwSignal::new(None),
        total: RwSignal::new((0, false)),
        loaded: RwSignal::new(false),
        loading: RwSignal::new(false),
        failed: RwSignal::new(None),
    };
    let wanted = Memo::new(move |_| place.with(key));
    Effect::new(move || {
        // Reading it, for a memo that nobody reads is never worked out.
        wanted.with(|_| ());
        model.read(None);
    });
    view! {
        <filters::Filters />
        <Facts model=model />
        {move || model.failed.get().map(|failure| view! { <Failed failure=failure retry=Callback::new(move |()| model.read(None)) title=t(k::LIST_FAILED) test="audit-error" /> })}
        <table class="tbl audit">
            <thead><tr>
                <th class="cw-open"><span class="sr">{t(k::COL_CHANGE)}</span></th><th class="num cw-seq">{t(k::COL_NUMBER)}</th><th class="cw-time">{t(k::COL_TIME)}</th>
                <th class="cw-user">{t(k::COL_WHO)}</th><th class="cw-action">{t(k::COL_ACTION)}</th><th>{t(k::COL_OBJECT)}</th><th class="cw-result c-m">{t(k::COL_RESULT)}</th>
            </tr></thead>
            <For each=move || model.rows.get() key=|r| r.seq let:one><row::Row row=one /></For>
        </table>
        <End model=model />
    }
}

/// How many there are, and whether they hang together.
#[component]
fn Facts(model: Model) -> impl IntoView {
    let count = move || {
        let (n, more) = model.total.get();
        let words = tn(k::COUNT_ACTS, n);
        if more { format!("{words}+") } else { words }
    };
    let chain = Memo::new(move |_| {
        model.rows.with(|rows| {
            chain::check(rows.iter().map(|r| chain::Link { seq: r.seq, prev: &r.prev_hash, hash: &r.hash }))
        })
    });
    view! {
        <div class="bar t12" data-test="audit-chain">
            <span class="t2">{move || model.loaded.get().then(count)}</span>
            {move || match chain.get() {
                chain::Chain { broken: Some(seq), .. } => view! {
                    <span class="err-c row row-1" role="alert"><Icon name="warn" class="i-14" />{tf(k::AUDIT_BROKEN, &[("seq", &seq)])}</span>
                }.into_any(),
                // One row has no neighbour, and what was not read was not left out.
                chain::Chain { compared: 0, .. } if model.rows.with(|r| r.len() < 2) || model.failed.with(Option::is_some) => ().into_any(),
                chain::Chain { compared: 0, .. } => view! { <span class="t3">{t(k::AUDIT_NOT_COMPARED)}</span> }.into_any(),
                chain::Chain { compared, .. } => view! {
                    <span class="ok-c row row-1"><Icon name="link" class="i-14" />{tn(k::AUDIT_LINKED, compared)}</span>
                }.into_any(),
            }}
            <span class="push t3 t11">{t(k::AUDIT_TEXT)}</span>
        </div>
    }
}

/// What comes after the last row: more, nothing, or why there is none.
#[component]
fn End(model: Model) -> impl IntoView {
    let place = app().place;
    move || {
        if !model.loaded.get() && model.failed.with(Option::is_none) {
            return view! { <div class="sec"><span class="skel"></span></div> }.into_any();
        }
        if model.rows.with(Vec::is_empty) && model.loaded.get() {
            let clear = move |_| {
                let bare = FILTERS.iter().fold(place.get_untracked(), |p, f| p.with(f, ""));
                replace(bare);
            };
            return view! {
                <div class="empty" data-test="audit-empty"><Icon name="filter" /><h3>{t(k::EMPTY_FILTER)}</h3>
                    <button class="btn" data-test="audit-clear" on:click=clear>{t(k::FILTER_CLEAR)}</button></div>
            }
            .into_any();
        }
        let Some(cursor) = model.next.get() else { return ().into_any() };
        view! {
            <div class="sec more-sec"><button class="btn" data-test="audit-more" disabled=move || model.loading.get()
                on:click=move |_| model.read(Some(cursor.clone()))>{t(k::SHOW_MORE)}</button></div>
        }
        .into_any()
    }
}
