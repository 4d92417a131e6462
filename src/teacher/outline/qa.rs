//! Questions and answers.

use serde_json::{Value, json};

use super::clause::{Addition, Clause, counted};
use super::fact::{Fact, Topic, clausal, definite, distinctive, fields, keyed, listed, names};
use super::place::{Place, Section};
use super::verbs;
use super::words::{capital, closed, count, inner, is_language, is_month, is_name, is_year, open_end, pick, tidy};

struct Writer<'a> {
    topic: &'a Topic<'a>,
    context: String,
    out: Vec<Value>,
}

impl Writer<'_> {
    fn add(&mut self, question: &str, paraphrase: &str, response: &str, key: &str, evidence: &str) {
        self.out.push(json!({
            "instruction": tidy(question), "context": self.context, "response": tidy(response),
            "paraphrase": tidy(paraphrase), "answer_key": bare_key(key), "evidence": evidence,
        }));
    }

    /// The answer to a question about one fact: the sentence, or the asked words and the sentence.
    fn answer(key: &str, fact: &Fact) -> String {
        let sentence = closed(&fact.voiced);
        let starts = sentence.to_lowercase().starts_with(&key.to_lowercase());
        if starts || pick(&fact.raw, 3) == 0 || count(key) > 8 {
            sentence
        } else {
            format!("{} {sentence}", closed(&capital_unless_name(key)))
        }
    }

    fn fact(&mut self, fact: &Fact, clause: &Clause, place: &Place) {
        let (tail, head) = (
            if self.topic.unit.label.is_empty() { place.tail() } else { String::new() },
            if self.topic.unit.label.is_empty() { place.head() } else { String::new() },
        );
        let mut numbers = 0;
        let from_to = !clause.aux.is_empty() && self.change(fact, clause, &tail, &head);
        for (part, words) in clause.parts() {
            let Some(n) = counted(words) else { continue };
            // Behind another addition, `with` tells more of that one, not of what was done.
            if part.is_some_and(|i| i > 0 && clause.additions.get(i).is_some_and(|a| a.prep == "with")) {
                continue;
            }
            numbers += usize::from(part.is_none() && n.at == 0);
            if from_to
                && part
                    .is_some_and(|i| clause.additions.get(i).is_some_and(|a| matches!(a.prep.as_str(), "from" | "to")))
            {
                continue;
            }
            let key = if n.len == 1 { n.number.clone() } else { format!("{} {}", n.number, n.noun) };
            let said = sentence(&head, &clause.uncounted(part, &n));
            self.add(
                &format!("{}{tail}?", clause.how_many(part, &n)),
                &format!("{said} How many {} exactly?", n.noun),
                &Self::answer(&key, fact),
                &key,
                &fact.raw,
            );
        }
        if clause.aux.is_empty() {
            let what = clause.rest(None);
            if numbers == 0 && (2..=9).contains(&count(&what)) {
                self.add(
                    &format!("What {} {}{tail}?", clause.base, clause.subject),
                    &format!("Say what {} {}{tail}.", clause.subject, clause.verb),
                    &closed(&fact.voiced),
                    keyed(&what),
                    &fact.raw,
                );
            }
            return;
        }
        for (i, addition) in clause.additions.iter().enumerate() {
            if !(from_to && matches!(addition.prep.as_str(), "from" | "to")) {
                self.addition(fact, clause, (i, addition), &tail, &head);
            }
        }
        let thing = clause.thing();
        let first = thing.split_whitespace().next().unwrap_or_default().to_lowercase();
        let particle = thing.split_whitespace().next_back().is_some_and(clausal);
        let object = !thing.is_empty()
            && !particle
            && !clausal(&first)
            && !first.ends_with("ly")
            && count(&thing) <= 8
            && numbers == 0
            && !is_year(&first);
        let transitive = clause.subject == "you" && fact.raw != fact.voiced
            || matches!(first.as_str(), "a" | "an" | "the" | "my" | "your")
            || is_name(&thing)
            || clause.subject == "you" && count(&thing) > 1;
        let light = verbs::light(&clause.base);
        if object
            && transitive
            && !(light
                && clause.additions.is_empty()
                && clause.subject == "you"
                && tail.is_empty()
                && clause.base != "have")
        {
            let more = if light {
                clause.rest(None).strip_prefix(&thing).unwrap_or_default().to_owned()
            } else {
                String::new()
            };
            self.add(
                &format!("What {} {} {}{more}{tail}?", clause.aux, clause.subject, clause.base),
                &asking(
                    &head,
                    &format!(
                        "what exactly {} it that {} {}{more}",
                        if clause.aux == "did" { "was" } else { "is" },
                        clause.subject,
                        clause.verb
                    ),
                ),
                &closed(&fact.voiced),
                keyed(&thing),
                &fact.raw,
            );
        }
    }

    fn addition(&mut self, fact: &Fact, clause: &Clause, (i, addition): (usize, &Addition), tail: &str, head: &str) {
        let content = addition.content();
        let first = addition.words.first().map(String::as_str).unwrap_or_default();
        let prep = addition.prep.as_str();
        if counted(&addition.words).is_some() || addition.words.iter().any(|w| clausal(&w.to_lowercase())) {
            return;
        }
        let (you, without) = (clause.subject == "you", clause.say(Some(i)));
        if count(&without) < 3 {
            return;
        }
        let said = sentence(head, &without);
        let key = names(&addition.words).unwrap_or_else(|| keyed(&content).to_owned());
        let ask = format!("{} {} {} {}", clause.aux, clause.subject, clause.base, clause.rest(Some(i)));
        let dated = addition.words.iter().any(|w| is_year(w) || is_month(w) && is_name(w) || w.ends_with("day"))
            || content.contains("every ") && !content.contains(',');
        if dated && matches!(prep, "in" | "on" | "by" | "during" | "before" | "after" | "at") {
            self.add(
                &format!("When {ask}{tail}?"),
                &format!("{said} When {} that?", if clause.aux == "did" { "was" } else { "is" }),
                &closed(&fact.voiced),
                keyed(&content),
                &fact.raw,
            );
        } else if prep == "in" && is_language(&key) {
            self.add(
                &format!("In which language {ask}{tail}?"),
                &format!("{said} Which programming language was that?"),
                &Self::answer(&key, fact),
                &key,
                &fact.raw,
            );
        } else if you
            && prep == "with"
            && matches!(
                clause.base.as_str(),
                "work" | "collaborate" | "partner" | "coordinate" | "meet" | "speak" | "liaise"
            )
        {
            self.add(
                &format!("With whom {ask}{tail}?"),
                &format!("{said} Who were the others?"),
                &closed(&fact.voiced),
                keyed(&content),
                &fact.raw,
            );
        } else if you
            && matches!(prep, "with" | "using" | "via")
            && (is_name(first) || count(&content) <= 3)
            && !clausal(first)
        {
            self.add(
                &format!("What {} you use when {without}{tail}?", clause.aux),
                &format!("{said} With what?"),
                &Self::answer(&key, fact),
                &key,
                &fact.raw,
            );
        } else if is_name(first)
            && matches!(
                prep,
                "to" | "on" | "over" | "in" | "from" | "for" | "at" | "into" | "with" | "by" | "through" | "across"
            )
        {
            // What comes after the asked addition would part the verb from its preposition.
            let mut short = clause.clone();
            short.additions.truncate(i);
            self.add(
                &format!("What {} {} {} {} {prep}{tail}?", clause.aux, clause.subject, clause.base, short.rest(None)),
                &format!("Say what {} {prep}{tail}.", short.say(None)),
                &Self::answer(&key, fact),
                &key,
                &fact.raw,
            );
        }
    }

    /// `from 910 ms to 38 ms`: where it was, where it went.
    fn change(&mut self, fact: &Fact, clause: &Clause, tail: &str, head: &str) -> bool {
        let find = |prep: &str| clause.additions.iter().find(|a| a.prep == prep).map(Addition::content);
        let (Some(from), Some(to)) = (find("from"), find("to")) else { return false };
        if count(&from) > 5 || count(&to) > 5 {
            return false;
        }
        let mine = clause.subject == "you";
        let what = if mine { clause.thing() } else { clause.subject.clone() };
        if what.is_empty() || clausal(&what) {
            return false;
        }
        let many = what.ends_with('s') && !what.ends_with("ss");
        let it = if many { "them" } else { "it" };
        let they = if many { "they" } else { "it" };
        let what = definite(&what);
        let answer = |key: &str| Self::answer(key, fact);
        if mine {
            self.add(
                &format!(
                    "{} What did you {} {it} to?",
                    sentence(head, &format!("{what} started from {from}")),
                    clause.base
                ),
                &format!("What did {what} end up as{tail} after you started from {from}?"),
                &answer(&to),
                &to,
                &fact.raw,
            );
            self.add(
                &format!("What did {what} start from before you {} {it} to {to}{tail}?", clause.verb),
                &format!(
                    "{} What was the starting point?",
                    sentence(head, &format!("you {} {what} to {to}", clause.verb))
                ),
                &answer(&from),
                &from,
                &fact.raw,
            );
        } else {
            self.add(
                &format!("{} Where did {they} end?", sentence(head, &format!("{what} started at {from}"))),
                &format!("What became of {what}{tail} after {from}?"),
                &answer(&to),
                &to,
                &fact.raw,
            );
            self.add(
                &format!("Where did {what} start before {they} {} to {to}{tail}?", clause.verb),
                &asking(head, &format!("what was the figure for {what} before it became {to}")),
                &answer(&from),
                &from,
                &fact.raw,
            );
            if let Some(lead) = self.topic.lead().filter(|l| l.aux == "did") {
                self.add(
                    &format!("How did {what} change when {}{tail}?", lead.say(None)),
                    &format!("{} What did that do to {what}?", sentence(head, &lead.say(None))),
                    &closed(&fact.voiced),
                    &to,
                    &fact.raw,
                );
            }
        }
        true
    }

    fn whole(&mut self) {
        let place = self.topic.place();
        let (tail, head, after) = (place.tail(), place.head(), self.topic.after());
        let evidence = self.topic.unit.text();
        if let Some(lead) = self.topic.lead().filter(|_| self.topic.unit.bullet) {
            let told = lead.say(None);
            if count(&after) >= 3 {
                let question = format!("What happened when {told}{tail}?");
                let question = if lead.aux == "do" {
                    format!("What should one know about the fact that {told}{tail}?")
                } else {
                    question
                };
                let key = distinctive(&self.topic.facts.last().map(|f| f.raw.clone()).unwrap_or_default(), &question);
                self.add(
                    &question,
                    &format!("{} What more is there to say?", sentence(&head, &told)),
                    &after,
                    &key,
                    &evidence,
                );
            }
            if let Some(name) = self.topic.name() {
                let question = format!("What {} you do with {name}{tail}?", lead.aux);
                let key = distinctive(&self.topic.facts.first().map(|f| f.raw.clone()).unwrap_or_default(), &question);
                self.add(
                    &question,
                    &asking(
                        &head,
                        &format!("what {} your part in {name}", if lead.aux == "did" { "was" } else { "is" }),
                    ),
                    &self.topic.told(),
                    &key,
                    &evidence,
                );
            }
        }
        let tail = if place.employer.is_empty() { tail } else { String::new() };
        for fact in &self.topic.facts {
            // Only what no other question asks about.
            let asked = self.out.iter().any(|row| row.get("evidence").and_then(Value::as_str) == Some(&fact.raw));
            let line = if self.topic.unit.label.is_empty() { &fact.raw } else { &fact.voiced };
            let words: Vec<&str> = open_end(line).split_whitespace().collect();
            if asked
                || words.len() < 6
                || line.contains(['"', '“', '('])
                || line.contains(':') && !line.starts_with("Rule:")
            {
                continue;
            }
            let mut cut = (words.len() * 3).div_ceil(5);
            while cut > 3
                && words
                    .get(cut - 1)
                    .is_some_and(|w| super::words::value(w).is_some() || matches!(*w, "a" | "an" | "the" | "of" | "to"))
            {
                cut -= 1;
            }
            let (begin, end) =
                (words.get(..cut).unwrap_or_default().join(" "), words.get(cut..).unwrap_or_default().join(" "));
            let shorter = words.get(..cut.saturating_sub(1)).unwrap_or_default().join(" ");
            self.add(
                &format!("How does your line “{begin} …”{tail} go on?"),
                &format!("You once wrote “{shorter} …”{tail}. What comes next?"),
                &closed(line),
                &end,
                &fact.raw,
            );
        }
    }

    fn fields(&mut self) {
        let Some(fact) = self.topic.facts.first() else { return };
        let (fields, section) = (fields(&fact.raw), self.topic.place().section);
        let Some((name, rest)) = fields.split_first().filter(|(name, rest)| !rest.is_empty() && count(name) <= 10)
        else {
            return;
        };
        let date = rest.last().filter(|d| d.split([' ', '-', '–']).next_back().is_some_and(is_year));
        let places = if date.is_some() { &rest[..rest.len() - 1] } else { rest };
        let (thing, by, when) = match section {
            Section::Education => (format!("your {name}"), "Where did you study for", "studied for"),
            Section::Certificates => (format!("your {name} certificate"), "Who issued", "got"),
            _ => (format!("the talk “{name}”"), "Where did you give", "gave"),
        };
        let mine = thing.replacen("your", "my", 1);
        if let Some(place) = places.first() {
            let at = if section == Section::Certificates {
                "Which body stands behind"
            } else {
                "Name the place where you did"
            };
            let response = match section {
                Section::Education => format!("I did my {name} at {}.", the(place)),
                Section::Certificates => format!("{place}. That is who issued {mine}."),
                _ => format!("I gave the talk “{name}” at {place}."),
            };
            self.add(
                &format!("{by} {thing}?"),
                &if section == Section::Certificates { format!("{at} {thing}?") } else { format!("{at} {thing}.") },
                &response,
                place,
                &fact.raw,
            );
        }
        if let Some(city) = places.get(1).filter(|_| section == Section::Talks) {
            self.add(
                &format!("In which city did you give {thing}?"),
                &format!("You gave {thing} somewhere. Which city was it?"),
                &format!("In {city}. I gave {thing} there."),
                city,
                &fact.raw,
            );
        }
        if let Some(date) = date {
            let verb = match section {
                Section::Education => "study for",
                Section::Certificates => "get",
                _ => "give",
            };
            let response = match section {
                Section::Education => format!("{date}. That is when I {when} {mine}."),
                _ => format!("In {date}. That is when I {when} {mine}."),
            };
            self.add(
                &format!("When did you {verb} {thing}?"),
                &format!("Which year belongs to {thing}?"),
                &response,
                date,
                &fact.raw,
            );
        }
        let after = self.topic.after();
        if count(&after) >= 3 {
            let question = format!("What else would you say about {thing}?");
            let key = distinctive(&after, &question);
            self.add(
                &question,
                &format!("Someone asks for one more detail on {thing}. Which one?"),
                &after,
                &key,
                &self.topic.unit.sentences.get(1..).unwrap_or_default().join(" "),
            );
        }
    }

    fn pair(&mut self) {
        let (label, value) = (&self.topic.unit.label, self.topic.told());
        let evidence = self.topic.unit.text();
        if self.topic.place().section == Section::Languages {
            let key = value.split([',', '.', ';']).next().unwrap_or_default().to_owned();
            self.add(
                &format!("How well do you speak {label}?"),
                &format!("What is your level of {label}?"),
                &format!("{label}: {}", closed(&value)),
                &key,
                &evidence,
            );
            return;
        }
        let items: Vec<&str> = open_end(&value).split(", ").collect();
        let (Some(first), Some(last)) = (items.first(), items.last()) else { return };
        let topic = inner(&super::words::small(label));
        self.add(
            &format!("Which skills do you count under {topic}?"),
            &format!("List your skills in {topic}."),
            &closed(&capital_unless_name(&value)),
            first,
            &evidence,
        );
        if items.len() > 2 {
            self.add(
                &format!("Your skills in {topic} start with {first}. What do they end with?"),
                &format!("What comes last when you list your skills in {topic}?"),
                &format!("{}. The whole list is {}", open_end(last), closed(&value)),
                last,
                &evidence,
            );
        }
    }
}

fn the(place: &str) -> String {
    if place.starts_with("University") { format!("the {place}") } else { place.to_owned() }
}

fn capital_unless_name(text: &str) -> String {
    let plain = text.split_whitespace().next().is_some_and(|w| w.chars().all(|c| c.is_lowercase() || c == '-'));
    if plain { capital(text) } else { text.to_owned() }
}

fn bare_key(key: &str) -> String {
    super::words::bare(open_end(key)).to_owned()
}

/// A sentence of a head and words: `At Harrow Freight, you rebuilt it.`
fn sentence(head: &str, words: &str) -> String {
    closed(&capital(&format!("{head}{words}")))
}

/// The same for a question.
fn asking(head: &str, words: &str) -> String {
    format!("{}?", capital(&format!("{head}{words}")))
}

/// All questions about one topic, the best first.
pub(super) fn about(topic: &Topic<'_>) -> Vec<Value> {
    let mut writer = Writer { topic, context: topic.unit.text(), out: Vec::new() };
    let section = topic.place().section;
    if matches!(section, Section::Skills | Section::Languages) && !topic.unit.label.is_empty() {
        writer.pair();
        return writer.out;
    }
    if listed(section) && topic.unit.bullet {
        writer.fields();
        return writer.out;
    }
    for fact in &topic.facts {
        if let Some(clause) = &fact.clause {
            writer.fact(fact, clause, topic.place());
        }
    }
    writer.whole();
    writer.out
}

/// What a job's heading and dates answer.
pub(super) fn job(job: &Place) -> Vec<Value> {
    let mut out = Vec::new();
    let mut add = |question: String, paraphrase: String, response: String, key: &str, evidence: &str| {
        out.push(json!({ "instruction": question, "context": evidence, "response": response, "paraphrase": paraphrase, "answer_key": key, "evidence": evidence }));
    };
    let Place { role, employer, city, from, to, quote, dates_quote, .. } = job;
    if employer.is_empty() {
        return out;
    }
    let now = to == "present";
    if !role.is_empty() {
        let (is, was) = if now { ("is", "am") } else { ("was", "was") };
        add(
            format!("What {is} your position at {employer}?"),
            format!("Under which job title {} you work for {employer}?", if now { "do" } else { "did" }),
            format!("I {was} {role} at {employer}."),
            role,
            quote,
        );
        add(
            format!("Where {} you work as {role}?", if now { "do" } else { "did" }),
            format!("Name the employer you {} for as {role}.", if now { "work" } else { "worked" }),
            format!("At {employer}. I {was} {role} there."),
            employer,
            quote,
        );
    }
    if !city.is_empty() {
        add(
            format!("In which place {} you work for {employer}?", if now { "do" } else { "did" }),
            format!("{employer}: where is that?"),
            format!("In {city}. That is where {employer} {}.", if now { "is" } else { "was" }),
            city,
            quote,
        );
    }
    if !from.is_empty() {
        add(
            format!("When did you start at {employer}?"),
            format!("Since when were you with {employer}?"),
            format!("I started at {employer} in {from}."),
            from,
            dates_quote,
        );
    }
    if !to.is_empty() && !now {
        add(
            format!("When did you leave {employer}?"),
            format!("Until when did you stay with {employer}?"),
            format!("I left {employer} in {to}."),
            to,
            dates_quote,
        );
    }
    out
}
