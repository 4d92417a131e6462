//! JSON lines and JSON arrays.

use std::io::{self, BufRead, BufReader, Read};

use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use super::{BATCH_BYTES, BATCH_ROWS, BadRow, Format, Item, MAX_ROW_BYTES};
use crate::dataset::Record;
use crate::dataset::rewrite::Entries;

/// The objects of a text, one after the other.
pub(super) struct Lines {
    bytes: BufReader<Box<dyn Read + Send>>,
    array: bool,
    row: u64,
    /// Line that the next byte is on, from 1.
    line: u64,
    done: bool,
    buffer: Vec<u8>,
}

/// One object's bytes, cut out of the stream.
enum Cut {
    /// In the buffer; the line it began on.
    Whole(u64),
    /// Longer than allowed and passed over.
    TooLong(u64),
    /// The stream broke.
    Broken(String),
    End,
}

impl Lines {
    pub(super) fn new(bytes: Box<dyn Read + Send>) -> (Format, Self) {
        let mut bytes = BufReader::with_capacity(1 << 17, bytes);
        // A stream that cannot be read at all says so with its first row.
        let start = bytes.fill_buf().unwrap_or_default();
        let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
        let array = start.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
        let format = if array { Format::JsonArray } else { Format::JsonLines };
        (format, Self { bytes, array, row: 0, line: 1, done: false, buffer: vec![] })
    }

    pub(super) fn batch(&mut self) -> Option<Vec<Item>> {
        let (mut items, mut size) = (vec![], 0);
        while !self.done && items.len() < BATCH_ROWS && size < BATCH_BYTES {
            let cut = if self.array { self.element() } else { self.text_line() };
            let bad = |line, why: String| Item::Bad(BadRow { row: Some(self.row), line: Some(line), why, ends: false });
            let item = match cut {
                Cut::Whole(line) => {
                    size += self.buffer.len();
                    match parse(&self.buffer) {
                        Ok(None) => continue,
                        Ok(Some(values)) => Item::Row(Record { row: self.row, line: Some(line), values }),
                        Err(why) => bad(line, why),
                    }
                }
                Cut::TooLong(line) => bad(line, format!("is longer than {} MiB", MAX_ROW_BYTES >> 20)),
                Cut::Broken(why) => {
                    self.done = true;
                    items.push(Item::Bad(BadRow { row: Some(self.row), line: Some(self.line), why, ends: true }));
                    break;
                }
                Cut::End => {
                    self.done = true;
                    break;
                }
            };
            self.row += 1;
            items.push(item);
        }
        (!items.is_empty()).then_some(items)
    }

    fn text_line(&mut self) -> Cut {
        self.buffer.clear();
        let line = self.line;
        let mut too_long = false;
        loop {
            let chunk = match self.bytes.fill_buf() {
                Ok(chunk) => chunk,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Cut::Broken(broken(&e)),
            };
            if chunk.is_empty() {
                return match (too_long, self.buffer.is_empty()) {
                    (true, _) => Cut::TooLong(line),
                    (false, true) => Cut::End,
                    (false, false) => Cut::Whole(line),
                };
            }
            let end = memchr::memchr(b'\n', chunk);
            let piece = &chunk[..end.unwrap_or(chunk.len())];
            too_long |= self.buffer.len() + piece.len() > MAX_ROW_BYTES;
            if !too_long {
                self.buffer.extend_from_slice(piece);
            }
            let used = end.map_or(chunk.len(), |end| end + 1);
            self.bytes.consume(used);
            if end.is_some() {
                self.line += 1;
                return if too_long { Cut::TooLong(line) } else { Cut::Whole(line) };
            }
        }
    }

    /// The next element of the array, by its brackets; what is wrong inside is the parser's to say.
    fn element(&mut self) -> Cut {
        self.buffer.clear();
        let (mut depth, mut in_string, mut escaped, mut too_long) = (0_usize, false, false, false);
        let mut began = None;
        loop {
            let chunk = match self.bytes.fill_buf() {
                Ok(chunk) => chunk,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Cut::Broken(broken(&e)),
            };
            if chunk.is_empty() {
                return match (too_long, began) {
                    (true, Some(line)) => Cut::TooLong(line),
                    (false, Some(line)) => Cut::Whole(line),
                    (_, None) => Cut::Broken("the array is not closed: the file may be cut off".to_owned()),
                };
            }
            let mut used = 0;
            let mut end = None;
            for &byte in chunk {
                used += 1;
                if byte == b'\n' {
                    self.line += 1;
                }
                if began.is_none() {
                    match byte {
                        // The array's own brackets and what stands between elements.
                        b'[' if self.row == 0 => continue,
                        b',' | b' ' | b'\t' | b'\r' | b'\n' | 0xef | 0xbb | 0xbf => continue,
                        b']' => {
                            end = Some(Cut::End);
                            break;
                        }
                        _ => began = Some(self.line),
                    }
                }
                // A comma or the array's end after a bare value is not part of it.
                if depth == 0 && !in_string && matches!(byte, b',' | b']') {
                    used -= 1;
                    end = Some(Cut::Whole(began.unwrap_or(self.line)));
                    break;
                }
                too_long |= self.buffer.len() >= MAX_ROW_BYTES;
                if !too_long {
                    self.buffer.push(byte);
                }
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
                    b'"' => in_string = true,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => {
                        depth = depth.saturating_sub(1);
                        if depth == 0 {
                            let line = began.unwrap_or(self.line);
                            end = Some(if too_long { Cut::TooLong(line) } else { Cut::Whole(line) });
                            break;
                        }
                    }
                    _ => {}
                }
            }
            self.bytes.consume(used);
            if let Some(end) = end {
                return end;
            }
        }
    }
}

fn broken(error: &io::Error) -> String {
    format!("cannot be read on: {error}")
}

/// One object; `None` for a blank line.
fn parse(bytes: &[u8]) -> Result<Option<Map<String, Value>>, String> {
    let text = std::str::from_utf8(bytes).map_err(|e| format!("is not UTF-8 at byte {} of it", e.valid_up_to()))?;
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Ok(None);
    }
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(values)) if has_long_number(text) => {
            match serde_json::from_str::<&RawValue>(text).map(exact) {
                Ok(Value::Object(values)) => Ok(Some(values)),
                _ => Ok(Some(values)),
            }
        }
        Ok(Value::Object(values)) => Ok(Some(values)),
        Ok(Value::Null) => Err("is null, an object was expected".to_owned()),
        Ok(Value::Bool(_)) => Err("is a boolean, an object was expected".to_owned()),
        Ok(Value::Number(_)) => Err("is a number, an object was expected".to_owned()),
        Ok(Value::String(_)) => Err("is a text, an object was expected".to_owned()),
        Ok(Value::Array(_)) => Err("is a list, an object was expected".to_owned()),
        // The parser's own words may quote the row; its kind and column do not.
        Err(e) => Err(match e.classify() {
            serde_json::error::Category::Eof => "is JSON that ends too early".to_owned(),
            _ => format!("is no JSON at column {}", e.column()),
        }),
    }
}

/// Whether a text may hold a number that the quick way of reading numbers gets wrong in its last bit: one of more than
/// 15 digits or with a large exponent. Digits of strings count too, which only costs time.
fn has_long_number(text: &str) -> bool {
    let (mut run, mut exponent) = (0_usize, 0_usize);
    text.bytes().any(|byte| {
        match byte {
            b'0'..=b'9' | b'.' => {
                run += 1;
                exponent += usize::from(exponent > 0);
            }
            b'e' | b'E' if run > 0 => exponent = 1,
            b'+' | b'-' if exponent == 1 => {}
            _ => (run, exponent) = (0, 0),
        }
        run > 15 || exponent > 2
    })
}

/// A value whose floating-point numbers are the nearest ones to their digits.
fn exact(raw: &RawValue) -> Value {
    let text = raw.get();
    let nested = match text.as_bytes().first() {
        Some(b'{') => serde_json::from_str::<Entries<'_>>(text).map(|Entries(entries)| {
            Value::Object(entries.into_iter().map(|(key, value)| (key, exact(value))).collect())
        }),
        Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(text)
            .map(|items| Value::Array(items.into_iter().map(exact).collect())),
        _ => serde_json::from_str(text),
    };
    match nested {
        Ok(Value::Number(number)) if number.is_f64() => {
            text.parse().ok().and_then(Number::from_f64).map_or(Value::Number(number), Value::Number)
        }
        Ok(value) => value,
        // It was read as a whole before.
        Err(_) => Value::Null,
    }
}
