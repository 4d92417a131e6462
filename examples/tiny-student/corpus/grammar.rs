//! The small template language in which the corpus is written.
//!
//! `{name}` is replaced by a row of the word list `name` and stays the same for the whole scene;
//! `{name2}` is a different row of the same list; `{~name}` is a fresh pick each time;
//! `{table.column}` reads one column of a row of a table; `<a|b|c>` chooses one alternative;
//! `{#n:10-90/5}` draws a number, `{#n}` repeats it and `{#t=a*b+2}` computes one.

use std::collections::HashMap;

/// The `SplitMix64` generator: small, fast, and the same on every machine.
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 when `n` is 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        if n == 0 {
            return 0;
        }
        usize::try_from(self.next() % n as u64).unwrap_or(0)
    }

    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of `items`; the empty string when there are none.
    pub(super) fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items.get(self.below(items.len())).copied().unwrap_or("")
    }
}

/// A word list (one column) or a table whose rows belong together.
#[derive(Default)]
struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<&'static str>>,
}

/// All word lists, by name and by the domain they are special to ("" for every domain).
pub(super) struct Grammar {
    tables: HashMap<(&'static str, &'static str), Table>,
    domains: Vec<&'static str>,
}

/// What has been chosen so far for one sample.
pub(super) struct Scene {
    domain: &'static str,
    texts: Vec<(String, String)>,
    rows: Vec<(String, usize)>,
    numbers: Vec<(String, i64)>,
}

/// Choices that every sentence about one person shares.
const SHARED: [&str; 4] = ["org", "role", "school", "city"];

impl Scene {
    /// Keeps who the person is and forgets the details of the last fact.
    pub(super) fn forget_details(&mut self, same_employer: bool) {
        self.texts.retain(|(k, _)| SHARED.contains(&k.as_str()) && (same_employer || k != "org"));
        self.rows.clear();
        self.numbers.clear();
    }

    /// How many texts have been chosen.
    pub(super) fn choices(&self) -> usize {
        self.texts.len()
    }

    /// Takes back the texts chosen after the first `choices`.
    pub(super) fn undo(&mut self, choices: usize) {
        self.texts.truncate(choices);
    }
}

impl Grammar {
    /// Reads `name: a; b; c`, `name@domain: a; b` and `@table column column` blocks.
    pub(super) fn new(sources: &[&'static str]) -> Self {
        let mut tables: HashMap<(&str, &str), Table> = HashMap::new();
        let mut domains = Vec::new();
        for source in sources {
            let mut open = None;
            for line in source.lines().map(str::trim) {
                if line.is_empty() {
                    open = None;
                } else if let Some(head) = line.strip_prefix('@') {
                    let mut parts = head.split_whitespace();
                    let key = (parts.next().unwrap_or(""), "");
                    tables.entry(key).or_default().columns = parts.collect();
                    open = Some(key);
                } else if let Some(key) = open {
                    let row = line.split(" / ").map(str::trim).collect();
                    tables.entry(key).or_default().rows.push(row);
                } else if let Some((name, items)) = line.split_once(": ") {
                    let key = name.split_once('@').unwrap_or((name, ""));
                    if !key.1.is_empty() && !domains.contains(&key.1) {
                        domains.push(key.1);
                    }
                    let items = items.split(';').map(str::trim).filter(|i| !i.is_empty());
                    let rows = items.map(|i| vec![i]);
                    tables.entry(key).or_default().rows.extend(rows);
                }
            }
        }
        Self { tables, domains }
    }

    /// A new person in a random domain, with nothing else decided.
    pub(super) fn scene(&self, rng: &mut Rng) -> Scene {
        Scene { domain: rng.pick(&self.domains), texts: Vec::new(), rows: Vec::new(), numbers: Vec::new() }
    }

    /// Fills a template in and tidies capitals and articles.
    pub(super) fn write(&self, template: &str, scene: &mut Scene, rng: &mut Rng) -> String {
        let mut raw = String::with_capacity(template.len() * 2);
        self.expand(template, scene, rng, &mut raw, 0);
        tidy(&raw)
    }

    fn expand(&self, text: &str, scene: &mut Scene, rng: &mut Rng, out: &mut String, depth: usize) {
        if depth > 8 {
            return;
        }
        let mut rest = text;
        while let Some(at) = rest.find(['{', '<']) {
            let (before, tail) = rest.split_at(at);
            out.push_str(before);
            let end = closing(tail);
            let inner = tail.get(1..end).unwrap_or("");
            rest = tail.get(end + 1..).unwrap_or("");
            if tail.starts_with('<') {
                let options = alternatives(inner);
                let chosen = rng.pick(&options);
                self.expand(chosen, scene, rng, out, depth + 1);
            } else if let Some(number) = inner.strip_prefix('#') {
                out.push_str(&number_slot(number, scene, rng).to_string());
            } else if let Some(name) = inner.strip_prefix('~') {
                let row = rng.below(self.size(name, scene.domain));
                self.expand(self.cell(name, "", row, scene.domain), scene, rng, out, depth + 1);
            } else {
                out.push_str(&self.slot(inner, scene, rng, depth));
            }
        }
        out.push_str(rest);
    }

    /// The value of `{name}` or `{table.column}`, chosen now unless it was chosen before.
    fn slot(&self, slot: &str, scene: &mut Scene, rng: &mut Rng, depth: usize) -> String {
        if let Some((_, value)) = scene.texts.iter().find(|(k, _)| k == slot) {
            return value.clone();
        }
        let (name, column) = slot.split_once('.').unwrap_or((slot, ""));
        let root = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let mut value = String::new();
        for _ in 0..8 {
            let known = scene.rows.iter().find(|(k, _)| k == name).map(|(_, r)| *r);
            let row = known.unwrap_or_else(|| self.fresh_row(root, scene, rng));
            value.clear();
            self.expand(self.cell(root, column, row, scene.domain), scene, rng, &mut value, depth + 1);
            let taken =
                |(k, v): &(String, String)| *v == value && k.trim_end_matches(|c: char| c.is_ascii_digit()) == root;
            if known.is_some() || !scene.texts.iter().any(taken) {
                if known.is_none() {
                    scene.rows.push((name.to_owned(), row));
                }
                break;
            }
        }
        scene.texts.push((slot.to_owned(), value.clone()));
        value
    }

    /// A row of `root` that no other slot of the scene has taken, if one turns up in a few tries.
    fn fresh_row(&self, root: &str, scene: &Scene, rng: &mut Rng) -> usize {
        let size = self.size(root, scene.domain);
        let mut row = rng.below(size);
        for _ in 0..8 {
            let same = |(k, r): &(String, usize)| *r == row && k.trim_end_matches(|c: char| c.is_ascii_digit()) == root;
            if !scene.rows.iter().any(same) {
                break;
            }
            row = rng.below(size);
        }
        row
    }

    fn size(&self, name: &str, domain: &str) -> usize {
        let count = |key| self.tables.get(&key).map_or(0, |t: &Table| t.rows.len());
        count((name, "")) + count((name, domain))
    }

    fn cell(&self, name: &str, column: &str, row: usize, domain: &str) -> &'static str {
        let general = self.tables.get(&(name, ""));
        let first = general.map_or(0, |t| t.rows.len());
        let (table, row) = if row < first { (general, row) } else { (self.tables.get(&(name, domain)), row - first) };
        let Some(table) = table else { return "" };
        let at = table.columns.iter().position(|c| *c == column).unwrap_or(0);
        table.rows.get(row).and_then(|r| r.get(at)).copied().unwrap_or("")
    }
}

/// Where the bracket that opens `text` closes.
fn closing(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' | '<' => depth += 1,
            '}' | '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// Splits `a|b<c|d>` at its outermost bars.
fn alternatives(inner: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in inner.char_indices() {
        match c {
            '{' | '<' => depth += 1,
            '}' | '>' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => {
                parts.push(inner.get(start..at).unwrap_or(""));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(inner.get(start..).unwrap_or(""));
    parts
}

/// `n`, `n:lo-hi`, `n:lo-hi/step` or `n=a*b+2` (worked from left to right).
fn number_slot(slot: &str, scene: &mut Scene, rng: &mut Rng) -> i64 {
    let name = slot.split([':', '=']).next().unwrap_or("");
    let lookup = |scene: &Scene, n: &str| scene.numbers.iter().find(|(k, _)| k == n).map(|(_, v)| *v);
    if let Some(value) = lookup(scene, name) {
        return value;
    }
    let value = if let Some((_, sum)) = slot.split_once('=') {
        let mut total = 0;
        let mut sign = '+';
        let mut term = String::new();
        for c in sum.chars().chain(['+']) {
            if !matches!(c, '+' | '-' | '*') {
                term.push(c);
                continue;
            }
            let operand = term.parse().ok().or_else(|| lookup(scene, &term)).unwrap_or(0);
            total = match sign {
                '-' => total - operand,
                '*' => total * operand,
                _ => total + operand,
            };
            sign = c;
            term.clear();
        }
        total
    } else {
        let range = slot.split_once(':').map_or("1-9", |(_, r)| r);
        let (range, step) = range.split_once('/').unwrap_or((range, "1"));
        let (low, high) = range.split_once('-').unwrap_or((range, range));
        let read = |s: &str| s.parse::<i64>().unwrap_or(1);
        let (low, high, step) = (read(low), read(high), read(step).max(1));
        let steps = usize::try_from((high - low) / step).unwrap_or(0);
        low + step * i64::try_from(rng.below(steps + 1)).unwrap_or(0)
    };
    scene.numbers.push((name.to_owned(), value));
    value
}

/// Capital letters at sentence starts, "an" before vowels, no doubled spaces.
pub(super) fn tidy(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len() + 8);
    let mut start = true;
    let mut previous = '\n';
    for (at, c) in raw.char_indices() {
        if c == ' ' && matches!(previous, ' ' | '\n') {
            continue;
        }
        if c == ' ' && ends_with_article(&out) && vowel_sound(raw.get(at + 1..).unwrap_or("")) {
            out.push('n');
        }
        if start && c.is_alphanumeric() {
            out.extend(c.to_uppercase());
            start = false;
        } else {
            out.push(c);
        }
        if c == '\n' || (c == ' ' && matches!(previous, '.' | '?' | '!')) {
            start = true;
        }
        previous = c;
    }
    out.trim().to_owned()
}

/// Whether the text so far ends in the word "a".
fn ends_with_article(out: &str) -> bool {
    let mut back = out.chars().rev();
    matches!(back.next(), Some('a' | 'A')) && back.next().is_none_or(|c| " \n(\"".contains(c))
}

/// Whether the first word of `next` begins with a vowel sound.
fn vowel_sound(next: &str) -> bool {
    let word = next.split([' ', ',', '.', '-', '\n', '?']).next().unwrap_or("");
    let spelled = [
        "ML", "SLA", "SMS", "HTTP", "HTML", "MRI", "FPGA", "LLM", "RSS", "XML", "SSH", "MQTT", "LED", "RPC", "X",
        "SQL", "11", "18", "NFC", "MSc", "F",
    ];
    if spelled.contains(&word) || word.starts_with('8') {
        return true;
    }
    let lower = word.to_lowercase();
    if ["hour", "honest", "heir"].iter().any(|p| lower.starts_with(p)) {
        return true;
    }
    let consonant = ["uni", "use", "usa", "usu", "util", "eu", "one", "once", "url", "usb", "ui", "ux"];
    if consonant.iter().any(|p| lower.starts_with(p)) {
        return ["unin", "unim"].iter().any(|p| lower.starts_with(p));
    }
    lower.starts_with(['a', 'e', 'i', 'o', 'u'])
}
