//! Addresses without blanks between their parts: Chinese and Japanese, from the largest unit to the house; Korean and
//! Thai beside them.

use std::sync::LazyLock;

use regex::Regex;

use crate::mask::page::{Cues, Line, Page};
use crate::mask::recognizer::compile;
use crate::mask::span::{Entity, Span};

pub(super) fn find(page: &Page<'_>, out: &mut Vec<Span>) {
    let text = page.text();
    for line in page.lines().iter().filter(|line| line.cues.has(Cues::WIDE) && line.digits >= 6) {
        let spelt = &text[line.start..line.end];
        match script(spelt) {
            Script::Han => han(spelt, line, out),
            Script::Hangul => matches(&KOREAN, spelt, line, out, |_| true),
            Script::Thai => matches(&THAI, spelt, line, out, |found| {
                ["ตู้", "ปณ", "แขวง", "เขต", "ตำบล", "อำเภอ", "ต.", "อ.", "ถนน", "ถ.", "ซอย", "ซ.", "จังหวัด", "จ."]
                    .iter()
                    .filter(|word| found.contains(**word))
                    .count()
                    >= 2
            }),
            Script::Other => {}
        }
    }
}

#[derive(PartialEq)]
enum Script {
    Han,
    Hangul,
    Thai,
    Other,
}

/// By the first bytes of the characters: the first of these scripts that a line has, Hangul before Han.
fn script(line: &str) -> Script {
    let (mut han, mut thai) = (false, false);
    for byte in line.bytes() {
        match byte {
            0xEA..=0xED => return Script::Hangul,
            0xE3..=0xE9 => han = true,
            0xE0 => thai = true,
            _ => {}
        }
    }
    match (han, thai) {
        (true, _) => Script::Han,
        (_, true) => Script::Thai,
        _ => Script::Other,
    }
}

fn matches(pattern: &Regex, spelt: &str, line: &Line, out: &mut Vec<Span>, fits: impl Fn(&str) -> bool) {
    for found in pattern.find_iter(spelt).filter(|found| fits(found.as_str())) {
        let value = found.as_str().trim_end_matches([' ', ',', '.']);
        let start = line.start + found.start();
        out.push(Span::new(start..start + value.len(), Entity::Address, 0.8));
    }
}

static KOREAN: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?:\(?(?:우[ )]{0,2})?[0-9]{5}\)?[ ])?(?:\p{Hangul}{1,6}[ ])?\p{Hangul}{1,5}(?:시|군|구)[ ](?:\p{Hangul}{1,5}구[ ])?(?:\p{Hangul}{1,6}(?:읍|면|동)[ ])?(?:[\p{Hangul}0-9]{1,14}(?:로|길|동|리|가))(?:[ ]?[0-9]{1,4}번?길)?[ ]?[0-9]{1,5}(?:-[0-9]{1,4})?(?:번지)?(?:,?[ ](?:\p{Hangul}{2,12}[ ])?(?:[0-9]{1,4}|[A-Z가나다라마])동)?(?:,?[ ][0-9]{1,5}호|,?[ ](?:(?:지하|지상)[ ]?)?[0-9]{1,3}층)?(?:[ ]?\([^()\n]{2,24}\))?(?:[ ]?\(?우[ ]?(?:편번호)?[:)]?[ ]?[0-9]{5}\)?)?",
    )
});

static THAI: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"ตู้[ ]?(?:ปณ|ป\.ณ)\.?[ ]?[0-9๐-๙]{1,5}[\p{Thai} .,]{0,80}[0-9๐-๙]{5}|(?:บ้านเลขที่[ ]?|เลขที่[ ]?)?[0-9๐-๙]{1,4}(?:/[0-9๐-๙]{1,4})?[ ][\p{Thai}0-9๐-๙ ./,()-]{8,160}[ ][0-9๐-๙]{5}",
    )
});

/// A province, a city or a part of one.
fn region(c: char) -> bool {
    matches!(c, '省' | '市' | '区' | '區' | '都' | '府' | '県' | '縣' | '县' | '郡')
}

/// A street, a quarter or a village.
fn road(c: char) -> bool {
    matches!(
        c,
        '路' | '街'
            | '道'
            | '巷'
            | '弄'
            | '段'
            | '镇'
            | '鎮'
            | '乡'
            | '鄉'
            | '町'
            | '村'
            | '里'
            | '胡'
            | '条'
            | '丁'
            | '寨'
            | '湾'
    )
}

/// A house, a floor or a room.
fn house(c: char) -> bool {
    matches!(
        c,
        '号' | '號'
            | '栋'
            | '棟'
            | '幢'
            | '楼'
            | '樓'
            | '室'
            | '階'
            | '座'
            | '层'
            | '番'
            | '目'
            | '元'
            | 'F'
            | '院'
            | '之'
    )
}

fn digit(c: char) -> bool {
    c.is_ascii_digit() || ('０'..='９').contains(&c)
}

fn han_letter(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '々' | '〇')
}

/// What may stand inside.
fn inside(c: char) -> bool {
    han_letter(c)
        || digit(c)
        || matches!(c, '-' | '－' | '−' | '‐' | '–' | ' ' | '\u{3000}' | '#')
        || c.is_ascii_uppercase()
}

fn han(spelt: &str, line: &Line, out: &mut Vec<Span>) {
    let chars: Vec<(usize, char)> = spelt.char_indices().collect();
    let at_byte = |index: usize| chars.get(index).map_or(spelt.len(), |(at, _)| *at);
    let mut next = 0;
    while next < chars.len() {
        // A region begins it, or the sign of the Japanese post.
        let (_, c) = chars[next];
        let post = c == '〒';
        if !post && !region(c) {
            next += 1;
            continue;
        }
        let mut start = next;
        if !post {
            // Its name: two to four characters, none of which says where one is.
            while start > 0
                && next - start < 4
                && han_letter(chars[start - 1].1)
                && !BEFORE.contains(&chars[start - 1].1)
            {
                start -= 1;
            }
            if start == next {
                next += 1;
                continue;
            }
        }
        let (mut end, mut regions, mut roads, mut houses, mut digits) = (next + 1, 1, 0, 0, 0);
        let mut at = next + 1;
        let mut run = 0;
        let mut last = at;
        let mut blanks = 0;
        while at < chars.len() {
            let c = chars[at].1;
            if !inside(c) && !(post && matches!(c, '(' | ')')) || at - last > 14 {
                break;
            }
            if digit(c) {
                run += 1;
                // A telephone.
                if run > 7 {
                    break;
                }
            } else if !matches!(c, '-' | '－' | '−' | '‐') {
                run = 0;
            }
            blanks = if matches!(c, ' ' | '\u{3000}') { blanks + 1 } else { 0 };
            if blanks > 1 {
                break;
            }
            if region(c) {
                regions += 1;
                last = at;
            } else if road(c) {
                roads += 1;
                last = at;
                end = end.max(at + 1);
            } else if digit(c) {
                digits += 1;
                last = at;
                end = at + 1;
            } else if house(c) && chars[at - 1].1 != ' ' || house(c) && at > 1 && digit(chars[at - 2].1) {
                houses += 1;
                last = at;
                end = at + 1;
            }
            at += 1;
        }
        let dashed = (next..end.min(chars.len())).any(|at| {
            matches!(chars[at].1, '-' | '－' | '−' | '‐')
                && at > 0
                && digit(chars[at - 1].1)
                && chars.get(at + 1).is_some_and(|c| digit(c.1))
        });
        let fits = digits > 0
            && (post && (regions > 1 || digits >= 7)
                || regions + roads >= 2
                    && (houses > 0 || dashed && roads > 0 || roads >= 2 && regions >= 2 || dashed && regions >= 2)
                || houses >= 2 && roads > 0);
        if fits {
            let mut from = at_byte(start);
            // `106 臺北市`, `100-0001 東京都`.
            let head = spelt[..from].trim_end();
            let code = head.trim_end_matches(|c: char| digit(c) || matches!(c, '-' | '－' | '〒'));
            if matches!(head[code.len()..].chars().filter(|c| digit(*c)).count(), 3 | 5..=7) && from - head.len() <= 3 {
                from = code.len();
            }
            let mut to = at_byte(end);
            // `，310012`.
            let tail = spelt[to..]
                .trim_start_matches([',', '，', ' ', '（', '(', '邮', '编', '郵', '編', ':', '：', '政', '码']);
            let width = tail.bytes().take_while(u8::is_ascii_digit).count();
            if width == 6 && spelt.len() - tail.len() - to <= 21 && tail.len() < spelt[to..].len() {
                to = spelt.len() - tail.len() + width;
            }
            // The name of a house at the end of a Japanese address: `六本木ヒルズ`.
            let tail = spelt[to..].trim_end();
            let named = tail.trim_start_matches([' ', '\u{3000}']);
            if named.len() < tail.len()
                && named.chars().count() <= 16
                && named.chars().any(|c| ('\u{30A0}'..='\u{30FF}').contains(&c))
                && named.chars().all(han_letter)
            {
                to += tail.len();
            }
            out.push(Span::new(line.start + from..line.start + to, Entity::Address, 0.8));
            next = end.max(next + 1);
        } else {
            next += 1;
        }
    }
}

/// Characters before the name of a city that are none of it.
const BEFORE: [char; 14] = ['在', '于', '於', '住', '址', '是', '从', '來', '来', '自', '到', '的', '，', '於'];
