//! What is put in comes out; what was not written by us fails or gives rows, and never more.

use super::{encode::Builder, *};
use crate::frame;
use event::Value;
use memchr::memmem::Finder;
use proptest::prelude::*;

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (i64::MAX as u64 + 1..).prop_map(Value::Uint),
        (-1e300..1e300).prop_map(Value::Float),
        prop::sample::select(vec!["", "a", "Aß", "İx", "\0\n\"\\", "\u{212a}", "aa"]).prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 12, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Value::list))
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let name = prop::sample::select(vec!["Computer", "a", "b", "", "c d"]);
    let fields = prop::collection::vec((name, value()), 0..6);
    let one = (any::<i64>(), any::<u64>(), any::<u64>(), any::<u32>(), any::<[u8; 16]>(), fields);
    prop::collection::vec(one, 1..40).prop_map(|all| {
        let event =
            |(time, record, offset, len, identity, fields): (_, _, _, _, _, Vec<(&str, Value)>)| Event {
                time: Nanos(time),
                dataset: if record % 2 == 0 { "windows.security" } else { "x" }.into(),
                place: Place { record, offset, len },
                fields: fields.into_iter().map(|(n, v)| (n.into(), v)).collect(),
                identity,
            };
        all.into_iter().map(event).collect()
    })
}

fn block(events: &[Event]) -> Block {
    let mut builder = Builder::default();
    events.iter().for_each(|e| builder.event(e, 7, 9));
    Block::open(&builder.finish()).expect("it is whole")
}

fn texts(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::List(list) => list.iter().for_each(|v| texts(v, out)),
        Value::Str(text) => out.push(text.to_string()),
        other => out.push(other.to_json().to_string()),
    }
}

fn found(rows: Rows) -> Vec<usize> {
    numbers(rows).collect()
}

proptest! {
    #[test]
    fn rows_come_back_and_are_found(all in events(), needle in "[aAßx\u{307}kS\"1ei]{1,2}|tru|") {
        let block = block(&all);
        prop_assert_eq!(block.len(), all.len());
        let rows = |block: &Block| (0..block.len()).map(|n| block.table().row(n).unwrap()).collect::<Vec<_>>();
        let back = rows(&block);
        let right: Vec<_> = all.iter().map(|e| Row::of(e, SourceId(7), Nanos(9))).collect();
        prop_assert_eq!(&back, &right);
        let of = |e: &Event, name: Option<&str>| {
            let mut out = vec![];
            e.fields.iter().filter(|(n, _)| name.is_none_or(|name| **n == *name)).for_each(|(_, v)| texts(v, &mut out));
            out
        };
        let needle = fold::fold(&needle);
        let hits: Vec<_> = (0..all.len()).filter(|i| of(&all[*i], None).iter().any(|t| fold::fold(t).contains(&needle))).collect();
        prop_assert_eq!(found(block.containing(&Finder::new(&needle), &mut vec![])), hits);
        for name in ["a", "Computer", "none"] {
            let hits: Vec<_> = (0..all.len()).filter(|i| of(&all[*i], Some(name)).iter().any(|t| t.len() == 2)).collect();
            prop_assert_eq!(found(block.passing(|i, n| i >= ASIDE && n == name, |t| t.len() == 2)), hits);
        }
        let hits: Vec<_> = (0..all.len()).filter(|i| right[*i].severity == "info").collect();
        prop_assert_eq!(found(block.passing(|i, _| i == 3, |t| t == "info")), hits);

        // What one block gives, another takes.
        let (table, mut builder) = (block.table(), Builder::default());
        (0..all.len()).for_each(|row| builder.push(block.head(row), table.aside(row), table.fields(row)));
        prop_assert_eq!(rows(&Block::open(&builder.finish()).unwrap()), right);
    }

    #[test]
    fn what_is_in_it_is_in_its_dictionary(all in events()) {
        let block = block(&all);
        block.dictionary(|column, name, text, rows| {
            let same = block.passing(|c, _| c == column, |t| t == text);
            // The same text can be several values: a number and its digits, or one of a list.
            assert!(rows.iter().zip(same).all(|(some, all)| some & !all == 0), "{name} {text}");
            assert_ne!(*rows, NONE);
        });
    }

    #[test]
    fn any_flipped_byte_is_noticed(all in events(), at: prop::sample::Index, by in 1u8..) {
        let mut builder = Builder::default();
        all.iter().for_each(|e| builder.event(e, 7, 9));
        let mut stored = builder.finish();
        let at = at.index(stored.len());
        stored[at] ^= by;
        prop_assert!(Block::open(&stored).is_none());
    }

    #[test]
    fn whatever_the_bytes_say(all in events(), at in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut builder = Builder::default();
        all.iter().for_each(|e| builder.event(e, 7, 9));
        let mut plain = frame::unpack(&builder.finish()).unwrap();
        for (at, to) in at {
            let at = at.index(plain.len());
            plain[at] = to;
        }
        let Some(block) = Block::open(&frame::pack(&plain)) else { return Ok(()) };
        (0..block.len()).for_each(|n| drop(block.table().row(n)));
        block.containing(&Finder::new("a"), &mut vec![]);
        block.passing(|_, _| true, |_| true);
        block.dictionary(|_, _, _, _| ());
    }
}

#[test]
fn it_is_full_by_rows_and_by_bytes() {
    let event = |text: &str| Event {
        time: Nanos(0),
        dataset: "x".into(),
        place: Place::default(),
        fields: vec![("a".into(), Value::from(text))],
        identity: [1; 16],
    };
    let mut builder = Builder::default();
    while !builder.is_full() {
        builder.event(&event("short"), 1, 1);
    }
    assert_eq!(builder.len(), ROWS);
    let stored = builder.finish();
    assert_eq!(builder.len(), 0);
    assert!(stored.len() < 200, "all alike they take {} bytes", stored.len());
    let long = "long".repeat(100_000);
    while !builder.is_full() {
        builder.event(&event(&format!("{}{long}", builder.len())), 1, 1);
    }
    assert_eq!(builder.len(), 3);
    let block = Block::open(&builder.finish()).unwrap();
    assert!(block.bytes() < 2_000_000 && block.table().row(2).unwrap().fields.len() > 400_000);
}
