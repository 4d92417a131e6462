//! The profile in a few true sentences, for a teacher.

use super::counts::Rate;
use super::language::Language;
use super::profile::Profile;
use super::text::End;

/// Something said, with how much it tells.
struct Line {
    weight: f64,
    words: String,
}

/// A habit is one from this share of texts on.
const OFTEN: f64 = 0.3;

pub(super) fn describe(profile: &Profile, max_words: usize) -> String {
    let mut lines = Lines { profile, out: Vec::new() };
    if profile.words > 0 {
        lines.rhythm();
        lines.marks();
        lines.wording();
        lines.openings();
        lines.closings();
        lines.vocabulary();
    }
    let mut lines = lines.out;
    lines.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let (mut out, mut words) = (String::new(), 0);
    for line in lines {
        let more = line.words.split_whitespace().count();
        if words + more <= max_words {
            words += more;
            out.push_str(if out.is_empty() { "" } else { " " });
            out.push_str(&line.words);
        }
    }
    out
}

struct Lines<'p> {
    profile: &'p Profile,
    out: Vec<Line>,
}

impl Lines<'_> {
    fn say(&mut self, weight: f64, words: String) {
        self.out.push(Line { weight, words });
    }

    /// Enough was seen for it to have come up at least this often, were the person like others.
    fn expected(&self, rate: Rate) -> f64 {
        let profile = self.profile;
        profile.model.all.counts.exposure(rate, profile.words, profile.sentences) as f64 * rate.general()
    }

    /// Times as often as others.
    fn ratio(&self, rate: Rate) -> f64 {
        self.profile.share(rate).unwrap_or(0.0) / rate.general()
    }

    fn rhythm(&mut self) {
        let sentences = self.profile.sentence_words;
        let (mean, most) = (sentences.mean.round(), sentences.p90.ceil());
        let rarely = if most > mean { format!(", rarely over {most}") } else { String::new() };
        self.say(100.0, format!("Sentences of about {mean} words{rarely}."));
        let short = self.profile.share(Rate::Fragment).unwrap_or(0.0);
        if sentences.count >= 20 && short >= 0.15 {
            let every = (1.0 / short).round();
            self.say(5.0, format!("One sentence in {every} has at most three words."));
        }
        let paragraphs = self.profile.paragraph_words;
        if paragraphs.count > self.profile.texts {
            let (middle, texts) = (paragraphs.median.round(), self.profile.text_words.median.round());
            let breaks = self.ratio(Rate::LineBreak).ln().abs();
            self.say(1.5 + breaks, format!("Paragraphs of about {middle} words, texts of about {texts}."));
        } else if self.profile.texts >= 5 {
            let texts = self.profile.text_words.median.round();
            self.say(1.5, format!("Texts of about {texts} words in one paragraph."));
        }
        if self.profile.share_of_texts(Rate::Bullet) >= OFTEN {
            self.say(4.0, "Uses lists with bullets.".to_owned());
        }
    }

    fn marks(&mut self) {
        let marks = [
            Rate::Exclamation,
            Rate::Question,
            Rate::Dash,
            Rate::Semicolon,
            Rate::Emoji,
            Rate::Hashtag,
            Rate::Ellipsis,
            Rate::Parenthesis,
            Rate::Quote,
            Rate::Colon,
        ];
        let never = marks.into_iter().filter(|rate| self.profile.count(*rate) == 0 && self.expected(*rate) >= 1.5);
        let never: Vec<&str> = never.map(|rate| rate.words().1).collect();
        if !never.is_empty() {
            self.say(9.0, format!("Never: {}.", never.join(", ")));
        }
        for rate in marks.into_iter().filter(|rate| !matches!(rate, Rate::Emoji | Rate::Hashtag | Rate::Colon)) {
            let (ratio, used) = (self.ratio(rate), self.profile.share_of_texts(rate));
            if ratio >= 2.0 && used >= OFTEN {
                let every = self.profile.per_1000(rate).round();
                self.say(4.0 + ratio.ln(), format!("Many {}: about {every} in 1000 words.", rate.words().1));
            }
        }
        let often = |share: f64| match (100.0 * share).round() {
            100.0 => "every text".to_owned(),
            percent => format!("{percent} of 100 texts"),
        };
        let emoji = self.profile.share_of_texts(Rate::Emoji);
        if emoji >= OFTEN {
            self.say(7.0, format!("Emoji in {}.", often(emoji)));
        }
        let tags = self.profile.share_of_texts(Rate::Hashtag);
        if tags >= OFTEN {
            let place = if self.profile.tags_at_end >= 0.8 { " at the end" } else { " within the text" };
            self.say(6.0, format!("Hashtags{place} in {}.", often(tags)));
        }
        // How many commas there are is a matter of language first.
        let (commas, ratio) = (self.profile.per_1000(Rate::Comma).round(), self.ratio(Rate::Comma));
        if self.profile.language == Language::English && self.expected(Rate::Comma) >= 10.0 {
            if ratio <= 0.6 {
                self.say(6.0, format!("Few commas: {commas} in 1000 words."));
            } else if ratio >= 1.4 {
                self.say(5.0, format!("Many commas: {commas} in 1000 words."));
            }
        }
    }

    fn wording(&mut self) {
        let profile = self.profile;
        let of_starts = profile.share(Rate::LowerStart).unwrap_or(0.0);
        if of_starts >= 0.6 {
            let how = if of_starts >= 0.9 { "" } else { "mostly " };
            self.say(10.0, format!("Sentences {how}begin with a small letter."));
        }
        if let Some(drawn) = profile.share(Rate::Contraction)
            && self.expected(Rate::Contraction) >= 4.0
        {
            if drawn <= 0.05 {
                let how = if profile.count(Rate::Contraction) == 0 { "always" } else { "nearly always" };
                self.say(8.0, format!("“it is” and “do not” are {how} in full."));
            } else if drawn >= 0.8 {
                self.say(5.0, "Contracts nearly everything: “it's”, “don't”.".to_owned());
            }
        }
        if profile.language == Language::English {
            let per_1000 =
                |word: &str| profile.function_words().iter().find(|(w, _)| *w == word).map_or(0.0, |(_, n)| *n);
            let (alone, together) = (per_1000("i"), per_1000("we"));
            if alone >= 10.0 && alone >= 2.0 * together {
                self.say(4.5, "Speaks as “I”.".to_owned());
            } else if together >= 10.0 && together >= 2.0 * alone {
                self.say(4.5, "Speaks as “we”.".to_owned());
            }
            if profile.words >= 300 && profile.letters_a_word <= 4.2 {
                self.say(6.5, format!("Short everyday words: {:.1} letters on average.", profile.letters_a_word));
            } else if profile.words >= 300 && profile.letters_a_word >= 4.9 {
                self.say(4.0, format!("Long words: {:.1} letters on average.", profile.letters_a_word));
            }
            if self.ratio(Rate::Digits) >= 1.8 && profile.share_of_texts(Rate::Digits) >= 0.5 {
                self.say(4.2, "Exact numbers, in digits.".to_owned());
            }
            if self.expected(Rate::Marker) >= 4.0 && profile.count(Rate::Marker) == 0 {
                self.say(3.0, "No stock phrases.".to_owned());
            }
        }
    }

    fn openings(&mut self) {
        let starts = self.profile.sentence_openings.iter().filter(|habit| habit.share >= 0.05);
        let starts: Vec<String> = starts.take(4).map(|habit| format!("“{}”", habit.words)).collect();
        if starts.len() >= 2 {
            self.say(3.5, format!("Frequent first words: {}.", starts.join(", ")));
        }
        let openings = self.profile.text_openings.iter();
        let best = openings.filter(|habit| habit.words.contains(' ') || habit.share >= OFTEN).find(|h| h.share >= 0.2);
        if let Some(best) = best {
            let (times, texts) = (best.texts, self.profile.texts);
            self.say(5.0, format!("{times} of {texts} texts begin with “{}”.", best.words));
        }
    }

    fn closings(&mut self) {
        let profile = self.profile;
        let texts = profile.texts;
        for habit in profile.closings.iter().filter(|habit| habit.share >= OFTEN && texts >= 3).take(1) {
            let weight = 8.0 + habit.share;
            self.say(weight, format!("A last line that begins “{}” in {} of {texts} texts.", habit.words, habit.texts));
        }
        for habit in profile.recurring_sentences.iter().filter(|h| h.texts as f64 >= 0.2 * texts as f64).take(3) {
            let shown = if habit.words.ends_with(['!', '?', '…']) { "" } else { "." };
            let weight = 6.0 + 3.0 * habit.texts as f64 / texts as f64;
            self.say(weight, format!("“{}{shown}” is a sentence in {} of {texts} texts.", habit.words, habit.texts));
        }
        let all: usize = profile.ends.values().sum();
        let usual = profile.ends.iter().max_by_key(|(_, n)| **n);
        if let Some((end, n)) = usual.filter(|(end, n)| all >= 5 && 10 * **n >= 6 * all && **end != End::Stop) {
            self.say(5.5, format!("{n} of {all} texts end with {}.", end.words()));
        }
        let phrases = profile.phrases.iter().filter(|h| h.texts as f64 >= 0.15 * texts as f64 && h.times >= 3).take(2);
        let phrases: Vec<String> = phrases.map(|habit| format!("“{}”", habit.words)).collect();
        if !phrases.is_empty() {
            self.say(3.2, format!("Phrases that come back: {}.", phrases.join(", ")));
        }
    }

    fn vocabulary(&mut self) {
        // What stands in a line or sentence that comes back is named there.
        let said = self.profile.closings.iter().chain(&self.profile.recurring_sentences);
        let said: Vec<String> = said.map(|habit| habit.words.to_lowercase()).collect();
        let words =
            self.profile.own_words.iter().filter(|own| !said.iter().any(|said| said.contains(&own.word))).take(6);
        let words: Vec<&str> = words.map(|own| own.word.as_str()).collect();
        if !words.is_empty() {
            self.say(5.2, format!("Uses often: {}.", words.join(", ")));
        }
    }
}
