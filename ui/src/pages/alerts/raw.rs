//! The raw bytes of an event, in hex, asked for when somebody wants to see them.

use crate::{
    components::{failed::Failed, icon::Icon},
    data::{client, failure::Failure},
    i18n::{k, t},
    text::visible_lines,
};
use api::siem::{LogGet, LogPath, LogQuery};
use leptos::{html, prelude::*, task::spawn_local};

/// Bytes a line where there is room, and where there is not.
const WIDTHS: (usize, usize) = (16, 8);
/// Width in px that the wide lines need.
const ROOM: i32 = 540;
/// Bytes shown; an EVTX record is at most 64 kB.
const SHOWN: usize = 65_536;

/// `offset  hex  text`, one line each.
fn dump(bytes: &[u8], width: usize) -> String {
    let mut out = String::with_capacity(bytes.len() * 5);
    for (i, line) in bytes.chunks(width).enumerate() {
        let mut hex = String::new();
        for (j, byte) in line.iter().enumerate() {
            hex += &format!("{byte:02x} ");
            if j == 7 && width > 8 {
                hex.push(' ');
            }
        }
        let text: String =
            line.iter().map(|b| if (0x20..0x7f).contains(b) { char::from(*b) } else { '.' }).collect();
        let room = width * 3 + width / 16;
        out += &format!("{:06x}  {hex:<room$} {text}\n", i * width);
    }
    out
}

fn decode(base64: &str) -> Option<Vec<u8>> {
    let text = window().atob(base64).ok()?;
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

/// Why the server has no bytes: its English reason, and what the tables say of it.
fn missing(reason: Option<&str>) -> &'static str {
    match reason {
        Some(r) if r.contains("archive") => t(k::RAW_IN_ARCHIVE),
        Some(r) if r.contains("removed") => t(k::RAW_REMOVED),
        _ => t(k::RAW_MISSING),
    }
}

/// The dump; or why there is none, and below it the event as it was read.
#[component]
pub fn Raw(log_id: String, text: String) -> impl IntoView {
    let shown = RwSignal::new(None::<Result<Result<Vec<u8>, &'static str>, Failure>>);
    let read = move || {
        let log_id = log_id.clone();
        spawn_local(async move {
            let query = LogQuery { raw: Some(true), view: None };
            let outcome = client::call::<LogGet>(&LogPath { log_id }, &query, &()).await;
            let bytes = outcome.map(|answer| {
                let bytes = answer.value.raw.as_deref().and_then(decode);
                bytes.ok_or_else(|| missing(answer.value.raw_missing.as_deref()))
            });
            let _ = shown.try_set(Some(bytes));
        });
    };
    read();
    let retry = Callback::new(move |()| read());
    let frame = NodeRef::<html::Div>::new();
    let wide = RwSignal::new(true);
    let measure = move || {
        if let Some(frame) = frame.get_untracked() {
            wide.set(frame.client_width() >= ROOM);
        }
    };
    Effect::new(move || {
        frame.track();
        measure();
    });
    let resized = window_event_listener(leptos::ev::resize, move |_| measure());
    on_cleanup(move || resized.remove());
    let inside = move || {
        match shown.get() {
        None => view! { <span class="skel"></span> }.into_any(),
        Some(Ok(Ok(bytes))) => {
            let width = if wide.get() { WIDTHS.0 } else { WIDTHS.1 };
            let lines = dump(&bytes[..bytes.len().min(SHOWN)], width);
            view! { <pre class="code pad hex" tabindex="0" role="region" aria-label=t(k::EVENT_RAW) data-test="event-hex">{lines}</pre> }.into_any()
        }
        Some(Ok(Err(reason))) => view! {
            <p class="notice" data-test="event-hex-missing"><Icon name="info" /><span>{reason}" "{t(k::RAW_TEXT_INSTEAD)}</span></p>
            <pre class="code pad hex event-text" tabindex="0" role="region" aria-label=t(k::EVENT_TEXT) data-test="event-text">{visible_lines(&text)}</pre>
        }
        .into_any(),
        Some(Err(failure)) => view! { <Failed failure=failure retry=retry test="hex-error" /> }.into_any(),
    }
    };
    view! { <div node_ref=frame>{inside}</div> }
}
