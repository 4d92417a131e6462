//! The rejected side of preference pairs from the student itself: what it says now is what it has to unlearn.
//!
//! Pairs from the student's own distribution teach DPO more than pairs that it would never have said, since both
//! sides then have a likelihood worth moving.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::Ordering;

use super::STOP;
use super::phase::{device, load_student, open_student};
use crate::Error;
use crate::generate::OnPolicy;
use crate::hub::Adapter;
use crate::id::{ContentHash, Hasher};
use crate::model::{self, Sampling, Session, Student};
use crate::prompt::{Message, Role};
use crate::row::rouge::{Numbered, rouge};
use crate::row::{TokenCounter, normalise};
use crate::settings::StudentSettings;

/// Length of the rejected side over that of the chosen one, in the student's tokens: outside of it the pair teaches
/// length (the bounds of the lint rule on length bias).
const SHORTEST: f64 = 0.67;
const LONGEST: f64 = 1.5;
/// Warm enough for tries to differ, and still what the student is likely to say.
const TEMPERATURE: f64 = 0.8;
const TOP_P: f64 = 0.95;
/// Answers drawn for one pair before the teacher's own rejected side is left in place.
const TRIES: u32 = 4;
/// ROUGE-L from which two answers are one.
const SAME: f64 = 0.8;

/// Samples answers from a student that can be the rejected side of a pair.
pub struct StudentSampler {
    student: Student,
    hash: ContentHash,
    seed: u64,
}

impl StudentSampler {
    /// Loads the student of the settings, a folder, hub id or GGUF relative to `root`, with an adapter on top if one
    /// is given. `seed` decides what is drawn.
    ///
    /// # Errors
    /// A student or an adapter that cannot be loaded; an adapter for a GGUF.
    pub fn open(settings: &StudentSettings, root: &Path, adapter: Option<&Path>, seed: u64) -> Result<Self, Error> {
        let adapter = adapter.map(Adapter::load).transpose()?;
        let file = root.join(&settings.id);
        let (student, hash) = if file.is_file() {
            if adapter.is_some() {
                return Err(Error::at(&file, "a GGUF takes no adapter")
                    .hint("merge it first: `distill merge`, then `distill export`"));
            }
            let student =
                model::from_gguf(&file, &device(&settings.device)?).map_err(|e| Error::at(&file, e.to_string()))?;
            (student, crate::edge::fs::hash(&file)?)
        } else {
            let folder = open_student(&settings.id, root, settings.offline)?;
            let hash = folder.content_hash()?;
            (load_student(&folder, adapter.as_slice(), &settings.device)?, hash)
        };
        let mut hasher = Hasher::new().text("on-policy/1").text(hash.as_str()).bytes(&seed.to_le_bytes());
        for (path, pair) in adapter.iter().flat_map(|a| &a.tensors) {
            let values = pair.a.iter().chain(&pair.b).flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
            hasher = hasher.text(path).bytes(&values);
        }
        Ok(Self { student, hash: hasher.finish(), seed })
    }

    /// What decides the answers: joins a stage's inputs.
    #[must_use]
    pub const fn identity(&self) -> &ContentHash {
        &self.hash
    }

    /// An answer of the student's to `prompt` that can stand against `chosen`; `None` when none of `tries` can.
    ///
    /// It ended by itself, has between 0.67 and 1.5 times the tokens of `chosen`, says something else, and neither
    /// goes round in circles nor is empty. The same prompt and seed give the same answer, whatever was asked before.
    ///
    /// # Errors
    /// Template, tokenizer, device; a prompt longer than the student reads; Ctrl-C.
    pub fn rejected(&self, prompt: &str, chosen: &str, tries: u32) -> Result<Option<String>, Error> {
        let fault = |e: &dyn std::fmt::Display| Error::new(format!("the student could not answer: {e}"));
        let encoder = &self.student.encoder;
        let message = Message { role: Role::User, content: prompt.to_owned() };
        let ids = encoder.ids(&[message], true).map_err(|e| fault(&e))?;
        let tokens = encoder.tokenizer.count(chosen) as f64;
        let (shortest, longest) = ((tokens * SHORTEST).ceil() as usize, (tokens * LONGEST).floor() as usize);
        for attempt in 0..tries {
            let seed = Hasher::new()
                .text("rejected")
                .bytes(&self.seed.to_le_bytes())
                .bytes(&attempt.to_le_bytes())
                .text(prompt)
                .finish();
            let seed = u64::from_str_radix(seed.as_str().get(..16).unwrap_or_default(), 16).unwrap_or_default();
            // One token more than may be used, so that an answer of the full length can still end.
            let sampling = Sampling { temperature: TEMPERATURE, top_p: TOP_P, seed, max_tokens: longest + 1 };
            let mut drawn = 0;
            let generated = Session::new(&self.student.model, &self.student.stop_ids)
                .generate(&ids, &sampling, &mut |_| {
                    drawn += 1;
                    drawn <= longest && !STOP.load(Ordering::Relaxed)
                })
                .map_err(|e| fault(&e))?;
            if STOP.load(Ordering::Relaxed) {
                return Err(Error::interrupted("interrupted while the student was asked"));
            }
            if !generated.stopped {
                continue;
            }
            let text = encoder.tokenizer.decode(&generated.ids, true).map_err(|e| fault(&e))?.trim().to_owned();
            let count = encoder.tokenizer.count(&text);
            if (shortest..=longest).contains(&count) && is_sound(&text) && !is_same(&text, chosen) {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }
}

impl OnPolicy for StudentSampler {
    fn rejected(&self, prompt: &str, chosen: &str) -> Result<Option<String>, Error> {
        self.rejected(prompt, chosen, TRIES)
    }
}

/// Not empty, all readable, and nothing said over and over.
fn is_sound(text: &str) -> bool {
    let bare = normalise(text);
    let words: Vec<&str> = bare.split(' ').filter(|w| !w.is_empty()).collect();
    if words.is_empty() || text.contains('\u{FFFD}') || text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return false;
    }
    // A word three times in a row, or three words twice as often as people repeat themselves.
    if words.windows(3).any(|w| w[0] == w[1] && w[1] == w[2]) {
        return false;
    }
    let mut threes: HashMap<&[&str], usize> = HashMap::new();
    for three in words.windows(3) {
        *threes.entry(three).or_default() += 1;
    }
    let most = threes.into_values().max().unwrap_or(0);
    // Scripts without spaces between words: the same character over and over.
    let characters: Vec<char> = bare.chars().collect();
    most <= 2 && !characters.windows(6).any(|w| w[0] != ' ' && w.iter().all(|c| *c == w[0]))
}

/// Whether two answers are one, or nearly.
fn is_same(a: &str, b: &str) -> bool {
    let mut numbered = Numbered::default();
    normalise(a) == normalise(b) || rouge(&numbered.words(a), &numbered.words(b)) >= SAME
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(inside: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(inside)
    }

    fn sampler(id: &str, seed: u64) -> Result<StudentSampler, Error> {
        let settings = StudentSettings { id: id.to_owned(), device: "cpu".to_owned(), offline: true };
        StudentSampler::open(&settings, &root("fixtures"), None, seed)
    }

    const PROMPTS: [&str; 3] = ["Write a short note about a delay.", "What do you do?", "Say hello to the team."];

    #[test]
    fn what_is_sampled_can_stand_in_a_pair() {
        let sampler = sampler("tiny-student", 3).unwrap();
        let chosen = "The ferry is late again, so I told the crew and took the queue down for an hour. No drama.";
        let tokens = sampler.student.encoder.tokenizer.count(chosen);
        let mut found = 0;
        for prompt in PROMPTS {
            let first = sampler.rejected(prompt, chosen, 6).unwrap();
            // Nothing of the other prompts stays behind.
            assert_eq!(first, sampler.rejected(prompt, chosen, 6).unwrap());
            let Some(text) = first else { continue };
            found += 1;
            let count = sampler.student.encoder.tokenizer.count(&text) as f64 / tokens as f64;
            assert!((SHORTEST..=LONGEST).contains(&count), "{count}: {text}");
            assert!(is_sound(&text) && !is_same(&text, chosen), "{text}");
            assert_eq!(sampler.rejected(prompt, &text, 1).unwrap().filter(|t| *t == text), None);
        }
        assert!(found > 0, "the tiny student ends some of its answers");
        assert_eq!(sampler.rejected(PROMPTS[0], chosen, 0).unwrap(), None);
        // Nothing has no fitting length.
        assert_eq!(sampler.rejected(PROMPTS[0], "", 2).unwrap(), None);
    }

    #[test]
    fn what_cannot_be_loaded_is_named() {
        let error = sampler("tiny-student/tokenizer.json", 0).err().unwrap();
        assert!(error.to_string().contains("GGUF"), "{error}");
        assert!(sampler("no-such-student", 0).is_err());
    }

    #[test]
    fn circles_and_copies_are_seen() {
        for good in ["I moved it to a queue, and it took two months.", "Really, really good.", "是的，我做了。", "No."]
        {
            assert!(is_sound(good), "{good}");
        }
        for bad in [
            "",
            " … ",
            "the the the",
            "I think so. I think so. I think so.",
            "a\u{FFFD}b",
            "哈哈哈哈哈哈哈",
            "one two three four one two three four one two three four",
        ] {
            assert!(!is_sound(bad), "{bad}");
        }
        assert!(is_same("I moved it to a queue in May.", "i moved it to a queue in may"));
        assert!(is_same("I moved all of it to a queue in May.", "I moved it all to a queue in May."));
        assert!(!is_same("I moved it to a queue.", "Queues are great for many reasons."));
    }
}
