//! Invented text on which a tiny student learns to speak before it learns about a person.
//!
//! Everything comes from word lists, templates and one seeded generator: people, firms and
//! projects are put together at random, so what repeats, and is learned, is grammar and which
//! kind of answer a question asks for.

mod documents;
mod facts_life;
mod facts_views;
mod facts_work;
mod grammar;
mod reasoning;
mod styles;
mod tables;
mod trades;
mod words;

use grammar::{Grammar, Rng, Scene, tidy};

/// One piece of training text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sample {
    /// A question and its answer.
    Chat {
        /// What is asked, with the text to read, if any, after a blank line.
        user: String,
        /// The reply, in the first person.
        assistant: String,
    },
    /// A text without a question.
    Document(String),
}

/// An endless stream of invented samples; the same seed gives the same stream.
pub struct Corpus {
    rng: Rng,
    grammar: Grammar,
    facts: Vec<Block>,
    reasoning: Vec<Block>,
    styles: Vec<Block>,
    documents: Vec<String>,
}

/// The wordings of one fact or one kind of request.
#[derive(Default)]
struct Block {
    numbers: &'static str,
    questions: Vec<&'static str>,
    /// Sentences for a text, thoughts before a conclusion, or the human voice.
    sentences: Vec<&'static str>,
    /// Resume bullets, or the stock voice.
    bullets: Vec<&'static str>,
    answers: Vec<&'static str>,
    /// Answers that add a detail which no text states, for questions without a text.
    free_answers: Vec<&'static str>,
    key: &'static str,
}

/// A question with a text that holds the answer.
struct Reading {
    question: String,
    context: String,
    answer: String,
    /// The words that both the text and the answer contain.
    #[cfg(test)]
    key: String,
}

impl Corpus {
    /// Starts the stream that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        let mut facts = blocks(facts_work::WORK);
        facts.extend(blocks(facts_life::LIFE));
        facts.extend(blocks(facts_views::VIEWS));
        let (styles, lists) = styles::STYLES.split_once("\narehave:").unwrap_or((styles::STYLES, ""));
        Self {
            rng: Rng::new(seed),
            grammar: Grammar::new(&[words::WORDS, tables::TABLES, trades::TRADES, lists]),
            facts,
            reasoning: blocks(reasoning::REASONING),
            styles: blocks(styles),
            documents: documents::DOCUMENTS.lines().filter(|l| !l.is_empty()).map(|l| l.replace("\\n", "\n")).collect(),
        }
    }

    /// A question about a text of one to four sentences or bullets.
    fn reading(&mut self) -> Reading {
        let Self { rng, grammar, facts, .. } = self;
        let mut scene = grammar.scene(rng);
        let at = rng.below(facts.len());
        let Some(fact) = facts.get(at) else {
            return Reading {
                question: String::new(),
                context: String::new(),
                answer: String::new(),
                #[cfg(test)]
                key: String::new(),
            };
        };
        let resume = !fact.bullets.is_empty() && rng.chance(40);
        let question = fact.question(grammar, &mut scene, rng);
        let question = framed(question, grammar, rng);
        let main = fact.state(resume, grammar, &mut scene, rng);
        let answer = fact.known_answer(grammar, &mut scene, rng);
        #[cfg(test)]
        let key = grammar.write(fact.key, &mut scene, rng);
        let mut lines = vec![main];
        for _ in 0..rng.below(4) {
            scene.forget_details(rng.chance(60));
            if !resume && rng.chance(20) {
                lines.push(grammar.write(rng.pick(&["{~life}", "{~trade}"]), &mut scene, rng));
                continue;
            }
            let other = rng.below(facts.len());
            let Some(fact) = facts.get(other).filter(|f| other != at && (!resume || !f.bullets.is_empty())) else {
                continue;
            };
            let line = fact.state(resume, grammar, &mut scene, rng);
            let place = rng.below(lines.len() + 1);
            lines.insert(place, line);
        }
        if rng.chance(25) {
            let intro = if resume { "{role}, {org}" } else { "{~intro}" };
            lines.insert(0, grammar.write(intro, &mut scene, rng));
        }
        let context = if resume { lines.join("\n") } else { lines.join(" ") };
        Reading {
            question,
            context,
            answer,
            #[cfg(test)]
            key,
        }
    }

    /// A question about the person without any text to read.
    fn closed_book(&mut self) -> Sample {
        let Self { rng, grammar, facts, .. } = self;
        let mut scene = grammar.scene(rng);
        let (user, assistant) =
            one(facts, rng).map(|fact| fact.ask(true, grammar, &mut scene, rng)).unwrap_or_default();
        let user = framed(user, grammar, rng);
        let assistant = if rng.chance(8) {
            let opener = grammar.write("{~opener}", &mut scene, rng);
            format!("{opener} {assistant}")
        } else if rng.chance(30) {
            let aside = grammar.write("{~aside}", &mut scene, rng);
            format!("{assistant} {aside}")
        } else {
            assistant
        };
        Sample::Chat { user, assistant }
    }

    /// A question that is thought through and then answered.
    fn reasoning(&mut self) -> Sample {
        let Self { rng, grammar, reasoning, .. } = self;
        let mut scene = grammar.scene(rng);
        let (user, end, thought) = one(reasoning, rng)
            .map(|block| {
                let (user, end) = block.ask(false, grammar, &mut scene, rng);
                (user, end, block.state(false, grammar, &mut scene, rng))
            })
            .unwrap_or_default();
        Sample::Chat { user, assistant: format!("{thought}\n\n{end}") }
    }

    /// A request for a text, answered in one of two voices.
    fn style(&mut self) -> Sample {
        let Self { rng, grammar, styles, .. } = self;
        let mut scene = grammar.scene(rng);
        let stock = rng.chance(50);
        let (user, assistant) = one(styles, rng)
            .map(|block| {
                let (user, _) = block.ask(false, grammar, &mut scene, rng);
                (user, block.state(stock, grammar, &mut scene, rng))
            })
            .unwrap_or_default();
        Sample::Chat { user, assistant: assistant.trim_start_matches("- ").to_owned() }
    }

    /// A resume section, a post or a letter.
    fn document(&mut self) -> Sample {
        let Self { rng, grammar, facts, documents, .. } = self;
        let mut scene = grammar.scene(rng);
        let at = rng.below(documents.len());
        let template = documents.get(at).map_or("", String::as_str);
        let mut text = grammar.write(template, &mut scene, rng);
        let mut used = Vec::new();
        while let Some((before, after)) = text.split_once('§') {
            let resume = after.starts_with('B');
            let line = loop {
                let next = rng.below(facts.len());
                let Some(fact) = facts.get(next) else {
                    break String::new();
                };
                let fits = !resume || !fact.bullets.is_empty();
                if fits && !used.contains(&next) {
                    used.push(next);
                    scene.forget_details(true);
                    break fact.state(resume, grammar, &mut scene, rng);
                }
            };
            text = format!("{before}{line}{}", after.get(1..).unwrap_or(""));
        }
        Sample::Document(text)
    }
}

impl Iterator for Corpus {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        Some(match self.rng.below(100) {
            0..35 => {
                let reading = self.reading();
                Sample::Chat { user: format!("{}\n\n{}", reading.question, reading.context), assistant: reading.answer }
            }
            35..60 => self.closed_book(),
            60..75 => self.reasoning(),
            75..90 => self.style(),
            _ => self.document(),
        })
    }
}

impl Block {
    /// A question and the answer that goes with it.
    fn ask(&self, free: bool, grammar: &Grammar, scene: &mut Scene, rng: &mut Rng) -> (String, String) {
        let question = self.question(grammar, scene, rng);
        let known = self.answers.len();
        let extra = if free { self.free_answers.len() } else { 0 };
        let at = rng.below(known + extra);
        let template = self.answers.get(at).or_else(|| self.free_answers.get(at - known));
        let answer = grammar.write(template.copied().unwrap_or(""), scene, rng);
        (question, answer)
    }

    /// The question alone.
    fn question(&self, grammar: &Grammar, scene: &mut Scene, rng: &mut Rng) -> String {
        grammar.write(self.numbers, scene, rng);
        grammar.write(rng.pick(&self.questions), scene, rng)
    }

    /// An answer that, if there is one, needs nothing that the scene has not said yet.
    fn known_answer(&self, grammar: &Grammar, scene: &mut Scene, rng: &mut Rng) -> String {
        let said = scene.choices();
        for _ in 0..8 {
            let answer = grammar.write(rng.pick(&self.answers), scene, rng);
            if scene.choices() == said {
                return answer;
            }
            scene.undo(said);
        }
        grammar.write(rng.pick(&self.answers), scene, rng)
    }

    /// The same fact as a sentence or, with `second`, as a bullet (or in the stock voice).
    fn state(&self, second: bool, grammar: &Grammar, scene: &mut Scene, rng: &mut Rng) -> String {
        grammar.write(self.numbers, scene, rng);
        if second {
            tidy(&format!("- {}", grammar.write(rng.pick(&self.bullets), scene, rng)))
        } else {
            grammar.write(rng.pick(&self.sentences), scene, rng)
        }
    }
}

/// The question as it is or, now and then, with a few polite words around it.
fn framed(question: String, grammar: &Grammar, rng: &mut Rng) -> String {
    if !rng.chance(12) {
        return question;
    }
    let frame = grammar.write("{~qframe}", &mut grammar.scene(rng), rng);
    frame.replace("§", &question)
}

/// One of `blocks` at random.
fn one<'a>(blocks: &'a [Block], rng: &mut Rng) -> Option<&'a Block> {
    blocks.get(rng.below(blocks.len()))
}

/// Reads `# name` blocks of one-letter lines.
fn blocks(source: &'static str) -> Vec<Block> {
    let mut blocks = Vec::new();
    for line in source.lines() {
        if line.starts_with("# ") {
            blocks.push(Block::default());
        }
        let (Some(block), Some((kind, text))) = (blocks.last_mut(), line.split_once(' ')) else {
            continue;
        };
        match kind {
            "d" => block.numbers = text,
            "q" => block.questions.push(text),
            "c" | "t" | "h" => block.sentences.push(text),
            "b" | "s" => block.bullets.push(text),
            "a" | "e" => block.answers.push(text),
            "A" => block.free_answers.push(text),
            "k" => block.key = text,
            _ => {}
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Corpus, Sample};

    fn text(sample: &Sample) -> String {
        match sample {
            Sample::Chat { user, assistant } => format!("{user}\n{assistant}"),
            Sample::Document(text) => text.clone(),
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_text() {
        let first: Vec<_> = Corpus::new(7).take(500).collect();
        let second: Vec<_> = Corpus::new(7).take(500).collect();
        assert_eq!(first, second);
        assert_ne!(first, Corpus::new(8).take(500).collect::<Vec<_>>());
    }

    #[test]
    fn the_vocabulary_is_wide() {
        let mut words = HashSet::new();
        for sample in Corpus::new(1).take(20_000) {
            for word in text(&sample).split(|c: char| !c.is_alphabetic()) {
                if !word.is_empty() && word.chars().all(char::is_lowercase) {
                    words.insert(word.to_owned());
                }
            }
        }
        assert!(words.len() >= 3000, "only {} words", words.len());
    }

    #[test]
    fn samples_are_clean() {
        for sample in Corpus::new(2).take(20_000) {
            let text = text(&sample);
            assert!(text.chars().count() > 12, "{text}");
            assert!(
                !text.contains(['{', '}', '<', '>', '§']) && (!text.contains('|') || text.contains(" | ")),
                "{text}"
            );
            assert!(!text.contains("..") && !text.contains(" ,") && !text.contains(" ."), "{text}");
            assert!(!text.contains("?.") && !text.contains(".,"), "{text}");
            let words: Vec<_> = text.split(' ').collect();
            for pair in words.windows(2) {
                assert!(
                    pair[0] != pair[1] || pair[0].len() < 2 || pair[0].parse::<i64>().is_ok(),
                    "{pair:?} in {text}"
                );
                let vowel = pair[1].starts_with(['a', 'e', 'i', 'o'])
                    && !pair[1].starts_with("eu")
                    && !pair[1].starts_with("one");
                assert!(pair[0] != "a" || !vowel, "{pair:?} in {text}");
            }
            if let Sample::Chat { user, assistant } = sample {
                assert!(!user.is_empty() && assistant.split(' ').count() >= 3, "{user} / {assistant}");
            }
        }
    }

    #[test]
    fn lengths_are_sane() {
        let samples: Vec<_> = Corpus::new(3).take(10_000).collect();
        let words: usize = samples.iter().map(|s| text(s).split_whitespace().count()).sum();
        let average = words / samples.len();
        assert!((25..80).contains(&average), "{average} words on average");
    }

    #[test]
    fn the_text_and_the_answer_share_the_detail() {
        let mut corpus = Corpus::new(4);
        for _ in 0..20_000 {
            let reading = corpus.reading();
            let key = reading.key.trim_start_matches("- ").to_lowercase();
            assert!(!key.is_empty(), "{}", reading.question);
            for text in [&reading.context, &reading.answer] {
                assert!(text.to_lowercase().contains(&key), "{key} is missing in {text}");
            }
        }
    }

    #[test]
    fn there_are_many_kinds_of_facts_and_wordings() {
        let corpus = Corpus::new(5);
        assert!(corpus.facts.len() >= 60);
        assert!(corpus.facts.iter().all(|f| (6..=12).contains(&f.questions.len())));
    }
}
