//! What an endpoint can do, found out with a handful of cheap requests.
//!
//! The requests are those of the engine, with its ladder of shapes and its judgement of errors; so what is said here
//! is what a run will find.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::headers::{Unit, reported};
use super::ladder::{Format, LimitName, Shape};
use super::price::Tokens;
use super::retry::{ErrorBody, Verdict, judge, retry_after};
use super::service::innermost;
use super::settings::OpenAiSettings;
use super::wire::{Call, Reply, Request};
use super::{MOST_SHAPES, OpenAiTeacher};
use crate::id::ContentHash;
use crate::prompt::{Message, Role};
use crate::teacher::{Finish, TeacherError};

/// The longest wait for an endpoint that has too much to do.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How often a request is tried when the error may pass.
const TRIES: u32 = 3;

/// What was found out. Nothing in it is secret.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Diagnosis {
    /// Where was asked.
    pub base_url: String,
    /// Which model.
    pub model: String,
    /// Whether rows can be asked for.
    pub usable: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Whether anything answered.
    pub reachable: bool,
    /// Whether a key is sent.
    pub key_sent: bool,
    /// Whether the key, or its absence, was accepted.
    pub key_accepted: Option<bool>,
    /// Models that the endpoint lists, if it does.
    #[serde(skip_serializing)]
    pub models: Option<Vec<String>>,
    /// Whether the model is among them.
    pub model_listed: Option<bool>,
    /// `json_schema`, `json_object` or `plain`: the best that is accepted.
    pub format: Option<&'static str>,
    /// Whether the answer really followed the schema.
    pub schema_followed: Option<bool>,
    /// `max_tokens` or `max_completion_tokens`.
    pub limit_parameter: Option<&'static str>,
    /// Whether a temperature is accepted.
    pub temperature: Option<bool>,
    /// Whether a seed is accepted.
    pub seed: Option<bool>,
    /// Whether used tokens are reported.
    pub usage: Option<bool>,
    /// Limits that the headers tell.
    pub limits: Vec<LimitSeen>,
    /// Seconds until the first short answer was complete.
    pub latency_secs: Option<f64>,
    /// Tokens a second of a longer answer, waiting included.
    pub tokens_per_second: Option<f64>,
    /// US dollars per million tokens read and written.
    pub price: Option<[f64; 2]>,
    /// What this check cost in US dollars, where the price is known.
    pub cost_usd: Option<f64>,
    /// Requests sent.
    pub requests: u32,
}

/// A limit that headers tell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LimitSeen {
    /// `requests` or `tokens`.
    pub of: &'static str,
    /// How many.
    pub limit: Option<u64>,
    /// In how many seconds; `None` for longer than a minute and not told.
    pub window_secs: Option<u64>,
    /// How many were left.
    pub remaining: Option<u64>,
}

/// Asks an endpoint what it can do. Sends some five requests with a few hundred tokens in all.
///
/// # Errors
/// Settings that cannot work. An endpoint that cannot be used is no error: the diagnosis says why.
pub async fn examine(settings: OpenAiSettings) -> Result<Diagnosis, TeacherError> {
    let settings = OpenAiSettings {
        temperature: Some(settings.temperature.unwrap_or(0.7)),
        seed: Some(settings.seed.unwrap_or(1)),
        // Enough for a model that reasons first.
        max_tokens: 2000,
        max_tokens_if_cut: None,
        timeout_secs: settings.timeout_secs.min(60),
        max_usd: None,
        ..settings
    };
    let teacher = OpenAiTeacher::new(settings, None)?;
    let line = &teacher.line;
    let mut doctor = Doctor {
        found: Diagnosis {
            base_url: line.endpoint.base_url.clone(),
            model: teacher.settings.model.clone(),
            key_sent: !line.api_key.expose().is_empty(),
            price: line.budget.price().map(|p| [p.input_usd, p.output_usd]),
            ..Diagnosis::default()
        },
        spent: Tokens::default(),
        teacher: &teacher,
    };
    if let Err(Stop { cause, hint }) = doctor.run().await {
        (doctor.found.cause, doctor.found.hint) = (Some(cause), Some(hint));
    }
    let Doctor { mut found, spent, .. } = doctor;
    found.usable = found.cause.is_none();
    found.cost_usd = match line.budget.price() {
        Some(price) => Some(price.of(spent)),
        None => line.endpoint.is_loopback.then_some(0.0),
    };
    Ok(found)
}

/// Why there is no point in asking on.
struct Stop {
    cause: String,
    hint: String,
}

fn stop(cause: impl Into<String>, hint: &str) -> Stop {
    Stop { cause: cause.into(), hint: hint.to_owned() }
}

struct Doctor<'a> {
    teacher: &'a OpenAiTeacher,
    found: Diagnosis,
    spent: Tokens,
}

/// What came back.
struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    took: Duration,
}

impl Doctor<'_> {
    async fn run(&mut self) -> Result<(), Stop> {
        self.list_models().await?;
        let (shape, reply, got) = self.first_answer().await?;
        self.describe(shape, &reply, &got)?;
        self.speed(shape).await;
        Ok(())
    }

    /// `GET /models`: many endpoints have it, and none has to.
    async fn list_models(&mut self) -> Result<(), Stop> {
        let got = self.send(Method::GET, "/models", None).await?;
        let body = self.error_body(&got.body);
        match got.status.as_u16() {
            401 | 403 => {
                self.found.key_accepted = Some(false);
                let sent = if self.found.key_sent { "the key was refused" } else { "a key is wanted and none is set" };
                return Err(stop(
                    format!("{}: {sent}: {}", got.status.as_u16(), body.message),
                    "check OPENAI_API_KEY, and that it may use this endpoint",
                ));
            }
            300..=399 => {
                return Err(stop(
                    format!("{}: the endpoint has moved", got.status.as_u16()),
                    "set `base_url` to its new address",
                ));
            }
            _ => {}
        }
        let listed = serde_json::from_slice::<Value>(&got.body).ok().filter(|_| got.status.is_success());
        let Some(list) = listed.as_ref().and_then(|v| v.get("data").or_else(|| v.get("models"))?.as_array().cloned())
        else {
            return Ok(());
        };
        let name = |model: &Value| {
            let name = model.get("id").or_else(|| model.get("name")).and_then(Value::as_str)?;
            Some(name.to_owned())
        };
        let models: Vec<String> = list.iter().filter_map(name).collect();
        let wanted = &self.found.model;
        // Ollama lists `llama3.1:latest` and takes `llama3.1`.
        let is_listed = models.iter().any(|m| m == wanted || m.strip_suffix(":latest") == Some(wanted));
        self.found.model_listed = Some(is_listed);
        self.found.models = Some(models);
        Ok(())
    }

    /// The first answer, down the ladder of shapes.
    async fn first_answer(&mut self) -> Result<(Shape, Reply, Got), Stop> {
        let call = call(
            "You answer with JSON.",
            "Which colour has a ripe tomato? Answer with one JSON object such as {\"colour\": \"blue\"}.",
            json!({
                "type": "object",
                "properties": { "colour": { "type": "string" } },
                "required": ["colour"],
                "additionalProperties": false,
            }),
        );
        let mut shape = self.teacher.known_shape();
        for _ in 0..MOST_SHAPES {
            match self.ask(&call, shape).await? {
                Ok((reply, got)) => return Ok((shape, reply, got)),
                Err((complaint, status)) => match shape.after(&complaint) {
                    Some(next) => shape = next,
                    None => {
                        return Err(stop(
                            format!("{}: {}", status.as_u16(), complaint.message),
                            "the endpoint does not take the request as it is; its log may tell why",
                        ));
                    }
                },
            }
        }
        Err(stop("the endpoint complains about every form of the request", "its log may tell why"))
    }

    /// One chat request; the inner error is a complaint about its shape.
    async fn ask(&mut self, call: &Call, shape: Shape) -> Result<Result<(Reply, Got), (ErrorBody, StatusCode)>, Stop> {
        let request = Request::new(&self.teacher.settings, call, shape);
        let body = serde_json::to_vec(&request).map_err(|e| stop(e.to_string(), "this is a bug: please report it"))?;
        let mut last = String::new();
        for attempt in 0..TRIES {
            let got = self.send(Method::POST, "/chat/completions", Some(body.clone())).await?;
            if got.status.is_success() {
                match serde_json::from_slice::<Reply>(&got.body) {
                    Ok(reply) if reply.has_answer() => {
                        let size = self.teacher.line.sizes.of(&call.messages, &call.schema);
                        let tokens = reply.tokens(&self.teacher.line.sizes, size);
                        self.spent.prompt += tokens.prompt;
                        self.spent.cached += tokens.cached;
                        self.spent.completion += tokens.completion;
                        self.found.key_accepted = Some(true);
                        return Ok(Ok((reply, got)));
                    }
                    Ok(reply) if !reply.error.is_null() => last = ErrorBody::from_json(&reply.error).message,
                    _ => {
                        let start: String = self.error_body(&got.body).message.chars().take(80).collect();
                        last = format!("the answer is no Chat Completion: `{start}`");
                    }
                }
                continue;
            }
            let body = self.error_body(&got.body);
            last = format!("{}: {}", got.status.as_u16(), body.message);
            match judge(got.status, &got.headers, &body) {
                Verdict::Fatal(hint) => {
                    if matches!(got.status.as_u16(), 401 | 403) {
                        self.found.key_accepted = Some(false);
                    }
                    return Err(stop(last, hint));
                }
                Verdict::Complaint => return Ok(Err((body, got.status))),
                Verdict::Refused => {
                    return Err(stop(last, "a filter declined a question about a tomato: ask the provider"));
                }
                Verdict::Retry => {
                    let wait = retry_after(&got.headers).unwrap_or(Duration::from_secs(1 << attempt));
                    if wait > LONGEST_WAIT {
                        return Err(stop(
                            format!("{last}; it asks to wait {} s", wait.as_secs()),
                            "a limit is used up: try again after that",
                        ));
                    }
                    tokio::time::sleep(wait).await;
                }
            }
        }
        Err(stop(format!("{last} (tried {TRIES} times)"), "the endpoint has trouble of its own: try again later"))
    }

    fn describe(&mut self, shape: Shape, reply: &Reply, got: &Got) -> Result<(), Stop> {
        let found = &mut self.found;
        found.format = Some(match shape.format {
            Format::Schema => "json_schema",
            Format::Object => "json_object",
            Format::Plain => "plain",
        });
        found.limit_parameter = Some(match shape.limit_name {
            LimitName::Old => "max_tokens",
            LimitName::New => "max_completion_tokens",
        });
        (found.temperature, found.seed) = (Some(shape.with_temperature), Some(shape.with_seed));
        found.usage = Some(reply.has_usage());
        found.latency_secs = Some(got.took.as_secs_f64());
        found.limits = reported(&got.headers)
            .into_iter()
            .map(|r| LimitSeen {
                of: if r.unit == Unit::Requests { "requests" } else { "tokens" },
                limit: r.limit,
                window_secs: r.window().map(|w| w.as_secs()),
                remaining: r.remaining,
            })
            .collect();
        let (text, finish) = reply.answer();
        let start: String = text.chars().take(60).collect();
        match finish {
            Finish::Stop => {}
            Finish::Length => {
                return Err(stop(
                    "a short answer was cut by the limit of 2000 tokens",
                    "the model may spend them on reasoning: raise `teacher.max_tokens`, or take another model",
                ));
            }
            Finish::Refused => {
                return Err(stop(format!("the model declined: {start}"), "take another model"));
            }
        }
        // Fences are what some models put around JSON; they are taken off in a run as well.
        let bare = text.trim().trim_start_matches("```json").trim_matches('`').trim();
        let value = serde_json::from_str::<Value>(bare).ok();
        found.schema_followed = Some(value.is_some_and(|v| v.get("colour").is_some_and(Value::is_string)));
        Ok(())
    }

    /// A longer answer, for the time it takes. That it does not come is no reason against the endpoint.
    async fn speed(&mut self, shape: Shape) {
        let call = call(
            "You answer with JSON.",
            "Write about eighty words on how tea is made, as one JSON object {\"text\": \"...\"}.",
            json!({
                "type": "object",
                "properties": { "text": { "type": "string" } },
                "required": ["text"],
                "additionalProperties": false,
            }),
        );
        let before = self.spent.completion;
        if let Ok(Ok((_, got))) = self.ask(&call, shape).await {
            let tokens = self.spent.completion - before;
            self.found.tokens_per_second = Some(tokens as f64 / got.took.as_secs_f64().max(1e-3));
        }
    }

    async fn send(&mut self, method: Method, path: &str, body: Option<Vec<u8>>) -> Result<Got, Stop> {
        let line = &self.teacher.line;
        let mut request = line.http.request(method, format!("{}{path}", line.endpoint.base_url));
        if !line.api_key.expose().is_empty() {
            request = request.bearer_auth(line.api_key.expose());
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        self.found.requests += 1;
        let start = Instant::now();
        let network = |e: reqwest::Error| {
            let e = e.without_url();
            let (what, hint) = match (e.is_connect(), e.is_timeout()) {
                (true, _) => ("cannot connect", "is the server running, and is `base_url` right?"),
                (_, true) => {
                    ("no answer in time", "is the model still loading? `teacher.timeout_secs` is how long a run waits")
                }
                _ => ("the connection broke", "is it an HTTP server, and is `base_url` right?"),
            };
            stop(line.api_key.redact(&format!("{what}: {}", innermost(&e))), hint)
        };
        let response = request.send().await.map_err(network)?;
        self.found.reachable = true;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.map_err(network)?.to_vec();
        Ok(Got { status, headers, body, took: start.elapsed() })
    }

    fn error_body(&self, body: &[u8]) -> ErrorBody {
        ErrorBody::parse(self.teacher.line.api_key.redact(&String::from_utf8_lossy(body)).as_bytes())
    }
}

fn call(system: &str, user: &str, schema: Value) -> Call {
    let message = |role, content: &str| Message { role, content: content.to_owned() };
    let messages = vec![message(Role::System, system), message(Role::User, user)];
    Call { name: "check".to_owned(), messages, schema, sample: 0, hash: ContentHash::of(b"check"), rows: None }
}
