//! JSON text: only the bytes of changed values are others.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{Change, Decide, at, blank, next_line, way};
use crate::dataset::Record;
use crate::dataset::stream::MAX_ROW_BYTES;

/// JSON lines.
pub(super) fn lines(
    rows: &mut dyn BufRead,
    out: &mut dyn Write,
    without: &[String],
    change: Decide<'_>,
) -> io::Result<()> {
    let (mut line, mut row) = (vec![], 0);
    while next_line(rows, &mut line)? {
        let content = line.strip_suffix(b"\n").unwrap_or(&line);
        let content = content.strip_suffix(b"\r").unwrap_or(content);
        let mark: &[u8] = if row == 0 && content.starts_with(b"\xef\xbb\xbf") { b"\xef\xbb\xbf" } else { b"" };
        if blank(&content[mark.len()..]) {
            out.write_all(&line)?;
            continue;
        }
        let end = &line[content.len()..];
        match edited(&content[mark.len()..], row, without, change) {
            Edited::Same => out.write_all(&line)?,
            Edited::Gone => out.write_all(mark)?,
            Edited::Other(text) => {
                out.write_all(mark)?;
                out.write_all(text.as_bytes())?;
                out.write_all(end)?;
            }
        }
        row += 1;
    }
    Ok(())
}

/// A JSON array; held in memory as a whole.
pub(super) fn array(
    rows: &mut dyn BufRead,
    out: &mut dyn Write,
    without: &[String],
    change: Decide<'_>,
) -> io::Result<()> {
    let mut bytes = vec![];
    rows.read_to_end(&mut bytes)?;
    let mut copied = 0;
    let mut first = true;
    for (row, span) in (0..).zip(elements(&bytes)) {
        let edited = edited(&bytes[span.clone()], row, without, change);
        // What stands before an element goes with it, but for the opening of the array.
        let before = if first && copied > 0 {
            // All before were dropped: their comma goes too.
            let gap = &bytes[copied..span.start];
            copied + gap.iter().position(|byte| *byte == b',').map_or(0, |comma| comma + 1)
        } else {
            copied
        };
        match edited {
            Edited::Gone if copied == 0 => {
                let open = bytes[..span.start].iter().position(|byte| *byte == b'[').map_or(0, |at| at + 1);
                out.write_all(&bytes[..open])?;
                copied = span.end;
                continue;
            }
            Edited::Gone => {
                copied = span.end;
                continue;
            }
            Edited::Same => out.write_all(&bytes[before..span.end])?,
            Edited::Other(text) => {
                out.write_all(&bytes[before..span.start])?;
                out.write_all(text.as_bytes())?;
            }
        }
        first = false;
        copied = span.end;
    }
    out.write_all(&bytes[copied..])
}

/// The elements of an array, in bytes; the reader of streams cuts at the same places.
fn elements(bytes: &[u8]) -> Vec<Range<usize>> {
    let (mut out, mut depth, mut start) = (vec![], 0_usize, None);
    let (mut in_string, mut escaped) = (false, false);
    for (at, byte) in bytes.iter().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => {
                in_string = true;
                start = start.or(Some(at));
            }
            b'{' | b'[' => {
                if depth == 1 {
                    start = start.or(Some(at));
                }
                depth += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 1 {
                    out.extend(start.take().map(|start| start..at + 1));
                } else if depth == 0 {
                    out.extend(start.take().map(|start| start..at));
                    break;
                }
            }
            b',' if depth == 1 => out.extend(start.take().map(|start| start..at)),
            byte if depth == 1 && !byte.is_ascii_whitespace() => start = start.or(Some(at)),
            _ => {}
        }
    }
    out
}

enum Edited {
    Same,
    Gone,
    Other(String),
}

/// What becomes of one object's text.
fn edited(bytes: &[u8], row: u64, without: &[String], change: Decide<'_>) -> Edited {
    // What the reader takes for no row is none here.
    if bytes.len() > MAX_ROW_BYTES {
        return Edited::Same;
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return Edited::Same };
    let Ok(values) = serde_json::from_str::<Map<String, Value>>(text) else { return Edited::Same };
    let record = Record { row, line: None, values };
    let sets = match change(&record) {
        Change::Drop => return Edited::Gone,
        Change::Keep => vec![],
        Change::Set(sets) => sets,
    };
    let mut columns: BTreeMap<String, Value> = BTreeMap::new();
    for (path, value) in sets {
        let (column, steps) = way(&path, &record);
        let whole = columns
            .entry(column.to_owned())
            .or_insert_with(|| record.values.get(column).cloned().unwrap_or(Value::Null));
        if let Some(place) = at(whole, &steps) {
            *place = value;
        }
    }
    let gone = without.iter().any(|column| record.values.contains_key(column));
    if columns.is_empty() && !gone { Edited::Same } else { Edited::Other(spliced(text, &columns, without)) }
}

/// An object's text with other values for some keys and without some others; everything else keeps its bytes.
fn spliced(text: &str, values: &BTreeMap<String, Value>, without: &[String]) -> String {
    let Ok(Entries(entries)) = serde_json::from_str::<Entries<'_>>(text) else { return text.to_owned() };
    // Of a key that stands twice nobody can say which value was meant.
    if entries.iter().any(|(key, _)| values.contains_key(key) && entries.iter().filter(|(k, _)| k == key).count() > 1) {
        return text.to_owned();
    }
    let start = |raw: &RawValue| raw.get().as_ptr() as usize - text.as_ptr() as usize;
    let mut out = String::with_capacity(text.len());
    let open = text.find('{').map_or(0, |at| at + 1);
    out.push_str(&text[..open]);
    // Each entry is what stands between the end of the one before and the end of its value.
    let (mut at, mut first, mut gone) = (open, true, false);
    for (key, raw) in &entries {
        let (from, to) = (start(raw), start(raw) + raw.get().len());
        let entry = &text[at..from];
        at = to;
        if without.contains(key) {
            gone = true;
            continue;
        }
        let entry = if first && gone { entry.trim_start_matches(',').trim_start_matches(' ') } else { entry };
        if !first && !entry.trim_start().starts_with(',') {
            out.push(',');
        }
        out.push_str(entry);
        match values.get(key) {
            Some(value) => out.push_str(&value.to_string()),
            None => out.push_str(raw.get()),
        }
        first = false;
    }
    for (key, value) in values.iter().filter(|(key, _)| entries.iter().all(|(known, _)| known != *key)) {
        if !first {
            out.push_str(", ");
        }
        out.push_str(&format!("{}: {value}", Value::String(key.clone())));
        first = false;
    }
    out.push_str(&text[at..]);
    out
}

/// The entries of an object in order, values as they are spelt.
pub(in crate::dataset) struct Entries<'t>(pub Vec<(String, &'t RawValue)>);

impl<'t> Deserialize<'t> for Entries<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'t> Visitor<'t> for Pairs {
            type Value = Entries<'t>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'t>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut entries = vec![];
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}
