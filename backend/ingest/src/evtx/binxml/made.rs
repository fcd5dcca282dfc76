//! The record that is being made: fields in the order of the source, by the steps of its templates.

use super::{
    super::{
        names::{Id, Names},
        shape::{join, number},
    },
    FEW, Left, MOST_TEXT, MUCH,
    program::{Empty, Field, May, Op, Program},
    value::{Slot, kind},
};
use event::{Name, Value};

/// See the module; one a reader.
#[derive(Default)]
pub(super) struct Made {
    pub fields: Vec<(Name, Value)>,
    /// The names' numbers.
    pub ids: Vec<Id>,
    /// Names of instances that are children of Event.
    sections: Vec<String>,
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

    /// Takes note of a section that an instance is; `false` for a second one of its name.
    pub fn section(&mut self, name: &str) -> bool {
        let new = !self.sections.iter().any(|there| there == name);
        self.sections.push(name.to_owned());
        new
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
        let value = |slot: u16| values.get(usize::from(slot)).ok_or(FEW);
        let mut at = from;
        while let Some(op) = program.ops.get(at) {
            at += 1;
            match op {
                Op::Slot { slot: number, empty, may, field } => {
                    let slot = value(*number)?;
                    // No text is longer than four times the value's bytes and a quote at each end.
                    self.text += 4 * usize::from(slot.len);
                    if self.text > MOST_TEXT {
                        return Err(MUCH);
                    }
                    match may {
                        May::List if slot.kind == kind::TEXTS => {
                            slot.texts(chunk).for_each(|text| self.put(names, *field, text));
                            continue;
                        }
                        May::Instance(section) if slot.instance() => {
                            return Ok(Some(Inside { slot: *number, section: Some(*section), next: at }));
                        }
                        _ => {}
                    }
                    match (slot.value(chunk)?, empty) {
                        (Value::Null, Empty::Nothing) => {}
                        (Value::Null, Empty::Text) => self.put(names, *field, Value::Str(Box::default())),
                        (value, _) => self.put(names, *field, value),
                    }
                }
                Op::Fixed { value, field } => self.put(names, *field, value.clone()),
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
                        let slot = value(*slot)?;
                        all = all && !slot.instance() && slot.value(chunk)? == Value::Null;
                    }
                    if all {
                        self.put(names, *field, Value::Null);
                    }
                }
                Op::SystemEnds => self.system = self.fields.len(),
                Op::Child { slot } => {
                    let there = value(*slot)?;
                    if there.instance() {
                        return Ok(Some(Inside { slot: *slot, section: None, next: at }));
                    }
                    if there.value(chunk)? != Value::Null {
                        return Err(Left("a value stands in Event"));
                    }
                }
            }
        }
        Ok(None)
    }

    #[inline]
    fn put(&mut self, names: &mut Names, field: Field, value: Value) {
        let (mut id, mut place) = (field.id, names.place(field.id));
        if field.other != id && place.is_some_and(|place| place < self.system) {
            id = field.other;
            place = names.place(id);
        }
        let value = if field.numeric { number(value) } else { value };
        match place.and_then(|place| self.fields.get_mut(place)) {
            Some((_, there)) => join(there, value),
            None => {
                names.set_place(id, self.fields.len());
                self.fields.push((names.name(id), value));
                self.ids.push(id);
            }
        }
    }
}
