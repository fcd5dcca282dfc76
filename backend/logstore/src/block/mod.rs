//! A block: up to 256 rows, compressed together, that can be read alone. `FORMAT.md` says how it is laid out.
//!
//! Rows lie in columns: each name's different values once, and for each row which of them it has. All texts lie behind
//! each other at the end, so that a text is looked for in all values of all rows at once. What is read was perhaps not
//! written by us: whatever the bytes say, reading them fails or gives rows, and takes no more than their size.

pub(crate) mod bytes;
pub(crate) mod encode;
pub(crate) mod value;

use crate::{Row, SourceId, fold, frame};
use bytes::Cut;
use encode::Head;
use event::{Event, Identity, Name, Nanos, Place, columns};
use std::{ops::Range, sync::OnceLock};
use value::{Stored, text, texts_of};

/// Rows a block at most.
pub(crate) const ROWS: usize = 256;
/// Bytes after which no further row goes in.
const MOST_BYTES: usize = 1 << 20;
/// Ends each text. No byte of UTF-8.
pub(crate) const END: u8 = 0xff;
/// Numbers that every row has: time, when it was appended, source, record, offset, length.
pub(crate) const FIXED: usize = 6;
/// Columns that are not fields: dataset, host, user, severity.
pub(crate) const ASIDE: usize = 4;

/// Which of a block's rows.
pub(crate) type Rows = [u64; ROWS / 64];

/// No row.
pub(crate) const NONE: Rows = [0; ROWS / 64];

/// The numbers of the rows that are in it, in order.
pub(crate) fn numbers(rows: Rows) -> impl Iterator<Item = usize> {
    (0..rows.len()).flat_map(move |word| {
        let mut bits = rows[word];
        std::iter::from_fn(move || {
            let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
            bits &= bits - 1;
            Some(word * 64 + bit)
        })
    })
}

pub(crate) fn set(rows: &mut Rows, n: usize) {
    if let Some(word) = rows.get_mut(n / 64) {
        *word |= 1 << (n % 64);
    }
}

pub(crate) fn has(rows: &Rows, n: usize) -> bool {
    rows.get(n / 64).is_some_and(|word| word >> (n % 64) & 1 == 1)
}

/// A block that was unpacked.
#[derive(Debug)]
pub(crate) struct Block {
    plain: Box<[u8]>,
    rows: usize,
    ids: usize,
    fixed: [Box<[i64]>; FIXED],
    names: Vec<Range<usize>>,
    shapes: Vec<Box<[u32]>>,
    row_shapes: Vec<u32>,
    columns: Vec<Column>,
    /// Where the texts begin, and where those of fields do.
    texts: usize,
    searched: usize,
    layout: OnceLock<Layout>,
}

/// One column. The texts of all columns are counted through.
#[derive(Debug)]
struct Column {
    /// How many different values its rows have.
    values: usize,
    index: Range<usize>,
    tags: Range<usize>,
    /// Its first text, and how many it has.
    first: usize,
    texts: usize,
    /// Each value has one text, so that the number of a value is that of its text.
    plain: bool,
}

impl Column {
    /// Which value the `n`-th row that has the column has.
    fn value_of(&self, plain: &[u8], n: usize) -> usize {
        match self.index.is_empty() {
            true if self.values == 1 => 0,
            true => n,
            false => plain.get(self.index.start + n).map_or(0, |i| usize::from(*i)),
        }
    }
}

impl Block {
    /// `None` when it is damaged.
    pub fn open(stored: &[u8]) -> Option<Block> {
        Block::of(frame::unpack(stored)?)
    }

    fn of(plain: Vec<u8>) -> Option<Block> {
        let at = |cut: &Cut<'_>| plain.len() - cut.0.len();
        let mut cut = Cut(&plain);
        let rows = cut.count(16).filter(|rows| *rows <= ROWS)?;
        let ids = at(&cut);
        cut.bytes(rows * 16)?;
        let mut fixed: [Box<[i64]>; FIXED] = Default::default();
        for numbers in &mut fixed {
            let mut last = 0_i64;
            let mut next = || {
                last = last.wrapping_add(cut.signed()?);
                Some(last)
            };
            *numbers = (0..rows).map(|_| next()).collect::<Option<_>>()?;
        }
        let count = cut.count(1).filter(|n| *n >= ASIDE)?;
        let mut names = Vec::with_capacity(count - ASIDE);
        for _ in ASIDE..count {
            let name = cut.text()?;
            names.push(at(&cut) - name.len()..at(&cut));
            cut.number()?;
        }
        let shapes = cut.count(1)?;
        let shapes: Vec<Box<[u32]>> = (0..shapes)
            .map(|_| {
                let n = cut.count(1)?;
                let one = |cut: &mut Cut<'_>| {
                    u32::try_from(cut.number()?).ok().filter(|c| (ASIDE..count).contains(&(*c as usize)))
                };
                (0..n).map(|_| one(&mut cut)).collect()
            })
            .collect::<Option<_>>()?;
        // A column that a shape named twice would have more values than rows.
        let mut seen = vec![usize::MAX; count];
        for (i, shape) in shapes.iter().enumerate() {
            for column in shape {
                let before = std::mem::replace(&mut seen[*column as usize], i);
                (before != i).then_some(())?;
            }
        }
        let row_shapes: Vec<u32> = match shapes.len() {
            0 if rows > 0 => return None,
            0 | 1 => vec![0; rows],
            n => {
                let mut one = || u32::try_from(cut.number()?).ok().filter(|s| (*s as usize) < n);
                (0..rows).map(|_| one()).collect::<Option<_>>()?
            }
        };
        let mut of_shape = vec![0_usize; shapes.len()];
        row_shapes.iter().for_each(|shape| of_shape[*shape as usize] += 1);
        let mut have = vec![0_usize; count];
        have[..ASIDE].fill(rows);
        for (shape, n) in shapes.iter().zip(&of_shape) {
            shape.iter().for_each(|column| have[*column as usize] += n);
        }
        let (mut columns, mut texts) = (Vec::with_capacity(count), 0);
        for rows in have {
            let values = cut.count(1).filter(|v| *v <= rows.min(ROWS) && (*v > 0) == (rows > 0))?;
            let from = at(&cut);
            if values > 1 && values < rows {
                let index = cut.bytes(rows)?;
                index.iter().all(|i| usize::from(*i) < values).then_some(())?;
            }
            let index = from..at(&cut);
            let (from, first, mut plain) = (at(&cut), texts, true);
            for _ in 0..values {
                let n = texts_of(&mut cut)?;
                plain &= n == 1;
                texts += n;
            }
            let texts = texts - first;
            columns.push(Column { values, index, tags: from..at(&cut), first, texts, plain });
        }
        let start = at(&cut);
        if memchr::memchr_iter(END, cut.0).count() != texts {
            return None;
        }
        let aside: usize = columns.iter().take(ASIDE).map(|c| c.texts).sum();
        let end = aside.checked_sub(1).and_then(|n| memchr::memchr_iter(END, cut.0).nth(n));
        let searched = start + end.map_or(0, |end| end + 1);
        let plain = plain.into_boxed_slice();
        Some(Block {
            plain,
            rows,
            ids,
            fixed,
            names,
            shapes,
            row_shapes,
            columns,
            texts: start,
            searched,
            layout: OnceLock::new(),
        })
    }

    pub fn len(&self) -> usize {
        self.rows
    }

    /// About how many bytes it takes in memory.
    pub fn bytes(&self) -> usize {
        self.plain.len() * 5 / 4 + self.rows * 8 * FIXED + self.columns.len() * 80
    }

    pub fn identity(&self, row: usize) -> Identity {
        let at = self.ids + row * 16;
        self.plain.get(at..at + 16).and_then(|id| id.try_into().ok()).unwrap_or_default()
    }

    pub fn time(&self, row: usize) -> Nanos {
        Nanos(self.number(0, row))
    }

    pub fn source(&self, row: usize) -> SourceId {
        SourceId(self.number(2, row))
    }

    fn number(&self, which: usize, row: usize) -> i64 {
        self.fixed[which].get(row).copied().unwrap_or_default()
    }

    pub fn head(&self, row: usize) -> Head {
        Head { identity: self.identity(row), fixed: std::array::from_fn(|i| self.number(i, row)) }
    }

    /// All texts of its fields, each with its end.
    pub fn texts(&self) -> &[u8] {
        self.plain.get(self.searched..).unwrap_or_default()
    }

    fn name(&self, column: usize) -> &str {
        let name = column.checked_sub(ASIDE).and_then(|i| self.names.get(i));
        name.and_then(|r| self.plain.get(r.clone())).and_then(|n| std::str::from_utf8(n).ok()).unwrap_or("")
    }

    /// Hands on each row that has a column with the number of its value.
    fn each_value(&self, column: usize, mut take: impl FnMut(usize, usize)) {
        let of = &self.columns[column];
        let have: Vec<bool> =
            self.shapes.iter().map(|s| column < ASIDE || s.contains(&(column as u32))).collect();
        let with = (0..self.rows).filter(|row| have[self.row_shapes[*row] as usize]);
        with.enumerate().for_each(|(n, row)| take(row, of.value_of(&self.plain, n)));
    }

    /// Adds the rows that have one of these values of a column.
    fn add_rows(&self, column: usize, values: &[bool], rows: &mut Rows) {
        self.each_value(column, |row, value| {
            if values.get(value).is_some_and(|yes| *yes) {
                set(rows, row);
            }
        });
    }

    /// The rows with a value that has the folded text anywhere in a field's text.
    pub fn containing(&self, folded: &memchr::memmem::Finder<'_>, scratch: &mut Vec<u8>) -> Rows {
        let texts = self.texts();
        fold::fold_all(texts, scratch);
        let mut rows = NONE;
        let first = self.columns.iter().take(ASIDE).map(|c| c.texts).sum::<usize>();
        // The text that `from` is in.
        let (mut text, mut from) = (first, 0);
        let mut found: Vec<(usize, Vec<bool>)> = Vec::new();
        while let Some(hit) = scratch.get(from..).and_then(|rest| folded.find(rest)) {
            text += memchr::memchr_iter(END, &scratch[from..from + hit]).count();
            from += hit;
            let after = self.columns.partition_point(|c| c.first + c.texts <= text);
            if let Some(of) = self.columns.get(after) {
                let value = self.value_with(of, text - of.first);
                if found.last().is_none_or(|(column, _)| *column != after) {
                    found.push((after, vec![false; of.values]));
                }
                if let (Some((_, values)), Some(value)) = (found.last_mut(), value) {
                    values[value] = true;
                }
            }
            // On with the text after this one.
            let Some(end) = memchr::memchr(END, &scratch[from..]) else { break };
            from += end + 1;
            text += 1;
        }
        found.iter().for_each(|(column, values)| self.add_rows(*column, values, &mut rows));
        rows
    }

    /// Which value of a column its `n`-th text belongs to.
    fn value_with(&self, column: &Column, n: usize) -> Option<usize> {
        if column.plain {
            return Some(n);
        }
        let (mut tags, mut before) = (Cut(&self.plain[column.tags.clone()]), 0);
        (0..column.values).find(|_| {
            before += texts_of(&mut tags).unwrap_or(0);
            before > n
        })
    }

    /// The rows with a text that passes, of the columns by number ([`ASIDE`]) or of fields whose name passes.
    pub fn passing(&self, column: impl Fn(usize, &str) -> bool, test: impl Fn(&str) -> bool) -> Rows {
        let mut rows = NONE;
        let mut texts = Cut(self.plain.get(self.texts..).unwrap_or_default());
        // The text that `texts` begins with.
        let mut at = 0;
        for (i, of) in self.columns.iter().enumerate() {
            if of.texts == 0 || !column(i, self.name(i)) {
                continue;
            }
            if of.first > at {
                let skip = memchr::memchr_iter(END, texts.0).nth(of.first - at - 1);
                if skip.and_then(|end| texts.bytes(end + 1)).is_none() {
                    return rows;
                }
            }
            at = of.first + of.texts;
            let mut tags = Cut(&self.plain[of.tags.clone()]);
            let values: Vec<bool> = (0..of.values)
                .map(|_| {
                    let n = texts_of(&mut tags).unwrap_or(0);
                    // Each is read, so that the next begins at its place.
                    (0..n).fold(false, |yes, _| text(&mut texts).is_some_and(&test) || yes)
                })
                .collect();
            if values.contains(&true) {
                self.add_rows(i, &values, &mut rows);
            }
        }
        rows
    }

    /// Hands on every different text of every column with how many rows have it and which they are. Rows of a list count
    /// once for each of its texts.
    pub fn dictionary(&self, mut take: impl FnMut(usize, &str, &str, &Rows)) {
        let mut texts = Cut(self.plain.get(self.texts..).unwrap_or_default());
        for (i, of) in self.columns.iter().enumerate() {
            if of.texts == 0 {
                continue;
            }
            let mut rows = vec![NONE; of.values];
            self.each_value(i, |row, value| {
                if let Some(rows) = rows.get_mut(value) {
                    set(rows, row);
                }
            });
            let mut tags = Cut(&self.plain[of.tags.clone()]);
            for rows in &rows {
                for _ in 0..texts_of(&mut tags).unwrap_or(0) {
                    let Some(text) = text(&mut texts) else { return };
                    take(i, self.name(i), text, rows);
                }
            }
        }
    }

    /// Its rows, laid out when they are asked for first.
    pub fn table(&self) -> Table<'_> {
        Table { block: self, layout: self.layout.get_or_init(|| self.lay_out()) }
    }

    fn lay_out(&self) -> Layout {
        let texts = self.plain.get(self.texts..).unwrap_or_default();
        let mut rest = Cut(texts);
        let (mut starts, mut columns) = (Vec::new(), Vec::with_capacity(self.columns.len()));
        for of in &self.columns {
            columns.push(starts.len());
            let tags = &self.plain[of.tags.clone()];
            let mut cut = Cut(tags);
            let here = |cut: &Cut<'_>, rest: &Cut<'_>| {
                let (tag, text) = (of.tags.end - cut.0.len(), self.plain.len() - rest.0.len());
                (tag as u32, text as u32)
            };
            for _ in 0..of.values {
                starts.push(here(&cut, &rest));
                for _ in 0..texts_of(&mut cut).unwrap_or(0) {
                    let end = memchr::memchr(END, rest.0).map_or(rest.0.len(), |end| end + 1);
                    let _ = rest.bytes(end);
                }
            }
            starts.push(here(&cut, &rest));
        }
        // How many rows above have the column, for each column of each row.
        let mut next = vec![0_usize; self.columns.len()];
        let (mut rows, mut cells) = (Vec::with_capacity(self.rows), Vec::new());
        for shape in &self.row_shapes {
            rows.push(cells.len());
            for column in &self.shapes[*shape as usize] {
                let column = *column as usize;
                cells.push(self.columns[column].value_of(&self.plain, next[column]) as u8);
                next[column] += 1;
            }
        }
        Layout { columns, starts, rows, cells }
    }
}

/// Where the values of a block's rows are.
#[derive(Debug)]
struct Layout {
    /// By column its first value in `starts`.
    columns: Vec<usize>,
    /// Where the tags and the texts of each value begin; after the last of a column where they end.
    starts: Vec<(u32, u32)>,
    /// By row where its cells begin: which value of each column of its shape.
    rows: Vec<usize>,
    cells: Vec<u8>,
}

/// The rows of a block.
pub(crate) struct Table<'b> {
    block: &'b Block,
    layout: &'b Layout,
}

impl<'b> Table<'b> {
    fn value(&self, column: usize, value: usize) -> Stored<'b> {
        let at = self.layout.columns.get(column).map_or(usize::MAX, |first| first + value);
        let ends = self.layout.starts.get(at).zip(self.layout.starts.get(at.saturating_add(1)));
        let cut = |from: u32, to: u32| self.block.plain.get(from as usize..to as usize).unwrap_or_default();
        ends.map_or(Stored { tags: &[], texts: &[] }, |(from, to)| Stored {
            tags: cut(from.0, to.0),
            texts: cut(from.1, to.1),
        })
    }

    /// Dataset, host, user and severity of a row.
    pub fn aside(&self, row: usize) -> [Option<&'b str>; ASIDE] {
        std::array::from_fn(|column| {
            let value = self.block.columns[column].value_of(&self.block.plain, row);
            text(&mut Cut(self.value(column, value).texts))
        })
    }

    /// The fields of a row, in their order.
    pub fn fields(&self, row: usize) -> impl Iterator<Item = (&'b str, Stored<'b>)> {
        let block = self.block;
        let cells = self.layout.rows.get(row).and_then(|from| self.layout.cells.get(*from..));
        let cells = cells.unwrap_or_default();
        let shape = block.row_shapes.get(row).map(|shape| &*block.shapes[*shape as usize]);
        let columns = shape.unwrap_or_default().iter().map(|column| *column as usize);
        columns.zip(cells).map(|(column, cell)| (block.name(column), self.value(column, usize::from(*cell))))
    }

    /// A row; `None` when it can't be read.
    pub fn row(&self, row: usize) -> Option<Row> {
        let head = self.block.head(row);
        let [dataset, host, user, severity] = self.aside(row);
        let [time, ingested_at, source, record, offset, len] = head.fixed;
        let place = Place {
            record: record.cast_unsigned(),
            offset: offset.cast_unsigned(),
            len: u32::try_from(len).unwrap_or(0),
        };
        let fields = self.fields(row).map(|(name, value)| Some((Name::from(name), value.value()?)));
        let event = Event {
            time: Nanos(time),
            dataset: Name::from(dataset.unwrap_or("")),
            place,
            fields: fields.collect::<Option<_>>()?,
            identity: head.identity,
        };
        Some(Row {
            identity: head.identity,
            time: Nanos(time),
            ingested_at: Nanos(ingested_at),
            source: SourceId(source),
            place,
            dataset: dataset.unwrap_or("").into(),
            host: host.map(Into::into),
            user: user.map(Into::into),
            severity: severity.unwrap_or("").into(),
            message: columns::message(&event),
            fields: event.fields_json(),
        })
    }
}

#[cfg(test)]
mod tests;
