//! Rows into a block.

use super::{
    ASIDE, END, FIXED, MOST_BYTES, ROWS,
    bytes::{put, put_signed, put_text},
    value::Put,
};
use crate::frame;
use event::{Event, Identity, columns};
use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

/// What a row has beside its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub identity: Identity,
    /// Time, when it was appended, source, record, offset, length: see [`FIXED`].
    pub fixed: [i64; FIXED],
}

impl Head {
    pub fn of(event: &Event, source: i64, now: i64) -> Head {
        let place = event.place;
        let fixed = [
            event.time.0,
            now,
            source,
            place.record.cast_signed(),
            place.offset.cast_signed(),
            place.len.into(),
        ];
        Head { identity: event.identity, fixed }
    }
}

/// Gathers rows until it is full.
#[derive(Default)]
pub(crate) struct Builder {
    heads: Vec<Head>,
    /// Lists of columns, and which of them each row has.
    shapes: Vec<Vec<u32>>,
    shape_of: HashMap<Vec<u32>, u32>,
    row_shapes: Vec<u32>,
    /// By name and how many of this name stood before it in its row.
    by_name: HashMap<(Box<str>, u32), u32>,
    columns: Vec<Column>,
    /// Of the row that is being put: its columns, and one value.
    shape: Vec<u32>,
    tags: Vec<u8>,
    texts: Vec<u8>,
    bytes: usize,
}

#[derive(Default)]
struct Column {
    name: Box<str>,
    occurrence: u32,
    /// Rows that have it; of those after the first 256 there are none.
    rows: usize,
    /// Which of the different values each row has.
    index: Vec<u8>,
    /// Ends of the different values in both.
    ends: Vec<(usize, usize)>,
    tags: Vec<u8>,
    texts: Vec<u8>,
    by_hash: HashMap<u64, u8, BuildHasherDefault<Taken>>,
}

/// A hash that is one already.
#[derive(Default)]
struct Taken(u64);

impl Hasher for Taken {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {}
    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

/// A quick hash. Who makes two values collide on purpose has both stored, no more.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut h = bytes.len() as u64;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        h = (h.rotate_left(23) ^ u64::from_le_bytes(*word)).wrapping_mul(K);
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    h = (h.rotate_left(23) ^ u64::from_le_bytes(last)).wrapping_mul(K);
    h ^ h >> 32
}

impl Column {
    fn value(&self, i: usize) -> (&[u8], &[u8]) {
        let from = i.checked_sub(1).and_then(|i| self.ends.get(i)).copied().unwrap_or_default();
        let to = self.ends.get(i).copied().unwrap_or(from);
        (&self.tags[from.0..to.0], &self.texts[from.1..to.1])
    }

    /// Takes the value of one more row; the bytes that this added.
    fn push(&mut self, tags: &[u8], texts: &[u8]) -> usize {
        self.rows += 1;
        // Very often it is that of the row before.
        if let Some(last) = self.index.last()
            && self.value(usize::from(*last)) == (tags, texts)
        {
            self.index.push(*last);
            return 1;
        }
        let key = hash(texts) ^ hash(tags).rotate_left(32);
        let there = self.by_hash.get(&key).copied();
        if let Some(there) = there.filter(|i| self.value(usize::from(*i)) == (tags, texts)) {
            self.index.push(there);
            return 1;
        }
        let new = self.ends.len() as u8;
        self.tags.extend(tags);
        self.texts.extend(texts);
        self.ends.push((self.tags.len(), self.texts.len()));
        self.by_hash.insert(key, new);
        self.index.push(new);
        1 + tags.len() + texts.len()
    }
}

impl Builder {
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether another row needs another block.
    pub fn is_full(&self) -> bool {
        self.heads.len() >= ROWS || self.bytes >= MOST_BYTES
    }

    /// Puts an event; not when it is full.
    pub fn event(&mut self, event: &Event, source: i64, now: i64) {
        let host = columns::host(event);
        let user = columns::user(event);
        let aside = [Some(&*event.dataset), host.as_deref(), user.as_deref(), Some(columns::severity(event))];
        self.push(
            Head::of(event, source, now),
            aside,
            event.fields.iter().map(|(name, value)| (&**name, value)),
        );
    }

    /// Puts a row; not when it is full.
    pub fn push<'f, V: Put>(
        &mut self,
        head: Head,
        aside: [Option<&str>; ASIDE],
        fields: impl Iterator<Item = (&'f str, V)>,
    ) {
        if self.columns.is_empty() {
            self.columns.resize_with(ASIDE, Column::default);
        }
        let mut tags = std::mem::take(&mut self.tags);
        let mut texts = std::mem::take(&mut self.texts);
        for (column, value) in aside.iter().enumerate() {
            tags.clear();
            texts.clear();
            value.put(&mut tags, &mut texts);
            self.bytes += self.columns[column].push(&tags, &texts);
        }
        // Most rows have the shape of the row before, which need not be looked up.
        let last = self.row_shapes.last().map_or(usize::MAX, |shape| *shape as usize);
        let mut same = true;
        self.shape.clear();
        for (i, (name, value)) in fields.enumerate() {
            let guess = self.shapes.get(last).and_then(|shape| shape.get(i)).copied();
            let column = match guess.filter(|c| same && *self.columns[*c as usize].name == *name) {
                Some(column) => column,
                None => {
                    same = false;
                    self.column(name)
                }
            };
            self.shape.push(column);
            tags.clear();
            texts.clear();
            value.put(&mut tags, &mut texts);
            self.bytes += self.columns[column as usize].push(&tags, &texts);
        }
        (self.tags, self.texts) = (tags, texts);
        same &= self.shapes.get(last).is_some_and(|shape| shape.len() == self.shape.len());
        let shape = match same {
            true => last as u32,
            false => match self.shape_of.get(&self.shape) {
                Some(shape) => *shape,
                None => {
                    let new = self.shapes.len() as u32;
                    self.shapes.push(self.shape.clone());
                    self.shape_of.insert(self.shape.clone(), new);
                    new
                }
            },
        };
        self.row_shapes.push(shape);
        self.heads.push(head);
        self.bytes += 48;
    }

    /// The column of the next field of the row that is being put.
    fn column(&mut self, name: &str) -> u32 {
        let before = self.shape.iter().filter(|c| *self.columns[**c as usize].name == *name).count() as u32;
        if let Some(column) = self.by_name.get(&(Box::from(name), before)) {
            return *column;
        }
        let new = self.columns.len() as u32;
        self.columns.push(Column { name: name.into(), occurrence: before, ..Column::default() });
        self.by_name.insert((name.into(), before), new);
        self.bytes += name.len() + 2;
        new
    }

    /// The block as it is stored. The builder is empty then.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes);
        put(&mut out, self.heads.len() as u64);
        self.heads.iter().for_each(|head| out.extend(head.identity));
        for i in 0..FIXED {
            let mut last = 0_i64;
            for head in &self.heads {
                put_signed(&mut out, head.fixed[i].wrapping_sub(last));
                last = head.fixed[i];
            }
        }
        put(&mut out, self.columns.len() as u64);
        for column in self.columns.iter().skip(ASIDE) {
            put_text(&mut out, &column.name);
            put(&mut out, column.occurrence.into());
        }
        put(&mut out, self.shapes.len() as u64);
        for shape in &self.shapes {
            put(&mut out, shape.len() as u64);
            shape.iter().for_each(|column| put(&mut out, u64::from(*column)));
        }
        if self.shapes.len() > 1 {
            self.row_shapes.iter().for_each(|shape| put(&mut out, u64::from(*shape)));
        }
        for column in &self.columns {
            put(&mut out, column.ends.len() as u64);
            if column.ends.len() > 1 && column.ends.len() < column.rows {
                out.extend(&column.index);
            }
            out.extend(&column.tags);
        }
        self.columns.iter().for_each(|column| out.extend(&column.texts));
        *self = Builder::default();
        frame::pack(&out)
    }
}

const _: () = assert!(ROWS == 256 && END == 0xff);
