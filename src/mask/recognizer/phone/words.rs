//! Words beside digits: those that announce a number to call, those that announce another, and extensions.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::mask::words::Hash;

/// What a word before digits says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number to call.
    Label,
    /// A number to call, where it stands right before.
    Verb,
    /// Another kind of number.
    Other,
    /// Nothing: the word before it counts.
    Filler,
}

/// Each list in small letters, accents as they are: words are compared folded.
const LABELS: &str = "phone phones telephone tel telf tlf tlfn tlph mobile mob mobl cellphone cellular fax facsimile whatsapp \
    whatsap watsapp wa wapp viber zalo sms hotline landline handy telefon telefonnummer telefonnr tlfnr telnr \
    mobilnummer mobilnr handynummer rufnummer durchwahl mobil mobiltelefon telefax festnetz tél téléphone téls \
    natel gsm zap wpp teléfono teléfonos telefono tfno tlfno móvil movil celular cel cels fijo cellulare telefone \
    telemóvel telemovel tlm contactos fone fixo zapzap telefoon mobiel komórka komórkowy komorka domowy \
    stacjonarny służbowy kontaktní mobilní pevná telefón mobilný pevný číslo-mobilu vezetékes telefonszám \
    mobilszám telefonul fax-tel telefoane тел телефон телефоны моб мобильный мобільний мобілен мобилен сот \
    сотовый дом домашний раб рабочий факс звоните звонить номер-телефона ватсап вотсап вацап телефону ұялы \
    мобилни фиксни fiksni mob-tel τηλ τηλέφωνο τηλέφωνα κιν κινητό σταθερό φαξ telefonas mob-nr tālrunis tālr \
    telefons mobilusis telefoninumber mobiil telefoninr puh puhelin puhelinnumero matkapuhelin puhnro sími \
    farsími gsími tlfnummer mobiltlf arb mobilen telefonu telefonum işyeri تلفن هاتف الهاتف جوال الجوال موبايل \
    محمول المحمول واتساب فاكس تليفون همراه موبایل نمبر فون رابطہ نقال טל טלפון נייד סלולרי פקס פון फोन मोबाइल \
    दूरभाष संपर्क फ़ोन मो ফোন মোবাইল টেলিফোন மொபைல் தொலைபேசி ఫోన్ మొబైల్ ಫೋನ್ മൊബൈൽ ಮೊಬೈಲ್ ફોન મોબાઇલ ਫੋਨ ਮੋਬਾਈਲ \
    hp telp telpon telepon ponsel hape nohp handphone đt đtdđ sđt điện-thoại thoại di-động động máy simu nambari \
    namba rununu ስልክ phno tph tp mobno imessage facetime telegram bkash nagad nequi bizum yape plin vipps swish \
    mobilepay guasap wasap zadzwoń dzwoń dzwonić volejte volej zavolejte volať soita hívj hívjon chiamami \
    appelez appelle llámame bellen anrufen anruf erreichbar sunați позвоните звони pozovi nazovi аloқа байланыс \
    aloqa hubungi telefoni numaram mobile-no cellnumber cellno telno phonenumber phoneno mobileno mobilenumber \
    contactno contactnumber ncell safaricom phn հեռ հեռախոս ტელ ტელეფონი მობ утас телефонен";

/// Words that announce a number to call right before it, and mean much else elsewhere.
const VERBS: &str = "cell call calls calling whats text txt dial dialled ring dienstlich privat portable port fixe bureau \
    domicile perso gsmnr casa ufficio recapito abitazione tm contacto contato zap thuis werk kom dom kontakt \
    linka otthoni serviciu acasă mobitel arbejde arbeid jobb hem hemma arbete växel direkt cep ev ph contact \
    contacts reach reached reachable messenger signal ringa ringe chiama chiamare llame llama llamar ligue ligar \
    bel suna zvoni ara arayın home office work direct switchboard bleep pager emergency ice afterhours daytime \
    evening landphone airtel mtn vodafone orange tigo claro movistar jio telekom smart globe dialog resi \
    residence";

const OTHERS: &str = "isbn issn doi order orders invoice invoices ticket tickets case serial part sku ref refs reference id \
    ids po version versions ver build builds release ean upc gtin tax vat account acct routing orcid rfc iso din vde nen astm ansi gost jis \
    patent patents batch lot model timestamp epoch commit tracking zip postcode iban ssn card bsn nhs pesel aadhaar \
    sort port from between req requisition rechnung rechnungsnummer bestellung bestellnummer auftrag vorgang aktenzeichen \
    kundennummer artikelnummer factura pedido expediente comande commande facture dossier ordine fattura zamówienie \
    faktura objednávka megrendelés számla bestelling factuur заказ счет накладная issue bug job run pmid arxiv pubmed \
    article articles item items asin imei meid oib nip regon krs siren siret cnpj rut cuit abn acn ein duns npi \
    passport licence license permit certificate cert certification registration reg policy claim docket grant award \
    project protocol trial nct lic acta resolución decreto hash sha checksum uuid guid pid oid section clause article \
    steuernummer nif cif dni nie cpf rg pis sss tin pan gst gstin cin uen udyam lei isin cusip wkn sedol swift bic blz \
    bankgiro plusgiro konto kontonr account-no iban-no medicare tfn crn mrn student employee staff matrikel matrikelnummer \
    personnummer personnr cpr kennitala kt hetu isikukood snils снилс инн огрн кпп бик егн єдрпоу oгрнип паспорт \
    chip microchip vin flight train bus room gate seat pnr booking reservation confirmation barcode frequency range years year pages page \
    pp vol volume chapter revision rev firmware driver kernel \
    requests users visitors rows records lines samples tokens events messages downloads views";

const FILLERS: &str = "no nos nr num number numbers números numéros numeri numery nummern номера čísla nummer numer numero número numéro numéros is are at on me my the a an to via under \
    unter auf sur au al sul på pa na under me us him her or and oder und et y e o ou eller lub i a is's its it \
    uk us mine mi mon meine mein moj mój personal private new old only please just still also alt alternate main \
    preferred primary secondary number's nro nº broj číslo č numri αρ αριθμός номер № رقم שלי numarası numaram no's \
    under with for in de del da do di la le les el der die das";

fn table() -> HashMap<u64, Kind> {
    let lists = [(FILLERS, Kind::Filler), (OTHERS, Kind::Other), (VERBS, Kind::Verb), (LABELS, Kind::Label)];
    let words = lists.into_iter().flat_map(|(list, kind)| list.split_whitespace().map(move |word| (word, kind)));
    words.map(|(word, kind)| (Hash::of(word), kind)).collect()
}

static WORDS: LazyLock<HashMap<u64, Kind>> = LazyLock::new(table);

/// Labels in scripts that put no spaces between words.
const UNSPACED: &[&str] = &[
    "電話",
    "電話番号",
    "电话",
    "联系电话",
    "手機",
    "手机",
    "手机号",
    "手机号码",
    "携帯",
    "携帯電話",
    "携帯番号",
    "固定電話",
    "自宅",
    "連絡先",
    "市话",
    "市話",
    "座机",
    "联系方式",
    "聯絡電話",
    "行動電話",
    "手　機",
    "电　话",
    "電　話",
    "전화",
    "전화번호",
    "휴대폰",
    "휴대전화",
    "핸드폰",
    "연락처",
    "연락",
    "자택",
    "회사",
    "โทร",
    "โทรศัพท์",
    "เบอร์",
    "เบอร์โทร",
    "มือถือ",
    "ติดต่อ",
    "ទូរស័ព្ទ",
    "ໂທ",
    "ဖုန်း",
];

/// Signs that stand for a telephone.
const SIGNS: [char; 10] = ['☎', '📞', '📱', '✆', '☏', '📲', '🕿', '🖷', '📠', '🤙'];

/// What the words before a number say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Before {
    /// A label, fillers aside.
    pub(super) label: bool,
    /// A label, with other words between.
    pub(super) near: bool,
    /// Another kind of number.
    pub(super) other: bool,
    /// Things that may be counted, before a colon.
    pub(super) counted: bool,
    /// The label is a word that means much else, and no mark stands behind it.
    pub(super) loose: bool,
    /// A name, or a sign that ends one.
    pub(super) name: bool,
    /// No word goes right before.
    pub(super) free: bool,
}

/// Reads the words of the line before `head`'s end; `head` is the line up to the number.
pub(super) fn before(head: &str) -> Before {
    let mut found = Before::default();
    let mut rest = head;
    let mut unknown = 0;
    for step in 0..6 {
        let end = rest.trim_end_matches(|c: char| !c.is_alphanumeric() && !SIGNS.contains(&c) && !mark(c));
        let gap = &rest[end.len()..];
        if step == 0 {
            found.name = named(end, gap);
            found.other = gap.contains(['#', '№', '§'])
                || (gap.starts_with(['°', 'º']) && end.ends_with(['n', 'N']))
                || coded(end, gap);
            found.free = gap.chars().any(|c| !c.is_whitespace()) || end.is_empty() || found.name;
        }
        let Some(c) = end.chars().next_back() else { break };
        if SIGNS.contains(&c) {
            found.label |= unknown == 0;
            found.near |= unknown > 0;
            break;
        }
        if c.is_numeric() || gap.len() > 24 || gap.contains(';') || (step > 0 && gap.contains(['|', '\t', '•', '·']))
        {
            break;
        }
        if unspaced(c) {
            found.name = true;
            let label = UNSPACED.iter().any(|label| end.ends_with(label));
            found.label |= label && unknown == 0;
            found.near |= label;
            break;
        }
        let word = end.trim_end_matches(|c: char| c.is_alphabetic() || mark(c) || matches!(c, '\'' | '’'));
        let text = &end[word.len()..];
        if text.is_empty() {
            break;
        }
        let one = text.chars().nth(1).is_none();
        // `M:`, `T.`, `C/`: a letter with a mark stands for a label.
        if one && step == 0 {
            let marked = gap.starts_with([':', '.', '/', ')']) && !gap.starts_with(". ") || gap.starts_with(": ");
            let lone = word.is_empty()
                || word.ends_with(|c: char| c.is_whitespace() || matches!(c, '|' | '•' | '·' | '(' | ','));
            let letter = "mtpfchwМТТ".contains(text.to_lowercase().as_str());
            if letter
                && lone
                && (marked
                    || gap.starts_with('.')
                    || word.trim().is_empty()
                    || word.trim_end().ends_with(['|', '•', '·', ',']))
            {
                found.near = true;
                break;
            }
        }
        match WORDS.get(&Hash::of(text)) {
            Some(Kind::Label) => {
                found.label |= unknown == 0;
                found.near |= unknown > 0;
                break;
            }
            Some(Kind::Verb) => {
                found.loose = unknown == 0 && step == 0 && gap.trim().is_empty();
                found.label |= unknown == 0;
                found.near |= unknown == 1;
                break;
            }
            Some(Kind::Other) => {
                found.other |= unknown == 0;
                // `for messages: …`: what is counted elsewhere may be what one calls for.
                found.counted |= unknown == 0
                    && gap.starts_with(':')
                    && ["messages", "orders", "order"].iter().any(|word| word.eq_ignore_ascii_case(text));
                break;
            }
            Some(Kind::Filler) => {
                // `no.` and `nr.` alone announce some number, not one to call.
                const SOME: &[&str] = &["no", "nr", "from", "number", "between"];
                let number = NUMBERS.iter().any(|known| known.eq_ignore_ascii_case(text));
                let own = number && unknown == 0 && possessive(word)
                    || step == 0 && gap.starts_with(':') && MANY.iter().any(|known| known.eq_ignore_ascii_case(text));
                found.near |= own;
                found.other |= !own && step == 0 && SOME.iter().any(|word| word.eq_ignore_ascii_case(text));
            }
            None if !one => unknown += 1,
            None => {}
        }
        if unknown > 3 {
            break;
        }
        rest = word;
    }
    if found.label || found.near {
        found.other = false;
    }
    found
}

/// Words for a number, which say whose it is with a word before them.
const NUMBERS: &[&str] = &[
    "no",
    "nr",
    "num",
    "number",
    "nummer",
    "numer",
    "numero",
    "número",
    "numéro",
    "номер",
    "číslo",
    "broj",
    "αριθμός",
];

/// Several of them, before a colon.
const MANY: &[&str] = &["numbers", "nummern", "números", "numéros", "numeri", "numery", "номера", "čísla", "brojevi"];

/// Whether `head` ends in a word that says whose: `my no. …`.
fn possessive(head: &str) -> bool {
    const WHOSE: &[&str] = &[
        "my", "his", "her", "their", "our", "your", "new", "meine", "mein", "seine", "ihre", "mon", "son", "mi", "su",
        "mio", "suo", "meu", "seu", "mijn", "zijn", "haar", "mój", "moje", "jego", "mitt", "hans", "hennes", "min",
        "mojego", "moje", "mój", "moj", "můj", "môj", "мой", "мій", "moja", "mea", "work", "home", "office", "mum's",
        "dad's", "private", "direct",
    ];
    let word =
        head.trim_end().rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | ',' | ':')).next().unwrap_or_default();
    WHOSE.iter().any(|whose| whose.eq_ignore_ascii_case(word))
}

/// Whether letters and digits mixed stand right before: the front of a longer code.
fn coded(end: &str, gap: &str) -> bool {
    let word = end.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    gap == " " && word.bytes().any(|byte| byte.is_ascii_digit()) && word.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Whether `end` ends in a name, or in something that stands for one: `Ana Kovač`, `M. Põld –`, `(Ray)`.
fn named(end: &str, gap: &str) -> bool {
    let word = |text: &str| {
        let head = text.trim_end_matches(|c: char| c.is_alphabetic() || mark(c) || matches!(c, '\'' | '’' | '-'));
        (head.len(), text[head.len()..].chars().next().is_some_and(char::is_uppercase))
    };
    let (start, capital) = word(end);
    let marked = gap.trim_start().starts_with([',', '–', '—', ':', '(', ')', '-', '·', '|', '•', '→']);
    if end.is_empty() {
        return false;
    }
    if capital {
        let before = end[..start].trim_end_matches([' ', '.', '-']);
        let (_, capital) = word(before);
        return capital || (marked && !gap.trim_start().starts_with(':'));
    }
    // Behind a remark in brackets that stands behind a name.
    gap.contains(") ") || gap.contains("),") || gap.contains('(') || gap.contains(['—', '–', '|', '•', '→'])
}

/// Whether the words right after a number, in brackets or not, are a label of it.
pub(super) fn label_behind(tail: &str) -> bool {
    let rest = tail.trim_start_matches([' ', '(', '[', '-', '–', ',', '/']);
    if rest.len() == tail.len() || tail.len() - rest.len() > 4 {
        return false;
    }
    let end = rest.find(|c: char| !c.is_alphabetic() && !mark(c)).unwrap_or(rest.len());
    let bracket = tail.trim_start().starts_with(['(', '[']) || rest[end..].trim().is_empty();
    bracket && matches!(WORDS.get(&Hash::of(&rest[..end])), Some(Kind::Label | Kind::Verb))
}

/// Whether a line has a word that announces a number to call, or other contact details.
pub(super) fn contacts(line: &str) -> bool {
    if line.contains(['@', '＠', '|', '•', '·', '▪']) || (!line.is_ascii() && line.contains(SIGNS)) {
        return true;
    }
    let mut words = line.split(|c: char| !c.is_alphabetic() && !mark(c)).filter(|word| word.len() > 2);
    words.any(|word| WORDS.get(&Hash::of(word)) == Some(&Kind::Label))
}

/// Whether somebody is told to call: a word for it on the line, and one right before the number that points to it.
pub(super) fn told_to_call(head: &str, line: &str) -> bool {
    const POINTS: &[&str] = &[
        "use", "try", "on", "at", "via", "is", "number", "to", "unter", "auf", "nimm", "au", "sur", "al", "en", "em",
        "no", "na", "talk", "speak", "contact", "pod", "på", "til", "sul", "op", "naar", "по", "from", "allo", "alla",
        "ao", "von", "aan", "στο",
    ];
    const CALLS: &[&str] = &[
        "sentire",
        "sentirmi",
        "contattare",
        "contattarmi",
        "chiamarmi",
        "scrivimi",
        "joindre",
        "joignable",
        "erreichen",
        "erreichst",
        "bereiken",
        "bereikbaar",
        "localizar",
        "localizarme",
        "llamarme",
        "escríbeme",
        "contactar",
        "contactarme",
        "falar",
        "manda",
        "mande",
        "texts",
        "rings",
        "call",
        "calls",
        "called",
        "phoned",
        "phone",
        "rang",
        "texted",
        "talk",
        "speak",
        "reach",
        "contact",
        "messages",
        "ring",
        "text",
        "dial",
        "line",
        "anrufen",
        "ruf",
        "ruft",
        "rufen",
        "appelle",
        "appeler",
        "appelez",
        "llama",
        "llamar",
        "llámame",
        "chiama",
        "chiamare",
        "liga",
        "ligue",
        "ligar",
        "bel",
        "bellen",
        "dzwoń",
        "zadzwoń",
        "volej",
        "zavolej",
        "ring",
        "ringe",
        "soita",
        "hívj",
        "sună",
        "ara",
        "arayın",
        "звони",
        "позвони",
        "звоните",
        "дзвони",
    ];
    let last = head.trim_end().trim_end_matches(':').rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    POINTS.contains(&last)
        && line.split(|c: char| !c.is_alphabetic()).any(|word| CALLS.contains(&word.to_lowercase().as_str()))
}

/// Whether a line tells of orders, builds and the like.
pub(super) fn others(line: &str) -> bool {
    let mut words = line.split(|c: char| !c.is_alphabetic() && !mark(c)).filter(|word| word.len() > 3);
    words.any(|word| WORDS.get(&Hash::of(word)) == Some(&Kind::Other))
}

/// Whether `text` is a label and nothing else: the head of a column, a line above.
pub(super) fn only_label(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_alphabetic() && !mark(c)).filter(|word| !word.is_empty());
    let mut label = false;
    let fits = words.by_ref().take(4).all(|word| match WORDS.get(&Hash::of(word)) {
        Some(Kind::Label | Kind::Verb) => {
            label = true;
            true
        }
        Some(Kind::Filler) => true,
        _ => {
            UNSPACED.contains(&word) && {
                label = true;
                true
            }
        }
    });
    label && fits && words.next().is_none()
}

/// Marks that belong to the letter before them.
fn mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{93a}'..='\u{94f}' | '\u{981}'..='\u{9d7}' | '\u{a01}'..='\u{d4d}' | '\u{e30}'..='\u{e4e}' | '\u{1350}'..='\u{135f}')
}

/// Scripts without spaces between words, and Hangul, whose words take endings.
pub(super) fn unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

/// Words of extensions, in small letters.
const EXTENSIONS: &[&str] = &[
    "extension",
    "extensión",
    "extensão",
    "ext",
    "extn",
    "exten",
    "x",
    "durchwahl",
    "psw",
    "pes",
    "dw",
    "klappe",
    "kl",
    "nebenstelle",
    "apparat",
    "app",
    "poste",
    "interno",
    "interna",
    "int",
    "anexo",
    "anx",
    "ramal",
    "rml",
    "wewn",
    "wewnętrzny",
    "wew",
    "samb",
    "sambungan",
    "pesawat",
    "doorkiesnummer",
    "linka",
    "klapka",
    "доб",
    "добавочный",
    "вн",
    "внутр",
    "внутренний",
    "dahili",
    "dah",
    "داخلی",
    "داخلي",
    "تحويلة",
    "内線",
    "內線",
    "分機",
    "分机",
    "内线",
    "转",
    "轉",
    "내선",
    "교환",
    "ต่อ",
    "lokal",
    "lokalnr",
    "lok",
    "loc",
    "local",
    "sise",
    "εσωτ",
    "εσ",
    "εσωτερικό",
    "kućni",
    "kuc",
    "mellék",
    "mell",
    "m",
    "toestel",
    "tst",
    "anknytning",
    "ankn",
    "alanumero",
    "alanro",
    "шл",
    "nhánh",
    "máy lẻ",
    "vnútorná",
    "interior",
    "שלוחה",
    "एक्सटेंशन",
    "papild",
    "vid",
    "šaluha",
    "loki",
    "pin",
    "innv",
    "r",
    "w",
];

/// Where an extension that begins at byte `at` ends: `ext. 12`, `x204`, `(int. 22)`, `доб. 417`, `内線302`.
pub(super) fn extension(text: &str, at: usize) -> Option<usize> {
    let tail = &text[at..];
    let mut chars = tail.char_indices();
    let mut bracket = false;
    let mut from = tail.len();
    for (place, c) in chars.by_ref() {
        match c {
            ' ' | '\u{a0}' | ',' | ';' | '.' | '-' | '–' | '/' if place < 4 => {}
            '(' | '（' | '[' if !bracket => bracket = true,
            _ => {
                from = place;
                break;
            }
        }
    }
    let rest = &tail[from..];
    let first = rest.chars().next()?;
    let word = if first == '#' && !bracket {
        "#"
    } else if first.is_alphabetic() {
        let end = rest.find(|c: char| !c.is_alphabetic() && !mark(c)).unwrap_or(rest.len()).min(rest.len());
        let word = &rest[..end];
        let known = |word: &str| EXTENSIONS.iter().any(|known| same(known, word));
        if known(word) {
            word
        } else {
            // Two words, or a script that goes on without a space.
            if first.is_ascii() {
                return None;
            }
            *EXTENSIONS.iter().find(|known| {
                !known.is_ascii()
                    && known.len() > 2
                    && rest.starts_with(**known)
                    && (known.contains(' ') || known.chars().next().is_some_and(unspaced))
            })?
        }
    } else {
        return None;
    };
    let behind = &rest[word.len()..];
    let number = behind.trim_start_matches([' ', '.', ':', '=', '#', '\u{a0}', 'º', '°']);
    let number =
        ["no.", "no ", "nr.", "nr "].iter().find_map(|no| number.strip_prefix(no)).unwrap_or(number).trim_start();
    if behind.len() - number.len() > 8
        || ((same("m", word) || same("r", word) || same("w", word)) && !behind.starts_with('.'))
    {
        return None;
    }
    let start = text.len() - number.len();
    let mut end = start;
    let mut count = 0;
    while let Some((_, length)) = super::run::digit(text, end) {
        end += length;
        count += 1;
    }
    let next = text[end..].chars().next();
    if !(1..=6).contains(&count) || next.is_some_and(|c| c.is_alphanumeric() && !unspaced(c)) {
        return None;
    }
    Some(end + if bracket { next.filter(|c| matches!(c, ')' | '）' | ']')).map_or(0, char::len_utf8) } else { 0 })
}

/// The same letters, whatever the case.
fn same(known: &str, word: &str) -> bool {
    known.len() == word.len() && known.chars().eq(word.chars().flat_map(char::to_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_announce_numbers() {
        for head in
            ["Tel. ", "phone (home): ", "Mob ", "My number is ", "Тел.: ", "携帯　", "☎ ", "M: ", "T. ", "Tlf.nr.: "]
        {
            let found = before(head);
            assert!(found.label || found.near, "{head}");
        }
        assert!(before("order no. ").other && before("ISBN ").other && before("Ticket #").other);
        assert!(before("Bolette Ravnsborg ").name && before("R. Põld, ").name && !before("Invoices ").name);
    }

    #[test]
    fn extensions_are_read() {
        for text in [
            " ext. 12",
            " x204",
            ", poste 33",
            " (int. 22)",
            ", доб. 417",
            " 内線302",
            "转8012",
            " (داخلی ۲۱۸)",
            ";ext=12",
            " #12",
        ] {
            assert_eq!(extension(text, 0), Some(text.len()), "{text}");
        }
        for text in [" m 12", " and 12", " x", " exit 2", " ext 1234567"] {
            assert_eq!(extension(text, 0), None, "{text}");
        }
    }
}
