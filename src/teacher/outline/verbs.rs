//! Verb forms, as far as asking and answering in the past and present tense needs them.

/// Past form, base form. Forms that a rule gets right are not here.
const IRREGULAR: &[(&str, &str)] = &[
    ("began", "begin"),
    ("bought", "buy"),
    ("broke", "break"),
    ("brought", "bring"),
    ("built", "build"),
    ("came", "come"),
    ("caught", "catch"),
    ("chose", "choose"),
    ("cost", "cost"),
    ("cut", "cut"),
    ("did", "do"),
    ("drank", "drink"),
    ("drew", "draw"),
    ("drove", "drive"),
    ("fed", "feed"),
    ("fell", "fall"),
    ("forgot", "forget"),
    ("fought", "fight"),
    ("found", "find"),
    ("gave", "give"),
    ("got", "get"),
    ("grew", "grow"),
    ("had", "have"),
    ("has", "have"),
    ("held", "hold"),
    ("hung", "hang"),
    ("kept", "keep"),
    ("knew", "know"),
    ("led", "lead"),
    ("left", "leave"),
    ("lost", "lose"),
    ("made", "make"),
    ("met", "meet"),
    ("oversaw", "oversee"),
    ("paid", "pay"),
    ("put", "put"),
    ("ran", "run"),
    ("read", "read"),
    ("rebuilt", "rebuild"),
    ("redid", "redo"),
    ("rewrote", "rewrite"),
    ("rose", "rise"),
    ("sang", "sing"),
    ("sat", "sit"),
    ("saw", "see"),
    ("sent", "send"),
    ("set", "set"),
    ("shook", "shake"),
    ("shot", "shoot"),
    ("shrank", "shrink"),
    ("shut", "shut"),
    ("sold", "sell"),
    ("spent", "spend"),
    ("split", "split"),
    ("spoke", "speak"),
    ("stood", "stand"),
    ("swam", "swim"),
    ("taught", "teach"),
    ("thought", "think"),
    ("threw", "throw"),
    ("told", "tell"),
    ("took", "take"),
    ("undertook", "undertake"),
    ("went", "go"),
    ("withdrew", "withdraw"),
    ("woke", "wake"),
    ("won", "win"),
    ("wore", "wear"),
    ("wrote", "write"),
    // Regular ones that the spelling rule would miss.
    ("cached", "cache"),
    ("cited", "cite"),
    ("cloned", "clone"),
    ("competed", "compete"),
    ("completed", "complete"),
    ("controlled", "control"),
    ("deleted", "delete"),
    ("excelled", "excel"),
    ("focused", "focus"),
    ("honed", "hone"),
    ("invited", "invite"),
    ("labelled", "label"),
    ("modelled", "model"),
    ("obsoleted", "obsolete"),
    ("piloted", "pilot"),
    ("postponed", "postpone"),
    ("rescoped", "rescope"),
    ("scoped", "scope"),
    ("travelled", "travel"),
    ("united", "unite"),
    ("wasted", "waste"),
    ("pasted", "paste"),
    ("tied", "tie"),
    ("died", "die"),
    ("lied", "lie"),
    ("aged", "age"),
    ("forged", "forge"),
    ("monitored", "monitor"),
    ("authored", "author"),
    ("refactored", "refactor"),
    ("mentored", "mentor"),
    ("sponsored", "sponsor"),
    ("tailored", "tailor"),
    ("anchored", "anchor"),
    ("tutored", "tutor"),
    ("signaled", "signal"),
    ("formatted", "format"),
    ("totaled", "total"),
];

/// Verbs that open a statement about what somebody still does.
const PRESENT: &[&str] = &[
    "administer",
    "advise",
    "analyse",
    "analyze",
    "architect",
    "assist",
    "automate",
    "build",
    "coach",
    "collaborate",
    "conduct",
    "coordinate",
    "create",
    "debug",
    "deliver",
    "deploy",
    "design",
    "develop",
    "direct",
    "drive",
    "edit",
    "ensure",
    "evaluate",
    "give",
    "handle",
    "help",
    "hire",
    "host",
    "implement",
    "improve",
    "introduce",
    "investigate",
    "keep",
    "lead",
    "maintain",
    "manage",
    "mentor",
    "monitor",
    "operate",
    "organise",
    "organize",
    "oversee",
    "own",
    "plan",
    "prepare",
    "produce",
    "provide",
    "research",
    "review",
    "run",
    "serve",
    "ship",
    "speak",
    "supervise",
    "support",
    "swim",
    "teach",
    "test",
    "train",
    "translate",
    "tune",
    "use",
    "volunteer",
    "work",
    "write",
];

/// Words in -ed that open a noun phrase rather than a statement.
const NO_VERBS: &[&str] = &[
    "advanced",
    "agreed",
    "applied",
    "associated",
    "based",
    "certified",
    "computed",
    "distributed",
    "embedded",
    "escaped",
    "experienced",
    "extended",
    "fixed",
    "hundred",
    "indeed",
    "integrated",
    "interested",
    "limited",
    "mixed",
    "need",
    "red",
    "related",
    "seasoned",
    "selected",
    "sacred",
    "shared",
    "skilled",
    "speed",
    "united",
    "unlimited",
    "used",
    "motivated",
    "detailed",
    "dedicated",
    "gifted",
    "retired",
    "bored",
    "tired",
    "feed",
    "seed",
    "bed",
    "shed",
    "breed",
    "kindred",
    "exceed",
    "succeed",
    "proceed",
    "bleed",
    "indeed",
    "weed",
];

/// Verbs that mean little without what follows their object.
const LIGHT: &[&str] = &[
    "bring", "come", "do", "get", "give", "go", "have", "hold", "keep", "make", "put", "set", "spend", "take", "turn",
    "use", "work", "pass", "serve", "be",
];

/// Whether the verb needs more than its object to say something.
pub(super) fn light(base: &str) -> bool {
    LIGHT.contains(&base)
}

/// The base form of a verb in the past tense, when the word can be one. Lower case.
pub(super) fn past(word: &str) -> Option<String> {
    if let Some((_, base)) = IRREGULAR.iter().find(|(past, _)| *past == word) {
        return Some((*base).to_owned());
    }
    if word.len() < 5 || !word.is_ascii() || !word.bytes().all(|b| b.is_ascii_lowercase()) || NO_VERBS.contains(&word) {
        return None;
    }
    Some(stem(word.strip_suffix("ed")?))
}

/// As [`past`], for a first word: adjectives that look like verbs are taken for verbs only where a bullet starts with them.
pub(super) fn opening(word: &str) -> Option<(String, bool)> {
    if PRESENT.contains(&word) {
        return Some((word.to_owned(), false));
    }
    match word {
        "retired" | "shared" | "integrated" | "used" | "applied" | "extended" | "selected" | "fixed" | "limited" => {
            Some((stem(word.strip_suffix("ed")?), true))
        }
        _ => past(word).map(|base| (base, true)),
    }
}

/// The base form of a third person in the present tense; lower case.
pub(super) fn third_person(word: &str) -> Option<String> {
    match word {
        "has" => return Some("have".to_owned()),
        "does" => return Some("do".to_owned()),
        "goes" => return Some("go".to_owned()),
        "is" | "was" | "its" | "this" | "always" | "sometimes" | "perhaps" | "besides" | "as" | "us" => return None,
        _ => {}
    }
    let root =
        word.strip_suffix('s').filter(|root| root.len() >= 3 && root.is_ascii() && !root.ends_with(['s', 'u', 'i']))?;
    if let Some(y) = root.strip_suffix("ie") {
        return Some(format!("{y}y"));
    }
    if let Some(short) = root.strip_suffix('e')
        && (short.ends_with("sh") || short.ends_with("tch") || short.ends_with("ss") || short.ends_with('x'))
    {
        return Some(short.to_owned());
    }
    Some(root.to_owned())
}

/// Restores what -ed or -ing took from the base form, by the last letters.
fn stem(root: &str) -> String {
    let letters: Vec<char> = root.chars().collect();
    let at = |back: usize| letters.len().checked_sub(back).and_then(|i| letters.get(i)).copied().unwrap_or(' ');
    let (last, before, third) = (at(1), at(2), at(3));
    let vowel = |c: char| "aeiou".contains(c);
    // The u of `require` is part of its consonant.
    let third = if third == 'u' && at(4) == 'q' { 'q' } else { third };
    if last == 'i' {
        return format!("{}y", &root[..root.len() - 1]);
    }
    if last == before && !vowel(last) && !"lsfz".contains(last) {
        return root[..root.len() - 1].to_owned();
    }
    // `queued` and `agreed` lose a letter, `viewed` and `played` do not.
    let e = match last {
        'c' | 'v' | 'z' | 'u' => true,
        'g' => "adrne".contains(before) && !root.ends_with("ong") && !root.ends_with("ing") || root.ends_with("lleg"),
        's' => before != 's' && !root.ends_with("cus") && !root.ends_with("bias"),
        'l' if "bpdtgfkz".contains(before) => true,
        't' => match before {
            'a' | 'o' | 'u' => {
                !vowel(third)
                    || root.ends_with("rout")
                    || third == 'i' && before == 'a'
                    || third == 'u' && before == 'a'
                    || third == 'e' && before == 'a' && root.ends_with("creat")
            }
            _ => false,
        },
        'r' => matches!(before, 'i' | 'a' | 'u' | 'o') && !vowel(third),
        'n' => matches!(before, 'i' | 'u') && !vowel(third),
        'd' => matches!(before, 'i' | 'a' | 'o' | 'u') && !vowel(third),
        'l' | 'm' => matches!(before, 'a' | 'i' | 'u') && !vowel(third) || root.ends_with("rol"),
        'p' => matches!(before, 'a' | 'i' | 'y') && !vowel(third),
        'k' => matches!(before, 'a' | 'i' | 'o') && !vowel(third),
        _ => false,
    };
    if e { format!("{root}e") } else { root.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_forms() {
        let words = "replaced replace,moved move,rotated rotate,upgraded upgrade,trained train,watched watch,shipped ship,planned plan,deployed deploy,developed develop,\
            created create,executed execute,defined define,explained explain,managed manage,designed design,organised organise,proposed propose,configured configure,\
            delivered deliver,applied apply,carried carry,handled handle,enabled enable,scheduled schedule,compiled compile,mailed mail,scaled scale,streamed stream,named name,\
            consumed consume,edited edit,loaded load,coded code,provided provide,avoided avoid,included include,required require,repaired repair,shared share,merged merge,\
            changed change,introduced introduce,increased increase,reduced reduce,resolved resolve,installed install,tested test,built build,wrote write,queued queue,used use,\
            prototyped prototype,mapped map,monitored monitor,streamlined streamline,migrated migrate,negotiated negotiate,evaluated evaluate,treated treat,launched launch,debugged debug,processed process,belonged belong,lasted last";
        for pair in words.split(',') {
            let (past, base) = pair.trim().split_once(' ').unwrap();
            assert_eq!(opening(past).map(|v| v.0).as_deref(), Some(base), "{past}");
        }
        for (s, base) in
            [("plans", "plan"), ("catches", "catch"), ("times", "time"), ("carries", "carry"), ("uses", "use")]
        {
            assert_eq!(third_person(s).as_deref(), Some(base));
        }
        assert_eq!((past("red"), past("embedded"), opening("kubernetes")), (None, None, None));
    }
}
