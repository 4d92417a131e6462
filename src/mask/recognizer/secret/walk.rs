//! From a label to its value: over the rest of the label, a few words, and a mark or a verb that says what it is.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::super::anchor::onward;
use super::super::label_sign;

/// What says that a value follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Told {
    /// Nothing but the label.
    Nothing,
    /// A verb, a dash, an opening bracket.
    Verb,
    /// A colon, an equals sign, an arrow, a cell of a table.
    Mark,
}

/// What stands behind a label.
pub(super) struct Value<'t> {
    pub(super) start: usize,
    pub(super) text: &'t str,
    /// `=`, a quotation mark: code, not prose.
    pub(super) assigned: bool,
    pub(super) quoted: bool,
    pub(super) told: Told,
    /// How many words stand between that are no fillers.
    pub(super) apart: usize,
    /// What stands between.
    pub(super) gap: &'t str,
    /// What stands behind, as far as it is read.
    behind: &'t str,
}

impl<'t> Value<'t> {
    /// What stands behind it on its line.
    pub(super) fn rest(&self) -> &'t str {
        self.behind
    }

    /// The length without what ends a sentence.
    pub(super) fn trimmed(&self) -> usize {
        let kept = self.text.trim_end_matches(['.', ')', '*', ':', '?', '…', '!']);
        // A password may end in any sign; a sentence ends in one of these only.
        let one = self.text.chars().next_back().map_or(0, char::len_utf8);
        let ending = self.text.ends_with(['.', ')', '*', ':', '?', '…']);
        if ending && kept.len() + one >= self.text.len() && !self.quoted { kept.len() } else { self.text.len() }
    }
}

/// Ways to go on with a name that make it another thing: `password_url`, `tokenType`.
const OTHER: &[&str] = &[
    "url",
    "uri",
    "type",
    "name",
    "expir",
    "ttl",
    "count",
    "length",
    "len",
    "policy",
    "file",
    "path",
    "hash",
    "reset",
    "field",
    "id",
    "limit",
    "size",
    "class",
    "format",
    "manager",
    "less",
    "required",
    "age",
    "version",
    "provider",
    "store",
    "prompt",
    "input",
    "rotation",
    "protected",
    "ring",
    "chain",
    "pair",
    "words",
    "word",
    "board",
    "note",
    "stone",
    "hint",
    "strength",
    "min",
    "max",
    "algo",
];

/// Verbs behind which a value stands.
static VERBS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "as als comme como come jako som kot olarak als is was are be remains stays became becomes lautet ist war bleibt est c'est c’est reste était es era será è era \
     rimane é era fica jest to było brzmi je bylo zní är blev er var blir on oli este era είναι ήταν è היא הוא هي هو \
     هوا है là คือ adalah ialah yaitu yra ir on is' 's это этот теперь це тепер є je' bude bliver sunt jet olan \
     wurde wird"
        .split_whitespace()
        .collect()
});

/// Words that may follow such a verb: `is now`, `ist jetzt`.
static ADVERBS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "now still currently just simply always again probably the a not jetzt nun weiterhin aktuell immer noch einfach \
     désormais maintenant toujours simplement ahora todavía siempre ora adesso sempre ancora agora ainda sempre nu \
     nog gewoon steeds teraz nadal po prostu teď nyní stále nu fortfarande bara nå fortsatt stadig nyt edelleen most \
     acum încă τώρα şimdi artık hâlâ теперь сейчас пока тепер зараз עכשיו الآن अब sekarang bây giờ set changed to \
     geändert auf changé cambiada cambiata zmienione"
        .split_whitespace()
        .collect()
});

/// Words between a label and its value that say what it opens, or nothing at all.
static FILLERS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "wifi wi-fi wlan guest new old temp temporary вайфая вайфаю вайфай wifi-ul wifi-ului wlan-ul לווייפיי ווייפיי הווייפיי вайфаи wifi-a wifiju changed from switched rotated reset the for of my our your admin root user default current main home \
     office router app zoom meeting no nr number code key pin für fürs vom zum zur der die das den dem neue neues neuen \
     gast temporär pour du de la le les l' nouveau provisoire del el los nueva nuevo temporal para do da dos nova novo \
     provisória il lo dell' nuova nuovo per van voor het nieuwe tijdelijk do nowe tymczasowe dla k ke na pro nové \
     dočasné till för nytt nya til på ny nytt midlertidig uusi új ideiglenes la nou pentru για του νέος yeni için от \
     для к до новый временный від новий של ל new का बरु rumah baru untuk mới của"
        .split_whitespace()
        .collect()
});

/// What a value may stand in.
const QUOTES: [char; 8] = ['"', '\'', '`', '“', '„', '«', '‘', '”'];

/// The quotation mark that closes one.
fn closing(quote: char) -> &'static [char] {
    match quote {
        '“' => &['”', '"'],
        '„' => &['“', '”', '"'],
        '«' => &['»'],
        '‘' => &['’', '\''],
        '”' => &['”'],
        '\'' => &['\'', '’'],
        '`' => &['`'],
        _ => &['"', '”'],
    }
}

/// Where a label whose name goes on ends: `DB_PASSWORD_PROD=`, `apiKeyName:`. Nothing where it is another name.
pub(super) fn label_end(text: &str, end: usize) -> Option<usize> {
    let rest = text.get(end..)?;
    if joined(text, end) {
        return Some(end);
    }
    let more = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count();
    if more == 0 {
        return Some(end);
    }
    let name = rest[..more].trim_start_matches(['_', '-']);
    let other = OTHER.iter().any(|other| name.get(..other.len()).is_some_and(|head| head.eq_ignore_ascii_case(other)));
    let marked = rest[more..].trim_start_matches(['"', '\'', ' ']).starts_with(['=', ':', '：']);
    // `Passwort-Manager`, `key-value` are words of their own; `WLAN-Key: …` is not.
    (marked && !other).then_some(end + more)
}

/// The value behind a label that ends at byte `end`, looked for up to byte `limit`; at most `words` words between.
pub(super) fn value(text: &str, end: usize, limit: usize, words: usize) -> Option<Value<'_>> {
    let label = label_end(text, end)?;
    // `prompt_password("…")`: a call.
    if text[label..].starts_with('(') {
        return None;
    }
    let mut at = label;
    let mut told = Told::Nothing;
    let mut assigned = false;
    let mut apart = 0;
    let mut count = 0;
    // Words behind a verb.
    let mut behind = 0;
    // `the pin's 4471`.
    if let Some(short) = ["'s ", "’s "].iter().find(|short| text[at..].starts_with(**short)) {
        told = Told::Verb;
        at += short.len() - 1;
    }
    loop {
        let rest = text.get(at..limit)?;
        // What stands between two words.
        let body = rest.trim_start_matches(|c: char| {
            label_sign(c)
                || QUOTES.contains(&c)
                || matches!(c, '>' | ')' | '(' | '→' | '…' | '-' | '–' | '—' | '?' | ',')
        });
        // A dash that touches what follows belongs to it: `--flag`.
        let gap = rest[..rest.len() - body.len()].trim_end_matches('-');
        let body = &rest[gap.len()..];
        if gap.contains(':') || gap.contains(['=', '：', '|', '｜', '→', '\t']) || gap.contains("->") {
            told = Told::Mark;
        } else if told == Told::Nothing && (gap.contains(" - ") || gap.contains(['–', '—', '(', '“', '„', '«', '`']))
        {
            told = Told::Verb;
        }
        // A string of a program.
        if gap.ends_with(['"', '\'', '`']) {
            told = Told::Mark;
        }
        assigned |= gap.contains('=') || gap.ends_with(['"', '\'', '`', '“', '„', '«', '‘']);
        // A question is answered further on.
        if gap.contains('?') || (gap.is_empty() && at == label && label == end && !joined(text, end)) {
            return None;
        }
        let start = at + gap.len();
        let quote = gap.chars().next_back().filter(|c| QUOTES.contains(c));
        // A script without spaces has its verb at the front of what follows.
        if let Some(verb) = ["は", "是", "为", "為", "는 ", "은 ", "改成了", "改为", "改成", "が"]
            .iter()
            .find(|verb| body.starts_with(**verb))
        {
            told = told.max(Told::Verb);
            at = start + verb.len();
            continue;
        }
        if body.is_empty() {
            return None;
        }
        let token = &body[..body.find(|c: char| c.is_whitespace()).unwrap_or(body.len())];
        // A question is answered further on.
        if quote.is_none() && token.ends_with('?') && token.chars().rev().skip(1).all(char::is_alphabetic) {
            return None;
        }
        let bare = token.trim_end_matches([':', ',', '.', ';', '!', '?', ')', '"', '\'', '`']);
        // `is really …`, `es el …`: one more word may stand behind a verb.
        let more =
            told == Told::Verb && behind == 0 && bare.chars().all(|c| c.is_lowercase() || matches!(c, '\'' | '’'));
        if told >= Told::Verb && (told == Told::Mark || !(more || ADVERBS.contains(bare))) || quote.is_some() {
            return Some(take(
                text,
                start,
                quote,
                Value { start, text: "", assigned, quoted: false, told, apart, gap: &text[label..start], behind: "" },
            ));
        }
        let lower;
        let word = if bare.bytes().any(|byte| byte.is_ascii_uppercase()) {
            lower = bare.to_lowercase();
            lower.as_str()
        } else {
            bare
        };
        // `moved to` tells nothing, `to` right behind the label does.
        if VERBS.contains(word) && (word != "to" || apart == 0 && figured(&body[bare.len()..])) {
            told = Told::Verb;
            behind = 0;
            at = start + bare.len();
        } else if told == Told::Verb {
            behind += usize::from(!ADVERBS.contains(bare));
            at = start + bare.len();
        } else if token.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’' | ',' | ':' | '.'))
            && !bare.is_empty()
        {
            // A sentence ends here, or a word goes by.
            let ends = token.ends_with('.') && bare.chars().count() > 3;
            if ends || count == words {
                return None;
            }
            count += 1;
            apart += usize::from(!FILLERS.contains(word));
            at = start + bare.len();
        } else {
            return Some(take(
                text,
                start,
                quote,
                Value { start, text: "", assigned, quoted: false, told, apart, gap: &text[label..start], behind: "" },
            ));
        }
        if at >= limit {
            return None;
        }
    }
}

/// Whether the next word has a digit.
fn figured(rest: &str) -> bool {
    rest.split_whitespace().next().is_some_and(|word| word.contains(|c: char| c.is_ascii_digit()))
}

/// Whether a label without spaces may touch its value.
fn joined(text: &str, end: usize) -> bool {
    text[..end].ends_with(|c: char| c >= '\u{e00}')
}

fn take<'t>(text: &'t str, start: usize, quote: Option<char>, mut value: Value<'t>) -> Value<'t> {
    let body = onward(text, start, 256);
    let length =
        quote.and_then(|quote| body.find(closing(quote)).filter(|at| *at <= 200 && !body[..*at].contains('\n')));
    value.quoted = length.is_some();
    let length = length.unwrap_or_else(|| {
        body.find(|c: char| {
            c.is_whitespace()
                || matches!(
                    c,
                    '"' | '`' | ',' | ';' | '<' | '>' | '\u{1}' | '[' | ']' | '、' | '。' | '，' | '|' | '”' | '»'
                )
                || (c == '\'' && quote.is_some())
        })
        .unwrap_or(body.len())
    });
    (value.text, value.behind) = body.split_at(length);
    // `…です`, `…입니다`: what a sentence without spaces ends in.
    for ending in ["です", "だよ", "入力", "입니다", "이에요", "예요"] {
        if let Some(head) =
            value.text.strip_suffix(ending).or_else(|| value.text.split_once(ending).map(|(head, _)| head))
            && head.is_ascii()
        {
            value.text = head;
        }
    }
    value
}
