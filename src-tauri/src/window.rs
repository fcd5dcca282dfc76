//! The one window: where it may go, what the page may ask of it, its close button, its web process.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use app::desktop::Problem;
use tauri::ipc::CapabilityBuilder;
use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, Window, WindowEvent};
use tauri_plugin_window_state::StateFlags;

use crate::shell::{Leave, Shell, ask_to_leave};
use crate::{intake, menu, notice};

/// The window's label, which its capability names.
pub const LABEL: &str = "main";

/// What is remembered of the window. Not whether it was visible: it is hidden before it closes.
pub const REMEMBERED: StateFlags =
    StateFlags::SIZE.union(StateFlags::POSITION).union(StateFlags::MAXIMIZED).union(StateFlags::FULLSCREEN);

/// Settings of WebKitGTK that must stand before GTK starts: windows stay blank on many graphics
/// drivers with its DMA-BUF renderer.
pub fn before_gtk(safe_graphics: bool) {
    let set = |name: &str| {
        if std::env::var_os(name).is_none() {
            // SAFETY: called by main before any other thread exists (what runs before it starts none).
            #[allow(unsafe_code)]
            unsafe {
                std::env::set_var(name, "1")
            }
        }
    };
    set("WEBKIT_DISABLE_DMABUF_RENDERER");
    if safe_graphics {
        set("WEBKIT_DISABLE_COMPOSITING_MODE");
    }
}

/// Shows `address` in the window, which is made at the first call.
pub fn show(handle: &AppHandle, address: &str) -> tauri::Result<()> {
    let url: Url = address.parse().map_err(|_| tauri::Error::InvalidWebviewUrl("not an address"))?;
    if let Some(window) = handle.get_webview_window(LABEL) {
        return window.navigate(url);
    }
    let target =
        if url.scheme() == "aurora" { WebviewUrl::CustomProtocol(url) } else { WebviewUrl::External(url) };
    let guard = handle.clone();
    // A web driver can only attach to the shared web context; everyone else gets one that keeps
    // cookies, cache and history in memory alone.
    let driven = std::env::var("TAURI_WEBVIEW_AUTOMATION").as_deref() == Ok("true");
    let window = WebviewWindowBuilder::new(handle, LABEL, target)
        .title("AuroraSOC Desktop")
        .inner_size(1280.0, 800.0)
        .min_inner_size(800.0, 560.0)
        .incognito(!driven)
        .on_navigation(move |url| may_go(&guard, url))
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    come_back_after_a_crash(&window)
}

fn may_go(handle: &AppHandle, url: &Url) -> bool {
    if let Some(action) = url.path().strip_prefix("/do/").filter(|_| url.scheme() == "aurora") {
        let action = if action == "open" { "workspace-open" } else { action };
        if ["retry", "workspace-open", "quit"].contains(&action) {
            menu::act(handle, action);
        }
        return false;
    }
    let origin = handle.state::<Shell>().origin();
    let own = url.origin().ascii_serialization();
    url.as_str().starts_with(notice::ORIGIN) || origin.is_some_and(|origin| origin == own)
}

/// Grants the page at `origin`, and no other, our own commands and the events they come with.
pub fn allow(handle: &AppHandle, origin: &str) -> tauri::Result<()> {
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

/// A web process that died is started again on the same page; its cookie lives in the network
/// process, so the session goes on. One that dies again at once is left at the window's own page.
fn come_back_after_a_crash(window: &WebviewWindow) -> tauri::Result<()> {
    let handle = window.app_handle().clone();
    window.with_webview(move |view| {
        use webkit2gtk::WebViewExt;
        let last = Mutex::new(None::<Instant>);
        view.inner().connect_web_process_terminated(move |view, reason| {
            eprintln!("the page's process ended ({reason:?}); starting it again");
            let now = Instant::now();
            let before = last.lock().ok().and_then(|mut last| last.replace(now));
            let origin = handle.state::<Shell>().origin();
            match origin.filter(|_| before.is_none_or(|then| now - then > Duration::from_secs(3))) {
                Some(origin) => view.load_uri(&view.uri().map_or(origin + "/", |uri| uri.to_string())),
                None => view.load_uri(&format!("{}/", notice::ORIGIN)),
            }
        });
    })
}

/// What happens to the window: its close button, and files dragged over it.
pub fn on_event(window: &Window, event: &WindowEvent) {
    match event {
        WindowEvent::CloseRequested { api, .. } => {
            api.prevent_close();
            ask_to_leave(window.app_handle(), Leave::Quit);
        }
        WindowEvent::DragDrop(event) => intake::dragged(window.app_handle(), event),
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

/// The window system's refusal in the form that the page and the native messages show.
pub fn trouble(reason: tauri::Error) -> Problem {
    Problem {
        title: "The window did not answer".into(),
        text: reason.to_string(),
        todo: String::new(),
        log: None,
        owner: None,
    }
}

/// Takes the window away while work goes on in the background.
pub fn hide(handle: &AppHandle) {
    main_window(handle, |window| window.hide());
}

/// Loads the page again.
pub fn reload(handle: &AppHandle) {
    main_window(handle, |window| window.reload());
}

/// Goes to a path of the page, when a workspace is open.
pub fn visit(handle: &AppHandle, path: &str) {
    if let Some(origin) = handle.state::<Shell>().origin()
        && let Err(reason) = show(handle, &(origin + path))
    {
        eprintln!("{path}: {reason}");
    }
}

/// One step larger (1), smaller (-1), or back to actual size (0).
pub fn zoom(handle: &AppHandle, step: i32) {
    let scale = handle.state::<Shell>().zoom(step);
    main_window(handle, |window| window.set_zoom(scale));
}
