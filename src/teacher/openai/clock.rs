//! The ways in which HTTP headers tell time.

use std::time::{Duration, SystemTime};

/// A date as HTTP servers send it: `Sun, 06 Nov 1994 08:49:37 GMT`. The two older forms of RFC 9110 are not in use.
pub(super) fn http_date(text: &str) -> Option<SystemTime> {
    let (_weekday, rest) = text.split_once(", ")?;
    let mut words = rest.split(' ');
    let day: u64 = words.next()?.parse().ok()?;
    let month_name = words.next()?;
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|m| *m == month_name)?;
    let year: u64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(|n| n.parse::<u64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let in_range =
        (1970..10_000).contains(&year) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    if words.next()? != "GMT" || words.next().is_some() || !in_range {
        return None;
    }
    since_1970(year, month as u64, day, hour * 3600 + minute * 60 + second)
}

/// A date as RFC 3339 has it: `2026-01-27T12:00:30Z`, `2026-01-27T13:00:30.5+01:00`. Fractions are dropped.
pub(super) fn internet_date(text: &str) -> Option<SystemTime> {
    let (date, time) = text.trim().split_once(['T', 't', ' '])?;
    let number = |text: &str| text.parse::<u64>().ok();
    let mut parts = date.split('-').map(number);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let zone_at = time.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = time.split_at(zone_at);
    let mut parts = clock.split('.').next()?.split(':').map(number);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let in_range = (1970..10_000).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !in_range {
        return None;
    }
    let local = since_1970(year, month - 1, day, hour * 3600 + minute * 60 + second)?;
    let (sign, offset) = zone.split_at(1);
    let Some((hours, minutes)) = offset.split_once(':') else { return Some(local) };
    let offset = Duration::from_secs(number(hours)?.min(24) * 3600 + number(minutes)?.min(60) * 60);
    if sign == "+" { local.checked_sub(offset) } else { local.checked_add(offset) }
}

/// Days since 1970-01-01 are whole years with their leap days, whole months, days; `month` counts from 0.
fn since_1970(year: u64, month: u64, day: u64, seconds: u64) -> Option<SystemTime> {
    let leap_days_before = |y: u64| (y - 1) / 4 - (y - 1) / 100 + (y - 1) / 400;
    let is_leap = (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    let before_month = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334].get(usize::try_from(month).ok()?)?;
    let days = (year - 1970) * 365 + leap_days_before(year) - leap_days_before(1970)
        + before_month
        + u64::from(is_leap && month >= 2)
        + day
        - 1;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(days * 86_400 + seconds))
}

/// A length of time as `retry-after` (`20`) and `x-ratelimit-reset-*` (`1s`, `6m0s`, `120ms`, `1h2m3.5s`) have it.
pub(super) fn length_of_time(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if let Ok(secs) = rest.parse::<f64>() {
        return Duration::try_from_secs_f64(secs).ok();
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let secs = match &rest[..letters] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        rest = &rest[letters..];
        total = total.checked_add(Duration::try_from_secs_f64(number * secs).ok()?)?;
    }
    (!text.trim().is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_seconds_since_1970() {
        let secs =
            |text| http_date(text).and_then(|t| t.duration_since(SystemTime::UNIX_EPOCH).ok()).map(|d| d.as_secs());
        // The example of RFC 9110, section 5.6.7, and the days around a leap day (`date -d … +%s`).
        assert_eq!(secs("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(secs("Thu, 29 Feb 2024 23:59:59 GMT"), Some(1_709_251_199));
        assert_eq!(secs("Fri, 01 Mar 2024 00:00:00 GMT"), Some(1_709_251_200));
        assert_eq!(secs("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        for bad in [
            "",
            "now",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 25:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET",
        ] {
            assert_eq!(secs(bad), None, "{bad}");
        }
    }

    #[test]
    fn dates_of_the_internet_have_zones() {
        let secs = |text| internet_date(text).map(|t| t.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs());
        assert_eq!(secs("1994-11-06T08:49:37Z"), Some(784_111_777));
        assert_eq!(secs("1994-11-06T09:49:37.25+01:00"), Some(784_111_777));
        assert_eq!(secs("1994-11-06T03:19:37-05:30"), Some(784_111_777));
        for bad in ["", "tomorrow", "1994-11-06", "1994-13-06T08:49:37Z", "1994-11-06T08:49:37", "1994-11-06T08:49Z"] {
            assert_eq!(secs(bad), None, "{bad}");
        }
    }

    #[test]
    fn lengths_of_time_come_in_parts() {
        let check =
            |text: &str, ms: Option<u64>| assert_eq!(length_of_time(text), ms.map(Duration::from_millis), "{text}");
        check("1s", Some(1000));
        check("6m0s", Some(360_000));
        check("120ms", Some(120));
        check("1h2m3.5s", Some(3_723_500));
        check("20", Some(20_000));
        for bad in ["", "s", "5x", "-1", "1s2", "inf", "99999999999999999999999h"] {
            check(bad, None);
        }
    }
}
