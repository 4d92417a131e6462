//! Thai names.

use super::{Row, is_thai, span};
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::span::Span;
use crate::mask::words::Word;

impl Row<'_> {
    /// Thai names: behind a title, with the surname behind a blank.
    pub(super) fn thai(&self, out: &mut Vec<Span>) {
        const FORMAL: &[&str] = &["นางสาว", "นาย", "นาง", "น.ส.", "ดร.", "ผศ.", "รศ."];
        const CASUAL: &[&str] = &["คุณ", "พี่", "น้อง", "อาจารย์", "เชฟ", "หมอ", "ครู", "ป้า", "ลุง"];
        const NOT_NAMES: &[&str] = &[
            "จ้าง",
            "กรัฐ",
            "กสมาคม",
            "กเทศ",
            "หน้า",
            "แพทย์",
            "ทุน",
            "ท่า",
            "ทหาร",
            "ตำรวจ",
            "แบบ",
            "สมบัติ",
            "ภาพ",
            "วุฒิ",
            "ค่า",
            "น้อง",
            "เลี้ยง",
            "พยาบาล",
            "ใหญ่",
            "ประโยชน์",
            "ลักษณะ",
        ];
        // Verbs and small words, which go on behind a name.
        const GOES_ON: &[&str] = &[
            "ที่",
            "และ",
            "กับ",
            "ทำ",
            "เป็น",
            "ได้",
            "ไม่",
            "มี",
            "จะ",
            "ให้",
            "ไป",
            "มา",
            "บอก",
            "พูด",
            "แจ้ง",
            "โทร",
            "ช่วย",
            "เคย",
            "ยัง",
            "ซึ่ง",
            "เพื่อ",
            "หัวหน้า",
            "ผู้",
            "ฝ่าย",
            "แผนก",
            "ครับ",
            "ค่ะ",
            "คะ",
            "ใน",
            "จาก",
            "ว่า",
            "แต่",
            "หรือ",
            "ก็",
            "นะ",
            "อยู่",
            "อายุ",
            "เบอร์",
            "ส่ง",
            "รับ",
            "ดูแล",
            "สอน",
            "เขียน",
            "ขอ",
            "ถึง",
            "ด้วย",
            "คือ",
            "แม่",
            "พ่อ",
        ];
        for (at, word) in self.words.iter().enumerate() {
            let spoken = &self.text[word.range()];
            if !word.caseless || !spoken.starts_with(is_thai) {
                continue;
            }
            if FORMAL.contains(&spoken) || CASUAL.contains(&spoken) {
                continue;
            }
            let formal = FORMAL.iter().find_map(|title| spoken.strip_prefix(title).map(|rest| (rest, true)));
            let titled =
                formal.or_else(|| CASUAL.iter().find_map(|title| spoken.strip_prefix(title).map(|rest| (rest, false))));
            // `ผศ.ดร.กัลยกร`: titles end in a stop, which parts words.
            let head = self.head(word.start());
            let short = ["ดร.", "ผศ.", "รศ.", "ศ.", "น.ส.", "นพ.", "พญ.", "พ.ต.", "ร.ต."]
                .iter()
                .any(|title| head.ends_with(title));
            // `ดร.สมชาย แอนด์ ซัน` is a firm: two words, and no third.
            let two = self.words.get(at + 1).is_some_and(|next| {
                let tail = self.tail(next.end()).trim_start_matches(' ');
                self.text.get(word.end()..next.start()) == Some(" ") && !tail.starts_with(is_thai)
            });
            let title = matches!(spoken, "ดร" | "ผศ" | "รศ" | "ศ" | "น" | "ส" | "นพ" | "พญ");
            let titled = titled.or((short && two && !title).then_some((spoken, true)));
            let flags = LEXICON.word(word.hash);
            let labelled = self.labelled(word.start());
            let next = self.words.get(at + 1).filter(|next| {
                let gap = &self.text[word.end()..next.start()];
                matches!(gap, " " | "  ") && self.text[next.range()].starts_with(is_thai)
            });
            let (name, is_formal) = match titled {
                Some((rest, formal)) if rest.chars().count() >= 2 => (rest, formal),
                _ if flags.any(Flags::GIVEN) || labelled => (spoken, false),
                _ => continue,
            };
            if titled.is_some() && NOT_NAMES.iter().any(|word| name.starts_with(word)) {
                continue;
            }
            let start = word.end() - name.len();
            let surname = next.filter(|next| {
                let known = LEXICON.word(next.hash).any(Flags::SURNAME.or(Flags::GIVEN));
                // A short name behind `คุณ`, and a word that a name of a place, a mark or another script ends.
                let tail = self.tail(next.end());
                let ends = !tail.trim_start_matches(' ').starts_with(is_thai);
                let length = self.text[next.range()].chars().count();
                let polite = titled.is_some()
                    && (3..=10).contains(&name.chars().count())
                    && (5..=16).contains(&length)
                    && ends
                    && !GOES_ON.iter().any(|word| self.text[next.range()].starts_with(word));
                is_formal || labelled || known || polite || self.number < 3
            });
            let known = LEXICON.word(crate::mask::words::Hash::of(name)).any(Flags::GIVEN.or(Flags::SURNAME));
            if titled.is_some()
                || labelled
                || (known && surname.is_some())
                || (known && self.alone(&word.range()) && self.number < 4)
            {
                let mut end = word.end();
                // Thai parts no words: behind a casual title only the name of the lists is one, or a short word.
                if titled.is_some() && !is_formal && !known && name.chars().count() > 10 {
                    let mut longest = name.char_indices().map(|(at, c)| at + c.len_utf8()).filter(|cut| {
                        *cut >= 6 && LEXICON.word(crate::mask::words::Hash::of(&name[..*cut])).any(Flags::GIVEN)
                    });
                    match longest.next_back() {
                        Some(cut) => end = start + cut,
                        None if name.chars().count() > 10 => continue,
                        None => {}
                    }
                }
                let whole = end == word.end();
                let end = surname.filter(|_| whole).map_or(end, Word::end);
                out.push(span(start..end, 0.75, "name behind a title"));
            }
        }
    }
}
