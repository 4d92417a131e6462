//! Korean names.

use super::{AROUND, NATIVE, Row, is_hangul, span};
use crate::mask::span::Span;
use crate::mask::words::Word;

impl Row<'_> {
    /// Korean names: a surname and two syllables, with a particle or an honorific behind.
    pub(super) fn korean(&self, out: &mut Vec<Span>) {
        const PARTICLES: &[&str] = &[
            "",
            "은",
            "는",
            "이",
            "가",
            "을",
            "를",
            "의",
            "에게",
            "와",
            "과",
            "도",
            "께",
            "께서",
            "입니다",
            "이다",
            "이라고",
            "에게서",
            "님",
            "씨",
            "님이",
            "님은",
            "님과",
            "씨를",
            "씨가",
            "씨와",
            "이고",
            "이며",
            "으로",
            "로",
            "만",
            "랑",
            "이랑",
        ];
        const CALLED: &[&str] =
            &["쌤", "님", "씨", "형", "누나", "언니", "오빠", "아", "야", "선배", "님이", "님의", "씨가", "쌤이"];
        const ROLES: &[&str] = &[
            "간호사",
            "수간호사",
            "팀장",
            "교수",
            "어머니",
            "아버지",
            "어머님",
            "후배",
            "선배",
            "동료",
            "친구",
            "개발자",
            "엔지니어",
            "대표",
            "부장",
            "과장",
            "차장",
            "이사",
            "원장",
            "선생님",
            "남편",
            "아내",
            "아들",
            "딸",
            "형",
            "누나",
            "동생",
            "언니",
            "오빠",
            "상사",
            "사수",
            "멘토",
            "매니저",
            "디자이너",
            "기자",
            "작성자",
            "이름은",
            "저는",
            "박사",
            "지도교수",
            "배우자",
            "담당",
            "서명",
            "코치",
            "후임",
            "전임",
            "할머니",
            "할아버지",
            "이모",
            "삼촌",
            "고모",
            "사촌",
            "직원",
            "대리",
            "사장",
            "실장",
            "본명",
            "사장님",
            "팀장님",
            "부장님",
            "과장님",
            "대리님",
            "실장님",
            "원장님",
            "교수님",
            "대표님",
            "이모님",
            "입금자명",
            "입금자",
            "예금주",
            "예금주명",
            "받는분",
            "보내는분",
            "보낸분",
            "수취인",
            "이름",
            "성함",
            "성명",
            "본명은",
            "남동생",
            "여동생",
            "막내",
            "환자",
            "보호자",
            "감독",
            "작가",
            "강사",
            "주무관",
            "조교",
            "반장",
            "총무",
        ];
        const NOBODY: &[&str] = &[
            "고객", "선생", "팀장", "부장", "대표", "회원", "사장", "과장", "이사", "교수", "원장", "기사", "의사",
            "간호", "담당", "부모", "어머", "아버", "선배", "여러", "주인", "점장", "하나", "스승", "동생", "작가",
            "어디", "거기", "여기", "언제", "누구",
        ];
        let native = &*NATIVE;
        for (at, word) in self.words.iter().enumerate() {
            let spoken = &self.text[word.range()];
            let letters: Vec<char> = spoken.chars().collect();
            if letters.len() < 2 || !letters.iter().all(|c| is_hangul(*c)) {
                // `박 서 연`: a name spaced out.
                if letters.len() == 1 && is_hangul(letters[0]) && native.korean_surnames.contains(spoken) {
                    self.spaced(at, out);
                }
                continue;
            }
            if ROLES.iter().any(|role| spoken.strip_prefix(role).is_some_and(|rest| rest.chars().count() <= 1)) {
                continue;
            }
            // `남궁 하율`: a surname of two syllables and a blank.
            if letters.len() == 2
                && native.korean_surnames.contains(spoken)
                && let Some(given) = self.words.get(at + 1)
                && self.text.get(word.end()..given.start()) == Some(" ")
            {
                let name = &self.text[given.range()];
                let end = name.char_indices().nth(2).map_or(name.len(), |(end, _)| end);
                let known = name[..end].chars().all(|c| native.korean_given.contains(&c)) && end > '가'.len_utf8();
                let rest = &name[end..];
                if known && (PARTICLES.contains(&rest) || AROUND.honorifics.begin(rest, |_| true)) {
                    out.push(span(word.start()..given.start() + end, 0.75, "surname and given name"));
                    continue;
                }
            }
            let previous = at.checked_sub(1).map(|at| &self.words[at]);
            let before = previous.map_or("", |word| &self.text[word.range()]);
            let near = previous.is_some_and(|word| self.words[at].start() - word.end() <= 3);
            let role = near && ROLES.iter().any(|role| before.ends_with(role));
            let after = self.words.get(at + 1).map_or("", |word| &self.text[word.range()]);
            let honoured = |rest: &str| {
                AROUND.honorifics.begin(rest, |_| true) || (rest.is_empty() && AROUND.honorifics.begin(after, |_| true))
            };
            let labelled = self.labelled(word.start());
            // `카카오뱅크 3333-00-4829173 채나연`: whose account it is.
            let account = self.head(word.start()).trim_end();
            let account = account
                .bytes()
                .rev()
                .take_while(|byte| byte.is_ascii_digit() || *byte == b'-')
                .filter(u8::is_ascii_digit)
                .count();
            let paid = account >= 9 && letters.len() <= 4 && self.tail(word.end()).trim().is_empty();
            let mut best: Option<(usize, f32)> = None;
            for (family, given) in [(1, 2), (2, 2), (2, 1), (1, 1)] {
                let count = family + given;
                if letters.len() < count {
                    continue;
                }
                let (surname, name): (String, String) =
                    (letters[..family].iter().collect(), letters[family..count].iter().collect());
                let rest: String = letters[count..].iter().collect();
                let honoured = honoured(&rest);
                if !native.korean_surnames.contains(surname.as_str())
                    || !(PARTICLES.contains(&rest.as_str()) || honoured)
                {
                    continue;
                }
                let known = name.chars().all(|c| native.korean_given.contains(&c));
                let range = word.start()..word.start() + surname.len() + name.len();
                let alone = self.alone(&range);
                let score = if known { 0.2 } else { 0.05 }
                    + if count == 3 {
                        0.1
                    } else if family == 2 {
                        0.2
                    } else {
                        -0.1
                    }
                    + if labelled { 0.5 } else { 0.0 }
                    + if role { 0.3 } else { 0.0 }
                    + if paid { 0.3 } else { 0.0 }
                    + if honoured { 0.35 } else { 0.05 }
                    + if alone && self.number < 5 { 0.3 } else { 0.0 };
                if best.is_none_or(|(_, known)| score > known) {
                    best = Some((range.end, score));
                }
            }
            if best.is_none_or(|(_, score)| score < 0.5) && letters.len() <= 5 {
                let name: String = letters[..2].iter().collect();
                let rest: String = letters[2..].iter().collect();
                let called = CALLED.contains(&rest.as_str())
                    || (rest.is_empty() && matches!(after, "님" | "씨" | "님이" | "님의"));
                let known = letters[..2].iter().all(|c| native.korean_given.contains(c));
                let title = rest.starts_with('아') || rest.starts_with('야');
                if called && known && !NOBODY.contains(&name.as_str()) && !title {
                    best = Some((word.start() + name.len(), 0.6));
                }
            }
            // `할머니 옥분 여사`, `후임 다은 교육`: a given name alone behind who somebody is.
            let alone = letters.len() == 2 && letters.iter().all(|c| native.korean_given.contains(c));
            let kin = [
                "할머니",
                "할아버지",
                "후임",
                "전임",
                "딸",
                "아들",
                "동생",
                "아내",
                "남편",
                "친구",
                "후배",
                "언니",
                "누나",
                "오빠",
                "남동생",
                "여동생",
                "형",
                "막내",
                "큰딸",
                "작은딸",
                "큰아들",
                "작은아들",
                "조카",
                "손자",
                "손녀",
                "사촌",
                "매형",
                "형부",
                "며느리",
                "사위",
                "신랑",
                "신부",
                "선배",
                "동기",
                "룸메이트",
                "반장",
                "쌍둥이",
                "장남",
                "장녀",
                "차남",
                "차녀",
            ];
            if best.is_none_or(|(_, score)| score < 0.5) && alone && near && kin.contains(&before) {
                best = Some((word.end(), 0.6));
            }
            if let Some((end, score)) = best.filter(|(_, score)| *score >= 0.5) {
                out.push(span(word.start()..end, score, "surname and given name"));
            }
        }
    }

    fn spaced(&self, at: usize, out: &mut Vec<Span>) {
        let native = &*NATIVE;
        let Some([a, b, c]) = self.words.get(at..at + 3) else { return };
        let syllable = |word: &Word| {
            self.text[word.range()].chars().all(|c| native.korean_given.contains(&c)) && word.letters == 1
        };
        let blank = |a: &Word, b: &Word| self.text[a.end()..b.start()].chars().all(char::is_whitespace);
        let close = blank(a, b) && blank(b, c) && b.start() - a.end() <= 3 && c.start() - b.end() <= 3;
        if close && syllable(b) && syllable(c) {
            out.push(span(a.start()..c.end(), 0.7, "name spaced out"));
        }
    }
}
