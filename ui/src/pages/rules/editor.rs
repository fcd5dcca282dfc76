//! Writing a rule or a pipeline: coloured text, what is wrong with it as one types, what it would run on. What is not saved stays
//! while the page lives, wherever one goes.

use super::{
    check::Report,
    edited::{Edited, No, check},
    text, yaml,
};
use crate::{
    components::{icon::Icon, toast},
    i18n::{k, t},
    place::Place,
    state::app,
};
use api::{
    Code,
    detections::{CheckReport, RuleProblem},
};
use leptos::{html, prelude::*, task::spawn_local};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::Duration,
};

/// A pause in typing after which the text is checked.
const PAUSE: Duration = Duration::from_millis(250);
/// Id of the text field.
const FIELD: &str = "rule-text";

thread_local! {
    /// Texts that are not saved.
    static DRAFTS: RefCell<BTreeMap<Edited, String>> = const { RefCell::new(BTreeMap::new()) };
    static TYPED: Cell<u64> = const { Cell::new(0) };
    static OPEN: Cell<Option<Model>> = const { Cell::new(None) };
}

/// What the editor works on.
#[derive(Clone, Copy)]
struct Model {
    what: StoredValue<Edited>,
    body: RwSignal<String>,
    saved: RwSignal<String>,
    etag: RwSignal<Option<String>>,
    report: RwSignal<Option<Result<CheckReport, String>>>,
    /// The text that somebody else saved in the meantime.
    theirs: RwSignal<Option<String>>,
    busy: RwSignal<bool>,
    area: NodeRef<html::Textarea>,
}

/// Whether the address names the editor.
pub fn is_open(place: &Place) -> bool {
    let named = !place.get("id").is_empty() || !place.get("pipeline").is_empty();
    !place.get("new").is_empty() || (!place.get("edit").is_empty() && named)
}

/// Back to the rule, or to the list. What is not saved stays a draft.
pub fn leave() {
    let what = OPEN.get().map(|model| model.what.get_value());
    what.unwrap_or(Edited::Rule(String::new())).leave();
}

impl Model {
    fn typed(self, text: String) {
        self.what.with_value(|w| DRAFTS.with_borrow_mut(|d| d.insert(w.clone(), text.clone())));
        self.body.set(text);
        let turn = TYPED.get() + 1;
        TYPED.set(turn);
        set_timeout(
            move || {
                if TYPED.get() == turn {
                    self.check();
                }
            },
            PAUSE,
        );
    }

    fn check(self) {
        let Some(body) = self.body.try_get_untracked() else { return };
        spawn_local(async move {
            let outcome = check(body.clone()).await;
            // Only what is said of the present text counts.
            if self.body.try_get_untracked().as_ref() == Some(&body) {
                let _ = self.report.try_set(Some(outcome.map_err(|f| f.sentence())));
            }
        });
    }

    fn dirty(self) -> bool {
        self.body.with(|b| self.saved.with(|s| b != s))
    }

    fn forget(self) {
        self.what.with_value(|w| DRAFTS.with_borrow_mut(|d| d.remove(w)));
    }

    fn take(self, body: String, etag: Option<String>) {
        let draft = self.what.with_value(|w| DRAFTS.with_borrow(|d| d.get(w).cloned()));
        let _ = self.saved.try_set(body.clone());
        let _ = self.body.try_set(draft.unwrap_or(body));
        let _ = self.etag.try_set(etag);
        self.check();
    }

    fn read(self) {
        let what = self.what.get_value();
        spawn_local(async move {
            match what.read().await {
                Ok((body, etag)) => self.take(body, etag),
                Err(failure) => drop(self.report.try_set(Some(Err(failure.sentence())))),
            }
        });
    }

    fn save(self) {
        if self.busy.get_untracked() || !app().may("siem:write") {
            return;
        }
        self.busy.set(true);
        let (what, body, etag) =
            (self.what.get_value(), self.body.get_untracked(), self.etag.get_untracked());
        spawn_local(async move {
            let outcome = what.save(body, etag).await;
            let _ = self.busy.try_set(false);
            match outcome {
                Ok(()) => drop(DRAFTS.with_borrow_mut(|d| d.remove(&what))),
                Err(No::Failure(failure)) if failure.code() == Some(Code::Conflict) && !what.is_new() => {
                    self.overtaken().await;
                }
                Err(No::Failure(failure)) => toast::failure(&failure, Some(t(k::KEPT_TEXT))),
                Err(No::Wrong(report)) => {
                    let words = report.errors.first().map(ToString::to_string).unwrap_or_default();
                    let _ = self.report.try_set(Some(Ok(report)));
                    toast::error(crate::text::visible(&words), Some(t(k::KEPT_TEXT).to_owned()), None);
                }
                Err(No::Words(words)) => toast::error(words, Some(t(k::KEPT_TEXT).to_owned()), None),
            }
        });
    }

    /// Somebody else saved this text: both are shown, and the next save is on top of the newer one.
    async fn overtaken(self) {
        match self.what.get_value().read().await {
            Ok((body, etag)) => {
                let _ = self.etag.try_set(etag);
                let _ = self.theirs.try_set(Some(body));
            }
            Err(failure) => toast::failure(&failure, Some(t(k::KEPT_TEXT))),
        }
    }

    fn go(self, line: u32, column: u32) {
        let Some(area) = self.area.get_untracked() else { return };
        let at = self.body.with_untracked(|b| offset(b, line, column));
        let _ = area.focus();
        let _ = area.set_selection_range(at, at);
    }

    fn problems(self) -> Vec<RuleProblem> {
        self.report
            .with(|r| r.as_ref().and_then(|r| r.as_ref().ok()).map(|r| r.errors.clone()))
            .unwrap_or_default()
    }
}

/// Place of a line and column (1-based, in characters) in UTF-16 units, as a text field counts.
fn offset(text: &str, line: u32, column: u32) -> u32 {
    let mut at = 0;
    for (i, l) in text.split('\n').enumerate() {
        if i + 1 == line as usize {
            at += l.chars().take(column.saturating_sub(1) as usize).map(char::len_utf16).sum::<usize>();
            break;
        }
        at += l.encode_utf16().count() + 1;
    }
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Saves what is open; for the key.
pub fn save() {
    if let Some(model) = OPEN.get() {
        model.save();
    }
}

/// To the next problem below the caret, round again at the end; for the key.
pub fn next_problem() {
    let Some(model) = OPEN.get() else { return };
    let mut all: Vec<(u32, u32)> = untrack(|| model.problems()).iter().map(|p| (p.line, p.column)).collect();
    all.sort_unstable();
    let caret =
        model.area.get_untracked().and_then(|a| a.selection_start().ok().flatten()).unwrap_or_default();
    let body = model.body.get_untracked();
    let next = all.iter().find(|(l, c)| offset(&body, *l, *c) > caret).or(all.first());
    if let Some((line, column)) = next {
        model.go(*line, *column);
    }
}

/// The editor.
#[component]
pub fn Editor(what: Edited) -> impl IntoView {
    let new = what.is_new();
    let own = if let Edited::Rule(id) = &what { id.clone() } else { String::new() };
    let draft = DRAFTS.with_borrow(|d| d.get(&what).cloned());
    let had_draft = draft.is_some();
    let start = if new { draft.unwrap_or_else(|| what.blank()) } else { draft.unwrap_or_default() };
    let model = Model {
        what: StoredValue::new(what),
        body: RwSignal::new(start.clone()),
        saved: RwSignal::new(if new && !had_draft { start } else { String::new() }),
        etag: RwSignal::new(None),
        report: RwSignal::new(None),
        theirs: RwSignal::new(None),
        busy: RwSignal::new(false),
        area: NodeRef::new(),
    };
    OPEN.set(Some(model));
    on_cleanup(|| OPEN.set(None));
    if new {
        model.check()
    } else {
        model.read()
    }
    Effect::new(move || {
        if let Some(area) = model.area.get() {
            let _ = area.focus();
            let _ = area.set_selection_range(0, 0);
        }
    });
    view! {
        <section class="pane editor" aria-label=t(k::EDITOR) data-test="rule-editor">
            <Bar model=model />
            <Field model=model />
        </section>
        <aside class="pane check-pane" aria-label=t(k::CHECK_TITLE)>
            <div class="pagehead"><h2 class="settings-h">{t(k::CHECK_TITLE)}</h2></div>
            <div class="scroll">
                {had_draft.then(|| view! { <div class="sec"><p class="notice t12">{t(k::EDITOR_DRAFT)}</p></div> })}
                <Theirs model=model />
                <Report report=model.report own=own go=Callback::new(move |(line, column)| model.go(line, column)) />
            </div>
        </aside>
    }
}

#[component]
fn Bar(model: Model) -> impl IntoView {
    let discard = move |_| {
        model.forget();
        leave();
    };
    let title = model.what.with_value(Edited::title);
    let may = app().may("siem:write");
    // The text that a new pipeline begins with is one that works.
    let fresh = model.what.with_value(|w| matches!(w, Edited::Pipeline(id) if id.is_empty()));
    view! {
        <div class="pagehead">
            <span class="mono t2 trunc t11"><bdi>{title}</bdi></span>
            {move || model.dirty().then(|| view! { <span class="chip" data-test="editor-dirty">{t(k::EDITOR_DIRTY)}</span> })}
            <span class="push row row-1">
                <button class="btn btn-quiet" data-test="editor-discard" on:click=discard>{if may { t(k::DISCARD) } else { t(k::CLOSE) }}</button>
                {may.then(|| view! { <button class="btn btn-primary" data-test="editor-save" disabled=move || model.busy.get() || !(model.dirty() || fresh) on:click=move |_| model.save()>
                    {t(k::SAVE)}<kbd class="kbd">{crate::actions::hint("rule-save")}</kbd></button> })}
            </span>
        </div>
    }
}

/// The text field lies over the coloured text, which gives it its size; both scroll as one.
#[component]
fn Field(model: Model) -> impl IntoView {
    let lines = move || {
        let problems = model.problems();
        model.body.with(|body| {
            body.split('\n')
                .enumerate()
                .map(|(i, line)| {
                    let column = problems.iter().filter(|p| p.line as usize == i + 1).map(|p| p.column).min();
                    let bad = column.is_some();
                    view! { <span class="ln" class:bad=bad data-n=(i + 1).to_string()>{text::pieces(line, column)}{"\n"}</span> }
                })
                .collect_view()
        })
    };
    let key = move |event: leptos::ev::KeyboardEvent| {
        // Enter keeps the indentation, as the language is made of it.
        if event.code() == "Enter" && !event.ctrl_key() && !event.shift_key() && !event.is_composing() {
            let Some(area) = model.area.get_untracked() else { return };
            let caret = area.selection_start().ok().flatten().unwrap_or_default();
            let indent = model.body.with_untracked(|b| yaml::indent_after(b, caret));
            if insert(&format!("\n{indent}")) {
                event.prevent_default();
            }
        }
    };
    view! {
        <div class="ed scroll">
            <div class="code ed-in">
                <div class="ed-back" aria-hidden="true">{lines}</div>
                <textarea id=FIELD node_ref=model.area class="ed-text" dir="ltr" spellcheck="false" autocomplete="off" wrap="off" aria-label=model.what.with_value(Edited::label)
                    readonly=!app().may("siem:write") data-test="editor-text" prop:value=move || model.body.get() on:input:target=move |e| model.typed(e.target().value()) on:keydown=key></textarea>
            </div>
        </div>
    }
}

/// Types a text at the caret as a person would: the browser's own undo knows of it. False where it can't.
fn insert(text: &str) -> bool {
    let document = document();
    let command = js_sys::Reflect::get(&document, &"execCommand".into()).ok().map(js_sys::Function::from);
    let done =
        command.and_then(|f| f.call3(&document, &"insertText".into(), &false.into(), &text.into()).ok());
    done.is_some_and(|v| v.is_truthy())
}

#[component]
fn Theirs(model: Model) -> impl IntoView {
    move || {
        model.theirs.get().map(|theirs| {
            let body = theirs.clone();
            let take = move |_| {
                model.saved.set(body.clone());
                model.theirs.set(None);
                model.typed(body.clone());
                model.forget();
            };
            view! {
                <div class="sec" data-test="editor-conflict">
                    <p class="notice warn t12" role="alert"><Icon name="warn" /><span>{t(k::EDITOR_OVERTAKEN)}</span></p>
                    <div class="row row-1 wrap">
                        <button class="btn" data-test="editor-take-theirs" on:click=take>{t(k::EDITOR_TAKE_THEIRS)}</button>
                        <button class="btn" data-test="editor-save-mine" on:click=move |_| { model.theirs.set(None); model.save(); }>{t(k::EDITOR_SAVE_MINE)}</button>
                    </div>
                    <div class="code pad">{text::lines(&theirs, &[])}</div>
                </div>
            }
        })
    }
}
