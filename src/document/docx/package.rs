//! Parts of an office package and what they point to.

use std::collections::BTreeMap;

use super::super::archive::Zip;
use super::super::{DocumentError, decode};
use super::xml;

/// Where one part points to.
pub(super) struct Relation {
    /// An address whose last piece says what is there.
    pub(super) kind: String,
    /// A path within the package, or an address outside.
    pub(super) target: String,
    /// Whether the target lies outside.
    pub(super) external: bool,
}

/// What a part points to, by the names it uses for that.
pub(super) type Relations = BTreeMap<String, Relation>;

/// A part that is XML.
pub(super) struct Part {
    /// Its source.
    pub(super) text: String,
    /// What it points to.
    pub(super) relations: Relations,
}

/// An open package.
pub(super) struct Package<'b>(Zip<'b>);

impl<'b> Package<'b> {
    pub(super) fn new(zip: Zip<'b>) -> Self {
        Self(zip)
    }

    /// A part, with what it points to; `None` where there is none.
    pub(super) fn part(&mut self, path: &str) -> Result<Option<Part>, DocumentError> {
        let Some(bytes) = self.0.part(path)? else { return Ok(None) };
        let text = decode(&bytes)?.into_owned();
        let relations = self.relations(path)?;
        Ok(Some(Part { text, relations }))
    }

    /// What the part of this path points to; the package itself is the empty path.
    pub(super) fn relations(&mut self, path: &str) -> Result<Relations, DocumentError> {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let Some(bytes) = self.0.part(&format!("{folder}/_rels/{file}.rels"))? else { return Ok(Relations::new()) };
        let text = decode(&bytes)?;
        let tree = xml::parse(&text)?;
        let relations = tree.elements().filter_map(|element| {
            let external = element.attribute("TargetMode") == Some("External");
            let target = element.attribute("Target")?;
            let target = if external { target.to_owned() } else { resolve(folder, target) };
            let kind = element.attribute("Type")?.to_owned();
            Some((element.attribute("Id")?.to_owned(), Relation { kind, target, external }))
        });
        Ok(relations.collect())
    }
}

/// A path within the package from one that counts from a folder of it.
fn resolve(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn targets() {
        assert_eq!(resolve("word", "styles.xml"), "word/styles.xml");
        assert_eq!(resolve("word", "../docProps/core.xml"), "docProps/core.xml");
        assert_eq!(resolve("word", "/word/a.xml"), "word/a.xml");
        assert_eq!(resolve("", "../../x"), "x");
    }
}
