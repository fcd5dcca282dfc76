//! What stands on the page: nothing yet, the login, or the frame with a page in it.

use crate::{
    actions::shell::{FILE_FIELD, FOLDER_FIELD},
    components::{
        help::Help,
        modal::Modal,
        nav::Nav,
        palette::Palette,
        statusbar::StatusBar,
        toast::Toasts,
        topbar::TopBar,
        tray::{Tray, zone::Dialog as ZoneDialog},
    },
    data::{shell, upload},
    i18n::{k, t, tn},
    pages,
    state::{App, Auth, app},
};
use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;

/// Mounts again when session or language change; what must outlive that lies in [`App`].
pub fn root(app: App) -> impl IntoView {
    if let Some(boot) = document().get_element_by_id("boot") {
        boot.remove();
    }
    let language = Memo::new(move |_| app.preferences.with(|p| p.language));
    // An ended session keeps the page below the sign-in: what was typed and opened stays.
    let face = Memo::new(move |_| match app.auth.get() {
        Auth::Ended => Auth::In,
        auth => auth,
    });
    view! {
        {move || {
            language.get();
            match face.get() {
                Auth::Asking => view! { <div class="shell" aria-busy="true"><div class="topbar"></div><div class="nav"></div><main class="main"></main></div> }.into_any(),
                Auth::Out => view! { <pages::login::Login /> }.into_any(),
                Auth::In | Auth::Ended => view! { <Frame /> }.into_any(),
            }
        }}
        {move || { language.get(); view! { <Toasts /> } }}
        <div class="sr" aria-live="polite" role="status" data-test="spoken">{move || app.spoken.get()}</div>
    }
}

/// A page of its own below the frame.
fn page(path: &str) -> AnyView {
    match path.split('/').nth(1) {
        Some("alerts") => view! { <pages::alerts::Alerts /> }.into_any(),
        Some("detections") => view! { <pages::rules::Rules /> }.into_any(),
        Some("cases") => view! { <pages::cases::Cases /> }.into_any(),
        Some("sources") => view! { <pages::sources::Sources /> }.into_any(),
        Some("settings") => view! { <pages::settings::Settings /> }.into_any(),
        Some("") | None => view! { <pages::start::Home /> }.into_any(),
        _ => view! { <pages::start::Nowhere /> }.into_any(),
    }
}

#[component]
fn Frame() -> impl IntoView {
    let app = app();
    let root =
        Memo::new(move |_| app.place.with(|p| p.path.split('/').take(2).collect::<Vec<_>>().join("/")));
    view! {
        <div class="shell" on:dragover=over on:dragleave=leave on:drop=drop_here>
            <TopBar />
            <Nav />
            <main class="main">
                <Notices />
                <div class="page">{move || page(&root.get())}</div>
                <Tray />
            </main>
            <StatusBar />
        </div>
        <Show when=move || app.dragging.get()>
            <div class="drop-veil" data-test="drop-veil"><div class="drop">{drop_words}</div></div>
        </Show>
        <FileFields />
        <Palette />
        <Help />
        <pages::alerts::dialogs::Dialogs />
        <pages::rules::dialogs::Dialogs />
        <ZoneDialog />
        <pages::sources::dialogs::Dialogs />
        <CloseAsked />
        <pages::login::again::Again />
    }
}

/// What a drop would do here.
fn drop_words() -> impl IntoView {
    let rules = app().place.with(|p| p.path.starts_with("/detections")) && app().shell.with(Option::is_none);
    let (title, text) =
        if rules { (k::DROP_RULES, k::DROP_RULES_TEXT) } else { (k::DROP_HERE, k::DROP_TEXT) };
    view! { <h2>{t(title)}</h2><p>{t(text)}</p> }
}

/// What the user must know whatever he does: a foreign version, and the server's own warnings.
#[component]
fn Notices() -> impl IntoView {
    let app = app();
    view! {
        <Show when=move || app.foreign_version.get()>
            <div class="notice err strip" role="alert" data-test="foreign-version">{t(k::ERROR_VERSION)}</div>
        </Show>
    }
}

/// Whether the page takes drops itself; in the window the shell does, with real paths.
fn takes_drops() -> bool {
    app().shell.with_untracked(Option::is_none) && app().may("siem:write")
}

fn over(event: leptos::ev::DragEvent) {
    event.prevent_default();
    let files = event.data_transfer().is_some_and(|d| d.types().includes(&"Files".into(), 0));
    if takes_drops() && files && !app().dragging.get_untracked() {
        app().dragging.set(true);
    }
}

fn leave(event: leptos::ev::DragEvent) {
    // Only when the pointer leaves the window, not when it crosses an element.
    if event.related_target().is_none() && takes_drops() {
        app().dragging.set(false);
    }
}

fn drop_here(event: leptos::ev::DragEvent) {
    event.prevent_default();
    app().dragging.set(false);
    if let Some(data) = event.data_transfer()
        && takes_drops()
    {
        // What is dropped on the page of rules is rules.
        if app().place.with_untracked(|p| p.path.starts_with("/detections")) {
            pages::rules::import::dropped(&data);
        } else {
            upload::dropped(&data);
        }
    }
}

#[component]
fn FileFields() -> impl IntoView {
    let folder = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(field) = folder.get() {
            let _ = field.set_attribute("webkitdirectory", "");
        }
    });
    let chosen = |event: leptos::ev::Event| {
        let Some(field) = event.target().and_then(|t| t.dyn_into::<web_sys::HtmlInputElement>().ok()) else {
            return;
        };
        upload::chosen(field.files());
        field.set_value("");
    };
    view! {
        <input id=FILE_FIELD class="sr" type="file" multiple tabindex="-1" aria-hidden="true" data-test="file-field" on:change=chosen />
        <input id=FOLDER_FIELD node_ref=folder class="sr" type="file" multiple tabindex="-1" aria-hidden="true" data-test="folder-field" on:change=chosen />
    }
}

/// The window should close, or open another workspace, while jobs run.
#[component]
fn CloseAsked() -> impl IntoView {
    let asked = app().close_asked;
    let answer = move |choice: &'static str| move |_| shell::answer_close(choice);
    view! {
        <Modal open=Signal::derive(move || asked.get().is_some()) label=t(k::CLOSE_TITLE) test="close-dialog"
            close=|| if app().close_asked.get_untracked().is_some() { shell::answer_close("cancel") }>
            <div class="dialog-h"><h2>{t(k::CLOSE_TITLE)}</h2></div>
            <div class="dialog-b"><p>{move || tn(k::CLOSE_TEXT, asked.get().unwrap_or_default())}</p></div>
            <div class="dialog-f">
                <button class="btn btn-quiet" data-test="close-cancel" on:click=answer("cancel")>{t(k::CANCEL)}</button>
                <button class="btn" data-test="close-pause" on:click=answer("pause")>{t(k::CLOSE_PAUSE)}</button>
                <button class="btn btn-primary" data-test="close-background" on:click=answer("background")>{t(k::CLOSE_BACKGROUND)}</button>
            </div>
        </Modal>
    }
}
