//! What the window needs of WebKitGTK and GTK themselves. Other systems have a web view of their own.

use std::time::{Duration, Instant};
use tauri::WebviewWindow;

/// Settings of WebKitGTK that must stand before GTK starts: windows stay blank on many graphics drivers with its
/// DMA-BUF renderer.
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

/// Loads the page again when its process has died: the cookie lives in the network process, so the session goes on.
/// One that dies again at once is given up by `give_up`.
pub fn come_back_after_a_crash(
    window: &WebviewWindow,
    give_up: impl Fn() + Send + 'static,
) -> tauri::Result<()> {
    use webkit2gtk::WebViewExt as _;
    window.with_webview(move |view| {
        let last = std::cell::Cell::new(None::<Instant>);
        view.inner().connect_web_process_terminated(move |view, reason| {
            eprintln!("the page's process ended ({reason:?}); starting it again");
            let now = Instant::now();
            match (last.replace(Some(now)), view.uri()) {
                (before, Some(uri)) if before.is_none_or(|then| now - then > Duration::from_secs(3)) => {
                    view.load_uri(&uri);
                }
                _ => give_up(),
            }
        });
    })
}
