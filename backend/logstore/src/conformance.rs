//! What every engine of [`LogStore`] has to do, as one suite.

use crate::{
    Count, Deleted, Holder, LogStore, NewSource, Page, Part, Query, Row, Search, Shift, Source, SourceId,
    Times,
    query::{Literal, Names, Pattern, Piece},
};
use event::{Event, Identity, Nanos, Place, Value};
use proptest::{prelude::*, test_runner::TestRunner};
use std::{sync::Arc, time::Duration};
use tokio::runtime::Runtime;

/// A source of this name.
pub(crate) fn source(name: &str) -> NewSource {
    NewSource {
        sha256: format!("{name:0>64}"),
        label: format!("case/{name}.evtx"),
        size: 69_632,
        mtime: Nanos(7),
        format: "evtx".into(),
        kept: true,
        head: None,
        grown: vec![],
    }
}

fn identity(n: u64) -> Identity {
    let mut id = [7; 16];
    id[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    id
}

/// Event `n`: three hosts, two datasets, two events a time.
pub(crate) fn event(n: u64) -> Event {
    let channel = if n.is_multiple_of(4) { "Security" } else { "System" };
    Event {
        time: Nanos((n / 2).cast_signed() * 1000),
        dataset: if n.is_multiple_of(4) { "windows.security" } else { "windows.system" }.into(),
        place: Place { record: n, offset: 4096 + n * 100, len: 100 },
        fields: vec![
            ("Channel".into(), Value::from(channel)),
            ("Computer".into(), Value::from(format!("WS{}", n % 3).as_str())),
            ("EventRecordID".into(), Value::Int(n.cast_signed())),
            ("EventID".into(), Value::Int(if n == 7 { 104 } else { 4688 })),
            ("Level".into(), Value::Int((n % 5).cast_signed())),
            ("Path".into(), Value::from(format!("C:\\Temp\\event-{n};\"quoted\"\n100%").as_str())),
            ("List".into(), Value::list(vec![Value::from("ÄÖ"), Value::Null, Value::Bool(true)])),
        ],
        identity: identity(n),
    }
}

/// Everything, on an empty store.
pub(crate) async fn all(store: &dyn LogStore) {
    let a = store.source(&source("a"), Nanos(10)).await.unwrap();
    let b = store.source(&source("b"), Nanos(11)).await.unwrap();
    assert_ne!(a, b);
    append_counts(store, a, b).await;
    rows_come_back_whole(store, a).await;
    pages_follow_each_other(store).await;
    conditions(store, b).await;
    around(store).await;
    traces(store, a, b).await;
    totals_and_removal(store, a, b).await;
    removal_by_steps(store).await;
}

async fn append_counts(store: &dyn LogStore, a: SourceId, b: SourceId) {
    let first: Vec<_> = (0..130).map(event).collect();
    let done = store.append(a, &first, Nanos(100)).await.unwrap();
    assert_eq!((done.new, done.duplicates), (130, 0));
    let done = store.append(a, &first, Nanos(200)).await.unwrap();
    assert_eq!((done.new, done.duplicates), (0, 130));
    let mut overlap: Vec<_> = (120..200).map(event).collect();
    overlap.push(event(199));
    let done = store.append(b, &overlap, Nanos(300)).await.unwrap();
    assert_eq!((done.new, done.duplicates), (70, 11));
    let done = store.append(a, &[], Nanos(300)).await.unwrap();
    assert_eq!((done.new, done.duplicates), (0, 0));
    let nowhere = store.append(SourceId(999), &first, Nanos(1)).await;
    assert!(matches!(nowhere, Err(crate::Error::NoSource(999))), "{nowhere:?}");
}

async fn rows_come_back_whole(store: &dyn LogStore, a: SourceId) {
    let ids = [identity(5), identity(4), [0; 16], identity(77)];
    let rows = store.get(&ids).await.unwrap();
    let found: Vec<_> = rows.iter().map(|r| r.place.record).collect();
    assert_eq!(found, [5, 4, 77]);
    assert_eq!(rows[0], Row::of(&event(5), a, Nanos(100)), "the first append is the one that counts");
    assert_eq!(rows[0].fields_json(), event(5).to_json());
    assert_eq!(event::unhex(&rows[0].log_id()), Some(identity(5)));
}

/// All rows of a search, page after page.
async fn drain(store: &dyn LogStore, search: &Search) -> Vec<Row> {
    let mut search = search.clone();
    let mut rows = Vec::new();
    loop {
        let Page { rows: more, next, partial, unreadable } = store.search(&search).await.unwrap();
        assert!(!partial && unreadable == 0 && more.len() <= search.limit as usize);
        rows.extend(more);
        match next {
            Some(next) => search.cursor = Some(next),
            None => return rows,
        }
    }
}

async fn pages_follow_each_other(store: &dyn LogStore) {
    for limit in [1, 7, 200, 1000] {
        for ascending in [false, true] {
            let rows = drain(store, &Search { limit, ascending, ..Search::default() }).await;
            assert_eq!(rows.len(), 200, "{limit} {ascending}");
            let keys: Vec<_> = rows.iter().map(|r| (r.time, r.identity)).collect();
            let right = if ascending { keys.is_sorted() } else { keys.iter().rev().is_sorted() };
            assert!(right, "{limit} {ascending}");
        }
    }
    let exact = store.search(&Search { limit: 200, ..Search::default() }).await.unwrap();
    assert_eq!(exact.next, None, "no next page where nothing follows");
    let bad = store.search(&Search { cursor: Some("nonsense".into()), ..Search::default() }).await;
    assert!(matches!(bad, Err(crate::Error::Cursor)));
}

async fn conditions(store: &dyn LogStore, b: SourceId) {
    let count = async |search: Search| drain(store, &search).await.len();
    let text = |text: &str| Search { query: Query::text(text), ..Search::default() };
    assert_eq!(count(text("EVENT-7;")).await, 1);
    assert_eq!(count(text("event-1")).await, 111);
    assert_eq!(count(text(r#"C:\Temp\event-42;"quoted""#)).await, 1);
    assert_eq!(count(text("100%")).await, 200);
    assert_eq!(count(text("1%0")).await, 0, "a percent sign is itself");
    assert_eq!(count(text("äö")).await, 200, "case is folded beyond ASCII");
    assert_eq!(count(text("Computer")).await, 0, "names are not values");
    assert_eq!(count(text("")).await, 200);
    assert_eq!(count(Search { hosts: vec!["ws1".into()], ..Search::default() }).await, 67);
    assert_eq!(count(Search { dataset: Some("windows.security".into()), ..Search::default() }).await, 50);
    assert_eq!(count(Search { severity: Some("critical".into()), ..Search::default() }).await, 40);
    assert_eq!(count(Search { source: Some(b), ..Search::default() }).await, 80, "ten are shared");
    let range = Search { from: Some(Nanos(10_000)), to: Some(Nanos(12_000)), limit: 3, ..Search::default() };
    assert_eq!(count(range.clone()).await, 4, "from is inclusive, to exclusive");
    assert_eq!(count(Search { to: Some(Nanos(10_000)), ..range }).await, 0);
}

async fn around(store: &dyn LogStore) {
    let how = Search { deadline: Duration::from_secs(5), ..Search::default() };
    let rows = store.around(identity(60), 2, 3, &how).await.unwrap();
    assert_eq!(rows.len(), 6);
    assert_eq!(rows[2].identity, identity(60));
    assert!(rows.iter().map(|r| (r.time, r.identity)).is_sorted());
    assert!(rows.iter().all(|r| r.host.as_deref() == Some("WS0")), "the same host");
    assert!(store.around([0; 16], 2, 2, &how).await.unwrap().is_empty());
    // A host whose clock was an hour behind: itself unmoved, it stands elsewhere among the others.
    let mut times = Times::default();
    times.offset(None, "ws0", 6000);
    let moved = Search { times: Arc::new(times), ..Search::default() };
    let page = store.search(&Search { limit: 4, ascending: true, ..moved.clone() }).await.unwrap();
    assert!(page.rows.iter().all(|row| row.host.as_deref() != Some("WS0")), "they come later");
    let near = store.around(identity(60), 2, 3, &moved).await.unwrap();
    assert_eq!(near, rows, "all of one host move together");
}

async fn totals_and_removal(store: &dyn LogStore, a: SourceId, b: SourceId) {
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.events, stats.sources), (200, 2));
    assert_eq!(stats.time, Some((Nanos(0), Nanos(99_000))));
    assert_eq!((&*stats.datasets[0].dataset, stats.datasets[0].events), ("windows.system", 150));
    assert_eq!(stats.severities.iter().map(|s| s.events).sum::<u64>(), 200);
    assert!(stats.bytes > 0);
    let again = store.source(&NewSource { label: "moved".into(), ..source("a") }, Nanos(50)).await.unwrap();
    assert_eq!(again, a);
    let sources = store.sources().await.unwrap();
    let seen = |s: &Source| (s.id, s.events, s.file.label.clone(), s.first_seen, s.last_seen);
    assert_eq!(seen(&sources[0]), (b, 70, "case/b.evtx".into(), Nanos(11), Nanos(11)));
    assert_eq!(seen(&sources[1]), (a, 130, "moved".into(), Nanos(10), Nanos(50)));
    assert_eq!(sources[1].time, Some((Nanos(0), Nanos(64_000))));
    assert_eq!((sources[0].borrowed, sources[0].shared), (10, 0));
    assert_eq!((sources[1].borrowed, sources[1].shared), (0, 10));
    assert_eq!(sources[1].appended_at, Some(Nanos(200)));
    assert_eq!((sources[0].lately.since, sources[0].lately.events), (Nanos(300), 70));
    let sets: Vec<_> = sources[1].datasets.iter().map(|d| (d.dataset.as_str(), d.events)).collect();
    assert_eq!(sets, [("windows.system", 97), ("windows.security", 33)]);
    assert_eq!(store.find(&source("a").sha256).await.unwrap().as_ref(), Some(&sources[1]));
    assert_eq!(store.find("none").await.unwrap(), None);
    let holders = store.holders(&[identity(5), identity(125), identity(150), [0; 16]]).await.unwrap();
    assert_eq!(holders.len(), 3, "one is not there");
    let of = |n| holders[&identity(n)];
    assert_eq!((of(5), of(125), of(150)), (Holder::One(a), Holder::Several, Holder::One(b)));
    assert!(store.check().await.unwrap().is_empty());

    growth(store).await;

    let files = store.files(&[b, a, SourceId(999)]).await.unwrap();
    assert_eq!((files.len(), &*files[&a].label, &*files[&b].label), (2, "moved", "case/b.evtx"));

    let done = store.delete(a, 1000).await.unwrap();
    assert_eq!(done, Deleted { events: 120, kept: 10, done: true }, "ten belong to the other source too");
    assert_eq!(store.files(&[a, b]).await.unwrap().len(), 1, "nothing stale is remembered");
    let kept = store.get(&[identity(119), identity(120), identity(129)]).await.unwrap();
    assert_eq!(kept.iter().map(|r| (r.place.record, r.source)).collect::<Vec<_>>(), [(120, b), (129, b)]);
    assert_eq!(kept[0].place, event(120).place, "at its place in the other source");
    assert_eq!(store.sources().await.unwrap()[0].events, 80);
    assert!(matches!(store.delete(a, 1000).await, Err(crate::Error::NoSource(_))));
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.events, stats.sources, stats.time), (80, 1, Some((Nanos(60_000), Nanos(99_000)))));
    assert!(store.check().await.unwrap().is_empty());
    let of_b = drain(store, &Search { source: Some(b), ..Search::default() }).await;
    assert_eq!(of_b.len(), 80);
    store.delete(b, 1000).await.unwrap();
    let empty = store.stats().await.unwrap();
    assert_eq!((empty.events, empty.time, empty.datasets.len()), (0, None, 0));
}

async fn traces(store: &dyn LogStore, a: SourceId, b: SourceId) {
    let mut hosts = store.hosts().await.unwrap();
    hosts.sort();
    assert_eq!(hosts, ["WS0", "WS1", "WS2"]);
    let all = store.traces(&[a, b, SourceId(999)]).await.unwrap();
    assert_eq!(all.len(), 2);
    let of = |id: SourceId, host: &str, channel: &str| {
        let series = all[&id].series.iter().find(|s| s.host == host && s.channel == channel).unwrap();
        (series.held, series.first, series.last, series.runs.as_ref().map(Vec::len))
    };
    // Every twelfth number for this host and channel.
    assert_eq!(of(a, "WS0", "Security"), (11, 0, 120, Some(11)));
    assert_eq!(
        of(b, "WS0", "Security"),
        (7, 120, 192, Some(7)),
        "what it shares with another is its own too"
    );
    let events = |id: SourceId| all[&id].days.iter().flat_map(|d| d.hours).sum::<u64>();
    assert_eq!((events(a), events(b)), (130, 80), "appended again, nothing is counted again");
    assert_eq!(
        all[&a].days.iter().map(|d| (d.host.as_str(), d.day)).collect::<Vec<_>>(),
        [("WS0", 0), ("WS1", 0), ("WS2", 0)]
    );
    let cleared: Vec<_> =
        all[&a].cleared.iter().map(|c| (c.event, c.host.as_str(), c.channel.as_str())).collect();
    assert_eq!(cleared, [(identity(7), "WS1", "System")]);
    assert!(all[&b].cleared.is_empty());
}

/// Three sources over the same events, removed in steps of a few: at each step the totals are those of a count.
async fn removal_by_steps(store: &dyn LogStore) {
    let mut ids = vec![];
    for (name, events) in [("p", 0..60), ("q", 20..80), ("r", 40..90)] {
        let id = store.source(&source(name), Nanos(1)).await.unwrap();
        store.append(id, &events.map(event).collect::<Vec<_>>(), Nanos(2)).await.unwrap();
        ids.push(id);
    }
    let counts = async || {
        let all = store.sources().await.unwrap();
        ids.iter()
            .map(|id| all.iter().find(|s| s.id == *id).map(|s| (s.events, s.borrowed, s.shared)))
            .collect::<Vec<_>>()
    };
    assert_eq!(counts().await, [Some((60, 0, 40)), Some((20, 40, 20)), Some((10, 40, 0))]);
    let remove = async |id: SourceId| {
        let (mut steps, mut sum) = (0, Deleted::default());
        while !sum.done {
            let step = store.delete(id, 7).await.unwrap();
            assert!(step.events + step.kept <= 7);
            sum = Deleted { events: sum.events + step.events, kept: sum.kept + step.kept, done: step.done };
            assert_eq!(store.check().await.unwrap(), Vec::<String>::new(), "after step {steps}");
            let stats = store.stats().await.unwrap();
            assert_eq!(stats.datasets.iter().map(|d| d.events).sum::<u64>(), 90 - sum.events);
            steps += 1;
        }
        (steps, sum.events, sum.kept)
    };
    assert_eq!(remove(ids[0]).await, (9, 20, 40));
    assert_eq!(counts().await, [None, Some((60, 0, 40)), Some((10, 40, 0))]);
    let of_r = drain(store, &Search { source: Some(ids[2]), ..Search::default() }).await;
    assert_eq!(of_r.len(), 50, "what it shares is there");
    // The middle one: it counts what it shares with the last.
    let (steps, events, kept) = {
        let mut sum = (0, 0, 0);
        loop {
            let step = store.delete(ids[1], 1000).await.unwrap();
            sum = (sum.0 + 1, sum.1 + step.events, sum.2 + step.kept);
            if step.done {
                break sum;
            }
        }
    };
    assert_eq!((steps, events, kept), (1, 20, 40));
    assert_eq!(counts().await, [None, None, Some((50, 0, 0))]);
    assert!(store.check().await.unwrap().is_empty());
    assert_eq!(store.traces(&ids).await.unwrap().len(), 1, "no traces without their source");
    store.delete(ids[2], 1000).await.unwrap();
}

/// What a source has grown from, and what stands in two sources as two events.
async fn growth(store: &dyn LogStore) {
    let text = |name: &str, size, head: u8| NewSource {
        size,
        head: Some([head; 16]),
        format: "text".into(),
        ..source(name)
    };
    let first = store.source(&text("c", 100, 1), Nanos(60)).await.unwrap();
    let grown = vec![Part { size: 100, sha256: source("c").sha256 }];
    let longer = NewSource { grown: grown.clone(), ..text("d", 300, 1) };
    let second = store.source(&longer, Nanos(61)).await.unwrap();
    let third = store.source(&text("e", 200, 2), Nanos(62)).await.unwrap();
    let sizes = async |heads: &[Identity], size| -> Vec<u64> {
        store.earlier(heads, size).await.unwrap().iter().map(|s| s.size).collect()
    };
    assert_eq!(sizes(&[[1; 16], [2; 16]], 301).await, [300, 200, 100]);
    assert_eq!(sizes(&[[1; 16]], 300).await, [100], "one of the same size has not grown");
    assert!(sizes(&[[3; 16]], 1000).await.is_empty());
    // Met again under another name: what it grew from stays.
    store.source(&text("d", 300, 1), Nanos(63)).await.unwrap();
    assert_eq!(store.files(&[second]).await.unwrap()[&second].grown, grown);

    let line = |n: u64, id: u64| Event { identity: identity(id), ..event(n) };
    let untimed = |id| {
        let mut event = line(2000, id);
        event.fields.push(("time_missing".into(), Value::Bool(true)));
        event
    };
    let of_first: Vec<_> = (1000..1009).map(|n| line(n, 5000 + n)).chain([untimed(5100)]).collect();
    store.append(first, &of_first, Nanos(64)).await.unwrap();
    let of_third: Vec<_> = (1005..1012).map(|n| line(n, 6000 + n)).chain([untimed(6100)]).collect();
    store.append(third, &of_third, Nanos(65)).await.unwrap();
    let long = Duration::from_secs(9);
    assert_eq!(store.equal(third, long).await.unwrap(), Count { rows: 4, ..Count::default() });
    assert_eq!(store.equal(second, long).await.unwrap(), Count::default());
    assert!(store.equal(third, Duration::ZERO).await.unwrap().partial);
    for id in [first, second, third] {
        store.delete(id, u32::MAX).await.unwrap();
    }
}

/// Random conditions, with what the values of random events are made of.
fn queries(needle: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = Query> {
    let needle = needle.boxed();
    let pieces = prop_oneof![
        needle.clone().prop_map(|t| Piece::Text(crate::fold(&t))),
        Just(Piece::One),
        Just(Piece::Run)
    ];
    let pattern = prop_oneof![
        4 => needle.prop_map(|text| Pattern::Text(Literal::new(&text))),
        2 => prop::collection::vec(pieces, 1..4).prop_map(|pieces| Pattern::Glob(pieces.into())),
        1 => prop::sample::select(vec!["^a", "K$", "(?i)k", "1|T"]).prop_map(|r| Pattern::Regex(regex::Regex::new(r).unwrap())),
        1 => Just(Pattern::Exists),
    ];
    let names = prop::sample::select(vec!["V", "v", "computer", "host", "severity", "none"])
        .prop_map(|name| Names(Arc::from([name.to_owned()])));
    let one = prop_oneof![
        1 => Just(Query::All),
        4 => pattern.clone().prop_map(Query::Anywhere),
        3 => (names, pattern).prop_map(|(names, pattern)| Query::Field(names, pattern)),
    ];
    one.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(Query::And),
            prop::collection::vec(inner.clone(), 1..3).prop_map(Query::Or),
            inner.prop_map(|one| Query::Not(Box::new(one))),
        ]
    })
}

/// Searches over random events against a plain loop over them. `made` gives an empty store and what keeps it.
pub(crate) fn against_a_scan<K, S: LogStore>(made: impl Fn() -> (K, S), runtime: &Runtime) {
    let text = prop::sample::select(vec![
        "a", "K", "\u{212a}", "k", "\\", "\"", "%", "_", "~", "é", "É", "i", "İ", "\n", "1", "T",
    ]);
    let value = prop::collection::vec(text.clone(), 0..6).prop_map(|parts| parts.concat());
    let events = prop::collection::vec((0i64..6, 0u8..3, value), 1..40);
    let needle = prop::collection::vec(text, 0..3).prop_map(|parts| parts.concat());
    let query = queries(needle);
    let search = (
        query,
        prop::option::of(0u8..3),
        prop::option::of(0i64..6),
        prop::option::of(0i64..6),
        1u32..9,
        any::<bool>(),
        prop::collection::vec(-3i64..4, 6),
    );
    let mut runner = TestRunner::new(ProptestConfig { cases: 24, ..ProptestConfig::default() });
    let cases = (events, prop::collection::vec(search, 12));
    runner
        .run(&cases, |(events, searches)| {
            let (_keep, store) = made();
            let events: Vec<Event> = events.into_iter().enumerate().map(random_event).collect();
            runtime.block_on(async {
                let id = store.source(&source("r"), Nanos(0)).await.unwrap();
                for half in events.chunks(events.len().div_ceil(2)) {
                    store.append(id, half, Nanos(0)).await.unwrap();
                }
                for (query, host, from, to, limit, ascending, by) in searches {
                    let search = Search {
                        query,
                        hosts: host.iter().flat_map(|h| [format!("ws{h}"), format!("ws{}", h / 2)]).collect(),
                        from: from.map(Nanos),
                        to: to.map(Nanos),
                        limit,
                        ascending,
                        times: Arc::new(shifts(id, &by)),
                        ..Search::default()
                    };
                    let got: Vec<_> = drain(&store, &search).await.into_iter().map(|r| r.identity).collect();
                    let right = scan(&events, id, &search);
                    let counted = store.count(&search, 7).await.unwrap();
                    prop_assert_eq!(counted, Count { rows: right.len().min(7) as u64, ..Count::default() });
                    prop_assert_eq!(got, right, "{:?}", search);
                }
                store.close().await.unwrap();
                Ok(())
            })
        })
        .unwrap();
}

fn random_event((n, (time, host, value)): (usize, (i64, u8, String))) -> Event {
    Event {
        time: Nanos(time),
        fields: vec![
            ("Computer".into(), Value::from(format!("WS{host}").as_str())),
            ("V".into(), Value::list(vec![Value::from(value.as_str()), Value::Int(time)])),
        ],
        ..event(n as u64)
    }
}

/// Clocks of the hosts, where not zero, one of them in this source alone, and a zone with a step.
fn shifts(source: SourceId, by: &[i64]) -> Times {
    let mut times = Times::default();
    for (host, by) in by[..3].iter().enumerate().filter(|(_, by)| **by != 0) {
        times.offset(None, &format!("ws{host}"), *by);
    }
    if by[3] > 0 {
        times.offset(Some(source), "WS1", by[3]);
    }
    if by[4] != 0 {
        times.zone(source, Arc::new(Shift::steps(vec![(Nanos(i64::MIN), by[4]), (Nanos(3), by[5])])));
    }
    times
}

/// The slow and obvious way.
fn scan(events: &[Event], source: SourceId, search: &Search) -> Vec<Identity> {
    let shown = |e: &Event| search.times.shown(&Row::of(e, source, Nanos(0)));
    let moved: Vec<_> = events.iter().map(|e| Event { time: shown(e), ..e.clone() }).collect();
    let mut hits: Vec<_> = moved
        .iter()
        .filter(|e| search.from.is_none_or(|from| e.time >= from) && search.to.is_none_or(|to| e.time < to))
        .filter(|e| {
            search.hosts.is_empty() || {
                let own = e.text("Computer").unwrap();
                search.hosts.iter().any(|h| own.eq_ignore_ascii_case(h))
            }
        })
        .filter(|e| search.query.plainly(e))
        .map(|e| (e.time, e.identity))
        .collect();
    hits.sort();
    if !search.ascending {
        hits.reverse();
    }
    hits.into_iter().map(|hit| hit.1).collect()
}
