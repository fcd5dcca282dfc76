//! From the decoder's JSON text of a record to flat names and values.
//!
//! System: `EventID`, `Channel`, …; attributes as `Provider_Name`, `Execution_ProcessID`, the time as
//! `TimeCreated`. EventData, UserData and the like: every element that has a value, by its own name
//! wherever it is nested, its attributes as `Element_attribute`. Spaces in names are dropped. What repeats
//! is a list in the order of the source. A name that System has keeps System's value, since host and log
//! source hang on it; the other one is called `UserData_Channel`, after its section.

use super::{
    json::{Bad, Json},
    names::{Id, Names},
    shape::{Becomes, Field, Layout, Shapes, Step, join, number},
};
use event::{Name, Value};
use std::{borrow::Cow, collections::HashSet, ops::Range};

/// Deeper elements are refused: the decoder's own bound on nesting is of this size too.
const DEEPEST: usize = 256;
/// System elements that are whole numbers, also when a provider wrote them as text.
const NUMBERS: &[&str] = &[
    "EventID",
    "Version",
    "Level",
    "Task",
    "Opcode",
    "EventRecordID",
    "Execution_ProcessID",
    "Execution_ThreadID",
];

/// Whether an element of System is a whole number.
pub(super) fn is_number(key: &str) -> bool {
    NUMBERS.contains(&key)
}

/// Flattens records; keeps names and buffers between them.
#[derive(Default)]
pub(super) struct Flattener {
    names: Names,
    fields: Vec<(Name, Value)>,
    shapes: Shapes,
    /// What became of each value of the record.
    steps: Vec<Step>,
    /// How many of `fields` System made.
    system: usize,
    scratch: String,
}

impl Flattener {
    /// The record's fields in the order of the source, with their layout, or the byte of `json` that was not
    /// understood.
    pub fn fields(&mut self, json: &str) -> Result<(Fields, &Layout), Bad> {
        let (fields, layout) = match self.shapes.read(json) {
            Some(found) => found,
            None => {
                let fields = self.walked(json)?;
                let layout = self.shapes.learn(json, &self.steps, &fields);
                (fields, layout)
            }
        };
        Ok((fields, self.shapes.layout(layout)))
    }

    /// The fields by walking the text.
    fn walked(&mut self, json: &str) -> Result<Vec<(Name, Value)>, Bad> {
        self.fields = Vec::with_capacity(32);
        self.steps.clear();
        self.names.next_record();
        self.system = 0;
        let mut json = Json::new(json);
        json.take(b'{')?;
        let mut first = true;
        while json.more(b'}', &mut first)? {
            if json.key()? == "Event" { self.event(&mut json)? } else { json.skip()? }
        }
        Ok(std::mem::take(&mut self.fields))
    }

    fn event(&mut self, json: &mut Json<'_>) -> Result<(), Bad> {
        if json.peek() != b'{' {
            return json.skip();
        }
        json.take(b'{')?;
        let mut first = true;
        while json.more(b'}', &mut first)? {
            let section = json.key()?;
            match &*section {
                "#attributes" => json.skip()?,
                "System" if json.peek() == b'{' => {
                    self.system(json)?;
                    self.system = self.fields.len();
                }
                _ => self.element(json, &section, &section, 0)?,
            }
        }
        Ok(())
    }

    fn system(&mut self, json: &mut Json<'_>) -> Result<(), Bad> {
        json.take(b'{')?;
        let mut first = true;
        while json.more(b'}', &mut first)? {
            let key = json.key()?;
            match json.peek() {
                b'{' => self.element(json, "System", &key, 0)?,
                b'[' => self.element(json, "System", &key, 0)?,
                _ => match read(json)? {
                    (Value::Null, _) => {}
                    read => self.add_system(&key, read),
                },
            }
        }
        Ok(())
    }

    fn add_system(&mut self, key: &str, read: Read) {
        let id = self.names.find(key);
        self.add(id, read, is_number(key));
    }

    /// One element's value: a scalar, a list of them, or an object with attributes, text and children.
    fn element(&mut self, json: &mut Json<'_>, section: &str, name: &str, depth: usize) -> Result<(), Bad> {
        if depth > DEEPEST {
            return Err(Bad(0));
        }
        let mut first = true;
        match json.peek() {
            b'{' => json.take(b'{')?,
            b'[' => {
                json.take(b'[')?;
                while json.more(b']', &mut first)? {
                    self.element(json, section, name, depth + 1)?;
                }
                return Ok(());
            }
            _ => {
                let read = read(json)?;
                // An empty section, or an empty element of System, says nothing.
                if read.0 != Value::Null || (name != section && section != "System") {
                    self.put(section, name, read);
                }
                return Ok(());
            }
        }
        let mut keys = Keys::default();
        let mut had_any = false;
        while json.more(b'}', &mut first)? {
            had_any = true;
            let key = json.key()?;
            match &*key {
                "#attributes" => self.attributes(json, section, name)?,
                "#text" => self.element(json, section, name, depth + 1)?,
                _ => {
                    self.element(json, section, keys.repeated(&key).unwrap_or(&key), depth + 1)?;
                    keys.push(key);
                }
            }
        }
        if !had_any && name != section && section != "System" {
            self.put(section, name, (Value::Null, json.place()..json.place()));
        }
        Ok(())
    }

    fn attributes(&mut self, json: &mut Json<'_>, section: &str, element: &str) -> Result<(), Bad> {
        if json.peek() != b'{' {
            return json.skip();
        }
        json.take(b'{')?;
        let mut first = true;
        while json.more(b'}', &mut first)? {
            let key = json.key()?;
            if key.starts_with("xmlns") || matches!(json.peek(), b'{' | b'[') {
                json.skip()?;
                continue;
            }
            let read = read(json)?;
            if section == "System" && element == "TimeCreated" && key == "SystemTime" {
                self.add_system("TimeCreated", read);
            } else {
                let mut name = std::mem::take(&mut self.scratch);
                name.clear();
                name.extend([element, "_", &key]);
                self.put(section, &name, read);
                self.scratch = name;
            }
        }
        Ok(())
    }

    /// Adds a value under its name as it is to be called.
    fn put(&mut self, section: &str, name: &str, read: Read) {
        if section == "System" {
            return self.add_system(name, read);
        }
        let mut id = self.names.find(name);
        if self.names.place(id).is_some_and(|place| place < self.system) {
            id = self.names.find(&format!("{section}_{name}"));
        }
        self.add(id, read, false);
    }

    fn add(&mut self, id: Id, (value, span): Read, numeric: bool) {
        let null = value == Value::Null;
        let value = if numeric { number(value) } else { value };
        let field = match self.names.place(id) {
            Some(place) => {
                if let Some((_, there)) = self.fields.get_mut(place) {
                    join(there, value);
                }
                Field::Joins(place)
            }
            None => {
                self.names.set_place(id, self.fields.len());
                self.fields.push((self.names.name(id), value));
                Field::New(self.names.name(id))
            }
        };
        let at = if null { span.end } else { span.start };
        self.steps.push(Step { at, end: span.end, becomes: Becomes { field, numeric, null } });
    }
}

/// Names and values in the order of the source.
type Fields = Vec<(Name, Value)>;
/// A scalar and the bytes it stands on.
type Read = (Value, Range<usize>);

fn read(json: &mut Json<'_>) -> Result<Read, Bad> {
    json.peek();
    let start = json.place();
    let value = json.scalar()?;
    Ok((value, start..json.place()))
}

/// The names of an element's children so far.
#[derive(Debug, Default)]
pub(super) struct Keys<'k> {
    names: Vec<Cow<'k, str>>,
    /// Of the first so many, when there are many: each by itself, and by what stands before a number at its end.
    numbered: HashSet<(String, usize)>,
    counted: usize,
}

/// A name that ends in a number.
fn numbered(key: &str) -> Option<(&str, usize)> {
    let (base, number) = key.rsplit_once('_')?;
    Some((base, number.parse().ok()?))
}

impl<'k> Keys<'k> {
    /// Names that are looked through one by one.
    const FEW: usize = 64;

    pub fn push(&mut self, key: Cow<'k, str>) {
        self.names.push(key);
    }

    pub fn contains(&self, key: &str) -> bool {
        self.names.iter().any(|name| name == key)
    }

    fn has(&mut self, base: &str, number: usize) -> bool {
        if self.names.len() <= Self::FEW {
            return self
                .names
                .iter()
                .rev()
                .any(|k| (number == 0 && *k == base) || numbered(k) == Some((base, number)));
        }
        for key in self.names.get(self.counted..).unwrap_or_default() {
            self.numbered.insert((key.to_string(), 0));
            self.numbered.extend(numbered(key).map(|(base, n)| (base.to_owned(), n)));
        }
        self.counted = self.names.len();
        self.numbered.contains(&(base.to_owned(), number))
    }

    /// The decoder numbers the second and later elements of one name (`Header`, `Header_1`, `Header_2`): the
    /// name that `key` repeats, if the ones before it are there. A source with a field that is really called
    /// `Header_1` after one called `Header` reads the same and becomes a list of both.
    pub fn repeated<'n>(&mut self, key: &'n str) -> Option<&'n str> {
        let (base, number) = key.rsplit_once('_')?;
        if number.starts_with('0') || !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let number: usize = number.parse().ok()?;
        (self.has(base, 0) && self.has(base, number - 1)).then_some(base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By walking and by what was learned of it.
    fn twice(json: &str) -> Result<Vec<(Name, Value)>, Bad> {
        let mut flattener = Flattener::default();
        let walked = flattener.fields(json).map(|(fields, _)| fields);
        if let Ok(walked) = &walked {
            let (learned, layout) = flattener.shapes.read(json).expect("learned");
            assert_eq!(learned, *walked);
            assert_eq!(flattener.shapes.layout(layout).names, Layout::of(walked).names);
        }
        walked
    }

    #[test]
    fn very_many_elements_of_one_name_cost_each_the_same() {
        // A record of 7 KB can make as many; looking through all names for each would take hours.
        let mut json = r#"{"Event":{"EventData":{"a":1"#.to_owned();
        (1..300_000).for_each(|n| json.push_str(&format!(r#","a_{n}":{n}"#)));
        json.push_str("}}}");
        let (fields, _) = Flattener::default().fields(&json).unwrap();
        assert!(matches!(&fields[..], [(_, Value::List(all))] if all.len() == 300_000));
    }

    fn flat(json: &str) -> String {
        let fields = twice(json).unwrap();
        let map = fields.iter().map(|(n, v)| (n.to_string(), v.to_json())).collect();
        serde_json::Value::Object(map).to_string()
    }

    #[test]
    fn system_and_payload() {
        assert_eq!(
            flat(
                r##"{"Event":{"#attributes":{"xmlns":"x"},"System":{"Provider":{"#attributes":{"Name":"P"}},
                "EventID":{"#attributes":{"Qualifiers":16384},"#text":"104"},"Security":null,
                "TimeCreated":{"#attributes":{"SystemTime":"2020-01-01T00:00:00Z"}},"Channel":"System"},
                "UserData":{"LogFileCleared":{"#attributes":{"xmlns":"y"},"SubjectUserName":"eve",
                "Channel":"Security","Threat Name":"t","Empty":null,"Deep":{"Leaf":{"#attributes":{"a":1},"#text":2}}}}}}"##
            ),
            r#"{"Provider_Name":"P","EventID_Qualifiers":16384,"EventID":104,"TimeCreated":"2020-01-01T00:00:00Z","Channel":"System","SubjectUserName":"eve","UserData_Channel":"Security","ThreatName":"t","Empty":null,"Leaf_a":1,"Leaf":2}"#
        );
    }

    #[test]
    fn what_repeats_is_a_list() {
        assert_eq!(
            flat(
                r##"{"Event":{"EventData":{"Data":{"#text":["a","b",""]},"H":1,"H_1":2,"X_1":"own","H_2":3,"P_9":"own","R":{"V":1},"R_1":{"V":2}}}}"##
            ),
            r#"{"Data":["a","b",""],"H":[1,2,3],"X_1":"own","P_9":"own","V":[1,2]}"#
        );
    }

    #[test]
    fn many_fields_and_deep_nesting() {
        let many: Vec<String> = (0..500).map(|i| format!(r#""F{}":{i}"#, i % 250)).collect();
        let fields = twice(&format!(r#"{{"Event":{{"EventData":{{{}}}}}}}"#, many.join(",")));
        let fields = fields.unwrap();
        assert_eq!(fields.len(), 250);
        assert!(fields.iter().all(|(_, v)| matches!(v, Value::List(l) if l.len() == 2)));
        let deep = format!(r#"{{"Event":{{"UserData":{}1{}}}}}"#, r#"{"a":"#.repeat(9999), "}".repeat(9999));
        assert!(twice(&deep).is_err());
    }

    /// Any JSON, with names that meet the special cases.
    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        let name = prop_oneof![
            Just("#text".to_owned()),
            Just("#attributes".into()),
            Just("Data".into()),
            Just("Data_1".into()),
            Just("Event".into()),
            Just("System".into()),
            Just("EventData".into()),
            Just("Channel".into()),
            "[A-C ]{1,3}",
        ];
        leaf.prop_recursive(6, 60, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                prop::collection::vec((name.clone(), inner), 0..6)
                    .prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_tree_is_taken_and_names_stay_unique(payload in any_json(), system in any_json()) {
            let json = serde_json::json!({"Event": {"System": system, "EventData": payload}}).to_string();
            let fields = twice(&json).unwrap();
            let names: std::collections::HashSet<_> = fields.iter().map(|(n, _)| n.clone()).collect();
            prop_assert_eq!(names.len(), fields.len());
        }

        /// One flattener for many records of few kinds, some with the same shape and other values.
        #[test]
        fn what_was_learned_changes_nothing(
            payloads in prop::collection::vec(any_json(), 1..4),
            order in prop::collection::vec((0_usize..4, "[0-9 x\"]{0,3}", any::<bool>()), 1..30),
        ) {
            fn renewed(tree: &mut serde_json::Value, text: &str, number: bool) {
                match tree {
                    serde_json::Value::Object(m) => m.values_mut().for_each(|v| renewed(v, text, number)),
                    serde_json::Value::Array(a) => a.iter_mut().for_each(|v| renewed(v, text, number)),
                    serde_json::Value::Null => {}
                    leaf => *leaf = if number { text.len().into() } else { text.into() },
                }
            }
            let mut kept = Flattener::default();
            for (which, text, number) in order {
                let mut payload = payloads[which % payloads.len()].clone();
                renewed(&mut payload, &text, number);
                let json = serde_json::json!({"Event": {"System": payload, "EventData": payload}}).to_string();
                let fresh = Flattener::default().walked(&json);
                prop_assert_eq!(kept.fields(&json).map(|f| f.0), fresh);
            }
        }

        #[test]
        fn no_named_value_is_lost(values in prop::collection::vec(("[a-z]{1,6}", any::<String>()), 0..90)) {
            let mut want: Vec<String> = values.iter().map(|(_, v)| v.clone()).collect();
            let members: Vec<String> = values
                .iter()
                .map(|(n, v)| format!("{}:{}", serde_json::to_string(n).unwrap(), serde_json::to_string(v).unwrap()))
                .collect();
            let json = format!(r#"{{"Event":{{"EventData":{{{}}}}}}}"#, members.join(","));
            let mut got = Vec::new();
            for (_, value) in twice(&json).unwrap() {
                let list = match value { Value::List(list) => *list, one => vec![one] };
                got.extend(list.iter().filter_map(|v| v.text().map(|t| t.into_owned())));
            }
            want.sort();
            got.sort();
            prop_assert_eq!(got, want);
        }

        #[test]
        fn broken_text_is_an_error_and_no_panic(json in any_json(), cut in 0usize..400) {
            let text = serde_json::json!({"Event": {"EventData": json}}).to_string();
            let cut = text.floor_char_boundary(cut.min(text.len() - 1));
            prop_assert!(twice(&text[..cut]).is_err());
        }
    }
}
