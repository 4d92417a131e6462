//! Units that numbers carry, with what turns one into another.

/// What a number counts or measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unit {
    /// Nothing is said.
    None,
    /// Things: `40 people`.
    Counted,
    Percent,
    /// A currency, by its code.
    Money(&'static str),
    /// A kind of quantity, and how many of its smallest unit.
    Measure(Quantity, f64),
}

/// Units of one quantity can be turned into each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantity {
    Time,
    /// Months and years: a month is no fixed number of days.
    Calendar,
    Length,
    Mass,
    Bytes,
    Frequency,
    Temperature,
    Power,
}

/// A currency sign before or behind a number.
pub(super) fn sign(text: &str) -> Option<Unit> {
    Some(Unit::Money(match text {
        "£" => "GBP",
        "$" => "USD",
        "€" => "EUR",
        "¥" => "JPY",
        "₹" => "INR",
        _ => return None,
    }))
}

/// A currency code, in capitals.
pub(super) fn code(text: &str) -> Option<Unit> {
    ["GBP", "USD", "EUR", "CHF", "JPY", "INR", "SEK", "NOK", "PLN", "AUD", "CAD"]
        .into_iter()
        .find(|c| *c == text)
        .map(Unit::Money)
}

/// The unit that a word in lower case names. One-letter units must be `close` to their number.
pub(super) fn unit(word: &str, close: bool) -> Option<Unit> {
    use Quantity::{Bytes, Calendar, Frequency, Length, Mass, Power, Temperature, Time};
    if word.chars().count() == 1 && word.is_ascii() && !close && word != "%" && word != "$" {
        return None;
    }
    if let Some(money) = sign(word) {
        return Some(money);
    }
    let (quantity, times) = match word {
        "%" | "percent" | "pct" | "percentage" | "prozent" => return Some(Unit::Percent),
        "pound" | "pounds" | "quid" | "gbp" => return Some(Unit::Money("GBP")),
        "dollar" | "dollars" | "bucks" | "usd" => return Some(Unit::Money("USD")),
        "euro" | "euros" | "eur" => return Some(Unit::Money("EUR")),
        "chf" => return Some(Unit::Money("CHF")),
        "ns" | "nanosecond" | "nanoseconds" => (Time, 1e-9),
        "µs" | "us" | "μs" | "microsecond" | "microseconds" if word != "us" || close => (Time, 1e-6),
        "ms" | "millisecond" | "milliseconds" | "millisekunden" => (Time, 1e-3),
        "s" | "sec" | "secs" | "second" | "seconds" | "sekunde" | "sekunden" | "seconde" | "secondes" | "segundo"
        | "segundos" => (Time, 1.0),
        "min" | "mins" | "minute" | "minutes" | "minuten" | "minuto" | "minutos" => (Time, 60.0),
        "h" | "hr" | "hrs" | "hour" | "hours" | "stunde" | "stunden" | "heure" | "heures" | "hora" | "horas" => {
            (Time, 3600.0)
        }
        "day" | "days" | "tag" | "tage" | "tagen" | "jour" | "jours" | "día" | "días" => (Time, 86_400.0),
        "week" | "weeks" | "woche" | "wochen" | "semaine" | "semaines" | "semana" | "semanas" => (Time, 604_800.0),
        "fortnight" | "fortnights" => (Time, 1_209_600.0),
        "month" | "months" | "monat" | "monate" | "monaten" | "mois" | "mes" | "meses" => (Calendar, 1.0),
        "quarter" | "quarters" => (Calendar, 3.0),
        "year" | "years" | "yr" | "yrs" | "jahr" | "jahre" | "jahren" | "an" | "ans" | "année" | "années" | "año"
        | "años" => (Calendar, 12.0),
        "decade" | "decades" => (Calendar, 120.0),
        "mm" | "millimetre" | "millimetres" | "millimeter" | "millimeters" => (Length, 1e-3),
        "cm" | "centimetre" | "centimetres" | "centimeter" | "centimeters" => (Length, 1e-2),
        "m" | "metre" | "metres" | "meter" | "meters" | "mètre" | "mètres" | "metro" | "metros" => (Length, 1.0),
        "km" | "kilometre" | "kilometres" | "kilometer" | "kilometers" | "kilomètres" | "kilómetros" => (Length, 1e3),
        "inch" | "inches" => (Length, 0.0254),
        "foot" | "feet" | "ft" => (Length, 0.3048),
        "mile" | "miles" => (Length, 1609.344),
        "mg" => (Mass, 1e-6),
        "g" | "gram" | "grams" | "gramm" | "grammes" => (Mass, 1e-3),
        "kg" | "kilo" | "kilos" | "kilogram" | "kilograms" | "kilogramm" => (Mass, 1.0),
        "tonne" | "tonnes" | "tonnen" => (Mass, 1e3),
        "byte" | "bytes" => (Bytes, 1.0),
        "kb" | "kilobyte" | "kilobytes" => (Bytes, 1e3),
        "kib" => (Bytes, 1024.0),
        "mb" | "megabyte" | "megabytes" => (Bytes, 1e6),
        "mib" => (Bytes, 1_048_576.0),
        "gb" | "gigabyte" | "gigabytes" => (Bytes, 1e9),
        "gib" => (Bytes, 1_073_741_824.0),
        "tb" | "terabyte" | "terabytes" => (Bytes, 1e12),
        "pb" | "petabyte" | "petabytes" => (Bytes, 1e15),
        "hz" => (Frequency, 1.0),
        "khz" => (Frequency, 1e3),
        "mhz" => (Frequency, 1e6),
        "ghz" => (Frequency, 1e9),
        "°" | "degree" | "degrees" | "grad" | "celsius" => (Temperature, 1.0),
        "w" | "watt" | "watts" => (Power, 1.0),
        "kw" | "kilowatt" | "kilowatts" => (Power, 1e3),
        _ => return None,
    };
    Some(Unit::Measure(quantity, times))
}
