//! Names in scripts without capitals: Chinese, Japanese, Korean, Arabic, Hebrew, Devanagari, Thai.
//!
//! A Chinese or Korean name is a surname of one syllable and one or two more that given names use; a Japanese one is
//! in the lists. Ordinary words have that shape too, so a label, an honorific or a line of its own has to vouch for it.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::{Cues, Page};
use crate::mask::recognizer::compile;
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::words;

/// Surnames and the syllables of given names, by script.
struct Native {
    chinese_surnames: HashSet<&'static str>,
    chinese_given: HashSet<char>,
    japanese_surnames: HashSet<&'static str>,
    japanese_given: HashSet<&'static str>,
    korean_surnames: HashSet<&'static str>,
    korean_given: HashSet<char>,
}

static NATIVE: LazyLock<Native> = LazyLock::new(|| {
    let list = include_str!("../lexicon/native_script.txt");
    let group = |name: &str| -> Vec<&'static str> {
        let mut inside = false;
        let mut found = Vec::new();
        for line in list.lines() {
            match line.strip_prefix('#') {
                Some(heading) => inside = heading.trim() == name,
                None if inside => found.extend(line.split_whitespace()),
                None => {}
            }
        }
        found
    };
    let letters = |name: &str| group(name).iter().flat_map(|word| word.chars()).collect();
    Native {
        chinese_surnames: group("zh surnames").into_iter().collect(),
        chinese_given: letters("zh given characters"),
        japanese_surnames: group("ja surnames").into_iter().collect(),
        japanese_given: group("ja given").into_iter().collect(),
        korean_surnames: group("ko surnames").into_iter().collect(),
        korean_given: letters("ko given syllables"),
    }
});

static RUN: LazyLock<Regex> = LazyLock::new(|| {
    compile(r"[\p{Han}々]{1,8}(?:[ \u{3000}・·]?[\p{Han}\p{Hiragana}\p{Katakana}ー]{1,6})?|\p{Hangul}{2,6}")
});

/// Before a name.
const LABELS: &[&str] = &[
    "姓名",
    "名字",
    "联系人",
    "聯絡人",
    "聯繫人",
    "导师",
    "主管",
    "作者",
    "推荐人",
    "推薦人",
    "氏名",
    "名前",
    "お名前",
    "担当",
    "著者",
    "이름",
    "성명",
    "성함",
    "담당자",
    "작성자",
    "추천인",
    "发件人",
    "收件人",
    "差出人",
    "宛先",
    "姓 名",
    "感谢",
    "感謝",
];
/// Behind one.
const HONORIFICS: &[&str] = &[
    "先生",
    "女士",
    "小姐",
    "老师",
    "老師",
    "教授",
    "经理",
    "經理",
    "总监",
    "總監",
    "博士",
    "同学",
    "同事",
    "さん",
    "様",
    "氏",
    "先輩",
    "君",
    "くん",
    "ちゃん",
    "部長",
    "課長",
    "님",
    "씨",
    "교수",
    "팀장",
    "부장",
    "대리",
    "과장",
    "선생",
    "박사",
    "이사",
];

/// A label or an honorific, and the one to four words behind it.
static INTRODUCED: LazyLock<Regex> = LazyLock::new(|| {
    compile(concat!(
        r"(?:নাম|পিতা|মাতা|नाम|पिता|माता|हस्ताक्षर|שם(?:[ ]מלא)?|الاسم(?:[ ]الكامل)?|اسم|نام|ชื่อ[-–]?(?:นาม)?สกุล|ชื่อเล่น|ชื่อ|பெயர்|పేరు|姓[ \u{3000}]*名|氏[ \u{3000}]*名|氏名|名前|ふりがな|フリガナ|이름|성명|緊急連絡先)[ \t\u{3000}]*(?:[:：｜|]|[\u{3000}])[ \t\u{3000}]*(?:নাম|श्री|श्रीमती|জনাব|นาย|นางสาว|นาง)?[ ]?(",
        r"[\p{L}\p{M}'’-]+(?:[ \u{3000}][\p{L}\p{M}'’-]+){0,4})",
        r"|(?:জনাব|बেगम|श्रीमती|श्री|सुश्री|คุณ|นางสาว|นาย|พี่|ด็อกเตอร์|السيدة|السيد|المهندسة|المهندس|الأستاذة|الأستاذ|الدكتورة|الدكتور|د\.|ד\x22ר|פרופ'|מר|גב')[ ]?([\p{L}\p{M}'’-]+(?:[ ][\p{L}\p{M}'’-]+){0,3})"
    ))
});

/// Adds names in scripts without case.
pub(super) fn find(page: &Page<'_>, out: &mut Vec<Span>) {
    let text = page.text();
    for (number, line) in page.lines().iter().enumerate() {
        if !line.cues.has(Cues::WIDE) {
            continue;
        }
        let bytes = &text[line.start..line.end];
        for found in INTRODUCED.captures_iter(bytes) {
            if let Some(name) = found.get(1).or_else(|| found.get(2)) {
                let end = name.as_str().find(" और ").unwrap_or(name.len());
                let range = line.start + name.start()..line.start + name.start() + end;
                out.push(
                    Span::new(range, Entity::Person, 0.8).by(Layer::Context, "name behind a label or an honorific"),
                );
            }
        }
        if bytes.contains(|c: char| matches!(c, '\u{2E80}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}')) {
            for found in RUN.find_iter(bytes) {
                syllables(text, line.start, line.end, number, found.start() + line.start, found.as_str(), out);
            }
        }
        if bytes.contains(|c: char| matches!(c, '\u{0590}'..='\u{0E7F}')) {
            spelt(bytes, line.start, number, out);
        }
    }
}

/// Han and Hangul: the longest beginning of `run` that is a name.
fn syllables(
    text: &str,
    line_start: usize,
    line_end: usize,
    number: usize,
    start: usize,
    run: &str,
    out: &mut Vec<Span>,
) {
    let head = &text[line_start..start];
    let label = head.trim_end_matches([':', '：', ' ', '\u{3000}', '|', '*', '】', ']', '=']);
    let labelled = label.len() < head.len() && LABELS.iter().any(|word| label.ends_with(word));
    let native = &*NATIVE;
    let mut best: Option<(usize, f32)> = None;
    let chars: Vec<(usize, char)> = run.char_indices().collect();
    for count in (2..=chars.len().min(7)).rev() {
        let end = chars.get(count).map_or(run.len(), |(at, _)| *at);
        let name = &run[..end];
        let Some(worth) = native.worth(name) else { continue };
        let tail = &text[start + end..line_end];
        let honoured = HONORIFICS.iter().any(|word| tail.trim_start_matches(' ').starts_with(word));
        let outer = |c: char| !c.is_alphanumeric();
        let listed = head.ends_with(['、', '和', '与', '、', '（'])
            || ["感谢", "感謝", "主管", "我是", "上司の", "後輩の", "同事"].iter().any(|word| head.ends_with(word));
        let alone = head.chars().all(outer) && tail.chars().all(outer);
        let leads = head.chars().all(outer) && tail.chars().next().is_none_or(outer) && number < 4;
        let parted = tail.chars().next().is_none_or(outer) && head.chars().next_back().is_none_or(outer);
        let score = worth
            + if labelled { 0.5 } else { 0.0 }
            + if honoured { 0.4 } else { 0.0 }
            + if alone && number < 4 { 0.35 } else { 0.0 }
            + if listed { 0.2 } else { 0.0 }
            + if leads { 0.2 } else { 0.0 }
            + if parted { 0.1 } else { 0.0 };
        if best.is_none_or(|(_, known)| score > known + 0.05) {
            best = Some((end, score));
        }
    }
    if let Some((end, score)) = best.filter(|(_, score)| *score >= 0.5) {
        out.push(
            Span::new(start..start + end, Entity::Person, score.min(0.95)).by(Layer::Lexicon, "surname and given name"),
        );
    }
}

impl Native {
    /// What a run of syllables is worth as a name.
    fn worth(&self, name: &str) -> Option<f32> {
        let bare: String = name.chars().filter(|c| !matches!(c, ' ' | '\u{3000}' | '・' | '·')).collect();
        let parted = bare.len() < name.len();
        let count = bare.chars().count();
        if let Some((at, _)) = name.char_indices().find(|(_, c)| matches!(c, ' ' | '\u{3000}')) {
            let (surname, given) = (&name[..at], name[at..].trim());
            if self.japanese_surnames.contains(surname) {
                let known = self.japanese_given.contains(given);
                return (given.chars().count() <= 4).then_some(if known { 0.85 } else { 0.45 });
            }
        }
        for (at, _) in bare.char_indices().skip(1) {
            let (surname, given) = bare.split_at(at);
            if self.japanese_surnames.contains(surname) && self.japanese_given.contains(given) {
                return Some(0.65);
            }
            let length = given.chars().count();
            if self.korean_surnames.contains(surname)
                && length <= 2
                && given.chars().all(|c| self.korean_given.contains(&c))
            {
                return Some(if count == 3 { 0.35 } else { 0.15 });
            }
            if self.chinese_surnames.contains(surname)
                && (1..=2).contains(&length)
                && given.chars().all(|c| self.chinese_given.contains(&c))
            {
                return Some(if parted {
                    0.1
                } else if count >= 3 {
                    0.4
                } else {
                    0.25
                });
            }
        }
        None
    }
}

/// Arabic, Hebrew, Devanagari, Thai: a given name and another name of the lists beside it.
fn spelt(line: &str, start: usize, number: usize, out: &mut Vec<Span>) {
    let found = words(line);
    let name =
        |at: usize, flags: Flags| found.get(at).is_some_and(|word| word.caseless && LEXICON.word(word.hash).any(flags));
    let any = Flags::GIVEN.or(Flags::SURNAME);
    let mut at = 0;
    while at < found.len() {
        let mut end = at;
        while name(end, any) && (end == at || found[end].start() - found[end - 1].end() <= 2) {
            end += 1;
        }
        if end == at {
            at += 1;
            continue;
        }
        let given = (at..end).any(|at| name(at, Flags::GIVEN));
        if (end - at >= 2 && given) || (number < 2 && end - at == found.len() && given) {
            let range = start + found[at].start()..start + found[end - 1].end();
            out.push(Span::new(range, Entity::Person, 0.75).by(Layer::Lexicon, "given name and surname"));
        }
        at = end;
    }
}
