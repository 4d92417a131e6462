//! What a password, a key or a code looks like, and what a word, a type or the name of a product does.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::words::Hash;

/// Fronts of words with digits that are products, standards and levels.
const PRODUCTS: &[&str] = &[
    "argon",
    "argon2id",
    "argon2i",
    "base64url",
    "sha",
    "md5",
    "bcrypt",
    "scrypt",
    "pbkdf",
    "aes",
    "rsa",
    "ed25519",
    "oauth",
    "base",
    "utf",
    "ipv",
    "k8s",
    "http",
    "tls",
    "ssl",
    "web",
    "s3",
    "ec2",
    "x509",
    "pkcs",
    "totp",
    "fido",
    "log4",
    "python",
    "vue",
    "v1",
    "v2",
    "v3",
    "2fa",
    "mfa",
    "win",
    "mac",
    "ios",
    "wpa",
    "nist",
    "iso",
    "covid",
    "90-",
    "1password",
    "fips",
    "level",
    "step",
    "chapter",
    "q1",
    "q2",
    "q3",
    "q4",
    "802.",
    "iphone",
    "ipad",
    "android",
    "galaxy",
    "pixel",
    "java",
    "node",
    "react",
    "angular",
    "kubernetes",
    "postgres",
    "mysql",
    "redis",
    "gpt",
    "office",
    "html",
    "css",
    "ecma",
    "php",
    "ubuntu",
    "debian",
    "centos",
    "windows",
    "macos",
    "bluetooth",
    "wifi",
    "wi-fi",
    "usb",
    "ddr",
    "rtx",
    "gtx",
    "log4j",
    "oracle",
    "exchange",
    "rfc",
    "en-",
    "din",
    "gdpr",
    "soc2",
    "pci",
    "version",
    "ver",
    "part",
    "phase",
    "sprint",
    "week",
    "grade",
    "class",
    "section",
    "article",
    "page",
    "room",
    "form",
    "tier",
    "stage",
    "type",
    "mp3",
    "mp4",
    "h26",
    "otp",
    "u2f",
    "sso",
    "saml",
    "curve25519",
    "x25519",
    "chacha",
    "poly1305",
    "blake",
    "keccak",
    "crc",
    "p256",
    "secp",
    "hs256",
    "rs256",
    "es256",
    "jwt",
    "c++",
    "c#",
    "f#",
    ".net",
];

/// A sign that words of a sentence do not have inside.
pub(super) fn is_sign(c: char) -> bool {
    matches!(c, '!' | '#' | '$' | '%' | '&' | '*' | '?' | '^' | '+' | '=' | '~' | '@')
}

/// Whether a product's name begins a token, and its number follows: `python3`, not `pythonic7`.
fn product(token: &str, front: &str) -> bool {
    token.get(..front.len()).is_some_and(|head| head.eq_ignore_ascii_case(front))
        && !token[front.len()..].starts_with(char::is_alphabetic)
}

/// `INFRA-4471`: an issue of a project.
fn issue(token: &str) -> bool {
    token.split_once('-').is_some_and(|(project, number)| {
        (2..=12).contains(&project.len())
            && project.bytes().all(|byte| byte.is_ascii_uppercase())
            && (1..=6).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Letters with digits or signs among them, as passwords have and words have not.
pub(super) fn passwordish(token: &str, least: usize) -> bool {
    let count = token.chars().count();
    let letter = token.contains(char::is_alphabetic);
    let digit = token.contains(|c: char| c.is_ascii_digit());
    let sign = token.contains(is_sign);
    let known = !sign && PRODUCTS.iter().any(|word| product(token, word)) || issue(token);
    let other = token.contains(['(', ')', '{', '}', '<', '>', '[', ']', '\u{1}', '/'])
        || token.contains("::")
        || token.starts_with(':')
        || token.starts_with(['$', '%', '&', '=', '+', '-', '#', '@', '.', '~'])
        || token.contains("&&");
    let email = token.contains('@') && token.rsplit('@').next().is_some_and(|host| host.contains('.'));
    let dated = token.chars().filter(char::is_ascii_digit).count() >= 6
        && token.contains(['-', '.'])
        && !token.contains(|c: char| c.is_uppercase());
    // `date_string="26`, `reason=4`: an argument.
    let argument = token.split_once('=').is_some_and(|(name, value)| {
        !value.is_empty() && name.len() > 1 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    });
    count >= least
        && letter
        && !argument
        && !known
        && !other
        && !email
        && !dated
        && !ordinal(token)
        && (digit || (sign && token.trim_end_matches(['!', '?', '*', '…']).chars().skip(1).any(is_sign)))
        && !token.ends_with('%')
}

/// `10am`, `500ml`, `24-hour`, `100k`, `3rd`: digits and a unit.
fn ordinal(token: &str) -> bool {
    let rest = token.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | ':'));
    rest.len() < token.len() && rest.chars().all(char::is_alphabetic) && (rest.chars().count() <= 3 || plain(rest))
}

/// Whether a word is one of a language, in any case.
pub(super) fn plain(word: &str) -> bool {
    LEXICON.word(Hash::of(word)).any(Flags::WORD.or(Flags::ALSO_WORD).or(Flags::VERB).or(Flags::JOB))
}

/// Signs, or capitals and digits within: nothing but a password looks so, whatever stands before it.
pub(super) fn strong(token: &str) -> bool {
    let inner = token.trim_end_matches(['!', '?', '*', '.']);
    passwordish(token, 7) && (inner.chars().skip(1).any(|c| is_sign(c) || c == '_') || switches(token) >= 4)
}

/// How often a token goes over from letters to digits, from small letters to capitals, or back.
pub(super) fn switches(token: &str) -> usize {
    let class = |byte: u8| match byte {
        b'0'..=b'9' => 1,
        b'a'..=b'z' => 2,
        b'A'..=b'Z' => 3,
        _ => 0,
    };
    // A capital that begins a word is no change.
    let bytes = token.as_bytes();
    bytes.windows(2).filter(|pair| class(pair[0]) != class(pair[1]) && class(pair[0]) > 0 && class(pair[1]) > 0).count()
        - usize::from(bytes.len() > 1 && class(bytes[0]) == 3 && class(bytes[1]) == 2)
}

/// Whether a token is as random as keys are: letters and digits in turn, in one of its parts at least.
pub(super) fn random(token: &str, least: usize) -> bool {
    token.len() >= least && grouped(token) && token.bytes().filter(u8::is_ascii_digit).count() * 4 >= token.len() / 2
        || token.len() >= least
            && !token.contains(|c: char| {
                !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '/' | '=' | '~'))
            })
            && token
                .split(['-', '_', '.', '/', '+'])
                .any(|part| part.len() >= 8 && switches(part) >= if part.len() >= 16 { 4 } else { 3 } && mixed(part))
}

/// `QX7K8-81MQ0-04LPR`: groups of capitals and digits, all of one length.
fn grouped(token: &str) -> bool {
    let mut groups = token.split('-');
    let size = groups.next().map_or(0, str::len);
    (4..=8).contains(&size)
        && token.split('-').count() >= 3
        && groups.all(|group| group.len() == size)
        && token.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-')
        && token.bytes().any(|byte| byte.is_ascii_digit())
}

/// What stands for a value and is none: types, placeholders and remarks, in many languages.
static NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "string str text varchar int none null nil true false required optional changed hidden redacted example password \
     secret your env self this undefined unknown unchanged default empty missing disabled enabled forgotten encrypted \
     hashed reset expired available confidential private same see above below ask tbd todo n/a na yes no nein ja oui \
     non si sí não nao erforderlich geheim unbekannt vergessen geändert siehe pflichtfeld optional leer obligatoire \
     requis oublié inconnu secret voir obligatorio requerido olvidada desconocida ver obrigatório esquecida \
     obbligatorio dimenticata vedi verplicht vergeten zie wymagane zapomniane brak zobacz povinné zapomenuté viz krävs \
     glömt se påkrevd pakollinen kötelező elfelejtett obligatoriu uitată zorunlu unuttum обязательно забыт нет см \
     неизвестен потрібен забув 必填 忘记 必須 非公開 필수 없음"
        .split_whitespace()
        .collect()
});

/// Whether the value is one, and not a type, a variable or the next word of a sentence.
pub(super) fn held(password: bool, value: &str, assigned: bool) -> bool {
    let lower = value.to_lowercase();
    // `"Your password: "` asks for one.
    let prompt = value.contains(' ') && value.trim_end().ends_with([':', '?', '.', '!']);
    let reference = prompt
        || value.starts_with(['$', '{', '%', '*', '.', '/', '&', '(', '<', '['])
        || value.contains(['(', ')', '{', '}'])
        || lower.contains("env.")
        || lower.contains("environ")
        || lower.contains("://")
        || lower.starts_with("xxx");
    if reference || NAMES.contains(lower.as_str()) || lower.starts_with("your-") || lower.starts_with("your_") {
        return false;
    }
    let digit = value.contains(|c: char| c.is_ascii_digit());
    let sign = value
        .trim_end_matches('-')
        .contains(|c: char| c.is_ascii_punctuation() && !matches!(c, '-' | '_' | '.' | '\'' | '/'));
    if password {
        return value.chars().count() >= 4
            && (digit && value.contains(char::is_alphabetic)
                || sign
                || (digit && value.len() >= 6)
                || (assigned && value.chars().count() >= 5));
    }
    value.chars().count() >= 8 && (mixed(value) || (assigned && digit && value.len() >= 12))
}

/// Words with dashes between, three at least: a phrase that opens something.
pub(super) fn worded(value: &str) -> bool {
    let mark = if value.contains('-') { '-' } else { '.' };
    value.split(mark).count() >= 3
        && value.split(mark).all(|word| word.len() >= 3 && word.bytes().all(|b| b.is_ascii_lowercase()))
}

/// Letters and digits together, as random strings have them.
pub(super) fn mixed(value: &str) -> bool {
    value.contains(|c: char| c.is_ascii_digit())
        && value.contains(|c: char| c.is_ascii_alphabetic())
        && value.len() >= 8
}

/// `sk-learn-compatible-estimators` is words with dashes.
pub(super) fn wordy(value: &str) -> bool {
    value.len() < 60
        && !value.contains(|c: char| c.is_ascii_digit())
        && value.split(['-', '_']).all(|part| part.len() < 14)
        && !value.contains(char::is_uppercase)
}
