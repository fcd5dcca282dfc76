//! Records straight to events, without rendering them in between.
//!
//! Nearly all records are instances of templates: a list of typed values and the place of a definition that says
//! what each is. A definition is compiled once to a list of steps ([`program`]) and known again in later chunks
//! ([`template`]); a record is then its values put under the names of those steps.
//!
//! This reads what is usual and nothing else. At the first thing in a chunk that is damaged, odd or large it gives
//! up on the chunk ([`Left`]), which the decoder then reads from its start as if nothing had been tried. So what
//! a chunk gives never hangs on this reader: it finds the same events as the decoder, or none.
//!
//! Invariants: input never makes it panic (and a panic would leave the chunk to the decoder). What a chunk's
//! events hold is bounded by [`MOST_TEXT`], whatever its templates repeat; what is kept between chunks by
//! [`MOST_KEPT`]; elements inside each other by [`template`], instances inside each other by [`DEEPEST`].

mod cursor;
mod form;
mod made;
mod program;
mod template;
mod value;

use super::{
    names::{Id, Names},
    record::{self, At, Finish},
    shape::Layout,
};
use cursor::Cursor;
use event::{Event, Name, Nanos, Value};
use made::{Inside, Made};
use program::{Op, Program};
use std::{collections::HashMap, ops::Range, sync::Arc};
use template::{Element, Seen};
use value::{Slot, kind};

/// Why a chunk is left to the decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left(pub &'static str);

/// Text that a chunk's records may have. The decoder's JSON of such a chunk stays below what [`super::chunk`]
/// lets through, so both take it.
const MOST_TEXT: usize = 2 << 20;
/// Escapes make at most six bytes of one.
const _: () = assert!(6 * MOST_TEXT < super::chunk::MOST_TEXT);
/// Bytes of templates that are kept from chunk to chunk.
const MOST_KEPT: usize = 8 << 20;
/// Values of one instance.
const MOST_VALUES: u32 = 4096;
/// Layouts kept of one template.
const MOST_LAYOUTS: usize = 64;
/// Instances inside each other.
const DEEPEST: usize = 4;
const LARGE: Left = Left("a chunk has very large templates");
const MUCH: Left = Left("a chunk has very much text");
const FEW: Left = Left("an instance has fewer values than its template uses");

/// A definition that was met before.
struct Known {
    seen: Seen,
    root: Element,
    /// The root's name.
    name: Name,
    /// Its programs, as a record and inside of sections, or why its shape is left to the decoder.
    programs: Vec<(Option<Name>, Compiled)>,
    /// Names by number in their order, and what follows from them; the last found first.
    layouts: Vec<(Box<[Id]>, Layout)>,
}

type Compiled = Result<Arc<Program>, Left>;

/// An instance: its definition and its values.
#[derive(Clone)]
struct Instance {
    known: usize,
    slots: Range<usize>,
    /// Where it ends in the chunk.
    end: usize,
}

/// Reads chunks; one a thread.
#[derive(Default)]
pub(super) struct Reader {
    names: Names,
    known: Vec<Known>,
    by_guid: HashMap<([u8; 16], u32), Vec<usize>>,
    kept: usize,
    /// Records of the last chunk.
    many: usize,
    /// Definitions of this chunk: place and number among `known`.
    here: Vec<(u32, usize)>,
    slots: Vec<Slot>,
    /// Instances inside the record's own: number of the value among `slots`, instance.
    inner: Vec<(usize, Instance)>,
    made: Made,
}

impl Reader {
    /// The events of a whole chunk that begins at byte `start` of its file.
    pub fn read(&mut self, chunk: &[u8], start: u64, finish: &mut Finish) -> Result<Vec<Event>, Left> {
        if self.kept > MOST_KEPT || self.names.crowded() {
            *self = Reader::default();
        }
        self.here.clear();
        self.made.text = 0;
        cursor::check_names(chunk)?;
        // Layout after libevtx: number of the last record at 32, end of the records at 48.
        let last = Cursor::new(chunk, 32).u64()?;
        let end = chunk.len().min(Cursor::new(chunk, 48).u32()? as usize);
        let (mut at, mut events) = (512, Vec::with_capacity(self.many));
        while at < end {
            let (id, event, next) = self.record(chunk, start, at, finish)?;
            events.push(event);
            if id == last {
                break;
            }
            at = next;
        }
        self.many = events.len();
        Ok(events)
    }

    /// The record at `at`: its number, event and end.
    fn record(
        &mut self,
        chunk: &[u8],
        start: u64,
        at: usize,
        finish: &mut Finish,
    ) -> Result<(u64, Event, usize), Left> {
        let mut header = Cursor::new(chunk, at);
        if header.u32()? != 0x2a2a {
            return Err(Left("a record does not begin like one"));
        }
        let (len, id, written) = (header.u32()?, header.u64()?, filetime(header.u64()?)?);
        let body = len.checked_sub(record::AROUND).ok_or(Left("a record is too short"))?;
        let stream = header.place();
        let bytes = header.take(body as usize)?;
        self.slots.clear();
        let root = self.stream(chunk, stream, bytes)?;
        let place = At { id, offset: start + at as u64, len, written };
        let event = self.event(chunk, &root, &place, finish)?;
        Ok((id, event, at + len as usize))
    }

    /// The one instance that a stream of `bytes` at `at` consists of.
    fn stream(&mut self, chunk: &[u8], at: usize, bytes: &[u8]) -> Result<Instance, Left> {
        let before = match bytes {
            [0x0f, _, _, _, 0x0c, _, ..] => 5,
            [0x0c, ..] => 1,
            _ => return Err(Left("a stream is not one instance of a template")),
        };
        let instance = self.instance(chunk, at + before)?;
        match instance.end.checked_sub(at).and_then(|read| bytes.get(read..)) {
            Some([] | [0, ..]) => Ok(instance),
            _ => Err(Left("more than one instance of a template stands in a stream")),
        }
    }

    /// Reads the values of an instance into `slots`.
    fn instance(&mut self, chunk: &[u8], at: usize) -> Result<Instance, Left> {
        let mut cursor = Cursor::new(chunk, at);
        cursor.take(5)?;
        let definition = cursor.u32()?;
        if cursor.place() == definition as usize {
            let size = Cursor::new(chunk, cursor.place() + 20).u32()?;
            cursor.take(template::HEADER)?;
            cursor.take(size as usize)?;
        }
        let known = self.definition(chunk, definition)?;
        let count = cursor.u32()?;
        if count > MOST_VALUES {
            return Err(Left("an instance has very many values"));
        }
        let table = cursor.take(4 * count as usize)?;
        let first = self.slots.len();
        self.slots.reserve(count as usize);
        for &[low, high, kind, _] in table.as_chunks::<4>().0 {
            let len = u16::from_le_bytes([low, high]);
            let slot = Slot::new(cursor.place() as u32, len, kind);
            cursor.take(len.into())?;
            if kind != kind::TEXT && !slot.fits(chunk) || kind == kind::TEXT && len % 2 != 0 {
                return Err(Left("a value of a type or length that is not read here"));
            }
            self.slots.push(slot);
        }
        Ok(Instance { known, slots: first..self.slots.len(), end: cursor.place() })
    }

    /// The definition at a place in the chunk.
    fn definition(&mut self, chunk: &[u8], place: u32) -> Result<usize, Left> {
        if let Some(at) = self.here.iter().position(|(there, _)| *there == place) {
            if at > 0 {
                self.here.swap(0, at);
            }
            return self.here.first().map(|(_, known)| *known).ok_or(Left("no definition"));
        }
        let mut header = Cursor::new(chunk, place as usize);
        header.u32()?;
        let (guid, size) = (header.guid()?, header.u32()?);
        let start = header.place();
        header.take(size as usize)?;
        let body = start..header.place();
        let same = self.by_guid.entry((guid, size)).or_default();
        let known =
            same.iter().copied().find(|n| self.known.get(*n).is_some_and(|k| k.seen.is(chunk, &body)));
        let known = match known {
            Some(known) => known,
            None => {
                if self.kept > 2 * MOST_KEPT {
                    return Err(LARGE);
                }
                let (root, seen) = template::parse(chunk, body)?;
                // The elements have about the bytes of what they were read from.
                self.kept += 2 * seen.weight() + size_of::<Known>();
                same.push(self.known.len());
                let name = Name::from(&*root.name);
                self.known.push(Known { seen, root, name, programs: Vec::new(), layouts: Vec::new() });
                self.known.len() - 1
            }
        };
        self.here.push((place, known));
        Ok(known)
    }

    /// The event of a record's instance.
    fn event(&mut self, chunk: &[u8], root: &Instance, at: &At, finish: &mut Finish) -> Result<Event, Left> {
        self.inner.clear();
        let mut from = 0;
        for _ in 0..DEEPEST {
            // Those of the round before may hold some in turn.
            let until = self.slots.len();
            for number in from..until {
                let Some(slot) = self.slots.get(number).copied().filter(|slot| slot.instance()) else {
                    continue;
                };
                let instance = self.stream(chunk, slot.at(), slot.bytes(chunk))?;
                self.inner.push((number, instance));
            }
            from = until;
        }
        if from < self.slots.len() {
            return Err(Left("instances stand deep inside each other"));
        }
        self.made.begin(&mut self.names);
        let last = self.run(chunk, root, None, 0)?;
        let fields = std::mem::take(&mut self.made.fields);
        let layout = self.known.get_mut(last).ok_or(FEW)?.layout(&self.made.ids, &fields, &mut self.kept);
        Ok(finish.event(at, layout, fields))
    }

    /// Puts an instance's values, and at their places those of the instances inside it, into `made`. Gives the
    /// definition that came last.
    fn run(
        &mut self,
        chunk: &[u8],
        instance: &Instance,
        section: Option<&Name>,
        depth: usize,
    ) -> Result<usize, Left> {
        let program = self.program(instance.known, section)?;
        self.made.text += program.weight;
        let (mut from, mut last) = (0, instance.known);
        loop {
            let values = self.slots.get(instance.slots.clone()).filter(|s| s.len() >= program.slots);
            let step = self.made.steps(&mut self.names, chunk, &program, values.ok_or(FEW)?, from)?;
            let Some(Inside { slot, section, next }) = step else { break };
            from = next;
            let number = instance.slots.start + usize::from(slot);
            let inner = self.inner.iter().find(|(n, _)| *n == number).ok_or(FEW)?.1.clone();
            let name = &self.known.get(inner.known).ok_or(FEW)?.name;
            if **name == *"Data" || depth > DEEPEST {
                return Err(Left("an instance of an odd name"));
            }
            let section = match section {
                Some(section) => program.sections.get(section).ok_or(FEW)?.clone(),
                // A second section of a name would be called otherwise.
                None if program.sections.contains(name) || self.made.sections.contains(name) => {
                    return Err(Left("two children of Event have one name"));
                }
                None => {
                    self.made.sections.push(name.clone());
                    name.clone()
                }
            };
            last = self.run(chunk, &inner, Some(&section), depth + 1)?;
        }
        if self.made.text > MOST_TEXT { Err(MUCH) } else { Ok(last) }
    }

    /// The program of a definition inside a section, or of a record's.
    fn program(&mut self, known: usize, section: Option<&Name>) -> Compiled {
        let known = self.known.get_mut(known).ok_or(FEW)?;
        if let Some((_, program)) = known.programs.iter().find(|(those, _)| those.as_ref() == section) {
            return program.clone();
        }
        if self.kept > 2 * MOST_KEPT {
            return Err(LARGE);
        }
        let program = match section {
            None => Program::event(&known.root, &mut self.names),
            Some(section) => Program::inside(&known.root, section, &mut self.names),
        };
        self.kept += program.as_ref().map_or(0, |p| p.ops.len() * size_of::<Op>() + p.weight);
        known.programs.push((section.cloned(), program.map(Arc::new)));
        known.programs.last().map_or(Err(FEW), |(_, program)| program.clone())
    }
}

impl Known {
    /// The layout of fields with these numbers; a new one adds to what is kept.
    fn layout(&mut self, ids: &[Id], fields: &[(Name, Value)], kept: &mut usize) -> &Layout {
        match self.layouts.iter().position(|(those, _)| **those == *ids) {
            Some(0) => {}
            Some(at) => self.layouts.swap(0, at),
            None => {
                *kept += size_of_val(ids) + size_of::<Layout>();
                self.layouts.truncate(MOST_LAYOUTS - 1);
                self.layouts.insert(0, (ids.into(), Layout::of(fields)));
            }
        }
        &self.layouts[0].1
    }
}

/// Hundreds of nanoseconds since 1601 as a time; the decoder refuses years past 9999.
fn filetime(ticks: u64) -> Result<Nanos, Left> {
    /// 1601-01-01 to 1970-01-01, and to 9999-12-30.
    const UNIX: i128 = 116_444_736_000_000_000;
    const LAST: u64 = 2_650_466_808_000_000_000;
    if ticks >= LAST {
        return Err(Left("a record was written after 9999"));
    }
    let nanos = (i128::from(ticks) - UNIX) * 100;
    Ok(Nanos(nanos.clamp(i64::MIN.into(), i64::MAX.into()) as i64))
}
