//! Sources whose times name no zone: asked once, changed later.

use crate::{
    components::modal::Modal,
    data::{clocks, failure::Failure},
    i18n::{k, t, tf, tn},
    state::{Layer, app},
};
use api::siem::ImportResult;
use leptos::{html, prelude::*, task::spawn_local};
use std::cell::RefCell;
use wasm_bindgen::JsValue;

thread_local! {
    static SOURCES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// What an import says of its sources without a zone, and the way to give them one.
pub fn question(result: &ImportResult) -> Option<impl IntoView + use<>> {
    let sources: Vec<String> = result.file_list.iter().flat_map(|file| file.zoneless.clone()).collect();
    if sources.is_empty() {
        return None;
    }
    let zones = clocks::zones();
    let (of_all, all) = (zones.clone(), sources.clone());
    let open = Memo::new(move |_| {
        let zones = of_all.read();
        all.iter().filter(|sha256| !zones.contains_key(*sha256)).count() as u64
    });
    let first = sources.first().cloned().unwrap_or_default();
    let words = move || match open.get() {
        0 => {
            let zone = zones.read().get(&first).cloned().unwrap_or_default();
            tf(k::ZONE_IS, &[("zone", &zone)])
        }
        n => tn(k::ZONE_NONE, n),
    };
    let tone = move || if open.get() > 0 { "warn-c" } else { "t3" };
    let ask = move |_| self::ask(sources.clone());
    Some(view! {
        <p class="row wrap" data-test="tray-zone">
            <span class=tone>{words}</span>
            {app().may("siem:write").then(|| view! {
                <button class="btn btn-sm" data-test="zone-ask" on:click=ask>{move || t(if open.get() > 0 { k::ZONE_SET } else { k::ZONE_CHANGE })}</button>
            })}
        </p>
    })
}

/// Opens the dialog for these sources.
pub fn ask(sources: Vec<String>) {
    SOURCES.set(sources);
    app().layer.set(Some(Layer::Zone));
}

/// The names that the browser knows; none where it does not tell.
fn names() -> Vec<String> {
    let get = |of: &JsValue, name: &str| js_sys::Reflect::get(of, &name.into()).ok();
    let told = (|| {
        let intl = get(&js_sys::global(), "Intl")?;
        let function: js_sys::Function = get(&intl, "supportedValuesOf")?.into();
        function.call1(&intl, &"timeZone".into()).ok()
    })();
    let all = told.map(|list| js_sys::Array::from(&list)).unwrap_or_default();
    all.iter().filter_map(|name| name.as_string()).collect()
}

/// The dialog.
#[component]
pub fn Dialog() -> impl IntoView {
    let layer = app().layer;
    view! {
        <Modal open=Signal::derive(move || layer.get() == Some(Layer::Zone)) close=|| app().layer.set(None) label=t(k::ZONE_TITLE) test="zone-dialog">
            <Inside />
        </Modal>
    }
}

#[component]
fn Inside() -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let wrong = RwSignal::new(None::<Failure>);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(zone) = field.get_untracked().map(|field| field.value().trim().to_owned()) else { return };
        let sources = SOURCES.with_borrow(Clone::clone);
        spawn_local(async move {
            match clocks::set(sources, zone).await {
                Ok(()) => {
                    app().layer.set(None);
                    app().sources.changed();
                }
                Err(failure) => wrong.set(Some(failure)),
            }
        });
    };
    view! {
        <form on:submit=submit>
            <div class="dialog-h"><h2>{t(k::ZONE_TITLE)}</h2></div>
            <div class="dialog-b">
                <p>{tn(k::ZONE_TEXT, SOURCES.with_borrow(Vec::len) as u64)}</p>
                <label class="form-row"><span>{t(k::ZONE_LABEL)}</span>
                    <span class="field"><input node_ref=field list="zone-names" required autocomplete="off" spellcheck="false" dir="ltr" data-test="zone-name" /></span>
                    <small>{t(k::ZONE_HINT)}</small></label>
                <datalist id="zone-names"><option value="UTC"></option>{names().into_iter().map(|name| view! { <option value=name></option> }).collect_view()}</datalist>
                {move || wrong.get().map(|failure| view! { <p class="err-c" role="alert" data-test="zone-wrong">{failure.sentence()}</p> })}
            </div>
            <div class="dialog-f">
                <button class="btn btn-quiet" type="button" data-test="zone-cancel" on:click=|_| app().layer.set(None)>{t(k::CANCEL)}</button>
                <button class="btn btn-primary" type="submit" data-test="zone-save">{t(k::ZONE_SAVE)}</button>
            </div>
        </form>
    }
}
