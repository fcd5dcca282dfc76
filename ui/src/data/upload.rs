//! Files from a browser to the server, each a stream of its own; in the desktop window the shell does this.

use super::{client, jobs};
use crate::{
    i18n::{k, t},
    state::{Upload, app},
};
use api::{
    Problem, Route,
    jobs::JobAccepted,
    siem::{ImportCreate, ImportQuery},
};
use leptos::prelude::*;
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{
    DataTransfer, File, FileSystemDirectoryEntry, FileSystemEntry, FileSystemFileEntry, ProgressEvent, XmlHttpRequest,
};

/// How many files travel at once.
const AT_ONCE: u32 = 2;

thread_local! {
    static WAITING: RefCell<VecDeque<(u64, File)>> = const { RefCell::new(VecDeque::new()) };
    static TRAVELLING: Cell<u32> = const { Cell::new(0) };
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// Takes files from a file field.
pub fn files(list: Option<web_sys::FileList>) {
    let Some(list) = list else { return };
    for i in 0..list.length() {
        if let Some(file) = list.get(i) {
            let name = js_sys::Reflect::get(&file, &"webkitRelativePath".into()).ok().and_then(|v| v.as_string());
            enqueue(name.filter(|n| !n.is_empty()).unwrap_or_else(|| file.name()), file);
        }
    }
}

/// Takes files and folders from a drop.
pub fn dropped(data: &DataTransfer) {
    let items = data.items();
    let mut entries = Vec::new();
    for i in 0..items.length() {
        // The entries are only there while the drop is handled: collect first, walk afterwards.
        if let Some(entry) = items.get(i).and_then(|item| item.webkit_get_as_entry().ok().flatten()) {
            entries.push(entry);
        }
    }
    if entries.is_empty() {
        files(data.files());
    }
    entries.iter().for_each(walk);
}

fn walk(entry: &FileSystemEntry) {
    let path = entry.full_path().trim_start_matches('/').to_owned();
    if entry.is_file() {
        let entry: &FileSystemFileEntry = entry.unchecked_ref();
        let found = Closure::once_into_js(move |file: File| enqueue(path, file));
        entry.file_with_callback(found.unchecked_ref());
    } else if entry.is_directory() {
        let folder: &FileSystemDirectoryEntry = entry.unchecked_ref();
        read_folder(folder.create_reader());
    }
}

/// A reader gives at most a hundred entries a time: go on until it gives none.
fn read_folder(reader: web_sys::FileSystemDirectoryReader) {
    let again = reader.clone();
    let found = Closure::once_into_js(move |entries: js_sys::Array| {
        if entries.length() > 0 {
            entries.iter().for_each(|e| walk(e.unchecked_ref()));
            read_folder(again);
        }
    });
    let _ = reader.read_entries_with_callback(found.unchecked_ref());
}

fn enqueue(name: String, file: File) {
    let id = NEXT.replace(NEXT.get() + 1);
    let total = file.size() as u64;
    let app = app();
    app.tray.set(true);
    app.uploads.update(|all| all.push(Upload { id, name, sent: 0, total, failed: None }));
    WAITING.with_borrow_mut(|w| w.push_back((id, file)));
    next();
}

fn next() {
    while TRAVELLING.get() < AT_ONCE {
        let Some((id, file)) = WAITING.with_borrow_mut(VecDeque::pop_front) else { return };
        TRAVELLING.set(TRAVELLING.get() + 1);
        if send(id, &file).is_err() {
            finished(id, Some(t(k::ERROR_OFFLINE).to_owned()));
        }
    }
}

fn change(id: u64, f: impl FnOnce(&mut Upload)) {
    app().uploads.update(|all| {
        if let Some(upload) = all.iter_mut().find(|u| u.id == id) {
            f(upload);
        }
    });
}

/// XMLHttpRequest and not fetch: only it tells how far a body has travelled.
fn send(id: u64, file: &File) -> Result<(), JsValue> {
    let name = app().uploads.with_untracked(|all| all.iter().find(|u| u.id == id).map(|u| u.name.clone()));
    let query = ImportQuery { name, ..ImportQuery::default() };
    let request = Rc::new(XmlHttpRequest::new()?);
    request.open_with_async(ImportCreate::METHOD, &client::url::<ImportCreate>(&api::Empty {}, &query), true)?;
    request.set_request_header("Content-Type", "application/octet-stream")?;
    if let Some(csrf) = client::csrf() {
        request.set_request_header("X-CSRF-Token", &csrf)?;
    }
    let progress = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
        change(id, |u| u.sent = event.loaded() as u64);
    });
    request.upload()?.set_onprogress(Some(progress.as_ref().unchecked_ref()));
    progress.forget();
    let answered = Rc::clone(&request);
    let done = Closure::once_into_js(move || finished(id, outcome(&answered)));
    request.set_onloadend(Some(done.unchecked_ref()));
    request.send_with_opt_blob(Some(file))
}

/// Why it failed; None when the server took it.
fn outcome(request: &XmlHttpRequest) -> Option<String> {
    let text = request.response_text().ok().flatten().unwrap_or_default();
    if request.status() == Ok(202) && serde_json::from_str::<JobAccepted>(&text).is_ok() {
        return None;
    }
    let Ok(problem) = serde_json::from_str::<Problem>(&text) else { return Some(t(k::ERROR_OFFLINE).to_owned()) };
    Some(super::failure::Failure::Problem(Box::new(problem.error)).sentence())
}

fn finished(id: u64, failed: Option<String>) {
    TRAVELLING.set(TRAVELLING.get().saturating_sub(1));
    match failed {
        None => app().uploads.update(|all| all.retain(|u| u.id != id)),
        failed => change(id, |u| u.failed = failed),
    }
    jobs::look();
    next();
}
