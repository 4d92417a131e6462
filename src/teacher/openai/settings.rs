//! What a person configures for an endpoint, checked once before the first request.

use std::fmt;

use reqwest::Url;

use super::price::Price;
use crate::teacher::TeacherError;

/// An API key. It has no `Display` and no `Serialize`, and its `Debug` says nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// Takes a key; white space around it (a pasted newline) is dropped. Empty means that none is sent.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self(key.trim().to_owned())
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// `text` without the key: some endpoints quote it in their error messages.
    pub(super) fn redact(&self, text: &str) -> String {
        // A stand-in key of local servers ("x", "none") would tear holes into ordinary words.
        if self.0.len() < 8 { text.to_owned() } else { text.replace(&self.0, "[key]") }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "ApiKey(none)" } else { "ApiKey(hidden)" })
    }
}

/// An OpenAI-compatible endpoint and how to use it.
#[derive(Clone, Debug)]
pub struct OpenAiSettings {
    /// The address up to and including `/v1`.
    pub base_url: String,
    /// Sent as a bearer token to `base_url` and nowhere else.
    pub api_key: ApiKey,
    /// Model name as the endpoint knows it.
    pub model: String,
    /// Left to the endpoint when absent; reasoning models reject it, which is noticed.
    pub temperature: Option<f32>,
    /// The longest answer in tokens, reasoning included.
    pub max_tokens: u32,
    /// Limit of one more try when an answer was cut by `max_tokens`; `None` keeps the cut answer.
    pub max_tokens_if_cut: Option<u32>,
    /// Requests per minute, retries included.
    pub rpm: Option<u32>,
    /// Tokens per minute, read and written.
    pub tpm: Option<u32>,
    /// Requests on the wire at once.
    pub concurrency: usize,
    /// How long one attempt may take, from connecting to the last byte.
    pub timeout_secs: u64,
    /// Attempts after the first one.
    pub max_retries: u32,
    /// Hard limit of what this teacher may spend.
    pub max_usd: Option<f64>,
    /// Overrides the built-in price table.
    pub price: Option<Price>,
    /// Sent with the prompt's round added, so that asking again can give something else. Best effort on all servers.
    pub seed: Option<u64>,
}

impl OpenAiSettings {
    /// Where requests go when nothing is configured.
    pub const DEFAULT_BASE_URL: &'static str = "https://api.openai.com/v1";

    /// Settings for `model` at `base_url`; everything else at its default.
    #[must_use]
    pub fn new(base_url: &str, api_key: ApiKey, model: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            api_key,
            model: model.to_owned(),
            temperature: None,
            max_tokens: 2048,
            max_tokens_if_cut: None,
            rpm: None,
            tpm: None,
            concurrency: 8,
            timeout_secs: 180,
            max_retries: 8,
            max_usd: None,
            price: None,
            seed: None,
        }
    }

    /// Checks every value and brings the address into one form, so that equal endpoints hash equally.
    pub(super) fn checked(mut self) -> Result<(Self, Endpoint), TeacherError> {
        let endpoint = Endpoint::parse(&self.base_url)?;
        self.base_url.clone_from(&endpoint.base_url);
        if self.model.trim().is_empty() {
            return Err(fatal("no teacher model is named", "set `model` under [teacher] or pass `--model`"));
        }
        // A header value must be visible ASCII; async-openai would panic on anything else.
        if !self.api_key.expose().bytes().all(|b| b.is_ascii_graphic()) {
            return Err(fatal("the API key holds white space or non-ASCII characters", "copy the key again"));
        }
        let zero = [
            ("max_tokens", self.max_tokens == 0),
            ("rpm", self.rpm == Some(0)),
            ("tpm", self.tpm == Some(0)),
            ("concurrency", self.concurrency == 0),
            ("timeout_secs", self.timeout_secs == 0),
        ];
        if let Some((name, _)) = zero.iter().find(|(_, is_zero)| *is_zero) {
            return Err(fatal(&format!("`{name}` is 0"), "use 1 or more, or leave it out"));
        }
        let cached = self.price.and_then(|p| p.cached_input_usd);
        let money = [self.max_usd, self.price.map(|p| p.input_usd), self.price.map(|p| p.output_usd), cached];
        if money.into_iter().flatten().any(|usd| !usd.is_finite() || usd < 0.0) {
            return Err(fatal("prices and `max_usd` must be finite and not negative", "check [teacher]"));
        }
        if self.temperature.is_some_and(|t| !t.is_finite() || t < 0.0) {
            return Err(fatal("`temperature` must be finite and not negative", "check [teacher]"));
        }
        // More of the same would be cut at the same place.
        self.max_tokens_if_cut = self.max_tokens_if_cut.filter(|n| *n > self.max_tokens);
        Ok((self, endpoint))
    }
}

/// The parts of the address that decisions hang on.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    /// Without a trailing slash: async-openai joins paths by concatenation.
    pub(super) base_url: String,
    /// On this machine: never through a proxy, and free of charge.
    pub(super) is_loopback: bool,
    /// OpenAI's own service or Azure's: what is known about their prices and parameters applies.
    pub(super) is_openai: bool,
}

impl Endpoint {
    fn parse(base_url: &str) -> Result<Self, TeacherError> {
        const HINT: &str = "`base_url` looks like `https://api.openai.com/v1` or `http://localhost:11434/v1`";
        // The address itself is not repeated in these errors: it may carry a secret in its user part or query.
        let url = Url::parse(base_url.trim()).map_err(|e| fatal(&format!("`base_url` is no address: {e}"), HINT))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(fatal("`base_url` must start with http:// or https://", HINT));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(fatal("`base_url` carries a user name, a password, a query or a fragment", HINT));
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        let base_url = url.as_str().trim_end_matches('/').to_owned();
        if base_url.ends_with("/chat/completions") {
            return Err(fatal("`base_url` ends in `/chat/completions`, which is added for every request", HINT));
        }
        let is_loopback = matches!(host.as_str(), "localhost" | "[::1]") || host.starts_with("127.");
        let is_openai = host == "api.openai.com" || host.ends_with(".openai.azure.com");
        Ok(Self { base_url, is_loopback, is_openai })
    }
}

pub(super) fn fatal(reason: &str, hint: &str) -> TeacherError {
    TeacherError::Fatal { reason: reason.to_owned(), hint: hint.to_owned() }
}
