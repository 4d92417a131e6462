//! Verbs by which a number in a sentence is somebody's age.

/// A past tense of Spanish, Portuguese or Italian, first or third person.
pub(super) fn verb(word: &str) -> bool {
    word.chars().count() >= 3 && ["é", "í", "ó", "ei", "ou", "eu", "iu", "ì", "ò"].iter().any(|end| word.ends_with(end))
}

/// A past tense of Spanish, Portuguese or Italian in the first person: `empecé`, `comecei`, `cominciai`.
pub(super) fn first_person(word: &str) -> bool {
    word.chars().count() >= 4 && ["é", "í", "ei", "ai"].iter().any(|end| word.ends_with(end))
}

/// A verb that a German, Swedish or Danish clause goes on with behind an age.
pub(super) fn german_verb(word: &str) -> bool {
    matches!(
        word,
        "habe"
            | "angefangen"
            | "begonnen"
            | "gelernt"
            | "geheiratet"
            | "gegangen"
            | "gekommen"
            | "ausgezogen"
            | "ausgewandert"
            | "hat"
            | "hatte"
            | "bin"
            | "ist"
            | "war"
            | "wurde"
            | "ging"
            | "zog"
            | "begann"
            | "fing"
            | "kam"
            | "lernte"
            | "machte"
            | "starb"
            | "wanderte"
            | "floh"
            | "wechselte"
            | "gründete"
            | "heiratete"
            | "verließ"
            | "schrieb"
            | "stand"
            | "wollte"
            | "musste"
            | "konnte"
            | "träumte"
            | "arbeitete"
            | "fand"
            | "bekam"
            | "verlor"
            | "började"
            | "flyttade"
            | "blev"
            | "slutade"
            | "lärde"
            | "fick"
            | "gick"
            | "flyttede"
            | "begyndte"
            | "fikk"
            | "flyttet"
            | "startet"
            | "ble"
    )
}
