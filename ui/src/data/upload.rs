//! Files from a browser to the server: what was chosen together travels together and becomes one job. In the desktop
//! window the shell hands over paths instead.

use super::{
    client,
    failure::Failure,
    jobs,
    pick::{self, Found, Picked},
    speed::Speed,
};
use crate::{
    clock::now_ms,
    components::toast,
    i18n::{k, t, tn, tnf},
    state::{Upload, app},
};
use api::{
    Problem, Route,
    jobs::JobAccepted,
    siem::{ImportCreate, ImportQuery},
};
use leptos::{prelude::*, task::spawn_local};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{DataTransfer, FormData, ProgressEvent, XmlHttpRequest};

thread_local! {
    static NEXT: Cell<u64> = const { Cell::new(0) };
    static TRAVELLING: RefCell<BTreeMap<u64, Rc<XmlHttpRequest>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Takes files from a file field.
pub fn chosen(list: Option<web_sys::FileList>) {
    import(pick::chosen(list));
}

/// Takes files and folders from a drop.
pub fn dropped(data: &DataTransfer) {
    let found = pick::dropped(data);
    spawn_local(async move { import(found.await) });
}

/// Says what could not be read; None where nothing is left to send.
pub fn readable(found: Found) -> Option<Vec<Picked>> {
    if found.unread > 0 {
        toast::error(tn(k::UPLOAD_UNREAD, found.unread), Some(t(k::UPLOAD_UNREAD_TEXT).to_owned()), None);
    } else if found.files.is_empty() {
        toast::error(t(k::UPLOAD_NOTHING).to_owned(), None, None);
    }
    Some(found.files).filter(|f| !f.is_empty())
}

fn import(found: Found) {
    let Some(files) = readable(found) else { return };
    let url = client::url::<ImportCreate>(&api::Empty {}, &ImportQuery::default());
    spawn_local(async move {
        let label = label(&files);
        if let Ok(text) = send(&url, ImportCreate::METHOD, files).await
            && let Ok(accepted) = serde_json::from_str::<JobAccepted>(&text)
        {
            jobs::named(accepted.job_id, label);
        }
        jobs::look();
    });
}

/// What several files are called together.
fn label(files: &[Picked]) -> String {
    let first = files.first().map(|f| f.path.clone()).unwrap_or_default();
    match files.len() {
        0 | 1 => first,
        n => tnf(k::UPLOAD_FILES, n as u64, &[("name", &first)]),
    }
}

/// Sends all files in one request, with a line in the tray while it travels; the answer's text when the server took
/// them. What went wrong stands in that line until it is closed.
pub async fn send(url: &str, method: &str, files: Vec<Picked>) -> Result<String, Failure> {
    let id = NEXT.replace(NEXT.get() + 1);
    let total = files.iter().map(|f| f.file.size() as u64).sum();
    let upload =
        Upload { id, name: label(&files), sent: 0, total, speed: Speed::starting(now_ms()), failed: None };
    app().tray.set(true);
    app().uploads.update(|all| all.push(upload));
    let outcome = travel(id, url, method, &files).await;
    TRAVELLING.with_borrow_mut(|t| t.remove(&id));
    match &outcome {
        Ok(_) | Err(Failure::Cancelled) => app().uploads.update(|all| all.retain(|u| u.id != id)),
        Err(failure) => change(id, |u| u.failed = Some(failure.sentence())),
    }
    outcome
}

/// Stops sending: the server drops what it has of it.
pub fn cancel(id: u64) {
    if let Some(request) = TRAVELLING.with_borrow_mut(|t| t.remove(&id)) {
        let _ = request.abort();
    }
}

fn change(id: u64, f: impl FnOnce(&mut Upload)) {
    app().uploads.update(|all| {
        if let Some(upload) = all.iter_mut().find(|u| u.id == id) {
            f(upload);
        }
    });
}

async fn travel(id: u64, url: &str, method: &str, files: &[Picked]) -> Result<String, Failure> {
    let request = Rc::new(XmlHttpRequest::new().map_err(|_| Failure::Offline)?);
    TRAVELLING.with_borrow_mut(|t| t.insert(id, Rc::clone(&request)));
    let progress = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
        change(id, |u| {
            // The body is a little longer than its files: boundaries and names.
            u.sent = (event.loaded() as u64).min(u.total);
            u.speed.tell(now_ms(), u.sent);
        });
    });
    let session = client::session();
    let mut begun = Ok(());
    let ended = js_sys::Promise::new(&mut |done, _| {
        begun = begin(&request, url, method, files, &progress, &done);
        if begun.is_err() {
            let _ = done.call0(&JsValue::NULL);
        }
    });
    let _ = wasm_bindgen_futures::JsFuture::from(ended).await;
    drop(progress);
    begun.map_err(|_| Failure::Offline)?;
    // Whoever cancelled took it out.
    if TRAVELLING.with_borrow(|t| !t.contains_key(&id)) {
        return Err(Failure::Cancelled);
    }
    outcome(&request, session)
}

/// XMLHttpRequest and not fetch: only it tells how far a body has travelled.
fn begin(
    request: &XmlHttpRequest,
    url: &str,
    method: &str,
    files: &[Picked],
    progress: &Closure<dyn Fn(ProgressEvent)>,
    done: &js_sys::Function,
) -> Result<(), JsValue> {
    let form = FormData::new()?;
    for one in files {
        form.append_with_blob_and_filename("file", &one.file, &one.path)?;
    }
    request.open_with_async(method, url, true)?;
    if let Some(csrf) = client::csrf() {
        request.set_request_header("X-CSRF-Token", &csrf)?;
    }
    request.upload()?.set_onprogress(Some(progress.as_ref().unchecked_ref()));
    request.set_onloadend(Some(done));
    request.send_with_opt_form_data(Some(&form))
}

/// The answer's text; why it failed, where it did.
fn outcome(request: &XmlHttpRequest, session: u32) -> Result<String, Failure> {
    let text = request.response_text().ok().flatten().unwrap_or_default();
    if request.status().is_ok_and(|s| (200..300).contains(&s)) {
        return Ok(text);
    }
    let problem = serde_json::from_str::<Problem>(&text).map_err(|_| Failure::Offline)?;
    let wait = request.get_response_header("Retry-After").ok().flatten();
    Err(client::said_no(problem, wait.and_then(|w| w.trim().parse().ok()), session))
}
