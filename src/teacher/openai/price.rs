//! Money: what a request costs, and the budget that no request may exceed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::settings::fatal;
use crate::teacher::TeacherError;

/// Price per million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// US dollars per million tokens read.
    pub input_usd: f64,
    /// US dollars per million tokens written.
    pub output_usd: f64,
    /// US dollars per million tokens read that the server had at hand from an earlier prompt; `None` where they cost
    /// what others do.
    pub cached_input_usd: Option<f64>,
}

/// Tokens of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    /// Read, those from the server's cache among them.
    pub(super) prompt: u64,
    /// Of those read, how many came from the server's cache.
    pub(super) cached: u64,
    /// Written.
    pub(super) completion: u64,
}

/// List prices of OpenAI's own service, as published in 2025: input, output, cached input. A price in the settings
/// wins over this table.
const PRICES: &[(&str, f64, f64, f64)] = &[
    ("gpt-4o", 2.50, 10.00, 1.25),
    ("gpt-4o-mini", 0.15, 0.60, 0.075),
    ("gpt-4.1", 2.00, 8.00, 0.50),
    ("gpt-4.1-mini", 0.40, 1.60, 0.10),
    ("gpt-4.1-nano", 0.10, 0.40, 0.025),
    ("gpt-5", 1.25, 10.00, 0.125),
    ("gpt-5-mini", 0.25, 2.00, 0.025),
    ("gpt-5-nano", 0.05, 0.40, 0.005),
    ("o3", 2.00, 8.00, 0.50),
    ("o4-mini", 1.10, 4.40, 0.275),
];

impl Price {
    /// A price without one for cached input.
    #[must_use]
    pub const fn new(input_usd: f64, output_usd: f64) -> Self {
        Self { input_usd, output_usd, cached_input_usd: None }
    }

    /// The list price of a model of OpenAI's own service, with or without its date (`gpt-4o-2024-08-06`).
    #[must_use]
    pub fn listed(model: &str) -> Option<Self> {
        let (_, input_usd, output_usd, cached) = PRICES.iter().find(|(name, ..)| is_named(model, name))?;
        Some(Self { input_usd: *input_usd, output_usd: *output_usd, cached_input_usd: Some(*cached) })
    }

    /// What so many tokens cost.
    #[must_use]
    pub fn cost(&self, prompt_tokens: u64, completion_tokens: u64) -> f64 {
        self.of(Tokens { prompt: prompt_tokens, cached: 0, completion: completion_tokens })
    }

    pub(super) fn of(&self, tokens: Tokens) -> f64 {
        let cached = tokens.cached.min(tokens.prompt);
        let read = (tokens.prompt - cached) as f64 * self.input_usd
            + cached as f64 * self.cached_input_usd.unwrap_or(self.input_usd);
        (read + tokens.completion as f64 * self.output_usd) / 1e6
    }
}

/// Whether a model is the one of this name, with or without a date behind it.
#[must_use]
pub fn is_named(model: &str, name: &str) -> bool {
    let dated = || {
        let rest = model.strip_prefix(name).and_then(|r| r.strip_prefix('-'));
        rest.is_some_and(|r| r.len() == 10 && r.bytes().all(|b| b.is_ascii_digit() || b == b'-'))
    };
    model == name || dated()
}

/// What was spent, what requests in flight may still cost, and the limit of both together.
pub(super) struct Budget {
    price: Option<Price>,
    max_usd: Option<f64>,
    /// Shared by the teachers of a run: the limit is that of all together.
    purse: Arc<Purse>,
}

#[derive(Default)]
struct Purse {
    ledger: Mutex<Ledger>,
    settled: Notify,
}

#[derive(Default)]
struct Ledger {
    spent_usd: f64,
    reserved_usd: f64,
}

impl Budget {
    pub(super) fn new(price: Option<Price>, max_usd: Option<f64>) -> Self {
        Self { price, max_usd, purse: Arc::default() }
    }

    /// A budget out of the same purse, at another price.
    pub(super) fn beside(&self, price: Option<Price>) -> Self {
        Self { price, max_usd: self.max_usd, purse: Arc::clone(&self.purse) }
    }

    pub(super) fn cost(&self, prompt_tokens: u64, completion_tokens: u64) -> f64 {
        self.price.map_or(0.0, |p| p.cost(prompt_tokens, completion_tokens))
    }

    pub(super) fn cost_of(&self, tokens: Tokens) -> f64 {
        self.price.map_or(0.0, |p| p.of(tokens))
    }

    /// Whether costs are known and limited.
    pub(super) const fn is_limited(&self) -> bool {
        self.price.is_some() && self.max_usd.is_some()
    }

    pub(super) const fn price(&self) -> Option<Price> {
        self.price
    }

    pub(super) fn spent_usd(&self) -> f64 {
        self.ledger().spent_usd
    }

    /// Sets aside what a request can cost at most. Waits while only requests in flight stand in the way, since
    /// they usually cost less than was set aside for them; fails once the money is really spent.
    pub(super) async fn reserve(&self, worst_usd: f64) -> Result<Reservation<'_>, TeacherError> {
        loop {
            let settled = self.purse.settled.notified();
            tokio::pin!(settled);
            // Registered before looking, or a request that settles in between would not be noticed.
            settled.as_mut().enable();
            if self.try_reserve(worst_usd)? {
                return Ok(Reservation { budget: self, usd: worst_usd });
            }
            settled.await;
        }
    }

    fn try_reserve(&self, worst_usd: f64) -> Result<bool, TeacherError> {
        let mut ledger = self.ledger();
        if let Some(max_usd) = self.max_usd {
            if ledger.spent_usd + worst_usd > max_usd {
                let reason = format!(
                    "the budget of ${max_usd:.2} is used up: ${:.4} spent, and the next request may cost ${worst_usd:.4}",
                    ledger.spent_usd
                );
                return Err(fatal(
                    &reason,
                    "all paid answers are kept; raise `--max-usd` and run the same command again to go on",
                ));
            }
            if ledger.spent_usd + ledger.reserved_usd + worst_usd > max_usd {
                return Ok(false);
            }
        }
        ledger.reserved_usd += worst_usd;
        Ok(true)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // Two additions cannot leave the ledger half changed, so a poisoned lock is as good as a whole one.
        self.purse.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For batches, which are cut to what fits before they are sent.
impl Budget {
    /// What may still be set aside; `None` is no limit.
    pub(super) fn left_usd(&self) -> Option<f64> {
        let ledger = self.ledger();
        self.max_usd.map(|max_usd| max_usd - ledger.spent_usd - ledger.reserved_usd)
    }

    /// Sets money aside whatever the limit is: it is known to fit, or an earlier process has promised it.
    pub(super) fn hold(&self, usd: f64) -> Reservation<'_> {
        self.ledger().reserved_usd += usd;
        Reservation { budget: self, usd }
    }
}

/// Money set aside for one attempt; given back when dropped, also if the request is abandoned.
pub(super) struct Reservation<'a> {
    budget: &'a Budget,
    usd: f64,
}

impl Reservation<'_> {
    /// Books what the attempt really cost.
    pub(super) fn spend(self, usd: f64) {
        self.budget.ledger().spent_usd += usd;
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut ledger = self.budget.ledger();
        ledger.reserved_usd = (ledger.reserved_usd - self.usd).max(0.0);
        drop(ledger);
        self.budget.purse.settled.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dated_names_find_their_price_and_strangers_do_not() {
        assert_eq!(Price::listed("gpt-4o-mini-2024-07-18"), Price::listed("gpt-4o-mini"));
        assert_eq!(Price::listed("gpt-4o-mini").map(|p| p.cost(1_000_000, 1_000_000)), Some(0.75));
        assert_eq!(Price::listed("gpt-4o-audio-preview"), None);
        assert_eq!(Price::listed("llama3.2"), None);
    }

    #[test]
    fn tokens_from_the_servers_cache_have_their_own_price() {
        let tokens = Tokens { prompt: 1_000_000, cached: 600_000, completion: 0 };
        let listed = Price::listed("gpt-4.1-mini").unwrap();
        assert!((listed.of(tokens) - (0.4 * 0.4 + 0.6 * 0.1)).abs() < 1e-12);
        assert!((Price::new(0.4, 1.6).of(tokens) - 0.4).abs() < 1e-12, "unknown: as others");
        // A server that says more were cached than read.
        assert!((listed.of(Tokens { prompt: 10, cached: 99, completion: 0 }) - 1e-6).abs() < 1e-12);
    }

    #[tokio::test]
    async fn a_request_waits_for_reserved_money_and_fails_on_spent_money() {
        let budget = Budget::new(Some(Price::new(1.0, 1.0)), Some(1.0));
        let first = budget.reserve(0.6).await.unwrap();
        assert!(!budget.try_reserve(0.6).unwrap(), "0.6 + 0.6 in flight is more than 1");
        let (second, ()) = tokio::join!(budget.reserve(0.6), async { first.spend(0.1) });
        second.unwrap().spend(0.5);
        assert!((budget.spent_usd() - 0.6).abs() < 1e-12);
        assert!(matches!(budget.reserve(0.6).await, Err(TeacherError::Fatal { .. })));
        assert!(budget.reserve(0.3).await.is_ok());
    }
}
