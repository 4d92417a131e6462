//! Cutting a text into lines, sentences and words.

use std::sync::LazyLock;

use regex::Regex;

use super::counts::{Counts, Rate};
use super::lists;
use super::markers::phrases;

/// Stands where a placeholder or an address stood: no word, but something.
const GAP: char = '\u{fffc}';

/// Placeholders (`[EMAIL_1]`, `[EMAIL_h3f9a1c]`, `[EMAIL]`), web and mail addresses, handles.
static NOT_WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"\[[A-Z]{2,}(?:_[A-Z]+)*(?:_(?:[0-9]{1,9}|h[0-9a-f]{6,64}))?\]|\b(?:https?://|www\.)[^\s<>)\]]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:^|\B)@\w+",
    )
    .ok()
});
/// `[words](address)`.
static LINK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"!?\[([^\]\n]*)\]\([^)\s]*\)").ok());

/// How a sentence ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// `.`
    Stop,
    /// `!`
    Exclamation,
    /// `?`
    Question,
    /// `…` or `...`
    Ellipsis,
    /// `:`
    Colon,
    /// An emoji or a smiley.
    Emoji,
    /// A hashtag.
    Hashtag,
    /// Nothing.
    Bare,
}

impl End {
    pub(super) const ALL: [Self; 8] = [
        Self::Stop,
        Self::Exclamation,
        Self::Question,
        Self::Ellipsis,
        Self::Colon,
        Self::Emoji,
        Self::Hashtag,
        Self::Bare,
    ];

    /// In a sentence: `ends with …`.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Stop => "a full stop",
            Self::Exclamation => "an exclamation mark",
            Self::Question => "a question mark",
            Self::Ellipsis => "an ellipsis",
            Self::Colon => "a colon",
            Self::Emoji => "an emoji",
            Self::Hashtag => "a hashtag",
            Self::Bare => "no mark",
        }
    }

    /// The name in JSON.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Stop => "full_stop",
            Self::Exclamation => "exclamation",
            Self::Question => "question",
            Self::Ellipsis => "ellipsis",
            Self::Colon => "colon",
            Self::Emoji => "emoji",
            Self::Hashtag => "hashtag",
            Self::Bare => "none",
        }
    }
}

/// What parts a sentence from the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Break {
    /// A space.
    None,
    /// The end of a line.
    Line,
    /// A blank line.
    Paragraph,
}

/// A word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Lower case, with `'` for every apostrophe.
    pub(super) text: String,
    /// Whether it was written with a capital first.
    pub(super) capital: bool,
    /// Whether it is in digits.
    pub(super) number: bool,
}

/// A sentence, or a line that ends without a mark.
#[derive(Clone, Debug)]
pub(super) struct Sentence {
    /// As written, single spaces, without placeholders and bullets.
    pub(super) text: String,
    pub(super) words: Vec<Word>,
    pub(super) end: End,
    pub(super) before: Break,
    /// Whether it is the first of a list item.
    pub(super) bullet: bool,
    /// Whether its first letter is a small one; `None` where letters have no case.
    pub(super) lower: Option<bool>,
    pub(super) counts: Counts,
}

/// A text, cut.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    pub(super) sentences: Vec<Sentence>,
    /// Lines that sign the text or close it: the last line, when it is a short one.
    pub(super) last_line: String,
    /// Words of each paragraph.
    pub(super) paragraphs: Vec<usize>,
    /// Hashtags after the last word.
    pub(super) tags_at_end: usize,
    /// Whether a mark of quotation is a curved one: how many, and of how many.
    pub(super) curved: (usize, usize),
}

impl Text {
    pub(super) fn words(&self) -> usize {
        self.sentences.iter().map(|s| s.words.len()).sum()
    }
}

/// Cuts a text. Headings, tables, code and quoted lines are nobody's prose and left out.
pub(super) fn cut(text: &str) -> Text {
    let text = LINK.as_ref().map_or_else(|| text.into(), |link| link.replace_all(text, "$1"));
    let gap = GAP.to_string();
    let text = NOT_WORDS.as_ref().map_or_else(|| text.clone(), |all| all.replace_all(&text, gap.as_str()));
    let mut out = Text::default();
    let mut paragraph = 0;
    for line in lines(&text) {
        if line.before == Break::Paragraph && paragraph > 0 {
            out.paragraphs.push(std::mem::take(&mut paragraph));
        }
        let shown = shown(&line.text);
        if !shown.is_empty() {
            out.last_line = shown;
        }
        let mut first = true;
        for piece in sentences(&line.text) {
            let Some(mut sentence) = sentence(piece) else { continue };
            if first {
                sentence.before = line.before;
                sentence.bullet = line.bullet;
                first = false;
            }
            if out.sentences.is_empty() {
                sentence.before = Break::None;
            }
            sentence.counts.add(Rate::LineBreak, usize::from(sentence.before != Break::None));
            sentence.counts.add(Rate::Bullet, usize::from(sentence.bullet));
            paragraph += sentence.words.len();
            out.sentences.push(sentence);
        }
    }
    if paragraph > 0 {
        out.paragraphs.push(paragraph);
    }
    out.tags_at_end = text.split_whitespace().rev().take_while(|word| is_hashtag(word)).count();
    let straight = text.matches(['"', '\'']).count();
    let curved = text.matches(['“', '”', '‘', '’', '„', '«', '»']).count();
    out.curved = (curved, straight + curved);
    out
}

/// A line after wrapped ones are joined.
struct Line {
    text: String,
    before: Break,
    bullet: bool,
}

/// Lines shorter than this end where their author ended them; longer ones may have been wrapped.
const WRAPPED: usize = 60;

fn lines(text: &str) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::new();
    let (mut blank, mut code, mut may_go_on) = (false, false, false);
    for raw in text.lines() {
        let line = raw.trim();
        if line.starts_with("```") || line.starts_with("~~~") {
            code = !code;
            (blank, may_go_on) = (true, false);
            continue;
        }
        if line.is_empty() || code || is_frame(line) {
            (blank, may_go_on) = (true, false);
            continue;
        }
        let item = bullet(line);
        let bare = item.unwrap_or(line).replace("**", "").replace('`', " ");
        // A line that ends in the middle of a sentence was wrapped.
        let goes_on = may_go_on && item.is_none() && !blank;
        may_go_on = line.chars().count() >= WRAPPED && !line.ends_with(ends_a_line);
        match out.last_mut().filter(|_| goes_on) {
            Some(last) => {
                last.text.push(' ');
                last.text.push_str(&bare);
            }
            None => {
                let before = if blank { Break::Paragraph } else { Break::Line };
                out.push(Line { text: bare, before, bullet: item.is_some() });
            }
        }
        blank = false;
    }
    out
}

fn ends_a_line(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | ':' | ';' | '"' | '”' | '»' | ')') || is_emoji(c)
}

/// Headings, rules, quoted lines and rows of tables.
fn is_frame(line: &str) -> bool {
    let heading = line.trim_start_matches('#');
    (heading.len() < line.len() && heading.starts_with(' '))
        || line.starts_with("> ")
        || line.starts_with('|')
        || line.matches(" | ").count() >= 2
        || line.chars().all(|c| matches!(c, '-' | '=' | '*' | '_' | ' '))
}

/// The words of a list item.
pub(super) fn bullet(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix(['-', '*', '+', '•', '◦', '▪', '‣', '→', '✓', '✔', '✅', '👉', '·', '–'])
    {
        let rest = rest.trim_start_matches('\u{fe0f}');
        return rest.starts_with(' ').then(|| rest.trim_start());
    }
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = digits.strip_prefix(['.', ')']).filter(|_| (1..3).contains(&(line.len() - digits.len())))?;
    rest.strip_prefix(' ')
}

/// Single spaces, no gaps at the edges.
fn shown(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c == GAP).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Cuts a line after every mark that ends a sentence.
pub(crate) fn sentences(line: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if !is_terminator(c) {
            continue;
        }
        let mut end = at + c.len_utf8();
        let mut marks = 1;
        while let Some((next, more)) = chars.next_if(|(_, more)| is_terminator(*more) || is_closer(*more)) {
            end = next + more.len_utf8();
            marks += usize::from(is_terminator(more));
        }
        let rest = &line[end..];
        let wide = matches!(c, '。' | '！' | '？');
        if !wide && !rest.starts_with(|c: char| c.is_whitespace() || is_emoji(c)) {
            continue;
        }
        let next = rest.trim_start().chars().next();
        let lower_next = next.is_some_and(char::is_lowercase);
        let ellipsis = c == '…' || (c == '.' && marks >= 2);
        if (ellipsis && lower_next) || (c == '.' && marks == 1 && is_abbreviation(&line[start..at], rest.trim_start()))
        {
            continue;
        }
        // An emoji after the mark belongs to the sentence it ends.
        let emoji = rest.len() - rest.trim_start_matches(|c: char| c == ' ' || is_emoji(c) || is_joiner(c)).len();
        if rest[..emoji].chars().any(is_emoji) {
            end += emoji;
            while chars.next_if(|(next, _)| *next < end).is_some() {}
        }
        out.push(&line[start..end]);
        start = end;
    }
    out.push(&line[start..]);
    out.retain(|piece| !piece.trim().is_empty());
    out
}

const fn is_terminator(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '؟' | '।')
}

const fn is_closer(c: char) -> bool {
    matches!(c, '"' | '”' | '’' | '\'' | '»' | ')' | ']' | '*')
}

/// Whether a full stop after `before` belongs to the word: `e.g.`, `Dr.`, `J.`, `3. Mai`.
fn is_abbreviation(before: &str, after: &str) -> bool {
    let last = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let next_small = after.starts_with(char::is_lowercase);
    let mut letters = last.chars();
    match (letters.next(), letters.next()) {
        // An initial, but not `I`, which ends sentences too.
        (Some(c), None) if c.is_uppercase() => return c != 'I' && after.starts_with(char::is_uppercase),
        (Some(c), None) if c.is_alphabetic() => return next_small,
        _ => {}
    }
    if last.len() <= 2 && last.bytes().all(|b| b.is_ascii_digit()) {
        let word = after.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default().to_lowercase();
        return next_small || lists::GERMAN_MONTHS.contains(&word.as_str());
    }
    let folded = last.to_lowercase();
    lists::ABBREVIATIONS.contains(&folded.as_str()) || (folded.contains('.') && next_small)
}

/// A sentence with its words and counts; `None` where there is nothing of the kind.
fn sentence(piece: &str) -> Option<Sentence> {
    let text = shown(piece);
    let mut counts = Counts::default();
    let words = words(&text, &mut counts);
    let end = end(piece.trim_end());
    if words.is_empty() && !text.chars().any(is_emoji) && counts.of(Rate::Hashtag) == 0 {
        return None;
    }
    marks(&text, &mut counts);
    let first = text.chars().find(|c| c.is_alphanumeric());
    let lower = first.filter(|c| c.is_alphabetic() && (c.is_lowercase() || c.is_uppercase())).map(char::is_lowercase);
    counts.add(Rate::LowerStart, usize::from(lower == Some(true)));
    counts.sentence(&words);
    counts.add(Rate::Marker, phrases(&text).len());
    Some(Sentence { text, words, end, before: Break::None, bullet: false, lower, counts })
}

fn end(piece: &str) -> End {
    let piece = piece.trim_end_matches(|c: char| is_joiner(c));
    let last = piece.trim_end_matches(|c: char| is_closer(c) || c.is_whitespace());
    if last.split_whitespace().next_back().is_some_and(is_hashtag) {
        return End::Hashtag;
    }
    if ends_with_smiley(piece) {
        return End::Emoji;
    }
    match last.chars().next_back() {
        Some('.') if last.ends_with("..") => End::Ellipsis,
        Some('.' | '。' | '।') => End::Stop,
        Some('!' | '！') => End::Exclamation,
        Some('?' | '？' | '؟') => End::Question,
        Some('…') => End::Ellipsis,
        Some(':') => End::Colon,
        Some(c) if is_emoji(c) => End::Emoji,
        _ => End::Bare,
    }
}

fn ends_with_smiley(piece: &str) -> bool {
    SMILEYS.iter().any(|smiley| piece.ends_with(smiley))
}

const SMILEYS: [&str; 12] = [":)", ":-)", ";)", ";-)", ":D", ":-D", ":(", ":-(", ":P", ":-P", "<3", "xD"];

/// Cuts into words: runs of letters and digits with apostrophes inside; ideographs stand alone. Hashtags are counted.
fn words(text: &str, counts: &mut Counts) -> Vec<Word> {
    let mut out = Vec::new();
    for token in text.split_whitespace() {
        if is_hashtag(token) {
            counts.add(Rate::Hashtag, 1);
            continue;
        }
        let mut word = String::new();
        let mut chars = token.chars().peekable();
        while let Some(c) = chars.next() {
            let inside = matches!(c, '\'' | '’' | '.' | ',') && !word.is_empty();
            let goes_on = |next: Option<&char>| match (c, next) {
                ('\'' | '’', Some(next)) => next.is_alphabetic(),
                (_, Some(next)) => next.is_ascii_digit() && word.ends_with(|c: char| c.is_ascii_digit()),
                _ => false,
            };
            if is_ideograph(c) {
                push(&mut out, &mut word);
                word.push(c);
                push(&mut out, &mut word);
            } else if c.is_alphanumeric() || is_mark(c) {
                word.push(c);
            } else if inside && goes_on(chars.peek()) {
                word.push(if c == '’' { '\'' } else { c });
            } else {
                push(&mut out, &mut word);
            }
        }
        push(&mut out, &mut word);
    }
    out
}

fn push(out: &mut Vec<Word>, word: &mut String) {
    let Some(first) = word.chars().next() else { return };
    let number = word.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','));
    out.push(Word { text: word.to_lowercase(), capital: first.is_uppercase(), number });
    word.clear();
}

/// Vowel signs and accents that stand behind their letter.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{900}'..='\u{903}' | '\u{93a}'..='\u{94f}' | '\u{e31}' | '\u{e34}'..='\u{e3a}')
}

const fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

fn is_hashtag(token: &str) -> bool {
    token.strip_prefix('#').is_some_and(|rest| rest.chars().any(char::is_alphabetic))
}

/// Counts the marks of a sentence. Those within numbers and smileys do not count.
fn marks(text: &str, counts: &mut Counts) {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or(' ');
    let mut straight = 0;
    let mut emoji_before = false;
    let mut joined = false;
    let mut i = 0;
    while i < chars.len() {
        let (c, before, after) = (at(i), if i == 0 { ' ' } else { at(i - 1) }, at(i + 1));
        let smiley =
            SMILEYS.iter().find(|s| s.chars().enumerate().all(|(k, s)| at(i + k) == s)).filter(|_| before == ' ');
        if let Some(smiley) = smiley {
            counts.add(Rate::Emoji, 1);
            i += smiley.chars().count();
            continue;
        }
        let in_number = before.is_ascii_digit() && after.is_ascii_digit();
        match c {
            ',' | '،' | '，' | '、' if !in_number => counts.add(Rate::Comma, 1),
            ';' => counts.add(Rate::Semicolon, 1),
            ':' if !in_number && after != '/' => counts.add(Rate::Colon, 1),
            '—' if i > 0 => counts.add(Rate::Dash, 1),
            '–' if before == ' ' && after == ' ' && i > 1 => counts.add(Rate::Dash, 1),
            '-' if before == '-' && i > 1 && at(i - 2) != '-' && after != '-' => counts.add(Rate::Dash, 1),
            '!' | '！' => counts.add(Rate::Exclamation, 1),
            '?' | '？' | '؟' => counts.add(Rate::Question, 1),
            '…' => counts.add(Rate::Ellipsis, 1),
            '.' if after == '.' && before != '.' => counts.add(Rate::Ellipsis, 1),
            '(' => counts.add(Rate::Parenthesis, 1),
            '“' | '„' | '«' | '「' => {
                counts.add(Rate::Quote, usize::from(c != '“' || !chars[..i].contains(&'„')))
            }
            '"' => straight += 1,
            _ => {}
        }
        // Joined signs are one emoji.
        if is_emoji(c) && !joined && !(emoji_before && is_flag(c)) {
            counts.add(Rate::Emoji, 1);
        }
        emoji_before = is_flag(c) && !emoji_before;
        joined = c == '\u{200d}' || (joined && is_joiner(c));
        i += 1;
    }
    counts.add(Rate::Quote, straight / 2);
}

const fn is_flag(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

/// What changes the emoji before it.
const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{20e3}')
}

pub(super) const fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{1f000}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b50}' | '\u{2b55}'
        | '\u{231a}' | '\u{231b}' | '\u{23e9}'..='\u{23fa}' | '\u{2b1b}' | '\u{2b1c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cuts(text: &str) -> Vec<String> {
        cut(text).sentences.into_iter().map(|s| s.text).collect()
    }

    #[test]
    fn sentences_end_where_people_end_them() {
        let check = |text: &str, expected: &[&str]| assert_eq!(cuts(text), expected, "{text}");
        check("A retry loop. No backoff. No jitter.", &["A retry loop.", "No backoff.", "No jitter."]);
        check("two hours down. we slept badly.", &["two hours down.", "we slept badly."]);
        check(
            "It cost 0.7 percent, e.g. at 10:30. Dr. Hale agreed!",
            &["It cost 0.7 percent, e.g. at 10:30.", "Dr. Hale agreed!"],
        );
        check("Am 3. Mai kam er. Gut.", &["Am 3. Mai kam er.", "Gut."]);
        check(
            "well... maybe not… ok. So I said. Who? \"Me.\" Fine.",
            &["well... maybe not… ok.", "So I said.", "Who?", "\"Me.\"", "Fine."],
        );
        check("so close you guys 🥹 and then! 😭 done", &["so close you guys 🥹 and then! 😭", "done"]);
        check("今日は雨。寒い。", &["今日は雨。", "寒い。"]);
        check("Not me and not I. Then we left.", &["Not me and not I.", "Then we left."]);
    }

    #[test]
    fn what_is_no_prose_is_left_out() {
        let check = |text: &str, expected: &[&str]| assert_eq!(cuts(text), expected, "{text}");
        check("# Title here\n\nWords.\n\n```\ncode();\n```\n\n> quoted\n\n---\n\nMore.", &["Words.", "More."]);
        check("| a | b | c |\n| - | - | - |\n\nSee [the page](https://a.example/b).", &["See the page."]);
        check("Thanks to [PERSON_1] for it. [EMAIL_h3f9a1c]\n-- [PERSON_2]", &["Thanks to for it."]);
        check("- One thing.\n- Another", &["One thing.", "Another"]);
        check("Read www.tides.example/a or ask @bo.", &["Read or ask ."]);
    }

    #[test]
    fn wrapped_lines_are_joined_and_written_ones_kept() {
        let wrapped = "The pendulum shortens in the cold, as every schoolboy was once taught,\nand the clock gains.";
        assert_eq!(cuts(wrapped).len(), 1);
        let text = cut("Lamps lit.\nAll nine\n\nGood night");
        assert_eq!(
            text.sentences.iter().map(|s| s.before).collect::<Vec<_>>(),
            [Break::None, Break::Line, Break::Paragraph]
        );
        assert_eq!(text.paragraphs, [4, 2]);
        assert_eq!(text.sentences[1].end, End::Bare);
    }

    #[test]
    fn marks_are_counted_where_they_are_marks() {
        let check = |text: &str, rate: Rate, expected: usize| {
            let total: usize = cut(text).sentences.iter().map(|s| s.counts.of(rate)).sum();
            assert_eq!(total, expected, "{rate:?} in {text}");
        };
        check("At 10:30, 2,000 came: all, at 0.5.", Rate::Comma, 2);
        check("At 10:30, 2,000 came: all, at 0.5.", Rate::Colon, 1);
        check("So — and so – and so -- and on-call.", Rate::Dash, 3);
        check("— Zed\n-- Zed", Rate::Dash, 0);
        check("Well... no… \"yes\" she said, “no”.", Rate::Ellipsis, 2);
        check("Well... no… \"yes\" she said, “no”.", Rate::Quote, 2);
        check("Er sagte „nein“ und ging.", Rate::Quote, 1);
        check("ok 👩‍🍳 and 👍🏽 and 🇩🇪 :) 8:00", Rate::Emoji, 4);
        check("love this #bread #small_shop 5 #1", Rate::Hashtag, 2);
        assert_eq!(cut("love this #bread and that\n\n#one #two").tags_at_end, 2);
    }

    #[test]
    fn words_keep_apostrophes_and_part_at_hyphens() {
        let words: Vec<String> = cut("Don’t re-run 2,000 'jobs' at l'école, 犬猫.").sentences[0]
            .words
            .iter()
            .map(|w| w.text.clone())
            .collect();
        assert_eq!(words, ["don't", "re", "run", "2,000", "jobs", "at", "l'école", "犬", "猫"]);
    }
}
