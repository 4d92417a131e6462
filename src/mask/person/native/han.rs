//! Chinese names, and what people are called in Chinese.

use super::{AROUND, NATIVE, Native, Row, is_han, is_kana, span};
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::span::Span;

impl Row<'_> {
    /// Chinese names: a surname, one or two characters, and something that says so.
    pub(super) fn han(&self, out: &mut Vec<Span>) {
        let native = &*NATIVE;
        let mut next = self.line.start;
        let line = &self.text[self.line.clone()];
        for (offset, c) in line.char_indices() {
            let start = self.line.start + offset;
            if start < next || !is_han(c) {
                continue;
            }
            let head = self.head(start);
            let run: Vec<char> = self.tail(start).chars().take(9).take_while(|c| is_han(*c)).collect();
            // `面試官 巫 經理`: a surname between blanks and a title behind it.
            let surname = run.len() == 1 && native.chinese_surnames.contains(c.to_string().as_str());
            if surname && head.ends_with([' ', '\u{3000}']) {
                let rest = self.tail(start + c.len_utf8());
                let title = rest
                    .strip_prefix(' ')
                    .is_some_and(|rest| AROUND.honorifics.begin(rest, |word| word.chars().count() > 1));
                if title {
                    out.push(span(start..start + c.len_utf8(), 0.6, "surname before a title"));
                    continue;
                }
            }
            // `Kevin 蔡`: the surname alone behind a given name in Latin letters.
            if run.len() == 1 && head.ends_with(' ') && native.chinese_surnames.contains(c.to_string().as_str()) {
                let given = head.trim_end().rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
                let known = LEXICON.word(crate::mask::words::Hash::of(given)).any(Flags::GIVEN);
                if known && given.len() > 2 && given.starts_with(|c: char| c.is_ascii_uppercase()) {
                    out.push(span(start..start + c.len_utf8(), 0.6, "surname behind a given name"));
                }
                continue;
            }
            let begins = !head.chars().next_back().is_some_and(|c| is_han(c) || is_kana(c));
            let cued =
                AROUND.cues.of(head.trim_end_matches([' ', '「', '“', '"', '：', ':', '\u{3000}'])).next().is_some();
            if !begins && !cued {
                continue;
            }
            // `株式会社松本清兵衛商店`: the name of a firm.
            const FIRMS: &[&str] = &[
                "株式会社",
                "有限会社",
                "合同会社",
                "株式會社",
                "㈱",
                "医療法人",
                "学校法人",
                "财团法人",
                "財團法人",
                "公司",
            ];
            if FIRMS.iter().any(|firm| head.ends_with(firm)) {
                continue;
            }
            if OFF.contains(&run.iter().collect::<String>().as_str()) {
                continue;
            }
            let labelled = self.labelled(start);
            let context = if labelled {
                0.5
            } else if cued {
                0.35
            } else {
                0.05
            };
            if let Some((count, worth)) = called(&run, native, begins || cued, self.tail(start)) {
                let end = start + run[..count].iter().map(|c| c.len_utf8()).sum::<usize>();
                if context + worth >= 0.5 {
                    out.push(span(start..end, context + worth, "surname and what people are called by"));
                    next = end;
                    continue;
                }
            }
            if let Some(end) =
                self.signed_off(start, &run).or_else(|| self.dotted_name(start, &run, begins && cued || labelled))
            {
                out.push(span(start..end, 0.65, "name in another language, or at the end of a letter"));
                next = end;
                continue;
            }
            let mut best: Option<(usize, f32)> = None;
            // A label says that a name stands here, whatever its characters are.
            let bytes = run.iter().map(|c| c.len_utf8()).sum::<usize>();
            let ends = !self.tail(start + bytes).chars().next().is_some_and(|c| is_kana(c) || is_han(c));
            let text: String = run.iter().collect();
            let other = AROUND.cues.contains(&text) || AROUND.labels.contains(&text);
            if labelled && (2..=4).contains(&run.len()) && ends && !other {
                best = Some((start + bytes, 0.55));
            }
            for count in 2..=run.len().min(4) {
                let name: String = run[..count].iter().collect();
                let end = start + name.len();
                let Some(worth) = native.chinese(&run[..count], labelled) else { continue };
                let tail = self.tail(end);
                // `君` and `氏` end given names and houses too.
                let honoured =
                    AROUND.honorifics.begin(tail.trim_start_matches(' '), |word| !matches!(word, "君" | "氏" | "殿"));
                let parted = !tail.chars().next().is_some_and(|c| is_han(c) || is_kana(c));
                let follows = AROUND.behind.iter().any(|word| tail.starts_with(word));
                let first: String = run[..2].iter().collect();
                let word = AROUND.words.contains(first.as_str()) || native.japanese_surnames.contains(name.as_str());
                let alone = self.alone(&(start..end));
                let leads = head.chars().all(|c| !c.is_alphanumeric()) && parted;
                let said = tail.starts_with(['，', '（', '(', ',', ' ', '：', '\u{3000}'])
                    && (line.contains(|c: char| c.is_ascii_digit()) || line.contains('电'));
                let listed = head.ends_with(['、', '和', '与', '與', '（', '(']);
                let score = worth
                    + context
                    + if honoured {
                        0.35
                    } else if parted {
                        0.1
                    } else if follows {
                        0.08
                    } else {
                        -0.4
                    }
                    + if alone && self.number < 4 { 0.35 } else { 0.0 }
                    + if leads && self.number < 4 { 0.15 } else { 0.0 }
                    + if leads && said { 0.12 } else { 0.0 }
                    + if listed { 0.15 } else { 0.0 }
                    + if head.trim_end().ends_with(|c: char| c.is_ascii_alphabetic())
                        && parted
                        && head.ends_with([' ', '('])
                    {
                        0.12
                    } else {
                        0.0
                    }
                    - if word && !labelled { 0.6 } else { 0.0 };
                if best.is_none_or(|(_, known)| score >= known) {
                    best = Some((end, score));
                }
            }
            if let Some((end, score)) = best.filter(|(_, score)| *score >= 0.5) {
                out.push(span(start..end, score, "surname and given name"));
                next = end;
            }
        }
    }
}

/// Words that end a letter, behind the name.
const OFF: &[&str] = &[
    "敬上", "谨上", "謹上", "敬启", "敬啟", "謹啟", "拜上", "敬禀", "敬稟", "叩上", "顿首", "頓首", "鞠躬", "手书",
    "親筆", "亲笔",
];

impl Row<'_> {
    /// `雪莹  敬上`: nothing but a name and the words that end a letter.
    fn signed_off(&self, start: usize, run: &[char]) -> Option<usize> {
        if self.head(start).contains(char::is_alphanumeric) {
            return None;
        }
        let count = run.len();
        let whole: String = run.iter().collect();
        let tail = self.tail(start + whole.len()).trim();
        if (2..=4).contains(&count) && OFF.contains(&tail) {
            return Some(start + whole.len());
        }
        let name = OFF.iter().find_map(|off| whole.strip_suffix(off))?;
        ((2..=4).contains(&name.chars().count()) && tail.is_empty()).then(|| start + name.len())
    }

    /// `尤瑪・達陸老師`, `阿依古丽·买买提`: parts with a dot between, and a title behind or `vouched` before; and names of
    /// Tibetans, which have no surname.
    fn dotted_name(&self, start: usize, run: &[char], vouched: bool) -> Option<usize> {
        const TIBETAN: &[&str] = &[
            "扎西",
            "卓玛",
            "格桑",
            "次仁",
            "旺堆",
            "巴桑",
            "达瓦",
            "尼玛",
            "多吉",
            "央金",
            "德吉",
            "拉姆",
            "平措",
            "洛桑",
            "仁增",
            "白玛",
            "索朗",
            "丹增",
            "边巴",
            "普布",
            "拉巴",
            "米玛",
            "强巴",
            "曲珍",
            "卓嘎",
            "旺姆",
            "顿珠",
            "罗布",
            "晋美",
            "才让",
            "卓瑪",
            "次旦",
            "旦增",
            "云丹",
            "拉毛",
            "仁青",
            "嘉措",
            "桑吉",
            "贡布",
            "旺杰",
            "措姆",
            "梅朵",
            "热布",
            "巴特",
            "其其格",
            "乌云",
            "苏和",
            "那仁",
            "图雅",
            "高娃",
            "格日勒",
            "呼和",
            "娜仁",
            "萨仁",
            "阿古拉",
        ];
        // `与尤瑪・達陸`: the name begins behind the small word.
        if run.len() > 2 && matches!(run[0], '与' | '與' | '和' | '跟' | '由' | '向' | '给' | '給' | '对' | '對' | '及')
        {
            return None;
        }
        let whole: String = run.iter().collect();
        let tail = self.tail(start + whole.len());
        let dot = tail.chars().next().filter(|c| matches!(c, '・' | '·' | '‧' | '•' | '．'));
        if let Some(dot) = dot.filter(|_| (1..=5).contains(&run.len())) {
            let second: String = tail[dot.len_utf8()..].chars().take(7).take_while(|c| is_han(*c)).collect();
            let title = second
                .char_indices()
                .skip(1)
                .map(|(at, _)| at)
                .find(|at| AROUND.honorifics.begin(&second[*at..], |word| word.chars().count() > 1));
            let length = match title {
                Some(at) => at,
                None if vouched && (2..=5).contains(&second.chars().count()) => second.len(),
                None => return None,
            };
            return Some(start + whole.len() + dot.len_utf8() + length);
        }
        let mut end = 0;
        let mut parts = 0;
        while let Some(part) = TIBETAN.iter().find(|part| whole[end..].starts_with(**part)) {
            end += part.len();
            parts += 1;
        }
        let rest = &self.tail(start + end);
        let parted = !rest.starts_with(is_han) || AROUND.honorifics.begin(rest, |_| true);
        let known = (2..=3).contains(&parts) || (parts == 1 && (vouched || rest.starts_with(['(', '（'])));
        (known && parted).then_some(start + end)
    }
}

/// `小李`, `老罗`, `阿梅`, `罗哥`: what people are called, and what it is worth.
fn called(run: &[char], native: &Native, begins: bool, tail: &str) -> Option<(usize, f32)> {
    let [first, second, ..] = run else { return None };
    if !begins {
        return None;
    }
    let surname = |c: &char| native.chinese_surnames.contains(c.to_string().as_str());
    let two: String = [*first, *second].iter().collect();
    const WORDS: &[&str] = &[
        "老师", "老師", "老板", "老闆", "小时", "小時", "小学", "小學", "小组", "小組", "小区", "小程", "老年", "老家",
        "小型", "阿里", "小米", "小红", "小麦", "小于", "小费", "老人", "小计", "小路", "小易", "老龙",
    ];
    let named = match first {
        '小' | '老' => surname(second),
        '阿' => native.chinese_given.contains(second),
        _ => false,
    };
    if named && !WORDS.contains(&two.as_str()) {
        let third = run.get(2);
        let rest = &tail[two.len()..];
        let strong = rest.starts_with(['（', '(', '：', ':', '，', '、'])
            || rest.trim_start().starts_with(|c: char| c.is_ascii_digit());
        let title = third.is_some_and(|c| matches!(c, '总' | '總' | '哥' | '姐'));
        return match third {
            None if strong => Some((2, 0.5)),
            None => Some((2, 0.45)),
            Some(_) if title => Some((3, 0.5)),
            Some(_) => None,
        };
    }
    let honoured = matches!(second, '哥' | '姐') && !run.get(2).is_some_and(|c| is_han(*c));
    let rest: String = run[1..].iter().collect();
    let titled = [
        "老师", "老師", "教授", "经理", "經理", "总监", "主任", "博士", "先生", "女士", "小姐", "同学", "同學", "律師",
        "律师", "医生", "醫生",
    ]
    .iter()
    .any(|title| rest.starts_with(title))
        || (AROUND.honorifics.begin(&rest, |word| {
            matches!(
                word,
                "副理"
                    | "協理"
                    | "襄理"
                    | "課長"
                    | "组长"
                    | "組長"
                    | "队长"
                    | "師傅"
                    | "师傅"
                    | "院长"
                    | "校长"
                    | "校長"
                    | "护士长"
                    | "護理長"
            )
        }));
    (surname(first)
        && (honoured || titled)
        && !matches!(first, '本' | '同' | '高' | '师' | '師' | '大' | '表' | '堂' | '学' | '學' | '干' | '空'))
    .then_some((1, 0.5))
}

impl Native {
    /// What characters are worth as a Chinese name; `vouched` when something says that a name stands here.
    fn chinese(&self, run: &[char], vouched: bool) -> Option<f32> {
        let text: String = run.iter().collect();
        // `茅陈阿娥`: the husband's surname before her own.
        if let [first, second, rest @ ..] = run
            && rest.len() == 2
            && rest.iter().all(|c| self.chinese_given.contains(c) || *c == '阿')
            && [first, second].iter().all(|c| self.chinese_surnames.contains(c.to_string().as_str()))
        {
            return Some(0.3);
        }
        [1, 2].into_iter().rev().find_map(|family| {
            let cut: usize = run.iter().take(family).map(|c| c.len_utf8()).sum();
            let (surname, given) = text.split_at(cut.min(text.len()));
            let count = run.len().saturating_sub(family);
            if !self.chinese_surnames.contains(surname) || !(1..=2).contains(&count) {
                return None;
            }
            let known = given.chars().all(|c| self.chinese_given.contains(&c));
            let compound = if family == 2 { 0.2 } else { 0.0 };
            match (count, known) {
                (2, true) => Some(0.3 + compound),
                (1, true) => Some(0.15 + compound),
                (2, false) if vouched => Some(0.05 + compound),
                _ => None,
            }
        })
    }
}
