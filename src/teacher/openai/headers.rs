//! What headers say about limits.
//!
//! There is no one form: `x-ratelimit-limit-requests` (OpenAI and those who follow it), the same with `-minute` or
//! `-day` behind it, `anthropic-ratelimit-requests-limit`, the drafts of the IETF (`ratelimit-limit`,
//! `ratelimit-policy`, `ratelimit`) and plain `x-ratelimit-limit`. They agree in their words, so the words are read
//! and not the names.

use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;

use super::clock::{http_date, internet_date, length_of_time};
use super::pace::Rate;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Requests,
    Tokens,
}

/// One limit as a server reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reported {
    pub(super) unit: Unit,
    pub(super) limit: Option<u64>,
    pub(super) remaining: Option<u64>,
    /// Until all of it is free again.
    pub(super) reset: Option<Duration>,
    /// The window in the header's name.
    named: Option<Duration>,
    /// The window in its value.
    told: Option<Duration>,
}

impl Reported {
    /// The window that the limit is about: told, or concluded from how long what was used takes to come back.
    /// `None` for one that is longer than a minute but unknown.
    pub(super) fn window(&self) -> Option<Duration> {
        if let Some(window) = self.named.or(self.told) {
            return Some(window);
        }
        let (Some(limit), Some(remaining), Some(reset)) = (self.limit, self.remaining, self.reset) else {
            // Limits are per minute unless somebody says otherwise.
            return Some(MINUTE);
        };
        let used = limit.saturating_sub(remaining);
        if used > 0 {
            // A bucket fills evenly: what was used comes back in its share of the window.
            let whole = reset.as_secs_f64() * limit as f64 / used as f64;
            let near = |window: Duration| (whole / window.as_secs_f64() - 1.0).abs() < 0.06;
            if near(DAY) {
                return Some(DAY);
            }
            if near(HOUR) {
                return Some(HOUR);
            }
            if whole < 3.0 && used * 4 >= limit {
                return Some(SECOND);
            }
        }
        // Some seconds more, for clocks that differ.
        (reset <= MINUTE + 5 * SECOND).then_some(MINUTE)
    }

    /// Whether it is surely about more than a minute.
    pub(super) fn is_long(&self) -> bool {
        self.named.or(self.told).or(self.reset).is_some_and(|time| time > MINUTE + 5 * SECOND)
    }

    /// The limit as a rate to keep. Limits of an hour or a day are not spread out: they end a run when they are used
    /// up, and nobody wants it slow until then.
    pub(super) fn rate(&self) -> Option<Rate> {
        let (count, window) = (self.limit.filter(|n| *n > 0)?, self.window()?);
        (window <= MINUTE).then_some(Rate { count, window })
    }
}

/// All limits that an answer's headers report.
pub(super) fn reported(headers: &HeaderMap) -> Vec<Reported> {
    let mut all: Vec<Reported> = Vec::new();
    for (name, value) in headers {
        let Some(words) = limit_words(name.as_str()) else { continue };
        let Ok(value) = value.to_str() else { continue };
        let mut unit = Unit::Requests;
        let (mut named, mut field, mut skipped) = (None, None, false);
        for word in words.split('-') {
            match word {
                "requests" | "request" | "req" => unit = Unit::Requests,
                "tokens" | "token" => unit = Unit::Tokens,
                "second" => named = Some(SECOND),
                "minute" => named = Some(MINUTE),
                "hour" => named = Some(HOUR),
                "day" => named = Some(DAY),
                "limit" | "remaining" | "reset" | "policy" | "" => field = Some(word),
                // A part of the tokens, or something that we do not know.
                _ => skipped = true,
            }
        }
        let Some(field) = field.filter(|_| !skipped) else { continue };
        let at = all.iter().position(|r| r.unit == unit && r.named == named).unwrap_or_else(|| {
            all.push(Reported { unit, limit: None, remaining: None, reset: None, named, told: None });
            all.len() - 1
        });
        let entry = &mut all[at];
        match field {
            "limit" => {
                // `100`, or `100, 100;w=60` in an older draft.
                entry.limit = first_number(value);
                entry.told = entry.told.or_else(|| parameter(value, "w").map(Duration::from_secs));
            }
            "remaining" => entry.remaining = first_number(value),
            "reset" => entry.reset = reset(value, headers),
            "policy" => {
                entry.limit = entry.limit.or_else(|| parameter(value, "q")).or_else(|| first_number(value));
                entry.told = entry.told.or_else(|| parameter(value, "w").map(Duration::from_secs));
            }
            _ => {
                // All in one: `limit=100, remaining=50, reset=5`, or `"default";r=50;t=5`.
                entry.limit = entry.limit.or_else(|| parameter(value, "limit"));
                entry.remaining =
                    entry.remaining.or_else(|| parameter(value, "remaining").or_else(|| parameter(value, "r")));
                let left = parameter(value, "reset").or_else(|| parameter(value, "t"));
                entry.reset = entry.reset.or_else(|| left.map(Duration::from_secs));
            }
        }
    }
    all
}

/// The words of a header's name behind `ratelimit`, if it is about limits.
fn limit_words(name: &str) -> Option<&str> {
    let name = name.strip_prefix("x-").or_else(|| name.strip_prefix("anthropic-")).unwrap_or(name);
    let rest = name.strip_prefix("ratelimit").or_else(|| name.strip_prefix("rate-limit"))?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('-') }
}

/// The number that a value begins with.
fn first_number(value: &str) -> Option<u64> {
    let value = value.trim();
    let end = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    value[..end].parse().ok()
}

/// The number behind `name=`, which stands by itself.
fn parameter(value: &str, name: &str) -> Option<u64> {
    value.split([';', ',']).find_map(|part| {
        let (key, number) = part.split_once('=')?;
        (key.trim() == name).then(|| first_number(number)).flatten()
    })
}

/// A length of time, a moment in seconds or milliseconds since 1970, or a date.
fn reset(value: &str, headers: &HeaderMap) -> Option<Duration> {
    // No window lasts fifteen years.
    const MOMENTS_FROM: f64 = 5e8;
    // By the server's own clock where it tells it.
    let now = || headers.get("date").and_then(|d| http_date(d.to_str().ok()?)).unwrap_or_else(SystemTime::now);
    let until = |moment: SystemTime| Some(moment.duration_since(now()).unwrap_or_default());
    match value.trim().parse::<f64>() {
        Ok(number) if number >= MOMENTS_FROM => {
            let seconds = if number >= 1000.0 * MOMENTS_FROM { number / 1000.0 } else { number };
            until(SystemTime::UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)?)
        }
        _ => length_of_time(value).or_else(|| internet_date(value).and_then(until)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&'static str, &str)]) -> Vec<Reported> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        reported(&headers)
    }

    fn of(unit: Unit, limits: &[Reported]) -> Reported {
        *limits.iter().find(|r| r.unit == unit).unwrap()
    }

    #[test]
    fn all_families_say_the_same() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        for pairs in [
            vec![
                ("x-ratelimit-limit-requests", "60"),
                ("x-ratelimit-remaining-requests", "50"),
                ("x-ratelimit-reset-requests", "10s"),
            ],
            vec![
                ("x-ratelimit-limit-requests-minute", "60"),
                ("x-ratelimit-remaining-requests-minute", "50"),
                ("x-ratelimit-reset-requests-minute", "10.0"),
            ],
            vec![
                ("date", date),
                ("anthropic-ratelimit-requests-limit", "60"),
                ("anthropic-ratelimit-requests-remaining", "50"),
                ("anthropic-ratelimit-requests-reset", "1994-11-06T08:49:47Z"),
                ("anthropic-ratelimit-input-tokens-limit", "7"),
            ],
            vec![("ratelimit-limit", "60, 60;w=60"), ("ratelimit-remaining", "50"), ("ratelimit-reset", "10")],
            vec![("ratelimit-policy", "\"default\";q=60;w=60"), ("ratelimit", "\"default\";r=50;t=10")],
            vec![("ratelimit", "limit=60, remaining=50, reset=10")],
            vec![
                ("date", date),
                ("x-ratelimit-limit", "60"),
                ("x-ratelimit-remaining", "50"),
                ("x-ratelimit-reset", "784111787"),
            ],
        ] {
            let read = read(&pairs);
            assert_eq!(read.len(), 1, "{pairs:?}: {read:?}");
            let got = of(Unit::Requests, &read);
            let expected = (Some(60), Some(50), Some(Duration::from_secs(10)));
            assert_eq!((got.limit, got.remaining, got.reset), expected, "{pairs:?}");
            assert_eq!(got.rate(), Some(Rate::per_minute(60)), "{pairs:?}");
        }
        assert_eq!(read(&[("retry-after", "3"), ("x-request-id", "limit"), ("x-ratelimit-kind", "a")]), []);
    }

    #[test]
    fn days_and_hours_are_told_from_minutes() {
        let rate = |limit: &str, remaining: &str, reset: &str| {
            let read = read(&[
                ("x-ratelimit-limit-requests", limit),
                ("x-ratelimit-remaining-requests", remaining),
                ("x-ratelimit-reset-requests", reset),
            ]);
            of(Unit::Requests, &read).rate()
        };
        // A bucket of a day: 14400, of which each comes back in six seconds.
        assert_eq!(rate("14400", "14370", "2m59.56s"), None);
        assert_eq!(rate("14400", "14399", "6s"), None);
        assert_eq!(rate("10000", "9999", "8.64s"), None);
        assert_eq!(rate("5000", "4000", "8h0m0s"), None);
        // A bucket of a minute, and a window of a minute of which 20 s are left.
        assert_eq!(rate("5000", "4999", "12ms"), Some(Rate::per_minute(5000)));
        assert_eq!(rate("100", "20", "20"), Some(Rate::per_minute(100)));
        assert_eq!(rate("100", "100", "0s"), Some(Rate::per_minute(100)));
        assert_eq!(rate("100", "20", "0.7"), Some(Rate { count: 100, window: SECOND }));
        assert_eq!(rate("0", "0", "1s"), None);
        let read = read(&[
            ("x-ratelimit-limit-requests-day", "1000"),
            ("x-ratelimit-limit-tokens-minute", "60000"),
            ("x-ratelimit-remaining-tokens-minute", "59000"),
        ]);
        assert_eq!(of(Unit::Requests, &read).rate(), None);
        assert_eq!(of(Unit::Tokens, &read).rate(), Some(Rate::per_minute(60_000)));
    }
}
