//! Which language a person writes, among those with lists of their own.

use super::lists;

/// The language of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Another one, or too little text: small words are the person's own most frequent ones.
    #[default]
    Other,
}

impl Language {
    const LISTED: [Self; 4] = [Self::English, Self::German, Self::French, Self::Spanish];

    /// The name in reports, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "english",
            Self::German => "german",
            Self::French => "french",
            Self::Spanish => "spanish",
            Self::Other => "other",
        }
    }

    /// The language whose small words are the most of `words`, when they are at least a fifth of them: in running
    /// text they are 40 to 60 of a hundred, and in a text of another language under ten.
    pub(super) fn guess<'w>(words: impl Iterator<Item = &'w str> + Clone) -> Self {
        let all = words.clone().count();
        let share = |language: Self| {
            let list = lists::words(language).map_or(&[][..], |words| &words.function);
            let hits = words.clone().flat_map(parts).filter(|word| list.binary_search(word).is_ok()).count();
            hits as f64 / all.max(1) as f64
        };
        let best = Self::LISTED.map(|language| (language, share(language)));
        let best = best.into_iter().fold((Self::Other, 0.2), |best, next| if next.1 > best.1 { next } else { best });
        if all < 5 { Self::Other } else { best.0 }
    }
}

/// A word, or its two parts at an elision: `l'école` counts as `l`.
fn parts(word: &str) -> impl Iterator<Item = &str> {
    word.split('\'').take(if word.find('\'').is_some_and(|at| at <= 2) { 2 } else { 1 }).chain(
        // `don't` is a word of no list but one of English all the same.
        word.ends_with("n't").then_some("not"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_apart() {
        let check = |text: &str, expected: Language| {
            let words: Vec<String> =
                text.split_whitespace().map(|w| w.trim_matches(['.', ',']).to_lowercase()).collect();
            assert_eq!(Language::guess(words.iter().map(String::as_str)), expected, "{text}");
        };
        check("I swim in the sea before work. It does not help.", Language::English);
        check("Ich schwimme vor der Arbeit im Meer. Das hilft nicht.", Language::German);
        check("Je nage dans la mer avant le travail, et cela n'aide pas.", Language::French);
        check("Nado en el mar antes de trabajar. No me ayuda nada.", Language::Spanish);
        check("Voor het werk zwem ik zee. Jag simmar havet innan arbetet.", Language::Other);
        check("Uintia meressä ennen töitä. Vesi oli kylmää aamulla.", Language::Other);
        check("ok", Language::Other);
    }
}
