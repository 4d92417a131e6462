//! What an error answer means: stop the run, give up on this request, change its shape, or wait and try again.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

use super::breaker::Probing;
use super::clock::{http_date, length_of_time};

/// An error body in whichever form the server chose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ErrorBody {
    /// One printable line.
    pub(super) message: String,
    /// Machine-readable type and code, lower case; llama.cpp and vLLM send numbers, OpenAI words.
    pub(super) codes: Vec<String>,
    /// The request field that the server blames.
    pub(super) param: Option<String>,
}

impl ErrorBody {
    /// Reads OpenAI's form, FastAPI's `detail`, Google's list, plain text and HTML.
    pub(super) fn parse(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let Ok(json) = serde_json::from_slice::<Value>(body) else {
            return Self { message: one_line(&text), ..Self::default() };
        };
        Self::from_json(&json)
    }

    pub(super) fn from_json(json: &Value) -> Self {
        let outer = json.as_array().and_then(|list| list.first()).unwrap_or(json);
        let error = outer.get("error").filter(|e| !e.is_null()).unwrap_or(outer);
        let word = |name: &str| match error.get(name) {
            Some(Value::String(s)) if !s.is_empty() => Some(s.clone()),
            Some(Value::Number(n)) => Some(n.to_string()),
            _ => None,
        };
        let message = word("message").or_else(|| match error.get("detail").unwrap_or(error) {
            Value::String(s) => Some(s.clone()),
            other => Some(other.to_string()),
        });
        Self {
            message: one_line(&message.unwrap_or_default()),
            codes: ["code", "type", "status"].into_iter().filter_map(word).map(|c| c.to_lowercase()).collect(),
            param: word("param"),
        }
    }

    fn has_code(&self, codes: &[&str]) -> bool {
        self.codes.iter().any(|c| codes.contains(&c.as_str()))
    }

    /// A status hidden in a body that came with 200, as gateways do when the answer had begun.
    pub(super) fn status(&self) -> Option<StatusCode> {
        self.codes.iter().find_map(|c| c.parse::<u16>().ok()).and_then(|c| StatusCode::from_u16(c).ok())
    }
}

/// The first words of a body: printable, on one line, and for an HTML page its title.
fn one_line(text: &str) -> String {
    const LONGEST_CHARS: usize = 300;
    let mut text = text.trim();
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("<!doctype") || lower.starts_with("<html") {
        let title = lower.find("<title>").zip(lower.find("</title>"));
        text = title.and_then(|(from, to)| text.get(from + "<title>".len()..to)).unwrap_or("an HTML page");
    }
    // Control characters would let a server write to the terminal.
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_CHARS * 2).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST_CHARS).collect()
}

/// What to do about an error answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing later can succeed; the text is a hint.
    Fatal(&'static str),
    /// Wait, then send the same again.
    Retry,
    /// The model or a filter declined.
    Refused,
    /// The request may have to look different; otherwise it failed.
    Complaint,
}

/// Judges an answer with a status other than success.
pub(super) fn judge(status: StatusCode, headers: &HeaderMap, body: &ErrorBody) -> Verdict {
    let message = body.message.to_lowercase();
    // By code and not by wording: Google says "exceeded your current quota" for limits that pass within a minute.
    let no_money = ["insufficient_quota", "insufficient_balance", "billing_hard_limit_reached", "billing_not_active"];
    if body.has_code(&no_money) || status == StatusCode::PAYMENT_REQUIRED || message.contains("insufficient_quota") {
        return Verdict::Fatal("the account has no credit left: check billing; answers paid for are kept");
    }
    let no_model = body.has_code(&["model_not_found", "invalid_model"]) || body.param.as_deref() == Some("model");
    if no_model && status.is_client_error() {
        return Verdict::Fatal(UNKNOWN_MODEL);
    }
    if body.has_code(&["content_filter", "content_policy_violation"]) {
        return Verdict::Refused;
    }
    match headers.get("x-should-retry").and_then(|v| v.to_str().ok()) {
        Some("true") => return Verdict::Retry,
        Some("false") if status.is_server_error() => return Verdict::Complaint,
        _ => {}
    }
    match status.as_u16() {
        403 if message.contains("moderation") || message.contains("flagged") => Verdict::Refused,
        401 | 403 => Verdict::Fatal("check OPENAI_API_KEY, and that it may use this model"),
        404 if message.contains("model") => Verdict::Fatal(UNKNOWN_MODEL),
        404 | 405 => Verdict::Fatal("nothing answers there: `base_url` usually ends in `/v1`"),
        300..=399 => Verdict::Fatal("the endpoint has moved: set `base_url` to its new address"),
        // llama.cpp and some gateways answer 500 to a schema that they cannot turn into a grammar.
        500 | 501 if ["response_format", "json_schema", "grammar"].iter().any(|w| message.contains(w)) => {
            Verdict::Complaint
        }
        408 | 409 | 425 | 429 | 500.. => Verdict::Retry,
        _ => Verdict::Complaint,
    }
}

const UNKNOWN_MODEL: &str = "check `--model`; `GET /models` of the endpoint lists the names it knows";

/// How long the server asks to wait: `retry-after-ms`, else `retry-after` in seconds or as a date.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    if let Some(ms) = text("retry-after-ms").and_then(|v| v.parse::<f64>().ok()) {
        return Duration::try_from_secs_f64(ms / 1000.0).ok();
    }
    let value = text(RETRY_AFTER.as_str())?;
    if let Some(date) = http_date(value) {
        // Counted from the server's own clock where it tells it, so that a wrong local clock does no harm.
        let now = text("date").and_then(http_date).unwrap_or_else(SystemTime::now);
        return Some(date.duration_since(now).unwrap_or_default());
    }
    length_of_time(value)
}

/// How fast retries follow each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Before the first retry; doubled for each further one.
    pub(super) first: Duration,
    /// The longest wait that is chosen here.
    pub(super) longest: Duration,
    /// The longest wait that is accepted from a server. Beyond that, waiting would only look like hanging.
    pub(super) longest_asked: Duration,
    /// The longest pause of all requests that is chosen here after a 429 that does not say how long.
    pub(super) longest_for_all: Duration,
    /// Overloads in this time count as one.
    pub(super) cooldown: Duration,
    /// How an endpoint that is down is looked after.
    pub(super) probing: Probing,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            longest: Duration::from_secs(30),
            longest_asked: Duration::from_mins(10),
            longest_for_all: Duration::from_secs(2),
            cooldown: Duration::from_secs(2),
            probing: Probing::default(),
        }
    }
}

impl Pace {
    /// The wait before retry number `retry` (from 0). `chance` in 0..1 takes away up to half, so that parallel
    /// requests do not come back at the same moment.
    pub(super) fn backoff(&self, retry: u32, chance: f64) -> Duration {
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(retry));
        doubled.min(self.longest).mul_f64(1.0 - 0.5 * chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: u16, body: &str) -> Verdict {
        judge(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), &ErrorBody::parse(body.as_bytes()))
    }

    #[test]
    fn bodies_of_every_kind_become_one_line() {
        let check = |body: &str, message: &str, codes: &[&str]| {
            let parsed = ErrorBody::parse(body.as_bytes());
            assert_eq!((parsed.message.as_str(), parsed.codes), (message, codes.iter().map(|c| (*c).into()).collect()));
        };
        check(r#"{"error":{"message":"slow down","type":"requests","code":null}}"#, "slow down", &["requests"]);
        check(r#"{"error":{"message":"bad","type":"x","code":400}}"#, "bad", &["400", "x"]);
        check(r#"{"error":"model is loading"}"#, "model is loading", &[]);
        check(r#"{"detail":"Not Found"}"#, "Not Found", &[]);
        check(
            r#"[{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED"}}]"#,
            "quota",
            &["429", "resource_exhausted"],
        );
        check("Too\n many\u{1b}[31m requests", "Too many [31m requests", &[]);
        check("<!DOCTYPE html><html><TITLE>502 Bad Gateway</TITLE></html>", "502 Bad Gateway", &[]);
        check("", "", &[]);
    }

    #[test]
    fn every_status_has_its_verdict() {
        assert_eq!(verdict(429, "slow down"), Verdict::Retry);
        assert_eq!(
            verdict(429, r#"{"error":{"code":429,"message":"You exceeded your current quota"}}"#),
            Verdict::Retry
        );
        assert!(matches!(verdict(429, r#"{"error":{"type":"insufficient_quota","message":""}}"#), Verdict::Fatal(_)));
        assert!(matches!(verdict(402, "pay"), Verdict::Fatal(_)));
        assert!(matches!(verdict(401, "<html>no</html>"), Verdict::Fatal(_)));
        assert!(matches!(verdict(308, ""), Verdict::Fatal(_)));
        assert_eq!(verdict(403, r#"{"error":{"code":403,"message":"Your input was flagged"}}"#), Verdict::Refused);
        assert_eq!(verdict(404, r#"{"error":{"message":"model 'x' not found"}}"#), Verdict::Fatal(UNKNOWN_MODEL));
        assert_ne!(verdict(404, "404 page not found"), Verdict::Fatal(UNKNOWN_MODEL));
        assert_eq!(verdict(400, r#"{"error":{"code":"model_not_found"}}"#), Verdict::Fatal(UNKNOWN_MODEL));
        assert_eq!(verdict(400, r#"{"error":{"code":"content_filter","message":"no"}}"#), Verdict::Refused);
        assert_eq!(verdict(500, "failed to parse grammar"), Verdict::Complaint);
        for status in [408, 409, 500, 502, 503, 529] {
            assert_eq!(verdict(status, "x"), Verdict::Retry, "{status}");
        }
        for status in [400, 413, 422] {
            assert_eq!(verdict(status, "x"), Verdict::Complaint, "{status}");
        }
    }

    #[test]
    fn waits_are_read_in_all_three_forms() {
        let wait = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            retry_after(&headers)
        };
        assert_eq!(wait(&[("retry-after-ms", "250"), ("retry-after", "9")]), Some(Duration::from_millis(250)));
        assert_eq!(wait(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        let dates = [("date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT")];
        assert_eq!(wait(&dates), Some(Duration::from_secs(30)));
        assert_eq!(wait(&[("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT")]), Some(Duration::ZERO), "long past");
        assert_eq!(wait(&[("retry-after", "soon")]), None);
        assert_eq!(wait(&[("retry-after", "-3")]), None);
        assert_eq!(wait(&[]), None);
    }

    #[test]
    fn backoff_doubles_to_a_cap() {
        let pace = Pace { first: Duration::from_secs(1), longest: Duration::from_secs(5), ..Pace::default() };
        let waits: Vec<u64> = (0..5).map(|n| pace.backoff(n, 0.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 5, 5]);
        assert_eq!(pace.backoff(u32::MAX, 1.0), Duration::from_millis(2500));
    }
}
