//! Surnames that no list has, by the endings that nothing but surnames and patronymics have.

/// In Latin letters, folded by `lower` alone: endings with their accents where those tell them from words.
const LATIN: &[&str] = &[
    // Slavic, and what Slavic names became elsewhere.
    "enko",
    "czuk",
    "chuk",
    "tschuk",
    "iuk",
    "owicz",
    "ewicz",
    "ovich",
    "evich",
    "ovych",
    "ević",
    "ović",
    "evič",
    "ovič",
    "owski",
    "ewski",
    "ovsky",
    "evsky",
    "ovskyi",
    "ovskiy",
    "ovskaya",
    "ovna",
    "evna",
    "ovnova",
    "ková",
    "lová",
    "nová",
    "rová",
    "tová",
    "sová",
    "čová",
    "dová",
    "zová",
    "ieva",
    "yeva",
    "aeva",
    // Baltic.
    "auskas",
    "avičius",
    "evičius",
    "aitis",
    "aitė",
    "iūtė",
    "ytė",
    "ienė",
    "inskas",
    "ickas",
    // Armenian, Georgian, Azerbaijani, Turkish, Persian, Central Asian.
    "shvili",
    "schwili",
    "adze",
    "idze",
    "edze",
    "osyan",
    "asyan",
    "esyan",
    "isyan",
    "onyan",
    "inyan",
    "anyan",
    "aryan",
    "osian",
    "elyan",
    "ikyan",
    "oğlu",
    "oglu",
    "zadə",
    "zade",
    "zadeh",
    "nejad",
    "nezhad",
    "bekov",
    "bekova",
    "uulu",
    "qizi",
    // Greek, Romanian, Nordic, Welsh and Dutch.
    "opoulos",
    "opoulou",
    "opulos",
    "akakis",
    "idakis",
    "adakis",
    "edakis",
    "iadis",
    "oudis",
    "oglou",
    "escu",
    "eanu",
    "dóttir",
    "dottir",
    "sdotter",
    "sdatter",
    "qvist",
    "kvist",
    "lund",
    "gren",
    "lstra",
    "kstra",
    "rstra",
    "jstra",
    "nstra",
    "huizen",
    // Basque, Catalan, Irish, Indian, Sri Lankan, Malagasy.
    "goitia",
    "beitia",
    "etxea",
    "etxeberria",
    "echea",
    "gaonkar",
    "wala",
    "walla",
    "singhe",
    "sinha",
    "ratne",
    "arachchi",
    "wardena",
    "wardene",
    "pillai",
    "appan",
    "swamy",
    "swami",
    "murthy",
    "krishnan",
    "narayanan",
    "chandran",
    "kumaran",
    "rajah",
    "anandan",
];

/// In other scripts.
const OTHER: &[&str] = &[
    "енко",
    "чук",
    "щук",
    "ович",
    "евич",
    "йович",
    "івна",
    "ївна",
    "овна",
    "евна",
    "швили",
    "швілі",
    "оглу",
    "огли",
    "заде",
    "осян",
    "асян",
    "исян",
    "анян",
    "онян",
    "арян",
    "бекова",
    "беков",
    "ович",
    "евић",
    "овић",
    "улы",
    "уулу",
    "όπουλος",
    "όπουλο",
    "όπουλε",
    "οπούλου",
    "άκης",
    "άκη",
    "ίδης",
    "ίδη",
    "ίδου",
    "ιάδης",
    "ιάδη",
    "ιάδου",
    "ούδης",
    "όγλου",
    "άδης",
    "άτος",
    "ΟΠΟΥΛΟΣ",
    "ΟΠΟΥΛΟΥ",
    "ΑΚΗΣ",
    "ΙΔΗΣ",
    "ΙΔΟΥ",
    "ΙΑΔΗΣ",
];

/// Whether `word` ends as surnames do.
pub(super) fn is_surname(word: &str) -> bool {
    let count = word.chars().count();
    if count < 6 {
        return false;
    }
    if word.is_ascii() || word.chars().all(|c| u32::from(c) < 0x250) {
        // The last letters only are looked at, so only they are made small.
        let start = word.char_indices().rev().nth(8.min(count - 1)).map_or(0, |(at, _)| at);
        let tail = word[start..].to_lowercase();
        let long = count >= 7;
        return long && LATIN.iter().any(|ending| tail.ends_with(ending));
    }
    OTHER.iter().any(|ending| word.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::is_surname;

    #[test]
    fn endings_tell_surnames() {
        for name in
            ["Morvallenko", "Morvalović", "Morvalidze", "Morvalaitė", "Φραγκιαδάκης", "Морваленко", "Morvalopoulos"]
        {
            assert!(is_surname(name), "{name}");
        }
        for word in ["Morval", "Lesson", "Engineering", "Επιστήμη", "Проект", "Disco"] {
            assert!(!is_surname(word), "{word}");
        }
    }
}
