//! The profile as a page for a terminal: lines of at most 80 columns, bars drawn to the longest.

use std::fmt::Write as _;

use super::{Compared, Shown};
use crate::style::{Habit, LENGTH_CLASSES, MARKERS_VERSION, Profile, RELIABLE_TEXTS, RELIABLE_WORDS, Rate, Spread};

/// Columns of a line.
const WIDTH: usize = 80;
/// Columns of a label.
const LABEL: usize = 20;
/// Columns of the longest bar.
const BAR: usize = 30;

pub(super) fn render(shown: &Shown<'_>) -> String {
    let profile = shown.profile;
    let mut page = Page::default();
    page.head(profile);
    page.rhythm(profile);
    page.marks(profile);
    page.wording(profile);
    page.habits(profile);
    page.vocabulary(profile);
    page.title("For a teacher");
    page.wrapped("  ", shown.prompt);
    page.sources(shown);
    if !shown.compared.is_empty() {
        page.compared(shown.compared);
    }
    page.0
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.0, "{}", line.trim_end());
    }

    fn title(&mut self, title: &str) {
        let _ = writeln!(self.0, "\n{title}");
    }

    /// A label and what is said of it, wrapped beside it.
    fn row(&mut self, label: &str, words: &str) {
        let first = format!("  {label:<LABEL$}");
        let mut start = first.as_str();
        let indent = " ".repeat(LABEL + 2);
        for line in wrap(words, WIDTH - LABEL - 2) {
            self.line(&format!("{start}{line}"));
            start = &indent;
        }
    }

    fn wrapped(&mut self, indent: &str, words: &str) {
        for line in wrap(words, WIDTH - indent.len()) {
            self.line(&format!("{indent}{line}"));
        }
    }

    fn head(&mut self, profile: &Profile) {
        self.line("Author profile");
        let many = |n: usize, one: &str, many: &str| format!("{} {}", thousands(n), if n == 1 { one } else { many });
        let from = [
            many(profile.texts, "text", "texts"),
            many(profile.words, "word", "words"),
            many(profile.sentences, "sentence", "sentences"),
        ];
        self.row("measured from", &format!("{}; language: {}", from.join(", "), profile.language.name()));
        let needed = format!("{RELIABLE_TEXTS} texts or {} words", thousands(RELIABLE_WORDS));
        self.row(
            "reliable",
            &match profile.is_reliable() {
                true => format!("yes ({needed} are enough)"),
                false => format!("no: it takes {needed}; until then figures and distances are a guess"),
            },
        );
    }

    fn rhythm(&mut self, profile: &Profile) {
        self.title("Words in a sentence");
        let most = profile.sentence_lengths.iter().max().copied().unwrap_or(0);
        for ((first, last), n) in LENGTH_CLASSES.iter().zip(profile.sentence_lengths) {
            let label = if *last == usize::MAX { format!("{first} and more") } else { format!("{first}–{last}") };
            self.bar(&label, n as f64, most as f64, &percent(n, profile.sentences));
        }
        let spread = |s: &Spread| {
            format!(
                "mean {:.1}, middle {:.0}, half of them {:.0}–{:.0}, longest {:.0}",
                s.mean, s.median, s.p25, s.p75, s.max
            )
        };
        self.line("");
        self.row("sentences", &spread(&profile.sentence_words));
        self.row("paragraphs", &spread(&profile.paragraph_words));
        self.row("texts", &spread(&profile.text_words));
        self.row("letters in a word", &format!("{:.1} on average", profile.letters_a_word));
    }

    /// A bar of eighths of a column with its figure behind it.
    fn bar(&mut self, label: &str, value: f64, most: f64, figure: &str) {
        self.line(&format!("  {label:<LABEL$}{} {figure}", bar(value, most)));
    }

    fn marks(&mut self, profile: &Profile) {
        self.title("Marks in 1000 words");
        let marks = [
            Rate::Comma,
            Rate::Semicolon,
            Rate::Colon,
            Rate::Dash,
            Rate::Exclamation,
            Rate::Question,
            Rate::Ellipsis,
            Rate::Parenthesis,
            Rate::Quote,
            Rate::Emoji,
            Rate::Hashtag,
            Rate::LineBreak,
            Rate::Bullet,
        ];
        let mut used: Vec<Rate> = marks.into_iter().filter(|rate| profile.count(*rate) > 0).collect();
        used.sort_by(|a, b| profile.per_1000(*b).total_cmp(&profile.per_1000(*a)));
        let most = used.first().map_or(0.0, |rate| profile.per_1000(*rate));
        for rate in used {
            let value = profile.per_1000(rate);
            let texts = format!("{value:>5.1}   in {:.0} % of texts", 100.0 * profile.share_of_texts(rate));
            self.bar(label(rate), value, most, &texts);
        }
        let never = marks.into_iter().filter(|rate| profile.count(*rate) == 0).map(label);
        let never: Vec<&str> = never.map(|label| label.split("  ").next().unwrap_or(label)).collect();
        if !never.is_empty() {
            self.row("never", &never.join(", "));
        }
        let ends = profile.final_marks();
        let all: usize = ends.iter().map(|(_, n)| n).sum();
        let ends = ends.iter().map(|(name, n)| format!("{} {}", name.replace('_', " "), percent(*n, all).trim_start()));
        self.row("texts end with", &ends.collect::<Vec<_>>().join(", "));
        if profile.count(Rate::Hashtag) > 0 {
            self.row("hashtags", &format!("{:.0} % at the end of the text", 100.0 * profile.tags_at_end));
        }
        if let Some(curved) = profile.curved_quotes {
            self.row("quotes, apostrophes", &format!("{:.0} % curved, the rest straight", 100.0 * curved));
        }
    }

    fn wording(&mut self, profile: &Profile) {
        self.title("Wording");
        let per_1000 = |rate| format!("{:.1} in 1000 words", profile.per_1000(rate));
        self.row("first person", &per_1000(Rate::FirstPerson));
        if let Some(share) = profile.share(Rate::Contraction) {
            self.row("contractions", &format!("{:.0} % of places where there could be one", 100.0 * share));
        }
        let of_sentences = |rate| format!("{:.0} % of sentences", 100.0 * profile.share(rate).unwrap_or(0.0));
        self.row("small first letter", &of_sentences(Rate::LowerStart));
        self.row("up to three words", &of_sentences(Rate::Fragment));
        let (digits, letters) = (profile.per_1000(Rate::Digits), profile.per_1000(Rate::NumberWord));
        self.row("numbers", &format!("{digits:.1} in digits, {letters:.1} in letters, in 1000 words"));
        let small: Vec<String> =
            profile.function_words().iter().take(12).map(|(word, n)| format!("{word} {n:.0}")).collect();
        self.row("small words", &format!("{}, in 1000 words", small.join(", ")));
    }

    fn habits(&mut self, profile: &Profile) {
        self.title("Habits");
        let list = |habits: &[Habit], of: Option<usize>| {
            let one = |habit: &Habit| match of {
                Some(of) => format!("“{}” ({} of {of})", habit.words, habit.texts),
                None => format!("“{}” ({}×)", habit.words, habit.times),
            };
            let listed: Vec<String> = habits.iter().take(6).map(one).collect();
            if listed.is_empty() { "none that come back".to_owned() } else { listed.join(", ") }
        };
        let texts = Some(profile.texts);
        self.row("texts begin", &list(&profile.text_openings, texts));
        self.row("sentences begin", &list(&profile.sentence_openings, None));
        self.row("last lines begin", &list(&profile.closings, texts));
        self.row("last sentences", &list(&profile.last_sentences, texts));
        self.row("short sentences", &list(&profile.recurring_sentences, None));
        self.row("phrases", &list(&profile.phrases, None));
    }

    fn vocabulary(&mut self, profile: &Profile) {
        self.title("Words of your own");
        let own = |own: &crate::style::OwnWord| match own.factor {
            Some(factor) => format!("{} ({factor:.0}×)", own.word),
            None => format!("{} ({})", own.word, own.times),
        };
        let words: Vec<String> = profile.own_words.iter().take(12).map(own).collect();
        self.row("used far more", &if words.is_empty() { "none yet".to_owned() } else { words.join(", ") });
        let found: Vec<String> = profile.markers.iter().take(8).map(|(name, n)| format!("“{name}” ({n}×)")).collect();
        let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
        self.row("stock phrases", &format!("{found} (list of {MARKERS_VERSION})"));
    }

    fn sources(&mut self, shown: &Shown<'_>) {
        self.title("Documents");
        let longest = shown.own.documents.iter().map(|d| d.name.chars().count()).max().unwrap_or(0).min(44);
        for document in &shown.own.documents {
            let taken = match document.texts {
                0 => "left out".to_owned(),
                1 => "1 text".to_owned(),
                n => format!("{n} texts"),
            };
            let genre = document.verdict.genre.name();
            self.line(&format!("  {:<longest$}  {genre:<6}  {taken}", document.name));
        }
    }

    fn compared(&mut self, compared: &[Compared]) {
        self.title("Compared: up to 1.00 is in tone");
        let longest = compared.iter().map(|c| c.name.chars().count()).max().unwrap_or(0).min(44);
        for text in compared {
            let verdict = if text.tone.is_inside() { "inside" } else { "outside" };
            let distance = text.tone.distance();
            self.line(&format!("  {:<longest$}  {distance:>5.2}  {verdict:<7}  {} words", text.name, text.words));
            for reason in text.tone.reasons() {
                self.wrapped("      ", &format!("- {reason}"));
            }
        }
        let inside = compared.iter().filter(|text| text.tone.is_inside()).count();
        if compared.len() > 1 {
            self.line(&format!("  {inside} of {} are in tone", compared.len()));
        }
    }
}

fn label(rate: Rate) -> &'static str {
    match rate {
        Rate::Comma => "comma  ,",
        Rate::Semicolon => "semicolon  ;",
        Rate::Colon => "colon  :",
        Rate::Dash => "em dash  —",
        Rate::Exclamation => "exclamation  !",
        Rate::Question => "question  ?",
        Rate::Ellipsis => "ellipsis  …",
        Rate::Parenthesis => "parenthesis  (",
        Rate::Quote => "quotation  “ ”",
        Rate::Emoji => "emoji",
        Rate::Hashtag => "hashtag",
        Rate::LineBreak => "line break",
        Rate::Bullet => "list item",
        other => other.name(),
    }
}

/// A bar of at most [`BAR`] columns, in eighths, padded.
fn bar(value: f64, most: f64) -> String {
    const PARTS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let share = if most > 0.0 { (value / most).clamp(0.0, 1.0) } else { 0.0 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and eight times BAR")]
    let eighths = (share * (8 * BAR) as f64).round() as usize;
    // What is there is seen.
    let eighths = if value > 0.0 { eighths.max(1) } else { 0 };
    let mut out = "█".repeat(eighths / 8);
    if let Some(part) = PARTS.get(eighths % 8).filter(|_| eighths % 8 > 0) {
        out.push(*part);
    }
    format!("{out:<BAR$}")
}

fn percent(n: usize, of: usize) -> String {
    format!("{:>3.0} %", 100.0 * n as f64 / of.max(1) as f64)
}

fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Lines of at most `width` columns; a longer word has one of its own.
fn wrap(words: &str, width: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        match out.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => out.push(word.to_owned()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_and_lines() {
        assert_eq!(bar(1.0, 1.0), "█".repeat(BAR));
        assert_eq!(bar(0.0, 1.0).trim(), "");
        assert_eq!(bar(0.000_1, 1.0).trim(), "▏");
        assert_eq!(bar(1.0, 1.0).chars().count(), bar(0.3, 1.0).chars().count());
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(
            (thousands(7), thousands(2197), thousands(1_000_000)),
            ("7".into(), "2,197".into(), "1,000,000".into())
        );
    }
}
