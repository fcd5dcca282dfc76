//! A template's elements as a flat list of what becomes of an instance's values.
//!
//! The rules are those of the decoder's JSON and of [`super::super::flatten`] put together, decided once a
//! template: names, what is null when it is empty, what repeats. A shape whose result hangs on more of an
//! instance than that is refused, and its chunks are left to the decoder.

use super::{
    super::{
        flatten::{Keys, is_number},
        names::{Id, Names},
    },
    Left, MOST_TEXT,
    template::{Element, Node},
};
use event::{Name, Text};
use std::{borrow::Cow, collections::HashMap};

/// Children of one element.
const MOST_CHILDREN: usize = 1024;

/// Where a value goes.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub id: Id,
    pub name: Name,
    /// The name instead, where System has `id` already; `id` itself for System's own.
    pub other: Id,
    /// Text is read as a whole number where it is one.
    pub numeric: bool,
}

/// What becomes of a value that is not there or an empty text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Empty {
    Nothing,
    Null,
    Text,
}

/// What a value may be besides one that has a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum May {
    Single,
    /// A list, each text of which is a value of its own.
    List,
    /// An instance of another template, which is the element's only child, in this one of `Program::sections`.
    Instance(usize),
}

/// One step of making an event of an instance.
#[derive(Debug)]
pub(super) enum Op {
    /// An instance's value.
    Slot { slot: u16, empty: Empty, may: May, field: Field },
    /// The template's own text, or null.
    Fixed { text: Option<Text>, field: Field },
    /// Passes over this many steps when the value is null.
    Skip { slot: u16, steps: u32 },
    /// Null when all of the first values are null and all of the second ones empty.
    Null { nulls: Box<[u16]>, empties: Box<[u16]>, field: Field },
    /// System ends here.
    SystemEnds,
    /// An instance of another template stands here as a child of Event.
    Child { slot: u16 },
}

/// A template's steps.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub ops: Vec<Op>,
    /// Values that an instance must have at least.
    pub slots: usize,
    /// Bytes of text that an instance adds besides its values, at most.
    pub weight: usize,
    /// Names of Event's own children, or of the one that all of this stands in.
    pub sections: Vec<Name>,
}

impl Program {
    /// The program of a record's own template.
    pub fn event(root: &Element, names: &mut Names) -> Result<Program, Left> {
        if root.name != "Event" {
            return Err(Left("a record is no Event"));
        }
        let mut compiler = Compiler { names, program: Program::default() };
        compiler.event(root)?;
        Ok(compiler.program)
    }

    /// The program of a template that stands in this section of a record, or is it. Its root is there whatever it
    /// depends on.
    pub fn inside(root: &Element, section: &str, names: &mut Names) -> Result<Program, Left> {
        plain(&root.name)?;
        let program = Program { sections: vec![section.into()], ..Program::default() };
        let mut compiler = Compiler { names, program };
        compiler.element(root, section, &root.name)?;
        Ok(compiler.program)
    }
}

struct Compiler<'n> {
    names: &'n mut Names,
    program: Program,
}

/// What an element without children or an attribute holds.
enum Content {
    Nothing,
    Text(String),
    Slot(u16),
}

fn content(nodes: &[Node]) -> Result<Content, Left> {
    match nodes {
        [Node::Slot(slot)] => Ok(Content::Slot(*slot)),
        _ => {
            let mut all = String::new();
            for node in nodes {
                match node {
                    Node::Text(text) => all.push_str(text),
                    _ => return Err(Left("text and values are mixed")),
                }
            }
            Ok(if all.is_empty() { Content::Nothing } else { Content::Text(all) })
        }
    }
}

/// The decoder writes names of elements and attributes without escapes, and uses `#` for names of its own.
fn plain(name: &str) -> Result<(), Left> {
    let odd = |b: u8| b < 0x20 || matches!(b, b'"' | b'\\' | b'#');
    if name.bytes().any(odd) { Err(Left("a name that JSON says otherwise")) } else { Ok(()) }
}

fn elements(element: &Element) -> impl Iterator<Item = &Element> + Clone {
    element.children.iter().filter_map(|node| match node {
        Node::Element(child) => Some(child),
        _ => None,
    })
}

fn is_data(element: &Element) -> bool {
    element.name == "Data"
}

/// The name that a Data element gives its value.
fn data_name(element: &Element) -> Result<Option<&str>, Left> {
    match element.attributes.iter().find(|(key, _)| key == "Name").map(|(_, value)| &**value) {
        None => Ok(None),
        Some([Node::Text(text)]) => Ok(Some(&**text).filter(|t| !t.is_empty())),
        Some(_) => Err(Left("a Data element's name is not one text")),
    }
}

impl Compiler<'_> {
    fn event(&mut self, root: &Element) -> Result<(), Left> {
        for (key, value) in &root.attributes {
            // They are passed over whatever they are, but count as text of the record.
            self.program.weight += key.len();
            match content(value)? {
                Content::Nothing => {}
                Content::Text(text) => self.program.weight += text.len(),
                Content::Slot(_) => return Err(Left("an attribute of Event is a value")),
            }
        }
        let mut first = true;
        for node in &root.children {
            match node {
                Node::Element(child) => {
                    if self.program.sections.iter().any(|there| **there == *child.name) {
                        return Err(Left("two children of Event have one name"));
                    }
                    let system = child.name == "System";
                    if system != first {
                        return Err(Left("Event does not begin with System"));
                    }
                    first = false;
                    self.program.sections.push((&*child.name).into());
                    if system { self.system(child)? } else { self.child(child, &child.name, &child.name)? }
                }
                Node::Slot(slot) => {
                    if first {
                        return Err(Left("Event does not begin with System"));
                    }
                    self.uses(*slot);
                    self.program.ops.push(Op::Child { slot: *slot });
                }
                Node::Text(text) if text.is_empty() => {}
                Node::Text(_) => return Err(Left("Event holds text")),
            }
        }
        if first { Err(Left("Event has no System")) } else { Ok(()) }
    }

    fn system(&mut self, system: &Element) -> Result<(), Left> {
        plain(&system.name)?;
        if system.dependency.is_some()
            || !system.attributes.is_empty()
            || elements(system).all(|child| child.dependency.is_some())
        {
            return Err(Left("System is not as usual"));
        }
        self.children(system, "System")?;
        self.program.ops.push(Op::SystemEnds);
        Ok(())
    }

    /// An element that may depend on a value.
    fn child(&mut self, element: &Element, section: &str, name: &str) -> Result<(), Left> {
        plain(&element.name)?;
        self.depending(element, |this| this.element(element, section, name))
    }

    fn depending(
        &mut self,
        element: &Element,
        steps: impl FnOnce(&mut Self) -> Result<(), Left>,
    ) -> Result<(), Left> {
        let Some(slot) = element.dependency else { return steps(self) };
        self.uses(slot);
        let at = self.program.ops.len();
        self.program.ops.push(Op::Skip { slot, steps: 0 });
        steps(self)?;
        let after = self.program.ops.len() - at - 1;
        if let Some(Op::Skip { steps, .. }) = self.program.ops.get_mut(at) {
            *steps = after as u32;
        }
        Ok(())
    }

    fn element(&mut self, element: &Element, section: &str, name: &str) -> Result<(), Left> {
        self.program.weight += element.name.len();
        let (mut fixed, mut empties) = (false, Vec::new());
        for (key, value) in &element.attributes {
            plain(key)?;
            self.program.weight += key.len();
            match content(value)? {
                Content::Nothing => {}
                Content::Text(text) => {
                    fixed = true;
                    self.program.weight += text.len();
                    if !key.starts_with("xmlns") {
                        let text = Some(text.into());
                        self.attribute(section, name, key, |field| Op::Fixed { text, field })?;
                    }
                }
                Content::Slot(_) if key.starts_with("xmlns") => {
                    return Err(Left("a namespace is a value"));
                }
                Content::Slot(slot) => {
                    empties.push(slot);
                    self.uses(slot);
                    let empty = Empty::Nothing;
                    self.attribute(section, name, key, |field| Op::Slot {
                        slot,
                        empty,
                        may: May::Single,
                        field,
                    })?;
                }
            }
        }
        // An empty section, or an empty element of System, says nothing.
        let null = !fixed && name != section && section != "System";
        let mut nulls = Vec::new();
        if elements(element).next().is_some() {
            self.children(element, section)?;
            nulls.extend(elements(element).filter_map(|child| child.dependency));
            if nulls.len() < elements(element).count() {
                return Ok(());
            }
        } else {
            match content(&element.children)? {
                Content::Nothing => {}
                Content::Text(text) => {
                    self.program.weight += text.len();
                    let field = self.field(section, name)?;
                    self.program.ops.push(Op::Fixed { text: Some(text.into()), field });
                    return Ok(());
                }
                Content::Slot(slot) => {
                    self.uses(slot);
                    let field = self.field(section, name)?;
                    let alone = null && empties.is_empty();
                    let empty = if alone { Empty::Null } else { Empty::Nothing };
                    let inside = self.program.sections.len().saturating_sub(1);
                    let may = if section == "System" { May::Single } else { May::Instance(inside) };
                    self.program.ops.push(Op::Slot { slot, empty, may, field });
                    if alone {
                        return Ok(());
                    }
                    empties.push(slot);
                }
            }
        }
        if null {
            let field = self.field(section, name)?;
            let op = match (&nulls[..], &empties[..]) {
                ([], []) => Op::Fixed { text: None, field },
                _ => Op::Null { nulls: nulls.into(), empties: empties.into(), field },
            };
            self.program.ops.push(op);
        }
        Ok(())
    }

    /// Element children, each under the key that it has in the decoder's JSON.
    fn children(&mut self, parent: &Element, section: &str) -> Result<(), Left> {
        let children: Vec<&Element> = elements(parent).collect();
        let other = |node: &Node| match node {
            Node::Element(_) => false,
            Node::Text(text) => !text.is_empty(),
            Node::Slot(_) => true,
        };
        if children.len() > MOST_CHILDREN || parent.children.iter().any(other) {
            return Err(Left("elements are mixed with text or values"));
        }
        let container = matches!(&*parent.name, "EventData" | "UserData");
        let named = container && named(&children)?;
        let (mut keys, mut seen) = (Keys::default(), HashMap::<(bool, &str), u32>::new());
        let mut plain_keys = true;
        let mut rest = &children[..];
        while let [child, after @ ..] = rest {
            rest = after;
            let mut run = 1;
            let (key, all): (Cow<'_, str>, &[&Element]) = if !container || !is_data(child) {
                (numbered(&mut seen, false, &child.name), &[])
            } else if named {
                // Data without a name is left out where others have one.
                let Some(name) = data_name(child)? else { continue };
                for next in after {
                    if !is_data(next) || data_name(next)? != Some(name) {
                        break;
                    }
                    run += 1;
                }
                rest = after.get(run - 1..).unwrap_or_default();
                (numbered(&mut seen, true, name), children_from(&children, after, run))
            } else if keys.contains("Data") {
                continue;
            } else {
                ("Data".into(), &children)
            };
            if key.starts_with('#') {
                return Err(Left("a name that JSON says otherwise"));
            }
            let flat = keys.repeated(&key);
            plain_keys &= flat.is_none() && run == 1 && matches!(key, Cow::Borrowed(_));
            if section == "System" && parent.name == "System" && flat.is_some() {
                return Err(Left("System has an element twice"));
            }
            let flat = flat.unwrap_or(&key);
            if all.is_empty() {
                self.child(child, section, flat)?;
            } else {
                for data in all.iter().filter(|e| is_data(e)) {
                    self.depending(data, |this| this.data(data, section, flat))?;
                }
            }
            keys.push(key);
        }
        // What is left out would change the keys of the others.
        if !plain_keys && children.iter().any(|child| child.dependency.is_some()) {
            return Err(Left("elements repeat and depend on values"));
        }
        Ok(())
    }

    /// The value of a Data element of EventData or UserData; its attributes say nothing.
    fn data(&mut self, data: &Element, section: &str, name: &str) -> Result<(), Left> {
        if data.attributes.iter().flat_map(|(_, value)| value).any(|node| matches!(node, Node::Slot(_))) {
            return Err(Left("an attribute of Data is a value"));
        }
        let field = self.field(section, name)?;
        let op = match content(&data.children)? {
            Content::Nothing => Op::Fixed { text: Some(Text::default()), field },
            Content::Text(text) => {
                self.program.weight += text.len();
                Op::Fixed { text: Some(text.into()), field }
            }
            Content::Slot(slot) => {
                self.uses(slot);
                Op::Slot { slot, empty: Empty::Text, may: May::List, field }
            }
        };
        self.program.ops.push(op);
        Ok(())
    }

    fn uses(&mut self, slot: u16) {
        self.program.slots = self.program.slots.max(usize::from(slot) + 1);
    }

    /// An attribute's value; that of a namespace is passed over.
    fn attribute(
        &mut self,
        section: &str,
        element: &str,
        key: &str,
        op: impl FnOnce(Field) -> Op,
    ) -> Result<(), Left> {
        let field = if section == "System" && element == "TimeCreated" && key == "SystemTime" {
            self.field(section, "TimeCreated")?
        } else {
            self.field(section, &format!("{element}_{key}"))?
        };
        self.program.ops.push(op(field));
        Ok(())
    }

    fn field(&mut self, section: &str, name: &str) -> Result<Field, Left> {
        // A field's mark and what JSON has around it.
        self.program.weight += section.len() + name.len() + 64;
        if self.program.weight > MOST_TEXT {
            return Err(Left("a template has very much text"));
        }
        let id = self.names.find(name);
        let (other, numeric) = match section {
            "System" => (id, is_number(name)),
            _ => (self.names.find(&format!("{section}_{name}")), false),
        };
        Ok(Field { id, name: self.names.name(id), other, numeric })
    }
}

/// The run of `run` children that ends where `after` begins plus `run - 1`.
fn children_from<'c, 'e>(
    children: &'c [&'e Element],
    after: &[&'e Element],
    run: usize,
) -> &'c [&'e Element] {
    let start = children.len() - after.len() - 1;
    children.get(start..start + run).unwrap_or_default()
}

/// The key of a child: the second and later ones of a name are numbered.
fn numbered<'e>(seen: &mut HashMap<(bool, &'e str), u32>, data: bool, name: &'e str) -> Cow<'e, str> {
    let count = seen.entry((data, name)).or_default();
    *count += 1;
    match *count - 1 {
        0 => name.into(),
        n => format!("{name}_{n}").into(),
    }
}

/// Whether the Data elements of a container stand under their names, in every instance.
fn named(children: &[&Element]) -> Result<bool, Left> {
    let (mut any, mut always, mut dependent) = (false, false, false);
    for data in children.iter().filter(|e| is_data(e)) {
        let name = data_name(data)?;
        any |= name.is_some();
        always |= name.is_some() && data.dependency.is_none();
        dependent |= data.dependency.is_some();
    }
    let apart = children.iter().skip_while(|e| !is_data(e)).skip_while(|e| is_data(e)).any(|e| is_data(e));
    if any != always || (!any && dependent && apart) {
        return Err(Left("the form of Data depends on values"));
    }
    Ok(any)
}
