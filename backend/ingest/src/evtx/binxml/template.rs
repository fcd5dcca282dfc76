//! A template's definition: its elements with the places where an instance's values go.
//!
//! Token stream after [MS-EVEN6] 2.2.12. Only what templates are made of is taken: elements, attributes, literal
//! text and substitutions. Bounded by the definition's bytes, [`DEEPEST`] and [`MOST_NAMES`].

use super::{
    Left,
    cursor::{Cursor, LINK, name, name_at, strict},
};
use std::ops::Range;

/// Elements inside each other.
const DEEPEST: usize = 64;
/// Bytes of all names: a name is written once and may be meant many times.
const MOST_NAMES: usize = 1 << 20;
/// Bytes of a definition's header: the place of the next one, GUID, size of the body.
pub(super) const HEADER: usize = 24;

/// An element of a template.
#[derive(Debug, PartialEq)]
pub(super) struct Element {
    pub name: String,
    /// The value that the element depends on: when it is null, the element is not there.
    pub dependency: Option<u16>,
    pub attributes: Vec<(String, Vec<Node>)>,
    pub children: Vec<Node>,
}

/// What an element or an attribute holds.
#[derive(Debug, PartialEq)]
pub(super) enum Node {
    Text(String),
    /// The instance's value with this number.
    Slot(u16),
    Element(Element),
}

/// A reference to a name: the same definition names other places in other chunks.
struct Reference {
    /// Of the name's place, in the body.
    at: usize,
    /// The name as it stands there, `None` when it follows the reference.
    entry: Option<Box<[u8]>>,
}

/// What a definition was when it was read, to know it again in another chunk.
pub(super) struct Seen {
    body: Box<[u8]>,
    references: Vec<Reference>,
}

impl Seen {
    /// Bytes it holds, about.
    pub fn weight(&self) -> usize {
        let entry = |r: &Reference| size_of::<Reference>() + r.entry.as_ref().map_or(0, |e| e.len());
        self.body.len() + self.references.iter().map(entry).sum::<usize>()
    }

    /// Whether the body in `chunk` says the same, name by name and byte by byte between them.
    pub fn is(&self, chunk: &[u8], body: &Range<usize>) -> bool {
        let Some(bytes) = chunk.get(body.clone()) else { return false };
        if bytes.len() != self.body.len() {
            return false;
        }
        let mut from = 0;
        for reference in &self.references {
            let at = reference.at;
            if bytes.get(from..at) != self.body.get(from..at) {
                return false;
            }
            let Ok(offset) = Cursor::new(bytes, at).u32() else { return false };
            let follows = offset as usize == body.start + at + 4;
            from = at + 4;
            match &reference.entry {
                None if follows => from += LINK,
                Some(entry) if !follows && name_at(chunk, offset).is_ok_and(|e| *e == **entry) => {}
                _ => return false,
            }
        }
        bytes.get(from..) == self.body.get(from..)
    }
}

/// The element that the body at `body` in `chunk` defines.
pub(super) fn parse(chunk: &[u8], body: Range<usize>) -> Result<(Element, Seen), Left> {
    // What is read past the end of the body is refused, so nothing but the body and its names counts.
    let within = chunk.get(..body.end).ok_or(Left("a template is cut off"))?;
    let mut parser = Parser {
        chunk,
        cursor: Cursor::new(within, body.start),
        start: body.start,
        references: Vec::new(),
        names: 0,
        open: Vec::new(),
        begun: None,
        root: None,
    };
    while parser.cursor.place() < body.end {
        if !parser.token()? {
            break;
        }
    }
    let bytes = chunk.get(body).ok_or(Left("a template is cut off"))?;
    let seen = Seen { body: bytes.into(), references: parser.references };
    match (parser.root, parser.open.is_empty(), parser.begun) {
        (Some(root), true, None) => Ok((root, seen)),
        _ => Err(Left("a template has no end")),
    }
}

struct Parser<'a> {
    chunk: &'a [u8],
    cursor: Cursor<'a>,
    start: usize,
    references: Vec<Reference>,
    /// Bytes of names so far.
    names: usize,
    /// Elements whose children come.
    open: Vec<Element>,
    /// The element whose attributes come.
    begun: Option<Element>,
    root: Option<Element>,
}

const ORDER: Left = Left("a template's tokens come in an odd order");

impl Parser<'_> {
    /// Takes one token; `false` at the end.
    fn token(&mut self) -> Result<bool, Left> {
        match self.cursor.u8()? {
            0x00 => return Ok(false),
            // A fragment's header: version and flags.
            0x0f => drop(self.cursor.take(3)?),
            token @ (0x01 | 0x41) => {
                let dependency = Some(self.cursor.u16()?).filter(|id| *id != 0xffff);
                self.cursor.u32()?;
                let name = self.name()?;
                if token == 0x41 {
                    self.cursor.u32()?;
                }
                let element = Element { name, dependency, attributes: Vec::new(), children: Vec::new() };
                if self.begun.replace(element).is_some() {
                    return Err(ORDER);
                }
            }
            0x06 | 0x46 => {
                let name = self.name()?;
                self.begun.as_mut().ok_or(ORDER)?.attributes.push((name, Vec::new()));
            }
            0x02 => {
                let element = self.begun()?;
                self.open.push(element);
                if self.open.len() > DEEPEST {
                    return Err(Left("a template nests deep"));
                }
            }
            0x03 => {
                let element = self.begun()?;
                self.attach(element)?;
            }
            0x04 => {
                let element = self.open.pop().ok_or(ORDER)?;
                if self.begun.is_some() {
                    return Err(ORDER);
                }
                self.attach(element)?;
            }
            0x05 | 0x45 => {
                if self.cursor.u8()? != 0x01 {
                    return Err(Left("a template holds a value that is no text"));
                }
                let text = strict(self.cursor.text()?)?;
                self.node(Node::Text(text))?;
            }
            0x0d | 0x0e => {
                let slot = self.cursor.u16()?;
                // The type that the template's author had in mind; the instance's own counts.
                if !matches!(self.cursor.u8()? & 0x7f, 0x00..=0x15 | 0x20 | 0x21 | 0x23) {
                    return Err(Left("a substitution of an unknown type"));
                }
                self.node(Node::Slot(slot))?;
            }
            _ => return Err(Left("a template holds a token that is not read here")),
        }
        Ok(true)
    }

    fn name(&mut self) -> Result<String, Left> {
        let at = self.cursor.place() - self.start;
        let offset = self.cursor.u32()?;
        let entry = name_at(self.chunk, offset)?;
        self.names += entry.len();
        if self.names > MOST_NAMES {
            return Err(Left("a template means long names often"));
        }
        let follows = offset as usize == self.cursor.place();
        self.references.push(Reference { at, entry: (!follows).then(|| entry.into()) });
        if follows {
            self.cursor.take(LINK)?;
            self.cursor.text()?;
            self.cursor.u16()?;
        }
        name(entry)
    }

    /// The element whose attributes end here; one without a value is none.
    fn begun(&mut self) -> Result<Element, Left> {
        let mut element = self.begun.take().ok_or(ORDER)?;
        element.attributes.retain(|(_, value)| !value.is_empty());
        Ok(element)
    }

    fn attach(&mut self, element: Element) -> Result<(), Left> {
        match self.open.last_mut() {
            Some(parent) => parent.children.push(Node::Element(element)),
            None if self.root.is_none() => self.root = Some(element),
            None => return Err(Left("a template has two roots")),
        }
        Ok(())
    }

    fn node(&mut self, node: Node) -> Result<(), Left> {
        let list = match &mut self.begun {
            Some(element) => &mut element.attributes.last_mut().ok_or(ORDER)?.1,
            None => &mut self.open.last_mut().ok_or(ORDER)?.children,
        };
        list.push(node);
        Ok(())
    }
}
