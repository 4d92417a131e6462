//! XML as a tree, small enough for what is read here.
//!
//! Names lose their prefixes: the vocabularies read here say the same with the same local name. Entities other than
//! the five of XML are not known and leave nothing, so nothing can be expanded; a document type is passed over.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

use super::{DocumentError, MAX_DEPTH};

/// The most elements, attributes and pieces of text in a file; each takes some hundred bytes of memory.
const MAX_NODES: usize = 4_000_000;

/// An element.
#[derive(Debug, Default)]
pub(super) struct Element<'t> {
    /// Its name without the prefix.
    pub(super) name: &'t str,
    attributes: Vec<(&'t str, Cow<'t, str>)>,
    /// What is in it, in order.
    pub(super) children: Vec<Node<'t>>,
}

/// What is in an element.
#[derive(Debug)]
pub(super) enum Node<'t> {
    /// Another element.
    Element(Element<'t>),
    /// Words.
    Text(Cow<'t, str>),
}

impl<'t> Element<'t> {
    /// The value of an attribute, by its name without the prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| *key == name).map(|(_, value)| &**value)
    }

    /// The elements directly in it.
    pub(super) fn elements(&self) -> impl DoubleEndedIterator<Item = &Element<'t>> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first element of this name directly in it.
    pub(super) fn child(&self, name: &str) -> Option<&Element<'t>> {
        self.elements().find(|element| element.name == name)
    }

    /// The first element along a path.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Element<'t>> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// The first element of this name anywhere in it, itself included.
    pub(super) fn find(&self, name: &str) -> Option<&Element<'t>> {
        if self.name == name { Some(self) } else { self.elements().find_map(|element| element.find(name)) }
    }

    /// All words in it.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.write_text(&mut text);
        text
    }

    fn write_text(&self, text: &mut String) {
        for node in &self.children {
            match node {
                Node::Element(element) => element.write_text(text),
                Node::Text(words) => text.push_str(words),
            }
        }
    }
}

/// Reads a whole file; gives its outermost element.
pub(super) fn parse(source: &str) -> Result<Element<'_>, DocumentError> {
    let mut reader = Reader::from_str(source);
    reader.config_mut().allow_dangling_amp = true;
    let mut open: Vec<Element<'_>> = vec![Element::default()];
    let mut nodes = 0usize;
    loop {
        let offset = reader.buffer_position();
        let malformed = |_| DocumentError::Xml { offset };
        match reader.read_event().map_err(malformed)? {
            Event::Start(tag) => {
                open.push(element(&tag, source, &mut nodes)?);
                if open.len() > MAX_DEPTH {
                    return Err(DocumentError::TooDeep { limit: MAX_DEPTH });
                }
            }
            Event::Empty(tag) => {
                let element = element(&tag, source, &mut nodes)?;
                push(&mut open, Node::Element(element));
            }
            Event::End(_) => {
                let Some(mut element) = open.pop().filter(|_| !open.is_empty()) else {
                    return Err(DocumentError::Xml { offset });
                };
                element.children.shrink_to_fit();
                push(&mut open, Node::Element(element));
            }
            Event::Text(words) => {
                nodes += 1;
                push(&mut open, Node::Text(words.into_inner()));
            }
            Event::CData(words) => {
                nodes += 1;
                push(&mut open, Node::Text(words.into_inner()));
            }
            Event::GeneralRef(reference) => {
                let c = match reference.resolve_char_ref() {
                    Ok(Some(c)) => Some(c),
                    _ => named(&reference.into_inner()),
                };
                push_char(&mut open, c);
                nodes += 1;
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof => break,
        }
        if nodes > MAX_NODES {
            return Err(DocumentError::TooManyElements { limit: MAX_NODES });
        }
    }
    let end = source.len() as u64;
    match (open.pop(), open.is_empty()) {
        (Some(file), true) => {
            let root = file.children.into_iter().find_map(|node| match node {
                Node::Element(element) => Some(element),
                Node::Text(_) => None,
            });
            root.ok_or(DocumentError::Xml { offset: end })
        }
        _ => Err(DocumentError::Xml { offset: end }),
    }
}

fn push<'t>(open: &mut [Element<'t>], node: Node<'t>) {
    if let Some(element) = open.last_mut() {
        element.children.push(node);
    }
}

/// A character written by its number or name joins the words before it.
fn push_char(open: &mut [Element<'_>], c: Option<char>) {
    let (Some(element), Some(c)) = (open.last_mut(), c) else { return };
    if let Some(Node::Text(words)) = element.children.last_mut() {
        words.to_mut().push(c);
    } else {
        element.children.push(Node::Text(Cow::Owned(c.to_string())));
    }
}

fn named(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{A0}',
        _ => return None,
    })
}

fn element<'t>(tag: &BytesStart<'_>, source: &'t str, nodes: &mut usize) -> Result<Element<'t>, DocumentError> {
    // The events borrow from the source, yet their names do not say so.
    let borrowed = |part: &str| -> &'t str {
        let start = (part.as_ptr() as usize).wrapping_sub(source.as_ptr() as usize);
        source.get(start..start.wrapping_add(part.len())).unwrap_or_default()
    };
    let mut attributes = Vec::new();
    // The library's search for doubled attributes compares all pairs.
    for attribute in tag.attributes().with_checks(false) {
        let Ok(attribute) = attribute else { continue };
        *nodes += 1;
        if *nodes > MAX_NODES {
            return Err(DocumentError::TooManyElements { limit: MAX_NODES });
        }
        let value = match attribute.normalized_value(XmlVersion::Implicit1_0) {
            Ok(value) => Cow::Owned(value.into_owned()),
            Err(_) => Cow::Owned(attribute.value.into_owned()),
        };
        attributes.push((borrowed(attribute.key.local_name().into_inner()), value));
    }
    *nodes += 1;
    Ok(Element { name: borrowed(tag.local_name().into_inner()), attributes, children: Vec::new() })
}
