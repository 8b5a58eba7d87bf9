//! What the trials so far say of each load, and which trial would say the most next.
//!
//! Each trial gives one number: the logarithm of what was measured over what is allowed, with its
//! standard error. A load's verdict rests on its own trials where they suffice, else on a straight
//! line through all trials near it: close to the limit a percentile rises smoothly with the load,
//! and neighbours know of each other. The next trial is a function of the trials so far alone, so a
//! verdict that later trials overturn is not lost on the search.

use wsbench_report::stats::t_quantile;

/// The logarithm of measured over allowed is cut off here: farther away it says no more than
/// "holds" or "fails", and a cliff would bend every line.
pub(super) const FARTHEST: f64 = std::f64::consts::LN_2;
/// One-sided 95 % of the normal distribution: how far from the limit is certain.
const CERTAIN: f64 = 1.645;
/// Each end of the bracket aims at this share of the resolution away from the crossing, so that
/// both together stay within it while the estimate of the crossing moves.
const HALF: f64 = 0.45;
/// How often an end that cannot be told is moved outwards, each time twice as far.
const WIDENINGS: i32 = 5;
/// Degrees of freedom from which the scatter of the trials is trusted before their own errors.
const FREEDOM_TRUSTED: usize = 5;
/// What is known from scatter is looked at after every trial, and each look may mislead: more is
/// asked of it than of an interval.
const TRUSTED: f64 = 0.99;
/// However well trials agree, their errors are not taken for smaller than this share.
const LEAST_SCATTER: f64 = 0.4;
/// Trials that the lower end must have before it is believed (METHOD section 6).
const CONFIRMATIONS_LOW: u32 = 3;
/// Trials that the upper end must have.
const CONFIRMATIONS_HIGH: u32 = 2;

/// What one trial says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Score {
    /// The load.
    pub(super) load: f64,
    /// ln(measured ÷ allowed), within ±[`FARTHEST`]; above 0 fails.
    pub(super) excess: f64,
    /// Its standard error.
    pub(super) error: f64,
    /// Length of the trial, s.
    pub(super) length_s: f64,
    /// It failed, and not by a percentile: errors, a rate not achieved, a growing queue.
    pub(super) outright: bool,
    /// It failed because of the generator.
    pub(super) generator: bool,
}

impl Score {
    /// Whether the trial alone says which side it is on.
    pub(super) fn is_certain(&self) -> bool {
        self.outright || self.excess.abs() > CERTAIN * self.error
    }
}

/// Bounds of the search, in loads and lengths of trials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rules {
    /// The first load.
    pub(super) start: f64,
    /// The least load that is tried.
    pub(super) floor: f64,
    /// The greatest; may be infinite.
    pub(super) ceiling: f64,
    /// Upper end over lower end of the bracket that is wanted.
    pub(super) resolution: f64,
    /// Whether loads are whole.
    pub(super) whole: bool,
    /// Length of a first trial, s.
    pub(super) length_s: f64,
    /// Length of the longest trial, s.
    pub(super) longest_s: f64,
}

/// What is known of a load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Standing {
    /// On which side of the limit it is, by the best estimate.
    pub(super) fails: bool,
    /// Whether that is certain.
    pub(super) certain: bool,
    /// Trials made at it.
    pub(super) trials: u32,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Next {
    /// Make a trial.
    Trial { load: f64, length_s: f64, why: Why },
    /// The bracket is narrow and both its ends are confirmed.
    Found,
    /// No trial would narrow the bracket.
    Blurred,
    /// The least load fails.
    NothingHolds,
    /// The greatest load holds.
    NothingFails,
}

/// Why a trial is worth making.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Bracket,
    Bisect,
    Edge,
    Confirm,
    Retry,
}

/// An estimate with its standard error.
#[derive(Clone, Copy, Debug)]
struct Estimate {
    value: f64,
    error: f64,
}

impl Estimate {
    fn is_certain(self) -> bool {
        self.value.abs() > CERTAIN * self.error
    }
}

/// All trials that count.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    rules: Rules,
    scores: Vec<Score>,
}

/// An end of the bracket.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Low,
    High,
}

impl Evidence {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            scores: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, score: Score) {
        self.scores.push(score);
    }

    /// The loads that were tried, rising, each once.
    pub(super) fn loads(&self) -> Vec<f64> {
        let mut loads: Vec<f64> = self.scores.iter().map(|score| score.load).collect();
        loads.sort_by(f64::total_cmp);
        loads.dedup();
        loads
    }

    /// What is known of a load that was tried.
    pub(super) fn standing(&self, load: f64) -> Standing {
        let own: Vec<Score> = self.at(load).collect();
        let trials = own.len() as u32;
        let outright = own.iter().filter(|score| score.outright).count();
        if 2 * outright >= own.len() {
            return Standing {
                fails: true,
                certain: true,
                trials,
            };
        }
        let measured: Vec<Score> = own.into_iter().filter(|score| !score.outright).collect();
        let alone = pooled(&measured);
        let best = if alone.is_certain() {
            alone
        } else {
            self.line_at(load.ln()).0
        };
        Standing {
            fails: best.value > 0.0,
            certain: best.is_certain(),
            trials,
        }
    }

    /// The greatest load below the least failing one that holds, and the least that fails.
    pub(super) fn ends(&self, certain: bool) -> (Option<f64>, Option<f64>) {
        let known: Vec<(f64, Standing)> = self
            .loads()
            .into_iter()
            .map(|load| (load, self.standing(load)))
            .filter(|(_, standing)| standing.certain || !certain)
            .collect();
        let fails = known.iter().find(|(_, standing)| standing.fails);
        let fails = fails.map(|(load, _)| *load);
        let below = known
            .iter()
            .rev()
            .find(|(load, standing)| !standing.fails && fails.is_none_or(|fails| *load < fails));
        (below.map(|(load, _)| *load), fails)
    }

    /// The load at which measured and allowed are the same, by the line through the trials near it;
    /// `None` when the bracket has not both ends.
    pub(super) fn crossing(&self) -> Option<f64> {
        let (Some(low), Some(high)) = self.ends(false) else {
            return None;
        };
        let middle = (low * high).sqrt().ln();
        let (at_middle, slope) = self.line_at(middle);
        let away = slope.map_or(0.0, |slope| -at_middle.value / slope);
        // Beyond its neighbourhood a line says nothing.
        let reach = self.rules.resolution.ln();
        let crossing = middle + away.clamp(-reach, reach);
        Some(crossing.clamp(low.ln(), high.ln()).exp())
    }

    /// The trial that would tell the most.
    pub(super) fn next(&self) -> Next {
        let rules = &self.rules;
        if self.scores.is_empty() {
            return self.trial(rules.start, rules.length_s, Why::Bracket);
        }
        let spoilt = |score: &&Score| score.generator && self.at(score.load).count() == 1;
        if let Some(score) = self.scores.iter().find(spoilt) {
            return self.trial(score.load, score.length_s, Why::Retry);
        }
        match self.ends(false) {
            (Some(low), Some(high)) => self.between(low, high),
            (Some(low), None) if low < rules.ceiling => {
                self.trial((low * 2.0).min(rules.ceiling), rules.length_s, Why::Bracket)
            }
            // A hair above the floor is the floor, rounded.
            (None, Some(high)) if high > rules.floor * 1.01 => {
                self.trial((high / 2.0).max(rules.floor), rules.length_s, Why::Bracket)
            }
            (None, _) => Next::NothingHolds,
            (Some(_), None) => Next::NothingFails,
        }
    }

    /// With a bracket: narrows it, then makes certain of its ends.
    fn between(&self, low: f64, high: f64) -> Next {
        let rules = &self.rules;
        let middle = self.snapped((low * high).sqrt(), None);
        if high / low > rules.resolution && low < middle && middle < high {
            return self.trial(middle, rules.length_s, Why::Bisect);
        }
        let wanted = [self.wanted_at(Side::Low), self.wanted_at(Side::High)];
        let least_known = |a: &&Next, b: &&Next| self.measured_s(a).total_cmp(&self.measured_s(b));
        if let Some(trial) = wanted.iter().flatten().min_by(least_known) {
            return *trial;
        }
        match self.ends(true) {
            (Some(low), Some(high)) if self.is_narrow(low, high) => Next::Found,
            _ => Next::Blurred,
        }
    }

    /// The trial that would make an end of the bracket certain; `None` when it is, or cannot be.
    fn wanted_at(&self, side: Side) -> Option<Next> {
        let crossing = self.crossing()?;
        let (low, high) = self.ends(true);
        let narrow = matches!((low, high), (Some(low), Some(high)) if self.is_narrow(low, high));
        for widening in 0..=WIDENINGS {
            let away = self.rules.resolution.powf(HALF * f64::from(1 << widening));
            let (aim, settled) = match side {
                Side::Low => (
                    crossing / away,
                    low.filter(|low| narrow || *low >= crossing / away),
                ),
                Side::High => (
                    crossing * away,
                    high.filter(|high| narrow || *high <= crossing * away),
                ),
            };
            if let Some(load) = settled {
                return self.confirmation(side, load);
            }
            let aim = self.snapped(aim, Some(side));
            let is_within = self.rules.floor <= aim && aim <= self.rules.ceiling;
            if is_within && !self.is_spent(aim) {
                let length_s = self.next_length_s(aim);
                return Some(self.trial(aim, length_s, Why::Edge));
            }
        }
        None
    }

    /// One more look at a certain end, until it has been seen often enough.
    fn confirmation(&self, side: Side, load: f64) -> Option<Next> {
        let needed = match side {
            Side::Low => CONFIRMATIONS_LOW,
            Side::High => CONFIRMATIONS_HIGH,
        };
        let length_s = (2.0 * self.rules.length_s).min(self.rules.longest_s);
        let is_short = self.standing(load).trials < needed;
        is_short.then(|| self.trial(load, length_s, Why::Confirm))
    }

    fn trial(&self, load: f64, length_s: f64, why: Why) -> Next {
        let load = match why {
            Why::Bracket => self.snapped(load, None),
            Why::Bisect | Why::Edge | Why::Confirm | Why::Retry => load,
        };
        Next::Trial {
            load,
            length_s,
            why,
        }
    }

    /// Whether a bracket is as narrow as was wanted, or as whole numbers allow.
    fn is_narrow(&self, low: f64, high: f64) -> bool {
        high / low <= self.rules.resolution * 1.001 || self.rules.whole && high - low <= 1.0
    }

    /// The load as it is asked for: four digits, or whole; one that was tried, when it is near by,
    /// so that their trials add up. An end of the bracket is rounded outwards.
    fn snapped(&self, load: f64, side: Option<Side>) -> f64 {
        let near = 1.0 + (self.rules.resolution - 1.0) / 8.0;
        let is_near = |tried: &f64| tried.max(load) / tried.min(load) <= near;
        if let Some(tried) = self.loads().into_iter().find(is_near) {
            return tried;
        }
        let step = if self.rules.whole {
            1.0
        } else {
            10_f64.powf(load.log10().floor() - 3.0)
        };
        let steps = load / step;
        let steps = match side {
            Some(Side::Low) => steps.floor(),
            Some(Side::High) => steps.ceil(),
            None => steps.round(),
        };
        // Divided where the step is below 1: 0.1 is no binary number, 10 is.
        let rounded = if step < 1.0 {
            steps / (1.0 / step).round()
        } else {
            steps * step
        };
        rounded.max(self.rules.floor)
    }

    fn at(&self, load: f64) -> impl Iterator<Item = Score> + '_ {
        let scores = self.scores.iter().copied();
        scores.filter(move |score| score.load == load)
    }

    /// How long the load of a wanted trial has been measured, s.
    fn measured_s(&self, next: &Next) -> f64 {
        match *next {
            Next::Trial { load, .. } => self.at(load).map(|score| score.length_s).sum(),
            _ => f64::INFINITY,
        }
    }

    /// Whether more trials at this load are not worth their time.
    fn is_spent(&self, load: f64) -> bool {
        let is_longest = |score: &Score| score.length_s >= self.rules.longest_s;
        self.at(load).filter(is_longest).count() >= 2
    }

    /// Twice the longest trial at this load.
    fn next_length_s(&self, load: f64) -> f64 {
        let lengths = self.at(load).map(|score| score.length_s);
        let longest = lengths.fold(self.rules.length_s, f64::max);
        (2.0 * longest).min(self.rules.longest_s)
    }

    /// The line through the trials within one and a half times the resolution of a load (given as
    /// its logarithm): its value there, and its slope where it has a rising one.
    fn line_at(&self, at: f64) -> (Estimate, Option<f64>) {
        let reach = 1.5 * self.rules.resolution.ln();
        let is_near = |score: &&Score| (score.load.ln() - at).abs() <= reach;
        let near: Vec<Score> = self.scores.iter().filter(is_near).copied().collect();
        let level = pooled(&near);
        let weight = |score: &Score| score.error.powi(-2);
        let weights: f64 = near.iter().map(weight).sum();
        let centre = near.iter().map(|s| weight(s) * s.load.ln()).sum::<f64>() / weights;
        let offset = |score: &Score| score.load.ln() - centre;
        let spread: f64 = near.iter().map(|s| weight(s) * offset(s).powi(2)).sum();
        let joint: f64 = near.iter().map(|s| weight(s) * offset(s) * s.excess).sum();
        let slope = joint / spread;
        if near.len() < 3 || !slope.is_finite() || slope <= 0.0 {
            return (level, None);
        }
        let value = |score: &Score| level.value + slope * offset(score);
        let misfit = |s: &Score| weight(s) * (s.excess - value(s)).powi(2);
        let misfit: f64 = near.iter().map(misfit).sum();
        let stretch = stretch(misfit, near.len() - 2);
        if slope < CERTAIN * stretch / spread.sqrt() {
            // A slope that may be none tells no load from its neighbour.
            return (level, None);
        }
        let away = at - centre;
        let error = (1.0 / weights + away * away / spread).sqrt();
        let estimate = Estimate {
            value: level.value + slope * away,
            error: error * stretch,
        };
        (estimate, Some(slope))
    }
}

/// The mean of several trials, each by its precision; wider where they disagree among themselves
/// by more than their errors explain.
fn pooled(scores: &[Score]) -> Estimate {
    let weight = |score: &Score| score.error.powi(-2);
    let weights: f64 = scores.iter().map(weight).sum();
    let value = scores.iter().map(|s| weight(s) * s.excess).sum::<f64>() / weights;
    let misfit: f64 = scores
        .iter()
        .map(|s| weight(s) * (s.excess - value).powi(2))
        .sum();
    let freedom = scores.len().saturating_sub(1);
    Estimate {
        value,
        error: (1.0 / weights).sqrt() * stretch(misfit, freedom),
    }
}

/// By how much trials disagree beyond (or, where there are many, short of) what their errors
/// explain: the errors are estimates, and the scatter of many trials knows better. Student's t
/// makes up for its being known from few.
fn stretch(misfit: f64, freedom: usize) -> f64 {
    let scatter = (misfit / freedom.max(1) as f64).sqrt();
    if freedom < FREEDOM_TRUSTED {
        return scatter.max(1.0);
    }
    scatter.max(LEAST_SCATTER) * t_quantile(TRUSTED, freedom as f64) / CERTAIN
}
