//! The record that is being made: fields in the order of the source, by the steps of its templates.

use super::{
    super::{
        names::{Id, Names},
        shape::{join, number},
    },
    FEW, Left, MOST_TEXT, MUCH,
    program::{Empty, Field, May, Op, Program},
    value::{Class, Slot, kind},
};
use event::{Name, Text, Value};

/// See the module; one a reader.
#[derive(Default)]
pub(super) struct Made {
    pub fields: Vec<(Name, Value)>,
    /// The names' numbers.
    pub ids: Vec<Id>,
    /// Names of the instances that are children of Event.
    pub sections: Vec<Name>,
    /// How many of `fields` System made.
    system: usize,
    /// Text of the chunk so far, at least what the decoder's JSON would have without escapes.
    pub text: usize,
}

/// An instance that stands at a step.
pub(super) struct Inside {
    /// Its value's number.
    pub slot: u16,
    /// Which of the program's sections it is in, `None` when it is one itself.
    pub section: Option<usize>,
    /// The step to go on with.
    pub next: usize,
}

impl Made {
    /// A record begins.
    pub fn begin(&mut self, names: &mut Names) {
        names.begin_record();
        // As many as the last record had, which is nearly always right.
        self.fields = Vec::with_capacity(self.ids.len().max(16));
        self.ids.clear();
        self.sections.clear();
        self.system = 0;
    }

    /// Takes the steps of `program` from number `from` on, with these values. Stops at an instance inside.
    pub fn steps(
        &mut self,
        names: &mut Names,
        chunk: &[u8],
        program: &Program,
        values: &[Slot],
        from: usize,
    ) -> Result<Option<Inside>, Left> {
        let value = |slot: u16| values.get(usize::from(slot)).copied().ok_or(FEW);
        let mut at = from;
        while let Some(op) = program.ops.get(at) {
            at += 1;
            match op {
                Op::Slot { slot: which, empty, may, field } => {
                    let slot = value(*which)?;
                    // No text is longer than four times the value's bytes and a quote at each end.
                    self.text += 4 * slot.len();
                    if self.text > MOST_TEXT {
                        return Err(MUCH);
                    }
                    match may {
                        May::List if slot.kind() == kind::TEXTS => {
                            slot.texts(chunk).for_each(|text| self.put_text(names, field, text));
                            continue;
                        }
                        May::Instance(section) if slot.instance() => {
                            return Ok(Some(Inside { slot: *which, section: Some(*section), next: at }));
                        }
                        _ => {}
                    }
                    match slot.class() {
                        Class::Text => match slot.text(chunk) {
                            Some(text) => self.put_text(names, field, text),
                            None if *empty == Empty::Text => self.put_text(names, field, Text::default()),
                            None if *empty == Empty::Null => self.put(names, field, Value::Null),
                            None => {}
                        },
                        Class::Number => self.put_number(names, field, slot.number(chunk)),
                        Class::Other => self.put(names, field, slot.other(chunk)),
                        Class::None => return Err(Left("a value where none of its type is read")),
                    }
                }
                Op::Fixed { text, field } => match text {
                    Some(text) => self.put_text(names, field, text.clone()),
                    None => self.put(names, field, Value::Null),
                },
                Op::Skip { slot, steps } => {
                    if value(*slot)?.null() {
                        at += *steps as usize;
                    }
                }
                Op::Null { nulls, empties, field } => {
                    let mut all = true;
                    for slot in nulls {
                        all &= value(*slot)?.null();
                    }
                    for slot in empties {
                        all = all && value(*slot)?.empty(chunk);
                    }
                    if all {
                        self.put(names, field, Value::Null);
                    }
                }
                Op::SystemEnds => self.system = self.fields.len(),
                Op::Child { slot } => {
                    let there = value(*slot)?;
                    if there.instance() {
                        return Ok(Some(Inside { slot: *slot, section: None, next: at }));
                    }
                    if !there.empty(chunk) {
                        return Err(Left("a value stands in Event"));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Puts a text. Apart from [`Made::put`], as is a number, so that it comes in registers and a value is built
    /// where it stays; that halves what a record costs here.
    #[inline(never)]
    fn put_text(&mut self, names: &mut Names, field: &Field, text: Text) {
        if field.numeric || !self.first(names, field) {
            return self.put(names, field, Value::Str(text));
        }
        let name = field.name.clone();
        if self.fields.len() == self.fields.capacity() {
            return self.push(name, Value::Str(text));
        }
        // Where a push needn't grow the list, it builds its value in place.
        self.fields.push((name, Value::Str(text)));
    }

    #[inline(never)]
    fn put_number(&mut self, names: &mut Names, field: &Field, number: i64) {
        if !self.first(names, field) {
            return self.put(names, field, Value::Int(number));
        }
        let name = field.name.clone();
        if self.fields.len() == self.fields.capacity() {
            return self.push(name, Value::Int(number));
        }
        self.fields.push((name, Value::Int(number)));
    }

    #[cold]
    fn push(&mut self, name: Name, value: Value) {
        self.fields.push((name, value));
    }

    /// Whether the field's name comes for the first time; then it is marked as there.
    #[inline(always)]
    fn first(&mut self, names: &mut Names, field: &Field) -> bool {
        let first = names.place(field.id).is_none();
        if first {
            names.set_place(field.id, self.fields.len());
            self.ids.push(field.id);
        }
        first
    }

    /// Puts any value under its name.
    #[inline(never)]
    fn put(&mut self, names: &mut Names, field: &Field, value: Value) {
        let value = if field.numeric { number(value) } else { value };
        let (mut id, mut place) = (field.id, names.place(field.id));
        if field.other != id && place.is_some_and(|place| place < self.system) {
            id = field.other;
            place = names.place(id);
        }
        if let Some((_, there)) = place.and_then(|place| self.fields.get_mut(place)) {
            return join(there, value);
        }
        names.set_place(id, self.fields.len());
        self.ids.push(id);
        self.fields.push((names.name(id), value));
    }
}
