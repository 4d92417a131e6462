//! Whether the endpoint is there at all.
//!
//! A run of failures of the service itself stops all requests but one, which looks from time to time whether the
//! service is back. A service that only fails often is not dead: the run has to be longer than bad luck makes it.

use std::time::Duration;

use tokio::time::Instant;

/// Waits between two looks at an endpoint that is down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probing {
    /// Before the first look; doubled for each further one.
    pub(super) first: Duration,
    /// The longest.
    pub(super) longest: Duration,
    /// Looks in vain after which it is given up: 2.5, 5, 10, 20, 40 and 60 seconds are two minutes and a quarter.
    pub(super) looks: u32,
}

impl Default for Probing {
    fn default() -> Self {
        Self { first: Duration::from_millis(2500), longest: Duration::from_mins(1), looks: 6 }
    }
}

/// What may be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passage {
    /// Go.
    Open,
    /// Go, as the one that looks.
    Probe,
    /// Not before this.
    At(Instant),
    /// Not before the one that looks is back.
    AfterProbe,
}

#[derive(Debug)]
pub(super) struct Breaker {
    probing: Probing,
    /// Failures in a row.
    run: u32,
    /// Share of failures lately, 0 to 1.
    failing: f64,
    shut: Option<Shut>,
}

#[derive(Debug)]
struct Shut {
    until: Instant,
    /// Looks in vain.
    looks: u32,
    is_probing: bool,
    since: Instant,
}

impl Breaker {
    pub(super) const fn new(probing: Probing) -> Self {
        Self { probing, run: 0, failing: 0.0, shut: None }
    }

    /// May a request go out? A [`Passage::Probe`] has to be answered by [`Breaker::alive`], [`Breaker::failed`] or
    /// [`Breaker::gave_up`].
    pub(super) fn passage(&mut self, now: Instant) -> Passage {
        match &mut self.shut {
            None => Passage::Open,
            Some(shut) if shut.is_probing => Passage::AfterProbe,
            Some(shut) if shut.until > now => Passage::At(shut.until),
            Some(shut) => {
                shut.is_probing = true;
                Passage::Probe
            }
        }
    }

    /// The service answered, be it with a refusal.
    pub(super) fn alive(&mut self) {
        self.run = 0;
        self.failing *= 1.0 - 1.0 / 50.0;
        self.shut = None;
    }

    /// The service failed. `chance` in 0..1 lengthens the pause by up to a quarter. Returns how long it has been down
    /// once it is to be given up.
    pub(super) fn failed(&mut self, now: Instant, is_probe: bool, chance: f64) -> Option<Duration> {
        self.run = self.run.saturating_add(1);
        self.failing += (1.0 - self.failing) / 50.0;
        let pause = |looks: u32| {
            let doubled = self.probing.first.saturating_mul(2_u32.saturating_pow(looks));
            doubled.min(self.probing.longest).mul_f64(1.0 + 0.25 * chance)
        };
        match &mut self.shut {
            Some(shut) if is_probe => {
                shut.is_probing = false;
                shut.looks += 1;
                shut.until = now + pause(shut.looks);
                (shut.looks >= self.probing.looks).then(|| now.saturating_duration_since(shut.since))
            }
            // Was on its way when the way was shut.
            Some(_) => None,
            None => {
                if self.run >= self.bad_luck() {
                    self.shut = Some(Shut { until: now + pause(0), looks: 0, is_probing: false, since: now });
                }
                None
            }
        }
    }

    /// The one that looks was called off.
    pub(super) fn gave_up(&mut self) {
        if let Some(shut) = &mut self.shut {
            shut.is_probing = false;
        }
    }

    /// Whether requests are held back.
    pub(super) const fn is_shut(&self) -> bool {
        self.shut.is_some()
    }

    /// As many failures in a row mean more than bad luck: they would come by chance once in ten thousand requests.
    fn bad_luck(&self) -> u32 {
        let run = 1e-4_f64.ln() / self.failing.clamp(0.01, 0.95).ln();
        (run.ceil() as u32).clamp(8, 40)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_endpoint_is_looked_at_and_then_given_up() {
        let mut breaker = Breaker::new(Probing::default());
        let start = Instant::now();
        let mut now = start;
        for _ in 0..8 {
            assert_eq!(breaker.passage(now), Passage::Open);
            assert_eq!(breaker.failed(now, false, 0.0), None);
        }
        let mut waits = Vec::new();
        let down = loop {
            let Passage::At(until) = breaker.passage(now) else { panic!("open") };
            waits.push((until - now).as_secs_f64());
            now = until;
            assert_eq!(breaker.passage(now), Passage::Probe);
            assert_eq!(breaker.passage(now), Passage::AfterProbe);
            assert_eq!(breaker.failed(now, false, 0.0), None, "a straggler");
            if let Some(down) = breaker.failed(now, true, 0.0) {
                break down;
            }
        };
        assert_eq!(waits, [2.5, 5.0, 10.0, 20.0, 40.0, 60.0]);
        assert_eq!(down, now - start);
    }

    #[test]
    fn an_answer_opens_the_way_again() {
        let (mut breaker, now) = (Breaker::new(Probing::default()), Instant::now());
        (0..8).for_each(|_| assert_eq!(breaker.failed(now, false, 0.0), None));
        assert_eq!(breaker.passage(now + Duration::from_secs(3)), Passage::Probe);
        breaker.gave_up();
        assert_eq!(breaker.passage(now + Duration::from_secs(3)), Passage::Probe);
        breaker.alive();
        assert_eq!(breaker.passage(now), Passage::Open);
    }

    #[test]
    fn a_service_that_fails_half_of_the_time_is_not_dead() {
        let (mut breaker, mut now, mut state) = (Breaker::new(Probing::default()), Instant::now(), 11_u64);
        let mut shut = 0;
        for _ in 0..20_000 {
            let mut is_probe = false;
            loop {
                match breaker.passage(now) {
                    Passage::Open => break,
                    Passage::At(until) => now = until,
                    Passage::Probe => {
                        is_probe = true;
                        shut += 1;
                        break;
                    }
                    Passage::AfterProbe => panic!("nobody looks"),
                }
            }
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if state >> 63 == 0 {
                breaker.alive();
            } else {
                assert_eq!(breaker.failed(now, is_probe, 0.5), None, "given up");
            }
        }
        assert!(shut < 20, "{shut}");
    }
}
