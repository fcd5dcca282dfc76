//! The one window: where it may go, what the page may ask of it, its close button, what is dropped on it.

use app::desktop::{Desk, Problem};
use std::sync::atomic::{AtomicI32, Ordering};
use tauri::http::{HeaderValue, Response, header};
use tauri::ipc::CapabilityBuilder;
use tauri::webview::NewWindowResponse;
use tauri::{
    AppHandle, Manager as _, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, Window, WindowEvent,
};
use tauri_plugin_window_state::StateFlags;

use crate::{menu, shell, webkit};

/// The window's label, which its capability names.
pub const LABEL: &str = "main";
const TITLE: &str = "AuroraSOC Desktop";
/// Where the window's own page lives.
const OWN: &str = "aurora://localhost/";
const OWN_CSP: &str = "default-src 'none'; style-src aurora://localhost";

/// What is remembered of the window. Not whether it was visible: it is hidden before it closes.
pub const REMEMBERED: StateFlags =
    StateFlags::SIZE.union(StateFlags::POSITION).union(StateFlags::MAXIMIZED).union(StateFlags::FULLSCREEN);

/// Answers a request on the scheme `aurora:`: the style sheet, or the page that stands at this moment.
pub fn own_page(handle: &AppHandle, path: &str) -> Response<Vec<u8>> {
    let (kind, body) = match path {
        "/notice.css" => ("text/css; charset=utf-8", app::desktop::STYLE.to_owned()),
        _ => ("text/html; charset=utf-8", handle.state::<Desk>().page()),
    };
    let mut response = Response::new(body.into_bytes());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(OWN_CSP));
    response
}

/// Shows what lies on the desk: the workspace's page, or the window's own. The window is made at the first call.
pub fn show(handle: &AppHandle) -> tauri::Result<()> {
    let desk = handle.state::<Desk>();
    let open = desk.shown().filter(|_| !desk.in_trouble());
    if let Some(open) = &open {
        allow(handle, &open.origin())?;
    }
    let address = open.as_ref().map_or_else(|| OWN.to_owned(), |open| open.start_url());
    let title = open.map_or_else(|| TITLE.to_owned(), |open| format!("{} \u{2013} {TITLE}", open.name()));
    let url: Url = address.parse().map_err(|_| tauri::Error::InvalidWebviewUrl("not an address"))?;
    if let Some(window) = handle.get_webview_window(LABEL) {
        window.set_title(&title)?;
        return window.navigate(url);
    }
    let target =
        if url.scheme() == "aurora" { WebviewUrl::CustomProtocol(url) } else { WebviewUrl::External(url) };
    let guard = handle.clone();
    // A web driver can only attach to the shared web context; everyone else gets one that keeps cookies, cache and
    // history in memory alone.
    let driven = std::env::var("TAURI_WEBVIEW_AUTOMATION").as_deref() == Ok("true");
    let window = WebviewWindowBuilder::new(handle, LABEL, target)
        .title(title)
        .inner_size(1280.0, 800.0)
        .min_inner_size(800.0, 560.0)
        .incognito(!driven)
        .on_navigation(move |url| may_go(&guard, url))
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    let handle = handle.clone();
    webkit::come_back_after_a_crash(&window, move || {
        handle.state::<Desk>().fail(Problem::of("crashed", &[]));
        shell::show_or_say(&handle);
    })
}

/// Only the workspace's own pages, and the window's. A link below /do/ of the latter is a button.
fn may_go(handle: &AppHandle, url: &Url) -> bool {
    let desk = handle.state::<Desk>();
    if url.scheme() == "aurora" {
        let action = url.path().strip_prefix("/do/").filter(|_| desk.in_trouble());
        let buttons = ["retry", "workspace-open", "workspace-new", "quit"];
        if let Some(action) = action.filter(|it| buttons.contains(it) || it.starts_with("recent-")) {
            menu::act(handle, action);
        }
        return url.path() == "/" && desk.in_trouble();
    }
    desk.shown().is_some_and(|open| open.origin() == url.origin().ascii_serialization())
}

/// Grants the page at `origin`, and no other, our own commands and the events they come with. Tauri takes no grant back,
/// so that of a workspace that was closed stays; nothing can use it: the window goes to no origin but the one that is
/// shown ([`may_go`]), and its pages load no frames of another.
fn allow(handle: &AppHandle, origin: &str) -> tauri::Result<()> {
    let port = origin.rsplit(':').next().unwrap_or_default();
    handle.add_capability(
        CapabilityBuilder::new(format!("page-{port}"))
            .local(false)
            .remote(format!("{origin}/*"))
            .window(LABEL)
            .permission("window-commands")
            .permission("core:event:allow-listen")
            .permission("core:event:allow-unlisten"),
    )
}

/// What happens to the window: its close button, and files dragged over it.
pub fn on_event(window: &Window, event: &WindowEvent) {
    match event {
        WindowEvent::CloseRequested { api, .. } => {
            api.prevent_close();
            menu::act(window.app_handle(), "quit");
        }
        WindowEvent::DragDrop(event) => shell::dragged(window.app_handle(), event),
        _ => {}
    }
}

fn main_window(handle: &AppHandle, what: impl FnOnce(&WebviewWindow) -> tauri::Result<()>) {
    if let Some(Err(reason)) = handle.get_webview_window(LABEL).as_ref().map(what) {
        eprintln!("the window did not answer: {reason}");
    }
}

/// Brings the window to the front, also from the background.
pub fn to_front(handle: &AppHandle) {
    main_window(handle, |window| {
        window.show()?;
        window.unminimize()?;
        window.set_focus()
    });
}

/// Whether the window is on the screen.
pub fn is_visible(handle: &AppHandle) -> bool {
    handle.get_webview_window(LABEL).is_some_and(|window| window.is_visible().unwrap_or(true))
}

/// Takes the window away while work goes on in the background.
pub fn hide(handle: &AppHandle) {
    main_window(handle, |window| window.hide());
}

/// Loads the page again where it stands, with a new start code: whatever became of its session, it is signed in.
pub fn reload(handle: &AppHandle) {
    let desk = handle.state::<Desk>();
    let open = desk.shown().filter(|_| !desk.in_trouble());
    main_window(handle, |window| {
        let Some(open) = open else { return window.reload() };
        let mut url: Url =
            open.start_url().parse().map_err(|_| tauri::Error::InvalidWebviewUrl("not an address"))?;
        match window.url() {
            Ok(now) if now.origin() == url.origin() => {
                url.set_path(now.path());
                url.set_query(now.query());
                // To go to another fragment of the same page would load nothing.
                let there = serde_json::to_string(url.as_str()).unwrap_or_default();
                window.eval(format!("history.replaceState(null, '', {there}); location.reload()"))
            }
            _ => window.navigate(url),
        }
    });
}

/// Goes to a path of the page, when a workspace is open.
pub fn visit(handle: &AppHandle, path: &str) {
    if let Some(open) = handle.state::<Desk>().shown()
        && let Ok(url) = (open.origin() + path).parse()
    {
        main_window(handle, |window| window.navigate(url));
    }
}

/// One step larger (1), smaller (-1), or back to actual size (0), between a half and three times.
pub fn zoom(handle: &AppHandle, step: i32) {
    static STEPS: AtomicI32 = AtomicI32::new(0);
    let steps = if step == 0 { 0 } else { (STEPS.load(Ordering::Relaxed) + step).clamp(-5, 20) };
    STEPS.store(steps, Ordering::Relaxed);
    main_window(handle, |window| window.set_zoom(1.0 + f64::from(steps) / 10.0));
}
