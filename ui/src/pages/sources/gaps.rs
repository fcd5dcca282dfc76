//! What is not there, in plain words.

use crate::{
    clock,
    components::icon::Icon,
    i18n::{k, t, tf, tn, tnf, word},
    numbers::grouped,
    state::app,
    text::visible,
};
use api::{
    Time,
    siem::{Gap, GapKind, SourceDetail},
};
use leptos::prelude::*;

/// A value inside a sentence keeps its own direction.
fn own(text: &str) -> String {
    format!("\u{2068}{text}\u{2069}")
}

/// One gap as a sentence.
fn sentence(gap: &Gap) -> String {
    let zone = app().preferences.with(|p| p.time_zone);
    let text = |v: &Option<String>, none| own(&v.as_deref().map_or_else(|| t(none).to_owned(), visible));
    let time = |v: Option<Time>| own(&v.map(|at| clock::second(at, zone)).unwrap_or_default());
    let number = |v: Option<u64>| own(&v.map(grouped).unwrap_or_default());
    let (host, channel) = (text(&gap.host, k::GAP_NO_HOST), text(&gap.channel, k::GAP_NO_LOG));
    let (from, to) = (time(gap.from), time(gap.to));
    let (first, last) = (number(gap.first), number(gap.last));
    let missing = gap.missing.unwrap_or_default();
    match gap.kind {
        GapKind::Cleared => {
            let by = text(&gap.by, k::GAP_NO_USER);
            tf(k::GAP_CLEARED, &[("host", &host), ("channel", &channel), ("at", &from), ("by", &by)])
        }
        GapKind::Restart => tf(
            k::GAP_RESTART,
            &[("host", &host), ("channel", &channel), ("first", &first), ("last", &last), ("at", &to)],
        ),
        GapKind::Records => {
            let numbers = if gap.first == gap.last { first } else { format!("{first} – {last}") };
            tnf(
                k::GAP_RECORDS,
                missing,
                &[
                    ("host", &host),
                    ("channel", &channel),
                    ("numbers", &numbers),
                    ("from", &from),
                    ("to", &to),
                ],
            )
        }
        GapKind::Scattered => tnf(
            k::GAP_SCATTERED,
            missing,
            &[("host", &host), ("channel", &channel), ("first", &first), ("last", &last)],
        ),
        GapKind::Quiet => tnf(k::GAP_QUIET, missing, &[("host", &host), ("from", &from), ("to", &to)]),
    }
}

/// The section of the pane.
pub fn section(detail: &SourceDetail) -> impl IntoView + use<> {
    let of = &detail.source;
    let more = of.gaps_total.saturating_sub(of.gaps.len() as u64);
    let line = |gap: &Gap| {
        let icon = match gap.kind {
            GapKind::Cleared => "trash",
            GapKind::Restart => "undo",
            GapKind::Records | GapKind::Scattered => "minus",
            GapKind::Quiet => "clock",
        };
        view! {
            <li data-test="gap" data-kind=gap.kind.as_str()><span class="warn-c"><Icon name=icon class="i-14" /></span>
                <div><b class="med">{word("gap", gap.kind.as_str()).to_owned()}</b><p>{sentence(gap)}</p></div></li>
        }
    };
    view! {
        <div class="sec" data-test="source-gaps">
            <div class="sec-h"><h3>{t(k::SOURCE_GAPS)}</h3><span class="n num">{(of.gaps_total > 0).then(|| grouped(of.gaps_total))}</span></div>
            {of.gaps.is_empty().then(|| view! { <p class="t2 t12" data-test="gaps-none">{t(k::GAPS_NONE)}</p> })}
            <ul class="gaps">{of.gaps.iter().map(line).collect_view()}</ul>
            {(more > 0).then(|| view! { <p class="t3 t12">{tn(k::GAPS_MORE, more)}</p> })}
        </div>
    }
}
