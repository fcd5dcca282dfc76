//! A sealed segment: up to 65,536 rows in order of time, in blocks, with what is needed to find out quickly which blocks
//! can hold what is looked for. All but the blocks follows from them.

use crate::{
    block::{
        ASIDE, Block, ROWS, Rows, Table,
        bytes::{Cut, put, put_signed, put_text},
        encode::Builder,
        numbers, set,
    },
    fold, frame,
    grams::Signature,
    keys::{Contents, Key, of_log},
};
use event::Identity;
use std::{
    borrow::Borrow,
    collections::{BTreeMap, HashMap},
};

/// Rows of a segment at most; as many blocks as a row of its signature has bits.
pub(crate) const LARGEST: usize = 65_536;
const BLOCKS: usize = ROWS;
/// Slices of a segment's identities, by their first bits.
pub(crate) const SLICES: usize = 64;
/// Of a column's dictionary: different texts, bytes of them; and columns of a segment.
const TEXTS: usize = 1024;
const BYTES: usize = 1 << 16;
const COLUMNS: usize = 512;
/// Name of the dictionary of sources, whose texts are their numbers.
pub(crate) const SOURCE: &str = "\0source";
/// Names of the columns that are not fields.
pub(crate) const NAMES: [&str; ASIDE] = ["\0dataset", "\0host", "\0user", "\0severity"];

/// One block of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub rows: usize,
    /// Times of its first and last row, and which these are: among rows of one time they are in order of identity.
    pub first: i64,
    pub last: i64,
    pub ids: [Identity; 2],
}

impl Part {
    /// A block of which nothing is known but that its rows are between these times.
    pub fn anywhere(first: i64, last: i64) -> Part {
        Part { rows: 0, first, last, ids: [[0; 16], [0xff; 16]] }
    }
}

/// All of a segment, ready to be written.
#[derive(Debug, Default)]
pub(crate) struct Sealed {
    pub rows: usize,
    pub parts: Vec<Part>,
    pub blocks: Vec<Vec<u8>>,
    pub ids: Vec<Vec<u8>>,
    pub grams: Vec<Vec<u8>>,
    /// Name in ASCII lower case and packed dictionary.
    pub columns: Vec<(String, Vec<u8>)>,
    /// Whether every column is among them.
    pub all_columns: bool,
    /// By log or content the lowest and highest number.
    pub spans: BTreeMap<i64, (i64, i64)>,
    /// By source how many rows.
    pub sources: BTreeMap<i64, u64>,
}

/// The slice of an identity and what it is known by there.
pub(crate) fn mark(identity: &Identity) -> (usize, u16) {
    (usize::from(identity[0] >> 2), u16::from_le_bytes([identity[1], identity[2]]))
}

/// Numbers of rows in a segment (block and row in it) that a slice knows by this mark.
pub(crate) fn marked(slice: &[u8], mark: u16) -> impl Iterator<Item = u16> {
    let (pairs, _) = slice.as_chunks::<4>();
    let key = |pair: &[u8; 4]| u16::from_le_bytes([pair[0], pair[1]]);
    let from = pairs.partition_point(|pair| key(pair) < mark);
    pairs[from..]
        .iter()
        .take_while(move |pair| key(pair) == mark)
        .map(|pair| u16::from_le_bytes([pair[2], pair[3]]))
}

/// Makes segments of rows. `rows` says which rows of which block, `contents` what each source is.
pub(crate) fn seal(
    blocks: &[impl Borrow<Block>],
    rows: impl Iterator<Item = (usize, usize)>,
    contents: &HashMap<i64, Contents>,
) -> Vec<Sealed> {
    let mut rows: Vec<(i64, Identity, usize, usize)> =
        rows.map(|(b, r)| (blocks[b].borrow().time(r).0, blocks[b].borrow().identity(r), b, r)).collect();
    rows.sort_unstable();
    let tables: Vec<Table<'_>> = blocks.iter().map(|b| b.borrow().table()).collect();
    let (mut all, mut making, mut builder) = (Vec::new(), Making::default(), Builder::default());
    for (_, _, block, row) in rows {
        if builder.is_full() {
            making.block(&mut builder);
        }
        if builder.len() == 0 && making.is_full() {
            all.push(std::mem::take(&mut making).finish());
        }
        let (head, table) = (blocks[block].borrow().head(row), &tables[block]);
        let [_, _, source, record, offset, len] = head.fixed;
        *making.done.sources.entry(source).or_default() += 1;
        if let Some(contents) = contents.get(&source) {
            making.span(contents.key(offset.cast_unsigned(), len.cast_unsigned()));
        }
        if let Some(key) = log_of(table, row, record) {
            making.span(key);
        }
        making.id(&head.identity, builder.len());
        builder.push(head, table.aside(row), table.fields(row));
    }
    if builder.len() > 0 {
        making.block(&mut builder);
    }
    if !making.done.blocks.is_empty() {
        all.push(making.finish());
    }
    all
}

fn log_of(table: &Table<'_>, row: usize, record: i64) -> Option<Key> {
    let (mut channel, mut computer) = (None, None);
    for (name, value) in table.fields(row) {
        match name {
            "Channel" if channel.is_none() => channel = Some(value),
            "Computer" if computer.is_none() => computer = Some(value),
            _ => {}
        }
    }
    let computer = computer.and_then(|value| value.plain_text()).unwrap_or("");
    let channel = channel?.plain_text();
    Some(of_log(channel?, computer, record.cast_unsigned()))
}

struct Making {
    done: Sealed,
    ids: Vec<Vec<(u16, u16)>>,
    signature: Signature,
    dictionaries: Vec<Dictionary>,
    by_name: HashMap<String, usize>,
    /// The name that came last and its dictionary: all texts of a column come together.
    last: (String, Option<usize>),
    folded: Vec<u8>,
}

impl Default for Making {
    fn default() -> Making {
        Making {
            done: Sealed { all_columns: true, ..Sealed::default() },
            ids: vec![vec![]; SLICES],
            signature: Signature::new(),
            dictionaries: Vec::new(),
            by_name: HashMap::new(),
            last: (String::new(), None),
            folded: vec![],
        }
    }
}

/// The different texts of one column with the rows and blocks that have them.
#[derive(Default)]
struct Dictionary {
    texts: HashMap<Box<str>, (u64, Rows)>,
    bytes: usize,
    /// It has too many.
    given_up: bool,
}

impl Making {
    fn is_full(&self) -> bool {
        self.done.rows >= LARGEST || self.done.blocks.len() >= BLOCKS
    }

    fn span(&mut self, key: Key) {
        let (low, high) = self.done.spans.entry(key.of).or_insert((key.number, key.number));
        (*low, *high) = (key.number.min(*low), key.number.max(*high));
    }

    fn id(&mut self, identity: &Identity, row: usize) {
        let (slice, mark) = mark(identity);
        self.ids[slice].push((mark, (self.done.blocks.len() << 8 | row) as u16));
    }

    fn block(&mut self, builder: &mut Builder) {
        let packed = builder.finish();
        // What was packed just now unpacks; a block that did not would be found by a check.
        if let Some(block) = Block::open(&packed) {
            let n = self.done.blocks.len();
            fold::fold_all(block.texts(), &mut self.folded);
            self.signature.add(n, &self.folded);
            block.dictionary(|column, name, text, rows| {
                self.word(n, NAMES.get(column).unwrap_or(&name), text, rows);
            });
            let mut sources = BTreeMap::<i64, Rows>::new();
            (0..block.len()).for_each(|row| set(sources.entry(block.source(row).0).or_default(), row));
            sources.iter().for_each(|(source, rows)| self.word(n, SOURCE, &source.to_string(), rows));
            self.done.rows += block.len();
            let time = |row: usize| block.time(row).0;
            let last = block.len().saturating_sub(1);
            let ids = [block.identity(0), block.identity(last)];
            self.done.parts.push(Part { rows: block.len(), first: time(0), last: time(last), ids });
        }
        self.done.blocks.push(packed);
    }

    fn word(&mut self, block: usize, name: &str, text: &str, rows: &Rows) {
        if self.last.0 != name || self.last.1.is_none() {
            let folded = name.to_ascii_lowercase();
            let there = self.by_name.get(&folded).copied();
            let there = there.or_else(|| {
                let new = self.dictionaries.len();
                (new < COLUMNS).then(|| {
                    self.dictionaries.push(Dictionary::default());
                    self.by_name.insert(folded, new);
                    new
                })
            });
            self.all_words(there.is_some());
            self.last = (name.to_owned(), there);
        }
        let of = self.last.1.and_then(|n| self.dictionaries.get_mut(n));
        let Some(of) = of.filter(|of| !of.given_up) else { return };
        let count = rows.iter().map(|word| u64::from(word.count_ones())).sum::<u64>();
        match of.texts.get_mut(text) {
            Some((n, blocks)) => {
                *n += count;
                set(blocks, block);
            }
            None => {
                of.bytes += text.len();
                if of.texts.len() >= TEXTS || of.bytes > BYTES {
                    *of = Dictionary { given_up: true, ..Dictionary::default() };
                    return;
                }
                let mut blocks = Rows::default();
                set(&mut blocks, block);
                of.texts.insert(text.into(), (count, blocks));
            }
        }
    }

    fn all_words(&mut self, told: bool) {
        self.done.all_columns &= told;
    }

    fn finish(mut self) -> Sealed {
        for ids in &mut self.ids {
            ids.sort_unstable();
            let bytes = ids.iter().flat_map(|(mark, row)| [mark.to_le_bytes(), row.to_le_bytes()].concat());
            let slice: Vec<u8> = bytes.collect();
            self.done.ids.push(slice);
        }
        self.done.grams = self.signature.slices().collect();
        let mut names: Vec<_> = self.by_name.into_iter().collect();
        names.sort_unstable();
        for (name, n) in names {
            let of = self.dictionaries.get_mut(n).map(std::mem::take).unwrap_or_default();
            self.done.columns.push((name, of.packed()));
        }
        self.done
    }
}

impl Dictionary {
    fn packed(self) -> Vec<u8> {
        let mut texts: Vec<_> = self.texts.into_iter().collect();
        texts.sort_unstable_by(|a, b| b.1.0.cmp(&a.1.0).then_with(|| a.0.cmp(&b.0)));
        let mut out = vec![];
        put(&mut out, texts.len() as u64);
        for (text, (count, blocks)) in texts {
            put_text(&mut out, &text);
            put(&mut out, count);
            let blocks: Vec<usize> = numbers(blocks).collect();
            put(&mut out, blocks.len() as u64);
            let mut last = 0;
            for block in blocks {
                put(&mut out, (block - last) as u64);
                last = block;
            }
        }
        frame::pack(&out)
    }
}

/// One text of a column of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub text: String,
    pub rows: u64,
    pub blocks: Rows,
}

/// The texts of a column, most frequent first; none where it has too many. `None` when it is damaged.
pub(crate) fn words(packed: &[u8]) -> Option<Vec<Word>> {
    let plain = frame::unpack(packed)?;
    let mut cut = Cut(&plain);
    let n = cut.count(3)?;
    let word = |cut: &mut Cut<'_>| {
        let (text, rows) = (cut.text()?.to_owned(), cut.number()?);
        let (mut blocks, mut at) = (Rows::default(), 0_usize);
        for _ in 0..cut.count(1)? {
            at = at.checked_add(usize::try_from(cut.number()?).ok()?)?;
            set(&mut blocks, at);
        }
        Some(Word { text, rows, blocks })
    };
    (0..n).map(|_| word(&mut cut)).collect()
}

/// The parts of a segment as they are stored.
pub(crate) fn map(parts: &[Part]) -> Vec<u8> {
    let (mut out, mut last) = (vec![], 0_i64);
    put(&mut out, parts.len() as u64);
    for part in parts {
        put(&mut out, part.rows as u64);
        put_signed(&mut out, part.first.wrapping_sub(last));
        put_signed(&mut out, part.last.wrapping_sub(part.first));
        part.ids.iter().for_each(|id| out.extend(id));
        last = part.last;
    }
    frame::pack(&out)
}

/// Back from [`map`]; `None` when it is damaged.
pub(crate) fn parts(packed: &[u8]) -> Option<Vec<Part>> {
    let plain = frame::unpack(packed)?;
    let mut cut = Cut(&plain);
    let (n, mut last) = (cut.count(35).filter(|n| *n <= BLOCKS)?, 0_i64);
    let part = |_| {
        let rows = usize::try_from(cut.number()?).ok().filter(|rows| *rows <= ROWS)?;
        let first = last.wrapping_add(cut.signed()?);
        last = first.wrapping_add(cut.signed()?);
        let mut id = || cut.bytes(16).and_then(|id| id.try_into().ok());
        Some(Part { rows, first, last, ids: [id()?, id()?] })
    };
    (0..n).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;

    #[test]
    fn a_segment_says_what_is_in_it() {
        // Newest first, in two blocks, of which one row was removed.
        let mut builder = Builder::default();
        let blocks: Vec<Block> = [300..500, 0..200]
            .into_iter()
            .map(|range: std::ops::Range<u64>| {
                range.rev().for_each(|n| builder.event(&conformance::event(n), 3, 9));
                Block::open(&builder.finish()).unwrap()
            })
            .collect();
        let rows = (0..2).flat_map(|b| (0..200).map(move |r| (b, r))).filter(|at| *at != (1, 7));
        let contents = HashMap::from([(3, Contents::of(&conformance::source("a")))]);
        let [sealed] = &seal(&blocks, rows, &contents)[..] else { panic!("one is enough") };
        assert_eq!((sealed.rows, sealed.blocks.len(), sealed.sources[&3]), (399, 2, 399));
        let part = sealed.parts[0];
        assert_eq!((part.rows, part.first, part.last), (256, 0, 178_000));
        assert_eq!(parts(&map(&sealed.parts)).unwrap(), sealed.parts);
        let back: Vec<_> = sealed.blocks.iter().map(|b| Block::open(b).unwrap()).collect();
        let times = |b: &Block| (0..b.len()).map(|r| (b.time(r), b.identity(r))).collect::<Vec<_>>();
        assert!([times(&back[0]), times(&back[1])].concat().is_sorted());
        for n in [0, 299, 300, 499, 192] {
            let identity = conformance::event(n).identity;
            let (slice, mark) = mark(&identity);
            let mut found = marked(&sealed.ids[slice], mark)
                .filter(|at| back[usize::from(at >> 8)].identity(usize::from(at & 255)) == identity);
            assert_eq!(found.next().is_some(), n != 192 && !(200..300).contains(&n), "{n}");
        }
        let column = |name: &str| {
            let packed = &sealed.columns.iter().find(|(n, _)| n == name).unwrap().1;
            words(packed).unwrap().into_iter().map(|w| (w.text, w.rows)).collect::<Vec<_>>()
        };
        assert_eq!(column("\0host"), column("computer"));
        assert_eq!(column("\0dataset"), [("windows.system".into(), 300), ("windows.security".into(), 99)]);
        assert_eq!(column("list"), [("true".into(), 399), ("ÄÖ".into(), 399)]);
        assert!(sealed.all_columns);
        let log = of_log("Security", "WS0", 12);
        assert_eq!(sealed.spans[&log.of], (0, 492));
        assert_eq!(sealed.spans[&contents[&3].key(0, 1).of], (4096, 4096 + 49_900));
        assert_eq!(sealed.grams.len(), 2304);
    }

    #[test]
    fn more_than_fits_goes_into_another() {
        let mut builder = Builder::default();
        let event = conformance::event(1);
        let mut blocks = vec![];
        for n in 0..LARGEST as u64 + 300 {
            if builder.is_full() {
                blocks.push(Block::open(&builder.finish()).unwrap());
            }
            let mut identity = [0; 16];
            identity[..8].copy_from_slice(&n.to_le_bytes());
            builder.event(&event::Event { identity, ..event.clone() }, 3, 9);
        }
        blocks.push(Block::open(&builder.finish()).unwrap());
        let rows = blocks.iter().enumerate().flat_map(|(b, block)| (0..block.len()).map(move |r| (b, r)));
        let sealed = seal(&blocks, rows, &HashMap::new());
        assert_eq!(
            sealed.iter().map(|s| (s.rows, s.blocks.len())).collect::<Vec<_>>(),
            [(65_536, 256), (300, 2)]
        );
    }
}
