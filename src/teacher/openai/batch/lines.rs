//! The lines of a batch's files: requests going up, answers coming down.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::retry::{ErrorBody, Verdict, judge};
use super::super::settings::ApiKey;
use super::super::wire::{Reply, Request};
use crate::id::ContentHash;

/// What every line and the batch itself are for. Part of the service's interface and the same under any address.
pub(super) const ENDPOINT: &str = "/v1/chat/completions";

#[derive(Serialize)]
struct RequestLine<'a> {
    custom_id: &'a str,
    method: &'a str,
    url: &'a str,
    body: &'a Request<'a>,
}

/// Appends one request as a line.
///
/// # Errors
/// Never for requests made of plain data.
pub(super) fn write_line(out: &mut Vec<u8>, id: &ContentHash, body: &Request<'_>) -> serde_json::Result<()> {
    let line = RequestLine { custom_id: id.as_str(), method: "POST", url: ENDPOINT, body };
    serde_json::to_writer(&mut *out, &line)?;
    out.push(b'\n');
    Ok(())
}

#[derive(Deserialize)]
struct AnswerLine {
    custom_id: String,
    #[serde(default)]
    response: Option<LineResponse>,
    #[serde(default)]
    error: Value,
}

#[derive(Deserialize)]
struct LineResponse {
    #[serde(default)]
    status_code: Option<u16>,
    #[serde(default)]
    body: Value,
}

/// How one request of a batch ended.
#[derive(Debug)]
pub(super) enum LineEnd {
    /// With an answer.
    Answered(Reply),
    /// The model or a filter declined.
    Refused(String),
    /// Without an answer, and another time there may be one.
    Again {
        reason: String,
        /// The answer was made, and lost.
        is_paid: bool,
    },
    /// The service complains about the request.
    Complaint { body: ErrorBody, reason: String },
    /// No later request can succeed.
    Fatal { reason: String, hint: &'static str },
    /// Somebody cancelled the batch before this request's turn.
    Cancelled,
}

/// Reads one line of an output or error file: whose it is and how it ended. `None` when that cannot be told.
pub(super) fn read_line(line: &[u8], api_key: &ApiKey) -> Option<(String, LineEnd)> {
    let line: AnswerLine = serde_json::from_slice(line).ok()?;
    let end = match line.response {
        Some(response) => read_response(response, api_key),
        None if line.error.is_null() => again("the service gave neither an answer nor an error", false),
        None => read_error(&line.error, api_key),
    };
    Some((line.custom_id, end))
}

fn read_response(response: LineResponse, api_key: &ApiKey) -> LineEnd {
    let status = response.status_code.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::OK);
    if !status.is_success() {
        return judged(status, redacted(&response.body, api_key));
    }
    match serde_json::from_value::<Reply>(response.body) {
        Ok(reply) if reply.has_answer() => LineEnd::Answered(reply),
        Ok(reply) if !reply.error.is_null() => {
            let error = redacted(&reply.error, api_key);
            judged(error.status().filter(|s| !s.is_success()).unwrap_or(StatusCode::BAD_GATEWAY), error)
        }
        Ok(_) => again("the answer holds no choices", true),
        Err(e) => again(&format!("the answer cannot be read: {e}"), true),
    }
}

/// An error of the batch, and not of the request: its codes are words, without a status.
fn read_error(error: &Value, api_key: &ApiKey) -> LineEnd {
    let body = redacted(error, api_key);
    let has = |code: &str| body.codes.iter().any(|c| c == code);
    if has("batch_cancelled") {
        return LineEnd::Cancelled;
    }
    if has("batch_expired") {
        return again("the batch's time ran out before this request's turn", false);
    }
    let codes = body.codes.join(", ");
    let reason = if body.message.is_empty() { codes } else { body.message.clone() };
    match judge(StatusCode::BAD_REQUEST, &HeaderMap::new(), &body) {
        Verdict::Fatal(hint) => LineEnd::Fatal { reason, hint },
        Verdict::Refused => LineEnd::Refused(reason),
        Verdict::Retry | Verdict::Complaint => LineEnd::Again { reason, is_paid: false },
    }
}

/// What an error answer to one request means.
pub(super) fn judged(status: StatusCode, body: ErrorBody) -> LineEnd {
    let reason = format!("{}: {}", status.as_str(), body.message);
    let reason = reason.trim_end_matches([' ', ':']).to_owned();
    match judge(status, &HeaderMap::new(), &body) {
        Verdict::Fatal(hint) => LineEnd::Fatal { reason, hint },
        Verdict::Refused => LineEnd::Refused(body.message),
        Verdict::Retry => LineEnd::Again { reason, is_paid: false },
        Verdict::Complaint => LineEnd::Complaint { body, reason },
    }
}

fn again(reason: &str, is_paid: bool) -> LineEnd {
    LineEnd::Again { reason: reason.to_owned(), is_paid }
}

/// The key goes before the text is shortened, which could leave half of it.
fn redacted(error: &Value, api_key: &ApiKey) -> ErrorBody {
    ErrorBody::parse(api_key.redact(&error.to_string()).as_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn end(line: &Value) -> LineEnd {
        let key = ApiKey::new(&["not", "a", "key", "0123"].join("-"));
        read_line(line.to_string().as_bytes(), &key).unwrap().1
    }

    fn response(status: u16, body: &Value) -> LineEnd {
        end(
            &json!({ "id": "r", "custom_id": "a", "response": { "status_code": status, "request_id": "q", "body": body }, "error": null }),
        )
    }

    #[test]
    fn every_end_is_told_apart() {
        let answer = json!({ "choices": [{ "message": { "content": "{}" } }] });
        assert!(matches!(response(200, &answer), LineEnd::Answered(_)));
        assert!(matches!(response(200, &json!({ "choices": [] })), LineEnd::Again { is_paid: true, .. }));
        assert!(matches!(response(200, &json!("text")), LineEnd::Again { is_paid: true, .. }));
        let inner = json!({ "error": { "message": "upstream is down", "code": 502 } });
        assert!(matches!(response(200, &inner), LineEnd::Again { is_paid: false, .. }));

        let error = |message: &str, code: &str| json!({ "error": { "message": message, "code": code } });
        assert!(matches!(response(500, &error("hiccup", "server_error")), LineEnd::Again { is_paid: false, .. }));
        assert!(matches!(response(429, &error("slow down", "rate_limit_exceeded")), LineEnd::Again { .. }));
        assert!(matches!(response(429, &error("no credit", "insufficient_quota")), LineEnd::Fatal { .. }));
        assert!(matches!(response(404, &error("no such model", "model_not_found")), LineEnd::Fatal { .. }));
        assert!(matches!(response(400, &error("filtered", "content_filter")), LineEnd::Refused(_)));
        let LineEnd::Complaint { body, reason } = response(400, &error("no response_format here", "x")) else {
            panic!("a rejected shape is a complaint");
        };
        assert_eq!(
            (body.message.as_str(), reason.as_str()),
            ("no response_format here", "400: no response_format here")
        );

        let bare = |error: Value| end(&json!({ "id": "r", "custom_id": "a", "response": null, "error": error }));
        let expired = bare(json!({ "code": "batch_expired", "message": "not in time" }));
        assert!(matches!(expired, LineEnd::Again { is_paid: false, .. }));
        assert!(matches!(bare(json!({ "code": "batch_cancelled" })), LineEnd::Cancelled));
        assert!(matches!(bare(json!({ "code": "insufficient_quota", "message": "pay" })), LineEnd::Fatal { .. }));
        assert!(matches!(bare(Value::Null), LineEnd::Again { .. }));
    }

    #[test]
    fn lines_without_an_owner_are_nobodys() {
        let key = ApiKey::default();
        for line in
            ["", "{", "[]", "{\"response\":null}", "{\"custom_id\":\"a\",\"response\":{\"status_code\":200,\"bo"]
        {
            assert!(read_line(line.as_bytes(), &key).is_none(), "{line}");
        }
    }

    #[test]
    fn the_key_is_in_no_reason() {
        let secret = ["not", "a", "key", "0123"].join("-");
        let LineEnd::Fatal { reason, .. } =
            response(401, &json!({ "error": { "message": format!("bad key {secret}") } }))
        else {
            panic!("a wrong key ends the run");
        };
        assert_eq!(reason, "401: bad key [key]");
    }
}
