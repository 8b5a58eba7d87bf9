//! What the trials so far say of each load, and which trial would say the most next.
//!
//! What is said of a load rests on its own trials alone, taken together. A line through the trials
//! near the limit only says where it pays to look: how far from the crossing an end of the bracket
//! has to be so that what is left of the time can make certain of it. On a flat curve that is far
//! away, and the bracket is wide. The next trial is a function of the trials so far alone, so a
//! verdict that later trials overturn is not lost on the search.

use super::line::{FittedLine, LoadPoint};
use super::tail::{CONFIDENCE, Certainty, LOOK, Tail};

/// An end of the bracket lies at least this share of the resolution away from the crossing, so
/// that both together stay within it while the estimate of the crossing moves.
const HALF: f64 = 0.46;
/// Each place looked at is this much farther from the crossing than the one before.
const FARTHER: f64 = 1.4;
/// Places looked at on each side.
const PLACES: i32 = 17;
/// Standard errors from the limit at which an end is expected to be certain, with some luck to
/// spare.
const EXPECTED: f64 = 3.0;
/// Below this share of the pilot's rate, the next load is [`BEYOND`] it rather than twice as much.
const NEARLY: f64 = 0.95;
/// Load that is more than the server gets through, as a share of the pilot's rate.
const BEYOND: f64 = 1.1;
/// Trials that the lower end must have before it is believed (METHOD section 6).
const CONFIRMATIONS_LOW: u32 = 3;
/// Trials that the upper end must have.
const CONFIRMATIONS_HIGH: u32 = 2;

/// Score of one trial.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TrialScore {
    /// The load.
    pub(super) load: f64,
    /// Length of the trial, s.
    pub(super) length_s: f64,
    /// Messages beyond the limit of each percentile, in the order of the objectives.
    pub(super) tails: Vec<Tail>,
    /// It failed, and not by a percentile: errors, a rate not achieved, a growing queue.
    pub(super) outright: bool,
    /// It failed because of the generator.
    pub(super) generator: bool,
}

impl TrialScore {
    /// Certainty of the trial by itself.
    pub(super) fn certainty(&self) -> Certainty {
        if self.outright {
            Certainty::Fails
        } else {
            certainty(&self.tails, CONFIDENCE)
        }
    }
}

/// Certainty of several percentiles together: one that fails is enough, all have to hold.
fn certainty(tails: &[Tail], confidence: f64) -> Certainty {
    let each = tails.iter().map(|tail| tail.certainty(confidence));
    let each: Vec<Certainty> = each.collect();
    if each.contains(&Certainty::Fails) {
        Certainty::Fails
    } else if each.contains(&Certainty::Open) {
        Certainty::Open
    } else {
        Certainty::Holds
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
    /// True where loads are whole.
    pub(super) whole: bool,
    /// Length of a first trial, s.
    pub(super) length_s: f64,
    /// Length of the longest trial, s.
    pub(super) longest_s: f64,
    /// The load that a pilot got through at most, roughly; `None` without one.
    pub(super) capacity: Option<f64>,
}

/// Knowledge of a load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LoadEvidence {
    /// On which side of the limit it is, by the best estimate.
    pub(super) fails: bool,
    /// True where that is certain.
    pub(super) certain: bool,
    /// Trials made at it.
    pub(super) trials: u32,
}

/// Next step to take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Next {
    /// Make a trial.
    Trial {
        load: f64,
        length_s: f64,
        why: TrialReason,
    },
    /// The bracket is narrow and both its ends are confirmed.
    Found,
    /// No trial that there is time for would narrow the bracket.
    Blurred,
    /// The least load fails.
    NothingHolds,
    /// The greatest load holds.
    NothingFails,
}

/// Why a trial is worth making.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TrialReason {
    Bracket,
    Bisect,
    Edge,
    Confirm,
    Retry,
}

/// All trials that count.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    rules: Rules,
    scores: Vec<TrialScore>,
}

/// An end of the bracket.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BracketEnd {
    Low,
    High,
}

impl BracketEnd {
    /// −1 below the limit, 1 above it.
    fn sign(self) -> f64 {
        match self {
            Self::Low => -1.0,
            Self::High => 1.0,
        }
    }
}

impl Evidence {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            scores: Vec::new(),
        }
    }

    /// The least load that is tried.
    pub(super) fn floor(&self) -> f64 {
        self.rules.floor
    }

    pub(super) fn push(&mut self, score: TrialScore) {
        self.scores.push(score);
    }

    /// The loads that were tried, rising, each once.
    fn loads(&self) -> Vec<f64> {
        let mut loads: Vec<f64> = self.scores.iter().map(|score| score.load).collect();
        loads.sort_by(f64::total_cmp);
        loads.dedup();
        loads
    }

    /// Knowledge of a load that was tried.
    pub(super) fn standing(&self, load: f64) -> LoadEvidence {
        let own = self.at(load);
        let trials = own.len() as u32;
        // What the generator spoilt once is to be seen again before anything is said of it.
        let is_spoilt = own.iter().all(|score| score.generator) && trials == 1;
        let outright = own.iter().filter(|score| score.outright).count();
        if 2 * outright >= own.len() {
            return LoadEvidence {
                fails: true,
                certain: !is_spoilt,
                trials,
            };
        }
        let tails = self.tails_at(load);
        let certainty = certainty(&tails, CONFIDENCE);
        LoadEvidence {
            fails: match certainty {
                Certainty::Holds => false,
                Certainty::Fails => true,
                Certainty::Open => tails.iter().any(|tail| tail.excess() > 0.0),
            },
            certain: certainty != Certainty::Open,
            trials,
        }
    }

    /// The greatest load below the least failing one that holds, and the least that fails.
    pub(super) fn ends(&self, certain: bool) -> (Option<f64>, Option<f64>) {
        let known: Vec<(f64, LoadEvidence)> = self
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

    /// The trial that would tell the most, when `left_s` of trials can still be made.
    pub(super) fn next(&self, left_s: f64) -> Next {
        let rules = &self.rules;
        if self.scores.is_empty() {
            return self.trial(rules.start, rules.length_s, TrialReason::Bracket);
        }
        let is_only = |score: &&TrialScore| self.measured(score.load).count() == 1;
        let mut spoilt = self.scores.iter().filter(|score| score.generator);
        if let Some(score) = spoilt.find(is_only) {
            return self.trial(score.load, score.length_s, TrialReason::Retry);
        }
        if let Some(load) = self.contradicted() {
            return self.trial(load, rules.longest_s, TrialReason::Confirm);
        }
        match self.ends(false) {
            (Some(low), Some(high)) => self.between(low, high, left_s),
            (Some(low), None) if low < rules.ceiling => {
                let next = match rules.capacity {
                    // A little more than there is fails at once, and leaves no long queue behind.
                    Some(capacity) if low < capacity * NEARLY => capacity * BEYOND,
                    _ => low * 2.0,
                };
                self.trial(
                    next.min(rules.ceiling),
                    rules.length_s,
                    TrialReason::Bracket,
                )
            }
            // A hair above the floor is the floor, rounded.
            (None, Some(high)) if high > rules.floor * 1.01 => self.trial(
                (high / 2.0).max(rules.floor),
                rules.length_s,
                TrialReason::Bracket,
            ),
            (None, Some(least)) if !self.standing(least).certain => {
                if self.measured_s(least) < 2.0 * rules.longest_s {
                    self.trial(least, rules.longest_s, TrialReason::Edge)
                } else {
                    Next::Blurred
                }
            }
            (None, _) => Next::NothingHolds,
            (Some(_), None) => Next::NothingFails,
        }
    }

    /// True if it is certain of a load on which side of the limit it is once this is known as well.
    pub(super) fn is_certain_with(&self, load: f64, more: &[Tail]) -> bool {
        let mut tails = self.tails_at(load);
        if tails.is_empty() {
            tails = more.to_vec();
        } else {
            for (tail, more) in tails.iter_mut().zip(more) {
                tail.add(more);
            }
        }
        certainty(&tails, LOOK) != Certainty::Open
    }

    /// A load at which what is left of the time may still tell something, where no trial is expected
    /// to: the one between the ends that is known best, or the middle; `None` without an upper end.
    pub(super) fn leftover(&self) -> Option<f64> {
        let (low, high) = self.ends(true);
        let high = high.or(self.ends(false).1)?;
        let low = low.unwrap_or(self.rules.floor);
        let is_open = |load: &f64| low < *load && *load < high && !self.standing(*load).certain;
        let told = |load: f64| {
            let tails = self.tails_at(load);
            let tails = tails.iter();
            let errors = tails.map(|tail| tail.excess().abs() * tail.information().sqrt());
            errors.fold(0.0, f64::max)
        };
        let open = self.loads().into_iter().filter(is_open);
        let best = open.max_by(|a, b| told(*a).total_cmp(&told(*b)));
        Some(best.unwrap_or_else(|| self.snapped((low * high).sqrt(), None, 0.0)))
    }

    /// Time for which trials at both ends of a bracket as narrow as was wanted would have to be made,
    /// s, from none; `None` where nothing is known of the curve.
    pub(super) fn would_take_s(&self) -> Option<f64> {
        let (low, high) = self.ends(false);
        let line = self.line((low? * high?).sqrt());
        let away = HALF * self.rules.resolution.ln();
        let each = [BracketEnd::Low, BracketEnd::High].map(|side| {
            let expected = side.sign() * line.slope * away;
            let scale = if expected > 0.0 {
                (expected / 2.0).exp()
            } else {
                1.0
            };
            let errors = (1.0 - (-expected.abs()).exp()) * scale;
            let load = line.crossing * (side.sign() * away).exp();
            (EXPECTED / errors).powi(2) / (line.information * load)
        });
        Some(each.iter().sum()).filter(|needed_s: &f64| needed_s.is_finite())
    }

    /// A load that fails for certain, seldom tried, below one that holds for certain: one of the
    /// two is wrong.
    fn contradicted(&self) -> Option<f64> {
        let fails = self.ends(true).1?;
        let is_above = |load: &f64| *load > fails;
        let mut above = self.loads().into_iter().filter(is_above);
        let is_contradicted = above.any(|load| {
            let standing = self.standing(load);
            standing.certain && !standing.fails
        });
        (is_contradicted && self.standing(fails).trials < 4).then_some(fails)
    }

    /// With a bracket of estimates: narrows it, and makes certain of its ends.
    fn between(&self, low: f64, high: f64, left_s: f64) -> Next {
        let rules = &self.rules;
        let (holds, fails) = self.ends(true);
        let is_decided = (holds, fails) == (Some(low), Some(high)) && !self.is_open(low, high);
        let middle = self.snapped((low * high).sqrt(), None, 0.0);
        if is_decided && high / low > rules.resolution && low < middle && middle < high {
            return self.trial(middle, rules.length_s, TrialReason::Bisect);
        }
        let line = self.line((low * high).sqrt());
        let both = [BracketEnd::Low, BracketEnd::High]
            .map(|side| self.wanted_at(side, &line, left_s / 2.0));
        let wanted = match both {
            // What one side does not need is the other's.
            [None, _] => [None, self.wanted_at(BracketEnd::High, &line, left_s)],
            [_, None] => [self.wanted_at(BracketEnd::Low, &line, left_s), None],
            both => both,
        };
        // The end that is farther away is the one that makes the bracket wide.
        let away =
            |end: Option<f64>| end.map_or(f64::INFINITY, |end| (end / line.crossing).ln().abs());
        let trial = match wanted {
            [Some(low), Some(high)] => {
                let is_tie = away(holds) == away(fails);
                let low_first = self.known_s(&low) <= self.known_s(&high);
                let is_low = away(holds) > away(fails) || is_tie && low_first;
                Some(if is_low { low } else { high })
            }
            [low, high] => low.or(high),
        };
        if let Some(trial) = trial {
            return trial;
        }
        match (holds, fails) {
            (Some(low), Some(high)) if self.is_narrow(low, high) => Next::Found,
            _ => Next::Blurred,
        }
    }

    /// True if a load between the two is undecided.
    fn is_open(&self, low: f64, high: f64) -> bool {
        let mut loads = self.loads().into_iter();
        loads.any(|load| low < load && load < high && !self.standing(load).certain)
    }

    /// The trial that would bring an end of the bracket nearer to the crossing, or confirm it;
    /// `None` when neither is needed or to be had in `left_s`.
    fn wanted_at(&self, side: BracketEnd, line: &FittedLine, left_s: f64) -> Option<Next> {
        let (low, high) = self.ends(true);
        let end = match side {
            BracketEnd::Low => low,
            BracketEnd::High => high,
        };
        if matches!((low, high), (Some(low), Some(high)) if self.is_narrow(low, high)) {
            return self.confirmation(side, end?);
        }
        for (load, away) in self.places(side, line.crossing) {
            let is_settled = end.is_some_and(|end| side.sign() * (load - end) >= 0.0);
            if is_settled || !(self.rules.floor..=self.rules.ceiling).contains(&load) {
                break;
            }
            let expected = side.sign() * line.slope * away;
            if let Some(needed_s) = self.needed_s(load, expected, line, left_s) {
                let length_s = needed_s.clamp(self.rules.length_s, self.rules.longest_s);
                return Some(self.trial(load, length_s, TrialReason::Edge));
            }
        }
        self.confirmation(side, end?)
    }

    /// Places where an end might be, the nearest to the crossing first, with the logarithm of how
    /// far away that is.
    fn places(&self, side: BracketEnd, crossing: f64) -> Vec<(f64, f64)> {
        let nearest = HALF * self.rules.resolution.ln();
        let away = |load: f64| side.sign() * (load / crossing).ln();
        let fresh = (0..PLACES).map(|place| {
            let away = nearest * FARTHER.powi(place);
            self.snapped(crossing * (side.sign() * away).exp(), Some(side), away)
        });
        let mut places: Vec<f64> = self.loads().into_iter().chain(fresh).collect();
        places.retain(|load| away(*load) >= nearest * 0.7);
        places.sort_by(|a, b| away(*a).total_cmp(&away(*b)));
        places.dedup();
        places.into_iter().map(|load| (load, away(load))).collect()
    }

    /// Time for which a load has to be tried, s, to be certain of it, where its excess is expected
    /// to be so much; `None` when that is longer than what is left.
    fn needed_s(&self, load: f64, expected: f64, line: &FittedLine, left_s: f64) -> Option<f64> {
        let tails = self.tails_at(load);
        let worst = tails
            .iter()
            .max_by(|a, b| a.excess().total_cmp(&b.excess()));
        let (known, excess) = worst.map_or((0.0, 0.0), |it| (it.information(), it.excess()));
        let each_s = line.information * load;
        let errors_with = |more_s: f64| {
            let more = each_s * more_s;
            let mean = (known * excess + more * expected) / (known + more);
            // In standard errors of the share, which are smaller below the limit than above it.
            let away = 1.0 - (-mean.abs()).exp();
            let scale = if mean > 0.0 { (mean / 2.0).exp() } else { 1.0 };
            away * scale * (known + more).sqrt() * (mean * expected).signum()
        };
        if errors_with(left_s) < EXPECTED {
            return None;
        }
        let lengths = (0..12).map(|power| self.rules.length_s * f64::from(1 << power));
        let mut enough = lengths.filter(|length_s| errors_with(*length_s) >= EXPECTED);
        Some(enough.next().unwrap_or(self.rules.longest_s))
    }

    /// One more look at a certain end, until it has been seen often enough.
    fn confirmation(&self, side: BracketEnd, load: f64) -> Option<Next> {
        let needed = match side {
            BracketEnd::Low => CONFIRMATIONS_LOW,
            BracketEnd::High => CONFIRMATIONS_HIGH,
        };
        let length_s = (2.0 * self.rules.length_s).min(self.rules.longest_s);
        let is_short = self.standing(load).trials < needed;
        is_short.then(|| self.trial(load, length_s, TrialReason::Confirm))
    }

    fn trial(&self, load: f64, length_s: f64, why: TrialReason) -> Next {
        let load = match why {
            TrialReason::Bracket => self.snapped(load, None, 0.0),
            TrialReason::Bisect | TrialReason::Edge | TrialReason::Confirm | TrialReason::Retry => {
                load
            }
        };
        Next::Trial {
            load,
            length_s,
            why,
        }
    }

    /// True if a bracket is as narrow as was wanted, or as whole numbers allow.
    fn is_narrow(&self, low: f64, high: f64) -> bool {
        high / low <= self.rules.resolution * 1.001 || self.rules.whole && high - low <= 1.0
    }

    /// The load as it is asked for: four digits, or whole; one that was tried, when it is near by
    /// (beside how far `away` from the crossing it is), so that their trials add up. An end of the
    /// bracket is rounded outwards.
    fn snapped(&self, load: f64, side: Option<BracketEnd>, away: f64) -> f64 {
        let near = self.rules.resolution.ln().max(away) / 8.0;
        let is_near = |tried: &f64| (tried / load).ln().abs() <= near;
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
            Some(BracketEnd::Low) => steps.floor(),
            Some(BracketEnd::High) => steps.ceil(),
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

    /// All trials at a load.
    fn measured(&self, load: f64) -> impl Iterator<Item = &TrialScore> {
        self.scores.iter().filter(move |score| score.load == load)
    }

    /// The trials at a load that count: what the generator spoilt is replaced by what it did not.
    fn at(&self, load: f64) -> Vec<&TrialScore> {
        let is_spoilt = self.measured(load).all(|score| score.generator);
        let own = self.measured(load);
        own.filter(|score| is_spoilt || !score.generator).collect()
    }

    /// Messages beyond each limit in all trials at a load together.
    fn tails_at(&self, load: f64) -> Vec<Tail> {
        let own = self.at(load);
        let mut own = own.into_iter().filter(|score| !score.outright);
        let mut tails = own.next().map_or(Vec::new(), |score| score.tails.clone());
        for score in own {
            for (tail, more) in tails.iter_mut().zip(&score.tails) {
                tail.add(more);
            }
        }
        tails
    }

    /// Time for which a load has been measured, s.
    fn measured_s(&self, load: f64) -> f64 {
        self.measured(load).map(|score| score.length_s).sum()
    }

    /// Time for which the load of a wanted trial has been measured, s.
    fn known_s(&self, next: &Next) -> f64 {
        match *next {
            Next::Trial { load, .. } => self.measured_s(load),
            _ => f64::INFINITY,
        }
    }

    /// The line through what is known near a load.
    fn line(&self, near: f64) -> FittedLine {
        let points = self.loads().into_iter().filter_map(|load| {
            let tails = self.tails_at(load);
            let worst = tails
                .iter()
                .max_by(|a, b| a.excess().total_cmp(&b.excess()))?;
            Some(LoadPoint {
                load,
                excess: worst.excess(),
                information: worst.information(),
                length_s: self.at(load).iter().map(|score| score.length_s).sum(),
            })
        });
        let points: Vec<LoadPoint> = points.collect();
        let mut line = FittedLine::through(&points, near, self.rules.resolution.ln());
        let (low, high) = self.ends(true);
        line.crossing = line.crossing.max(low.unwrap_or(self.rules.floor));
        line.crossing = line.crossing.min(high.unwrap_or(near * 2.0));
        line
    }
}
