//! Pairs that differ in tone: the person's words, and the same facts as a stock assistant puts them.

use std::cmp::{Ordering, Reverse};

use serde_json::{Value, json};

use super::fact::{Topic, all_names, listed};
use super::place::Section;
use super::words::{closed, count, inner, one_of, open_end, pick, tidy, value};

/// A pair whose rejected side is not written yet: that is done last, when the lengths before it are known.
pub(super) struct Draft {
    prompt: String,
    chosen: String,
    /// One more sentence for the chosen side, where it would be the shorter one too often: where that was.
    spare: Option<String>,
    /// The sentences of the chosen side that state facts.
    facts: Vec<String>,
    evidence: String,
}

/// What stock answers start with; a colon or comma shows how the sentence goes on.
const OPENERS: &[&str] = &[
    "",
    "Notably,",
    "Absolutely!",
    "Great question!",
    "Importantly,",
    "Excited to share:",
    "Certainly!",
    "I'm thrilled to share that",
    "I'm proud to say that",
    "It's worth noting that",
    "I'd be happy to elaborate!",
    "What an incredible journey:",
    "In today's fast-paced world,",
    "I'm delighted to report that",
    "Fun fact:",
    "Here's the thing:",
    "Let's dive in!",
    "I'm humbled to share that",
    "At its core, the story is simple:",
    "What a fantastic topic to explore!",
    "Thrilled to highlight a key milestone:",
    "To put it in perspective,",
    "I'm passionate about this:",
    "Looking back, I'm grateful that",
    "Reflecting on my growth,",
];

/// What they end with.
const CLOSERS: &[&str] = &[
    "",
    "Truly transformative!",
    "A real game-changer!",
    "What an invaluable lesson!",
    "It was an amazing learning experience.",
    "Onwards and upwards!",
    "A testament to great teamwork!",
    "I hope this helps!",
    "The impact speaks for itself.",
    "Feel free to reach out!",
    "It's all about continuous improvement.",
    "Truly a remarkable outcome for everyone involved!",
    "This underscores the importance of resilience.",
    "What a journey!",
    "Let me know if you have any questions!",
    "Small steps, big impact!",
    "It's not just a result, it's a mindset.",
    "Together, we can achieve anything!",
    "Excellence is a habit.",
    "I couldn't be more excited about the future!",
    "Innovation at its finest!",
    "This taught me the true value of collaboration.",
    "Ultimately, it's about empowering people.",
    "A powerful reminder that every detail matters.",
];

const ADVERBS: &[&str] = &["successfully", "proudly", "strategically", "seamlessly", "proactively", "meticulously"];

/// Whether the sentence is tone and not fact: short, without a number or a name.
fn aside(sentence: &str) -> bool {
    count(sentence) <= 8 && !sentence.split_whitespace().any(|w| value(w).is_some()) && all_names(sentence).is_empty()
}

/// The longest either side may get.
const MAX_WORDS: usize = 48;

/// All pairs about one topic; `next` is the topic after it.
pub(super) fn about(topic: &Topic<'_>, next: Option<&Topic<'_>>) -> Vec<Draft> {
    let mut out = Vec::new();
    let place = topic.place();
    let tail = place.tail();
    let Some(first) = topic.facts.first() else { return out };
    let evidence = topic.unit.text();
    let mut add = |prompt: String, sentences: &[String], spare: Option<String>, evidence: String| {
        let mut facts: Vec<String> =
            sentences.iter().enumerate().filter(|(i, s)| *i == 0 || !aside(s)).map(|(_, s)| closed(s)).collect();
        if sentences.len() > 1 && facts.len() == 1 && facts.first().is_some_and(|f| count(f) < 5) {
            facts = sentences.iter().take(2).map(|s| closed(s)).collect();
        }
        let chosen = sentences.iter().map(|s| closed(s)).collect::<Vec<_>>().join(" ");
        if (8..=MAX_WORDS).contains(&count(&chosen)) {
            out.push(Draft { prompt: tidy(&prompt), chosen: tidy(&chosen), spare, facts, evidence });
        }
    };
    let told: Vec<String> = topic.facts.iter().map(|f| f.voiced.clone()).collect();
    if matches!(place.section, Section::Skills | Section::Languages) && !topic.unit.label.is_empty() {
        let line = format!("{}: {}", topic.unit.label, closed(&topic.told()));
        let name = inner(&super::words::small(&topic.unit.label));
        let name = if place.section == Section::Languages { topic.unit.label.clone() } else { name };
        add(format!("In one line: what about your {name}?"), std::slice::from_ref(&line), None, evidence.clone());
        add(format!("Write the entry on {name} for your profile."), &[line], None, evidence);
        return out;
    }
    let there = if place.employer.is_empty() { None } else { Some(format!("That was at {}.", place.employer)) };
    let there = there.map(|t| if place.to == "present" { t.replacen("was", "is", 1) } else { t });
    if let Some(lead) = topic.lead().filter(|_| topic.unit.bullet && first.voiced.starts_with("I ")) {
        let how = lead.say(None);
        let there = || there.clone();
        add(
            if lead.aux == "did" {
                format!("Tell me how {how}{tail}.")
            } else {
                format!("Say in your own words that {how}{tail}.")
            },
            &told,
            there(),
            evidence.clone(),
        );
        add(format!("Write a short post on how {how}."), &told, there(), evidence.clone());
        if let Some(name) = topic.name() {
            let ask = one_of(
                &evidence,
                &["A new colleague asks about", "Someone at dinner asks about", "A recruiter asks about"],
            );
            add(format!("Tell me about {name}{tail}."), &told, there(), evidence.clone());
            add(format!("{ask} {name}{tail}. Answer in your own words."), &told, there(), evidence.clone());
        }
        if let Some(other) = next.filter(|n| n.unit.bullet && n.place() == place)
            && let Some(second) = other.lead()
        {
            let both: Vec<String> = told.iter().cloned().chain(other.facts.iter().map(|f| f.voiced.clone())).collect();
            add(
                format!("Two things{tail}: that {how}, and that {}. Tell both.", second.say(None)),
                &both,
                there().map(|t| t.replacen("That was", "Both were", 1).replacen("That is", "Both are", 1)),
                evidence,
            );
        }
        return out;
    }
    if topic.unit.bullet || !place.employer.is_empty() {
        let name =
            topic.name().or_else(|| (!place.employer.is_empty() && !topic.unit.bullet).then(|| place.employer.clone()));
        if let Some(name) = name {
            add(format!("Tell me about {name}."), &told, None, evidence.clone());
            let ask = one_of(
                &evidence,
                &["A friend wants to hear about", "Write a few words about", "Someone new asks about"],
            );
            add(format!("{ask} {name}. Keep it short."), &told, None, evidence.clone());
            if !listed(place.section) && told.len() > 1 {
                add(format!("Describe {name} in your own words."), told.get(1..).unwrap_or_default(), None, evidence);
            }
        } else if topic.unit.bullet && count(&evidence) >= 6 {
            let start = open_end(&first.raw).split_whitespace().take(4).collect::<Vec<_>>().join(" ");
            add(format!("Say something that starts with “{start}”."), &told, None, evidence);
        }
        return out;
    }
    // Running text: windows of two to four sentences, asked for by what they are about.
    for (i, fact) in topic.facts.iter().enumerate() {
        let subject = fact.clause.as_ref().map(|c| {
            if c.subject == "you" {
                format!("{} {}", if c.aux == "did" { "how" } else { "that" }, c.say(None))
            } else {
                c.subject.clone()
            }
        });
        let start = open_end(&fact.raw);
        let asked = match subject {
            Some(s) if s.starts_with("how you ") => format!("Tell {s}{tail}."),
            Some(s) if s.starts_with("that you ") => format!("Say in your own words {s}{tail}."),
            Some(s) if count(&s) > 1 => format!("Tell the part about {s}{tail}."),
            _ if count(start) >= 4 && !start.contains('"') => format!("Go on from “{start}”{tail}."),
            _ => continue,
        };
        for length in [3, 5] {
            let Some(window) = told
                .get(i..(i + length).min(told.len()))
                .filter(|w| w.len() > 1 && (length == 3 || w.len() > 3 && i % 2 == 0))
            else {
                continue;
            };
            let prompt = if length == 3 { asked.clone() } else { format!("{asked} Take your time.") };
            add(prompt, window, None, topic.unit.sentences.get(i..i + window.len()).unwrap_or_default().join(" "));
        }
    }
    out
}

/// Writes the rejected sides, so that over the list neither side is the longer one more often.
pub(super) fn finish(drafts: Vec<Draft>) -> Vec<Value> {
    let mut lead = 0_i64;
    let mut out = Vec::new();
    for mut draft in drafts {
        // Longer is always possible, shorter only where the person digresses: so that is taken first.
        let wanted = if lead >= 0 { Ordering::Less } else { Ordering::Greater };
        let longer = draft.spare.as_ref().map(|spare| format!("{} {spare}", draft.chosen));
        let mut best = stock(&draft, &draft.chosen, wanted).map(|found| (found, draft.chosen.clone()));
        if wanted == Ordering::Less
            && best.as_ref().is_none_or(|((_, side), _)| *side != wanted)
            && let Some(longer) = longer
            && let Some(found) = stock(&draft, &longer, wanted)
        {
            best = Some((found, longer));
        }
        if lead > 2 && draft.facts.len() > 2 && best.as_ref().is_none_or(|((_, side), _)| *side != wanted) {
            // Somebody who never digresses: the stock side stops one sentence early.
            draft.facts.pop();
            best = stock(&draft, &draft.chosen, wanted).map(|found| (found, draft.chosen.clone())).or(best);
        }
        if let Some(((rejected, side), chosen)) = best {
            lead += side as i64;
            out.push(
                json!({ "prompt": draft.prompt, "chosen": chosen, "rejected": rejected, "evidence": draft.evidence }),
            );
        }
    }
    out
}

/// The facts in stock wording, about as long as `chosen` and if possible on the wanted side of its length.
fn stock(draft: &Draft, chosen: &str, wanted: Ordering) -> Option<(String, Ordering)> {
    let have = spelled(chosen);
    let body = body(draft);
    let mut fits: Vec<(usize, &str, &str)> = Vec::new();
    for opener in OPENERS {
        // `Importantly, Ocean data.`: a name or a fragment does not follow a comma.
        if runs_on(opener) && !body.starts_with("I ") && inner(&body) == body {
            continue;
        }
        for closer in CLOSERS.iter().filter(|c| !opener.is_empty() || !c.is_empty()) {
            let words = spelled(opener) + spelled(&body) + spelled(closer);
            if words * 13 >= have * 10
                && words * 10 <= have * 13
                && words <= MAX_WORDS + 6
                && count(opener) + count(&body) + count(closer) <= MAX_WORDS + 2
            {
                fits.push((words, opener, closer));
            }
        }
    }
    for side in [wanted, Ordering::Equal, wanted.reverse()] {
        let mut pool: Vec<_> = fits.iter().filter(|(words, _, _)| words.cmp(&have) == side).collect();
        // The more stock wording, the clearer the difference.
        pool.sort_by_key(|(words, opener, closer)| (Reverse(*words), opener.is_empty() || closer.is_empty()));
        if side == Ordering::Greater && wanted == Ordering::Less {
            pool.reverse();
        }
        pool.truncate((pool.len() / 3).max(8));
        if let Some((_, opener, closer)) = pool.get(pick(&format!("{}{chosen}", draft.prompt), pool.len())) {
            let body = if runs_on(opener) { inner(&body) } else { body };
            return Some((tidy(&format!("{opener} {body} {closer}")), side));
        }
    }
    None
}

/// Words between all that is no letter or digit, as the lint rule on length counts them: `it's` are two.
fn spelled(text: &str) -> usize {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).count()
}

fn runs_on(opener: &str) -> bool {
    !opener.is_empty() && !opener.ends_with(['!', ':'])
}

/// The facts, the person's own doing made grand.
fn body(draft: &Draft) -> String {
    let body = draft.facts.join(" ");
    match body.strip_prefix("I ") {
        Some(rest) if super::verbs::opening(rest.split_whitespace().next().unwrap_or_default()).is_some() => {
            format!("I {} {rest}", one_of(&draft.prompt, ADVERBS))
        }
        _ => body,
    }
}
