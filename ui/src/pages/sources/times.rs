//! The section on clocks: the zone of the source, and by how much clocks of its hosts were off.

use super::offset;
use crate::{
    clock,
    components::{toast, tray::zone},
    data::{client, clocks},
    i18n::{k, t, tf, tn},
    state::app,
    text::visible,
};
use api::{
    Empty,
    siem::{Clock, ClockDelete, ClockPath, SourceDetail, SourceHost},
};
use leptos::{prelude::*, task::spawn_local};

/// Takes one back; what is on screen is read again.
fn take_back(id: String) {
    spawn_local(async move {
        match client::call::<ClockDelete>(&ClockPath { clock_id: id }, &Empty {}, &()).await {
            Ok(_) => {
                clocks::changed();
                app().sources.changed();
            }
            Err(failure) => toast::failure(&failure, None),
        }
    });
}

fn back(id: &str) -> impl IntoView + use<> {
    let id = id.to_owned();
    app().may("siem:write").then(|| {
        view! { <button class="btn btn-sm btn-quiet" data-test="clock-back" on:click=move |_| take_back(id.clone())>{t(k::CLOCK_BACK)}</button> }
    })
}

/// Who set it, when and why, for a title.
fn told(clock: &Clock) -> String {
    let at = clock::both(clock.set_at);
    let why = clock.reason.as_deref().map(|why| format!("\n{}", visible(why))).unwrap_or_default();
    format!("{}{why}", tf(k::CLOCK_TOLD, &[("name", &visible(&clock.set_by)), ("at", &at)]))
}

fn of_source(s: &SourceDetail) -> impl IntoView + use<> {
    let set = s.clocks.iter().find(|c| c.timezone.is_some());
    let words = match set.and_then(|c| c.timezone.as_deref()) {
        Some(zone) => tf(k::ZONE_IS, &[("zone", &zone)]),
        None if s.zoneless => t(k::CLOCK_UTC).to_owned(),
        None if s.import.is_some() => t(k::CLOCK_OWN_ZONE).to_owned(),
        None => t(k::CLOCK_ZONE_UNKNOWN).to_owned(),
    };
    let open = s.zoneless && set.is_none();
    let id = s.source.source_id.clone();
    let ask = (app().may("siem:write") && (s.zoneless || set.is_some() || s.import.is_none())).then(|| {
        let label = t(if set.is_some() { k::ZONE_CHANGE } else { k::ZONE_SET });
        view! { <button class="btn btn-sm" data-test="source-zone" on:click=move |_| zone::ask(vec![id.clone()])>{label}</button> }
    });
    view! {
        <p class="row wrap t12" data-test="source-zone-is">
            <span class=if open { "warn-c" } else { "t2" } title=set.map(told)>{words}</span>{ask}{set.map(|c| back(&c.clock_id))}
        </p>
    }
}

fn offset(clock: &Clock) -> impl IntoView + use<> {
    let by = clock.offset_seconds.unwrap_or_default();
    let span = offset::span(by);
    let words = if by < 0 { k::CLOCK_AHEAD } else { k::CLOCK_BEHIND };
    let scope = t(if clock.source.is_some() { k::CLOCK_HERE } else { k::CLOCK_EVERYWHERE });
    view! {
        <p class="row wrap" data-test="host-offset"><span title=told(clock)>{tf(words, &[("span", &span)])}" "<span class="t3">{scope}</span></span>{back(&clock.clock_id)}</p>
    }
}

/// Whether a clock is this host's by its name: caseless, by the first label unless both names are full.
fn of_name(clock: &Clock, host: &str) -> bool {
    let (Some(name), host) = (clock.host.as_ref().map(|name| name.to_lowercase()), host.to_lowercase())
    else {
        return false;
    };
    let label = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    name == host || label(&name) == label(&host) && !(name.contains('.') && host.contains('.'))
}

fn of_host(s: &SourceDetail, host: &SourceHost) -> impl IntoView + use<> {
    let offsets = s.clocks.iter().filter(|c| of_name(c, &host.host)).map(offset).collect_view();
    let asked = offset::Asked {
        host: host.host.clone(),
        source: s.source.source_id.clone(),
        example: s.source.first_seen,
    };
    let name = visible(&host.host);
    let label = format!("{} {name}", t(k::CLOCK_SET));
    let set = app().may("siem:write").then(|| {
        view! {
            <button class="btn btn-sm" aria-label=label data-test="host-clock" on:click=move |_| offset::ask(asked.clone())>{t(k::CLOCK_SET)}</button>
        }
    });
    view! {
        <li data-test="source-host"><div class="row wrap"><bdi class="mono ltr">{name}</bdi><span class="t3">{tn(k::COUNT_EVENTS, host.events)}</span>{set}</div>{offsets}</li>
    }
}

/// Offsets of names that are merged with a host of the source, and are none of its own.
fn of_others(s: &SourceDetail) -> impl IntoView + use<> {
    let other = |c: &&Clock| c.host.is_some() && !s.hosts.iter().any(|host| of_name(c, &host.host));
    let line = |c: &Clock| {
        let name = visible(c.host.as_deref().unwrap_or_default());
        view! { <li><bdi class="mono ltr">{name}</bdi>{offset(c)}</li> }
    };
    s.clocks.iter().filter(other).map(line).collect_view()
}

/// The section of the pane.
pub fn section(s: &SourceDetail) -> impl IntoView + use<> {
    let more = s.hosts_total.saturating_sub(s.hosts.len() as u64);
    view! {
        <div class="sec" data-test="source-clocks">
            <div class="sec-h"><h3>{t(k::SOURCE_CLOCKS)}</h3></div>
            {of_source(s)}
            {s.hosts.is_empty().then(|| view! { <p class="t12 t3">{t(k::CLOCK_NO_HOSTS)}</p> })}
            <ul class="hosts t12">{s.hosts.iter().map(|host| of_host(s, host)).collect_view()}{of_others(s)}</ul>
            {(more > 0).then(|| view! { <p class="t3 t12">{tn(k::CLOCK_MORE_HOSTS, more)}</p> })}
        </div>
    }
}
