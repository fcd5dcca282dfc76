//! Rules from files: a zip, a folder, or single texts, by a dialog or by a drop on this page.

use crate::{
    components::{icon::Icon, modal::Modal, toast},
    data::{
        client, jobs,
        pick::{self, Found, Picked},
        upload,
    },
    i18n::{k, t, tn},
    place::{Place, go},
    state::{Layer, app},
};
use api::{
    Empty, Route,
    detections::{PackImport, PackQuery},
    jobs::JobAccepted,
};
use leptos::{html, prelude::*, task::spawn_local};
use std::cell::RefCell;
use wasm_bindgen::JsCast;
use web_sys::{DataTransfer, HtmlElement, HtmlInputElement};

/// Id of the hidden file field.
const FILES: &str = "rule-file-field";
/// Id of the hidden folder field.
const FOLDER: &str = "rule-folder-field";

thread_local! {
    static PICKED: RefCell<Vec<Picked>> = const { RefCell::new(Vec::new()) };
    /// How often something was picked: the dialog shows the last time.
    static TIMES: ArcRwSignal<u32> = ArcRwSignal::new(0);
}

/// Opens the dialog.
pub fn ask() {
    PICKED.take();
    app().layer.set(Some(Layer::ImportRules));
}

/// Takes what was dropped on the page of rules.
pub fn dropped(data: &DataTransfer) {
    let found = pick::dropped(data);
    spawn_local(async move { take(found.await) });
}

fn take(found: Found) {
    if let Some(files) = upload::readable(found) {
        PICKED.set(files);
        TIMES.with(|times| times.update(|n| *n += 1));
        app().layer.set(Some(Layer::ImportRules));
    }
}

/// Name of the pack that these files make: of the folder they lie in, or of the one file.
fn pack_name(files: &[Picked]) -> String {
    let first = files.first().map(|f| f.path.as_str()).unwrap_or_default();
    let name = match first.split_once('/') {
        Some((folder, _)) => folder,
        None if files.len() == 1 => first.rsplit_once('.').map_or(first, |(name, _)| name),
        None => "",
    };
    name.to_owned()
}

fn send(name: String, enabled: bool) {
    let files = PICKED.take();
    app().layer.set(None);
    let query = PackQuery { name: Some(name.clone()).filter(|n| !n.is_empty()), enabled: Some(enabled) };
    let url = client::url::<PackImport>(&Empty {}, &query);
    spawn_local(async move {
        let Ok(text) = upload::send(&url, PackImport::METHOD, files).await else { return };
        match serde_json::from_str::<JobAccepted>(&text) {
            Ok(accepted) => {
                jobs::named(accepted.job_id.clone(), name);
                go(Place::parse("/detections/packs").with("report", &accepted.job_id));
                jobs::look();
            }
            Err(e) => toast::error(e.to_string(), None, None),
        }
    });
}

fn click(id: &str) {
    if let Some(field) = document().get_element_by_id(id).and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
        field.click();
    }
}

/// The dialog.
#[component]
pub fn Dialog() -> impl IntoView {
    let layer = app().layer;
    let times = TIMES.with(Clone::clone);
    view! {
        <Modal open=Signal::derive(move || layer.get() == Some(Layer::ImportRules)) close=|| app().layer.set(None) label=t(k::ACTION_RULES_IMPORT) test="rules-import-dialog">
            {let times = times.clone(); move || { times.get(); view! { <Inside /> } }}
        </Modal>
    }
}

#[component]
fn Inside() -> impl IntoView {
    let count = PICKED.with_borrow(Vec::len) as u64;
    let size: f64 = PICKED.with_borrow(|p| p.iter().map(|f| f.file.size()).sum());
    let name = NodeRef::<html::Input>::new();
    let enabled = RwSignal::new(true);
    let folder = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(field) = folder.get() {
            let _ = field.set_attribute("webkitdirectory", "");
        }
    });
    let chosen = |event: leptos::ev::Event| {
        if let Some(field) = event.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok()) {
            take(pick::chosen(field.files()));
        }
    };
    let start = PICKED.with_borrow(|p| pack_name(p));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Some(name) = name.get_untracked() {
            send(name.value().trim().to_owned(), enabled.get_untracked());
        }
    };
    view! {
        <form on:submit=submit>
            <div class="dialog-h"><h2>{t(k::ACTION_RULES_IMPORT)}</h2></div>
            <div class="dialog-b">
                <p>{t(k::RULES_IMPORT_TEXT)}</p>
                <div class="drop choice first-drop import-drop">
                    <Icon name="import" />
                    <div data-test="rules-picked">{match count {
                        0 => t(k::RULES_IMPORT_DROP).to_owned(),
                        n => format!("{} · \u{2066}{}\u{2069}", tn(k::COUNT_FILES, n), crate::numbers::bytes(size as u64)),
                    }}</div>
                    <div class="row row-1">
                        {pick::knows_folders().then(|| view! { <button class="btn btn-sm" type="button" data-test="rules-choose-folder" on:click=|_| click(FOLDER)>{t(k::START_FOLDER)}</button> })}
                        <button class="btn btn-sm" type="button" data-test="rules-choose-files" on:click=|_| click(FILES)>{t(k::START_FILES)}</button>
                    </div>
                </div>
                <input id=FILES class="sr" type="file" multiple accept=".yml,.yaml,.zip" tabindex="-1" aria-hidden="true" data-test="rule-file-field" on:change=chosen />
                <input id=FOLDER node_ref=folder class="sr" type="file" multiple tabindex="-1" aria-hidden="true" data-test="rule-folder-field" on:change=chosen />
                <label class="form-row"><span>{t(k::RULES_IMPORT_NAME)}</span>
                    <span class="field"><input node_ref=name value=start maxlength="200" required autocomplete="off" dir="auto" data-test="rules-pack-name" /></span>
                    <small>{t(k::RULES_IMPORT_NAME_TEXT)}</small></label>
                <label class="row t12"><input type="checkbox" class="check" prop:checked=move || enabled.get() data-test="rules-pack-enabled"
                    on:change:target=move |e| enabled.set(e.target().checked()) />{t(k::RULES_IMPORT_ENABLED)}</label>
            </div>
            <div class="dialog-f">
                <button class="btn btn-quiet" type="button" data-test="rules-import-cancel" on:click=|_| app().layer.set(None)>{t(k::CANCEL)}</button>
                <button class="btn btn-primary" type="submit" data-test="rules-import-submit" disabled=count == 0>{t(k::RULES_IMPORT_DO)}</button>
            </div>
        </form>
    }
}
