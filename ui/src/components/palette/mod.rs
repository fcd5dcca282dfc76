//! Ctrl K: every action that can be done here, and records that the server finds.

use crate::{
    actions::{self, Action, keys},
    components::{icon::Icon, modal::Modal},
    data::client,
    focus,
    i18n::{english, k, t},
    pages::alerts::moves::PANE,
    place::{Place, go},
    state::{Layer, app},
    text::visible,
};
use api::{
    alerts::{Alert, AlertList, AlertsList},
    cases::{Case, CaseList, CasesList},
    detections::{Rule, RuleList, RulesList},
};
use leptos::{html, prelude::*, task::spawn_local};
use web_sys::KeyboardEvent;

/// Records shown.
const RECORDS: u32 = 6;
/// Letters before the server is asked.
const ENOUGH: usize = 2;

#[derive(Clone)]
enum Entry {
    Do(&'static Action),
    Open(Box<Alert>),
    Rule(Box<Rule>),
    Case(Box<Case>),
}

impl Entry {
    fn run(&self) {
        app().layer.set(None);
        match self {
            // After the dialog gave the focus back, so that an action may take it.
            Entry::Do(action) => set_timeout(action.run, std::time::Duration::ZERO),
            Entry::Open(alert) => {
                go(Place::parse("/alerts").with("tab", "all").with("id", &alert.alert_id));
                focus::soon(PANE);
            }
            Entry::Case(case) => go(Place::parse("/cases").with("id", &case.case_id)),
            Entry::Rule(rule) => {
                go(Place::parse("/detections/rules").with("id", &rule.rule_id));
                focus::soon(PANE);
            }
        }
    }
}

/// Whether all letters come in this order; lower is better.
fn score(text: &str, typed: &str) -> Option<usize> {
    if let Some(at) = text.find(typed) {
        return Some(at);
    }
    let mut letters = text.char_indices();
    let mut last = 0;
    for wanted in typed.chars().filter(|c| !c.is_whitespace()) {
        last = letters.find(|(_, c)| *c == wanted)?.0;
    }
    Some(1000 + last)
}

fn matching(typed: &str) -> Vec<Entry> {
    let typed = typed.to_lowercase();
    let mut found: Vec<(usize, &'static Action)> = actions::all()
        .filter(|a| a.ready() && a.id != "palette")
        .filter_map(|a| {
            let own = score(&t(a.label).to_lowercase(), &typed);
            let other = score(&english(a.label).to_lowercase(), &typed);
            own.into_iter().chain(other).min().map(|s| (s, a))
        })
        .collect();
    if !typed.is_empty() {
        found.sort_by_key(|(s, _)| *s);
    }
    found.into_iter().map(|(_, a)| Entry::Do(a)).collect()
}

/// The dialog.
#[component]
pub fn Palette() -> impl IntoView {
    let layer = app().layer;
    view! {
        <Modal open=Signal::derive(move || layer.get() == Some(Layer::Palette)) close=|| app().layer.set(None)
            label=t(k::ACTION_PALETTE) class="dialog palette" test="palette">
            <Inside />
        </Modal>
    }
}

#[component]
fn Inside() -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let records = RwSignal::new(Vec::<Alert>::new());
    let rules = RwSignal::new(Vec::<Rule>::new());
    let cases = RwSignal::new(Vec::<Case>::new());
    let at = RwSignal::new(0_usize);
    let field = NodeRef::<html::Input>::new();
    let entries = Memo::new_with_compare(
        move |_| {
            let mut all = typed.with(|typed| matching(typed));
            all.extend(records.get().into_iter().map(|a| Entry::Open(Box::new(a))));
            all.extend(cases.get().into_iter().map(|c| Entry::Case(Box::new(c))));
            all.extend(rules.get().into_iter().map(|r| Entry::Rule(Box::new(r))));
            all
        },
        |_, _| true,
    );
    Effect::new(move || {
        if let Some(field) = field.get() {
            let _ = field.focus();
        }
    });
    let input = move |text: String| {
        at.set(0);
        typed.set(text.clone());
        if text.trim().chars().count() < ENOUGH {
            records.set(Vec::new());
            rules.set(Vec::new());
            cases.set(Vec::new());
            return;
        }
        if app().may("cases:read") {
            let text = text.clone();
            spawn_local(async move {
                let query = CaseList { q: Some(text.clone()), limit: Some(RECORDS), ..CaseList::default() };
                if let Ok(page) = client::list::<CasesList>(query).await
                    && typed.get_untracked() == text
                {
                    cases.set(page.items);
                }
            });
        }
        if app().may("siem:read") {
            let text = text.clone();
            spawn_local(async move {
                let query = RuleList {
                    q: Some(text.clone()),
                    limit: Some(RECORDS),
                    body: Some(false),
                    ..RuleList::default()
                };
                if let Ok(page) = client::list::<RulesList>(query).await
                    && typed.get_untracked() == text
                {
                    rules.set(page.items);
                }
            });
        }
        if !app().may("alerts:read") {
            return;
        }
        spawn_local(async move {
            let query = AlertList { q: Some(text.clone()), limit: Some(RECORDS), ..AlertList::default() };
            if let Ok(page) = client::list::<AlertsList>(query).await
                && typed.get_untracked() == text
            {
                records.set(page.items);
            }
        });
    };
    let key = move |event: KeyboardEvent| {
        let len = entries.with_untracked(Vec::len).max(1);
        match event.code().as_str() {
            "ArrowDown" => at.update(|i| *i = (*i + 1) % len),
            "ArrowUp" => at.update(|i| *i = (*i + len - 1) % len),
            "Enter" | "NumpadEnter" => {
                if let Some(entry) = entries.with_untracked(|e| e.get(at.get_untracked()).cloned()) {
                    entry.run();
                }
            }
            _ => return,
        }
        event.prevent_default();
        scroll_to(at.get_untracked());
    };
    view! {
        <div class="palette-in">
            <Icon name="search" />
            <input node_ref=field class="grow bare" role="combobox" aria-expanded="true" aria-controls="palette-list"
                aria-autocomplete="list" aria-label=t(k::PALETTE_FIELD) placeholder=t(k::PALETTE_FIELD)
                aria-activedescendant=move || format!("palette-{}", at.get()) autocomplete="off" spellcheck="false"
                data-test="palette-field" on:input:target=move |e| input(e.target().value()) on:keydown=key />
        </div>
        <div class="palette-list scroll" id="palette-list" role="listbox" aria-label=t(k::PALETTE_FIELD)>
            {move || entries.get().into_iter().enumerate().map(|(i, entry)| row(i, entry, at)).collect_view()}
            {move || entries.with(Vec::is_empty).then(|| view! { <div class="menu-h">{t(k::PALETTE_NONE)}</div> })}
        </div>
        <div class="palette-f">
            <span><kbd class="kbd">"↑"</kbd><kbd class="kbd">"↓"</kbd>{t(k::KEYS_CHOOSE)}</span>
            <span><kbd class="kbd">"↵"</kbd>{t(k::KEYS_RUN)}</span>
            <span><kbd class="kbd">"Esc"</kbd>{t(k::KEYS_BACK)}</span>
        </div>
    }
}

fn scroll_to(at: usize) {
    if let Some(row) = document().get_element_by_id(&format!("palette-{at}")) {
        row.scroll_into_view_with_bool(false);
    }
}

fn row(i: usize, entry: Entry, at: RwSignal<usize>) -> impl IntoView {
    let (icon, test, hint) = match &entry {
        Entry::Do(a) => (a.icon, format!("palette-{}", a.id), a.keys.first().map(|k| keys::name(k))),
        Entry::Open(a) => ("bell", format!("palette-{}", a.alert_id), None),
        Entry::Case(c) => ("case", format!("palette-{}", c.case_id), None),
        Entry::Rule(r) => ("radar", format!("palette-{}", r.rule_id), None),
    };
    let words = match &entry {
        Entry::Do(a) => view! { <span class="trunc">{t(a.label)}</span> }.into_any(),
        Entry::Open(a) => view! {
            <bdi class="trunc">{visible(&a.title)}</bdi><span class="hint mono">{a.alert_id.clone()}</span>
        }
        .into_any(),
        Entry::Case(c) => view! {
            <bdi class="trunc">{visible(&c.title)}</bdi><span class="hint mono">{c.case_id.clone()}</span>
        }
        .into_any(),
        Entry::Rule(r) => view! {
            <bdi class="trunc">{visible(&r.title)}</bdi><span class="hint mono trunc">{visible(&r.logsource)}</span>
        }
        .into_any(),
    };
    view! {
        <div class="menu-item" class:on=move || at.get() == i role="option" id=format!("palette-{i}")
            aria-selected=move || (at.get() == i).to_string() data-test=test
            on:mousemove=move |_| if at.get_untracked() != i { at.set(i) } on:click=move |_| entry.run()>
            <Icon name=icon />
            {words}
            <span class="push"></span>
            {hint.map(|hint| view! { <kbd class="kbd">{hint}</kbd> })}
        </div>
    }
}
