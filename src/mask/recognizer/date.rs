//! Dates in the ways people write them: numbers, months by name in some forty languages, several calendars.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::char::is_combining_mark;

use crate::mask::words::Hash;

/// A date read at some place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date {
    /// The byte behind it.
    pub(super) end: usize,
    /// The year as written, if any; two digits stay two.
    pub(super) year: Option<u32>,
    /// Whether a day of the month is told.
    pub(super) day: bool,
}

/// The value of a digit of any script.
pub(super) fn digit(c: char) -> Option<u32> {
    const ZEROS: &[u32] = &[
        0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50, 0xED0, 0xF20,
        0x1040, 0x17E0, 0xFF10,
    ];
    if c.is_ascii() {
        return c.to_digit(10);
    }
    let code = u32::from(c);
    ZEROS.iter().find_map(|zero| code.checked_sub(*zero).filter(|value| *value < 10))
}

/// Reads a text from a place on.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'t> {
    text: &'t str,
    pub(super) at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str, at: usize) -> Self {
        Self { text, at }
    }

    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> bool {
        let found = self.peek().filter(|c| wanted(*c));
        self.at += found.map_or(0, char::len_utf8);
        found.is_some()
    }

    fn eat(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    fn blanks(&mut self) -> usize {
        let start = self.at;
        while self.take(|c| matches!(c, ' ' | '\t' | '\u{a0}' | '\u{202f}' | '\u{3000}')) {}
        self.at - start
    }

    /// A number: its value and how many digits, at most `most`.
    pub(super) fn number(&mut self, most: usize) -> Option<(u32, usize)> {
        let (mut value, mut count) = (0u32, 0);
        let start = self.at;
        while let Some((c, digit)) = self.peek().and_then(|c| Some((c, digit(c)?))) {
            value = value.saturating_mul(10).saturating_add(digit);
            count += 1;
            self.at += c.len_utf8();
        }
        if count == 0 || count > most {
            self.at = start;
            return None;
        }
        Some((value, count))
    }

    /// A run of letters with their marks.
    pub(super) fn word(&mut self) -> &'t str {
        let start = self.at;
        while self.take(|c| c.is_alphabetic() || (!c.is_ascii() && is_combining_mark(c))) {}
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Any of these words, in any case, and blanks behind it.
    fn small_word(&mut self, wanted: &[&str]) -> bool {
        let mut ahead = *self;
        let word = ahead.word();
        let found = !word.is_empty() && wanted.iter().any(|small| word.eq_ignore_ascii_case(small));
        if found {
            ahead.take(|c| matches!(c, '\'' | '’' | '.'));
            ahead.blanks();
            *self = ahead;
        }
        found
    }
}

/// Names of months, whole, inflected and shortened.
const MONTHS: &[&str] = &[
    // English, German, Dutch, Scandinavian.
    "jan january januar jänner januari jaanuar februar february feb februari feber veebruar mar march märz marz maart mars märts mrt mär apr april aprill may mai mei maj mag jun june juni juuni jul july juli juuli aug august augustus augusti sep sept september oct okt october oktober oktoober nov november dec dez des december dezember desember detsember",
    // French, Spanish, Portuguese, Italian, Catalan, Romanian.
    "janvier janv février fevrier févr fev mars avril avr mai juin juillet juil août aout septembre octobre novembre décembre déc enero ene febrero marzo abril abr mayo junio julio agosto ago septiembre setiembre set octubre noviembre diciembre dic janeiro fevereiro março maio junho julho setembro outubro out novembro dezembro gennaio gen febbraio aprile maggio giugno giu luglio lug settembre ottobre ott dicembre gener febrer març maig juny juliol agost setembre novembre desembre ianuarie februarie martie aprilie iunie iulie septembrie octombrie noiembrie decembrie ian iun iul noi",
    // Nordic and Baltic.
    "januar februar marts mars apríl maí júní júlí ágúst september október nóvember desember janúar febrúar tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta marraskuuta joulukuuta tammikuu helmikuu maaliskuu huhtikuu toukokuu kesäkuu heinäkuu elokuu syyskuu lokakuu marraskuu joulukuu sausio vasario kovo balandžio gegužės birželio liepos rugpjūčio rugsėjo spalio lapkričio gruodžio sausis vasaris kovas balandis gegužė birželis liepa rugpjūtis rugsėjis spalis lapkritis gruodis janvāris janvārī februāris februārī marts martā aprīlis aprīlī maijs maijā jūnijs jūnijā jūlijs jūlijā augusts augustā septembris septembrī oktobris oktobrī novembris novembrī decembris decembrī",
    // Slavic.
    "stycznia styczeń lutego luty marca marzec kwietnia kwiecień maja maj czerwca czerwiec lipca lipiec sierpnia sierpień września wrzesień października październik listopada listopad grudnia grudzień sty lut kwi cze lip sie wrz paź lis gru ledna leden února únor března březen dubna duben května květen června červen července červenec srpna srpen září října říjen listopadu prosince prosinec januára január februára február marca marec apríla apríl mája máj júna jún júla júl augusta august septembra september októbra október novembra november decembra december siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna listopada studenog studenoga prosinca siječanj veljača ožujak travanj svibanj lipanj srpanj kolovoz rujan studeni prosinac januarja februarja aprila junija julija avgusta oktobra novembra januara februara marta juna jula avgusta avgust januar mart jun jul januarja septembra decembra",
    "января январь февраля февраль марта март апреля апрель мая май июня июнь июля июль августа август сентября сентябрь октября октябрь ноября ноябрь декабря декабрь янв фев апр июн июл авг сен сент окт ноя дек січня січень лютого лютий березня березень квітня квітень травня травень червня червень липня липень серпня серпень вересня вересень жовтня жовтень листопада листопад грудня грудень студзеня лютага сакавіка красавіка мая чэрвеня ліпеня жніўня верасня кастрычніка лістапада снежня януари февруари март април май юни юли август септември октомври ноември декември јануар фебруар мај јун јул септембар октобар новембар децембар јануара фебруара марта априла маја јуна јула августа септембра октобра новембра децембра јануари јуни јули септември октомври ноември декември",
    // Hungarian, Greek, Turkish, Albanian, Irish, Welsh, Basque.
    "január február március április május június július augusztus szeptember október november december febr márc ápr máj jún júl szept ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου μαίου ιουνίου ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου νοεμβρίου δεκεμβρίου ιανουάριος φεβρουάριος μάρτιος απρίλιος μάιος ιούνιος ιούλιος αύγουστος σεπτέμβριος οκτώβριος νοέμβριος δεκέμβριος ιαν φεβ μαρ απρ μαι ιουν ιουλ αυγ σεπ οκτ νοε δεκ ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık janar shkurt mars prill maj qershor korrik gusht shtator tetor nëntor dhjetor eanáir feabhra márta aibreán bealtaine meitheamh iúil lúnasa meán fómhair samhain nollaig urtarrila otsaila martxoa apirila maiatza ekaina uztaila abuztua iraila urria azaroa abendua xaneiro febreiro xuño xullo outubro decembro",
    // Caucasus and Central Asia.
    "յանուար հունվարի փետրվարի մարտի ապրիլի մայիսի հունիսի հուլիսի օգոստոսի սեպտեմբերի հոկտեմբերի նոյեմբերի դեկտեմբերի იანვარი თებერვალი მარტი აპრილი მაისი ივნისი ივლისი აგვისტო სექტემბერი ოქტომბერი ნოემბერი დეკემბერი qaңтар қаңтар ақпан наурыз сәуір мамыр маусым шілде тамыз қыркүйек қазан қараша желтоқсан yanvar fevral aprel iyun iyul avgust sentyabr oktyabr noyabr dekabr",
    // Hebrew, Arabic, Persian, and the Islamic and Hebrew calendars.
    "ינואר פברואר מרץ מרס אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר בינואר בפברואר במרץ במרס באפריל במאי ביוני ביולי באוגוסט בספטמבר באוקטובר בנובמבר בדצמבר يناير فبراير مارس أبريل ابريل إبريل مايو يونيو يونيه يوليو يوليه أغسطس اغسطس سبتمبر أكتوبر اكتوبر نوفمبر ديسمبر جانفي فيفري أفريل ماي جوان جويلية أوت شباط آذار نيسان أيار حزيران تموز آب أيلول محرم صفر رجب شعبان رمضان شوال muharram safar rabi rajab shaaban shaban ramadan shawwal dhu فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند farvardin ordibehesht khordad tir mordad shahrivar mehr aban azar dey bahman esfand جنوری فروری مارچ اپریل مئی جون جولائی اگست ستمبر اکتوبر نومبر دسمبر",
    // Ethiopia.
    "meskerem tikimt tikemt hidar tahsas tir yekatit megabit miazia miyazya ginbot sene hamle nehase pagume መስከረም ጥቅምት ኅዳር ህዳር ታኅሣሥ ታህሳስ ጥር የካቲት መጋቢት ሚያዝያ ግንቦት ሰኔ ሐምሌ ሀምሌ ነሐሴ ጳጉሜ",
    // South and South-East Asia.
    "जनवरी फरवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर सितम्बर अक्टूबर अक्तूबर नवंबर नवम्बर दिसंबर दिसम्बर जानेवारी फेब्रुवारी एप्रिल मे जुलै ऑगस्ट सप्टेंबर ऑक्टोबर नोव्हेंबर डिसेंबर बैशाख जेठ असार साउन भदौ असोज कार्तिक मंसिर पुष माघ फागुन चैत জানুয়ারি জানুয়ারী ফেব্রুয়ারি ফেব্রুয়ারী মার্চ এপ্রিল মে জুন জুলাই আগস্ট সেপ্টেম্বর অক্টোবর নভেম্বর ডিসেম্বর ஜனவரி பிப்ரவரி மார்ச் ஏப்ரல் மே ஜூன் ஜூலை ஆகஸ்ட் செப்டம்பர் அக்டோபர் நவம்பர் டிசம்பர் జనవరి ఫిబ్రవరి మార్చి ఏప్రిల్ జూన్ జూలై ఆగస్టు సెప్టెంబర్ అక్టోబర్ నవంబర్ డిసెంబర్ ජනවාරි පෙබරවාරි මාර්තු අප්‍රේල් මැයි ජූනි ජූලි අගෝස්තු සැප්තැම්බර් ඔක්තෝබර් නොවැම්බර් දෙසැම්බර් januari pebruari maret mei agustus nopember januari februari mac ogos disember enero pebrero marso mayo hunyo hulyo agosto setyembre oktubre nobyembre disyembre มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม januari machi aprili juni julai agosti septemba oktoba novemba desemba",
];

static MONTH: LazyLock<HashMap<u64, ()>> = LazyLock::new(|| {
    MONTHS.iter().flat_map(|line| line.split_whitespace()).map(|month| (Hash::of(month), ())).collect()
});

/// Whether a word names a month.
pub(super) fn is_month(word: &str) -> bool {
    let long = word.len() >= 3 || !word.is_ascii();
    long && MONTH.contains_key(&Hash::of(word))
}

/// A Roman number from I to XII.
fn is_roman(word: &str) -> bool {
    const ROMAN: &[&str] = &["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];
    ROMAN.contains(&word)
}

/// The date that begins at byte `at`. `loose` takes an unknown word for a month, which only a label right before
/// allows.
pub(super) fn date_at(text: &str, at: usize, loose: bool) -> Option<Date> {
    let cursor = Cursor::new(text, at);
    let date = match cursor.peek()? {
        c if digit(c).is_some() => from_number(cursor, loose)?,
        c if c.is_alphabetic() => from_word(cursor)?,
        _ => return None,
    };
    // The pattern may stop in the middle of a longer number or word.
    let next = text.get(date.end..)?.chars().next();
    let last = text.get(..date.end)?.chars().next_back();
    let cut = next.is_some_and(|c| digit(c).is_some() && last.is_some_and(|last| digit(last).is_some()));
    (!cut).then(|| with_tail(text, date))
}

/// Whether a number can be the year of somebody's birth, in one of the calendars people use.
pub(super) fn is_year(value: u32, digits: usize) -> bool {
    match digits {
        2 => true,
        4 => matches!(value, 1300..=1460 | 1880..=2035 | 2420..=2580),
        _ => false,
    }
}

fn from_number(mut cursor: Cursor<'_>, loose: bool) -> Option<Date> {
    let start = cursor;
    let (first, digits) = cursor.number(8)?;
    if digits == 8 {
        let (year, end) = (first / 10_000, first % 10_000);
        let compact =
            (1900..=2030).contains(&year) && (1..=12).contains(&(end / 100)) && (1..=31).contains(&(end % 100));
        let turned =
            (1900..=2030).contains(&end) && (1..=31).contains(&(year / 100)) && (1..=12).contains(&(year % 100));
        return (compact || turned).then_some(Date {
            end: cursor.at,
            year: Some(if compact { year } else { end }),
            day: true,
        });
    }
    if digits > 4 || digits == 3 {
        // The years of the Republic of China may have three digits.
        return (digits == 3).then(|| marked(start)).flatten();
    }
    marked(start).or_else(|| numeric(start)).or_else(|| spelt(start, loose)).or_else(|| {
        (digits == 4 && is_year(first, 4)).then_some(Date { end: cursor.at, year: Some(first), day: false })
    })
}

/// `1990年5月3日`, `1990 m. kovo 12 d.`, `12 tháng 3 năm 1990`, `1990. gada 3. maijs`.
fn marked(mut cursor: Cursor<'_>) -> Option<Date> {
    let (first, digits) = cursor.number(4)?;
    cursor.blanks();
    if cursor.take(|c| matches!(c, '年' | '년')) {
        let year = Date { end: cursor.at, year: Some(first), day: false };
        let mut month = cursor;
        month.blanks();
        let Some((_, 1..=2)) = month.number(2) else { return (digits == 4).then_some(year) };
        month.blanks();
        if !month.take(|c| matches!(c, '月' | '월')) {
            return (digits == 4).then_some(year);
        }
        let mut day = month;
        day.blanks();
        if day.number(2).is_some() {
            day.blanks();
            day.take(|c| matches!(c, '日' | '일' | '号' | '號'));
            return Some(Date { end: day.at, year: Some(first), day: true });
        }
        return Some(Date { end: month.at, year: Some(first), day: false });
    }
    if digits <= 2 && cursor.small_word(&["tháng", "thang"]) {
        cursor.number(2)?;
        cursor.take(|c| c == ',');
        cursor.blanks();
        cursor.small_word(&["năm", "nam"]);
        let (year, count) = cursor.number(4)?;
        return is_year(year, count).then_some(Date { end: cursor.at, year: Some(year), day: true });
    }
    if digits == 4 && is_year(first, 4) {
        cursor.take(|c| c == '.');
        cursor.blanks();
        let marked = cursor.small_word(&["m", "metų", "gada", "gadā", "aasta", "r", "г", "év"]);
        let mut ahead = cursor;
        let word = ahead.word();
        if is_month(word) {
            ahead.take(|c| c == '.');
            ahead.blanks();
            if ahead.number(2).is_some() {
                let end = ahead.at;
                ahead.take(|c| c == '.');
                ahead.blanks();
                let mut tail = ahead;
                if marked && tail.small_word(&["d"]) {
                    return Some(Date {
                        end: tail.at - usize::from(tail.text[..tail.at].ends_with(' ')),
                        year: Some(first),
                        day: true,
                    });
                }
                return Some(Date { end, year: Some(first), day: true });
            }
            return None;
        }
        if marked && cursor.number(2).is_some() {
            cursor.take(|c| c == '.');
            cursor.blanks();
            let word = cursor.word();
            return is_month(word).then_some(Date { end: cursor.at, year: Some(first), day: true });
        }
    }
    None
}

/// `3.5.1990`, `1990-05-03`, `03/1990`, `3.IX.1931`, `03-MAY-90`.
fn numeric(mut cursor: Cursor<'_>) -> Option<Date> {
    let part = |cursor: &mut Cursor<'_>| -> Option<char> {
        let before = cursor.blanks();
        let sign =
            cursor.peek().filter(|c| matches!(c, '-' | '.' | '/' | '–' | '‑' | '·' | '．' | '／' | '٫' | '،' | ','))?;
        if sign == ',' {
            return None;
        }
        cursor.take(|_| true);
        let after = cursor.blanks();
        (before <= 1 && after <= 1 || before == after).then_some(sign)
    };
    let (first, digits) = cursor.number(4)?;
    let sign = part(&mut cursor)?;
    let mut word = cursor;
    let name = word.word();
    if !name.is_empty() {
        if digits > 2 || first == 0 || first > 31 || !(is_roman(name) || is_month(name)) {
            return None;
        }
        part(&mut word)?;
        let (year, count) = word.number(4)?;
        return is_year(year, count).then_some(Date { end: word.at, year: Some(year), day: true });
    }
    let (second, count) = cursor.number(4)?;
    let two = cursor;
    if let Some(other) = part(&mut cursor)
        && other == sign
        && let Some((third, last)) = cursor.number(4)
    {
        if digits == 4 {
            let fits =
                is_year(first, 4) && (1..=31).contains(&second) && (1..=31).contains(&third) && count <= 2 && last <= 2;
            return fits.then_some(Date { end: cursor.at, year: Some(first), day: true });
        }
        let fits = digits <= 2
            && count <= 2
            && (1..=31).contains(&first)
            && (1..=31).contains(&second)
            && (first <= 12 || second <= 12);
        if fits && (last == 4 && is_year(third, 4) || last == 2) {
            return Some(Date { end: cursor.at, year: Some(third), day: true });
        }
        // `88-03-12` and `78/03/12`: the year first, in two digits; `民國 78.3.12` is one of these too.
        let short = digits >= 2 && count <= 2 && last <= 2 && (1..=12).contains(&second) && (1..=31).contains(&third);
        return short.then_some(Date { end: cursor.at, year: Some(first), day: true });
    }
    // `8/11 1979`, as in Denmark.
    let mut spaced = two;
    if matches!(sign, '/' | '.')
        && digits <= 2
        && count <= 2
        && (1..=31).contains(&first)
        && (1..=12).contains(&second)
        && spaced.blanks() == 1
        && let Some((year, 4)) = spaced.number(4)
        && (1900..=2035).contains(&year)
    {
        return Some(Date { end: spaced.at, year: Some(year), day: true });
    }
    // A month and a year.
    if digits <= 2 && (1..=12).contains(&first) && count == 4 && is_year(second, 4) && sign != ',' {
        return Some(Date { end: two.at, year: Some(second), day: false });
    }
    if digits == 4 && is_year(first, 4) && count == 2 && (1..=12).contains(&second) {
        return Some(Date { end: two.at, year: Some(first), day: false });
    }
    None
}

/// `3rd of May 1990`, `3 de mayo de 1990`, `17. März 1987`, `3 May`.
fn spelt(mut cursor: Cursor<'_>, loose: bool) -> Option<Date> {
    let (day, digits) = cursor.number(4)?;
    if digits == 4 {
        // `1990 March 17`.
        if !is_year(day, 4) || cursor.blanks() == 0 {
            return None;
        }
        let word = cursor.word();
        cursor.take(|c| c == '.');
        cursor.blanks();
        let known = is_month(word);
        return (known && cursor.number(2).is_some()).then_some(Date { end: cursor.at, year: Some(day), day: true });
    }
    if digits > 2 || day == 0 || day > 31 {
        return None;
    }
    // `17 (29) января 1896`, `17/29 January 1896`: the day of another calendar.
    let mut other = cursor;
    let open = other.blanks() <= 1 && (other.take(|c| c == '(') || other.take(|c| c == '/'));
    if open && other.number(2).is_some_and(|(day, _)| (1..=31).contains(&day)) {
        let bracket = other.take(|c| c == ')');
        let end = other;
        if (bracket || other.blanks() > 0) && {
            other.blanks();
            is_month(other.word())
        } {
            cursor = end;
        }
    }
    // The ordinal, if any: `3rd`, `1er`, `3º`, `3.`, `3-го`, `3:nde`.
    let mut ordinal = cursor;
    if ordinal.take(|c| matches!(c, '-' | ':'))
        && matches!(ordinal.word(), "го" | "е" | "ое" | "e" | "a" | "nde" | "te" | "er")
    {
        cursor = ordinal;
    } else {
        let mut ordinal = cursor;
        if matches!(
            ordinal.word().to_ascii_lowercase().as_str(),
            "st" | "nd" | "rd" | "th" | "er" | "re" | "ero" | "e" | "ste" | "de" | "º" | "ª"
        ) {
            cursor = ordinal;
        }
    }
    while cursor.take(|c| matches!(c, '.' | 'º' | 'ª' | '°' | ',' | '-' | '/' | '—')) {}
    cursor.blanks();
    for _ in 0..3 {
        if !cursor.small_word(&[
            "of", "de", "d", "di", "del", "day", "the", "da", "ng", "sa", "el", "na", "den", "di", "শে", "ই", "to",
        ]) {
            break;
        }
    }
    // `27 وُلد في مايو`, `ב-3 במאי`: the month alone is looked at.
    let word = cursor.word();
    let known = is_month(word);
    if !known && !(loose && (3..=14).contains(&word.chars().count())) {
        return None;
    }
    let month = cursor.at;
    cursor.take(|c| c == '.');
    let mut year = cursor;
    let mut parted = year.blanks() > 0;
    parted |= year.take(|c| matches!(c, ',' | '-' | '/' | '،'));
    year.blanks();
    for _ in 0..2 {
        if !year.small_word(&["de", "del", "of", "roku", "år", "พ", "ศ", "ปี", "the", "in", "im", "jahre", "vuonna"])
        {
            break;
        }
        parted = true;
    }
    year.take(|c| matches!(c, '\'' | '’'));
    // `กันยายน พ.ศ. 2535`.
    if year.eat("พ.ศ.") || year.eat("ค.ศ.") {
        year.blanks();
        parted = true;
    }
    if let Some((value, count)) = year.number(4).filter(|_| parted || !known)
        && is_year(value, count)
        && (known || count == 4)
    {
        return Some(Date { end: year.at, year: Some(value), day: true });
    }
    known.then_some(Date { end: month, year: None, day: true })
}

/// `March 17th, 1987`, `May 1990`, `平成5年4月12日`, `ngày 3 tháng 5 năm 1990`.
fn from_word(mut cursor: Cursor<'_>) -> Option<Date> {
    const ERAS: &[&str] =
        &["平成", "昭和", "大正", "明治", "令和", "民國", "民国", "中華民國", "西元", "公元", "西暦", "단기", "서기"];
    for era in ERAS {
        if cursor.eat(era) {
            cursor.blanks();
            if cursor.eat("元") {
                cursor.take(|c| c == '年');
                return Some(Date { end: cursor.at, year: Some(1), day: false });
            }
            return marked(cursor).or_else(|| numeric(cursor));
        }
    }
    // `H5.4.12`, `S63/3/2`: an era by its letter.
    let first = cursor.peek()?;
    if matches!(first, 'H' | 'S' | 'T' | 'R') {
        let mut short = cursor;
        short.take(|_| true);
        if short.peek().is_some_and(|c| c.is_ascii_digit()) {
            return numeric(short).filter(|date| date.day && date.year.is_some_and(|year| year < 70));
        }
    }
    let word = cursor.word();
    if !is_month(word) {
        return None;
    }
    let month = cursor.at;
    cursor.take(|c| c == '.');
    cursor.blanks();
    cursor.take(|c| matches!(c, '-' | '/' | ','));
    cursor.blanks();
    cursor.small_word(&["the", "de", "of"]);
    let (first, digits) = cursor.number(4)?;
    if digits == 4 {
        return is_year(first, 4).then_some(Date { end: cursor.at, year: Some(first), day: false });
    }
    if digits > 2 || first == 0 || first > 31 {
        return None;
    }
    let mut day = cursor;
    if matches!(day.word().to_ascii_lowercase().as_str(), "st" | "nd" | "rd" | "th") {
        cursor = day;
    }
    let end = cursor.at;
    cursor.take(|c| matches!(c, '.' | ',' | '-' | '/'));
    cursor.take(|c| c == ',');
    cursor.blanks();
    cursor.small_word(&["of", "de", "del", "ቀን"]);
    cursor.take(|c| matches!(c, '\'' | '’'));
    let apart = cursor.at > end;
    match cursor.number(4).filter(|_| apart) {
        Some((year, count)) if is_year(year, count) => Some(Date { end: cursor.at, year: Some(year), day: true }),
        _ => Some(Date { end, year: None, day: true }).filter(|_| month > 0),
    }
}

/// Takes in what belongs to a year: `г.`, `r.`, `H`, `AH`, `年生`.
fn with_tail(text: &str, date: Date) -> Date {
    const TAILS: &[&str] = &[
        "года рождения",
        "року народження",
        "г.р.",
        "г. р.",
        "р.н.",
        "р. н.",
        "года",
        "року",
        "г.",
        "г",
        "р.",
        "r.",
        "r",
        "E.C.",
        "ዓ.ም.",
        "ዓ.ም",
        "B.E.",
        "BE",
        "A.D.",
        "AD",
        "C.E.",
        "AH",
        "A.H.",
        "H.",
        "H",
        "هـ",
        "ه",
        "م",
        "ش",
        "Hijri",
        "B.S.",
        "BS",
        "ж.",
    ];
    if date.year.is_none() {
        return date;
    }
    let mut cursor = Cursor::new(text, date.end);
    cursor.blanks();
    let rest = cursor.rest();
    for tail in TAILS {
        if rest.starts_with(tail) {
            let end = cursor.at + tail.len();
            let goes_on = text.get(end..).and_then(|rest| rest.chars().next()).is_some_and(char::is_alphanumeric);
            if !goes_on {
                return Date { end, ..date };
            }
        }
    }
    date
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_to_their_end() {
        for whole in [
            "3.5.1990",
            "03/05/90",
            "1990-05-03",
            "1990. 5. 3",
            "3 May 1990",
            "3rd of May 1990",
            "May 3rd, 1990",
            "May 1990",
            "17. März 1987",
            "3 de mayo de 1990",
            "1er janvier 1988",
            "12 lipca 1990",
            "1990年5月3日",
            "1990년 5월 3일",
            "平成5年4月12日",
            "民國78年3月12日",
            "1990 m. kovo 12 d.",
            "12 tháng 3 năm 1990",
            "3.IX.1931",
            "03-MAY-90",
            "12/04/1405 H",
            "05.10.1986 г.",
            "٣ مايو ١٩٩٠",
            "๙ กันยายน ๒๕๓๕",
            "1978. május 4",
            "19870317",
            "June 3",
            "5. juni 1975",
            "OCT 30, 1986",
            "3 Sept. 1990",
            "H5.4.12",
            "1990",
            "03/1990",
        ] {
            let padded = format!("{whole}, and");
            assert_eq!(date_at(&padded, 0, false).map(|date| date.end), Some(whole.len()), "{whole}");
        }
    }

    #[test]
    fn what_is_none_is_left() {
        for none in ["3 apples", "12345", "2.14.0.3", "32.13.1990", "word 3", "500 May"] {
            assert!(date_at(none, 0, false).is_none_or(|date| !date.day), "{none}");
        }
    }
}
