//! Runtime settings: what the product may do, what it keeps, when an alert is due. Every change has a reason and a
//! place in the history.

mod conflict;
mod fields;
mod form;
mod history;
mod words;

pub use conflict::Overtaken;

use crate::{
    components::{failed::Failed, toast},
    data::{client, failure::Failure, session},
    i18n::{k, t},
    state::app,
};
use api::{
    Code, Empty,
    system::{Settings, SettingsGet, SettingsPatch, SettingsView},
};
use leptos::{prelude::*, task::spawn_local};

/// What the section works on.
#[derive(Clone, Copy)]
pub struct Model {
    /// As the server has it, with history.
    pub view: RwSignal<Option<SettingsView>>,
    /// Version of it.
    etag: RwSignal<Option<String>>,
    /// As the user wants it.
    pub draft: RwSignal<Settings>,
    /// Why.
    pub reason: RwSignal<String>,
    /// What the draft was made from when somebody else was faster.
    pub base: RwSignal<Option<Settings>>,
    /// Why it could not be read or written.
    pub failed: RwSignal<Option<Failure>>,
    /// A write is under way.
    pub busy: RwSignal<bool>,
}

impl Model {
    /// Nothing is known yet.
    pub fn new() -> Model {
        Model {
            view: RwSignal::new(None),
            etag: RwSignal::new(None),
            draft: RwSignal::new(Settings::default()),
            reason: RwSignal::new(String::new()),
            base: RwSignal::new(None),
            failed: RwSignal::new(None),
            busy: RwSignal::new(false),
        }
    }

    /// As the server has it.
    pub fn saved(self) -> Settings {
        self.view.with(|v| v.as_ref().map(|v| v.settings.clone()).unwrap_or_default())
    }

    /// Whether there is something to save.
    pub fn differs(self) -> bool {
        self.view.with(Option::is_some) && self.draft.get() != self.saved()
    }

    fn take(self, answer: client::Answer<SettingsView>) {
        let _ = self.draft.try_set(answer.value.settings.clone());
        let _ = self.etag.try_set(answer.etag);
        let _ = self.view.try_set(Some(answer.value));
        let _ = self.base.try_set(None);
        let _ = self.failed.try_set(None);
    }

    /// Reads them from the server; what was typed is gone.
    pub fn read(self) {
        spawn_local(async move {
            match client::call::<SettingsGet>(&Empty {}, &Empty {}, &()).await {
                Ok(answer) => self.take(answer),
                Err(failure) => self.refused(failure),
            }
        });
    }

    /// Asks the server; keeps what was typed when it says no.
    pub fn save(self) {
        if self.busy.get_untracked() || !untrack(|| self.differs()) {
            return;
        }
        self.busy.set(true);
        let body = fields::patch(
            &untrack(|| self.saved()),
            &self.draft.get_untracked(),
            &self.reason.get_untracked(),
        );
        spawn_local(async move {
            let etag = self.etag.get_untracked();
            let outcome =
                client::call_if::<SettingsPatch>(&Empty {}, &Empty {}, &body, etag.as_deref()).await;
            match outcome {
                Ok(answer) => {
                    self.take(answer);
                    let _ = self.reason.try_set(String::new());
                    toast::say(t(k::RUNTIME_SAVED).to_owned());
                    session::refresh_facts();
                }
                Err(failure) if failure.code() == Some(Code::Conflict) => self.overtaken().await,
                Err(failure) => self.refused(failure),
            }
            let _ = self.busy.try_set(false);
        });
    }

    fn refused(self, failure: Failure) {
        let _ = self.failed.try_set(Some(failure));
    }

    /// Somebody else changed them: one's own changes go onto the newer state, to be looked at and saved again.
    async fn overtaken(self) {
        let before = untrack(|| self.saved());
        let mine = self.draft.get_untracked();
        match client::call::<SettingsGet>(&Empty {}, &Empty {}, &()).await {
            Ok(answer) => {
                let both = fields::onto(&before, &mine, &answer.value.settings);
                self.take(answer);
                let _ = self.draft.try_set(both);
                let _ = self.base.try_set(Some(before));
            }
            Err(failure) => self.refused(failure),
        }
    }
}

/// The section.
#[component]
pub fn Runtime() -> impl IntoView {
    let model = Model::new();
    model.read();
    // What was typed is tried again; without anything to save the settings are read.
    let again =
        Callback::new(move |()| if untrack(|| model.differs()) { model.save() } else { model.read() });
    let may = app().may("system:write");
    let known = Memo::new(move |_| model.view.with(Option::is_some));
    view! {
        {move || (!known.get() && model.failed.with(Option::is_none)).then(|| view! { <div class="sec"><span class="skel"></span></div> })}
        <Show when=move || known.get()>
            {(!may).then(|| view! { <div class="sec"><p class="notice" data-test="runtime-read-only">{t(k::RUNTIME_READ_ONLY)}</p></div> })}
            <conflict::Overtaken model=model />
            <form::Form model=model may=may />
        </Show>
        {move || model.failed.get().map(|failure| view! { <Failed failure=failure retry=again test="runtime-error" /> })}
        <Show when=move || known.get()><history::History model=model /></Show>
    }
}
