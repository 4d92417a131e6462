//! Japanese names, and how they are read.

use super::{AROUND, NATIVE, Row, is_han, is_kana, is_katakana, span};
use crate::mask::span::Span;

impl Row<'_> {
    /// Japanese names: known surnames beside known given names, and whatever stands before `さん`.
    pub(super) fn japanese(&self, out: &mut Vec<Span>) {
        const STRONG: &[&str] = &["さん", "様", "さま", "ちゃん", "くん", "氏", "殿", "先輩", "君"];
        const TITLES: &[&str] =
            &["課長", "部長", "係長", "社長", "店長", "室長", "先生", "教授", "主任", "専務", "です", "と申します"];
        const NOBODY: &[&str] = &[
            "客", "皆", "奥", "神", "王", "姉", "兄", "母", "父", "娘", "者", "業", "御", "各", "同", "本", "子", "孫",
            "医", "社",
        ];
        let native = &*NATIVE;
        let line = &self.text[self.line.clone()];
        // `名義 クロイワ ミサキ`: two parts in kana behind a label.
        let kana = || line.char_indices().find(|(_, c)| is_katakana(*c));
        if let Some((at, _)) = kana()
            && self.labelled(self.line.start + at)
        {
            let inner = &line[at..];
            let length = inner.find(|c: char| !is_katakana(c) && !matches!(c, ' ' | '\u{3000}')).unwrap_or(inner.len());
            let reading = inner[..length].trim_end();
            let two = reading.split([' ', '\u{3000}']).filter(|part| (2..=7).contains(&part.chars().count())).count();
            if two == 2 && reading.chars().count() <= 15 {
                let from = self.line.start + at;
                out.push(span(from..from + reading.len(), 0.7, "how a name is read"));
            }
        }
        // How a name is read, in kana.
        for label in ["ふりがな", "フリガナ", "よみがな"] {
            let Some(at) = line.find(label) else { continue };
            let rest = &line[at + label.len()..];
            let start = rest
                .find(|c: char| !matches!(c, ':' | '：' | ' ' | '\u{3000}' | '\t' | '）' | ')' | '】' | '|'))
                .unwrap_or(rest.len());
            let length = rest[start..]
                .find(|c: char| !is_kana(c) && !matches!(c, ' ' | '\u{3000}'))
                .unwrap_or(rest.len() - start);
            let reading = rest[start..start + length].trim_end();
            if (3..=16).contains(&reading.chars().count()) {
                let from = self.line.start + at + label.len() + start;
                out.push(span(from..from + reading.len(), 0.8, "how a name is read"));
            }
        }
        self.read_aloud(line, out);
        self.kin(line, out);
        // `大和田 紀子`, `藤村美咲`: a surname at the start of a run.
        let mut before = ' ';
        let mut next = 0;
        for (at, c) in line.char_indices() {
            let begins = is_han(c) && at >= next && (!is_han(before) || AROUND.cues.of(&line[..at]).next().is_some());
            before = c;
            if !begins {
                continue;
            }
            const FIRMS: &[&str] = &["株式会社", "有限会社", "合同会社", "㈱", "医療法人", "学校法人"];
            if FIRMS.iter().any(|firm| line[..at].ends_with(firm)) {
                next = at + line[at..].find(|c: char| !is_han(c) && !is_kana(c)).unwrap_or(line.len() - at);
                continue;
            }
            // `推薦者　葛城　冬馬`: behind a label two parts are a name that no list needs to have.
            if !is_han(line[..at].chars().next_back().unwrap_or(' '))
                && self.labelled(self.line.start + at)
                && let Some(length) = parted(&line[at..])
            {
                next = at + length;
                out.push(span(self.line.start + at..self.line.start + next, 0.75, "surname and given name"));
                continue;
            }
            let rest: Vec<(usize, char)> = line[at..].char_indices().take(9).collect();
            for count in (1..=rest.len().min(3)).rev() {
                let Some(cut) = rest.get(count).map(|(cut, _)| *cut) else { continue };
                let surname = &line[at..at + cut];
                if !native.japanese_surnames.contains(surname) {
                    continue;
                }
                let tail = &line[at + cut..];
                let blank =
                    tail.chars().next().filter(|c| matches!(c, ' ' | '\u{3000}' | '・')).map_or(0, char::len_utf8);
                let given = &tail[blank..];
                let length = given.chars().take(4).take_while(|c| is_han(*c) || is_kana(*c)).count();
                let known = (1..=length).rev().find_map(|count| {
                    let end = given.char_indices().nth(count).map_or(given.len(), |(end, _)| end);
                    native.japanese_given.contains(&given[..end]).then_some(end)
                });
                // `to 大坪 碧 (my sister…)`: in a text of Latin letters, or in brackets, nothing else is parted so.
                let latin = blank > 0
                    && line[..at]
                        .trim_end_matches([' ', '/', '*', '—'])
                        .ends_with(|c: char| c.is_ascii_alphabetic() || matches!(c, ',' | '('))
                    || line[..at].ends_with(['（', '・', '、']);
                let vouched = latin || self.number < 6 || self.labelled(self.line.start + at);
                let free = (blank > 0 && vouched && (1..=3).contains(&length))
                    .then(|| given.char_indices().nth(length).map_or(given.len(), |(end, _)| end));
                if let Some(end) = known.filter(|_| count > 1 || blank > 0 || vouched).or(free) {
                    next = at + cut + blank + end;
                    out.push(span(self.line.start + at..self.line.start + next, 0.8, "surname and given name"));
                    break;
                }
            }
        }
        // `…殿町218-4　鵜飼方`: in whose house somebody lives.
        for (at, _) in line.match_indices('方') {
            let after = line[at + '方'.len_utf8()..].chars().next();
            let head = &line[..at];
            let length: usize = head.chars().rev().take(5).take_while(|c| is_han(*c)).map(char::len_utf8).sum();
            let name = &head[head.len() - length..];
            let before = &head[..head.len() - length];
            let place = before.ends_with([' ', '\u{3000}']) && before.contains(|c: char| c.is_numeric());
            if place && (2..=4).contains(&name.chars().count()) && !after.is_some_and(|c| is_han(c) || is_kana(c)) {
                let start = self.line.start + before.len();
                out.push(span(start..start + name.len(), 0.7, "in whose house somebody lives"));
            }
        }
        for (honorific, strong) in STRONG.iter().map(|word| (word, true)).chain(TITLES.iter().map(|word| (word, false)))
        {
            for (at, _) in line.match_indices(honorific) {
                let head = line[..at].trim_end_matches(' ');
                let run = |test: fn(char) -> bool| {
                    let length: usize = head.chars().rev().take(9).take_while(|c| test(*c)).map(char::len_utf8).sum();
                    &head[head.len() - length..]
                };
                let (han, katakana) = (run(is_han), run(is_katakana));
                let mut named: Option<&str> = None;
                let parts: Vec<usize> = han.char_indices().map(|(at, _)| at).collect();
                for cut in &parts {
                    let part = &han[*cut..];
                    if part.chars().count() >= 2 && native.japanese_surnames.contains(part) {
                        named = Some(part);
                        break;
                    }
                }
                if named.is_none() && strong {
                    let weak = matches!(*honorific, "君" | "氏" | "殿");
                    let polite = head[..head.len() - han.len()].ends_with(['お', 'ご']);
                    let nobody = polite || NOBODY.iter().any(|word| han.ends_with(word));
                    if !nobody && !weak && (1..=3).contains(&parts.len()) {
                        named = Some(han);
                    } else if katakana.chars().count() >= 2 {
                        named = Some(katakana);
                    } else if matches!(*honorific, "ちゃん" | "くん" | "さん") {
                        named = (2..=4usize).rev().find_map(|count| {
                            let length: usize = head.chars().rev().take(count).map(char::len_utf8).sum();
                            native.japanese_given.get(&head[head.len() - length..]).copied()
                        });
                    }
                }
                if let Some(name) = named.filter(|name| !name.is_empty()) {
                    let start = self.line.start + head.len() - name.len();
                    out.push(span(start..start + name.len(), 0.75, "name before an honorific"));
                }
            }
        }
    }
}

impl Row<'_> {
    /// `柘植光太郎（つげ こうたろう）`, `普通 0482719 オオツボ チカゲ`: how a name is read, behind it or behind the number of
    /// an account.
    /// `夫・拓也`, `長男の蒼（5歳）`: who is of the family, and how they are called.
    fn kin(&self, line: &str, out: &mut Vec<Span>) {
        const KIN: &[&str] = &[
            "夫",
            "妻",
            "長男",
            "長女",
            "次男",
            "次女",
            "三男",
            "三女",
            "息子",
            "娘",
            "兄",
            "姉",
            "弟",
            "妹",
            "母",
            "父",
            "祖父",
            "祖母",
            "孫",
            "婚約者",
            "愛犬の飼い主",
        ];
        for sign in ['・', 'の', '：', '（'] {
            for (at, _) in line.match_indices(sign) {
                let head = &line[..at];
                if !KIN.iter().any(|word| head.ends_with(word)) {
                    continue;
                }
                let from = at + sign.len_utf8();
                let rest = &line[from..];
                let length: usize =
                    rest.chars().take(4).take_while(|c| is_han(*c) || is_kana(*c)).map(char::len_utf8).sum();
                let aged = |tail: &str| {
                    tail.strip_prefix(['（', '('])
                        .is_some_and(|tail| tail.trim_start_matches(|c: char| c.is_numeric()).starts_with('歳'))
                };
                // The longest name of the lists that no word goes on from, or what an age stands behind.
                let known = rest
                    .char_indices()
                    .map(|(at, c)| at + c.len_utf8())
                    .take_while(|cut| *cut <= length)
                    .filter(|cut| {
                        let next = rest[*cut..].chars().next();
                        NATIVE.japanese_given.contains(&rest[..*cut])
                            && (!next.is_some_and(is_han) || aged(&rest[*cut..]))
                    })
                    .last();
                if let Some(cut) = known.or((length > 0 && aged(&rest[length..])).then_some(length)) {
                    let start = self.line.start + from;
                    out.push(span(start..start + cut, 0.7, "given name of one of the family"));
                }
            }
        }
    }

    fn read_aloud(&self, line: &str, out: &mut Vec<Span>) {
        if !line.contains(is_kana) {
            return;
        }
        for (at, c) in line.char_indices() {
            let inner = &line[at + c.len_utf8()..];
            let account = matches!(c, ' ' | '\u{3000}')
                && line[..at].ends_with(|c: char| c.is_numeric())
                && inner.starts_with(is_katakana);
            let opened = matches!(c, '（' | '(') && inner.starts_with(is_kana);
            if !account && !opened {
                continue;
            }
            let length = inner.find(|c: char| !is_kana(c) && !matches!(c, ' ' | '\u{3000}')).unwrap_or(inner.len());
            let reading = inner[..length].trim_end();
            let parts: Vec<&str> = reading.split([' ', '\u{3000}']).filter(|part| !part.is_empty()).collect();
            let two = parts.len() == 2 && parts.iter().all(|part| (2..=7).contains(&part.chars().count()));
            let tail = &inner[length..];
            let fits = match opened {
                true => line[..at].trim_end().ends_with(is_han) && tail.starts_with(['）', ')', '、', ',', '，']),
                false => {
                    let digits = line[..at].chars().rev().take_while(|c| c.is_numeric()).count();
                    digits >= 6 && !tail.starts_with(is_han)
                }
            };
            if two && fits {
                let from = self.line.start + at + c.len_utf8();
                out.push(span(from..from + reading.len(), 0.75, "how a name is read"));
            }
        }
    }
}

/// How long the name is that `text` begins with: one to three characters, a wide blank, one to four more.
fn parted(text: &str) -> Option<usize> {
    let surname: usize = text.chars().take_while(|c| is_han(*c)).map(char::len_utf8).sum();
    let rest = text[surname..].strip_prefix(['\u{3000}', ' '])?;
    let given: usize = rest.chars().take_while(|c| is_han(*c) || is_kana(*c)).map(char::len_utf8).sum();
    let fits = (1..=3).contains(&text[..surname].chars().count()) && (1..=4).contains(&rest[..given].chars().count());
    fits.then_some(text.len() - rest.len() + given)
}
