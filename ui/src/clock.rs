//! Times on screen: UTC or this machine's zone, by one switch.

use api::{Time, users::TimeZone};

/// Minutes that local time is ahead of UTC at this instant.
fn offset_minutes(ms: i64) -> i64 {
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(ms as f64));
    -(date.get_timezone_offset() as i64)
}

/// This instant in milliseconds since the epoch.
pub fn now_ms() -> i64 {
    js_sys::Date::now() as i64
}

/// `2026-11-18 08:12:44.318`, in the zone that the user chose.
pub fn full(time: Time, zone: TimeZone) -> String {
    let shown = match zone {
        TimeZone::Utc => time,
        TimeZone::Local => Time(time.0 + offset_minutes(time.0) * 60_000),
    };
    shown.to_string().trim_end_matches('Z').replace('T', " ")
}

/// To the second.
pub fn second(time: Time, zone: TimeZone) -> String {
    let mut text = full(time, zone);
    text.truncate(text.rfind('.').unwrap_or(text.len()));
    text
}

/// Both zones, for a tooltip: `2026-11-18 08:12:44.318 UTC · 10:12:44.318 +02:00`.
pub fn both(time: Time) -> String {
    let minutes = offset_minutes(time.0);
    let sign = if minutes < 0 { '-' } else { '+' };
    let zone = format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60);
    format!("{} UTC · {} {zone}", full(time, TimeZone::Utc), full(time, TimeZone::Local))
}

/// `1:05` or `2:03:04` from seconds.
pub fn span(seconds: u64) -> String {
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m}:{s:02}") }
}

/// As a field for date and time writes it: `2026-11-18T08:12`.
pub fn to_field(time: Time, zone: TimeZone) -> String {
    let mut text = full(time, zone).replace(' ', "T");
    text.truncate("2026-11-18T08:12".len());
    text
}

/// From such a field; None where it is empty or not a time.
pub fn from_field(text: &str, zone: TimeZone) -> Option<Time> {
    let seconds = if text.matches(':').count() == 1 { ":00" } else { "" };
    let utc = Time::parse(&format!("{text}{seconds}Z"))?;
    Some(match zone {
        TimeZone::Utc => utc,
        // The zone of that day, not of today: summer time.
        TimeZone::Local => Time(utc.0 - offset_minutes(utc.0) * 60_000),
    })
}
