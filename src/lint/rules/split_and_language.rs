//! BAL004: too little is held out, or a text is in another language than the rest.

use super::prelude::*;
use aho_corasick::{AhoCorasick, MatchKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use whatlang::{Detector, Lang};

/// Flags runs with too few held-out rows, and texts in another language than the declared one or that of most rows.
pub(in crate::lint) struct SplitAndLanguage;

static META: Meta = Meta {
    code: "BAL004",
    name: "split-or-language",
    severity: Severity::Warning,
    fix: None,
    kinds: &Kind::ALL,
    summary: "Less than a tenth or fewer than 20 rows are held out, or a text is in another language than the others",
    explanation: "
## Why it matters
A measurement on a dozen rows moves by eight points when one answer changes.
A row in another language pulls a small student into it, in the middle of an answer.

## Example
Eight of 130 rows have `split` `test`: 13 are a tenth, and 20 the least. Rows of all kinds and files of the run count
together; nothing is said where no row is held out at all, under 100 rows, and of the share from 1,000 held-out rows on.

`Ich habe die Boje im Hafen repariert und dann das Log gelesen.` among English answers is found. The language is that of
`language` in the settings (`en`, `deu`), else the one that eight in ten of at least 50 texts are in; a mixture has none.
Questions, thoughts and answers of at least eight words are judged by their first 300 characters, without code, names
and numbers, and only where the language is certain. Close relatives such as Danish and Norwegian are one, and
rows that ask for a translation are left alone.

## How to fix
Raise `rows.test_ratio`. Generate the row again in the language of the others, or declare the language that is meant.
",
};

/// Rows under which nothing is said of splits.
const LEAST_ROWS: u64 = 100;
/// Held-out rows that are enough, whatever their share.
const ENOUGH: u64 = 1000;
/// Share of the texts that makes a language that of the set.
const MOST_TEXTS: f64 = 0.8;
/// Fewest texts that make a language that of the set.
const LEAST_TEXTS: u64 = 50;
/// Fewest words whose language is looked at.
const WORDS: usize = 8;
/// Of these so many that are no names.
const LOWER: usize = 5;
/// Bytes that are looked at, for most texts and for those that they do not settle.
const LINE: usize = 120;
const CHARS: usize = 300;
/// Texts of one language that are remembered.
const MOST: usize = 100_000;
/// More than there are languages.
const LANGUAGES: usize = 128;

impl Rule for SplitAndLanguage {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let t = &settings.thresholds;
        let declared = settings.language.trim();
        let kept = usize::try_from(settings.kept()).unwrap_or(usize::MAX).min(MOST);
        Box::new(Splits {
            share: t.eval_share,
            least: t.eval_rows,
            min_rows: settings.min_rows.max(LEAST_ROWS),
            first: None,
            rows: 0,
            held_out: 0,
            declares: false,
            declared: language(declared),
            is_declared: !declared.is_empty(),
            kept,
            texts: [const { AtomicU64::new(0) }; LANGUAGES],
            places: Mutex::new(BTreeMap::new()),
        })
    }
}

struct Splits {
    share: f64,
    least: u64,
    min_rows: u64,
    first: Option<u32>,
    rows: u64,
    held_out: u64,
    /// Whether our own files say of each row which split it is in.
    declares: bool,
    declared: Option<Lang>,
    is_declared: bool,
    kept: usize,
    /// Texts by language. Filled on all cores in no order, like the places: the first of each language are kept.
    texts: [AtomicU64; LANGUAGES],
    places: Mutex<BTreeMap<u8, Places>>,
}

/// Rows and fields.
type Places = BTreeSet<(RowRef, Box<str>)>;

impl Check for Splits {
    fn table(&mut self, table: &Arc<TableInfo>, _out: &mut Findings) {
        if table.kind().is_some() {
            self.first.get_or_insert(table.index);
            self.declares |= table.has_provenance() && table.has("split");
        }
    }

    fn row(&self, row: &View<'_>, _out: &mut Findings) {
        let judged = |role: Role| {
            matches!(role, Role::Prompt | Role::Context | Role::Thought | Role::Rejected) || role.is_answer()
        };
        let mut found =
            row.trained().filter(|text| judged(text.role)).filter_map(|text| Some((text, language_of(text.text)?)));
        let Some(first) = found.next() else { return };
        if row.prompt().is_some_and(|prompt| asks_for_another(prompt.text)) {
            return;
        }
        for (text, lang) in std::iter::once(first).chain(found) {
            let lang = relative(lang) as u8;
            let seen = self.texts[usize::from(lang) % LANGUAGES].fetch_add(1, Ordering::Relaxed);
            // The row after the last one that is kept need not wait for the others.
            let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
            let places = places.entry(lang).or_default();
            let full = seen as usize >= self.kept && places.len() >= self.kept;
            if full && places.last().is_some_and(|(last, _)| *last < row.at) {
                continue;
            }
            places.insert((row.at, text.name.as_ref().into()));
            if places.len() > self.kept {
                places.pop_last();
            }
        }
    }

    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        if row.kind().is_some() {
            self.rows += 1;
            self.held_out += u64::from(row.held_out());
        }
    }

    fn finish(&mut self, out: &mut Findings) {
        self.judge_splits(out);
        let Some(main) = self.main() else { return };
        for (lang, places) in self.places.get_mut().unwrap_or_else(PoisonError::into_inner).iter() {
            if *lang == main as u8 {
                continue;
            }
            let found =
                Lang::all().iter().find(|known| **known as u8 == *lang).map_or("another language", |l| name(*l));
            for (row, field) in places {
                let reason = if self.is_declared { "the declared language" } else { "the language of most texts" };
                let message = format!("`{field}` is in {found}, {reason} is {}", name(main));
                out.push(Finding::at(&META, *row, message).field(field));
            }
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        let texts: u64 = self.texts.iter().map(|count| count.load(Ordering::Relaxed)).sum();
        let reason = match (self.main(), self.is_declared) {
            (None, true) if texts > 0 => "the declared language is none that can be told from others",
            (None, false) if texts >= LEAST_ROWS => "no language is declared and none has most of the texts",
            _ => return vec![],
        };
        vec![Skipped { code: META.code, file: None, reason: reason.to_owned() }]
    }
}

impl Splits {
    fn judge_splits(&self, out: &mut Findings) {
        let Some(table) = self.first.filter(|_| self.rows >= self.min_rows) else { return };
        // All of it is the other split's file, or nobody speaks of splits.
        if self.held_out == self.rows || (self.held_out == 0 && !self.declares) {
            return;
        }
        let wanted = (self.share * self.rows as f64).min(ENOUGH as f64);
        if (self.held_out as f64) < wanted || self.held_out < self.least {
            let message = format!(
                "{} of {} rows are held out, at least {:.0} should be",
                self.held_out,
                self.rows,
                wanted.ceil().max(self.least as f64)
            );
            out.push(Finding::in_table(&META, table, message));
        }
    }

    /// The language that texts should be in.
    fn main(&self) -> Option<Lang> {
        if self.is_declared {
            return self.declared.map(relative);
        }
        let counts = self.texts.each_ref().map(|count| count.load(Ordering::Relaxed));
        let all: u64 = counts.iter().sum();
        let of = |lang: &Lang| counts[*lang as usize % LANGUAGES];
        let most = Lang::all().iter().copied().max_by_key(of)?;
        (all >= LEAST_TEXTS && of(&most) as f64 >= MOST_TEXTS * all as f64).then_some(most)
    }
}

/// The language of an ISO 639-1 or 639-3 code, a region behind it or not.
fn language(code: &str) -> Option<Lang> {
    const SHORT: &str = "eo epo en eng ru rus zh cmn es spa pt por it ita bn ben fr fra de deu uk ukr ka kat ar ara hi hin ja jpn \
        he heb yi yid pl pol am amh jv jav ko kor nb nob no nob nn nob da dan sv swe fi fin tr tur nl nld hu hun cs ces el ell bg bul \
        be bel mr mar kn kan ro ron sl slv hr hrv sr srp mk mkd lt lit lv lav et est ta tam vi vie ur urd th tha gu guj \
        uz uzb pa pan az aze id ind te tel fa pes ml mal or ori my mya ne nep si sin km khm tk tuk af afr la lat sk slk \
        ca cat tl tgl hy hye zho cmn nor nob nno nob ger deu fre fra dut nld per pes fas pes chi cmn cze ces slo slk";
    let code = code.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    let mut words = SHORT.split_whitespace();
    while let (Some(short), Some(long)) = (words.next(), words.next()) {
        if short == code {
            return Lang::from_code(long);
        }
    }
    Lang::from_code(&code)
}

/// One for all languages that short texts do not tell apart: close relatives, and those of one script.
fn relative(lang: Lang) -> Lang {
    match lang {
        Lang::Dan | Lang::Nob | Lang::Swe => Lang::Nob,
        Lang::Hrv | Lang::Slv => Lang::Hrv,
        Lang::Rus | Lang::Ukr | Lang::Bel | Lang::Srp | Lang::Mkd | Lang::Bul => Lang::Rus,
        Lang::Ces | Lang::Slk => Lang::Ces,
        Lang::Nld | Lang::Afr => Lang::Nld,
        Lang::Spa | Lang::Por | Lang::Cat => Lang::Spa,
        Lang::Ind | Lang::Jav | Lang::Tgl => Lang::Ind,
        Lang::Tur | Lang::Aze | Lang::Tuk | Lang::Uzb => Lang::Tur,
        Lang::Hin | Lang::Mar | Lang::Nep => Lang::Hin,
        Lang::Ara | Lang::Urd | Lang::Pes => Lang::Ara,
        Lang::Heb | Lang::Yid => Lang::Heb,
        Lang::Cmn | Lang::Jpn => Lang::Cmn,
        other => other,
    }
}

/// What a language and its relatives are called.
fn name(lang: Lang) -> &'static str {
    match lang {
        Lang::Nob => "Danish, Norwegian or Swedish",
        Lang::Hrv => "Croatian or Slovene",
        Lang::Rus => "a language in Cyrillic script",
        Lang::Ces => "Czech or Slovak",
        Lang::Nld => "Dutch or Afrikaans",
        Lang::Spa => "Spanish, Portuguese or Catalan",
        Lang::Ind => "Indonesian, Javanese or Tagalog",
        Lang::Tur => "a Turkic language",
        Lang::Hin => "a language in Devanagari",
        Lang::Ara => "a language in Arabic script",
        Lang::Heb => "Hebrew or Yiddish",
        Lang::Cmn => "Chinese or Japanese",
        other => other.eng_name(),
    }
}

/// Small words of the languages that most data is in: they settle nearly every text before anything dear is asked.
const SMALL: [(Lang, &str); 7] = [
    (
        Lang::Eng,
        "the of and to is was were that it for with as at by this are be have had but or an from they you your we our what \
         which when where why how did do does not his her my i would there their been has if who on in a so no me us its \
         than then them could can will about into after because only one out up",
    ),
    (
        Lang::Deu,
        "der die das und ist nicht ein eine einen einem einer ich wir sie er es zu den dem des mit von auf für im war hat \
         haben sich auch dass als wie was wer wo warum wenn noch nur nach bei aus um oder aber mein unser sein ihr hatte \
         wurde waren kein keine so am an in",
    ),
    (
        Lang::Fra,
        "le la les de des du et est un une en que qui dans pour pas sur au aux avec ce cette ces il elle nous vous je ils \
         était sont ont par plus mais ou où se sa son ses mon ma mes j'ai c'est n'est d'un d'une puis ne a été avait on y quand comment pourquoi",
    ),
    (
        Lang::Spa,
        "el la los las de del y en que un una es por con no para se su al lo como más pero fue era son está yo me mi nos \
         le ha había qué cómo cuándo porque muy sin sobre también ya o a hay este esta eso",
    ),
    (
        Lang::Por,
        "o os a as do da dos das de e em que um uma é por com não para se no na nos nas ao como mais mas foi era são está eu \
         me meu minha nós há quando porque muito sem sobre também já ou depois isso este esta ele ela eles",
    ),
    (
        Lang::Ita,
        "il lo la gli le di del della dei che e è un una in per non con si da al alla sono era ho ha abbiamo mi ci come ma \
         più anche perché quando dove chi cosa questo questa nel nella i su o se",
    ),
    (
        Lang::Nld,
        "de het een en van in is dat niet op te zijn was met voor aan er ik we wij je die als maar om ook dan naar bij uit \
         hebben heeft had wat waarom hoe wanneer wie waar nog wel geen mijn ons door over of",
    ),
];

/// Words with the languages that have them, a bit each.
static BITS: LazyLock<std::collections::HashMap<&'static str, u8>> = LazyLock::new(|| {
    let mut bits = std::collections::HashMap::new();
    for (bit, (_, words)) in SMALL.iter().enumerate() {
        words.split_whitespace().for_each(|word| *bits.entry(word).or_default() |= 1 << bit);
    }
    bits
});

/// Without close relatives of others, which only make it unsure, and without languages that odd texts are taken for.
static DETECTOR: LazyLock<Detector> = LazyLock::new(|| {
    use Lang::{Afr, Aka, Cat, Dan, Epo, Jav, Lat, Slk, Slv, Swe, Tuk};
    Detector::with_denylist(vec![Afr, Aka, Cat, Dan, Epo, Jav, Lat, Slk, Slv, Swe, Tuk])
});

/// What the small words of a sample say.
struct Small {
    words: usize,
    hits: [usize; SMALL.len()],
    best: usize,
}

impl Small {
    fn of(sample: &str) -> Self {
        let (mut hits, mut words) = ([0; SMALL.len()], 0);
        for word in sample.split(' ') {
            words += 1;
            // The longest small word has eight bytes.
            if let Some(bits) = Some(word).filter(|word| word.len() <= 8).and_then(|word| BITS.get(word)) {
                hits.iter_mut().enumerate().for_each(|(bit, hits)| *hits += usize::from(bits >> bit & 1));
            }
        }
        let best = (0..SMALL.len()).max_by_key(|bit| hits[*bit]).unwrap_or(0);
        Self { words, hits, best }
    }

    /// The language, where they settle it. In running text small words are 40 of a hundred, those of another
    /// language hardly any.
    fn lang(&self) -> Option<Lang> {
        let best = self.hits[self.best];
        let (lang, _) = SMALL[self.best];
        let other = |bit: &usize| relative(SMALL[*bit].0) != relative(lang);
        let second = (0..SMALL.len()).filter(other).map(|bit| self.hits[bit]).max().unwrap_or(0);
        (best >= 3 && 5 * best >= self.words && best >= 2 * second).then_some(lang)
    }
}

/// The language of a text; `None` where it is short, code, names, or not certain.
fn language_of(text: &str) -> Option<Lang> {
    // A line is enough for most texts.
    let line = sample(text, LINE)?;
    if let Some(lang) = Small::of(&line).lang() {
        return Some(lang);
    }
    let sample = sample(text, CHARS)?;
    let small = Small::of(&sample);
    if let Some(lang) = small.lang() {
        return Some(lang);
    }
    // Scripts tell by themselves; in Latin letters the detector has to be sure.
    let info = DETECTOR.detect(&sample)?;
    if !info.is_reliable() && info.script() == whatlang::Script::Latin {
        return None;
    }
    let most = small.hits[small.best];
    match SMALL.iter().position(|(lang, _)| *lang == info.lang()) {
        // A listed language without its small words is names and things.
        Some(at) => (small.hits[at] >= 2 && small.hits[at] == most).then_some(info.lang()),
        // Another one would not have those of a listed one.
        None => (5 * most <= small.words).then_some(info.lang()),
    }
}

/// The first words of a text in small letters, parted by spaces; `None` when they are too few, or too much else is
/// between them.
fn sample(text: &str, chars: usize) -> Option<String> {
    // Most short texts are told by their length.
    if text.len() < 2 * WORDS {
        return None;
    }
    let mut out = String::with_capacity(chars + 32);
    let (mut words, mut lower, mut others) = (0, 0, 0);
    let prose = text.find("```").map_or(text, |at| &text[..at]);
    for token in prose.split_whitespace() {
        let bare = token.trim_matches(|c: char| !c.is_alphabetic());
        if token.bytes().any(is_code) {
            others += 1;
            continue;
        }
        // Two signs of a script without spaces are about a word; such scripts have their stops inside.
        let unspaced = if bare.is_ascii() { 0 } else { bare.chars().filter(|c| is_unspaced(*c)).count() };
        if bare.is_empty() || (unspaced == 0 && !is_word(bare)) {
            continue;
        }
        let n = unspaced.div_ceil(2).max(1);
        words += n;
        // Where a script has no capitals nothing is told to be a name.
        lower += if bare.starts_with(char::is_uppercase) { 0 } else { n };
        if !out.is_empty() {
            out.push(' ');
        }
        if bare.is_ascii() {
            let from = out.len();
            out.push_str(bare);
            out[from..].make_ascii_lowercase();
        } else {
            out.extend(bare.chars().flat_map(char::to_lowercase));
        }
        if out.len() >= chars {
            break;
        }
    }
    (words >= WORDS && lower >= LOWER && 3 * others < words).then_some(out)
}

/// Marks that stand in code, addresses and placeholders.
const fn is_code(b: u8) -> bool {
    matches!(b, b'_' | b'{' | b'}' | b'<' | b'>' | b'=' | b'/' | b'\\' | b'@' | b'#' | b'[' | b']' | b'|' | b'`' | b'$')
}

/// Letters with apostrophes and hyphens between them.
fn is_word(bare: &str) -> bool {
    if bare.is_ascii() {
        return bare.bytes().all(|b| b.is_ascii_alphabetic() || b == b'\'' || b == b'-');
    }
    bare.chars().all(|c| c.is_alphabetic() || matches!(c, '\'' | '’' | '-' | '\u{300}'..='\u{36f}') || is_sign(c))
}

/// Whether a script puts no spaces between words: Chinese, Japanese, Thai, Khmer, Burmese.
const fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{e7f}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
}

/// Vowel signs and joiners that stand inside words of Indic scripts.
const fn is_sign(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{dff}' | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{670}' | '\u{200c}' | '\u{200d}')
}

/// Whether a question asks for something in another language.
fn asks_for_another(question: &str) -> bool {
    const NAMES: &[&str] = &[
        "translat",
        "übersetz",
        "tradui",
        "traduc",
        "vertaal",
        "language",
        "multilingual",
        "english",
        "german",
        "french",
        "spanish",
        "italian",
        "portuguese",
        "dutch",
        "russian",
        "chinese",
        "mandarin",
        "japanese",
        "korean",
        "arabic",
        "hindi",
        "swedish",
        "danish",
        "norwegian",
        "finnish",
        "polish",
        "turkish",
        "greek",
        "latin",
        "hebrew",
        "czech",
        "hungarian",
        "auf deutsch",
        "auf englisch",
        "en anglais",
        "en français",
        "en inglés",
        "en español",
    ];
    static ANY: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::LeftmostFirst).build(NAMES).ok()
    });
    let end = question.floor_char_boundary(question.len().min(400));
    ANY.as_ref().is_some_and(|any| any.is_match(&question[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_only_where_certain() {
        let check = |text: &str, expected: Option<Lang>| {
            assert_eq!(language_of(text).map(relative), expected, "{text}");
        };
        check("I fixed the pump because the valve had rusted through.", Some(Lang::Eng));
        check("Ich habe die Boje im Hafen repariert und dann das Log gelesen.", Some(Lang::Deu));
        check("J'ai réparé la bouée dans le port et puis j'ai lu le journal.", Some(Lang::Fra));
        check("Arreglé la boya en el puerto y luego leí el registro con calma.", Some(Lang::Spa));
        check("Korjasin poijun satamassa ja luin sen jälkeen lokin rauhassa kotona illalla.", Some(Lang::Fin));
        check("Я починил буй в гавани и потом спокойно прочитал журнал дома вечером.", Some(Lang::Rus));
        check("港でブイを修理してから、家でゆっくりログを読みました。", Some(Lang::Cmn));
        check("Jeg reparerede bøjen i havnen og læste derefter loggen hjemme i ro og mag.", Some(Lang::Nob));
        check("Naprawiłem boję w porcie, a potem spokojnie przeczytałem dziennik w domu.", Some(Lang::Pol));
        check("Popravio sam bovu u luci i zatim kod kuće na miru pročitao dnevnik.", Some(Lang::Hrv));
        check("Consertei a boia no porto e depois li o registro em casa com calma.", Some(Lang::Spa));
        check("Jag lagade bojen i hamnen på morgonen och läste sedan loggen hemma i lugn och ro.", None);
        // Too short, code, names, numbers.
        check("Ich habe die Boje repariert.", None);
        check("let x = foo(bar); for i in 0..n { x += a[i]; } return x;", None);
        check("Kafka, PostGIS, NATS JetStream, HashiCorp Vault, Bazel, Erlang, Rust, Python, Iridium", None);
        check("Anna Karenina, Leo Tolstoi, Thomas Mann, Hermann Hesse, Rosa Luxemburg", None);
        check("12 34 56 78 90 11 22 33 44 55 66 77", None);
        check("Run `cargo build --release` then `cargo test` and `git push`", None);
        check("", None);
    }

    #[test]
    fn codes_of_languages() {
        let check = |code: &str, expected: Option<Lang>| assert_eq!(language(code), expected, "{code}");
        check("en", Some(Lang::Eng));
        check("EN-gb", Some(Lang::Eng));
        check("deu", Some(Lang::Deu));
        check("zh_CN", Some(Lang::Cmn));
        check("klingon", None);
        check("", None);
    }

    fn run(settings: LintSettings, rows: &[(&str, &str, Option<&str>)]) -> Vec<(Option<u64>, String)> {
        let settings = LintSettings { select: vec!["BAL004".to_owned()], ..settings };
        let record = |(row, (question, answer, split)): (u64, &(&str, &str, Option<&str>))| {
            let values =
                serde_json::json!({"instruction": question, "context": "", "response": answer, "split": split});
            crate::dataset::Record { row, line: None, values: values.as_object().cloned().unwrap() }
        };
        let table = crate::dataset::Table {
            path: "t".into(),
            kind: None,
            columns: ["instruction", "context", "response", "split"].map(str::to_owned).to_vec(),
            metadata: BTreeMap::new(),
            records: (0..).zip(rows).map(record).collect(),
        };
        let report = crate::lint::lint([&table].into_iter(), &settings, &Context::default()).unwrap();
        report.findings.into_iter().map(|finding| (finding.row, finding.message)).collect()
    }

    #[test]
    fn splits_are_judged_from_a_hundred_rows_on() {
        let check = |train: usize, test: usize, expected: usize| {
            let rows =
                [vec![("Why?", "So.", Some("train")); train], vec![("Why?", "So.", Some("test")); test]].concat();
            assert_eq!(run(LintSettings::default(), &rows).len(), expected, "{train} {test}");
        };
        check(110, 20, 0);
        check(111, 19, 1);
        check(300, 30, 1);
        check(300, 34, 0);
        check(60, 3, 0);
        check(130, 0, 0);
        check(0, 130, 0);
    }

    #[test]
    fn the_language_is_declared_or_that_of_most() {
        let english =
            ("What did you do about the pump that day?", "I took it apart and found that the valve was stuck.");
        let german = "Ich habe sie zerlegt und gesehen, dass das Ventil nicht mehr zu bewegen war.";
        let row = |question, answer| (question, answer, None);
        let check = |settings: &LintSettings, rows: &[(&str, &str, Option<&str>)], expected: &[u64]| {
            let found: Vec<u64> = run(settings.clone(), rows).into_iter().filter_map(|(row, _)| row).collect();
            assert_eq!(found, expected);
        };
        let usual = LintSettings::default();
        let mut rows = vec![row(english.0, english.1); 29];
        rows.push(row(english.0, german));
        check(&usual, &rows, &[29]);
        check(&usual, &rows[20..], &[]);
        let declared = LintSettings { language: "de".to_owned(), ..LintSettings::default() };
        check(&declared, &[row("Warum?", german), row("Why?", english.1)], &[1]);
        rows[29].0 = "Say in German: I took it apart and the valve was stuck.";
        check(&usual, &rows, &[]);
        rows[29].0 = "Translate it for your aunt.";
        check(&usual, &rows, &[]);
        let mixed = [vec![row(english.0, english.1); 30], vec![row("Warum?", german); 30]].concat();
        check(&usual, &mixed, &[]);
    }
}
