//! Live events: one WebSocket that comes back by itself, with a growing pause, and goes on where it was.

use super::client;
use crate::state::{Auth, Link, app};
use api::{ClientFrame, Live, ServerFrame};
use leptos::prelude::*;
use std::{
    cell::{Cell, RefCell},
    time::Duration,
};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{CloseEvent, MessageEvent, WebSocket};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// The server's code for ended credentials.
const SIGNED_OUT: u16 = 4401;

thread_local! {
    static SOCKET: RefCell<Option<WebSocket>> = const { RefCell::new(None) };
    static SEEN: Cell<Option<i64>> = const { Cell::new(None) };
    /// Asked to resume and not answered yet: what comes before the answer is told again after it.
    static RESUMING: Cell<bool> = const { Cell::new(false) };
    static PAUSE: Cell<Duration> = const { Cell::new(FIRST_PAUSE) };
}

/// Opens the stream of a new session; one of the session before is let go, and what is new goes on where it was.
pub fn start() {
    PAUSE.set(FIRST_PAUSE);
    hang_up();
    connect();
}

/// Ends it for good.
pub fn stop() {
    SEEN.set(None);
    hang_up();
}

fn hang_up() {
    RESUMING.set(false);
    if let Some(socket) = SOCKET.take() {
        socket.set_onclose(None);
        let _ = socket.close();
    }
}

fn connect() {
    let location = window().location();
    let scheme = if location.protocol().as_deref() == Ok("https:") { "wss" } else { "ws" };
    let url = format!("{scheme}://{}/api/v1/ws/alerts", location.host().unwrap_or_default());
    let Ok(socket) = WebSocket::new(&url) else { return };

    let opened = Closure::<dyn Fn()>::new(|| {
        app().link.set(Link::Live);
        PAUSE.set(FIRST_PAUSE);
        if let Some(after) = SEEN.get()
            && let Ok(frame) = serde_json::to_string(&ClientFrame::Resume { after })
        {
            RESUMING.set(true);
            SOCKET.with_borrow(|s| s.as_ref().map(|s| s.send_with_str(&frame)));
        }
    });
    socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
    opened.forget();

    let message = Closure::<dyn Fn(MessageEvent)>::new(|event: MessageEvent| {
        if let Some(text) = event.data().as_string() {
            frame(&text);
        }
    });
    socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
    message.forget();

    let begun = client::session();
    let closed = Closure::<dyn Fn(CloseEvent)>::new(move |event: CloseEvent| lost(event.code(), begun));
    socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
    closed.forget();
    SOCKET.set(Some(socket));
}

fn frame(text: &str) {
    if let Ok(live) = serde_json::from_str::<Live>(text) {
        if !RESUMING.get() && SEEN.get().is_none_or(|seen| live.seq > seen) {
            SEEN.set(Some(live.seq));
            crate::pages::alerts::live::arrived(live);
        }
        return;
    }
    match serde_json::from_str::<ServerFrame>(text) {
        Ok(ServerFrame::Ready { seq }) => {
            if SEEN.get().is_none() {
                SEEN.set(Some(seq));
            }
        }
        Ok(ServerFrame::Resumed { after }) => {
            RESUMING.set(false);
            SEEN.set(Some(after));
        }
        Ok(ServerFrame::Gap { to, .. }) => {
            SEEN.set(Some(to));
            crate::pages::alerts::live::missed();
        }
        Ok(ServerFrame::Error { error }) => {
            leptos::logging::warn!("live: {} {}", error.code.as_str(), error.message)
        }
        // A newer server may say more than this page knows.
        Err(_) => {}
    }
}

fn lost(code: u16, begun: u32) {
    if begun != client::session() {
        return;
    }
    SOCKET.take();
    RESUMING.set(false);
    let app = app();
    if app.auth.get_untracked() != Auth::In {
        return;
    }
    if code == SIGNED_OUT {
        return client::ended(begun);
    }
    app.link.set(Link::Down);
    let pause = PAUSE.get();
    PAUSE.set((pause * 2).min(LONGEST_PAUSE));
    set_timeout(
        || {
            if SOCKET.with_borrow(Option::is_none) && crate::state::app().auth.get_untracked() == Auth::In {
                connect();
            }
        },
        pause,
    );
}
