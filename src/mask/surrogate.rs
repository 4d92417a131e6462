//! Invented values of the same shape: names nobody has, numbers that reach nobody, domains kept for documentation.
//!
//! Nothing here remembers anything. The [`Vault`](super::Vault) gives the draw, which follows from its salt and the
//! value, keeps the words that were invented so that one word has one stand-in everywhere, and refuses what is taken.

use std::net::Ipv6Addr;

use super::lexicon::{Flags, LEXICON};
use super::person::is_particle;
use super::span::Entity;
use super::words::{Hash, fold};

/// Numbers that follow from a key: the same key, the same numbers.
pub(super) struct Draw(blake3::OutputReader);

impl Draw {
    /// The draw of these parts under a salt.
    pub(super) fn new(salt: &[u8; 32], parts: &[&str], attempt: u32) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(salt);
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.update(&attempt.to_le_bytes());
        Self(hasher.finalize_xof())
    }

    /// A number below `end`, which is small: the bias of the remainder is nothing here.
    fn below(&mut self, end: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % (end.max(1) as u64)).unwrap_or(0)
    }

    fn pick<'l, T>(&mut self, list: &'l [T]) -> Option<&'l T> {
        list.get(self.below(list.len()))
    }

    /// One of the words of a list.
    fn word<'l>(&mut self, list: &'l str) -> Option<&'l str> {
        let count = list.split(' ').count();
        list.split(' ').nth(self.below(count))
    }

    fn digit(&mut self) -> char {
        char::from(b'0' + u8::try_from(self.below(10)).unwrap_or(0))
    }

    fn letter(&mut self) -> char {
        char::from(b'a' + u8::try_from(self.below(26)).unwrap_or(0))
    }

    fn hex(&mut self, lower: bool) -> char {
        let digit = char::from_digit(u32::try_from(self.below(16)).unwrap_or(0), 16).unwrap_or('0');
        if lower { digit } else { digit.to_ascii_uppercase() }
    }
}

/// What a word is invented for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// A given name, a user name.
    Given,
    /// A surname.
    Surname,
    /// A street, a town, a host.
    Place,
}

const GIVEN_HEADS: &[&str] = &[
    "Al", "Ar", "Bel", "Bri", "Ca", "Cor", "Dal", "Eb", "El", "Fen", "Gal", "Hal", "Ist", "Jor", "Kel", "Lor", "Mar",
    "Ner", "Or", "Per", "Quin", "Ral", "Sel", "Tal", "Ul", "Ver", "Wen", "Yar", "Zel", "Tor",
];
const GIVEN_TAILS: &[&str] =
    &["den", "rin", "mer", "vane", "wyn", "sel", "ro", "vis", "nor", "tho", "lem", "dris", "ket", "ven"];
const SURNAME_HEADS: &[&str] = &[
    "Alder", "Bram", "Carr", "Dun", "Elm", "Farr", "Gorse", "Hazel", "Ivel", "Kest", "Lark", "Marl", "Nettle", "Oster",
    "Pell", "Quarr", "Rush", "Sedge", "Thorn", "Umber", "Whin", "Yarrow", "Tarn", "Bracken",
];
const SURNAME_TAILS: &[&str] =
    &["mere", "holt", "wick", "stow", "combe", "garth", "ling", "shaw", "beck", "fold", "rigg", "ness"];
const PLACE_HEADS: &[&str] = &[
    "Ash", "Birch", "Clay", "Dray", "Ember", "Flint", "Grange", "Heron", "Iron", "Juniper", "Kiln", "Lime", "Moss",
    "North", "Otter", "Pine", "Quarry", "Reed", "Slate", "Teasel", "Vetch", "Willow", "Wren", "Yew",
];
const PLACE_TAILS: &[&str] =
    &["bourne", "croft", "dale", "hythe", "leigh", "mead", "pool", "stead", "thorpe", "wold", "by", "worth"];

/// A word with a capital that is in no list of the lexicon; longer the more attempts there were.
pub(super) fn invent(word: Word, attempt: u32, draw: &mut Draw) -> Option<String> {
    let (heads, tails) = match word {
        Word::Given => (GIVEN_HEADS, GIVEN_TAILS),
        Word::Surname => (SURNAME_HEADS, SURNAME_TAILS),
        Word::Place => (PLACE_HEADS, PLACE_TAILS),
    };
    let mut made = (*draw.pick(heads)?).to_owned();
    // The short words run out in a large workspace.
    for _ in 0..attempt / 12 {
        made.push_str(&draw.pick(heads)?.to_lowercase());
    }
    made.push_str(draw.pick(tails)?);
    let known = LEXICON.word(Hash::of(&made)) != Flags::default();
    (!known).then_some(made)
}

/// Gives the stand-in of a word, spelt with a capital: the same for the same folded letters.
pub(super) type Invent<'v> = &'v mut dyn FnMut(&str, Word) -> Option<String>;

/// A stand-in for `form`, which is `value` as the text spells it; `None` where there is none that can be told from
/// other text.
pub(super) fn surrogate(entity: Entity, value: &str, form: &str, draw: &mut Draw, words: Invent<'_>) -> Option<String> {
    match entity {
        Entity::Person => person(value, form, draw, words),
        Entity::Email => email(form, draw, words),
        Entity::Handle => handle(form, draw, words),
        Entity::Url => url(form, draw, words),
        Entity::Address | Entity::PlaceOfBirth => address(form, draw, words),
        Entity::Phone => phone(form, draw),
        Entity::Ip => ip(form, draw),
        Entity::Mac => Some(mac(form, draw)),
        Entity::Card => card(form, draw),
        Entity::Iban => Some(iban(form, draw)),
        Entity::Wallet => Some(wallet(form, draw)),
        Entity::NationalId | Entity::TaxId => Some(state_number(form, draw)),
        Entity::DateOfBirth => date(form, draw),
        Entity::BankAccount | Entity::Passport | Entity::DrivingLicence | Entity::Plate => Some(scrambled(form, draw)),
        // Keys on several lines or without end are no shape to keep.
        Entity::Secret => (form.len() <= 200 && !form.contains('\n')).then(|| scrambled(form, draw)),
        // Two digits, or one of a few words: everywhere in a text.
        Entity::Age | Entity::Nationality | Entity::MaritalStatus => None,
    }
}

/// Whether an invented value is long enough to be found again among other text.
pub(super) fn telling(entity: Entity, made: &str) -> bool {
    let count = made.chars().filter(|c| c.is_alphanumeric()).count();
    let enough = match entity {
        Entity::Person | Entity::Email | Entity::Handle | Entity::Url | Entity::Address | Entity::PlaceOfBirth => 4,
        Entity::Plate | Entity::Ip => 5,
        _ => 6,
    };
    count >= enough
}

/// The runs of letters, of digits, and of anything else.
fn runs(text: &str) -> Vec<(Run, &str)> {
    let kind = |c: char| match c {
        c if c.is_alphabetic() || unicode_normalization::char::is_combining_mark(c) => Run::Letters,
        c if c.is_numeric() => Run::Digits,
        _ => Run::Other,
    };
    let mut out = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, c) in text.char_indices() {
        let kind = kind(c);
        if let Some(before) = last.filter(|before| *before != kind) {
            out.push((before, &text[start..at]));
            start = at;
        }
        last = Some(kind);
    }
    out.extend(last.map(|kind| (kind, &text[start..])));
    out
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Run {
    Letters,
    Digits,
    Other,
}

/// Lower case without diacritics.
pub(super) fn folded(word: &str) -> String {
    word.chars().flat_map(fold).collect()
}

/// `word` in the case of `model`.
fn shaped(word: &str, model: &str) -> String {
    let letters = model.chars().filter(|c| c.is_alphabetic()).count();
    let upper = model.chars().all(|c| !c.is_lowercase()) && model.chars().any(char::is_uppercase);
    if upper && letters > 1 {
        word.to_uppercase()
    } else if model.chars().next().is_some_and(char::is_lowercase) {
        word.to_lowercase()
    } else {
        word.to_owned()
    }
}

fn is_title(word: &str) -> bool {
    let flags = LEXICON.word(Hash::of(word));
    flags.any(Flags::HONORIFIC.or(Flags::SUFFIX)) && !flags.any(Flags::GIVEN.or(Flags::SURNAME))
}

/// The words of a name that say who it is: no initials, no `van`, no `Dr`.
pub(super) fn name_words(name: &str) -> impl Iterator<Item = &str> {
    runs(name).into_iter().filter_map(|(run, word)| {
        let said = run == Run::Letters && word.chars().count() > 1 && !is_particle(&folded(word)) && !is_title(word);
        said.then_some(word)
    })
}

/// What a word of a name is invented as: the last of several is the surname.
pub(super) fn name_word(name: &str, word: &str) -> Word {
    let all: Vec<&str> = name_words(name).collect();
    match all.as_slice() {
        [_, .., last] if folded(last) == folded(word) => Word::Surname,
        _ => Word::Given,
    }
}

fn person(name: &str, form: &str, draw: &mut Draw, words: Invent<'_>) -> Option<String> {
    let runs = runs(form);
    let named = name_words(form).next().is_some();
    let mut out = String::new();
    let mut used = 0;
    let mut index = 0;
    while let Some((run, word)) = runs.get(index) {
        index += 1;
        let apostrophe = runs.get(index).is_some_and(|(_, gap)| matches!(*gap, "'" | "’"));
        let after_apostrophe = out.ends_with(['\'', '’']);
        match run {
            // `Quill's` keeps its ending.
            Run::Letters if after_apostrophe && index == runs.len() && matches!(*word, "s" | "S") => out.push_str(word),
            // `van`, `O'`: the invented surname is one word.
            Run::Letters
                if named
                    && index < runs.len()
                    && (is_particle(&folded(word)) || (apostrophe && word.chars().count() == 1)) =>
            {
                index += 1;
            }
            Run::Letters if is_title(word) => out.push_str(word),
            Run::Letters if word.chars().count() == 1 => {
                // The initial of the word that it is the initial of.
                let letter = folded(word);
                let meant = name_words(name).skip(used).find(|word| folded(word).starts_with(&letter));
                let made = match meant {
                    Some(meant) => words(&folded(meant), name_word(name, meant))?.chars().next()?,
                    None => draw.letter().to_ascii_uppercase(),
                };
                used += 1;
                out.push_str(&shaped(&made.to_string(), word));
            }
            Run::Letters => {
                used += 1;
                out.push_str(&shaped(&words(&folded(word), name_word(name, word))?, word));
            }
            Run::Digits => out.extend(word.chars().map(|_| draw.digit())),
            Run::Other => out.push_str(word),
        }
    }
    Some(out.trim_end().to_owned())
}

/// User names and the like: words are invented, digits drawn, what joins them stays.
fn user(form: &str, draw: &mut Draw, words: Invent<'_>) -> Option<String> {
    let mut out = String::new();
    for (run, part) in runs(form) {
        match run {
            Run::Letters if part.chars().count() == 1 => out.push_str(&shaped(&draw.letter().to_string(), part)),
            Run::Letters => out.push_str(&shaped(&words(&folded(part), Word::Given)?, &part.to_lowercase())),
            Run::Digits => out.extend(part.chars().map(|_| draw.digit())),
            Run::Other => out.extend(part.chars().filter(|c| matches!(c, '.' | '_' | '-' | '+' | '#'))),
        }
    }
    out.chars().any(char::is_alphanumeric).then_some(out)
}

const DOMAINS: &[&str] = &["example.org", "example.com", "example.net"];

fn email(form: &str, draw: &mut Draw, words: Invent<'_>) -> Option<String> {
    let plain = form.contains(['@', '＠', '﹫']) && !form.contains(char::is_whitespace);
    let local =
        form.split(|c: char| matches!(c, '@' | '＠' | '﹫' | '(' | '[' | '{' | '<') || c.is_whitespace()).next()?;
    let local = user(local.trim_matches('"'), draw, words)?;
    let domain = draw.pick(DOMAINS)?;
    Some(if plain { format!("{local}@{domain}") } else { format!("{local} (at) {}", domain.replace('.', " (dot) ")) })
}

fn handle(form: &str, draw: &mut Draw, words: Invent<'_>) -> Option<String> {
    let name = form.trim_start_matches(['@', '＠']);
    let sigil = &form[..form.len() - name.len()];
    Some(match name.split_once('@') {
        Some((name, _)) => format!("{sigil}{}@{}", user(name, draw, words)?, draw.pick(DOMAINS)?),
        None => format!("{sigil}{}", user(name, draw, words)?),
    })
}

/// The host becomes a name under a domain for documentation, each part of the path a word; what is asked of it goes.
fn url(form: &str, draw: &mut Draw, words: Invent<'_>) -> Option<String> {
    let (scheme, rest) = form.find("://").map_or(("", form), |at| form.split_at(at + 3));
    let rest = rest.split(['?', '#']).next()?;
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = host.rsplit('@').next()?;
    let bare = host.strip_prefix("www.").unwrap_or(host);
    let www = &host[..host.len() - bare.len()];
    let site = words(&folded(bare), Word::Place)?.to_lowercase();
    let mut out = format!("{scheme}{www}{site}.{}", draw.pick(DOMAINS)?);
    for part in path.split('/').filter(|part| !part.is_empty()).take(3) {
        let letters: String = part.chars().filter(|c| c.is_alphanumeric()).collect();
        out.push('/');
        if letters.chars().any(char::is_alphabetic) {
            out.push_str(&words(&folded(&letters), Word::Given)?.to_lowercase());
        } else {
            out.extend(letters.chars().map(|_| draw.digit()));
        }
    }
    if path.ends_with('/') {
        out.push('/');
    }
    Some(out)
}

/// Words of an address that say what stands there and not where it is.
const PLAIN: &str = "street road avenue lane drive close court place square way terrace crescent boulevard highway house flat \
    apartment suite floor unit box apt ste str ave blvd strasse weg platz allee gasse rue place chemin via viale \
    piazza calle avenida plaza rua travessa ulica straat laan plein gata vagen vej gade katu no nr po st rd ln dr \
    ct sq pl ul os al c";

fn address(form: &str, draw: &mut Draw, words: Invent<'_>) -> Option<String> {
    if form.chars().any(|c| c.is_alphabetic() && c > '\u{24f}') {
        return None;
    }
    let runs = runs(form);
    let mut out = String::new();
    for (index, (run, part)) in runs.iter().enumerate() {
        let beside = |at: Option<usize>| at.and_then(|at| runs.get(at)).map(|(run, _)| *run);
        let code = *run == Run::Letters
            && [index.checked_sub(1), Some(index + 1)].into_iter().any(|at| beside(at) == Some(Run::Digits));
        match run {
            Run::Letters if code => out.push_str(&scrambled(part, draw)),
            Run::Letters => {
                let word = folded(part);
                let joins = part.chars().count() <= 3 && part.chars().all(char::is_lowercase);
                if joins || PLAIN.split(' ').any(|plain| plain == word) {
                    out.push_str(part);
                } else {
                    out.push_str(&shaped(&words(&word, Word::Place)?, part));
                }
            }
            Run::Digits => out.push_str(&number(part, draw)),
            Run::Other => out.push_str(part),
        }
    }
    Some(out)
}

/// A number of as many digits, another one.
fn number(digits: &str, draw: &mut Draw) -> String {
    let mut out: String = digits.chars().map(|_| draw.digit()).collect();
    // A house has no number 0, and no digit stays what it was where it stands alone.
    while out == digits || out == "0" {
        out = digits.chars().map(|_| draw.digit()).collect();
    }
    out
}

/// Letters for letters and digits for digits.
fn scrambled(form: &str, draw: &mut Draw) -> String {
    form.chars()
        .map(|c| match c {
            c if c.is_numeric() => draw.digit(),
            c if c.is_lowercase() => draw.letter(),
            c if c.is_alphabetic() => draw.letter().to_ascii_uppercase(),
            c => c,
        })
        .collect()
}

/// Puts `digits` where the form has its own.
fn laid(form: &str, digits: &str) -> String {
    let mut digits = digits.chars();
    form.chars().map(|c| if c.is_ascii_digit() { digits.next().unwrap_or(c) } else { c }).collect()
}

/// A country's code and its numbers for fiction, without trunk 0: `d` is any digit, `n` any but 0, `A` an area. Those
/// that begin with a `*` stand for mobile numbers.
type Fiction = (&'static str, &'static str);

const NORTH_AMERICA: &str = "A55501dd";
const BRITAIN: &str = "*7700900ddd 1134960ddd 1144960ddd 1154960ddd 1164960ddd 1174960ddd 1184960ddd 1214960ddd 1314960ddd 1414960ddd \
    1514960ddd 1614960ddd 1914980ddd 1632960ddd 2079460ddd 2920180ddd";
const AUSTRALIA: &str = "25550dddd 35550dddd 75550dddd 85550dddd 27010dddd 37010dddd 77010dddd 87010dddd *491570156 *491570157 \
    *491570158 *491570159 *491570110 *491570313 *491570737 *491571266 *491571491 *491571804 *491572549 *491572665 \
    *491572983 *491573770 *491573087";
const FRANCE: &str = "19900dddd 26191dddd 35301dddd 46571dddd 53649dddd *63998dddd";
const GERMANY: &str = "3023125ddd 6990009ddd 4066969ddd 2214710ddd 8999998ddd";
const SWEDEN: &str = "8465004dd 3139006dd 4062804dd *7017406nd";
const IRELAND: &str = "2091ddddd";

const FICTION: &[Fiction] = &[
    ("1", NORTH_AMERICA),
    ("44", BRITAIN),
    ("61", AUSTRALIA),
    ("33", FRANCE),
    ("49", GERMANY),
    ("46", SWEDEN),
    ("353", IRELAND),
];

/// Areas of North America: the fictional numbers are the same hundred in each.
const AREAS: &str = "202 206 212 213 214 215 216 303 305 312 313 314 317 404 407 408 410 412 414 415 416 503 504 505 512 513 514 \
    602 604 612 613 614 615 617 619 702 704 713 716 718 801 802 803 804 808 816 818 901 902 904 907 913 916 918";

fn fictional(ranges: &str, mobile: bool, draw: &mut Draw) -> Option<String> {
    let fits: Vec<&str> = ranges.split(' ').filter(|range| range.starts_with('*') == mobile).collect();
    let range = if fits.is_empty() { draw.word(ranges)? } else { draw.pick(&fits)? };
    let mut out = String::new();
    for c in range.chars() {
        match c {
            'd' => out.push(draw.digit()),
            'n' => out.push(char::from(b'1' + u8::try_from(draw.below(9)).unwrap_or(0))),
            'A' => out.push_str(draw.word(AREAS)?),
            c if c.is_ascii_digit() => out.push(c),
            _ => {}
        }
    }
    Some(out)
}

fn phone(form: &str, draw: &mut Draw) -> Option<String> {
    if form.chars().any(|c| c.is_numeric() && !c.is_ascii_digit()) {
        return None;
    }
    // What follows a letter or `#` is an extension.
    let (number_part, extension) =
        form.find(|c: char| c.is_alphabetic() || c == '#').map_or((form, ""), |at| form.split_at(at));
    let digits: String = number_part.chars().filter(char::is_ascii_digit).collect();
    let signed = number_part.trim_start_matches(['(', ' ']).starts_with(['+', '＋']);
    let zeros = if !signed && digits.starts_with("00") { 2 } else { 0 };
    let made = if signed || zeros > 0 {
        abroad(number_part, &digits, zeros, draw)?
    } else {
        at_home(number_part, &digits, draw)?
    };
    let tail: String = extension.chars().map(|c| if c.is_ascii_digit() { draw.digit() } else { c }).collect();
    Some(format!("{made}{tail}"))
}

/// With the country's code.
fn abroad(form: &str, digits: &str, zeros: usize, draw: &mut Draw) -> Option<String> {
    let number = digits.get(zeros..)?;
    let Some((code, ranges)) = FICTION.iter().find(|(code, _)| number.starts_with(code)) else {
        // No numbers for fiction there: none begins with three zeros either, behind a code of two digits.
        let code = number.get(..2)?;
        let rest: String = (0..number.len().checked_sub(2 + 3)?).map(|_| draw.digit()).collect();
        return Some(laid(form, &format!("{}{code}000{rest}", &digits[..zeros])));
    };
    let national = number.get(code.len()..)?;
    let trunk = form.contains("(0)") && national.starts_with('0');
    let national = if trunk { &national[1..] } else { national };
    let mobile = match *code {
        "61" => national.starts_with('4'),
        "33" => national.starts_with(['6', '7']),
        _ => national.starts_with('7'),
    };
    let made = fictional(ranges, mobile, draw)?;
    let zero = if trunk { "0" } else { "" };
    if made.len() == national.len() {
        return Some(laid(form, &format!("{}{code}{zero}{made}", &digits[..zeros])));
    }
    let sign = if zeros > 0 { "00" } else { "+" };
    Some(format!("{sign}{code} {made}"))
}

/// As dialled within a country, told by how its digits are grouped.
fn at_home(form: &str, digits: &str, draw: &mut Draw) -> Option<String> {
    let groups: Vec<usize> =
        runs(form).iter().filter(|(run, _)| *run == Run::Digits).map(|(_, digits)| digits.len()).collect();
    let trunk = digits.starts_with('0');
    let made = match (digits.len(), groups.as_slice()) {
        (10, [3, 3, 4] | [3, 7]) if !trunk => fictional(NORTH_AMERICA, false, draw)?,
        (11, [1, 3, 3, 4]) if digits.starts_with('1') => format!("1{}", fictional(NORTH_AMERICA, false, draw)?),
        (11, _) if trunk && digits.starts_with(['0']) => {
            format!("0{}", fictional(BRITAIN, digits.starts_with("07"), draw)?)
        }
        (10, [2, 2, 2, 2, 2]) if trunk => {
            format!("0{}", fictional(FRANCE, digits.starts_with("06") || digits.starts_with("07"), draw)?)
        }
        (10, [2, 4, 4] | [4, 3, 3]) if trunk => {
            format!("0{}", fictional(AUSTRALIA, digits.starts_with("04"), draw)?)
        }
        (count, _) => {
            let rest: String = (0..count.checked_sub(3)?).map(|_| draw.digit()).collect();
            format!("000{rest}")
        }
    };
    Some(laid(form, &made))
}

/// The networks for documentation.
const NETWORKS: &[&str] = &["192.0.2", "198.51.100", "203.0.113"];

fn ip(form: &str, draw: &mut Draw) -> Option<String> {
    let end = form.find(['/', '%']).unwrap_or(form.len());
    let (address, suffix) = form.split_at(end);
    let made = if address.contains(':') {
        let mut group = || u16::try_from(0x1000 + draw.below(0xf000)).unwrap_or(1);
        Ipv6Addr::new(0x2001, 0xdb8, group(), group(), 0, 0, 0, group()).to_string()
    } else {
        format!("{}.{}", draw.pick(NETWORKS)?, 1 + draw.below(254))
    };
    Some(format!("{made}{suffix}"))
}

/// From the 256 addresses for documentation.
fn mac(form: &str, draw: &mut Draw) -> String {
    let lower = form.chars().any(|c| c.is_ascii_lowercase());
    let mut left = "00005e0053".chars().map(|c| if lower { c } else { c.to_ascii_uppercase() }).collect::<Vec<_>>();
    left.extend([draw.hex(lower), draw.hex(lower)]);
    let mut left = left.into_iter();
    form.chars().map(|c| if c.is_ascii_hexdigit() { left.next().unwrap_or(c) } else { c }).collect()
}

/// The right length and a check digit that is wrong.
fn card(form: &str, draw: &mut Draw) -> Option<String> {
    let count = form.chars().filter(char::is_ascii_digit).count();
    let mut digits: Vec<u32> = "400000".chars().filter_map(|c| c.to_digit(10)).take(count).collect();
    while digits.len() < count {
        digits.push(draw.digit().to_digit(10)?);
    }
    let last = digits.pop()?;
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| match index % 2 {
            1 => *digit,
            _ if *digit > 4 => digit * 2 - 9,
            _ => digit * 2,
        })
        .sum();
    let right = (10 - sum % 10) % 10;
    digits.push(if last == right { (last + 1) % 10 } else { last });
    let digits: String = digits.into_iter().filter_map(|digit| char::from_digit(digit, 10)).collect();
    Some(laid(form, &digits))
}

/// Check digits of 00 belong to no account.
fn iban(form: &str, draw: &mut Draw) -> String {
    let mut place = 0;
    form.chars()
        .map(|c| {
            place += usize::from(c.is_ascii_alphanumeric());
            match (place, c) {
                (0..=2, c) => c,
                (3 | 4, c) if c.is_ascii_digit() => '0',
                (_, c) if c.is_ascii_digit() => draw.digit(),
                (_, c) if c.is_ascii_uppercase() => draw.letter().to_ascii_uppercase(),
                (_, c) if c.is_ascii_lowercase() => draw.letter(),
                (_, c) => c,
            }
        })
        .collect()
}

/// Ethereum's have no check that must hold, so half of it is zeros; the others keep what their kind begins with.
fn wallet(form: &str, draw: &mut Draw) -> String {
    if let Some(hex) = form.strip_prefix("0x") {
        let zeros = hex.len() / 2;
        return format!("0x{}{}", "0".repeat(zeros), (zeros..hex.len()).map(|_| draw.hex(true)).collect::<String>());
    }
    let keep = if form.get(..3).is_some_and(|head| head.ends_with('1') && head.starts_with(char::is_lowercase)) {
        3
    } else {
        1
    };
    let keep = if form.is_char_boundary(keep) { keep } else { 0 };
    format!("{}{}", &form[..keep], scrambled(&form[keep..], draw))
}

/// Numbers of states: the ranges that are never given out where they are known. Whether a check digit happens to be
/// right is looked at afterwards, by the recognizers themselves.
fn state_number(form: &str, draw: &mut Draw) -> String {
    let shape: String = form
        .chars()
        .map(|c| match c {
            c if c.is_numeric() => 'd',
            c if c.is_alphabetic() => 'L',
            c => c,
        })
        .collect();
    let made = scrambled(form, draw);
    let compact: String = shape.chars().filter(|c| matches!(c, 'd' | 'L')).collect();
    let head = match (shape.as_str(), compact.as_str()) {
        // No social security number of the United States has the area 000.
        ("ddd-dd-dddd" | "ddd dd dddd", _) => "000",
        // No British insurance number begins with QQ.
        (_, "LLddddddL") if form.chars().any(char::is_uppercase) => "QQ",
        // NHS numbers from 999 are for tests.
        ("ddd ddd dddd", _) => "999",
        _ => "",
    };
    let mut head = head.chars();
    made.chars().map(|c| if c.is_alphanumeric() { head.next().unwrap_or(c) } else { c }).collect()
}

/// The months of the languages that most documents are in, in one order.
const MONTHS: &[&str] = &[
    "january february march april may june july august september october november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "januari februari mars april maj juni juli augusti september oktober november december",
];

/// Another day of another year. Days are 1 to 12, so that the date is one in whatever order day and month stand.
fn date(form: &str, draw: &mut Draw) -> Option<String> {
    let runs = runs(form);
    let is_year = |digits: &str| digits.len() == 4;
    let numbers: Vec<&str> = runs.iter().filter(|(run, _)| *run == Run::Digits).map(|(_, digits)| *digits).collect();
    let small = numbers.iter().filter(|digits| digits.len() <= 2).count();
    let month = runs.iter().any(|(run, word)| *run == Run::Letters && month_row(word).is_some());
    let whole = match numbers.len() {
        3 => small == 2,
        2 => small == 1 && month,
        _ => false,
    };
    if !whole
        || !numbers.iter().any(|digits| is_year(digits))
        || !form.chars().all(|c| !c.is_numeric() || c.is_ascii_digit())
    {
        return None;
    }
    let mut out = String::new();
    let mut day = 0;
    for (run, part) in runs {
        match run {
            Run::Digits if is_year(part) => {
                let year: u32 = part.parse().ok()?;
                let shift = 1 + u32::try_from(draw.below(6)).ok()?;
                out.push_str(&format!(
                    "{:04}",
                    if draw.below(2) == 0 { year.saturating_sub(shift) } else { year + shift }
                ));
            }
            Run::Digits => {
                // As many digits as there were.
                day = if part.len() == 1 { 1 + draw.below(9) } else { 1 + draw.below(12) };
                out.push_str(&format!("{day:0width$}", width = part.len()));
            }
            Run::Letters => match month_row(part) {
                Some(row) => out.push_str(&shaped(&title(draw.word(row)?), part)),
                None if matches!(part, "st" | "nd" | "rd" | "th") => {
                    out.push_str(match day {
                        1 => "st",
                        2 => "nd",
                        3 => "rd",
                        _ => "th",
                    });
                }
                None => out.push_str(part),
            },
            Run::Other => out.push_str(part),
        }
    }
    Some(out)
}

fn month_row(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    MONTHS.iter().copied().find(|row| row.split(' ').any(|month| month == word))
}

fn title(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(entity: Entity, form: &str, salt: u8) -> Option<String> {
        let mut draw = Draw::new(&[salt; 32], &[form], 0);
        surrogate(entity, form, form, &mut draw, &mut |word, kind| {
            (0..50).find_map(|attempt| invent(kind, attempt, &mut Draw::new(&[salt; 32], &[word], attempt)))
        })
    }

    /// Digits to `9`, letters to `a` and `A`.
    fn shape(text: &str) -> String {
        text.chars()
            .map(|c| match c {
                c if c.is_ascii_digit() => '9',
                c if c.is_lowercase() => 'a',
                c if c.is_uppercase() => 'A',
                c => c,
            })
            .collect()
    }

    #[test]
    fn numbers_keep_their_shape_and_reach_nobody() {
        for (entity, form, head) in [
            (Entity::Phone, "+44 7911 123456", "+44 7700 900"),
            (Entity::Phone, "(415) 867-5309", ""),
            (Entity::Phone, "06 12 34 56 78", "06 39 98 "),
            (Entity::Phone, "+34 612 345 678", "+34 000 "),
            (Entity::Phone, "0131 225 0187 ext. 12", ""),
            (Entity::Phone, "0049 (0)30 1234567-8", "0049 (0)"),
            (Entity::Card, "4111 1111 1111 1111", "4000 00"),
            (Entity::Iban, "GB82 WEST 1234 5698 7654 32", "GB00 "),
            (Entity::Mac, "00:11:2A:33:44:55", "00:00:5E:00:53:"),
            (Entity::NationalId, "536-90-4399", "000-"),
            (Entity::NationalId, "AB 12 34 56 C", "QQ "),
            (Entity::DateOfBirth, "1987-03-17", ""),
            (Entity::DateOfBirth, "17.3.1987", ""),
            (Entity::Passport, "C01X00T47", ""),
            (Entity::Plate, "AB12 CDE", ""),
        ] {
            for salt in 0..40 {
                let made = made(entity, form, salt).unwrap_or_default();
                let same = shape(&made) == shape(form) || entity == Entity::Mac;
                assert!(same && made.len() == form.len(), "{form}: {made}");
                assert!(made.starts_with(head) && made != form, "{form}: {made}");
            }
        }
        for salt in 0..40 {
            let card = made(Entity::Card, "4111 1111 1111 1111", salt).unwrap_or_default();
            assert!(super::super::scan(&card).iter().all(|span| span.entity != Entity::Card), "{card}");
            let american = made(Entity::Phone, "415-867-5309", salt).unwrap_or_default();
            assert!(american[4..].starts_with("555-01"), "{american}");
        }
    }

    #[test]
    fn words_keep_capitals_joints_and_endings() {
        let name = |form: &str| made(Entity::Person, form, 1).unwrap_or_default();
        for form in ["Ada Quill", "ADA QUILL", "ada quill", "Quill, Ada", "A. Quill", "Ada's", "Ada-Marie Quill"] {
            let made = name(form);
            let signs = |text: &str| text.chars().filter(|c| !c.is_alphanumeric()).collect::<String>();
            assert_eq!(signs(&made), signs(form), "{form}: {made}");
            assert!(!made.to_lowercase().contains("quill"), "{form}: {made}");
            let first = |text: &str| text.chars().next().is_some_and(char::is_uppercase);
            assert_eq!(first(&made), first(form), "{form}: {made}");
        }
        assert!(name("Zdenka van der Morvaille").split(' ').count() == 2);
        assert!(name("Ada O'Neill's").ends_with("'s") && !name("Ada O'Neill's").contains("O'"));
        assert!(name("Dr Quill").starts_with("Dr "), "{}", name("Dr Quill"));
        let mail = made(Entity::Email, "ada.quill@corp.com", 1).unwrap_or_default();
        let (local, domain) = mail.split_once('@').unwrap_or_default();
        assert!(DOMAINS.contains(&domain) && local.contains('.'), "{mail}");
        assert!(
            made(Entity::Email, "ada at corp dot com", 1).is_some_and(|mail| mail.contains(" (at) example (dot) "))
        );
        let url = made(Entity::Url, "https://www.github.com/aquill/repo?tab=1", 1).unwrap_or_default();
        assert!(url.starts_with("https://www.") && url.contains(".example.") && url.matches('/').count() == 4, "{url}");
        let street = made(Entity::Address, "14 Larkspur Wynd, Burntisland, KY3 0ZZ", 1).unwrap_or_default();
        assert_eq!(shape(&street).matches(',').count(), 2, "{street}");
        assert!(!street.contains("Larkspur") && !street.contains("KY3"), "{street}");
        assert_eq!(made(Entity::Age, "34", 1), None);
        assert_eq!(made(Entity::DateOfBirth, "1987", 1), None);
        assert!(made(Entity::DateOfBirth, "3rd March 1987", 1).is_some_and(|date| !date.contains("1987")));
    }

    #[test]
    fn networks_are_those_for_documentation() {
        for salt in 0..40 {
            let four = made(Entity::Ip, "10.1.2.3/24", salt).unwrap_or_default();
            assert!(NETWORKS.iter().any(|network| four.starts_with(network)) && four.ends_with("/24"), "{four}");
            let six = made(Entity::Ip, "fe80::1ff:fe23:4567:890a", salt).unwrap_or_default();
            assert!(six.starts_with("2001:db8:") && six.parse::<Ipv6Addr>().is_ok(), "{six}");
        }
    }
}
