//! The raw bytes of an event, in hex, asked for when somebody wants to see them.

use crate::{
    data::client,
    i18n::{k, t},
};
use api::siem::{LogGet, LogPath, LogQuery};
use leptos::{prelude::*, task::spawn_local};

/// Bytes a line.
const WIDTH: usize = 16;
/// Bytes shown; an EVTX record is at most 64 kB.
const SHOWN: usize = 65_536;

/// `offset  hex  text`, one line each.
fn dump(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 5);
    for (i, line) in bytes.chunks(WIDTH).enumerate() {
        let mut hex = String::new();
        for (j, byte) in line.iter().enumerate() {
            hex += &format!("{byte:02x} ");
            if j == WIDTH / 2 - 1 {
                hex.push(' ');
            }
        }
        let text: String = line.iter().map(|b| if (0x20..0x7f).contains(b) { char::from(*b) } else { '.' }).collect();
        out += &format!("{:06x}  {hex:<49} {text}\n", i * WIDTH);
    }
    out
}

fn decode(base64: &str) -> Option<Vec<u8>> {
    let text = window().atob(base64).ok()?;
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

/// The dump, or why there is none.
#[component]
pub fn Raw(log_id: String) -> impl IntoView {
    let shown = RwSignal::new(None::<Result<String, String>>);
    spawn_local(async move {
        let query = LogQuery { raw: Some(true) };
        let outcome = match client::call::<LogGet>(&LogPath { log_id }, &query, &()).await {
            Ok(answer) => match (answer.value.raw.as_deref().and_then(decode), answer.value.raw_missing) {
                (Some(bytes), _) => Ok(dump(&bytes[..bytes.len().min(SHOWN)])),
                (None, reason) => Err(reason.map_or_else(|| t(k::RAW_MISSING).to_owned(), |r| crate::text::visible(&r))),
            },
            Err(failure) => Err(failure.sentence()),
        };
        let _ = shown.try_set(Some(outcome));
    });
    move || match shown.get() {
        None => view! { <span class="skel"></span> }.into_any(),
        Some(Ok(text)) => view! { <pre class="code pad hex" tabindex="0" role="region" aria-label=t(k::EVENT_RAW) data-test="event-hex">{text}</pre> }.into_any(),
        Some(Err(reason)) => view! { <p class="notice" data-test="event-hex-missing">{reason}</p> }.into_any(),
    }
}
