//! Logs of templates and instances made here, of any shape: the reader and the decoder find the same in them.
//!
//! Layout after libevtx's "Windows XML Event Log (EVTX) format" and [MS-EVEN6] 2.2.12, as in [`made`], with
//! definitions that stand in the first instance that uses them.

use super::{
    super::{binxml, record},
    made, same,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

/// What an element or an attribute of a template holds.
#[derive(Clone, Debug)]
enum Part {
    Text(String),
    /// A value's number, and whether it may be missing.
    Slot(u16, bool),
    Element(Element),
}

/// An element of a template.
#[derive(Clone, Debug)]
struct Element {
    name: &'static str,
    /// The value that it depends on; 0xffff for none.
    dependency: u16,
    attributes: Vec<(&'static str, Vec<Part>)>,
    children: Vec<Part>,
}

/// A value of an instance.
#[derive(Clone, Debug)]
enum Given {
    Plain(u8, Vec<u8>),
    Instance(Element, Vec<Given>),
}

/// Values that each instance has.
const VALUES: u16 = 8;

fn parts(out: &mut Vec<u8>, start: usize, parts: &[Part]) {
    for part in parts {
        match part {
            Part::Text(text) => made::value(out, text),
            Part::Slot(slot, optional) => {
                out.push(if *optional { 0x0e } else { 0x0d });
                out.extend(slot.to_le_bytes());
                out.push(1);
            }
            Part::Element(child) => element(out, start, child),
        }
    }
}

fn element(out: &mut Vec<u8>, start: usize, el: &Element) {
    out.push(if el.attributes.is_empty() { 0x01 } else { 0x41 });
    out.extend(el.dependency.to_le_bytes());
    let size = made::hole(out);
    made::name(out, start, el.name);
    if !el.attributes.is_empty() {
        let list = made::hole(out);
        for (key, value) in &el.attributes {
            out.push(0x06);
            made::name(out, start, key);
            parts(out, start, value);
        }
        made::fill(out, list);
    }
    if el.children.is_empty() {
        out.push(0x03);
    } else {
        out.push(0x02);
        parts(out, start, &el.children);
        out.push(0x04);
    }
    made::fill(out, size);
}

/// An instance with its definition, as a stream that begins `start` bytes into its chunk; the definition of the
/// instance before, at `known`, when that is given. Gives where the definition is.
fn instance(out: &mut Vec<u8>, start: usize, el: &Element, given: &[Given], known: Option<u32>) -> u32 {
    out.extend([0x0f, 1, 1, 0, 0x0c, 1]);
    out.extend(7_u32.to_le_bytes());
    let here = (start + out.len() + 4) as u32;
    out.extend(known.unwrap_or(here).to_le_bytes());
    if known.is_none() {
        out.extend([0; 4]);
        out.extend([9; 16]);
        let size = made::hole(out);
        out.extend([0x0f, 1, 1, 0]);
        element(out, start, el);
        out.push(0);
        made::fill(out, size);
    }
    out.extend((given.len() as u32).to_le_bytes());
    let table = out.len();
    out.extend(vec![0; 4 * given.len()]);
    for (i, value) in given.iter().enumerate() {
        let from = out.len();
        let kind = match value {
            Given::Plain(kind, bytes) => {
                out.extend(bytes);
                *kind
            }
            Given::Instance(el, given) => {
                instance(out, start, el, given, None);
                0x21
            }
        };
        let len = (out.len() - from) as u16;
        out[table + 4 * i..][..2].copy_from_slice(&len.to_le_bytes());
        out[table + 4 * i + 2] = kind;
    }
    out.push(0);
    here
}

/// A chunk with a record for each list of values, all of one template.
fn chunk(root: &Element, records: &[Vec<Given>]) -> Vec<u8> {
    let mut known = None;
    made::chunk_of(1, records, |given, start| {
        let mut body = Vec::new();
        let here = instance(&mut body, start, root, given, known);
        known.get_or_insert(here);
        body
    })
    .0
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn bytes(kind: u8, len: usize) -> BoxedStrategy<Given> {
    prop::collection::vec(any::<u8>(), len).prop_map(move |bytes| Given::Plain(kind, bytes)).boxed()
}

fn given() -> BoxedStrategy<Given> {
    let numbers = prop_oneof![
        prop_oneof![bytes(0x03, 1), bytes(0x04, 1), bytes(0x05, 2), bytes(0x06, 2), bytes(0x07, 4)],
        prop_oneof![bytes(0x08, 4), bytes(0x09, 8), bytes(0x0a, 8), bytes(0x10, 4), bytes(0x10, 8)],
        prop_oneof![bytes(0x0f, 16), bytes(0x11, 8), bytes(0x12, 16), bytes(0x14, 4), bytes(0x15, 8)],
        // Numbers as they are: small, at an edge, a flag.
        (0_u64..3_000).prop_map(|n| Given::Plain(0x15, (n << (n % 50)).to_le_bytes().into())),
        (0_u32..3).prop_map(|n| Given::Plain(0x0d, n.to_le_bytes().into())),
        (130_000_000_000_000_000_u64..140_000_000_000_000_000)
            .prop_map(|n| Given::Plain(0x11, n.to_le_bytes().into())),
        [2000_u16..2030, 0..14, 0..7, 0..33, 0..26, 0..62, 0..62, 0..1002]
            .prop_map(|fields| { Given::Plain(0x12, fields.iter().flat_map(|f| f.to_le_bytes()).collect()) }),
        prop::collection::vec(any::<u32>(), 0..6).prop_map(|parts| {
            let head = [1, parts.len() as u8, 0, 0, 0, 0, 0, 5];
            let parts = parts.iter().flat_map(|p| p.to_le_bytes());
            Given::Plain(0x13, head.into_iter().chain(parts).collect())
        }),
    ];
    // Floats, a list of numbers, a number that is cut off, a letter of a code page.
    let odd = prop_oneof![bytes(0x0b, 4), bytes(0x0c, 8), bytes(0x88, 8), bytes(0x08, 3)];
    let odd = prop_oneof![odd, Just(Given::Plain(2, vec![0xe9]))];
    prop_oneof![
        60 => Just(Given::Plain(0, Vec::new())),
        120 => "[ -~]{0,12}".prop_map(|text| Given::Plain(1, utf16(&text))),
        40 => ".{0,8}".prop_map(|text| Given::Plain(1, utf16(&text))),
        20 => prop::collection::vec(any::<u16>(), 0..6)
            .prop_map(|units| Given::Plain(1, units.iter().flat_map(|u| u.to_le_bytes()).collect())),
        20 => "[0-9a\u{0}]{0,4}".prop_map(|text| Given::Plain(1, utf16(&text))),
        20 => "[a-c\u{0}]{0,4}".prop_map(|text| Given::Plain(2, text.chars().map(|c| c as u8).collect())),
        4 => "([ab]{0,2}\u{0}){1,4}".prop_map(|text| Given::Plain(0x81, utf16(&text))),
        20 => prop::collection::vec(any::<u8>(), 0..5).prop_map(|bytes| Given::Plain(0x0e, bytes)),
        20 => Just(Given::Plain(0x21, Vec::new())),
        120 => numbers,
        1 => odd,
    ]
    .boxed()
}

/// Values of an instance; the last two may be instances in turn, and seldom the others.
fn values(instances: bool) -> BoxedStrategy<Vec<Given>> {
    if !instances {
        return prop::collection::vec(given(), usize::from(VALUES)).boxed();
    }
    let inner = || (elements(), values(false)).prop_map(|(el, given)| Given::Instance(el, given));
    let nothing = Just(Given::Plain(0, Vec::new()));
    let few = prop::collection::vec(prop_oneof![99 => given(), 1 => inner()], usize::from(VALUES) - 2);
    let last = prop::collection::vec(prop_oneof![2 => inner(), 1 => nothing, 1 => given()], 2);
    (few, last).prop_map(|(few, last)| [few, last].concat()).boxed()
}

fn dependency() -> impl Strategy<Value = u16> {
    prop_oneof![30 => Just(0xffff), 1 => 0..VALUES]
}

fn slot() -> impl Strategy<Value = Part> {
    let which = prop_oneof![40 => 0..VALUES - 2, 1 => VALUES - 2..VALUES];
    (which, any::<bool>()).prop_map(|(slot, optional)| Part::Slot(slot, optional))
}

fn text() -> impl Strategy<Value = Part> {
    prop_oneof!["[a-c\"]{0,3}", Just("7".to_owned())].prop_map(Part::Text)
}

fn attributes() -> BoxedStrategy<Vec<(&'static str, Vec<Part>)>> {
    let key = |keys: &'static [&'static str]| prop::sample::select(keys);
    let fixed = prop_oneof![4 => text().prop_map(|p| vec![p]), 1 => Just(vec![])];
    let one = prop_oneof![
        200 => (key(&["Name", "Name", "xmlns", "Guid"]), fixed),
        200 => (key(&["Guid", "SystemTime", "a b"]), slot().prop_map(|p| vec![p])),
        1 => (key(&["Name", "xmlns"]), slot().prop_map(|p| vec![p])),
    ];
    prop::collection::vec(one, 0..3).boxed()
}

const NAMES: &[&str] = &[
    "Data",
    "Data",
    "Data",
    "EventData",
    "UserData",
    "H",
    "H_1",
    "H_2",
    "X",
    "Channel",
    "EventID",
    "TimeCreated",
    "System",
    "a b",
];

/// An element of any kind.
fn elements() -> BoxedStrategy<Element> {
    let leaf = prop_oneof![
        5 => slot().prop_map(|p| vec![p]),
        2 => text().prop_map(|p| vec![p]),
        2 => Just(vec![]),
    ];
    let build = |children: BoxedStrategy<Vec<Part>>| {
        (prop::sample::select(NAMES), dependency(), attributes(), children).prop_map(
            |(name, dependency, attributes, children)| Element { name, dependency, attributes, children },
        )
    };
    build(leaf.boxed())
        .prop_recursive(3, 16, 4, move |inner| {
            let children = prop::collection::vec(inner.prop_map(Part::Element), 0..5);
            build(children.boxed())
        })
        .boxed()
}

/// An Event as they are, with something odd in it now and then.
fn events() -> BoxedStrategy<Element> {
    let names = ["Provider", "EventID", "TimeCreated", "EventRecordID", "Channel", "Computer", "a b", "H_1"];
    let count = 1..names.len();
    let names = prop::sample::subsequence(names.to_vec(), count);
    let kinds = prop::collection::vec(elements(), 8);
    let system = (names, kinds).prop_map(|(names, kinds)| {
        let children = names.into_iter().zip(kinds).map(|(name, el)| Part::Element(Element { name, ..el }));
        Element { name: "System", dependency: 0xffff, attributes: vec![], children: children.collect() }
    });
    let data =
        (prop::sample::select(&["EventData", "UserData"][..]), prop::collection::vec(elements(), 0..5))
            .prop_map(|(name, children)| {
                let children = children.into_iter().map(Part::Element).collect();
                Part::Element(Element { name, dependency: 0xffff, attributes: vec![], children })
            });
    let inner = (VALUES - 2..VALUES, any::<bool>()).prop_map(|(slot, optional)| Part::Slot(slot, optional));
    let rest = prop_oneof![3 => data, 3 => inner, 1 => elements().prop_map(Part::Element)];
    let about = prop_oneof![9 => Just(vec![]), 1 => attributes()];
    (system, prop::collection::vec(rest, 0..3), about)
        .prop_map(|(system, rest, attributes)| {
            let mut children = vec![Part::Element(system)];
            children.extend(rest);
            Element { name: "Event", dependency: 0xffff, attributes, children }
        })
        .boxed()
}

/// Why the reader leaves the chunk, if it does.
fn left(chunk: &[u8]) -> Option<&'static str> {
    let read = binxml::Reader::default().read(chunk, 0, &mut record::Mapper::default().finish);
    read.err().map(|left| left.0)
}

#[test]
fn any_template_gives_the_same_both_ways() {
    let cases = if cfg!(debug_assertions) { 1_500 } else { 20_000 };
    let left_for = std::cell::RefCell::new(std::collections::BTreeMap::<_, u32>::new());
    let any = (events(), prop::collection::vec(values(true), 1..4));
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let result = runner.run(&any, |(root, records)| {
        let chunk = chunk(&root, &records);
        *left_for.borrow_mut().entry(left(&chunk)).or_default() += 1;
        same::bytes(&made::log(&[chunk]))?;
        Ok(())
    });
    if let Err(e) = result {
        panic!("{e}");
    }
    let left_for = left_for.into_inner();
    assert!(left_for[&None] * 4 > cases, "the reader took few of {cases}: {left_for:#?}");
}

fn el(name: &'static str, children: Vec<Part>) -> Part {
    Part::Element(Element { name, dependency: 0xffff, attributes: vec![], children })
}

fn with(name: &'static str, key: &'static str, value: Part, children: Vec<Part>) -> Part {
    Part::Element(Element { name, dependency: 0xffff, attributes: vec![(key, vec![value])], children })
}

/// Two records of one template with an instance of another in each, as a service writes them.
fn usual() -> Vec<u8> {
    let fixed = |text: &str| Part::Text(text.to_owned());
    let value = |slot| vec![Part::Slot(slot, true)];
    let system = vec![
        with("Provider", "Name", fixed("Made"), vec![]),
        el("EventID", value(0)),
        with("TimeCreated", "SystemTime", Part::Slot(1, true), vec![]),
        with("Correlation", "ActivityID", Part::Slot(2, true), vec![]),
        el("Channel", vec![fixed("Security")]),
        el("Computer", value(3)),
    ];
    let data = vec![
        with("Data", "Name", fixed("Process Name"), value(0)),
        with("Data", "Name", fixed("Id"), value(1)),
        with("Data", "Name", fixed("Channel"), value(2)),
        with("Data", "Name", fixed("Privileges"), value(3)),
        with("Data", "Name", fixed("Empty"), value(4)),
    ];
    let root = |name, children| Element { name, dependency: 0xffff, attributes: vec![], children };
    let event = root("Event", vec![el("System", system), Part::Slot(4, true)]);
    let record = |id: u16, name: &str| {
        let data = root("EventData", data.clone());
        let values = vec![
            Given::Plain(1, utf16(name)),
            Given::Plain(0x14, 0x1f4_u32.to_le_bytes().into()),
            Given::Plain(1, utf16("own")),
            Given::Plain(0x81, utf16("SeDebug\0SeBackup\0")),
            Given::Plain(0, vec![]),
        ];
        vec![
            Given::Plain(6, id.to_le_bytes().into()),
            Given::Plain(0x11, 133_537_608_000_000_000_u64.to_le_bytes().into()),
            Given::Plain(0, vec![]),
            Given::Plain(1, utf16("WS1")),
            Given::Instance(data, values),
        ]
    };
    chunk(&event, &[record(4688, "cmd.exe"), record(4689, "Zoë\0")])
}

#[test]
fn a_usual_record_is_read_here() {
    let chunk = usual();
    assert_eq!(left(&chunk), None);
    same::bytes(&made::log(std::slice::from_ref(&chunk))).unwrap();
    let mut finish = record::Mapper::default().finish;
    let events = binxml::Reader::default().read(&chunk, 0, &mut finish).unwrap();
    assert_eq!(
        events[1].fields_json(),
        r#"{"Provider_Name":"Made","EventID":4689,"TimeCreated":"2024-03-01T10:00:00.0000000Z","Channel":"Security","Computer":"WS1","ProcessName":"Zoë","Id":"0x1f4","EventData_Channel":"own","Privileges":["SeDebug","SeBackup"],"Empty":""}"#
    );
}

/// What a chunk decodes to is bounded by its template and values together, however often those are used.
#[test]
fn what_would_grow_without_bound_is_left() {
    let text = Given::Plain(1, utf16(&"x".repeat(20_000)));
    let data = (0..400).map(|_| el("Data", vec![Part::Slot(0, false)])).collect();
    let system = el("System", vec![el("EventID", vec![Part::Text("1".to_owned())])]);
    let children = vec![system, el("EventData", data)];
    let root = Element { name: "Event", dependency: 0xffff, attributes: vec![], children };
    let chunk = chunk(&root, &[vec![text]]);
    assert_eq!(left(&chunk), Some("a chunk has very much text"));
    same::bytes(&made::log(&[chunk])).unwrap();
}
