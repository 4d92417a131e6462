//! What a question asks for, who speaks in an answer, and whether a thought is one: by wording alone.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::normalise;
use super::rouge::{Numbered, common, rouge};

/// What a question asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionType {
    /// A thing, a name, a place.
    Factual,
    /// A number, a size, a duration.
    Quantity,
    /// A date, a year, a moment.
    Time,
    /// A cause or a purpose.
    Reason,
    /// How something is done.
    Method,
    /// Two things beside each other.
    Comparison,
    /// What somebody thinks or advises.
    Opinion,
    /// What would be if.
    Counterfactual,
    /// A story.
    Experience,
    /// Where something ends, fails or does not hold.
    Limits,
    /// What the person never wrote about, shown by an answer that says so.
    Unanswerable,
}

impl QuestionType {
    /// All types.
    pub const ALL: [Self; 11] = [
        Self::Factual,
        Self::Quantity,
        Self::Time,
        Self::Reason,
        Self::Method,
        Self::Comparison,
        Self::Opinion,
        Self::Counterfactual,
        Self::Experience,
        Self::Limits,
        Self::Unanswerable,
    ];

    /// The name used in files and prompts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Factual => "factual",
            Self::Quantity => "quantity",
            Self::Time => "time",
            Self::Reason => "reason",
            Self::Method => "method",
            Self::Comparison => "comparison",
            Self::Opinion => "opinion",
            Self::Counterfactual => "counterfactual",
            Self::Experience => "experience",
            Self::Limits => "limits",
            Self::Unanswerable => "unanswerable",
        }
    }
}

/// Wordings by type, over normalised text. The first that matches decides, so the narrower ones come first.
static QUESTIONS: LazyLock<Vec<(QuestionType, Regex)>> = LazyLock::new(|| {
    use QuestionType::{Comparison, Counterfactual, Experience, Limits, Method, Opinion, Quantity, Reason, Time};
    let sources = [
        (
            Counterfactual,
            r"^(?:so |and )?(?:if|suppose|imagine|what if|had you|were you|assume|say you)\b|\bif (?:you|we|they|it|there|somebody|someone|the [a-z]+) (?:had|could|were|was|did)\b|\bwould (?:you|it|we|they|that|things) have\b|\bwould have (?:happened|been|gone|changed)\b|\bhypothetically\b|\bwhat would (?:happen|change)\b|\b(?:what|how) would .* if\b",
        ),
        (
            Comparison,
            r"\bcompare[ds]?\b|\bcomparison\b|\bdifferen(?:ce|t)s? (?:between|from)\b|\bdiffer\b|\bversus\b|\bvs\b|^(?:which|what)(?: one)? (?:is|was|are|were|would be) (?:the )?(?:better|worse|faster|easier|harder|cheaper|slower|safer)\b|^(?:is|was|are|were|do|did|does|would|which)\b.* (?:or|than) |\bbetter than\b|\bhow does .* (?:differ|stack up)\b|\b(?:similar|similarities)\b|\bin common\b",
        ),
        (
            Reason,
            r"^(?:so |and |but )?why\b|\bwhy (?:did|do|does|is|was|were|are|would|have|has|not)\b|\bhow come\b|\b(?:what|which) (?:was |is |were )?(?:the |your )?(?:main |real )?(?:reasons?|cause|purpose|point|motivation)\b|\bwhat (?:made|led|drove|caused|convinced|motivated|prompted|pushed|inspired) \b|\bwhat for\b|\breason (?:for|why|that|behind)\b|\bfor what reason\b|\bwhat .* (?:meant|good) for$",
        ),
        (
            Limits,
            r"\blimit(?:s|ation|ations)?\b|\bdrawbacks?\b|\bdownsides?\b|\bweakness(?:es)?\b|\btrade ?offs?\b|\bedge cases?\b|\bexceptions?\b|\b(?:go|goes|went|gone) wrong\b|\bwhen (?:should|would|does|do|is|can) .*\b(?:not|never|avoid|fail|break|stop working)\b|\bwhat (?:can|could|does|do|did|will|would|should) .*(?:\bnot\b|\bnever\b|n t\b)|\bwhat can t\b|\bwhere does .* (?:fail|break|end|stop)\b|\b(?:fails?|breaks? down) (?:when|if|to)\b|\brisks?\b|\bunder what (?:conditions|circumstances)\b|\bhow far can\b|\bworst case\b|\bdoes .* always\b|\bis it ever\b",
        ),
        (
            Quantity,
            r"\bhow (?:many|much|big|large|small|long|often|fast|far|high|deep|heavy|old|quickly|slow|wide|tall|short|frequently|late|cold|hot|loud)\b|\b(?:what|which) (?:percentage|percent|share|fraction|proportion|number|amount|size|figure|total|count|score|rate|price|cost|speed|length|temperature|budget|salary|distance|weight|value)\b|\b(?:number|amount|percentage|size|count|length|cost|price|total|rate|share|duration) of\b|\bwhat (?:is|was|were|are) the (?:size|cost|price|length|rate|number|total|bill|count|budget|score|error|delay|limit)\b|\bwhat did .* cost\b|\bcount(?:ed)? the\b",
        ),
        (
            Time,
            r"^(?:so |and )?when (?:did|do|does|is|was|were|are|will|have|has|had|exactly|you)\b|\b(?:what|which|in what|in which) (?:year|month|day|date|decade|week|weekday|season|century)\b|\b(?:what|at what|which) time\b|\bsince when\b|\bwhen (?:did|was|were|do|does) (?:you|it|the|your|that|this|they)\b|^(?:name|tell me|give me|state) the (?:year|date|day)\b|\bwhat (?:was|is) the (?:date|year)\b|\btell me when\b|\bhow long ago\b|: when\b",
        ),
        (
            Experience,
            r"\btell (?:me|us) (?:about|a story|of|the story)\b|\b(?:a|the|any|last|first|worst|best|one) (?:time|day|moment|night|story|occasion|incident) (?:when|that|you|where|in|of|it|the)\b|\bwhat happened\b|\bwhat was (?:it|that) like\b|\bwhat (?:is|s) it like\b|\b(?:recall|remember|share|recount)\b|\bwhat did (?:you|it) (?:learn|teach|feel)\b|\bdescribe (?:a|the|your|an) (?:time|day|experience|moment|night|worst|best|incident|outage|first|last|situation|typical)\b|\bhow did (?:it|that|you) (?:feel|go|end)\b|\bhave you ever\b|\bstory\b|\bever (?:been|had|made|seen|lost|worked)\b",
        ),
        (
            Opinion,
            r"\b(?:do|did|would) you (?:think|believe|feel|say|agree|recommend|advise|like|prefer|enjoy|mind|trust|consider|regret|suggest)\b|\bwhat do you (?:think|make|believe)\b|\bopinions?\b|\byour (?:view|views|take|thoughts|favou?rite|advice|stance|attitude|preference)\b|\bshould (?:i|we|one|you|people|a|an|the|every|teams?|everyone|anyone|it)\b|\bworth\b|\badvice\b|\bfavou?rite\b|\bwhat makes a\b|\bdo you (?:hate|love|care|still)\b|\bhow (?:important|useful|good|bad|sensible|do you feel)\b|\boverrated\b|\bis it (?:good|bad|ok|okay|fair|right|wrong|wise|fine)\b|\bwhat would you (?:tell|say|recommend|advise)\b",
        ),
        (
            Method,
            r"^(?:so |and )?how (?:do|did|does|would|can|could|to|is|are|was|were|have|has|should|will|exactly|you)\b|\bhow (?:do|did|would|to|can|should|could) (?:you|i|we|one|it|they)\b|\bsteps?\b|\bwalk (?:me|us) through\b|\b(?:explain|describe|show|tell me) how\b|\b(?:approach|process|procedure|method|technique|recipe|workflow|routine|strategy) (?:for|to|of|do|did|when)\b|\bwhat (?:is|was) your (?:approach|process|method|way|strategy|workflow|routine)\b|\bin what way\b|\bby what means\b|\bwhat do you do (?:when|to|if|before|after)\b",
        ),
    ];
    sources.into_iter().filter_map(|(kind, source)| Some((kind, Regex::new(source).ok()?))).collect()
});

/// What a question asks for, by its wording. Never [`QuestionType::Unanswerable`]: that is in the answer, see
/// [`row_type`].
#[must_use]
pub fn question_type(instruction: &str) -> QuestionType {
    let text = normalise(instruction);
    let found = QUESTIONS.iter().find(|(_, pattern)| pattern.is_match(&text));
    found.map_or(QuestionType::Factual, |(kind, _)| *kind)
}

/// What a row asks for: [`question_type`], but for answers that honestly do not know.
#[must_use]
pub fn row_type(instruction: &str, response: &str) -> QuestionType {
    if doesnt_know(response) { QuestionType::Unanswerable } else { question_type(instruction) }
}

fn compiled(source: &str) -> Option<Regex> {
    Regex::new(&format!("(?i){source}")).ok()
}

/// Whether an answer says that its author does not know or never wrote about it. Not knowing as part of a story
/// (`I did not know why, so I looked`) is an answer.
#[must_use]
pub fn doesnt_know(text: &str) -> bool {
    static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| {
        compiled(concat!(
            r"^\W*(?:honestly,? |sorry,? |no,? |no idea\b|that,? |well,? |hm+,? )?(?:i (?:really |honestly |just |simply )?(?:do not|don['’]t|couldn['’]t|could not|can['’]t|cannot) (?:know|say|remember|recall|tell you)\b(?:[^.!?]{0,60})[.!?,]|i have no idea\b|no idea\b|i(?: have|['’]ve)? never (?:wrote|written|said|posted|published|mentioned|worked with|used|tried|talked)\b|i (?:do not|don['’]t|did not|didn['’]t|haven['’]t|have not) (?:ever )?(?:write|written|wrote|post|posted|mention|mentioned|talk|talked|say|said|covered?|shared?|publish|published)\b|i['’]m not sure\b|i am not sure\b|not something i)",
            r"|\bi(?: have|['’]ve)? never (?:wrote|written|posted|published|said anything|talked) (?:about|on|of|anything)\b",
            r"|\b(?:i|we) (?:have|had) nothing (?:to say )?(?:about|on) (?:that|it|this)\b",
            r"|\bi (?:don['’]t|do not) know (?:that|this|the answer)\b",
            r"|\bnever noted\b|\b(?:was|were|is|are) (?:never|not) (?:noted|written|put) down\b|\b(?:haven['’]t|have not|didn['’]t|did not) (?:note|noted|write|written|put) (?:that|it|this) down\b",
            r"|^\W*(?:das )?(?:weiß|weiss) ich nicht\b|^\W*je ne sais pas\b|^\W*no lo sé\b",
        ))
    });
    PATTERN.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// Who speaks in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Voice {
    /// The person: `I`, `my`, `we`.
    FirstPerson,
    /// Somebody speaks about the person: `The author has …`, `He led …`.
    ThirdPersonSelf,
    /// A helper speaks: `Great question!`, `As an AI …`.
    Assistant,
    /// Nobody in particular: `17 minutes.`
    Neutral,
}

/// Who speaks in an answer, by its wording; English, with the first persons of German, French and Spanish.
#[must_use]
pub fn voice(response: &str) -> Voice {
    static ASSISTANT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        compiled(concat!(
            r"\bas an? (?:ai|artificial intelligence|(?:large )?language model|(?:ai|virtual|helpful) assistant)\b",
            r"|^\W*(?:that['’]s (?:a|an) |what (?:a|an) |thanks? (?:you )?for (?:the|your|asking)|)(?:great|good|excellent|fantastic|wonderful|interesting) (?:question|point)\b",
            r"|^\W*thank(?:s| you) for (?:asking|your question|reaching out)\b",
            r"|\bi(?:['’]d| would) be (?:happy|glad|delighted) to (?:help|assist|explain|share|answer|elaborate)\b",
            r"|\bhow (?:can|may) i (?:help|assist) you\b|\blet me know if you (?:have|need|would|want|['’]d)\b|\b(?:i )?hope (?:this|that) helps\b",
            r"|\bfeel free to (?:ask|reach out|let me know)\b|\bis there anything else\b|\bhappy to (?:help|assist)\b",
            r"|^\W*(?:sure|certainly|absolutely|of course)[!,.] (?:here|i can|i['’]ll|let me|below)",
            r"|\bi (?:do not|don['’]t) have (?:personal (?:experiences?|opinions?|feelings)|access to (?:personal|real))\b",
            r"|\bmy (?:training data|knowledge cutoff)\b",
        ))
    });
    static FIRST: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"\bI\b|\b(?i:me|my|mine|myself|we|us|our|ours|ich|mir|mich|mein(?:e[mnrs]?)?|wir|uns|unser(?:e[mnrs]?)?|je|j['’]|moi|mon|ma|mes|nous|notre|nos|yo|mi|mis|nosotros|nuestro|nuestra)\b",
        )
        .ok()
    });
    static THIRD: LazyLock<Option<Regex>> = LazyLock::new(|| {
        compiled(concat!(
            r"\b(?:the|this) (?:author|candidate|applicant|writer|narrator|speaker|interviewee|respondent|subject|individual|person in question)(?:['’]s)?\b",
            r"|^\W*(?:he|she)(?:['’](?:s|d|ve|re))?\b|^\W*they(?:['’](?:d|ve|re))? (?:has|have|is|are|was|were|had|led|built|wrote|worked|used|did|does|made|ran|runs|works|started|joined|replaced|chose|took|kept|found|moved|cut|said|believes?|thinks?|prefers?|learned|spent|left|owns?|uses|studied)\b",
            r"|^\W*\[PERSON_\d+\](?:['’]s)? \w+",
            r"|^\W*(?:his|her|their) (?:role|work|team|job|career|experience|main|favou?rite|approach|first|last)\b",
        ))
    });
    static NARRATED: LazyLock<Option<Regex>> = LazyLock::new(|| {
        compiled(
            r"^\W*(?:(?:the|this) (?:author|candidate|applicant|writer|narrator|speaker|interviewee|respondent)\b|(?:he|she) (?:reported|reports|said|says|explained|explains|stated|states|answered|answers|did it)\b)",
        )
    });
    let is = |pattern: &LazyLock<Option<Regex>>| pattern.as_ref().is_some_and(|p| p.is_match(response));
    if is(&ASSISTANT) {
        Voice::Assistant
    } else if is(&NARRATED) {
        Voice::ThirdPersonSelf
    } else if is(&FIRST) {
        Voice::FirstPerson
    } else if is(&THIRD) {
        Voice::ThirdPersonSelf
    } else {
        Voice::Neutral
    }
}

/// Why a thought is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It says what the response says.
    EchoesResponse,
    /// It says what the question says.
    EchoesInstruction,
    /// Words that any thought could begin with, or the marks of a reasoning trace; bytes of the thought.
    Boilerplate(Range<usize>),
    /// It looks back at itself more than once; how often.
    Reflection(usize),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::EchoesResponse => "it repeats the answer",
            Self::EchoesInstruction => "it repeats the question",
            Self::Boilerplate(_) => "it has the words of a reasoning trace",
            Self::Reflection(_) => "it corrects itself again and again",
        })
    }
}

/// Likeness with the response from which a thought says the same (ROUGE-L F1).
const SAME_AS_RESPONSE: f64 = 0.9;
/// Likeness with the instruction from which a thought says the same.
const SAME_AS_INSTRUCTION: f64 = 0.7;

/// What keeps a thought from leading from its question to its answer.
#[must_use]
pub fn thought_faults(instruction: &str, thought: &str, response: &str) -> Vec<Fault> {
    static BOILERPLATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        compiled(concat!(
            r"\blet['’]?s (?:think|work|go|break|reason|approach)\b[^.\n]{0,40}\b(?:step[ -]by[ -]step|down|through)\b|\bstep[ -]by[ -]step\b",
            r"|(?m:^)\W*(?:step|schritt|étape|paso) \d+\s*[:.)]|</?(?:think|thinking|reasoning|reflection|thought)>",
            r"|(?m:^)\W*(?:thought|reasoning|thinking|analysis|chain of thought|final answer|answer|conclusion)\s*:",
            r"|\bthe (?:user|question|prompt) (?:is )?(?:asks?|asking|wants?|requires)\b|\bto answer this question\b|\bi need to (?:answer|respond|figure out how to answer)\b",
        ))
    });
    static REFLECTION: LazyLock<Option<Regex>> = LazyLock::new(|| {
        compiled(
            r"(?:^|[.!?…,;:—–-]\s*|\n|\bbut |\boh,? )(?:wait|hmm+|hold on|actually, no|on second thought|alternatively|let me (?:re-?check|double[- ]check|reconsider|re-?think|verify|see again|think again)|let['’]s (?:re-?check|double[- ]check|verify)|scratch that)\b|\b(?:let me (?:re-?check|double[- ]check|reconsider|re-?think)|on second thought)\b",
        )
    });
    let mut numbered = Numbered::default();
    let [question, thinking, answer] = [instruction, thought, response].map(|text| numbered.words(text));
    let mut out = Vec::new();
    // A single sentence of which nine words in ten stand in the response, in that order.
    let bare = sentences(thought) <= 1
        && !thinking.is_empty()
        && thinking.len() <= answer.len()
        && 10 * common(&thinking, &answer) >= 9 * thinking.len();
    if bare || rouge(&thinking, &answer) >= SAME_AS_RESPONSE {
        out.push(Fault::EchoesResponse);
    }
    if rouge(&thinking, &question) >= SAME_AS_INSTRUCTION {
        out.push(Fault::EchoesInstruction);
    }
    if let Some(hit) = BOILERPLATE.as_ref().and_then(|p| p.find(thought)) {
        out.push(Fault::Boilerplate(hit.range()));
    }
    let reflections = REFLECTION.as_ref().map_or(0, |p| p.find_iter(thought).count());
    if reflections >= 2 {
        out.push(Fault::Reflection(reflections));
    }
    out
}

/// Sentences, by closing punctuation before white space; at least one.
fn sentences(text: &str) -> usize {
    text.split_whitespace().rev().skip(1).filter(|word| word.ends_with(['.', '!', '?', ';', '…'])).count() + 1
}

#[cfg(test)]
mod tests;
