//! The greatest load that holds under given objectives, as a bracket (METHOD section 6).
//!
//! Loads are tried one after the other: a pilot says roughly how much there is, a little less and a
//! little more than that are tried, bisection narrows, longer trials make certain of both ends. A
//! trial is over as soon as it is certain on which side of the limit its load is. What is told is what
//! is certain: on a flat curve a wide bracket. The answer names what limits it, and every trial is
//! kept. It is bounded in trials and in time, uses all of that where the bracket is not as narrow as
//! was wanted before, and whatever ends it early, what is known by then is told.

mod evidence;
pub(crate) mod judge;
mod line;
mod press;
mod tail;
mod trial;

use thiserror::Error;
use wsbench_judge::figure::error_share;
use wsbench_load::arrival::Process;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Plan, Population};
use wsbench_load::result::RunResult;
use wsbench_load::series::Series;
use wsbench_record::document::Document;
use wsbench_record::objective::Objective;
use wsbench_record::provenance::Provenance;
use wsbench_record::search::{
    Cause, Edge, Ending, Limit, Over, Purpose, Recovery, SCHEMA, Search, Trial, TrialVerdict,
};
use wsbench_setting::{Text, Told};
use wsbench_stats::batches::BATCHES;

use crate::pilot::{self, PilotError, SPARE, around_s};
use crate::runner::{Runner, RunnerError, Step};
use evidence::{Evidence, Next, Rules, TrialReason};
use judge::{TrialJudgement, judge};
use tail::{Tail, TimeLimit};

/// Share of the pilot's rate at which the search begins: below where queues grow long, and near it.
const START_SHARE: f64 = 0.5;
/// Connections at which a search over them begins.
const START_CONNECTIONS: f64 = 16.0;
/// Sessions a second at which a search over them begins.
const START_SESSIONS_PER_S: f64 = 20.0;
/// Deliveries a second at which a search over the rate of messages to many begins, which no closed
/// loop could be a pilot of.
const START_DELIVERIES_PER_S: f64 = 2_000.0;
/// The least load tried, as a share of the first.
const FLOOR_SHARE: f64 = 1.0 / 16.0;
/// An overload is this much above the load that failed.
const OVERLOAD: f64 = 1.5;
/// Time beyond what a trial took beside its window, s.
const SPARE_S: f64 = 0.1;
/// A load that is sure to fail is this many times the greatest that may hold.
const PRESSED: f64 = 2.0;
/// A load that is to hold if any does is this share of the least that may not.
const EASED: f64 = 0.25;
/// Samples above a percentile that a trial is made long enough for.
const SAMPLES_ABOVE: f64 = 25.0;
/// Share of the limit that a single trial may take.
const OF_LIMIT: f64 = 0.3;
/// The shortest trial that may tell something, s.
const SHORTEST_S: f64 = 2.0;
/// Share of the limit that may be kept for looking whether the server recovers.
const KEPT: f64 = 0.15;
/// A trial is looked at again when this many times as much has been measured.
const LOOK_AGAIN: f64 = 1.25;
/// So many messages without an error, times the share that is allowed, tell that it is kept (95 %:
/// the rule of three).
const RULE_OF_THREE: f64 = 3.0;

/// The settings of a search: what is searched for, and within what bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The plan of a trial; load, stop rule and seed are replaced.
    pub plan: Plan,
    /// The load that is searched for.
    pub over: Over,
    /// The objectives, which have to hold; at least one percentile of the response time or share of
    /// errors.
    pub objectives: Vec<Objective>,
    /// The distribution of the gaps between messages.
    pub process: Process,
    /// Messages in flight on each connection at most.
    pub max_in_flight: u32,
    /// The first load; without one a pilot finds it.
    pub start: Option<f64>,
    /// Upper end over lower end of the bracket that is wanted; above 1.
    pub resolution: f64,
    /// Length of a first trial.
    pub length: Nanos,
    /// Length of the longest trial.
    pub longest: Nanos,
    /// The longest that the search may take.
    pub limit: Nanos,
    /// The most trials that it may make.
    pub most_trials: u32,
}

/// The reason why there is nothing to tell of a search.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FindError {
    /// The pilot gave no rate to begin from.
    #[error(transparent)]
    Pilot(#[from] PilotError),
    /// The very first trial could not be carried out.
    #[error(transparent)]
    FirstTrial(#[from] RunnerError),
}

impl Told for FindError {
    fn text(&self) -> Text {
        match self {
            Self::Pilot(error) => error.text(),
            Self::FirstTrial(error) => error.text(),
        }
    }
}

/// Carries the search out.
///
/// # Errors
/// [`FindError`] when not a single trial was made; whatever happens later is in the result.
pub fn find(settings: &Settings, runner: &mut dyn Runner) -> Result<Search, FindError> {
    let began_s = runner.now_s();
    let clients = &settings.plan.clients;
    let pilot = match (settings.start, settings.over) {
        (None, Over::Rate) if !clients.is_fanned_out() => Some(pilot::run(&settings.plan, runner)?),
        _ => None,
    };
    let capacity_per_s = pilot.as_ref().map(|pilot| pilot.per_s);
    let start = settings
        .start
        .unwrap_or(match (capacity_per_s, settings.over) {
            (Some(per_s), _) => per_s * START_SHARE,
            (None, Over::Rate) => START_DELIVERIES_PER_S / f64::from(clients.connections),
            (None, Over::Connections { .. } | Over::Audience { .. }) => START_CONNECTIONS,
            (None, Over::Sessions { .. }) => START_SESSIONS_PER_S,
        });
    let mut hunt = SearchState {
        settings,
        runner,
        began_s,
        evidence: Evidence::new(rules(settings, start, capacity_per_s)),
        trials: Vec::new(),
        took: Vec::new(),
        capacity: capacity_per_s,
        first: pilot.map(|pilot| pilot.document),
    };
    let ended = hunt.narrow()?;
    let recovery = match ended {
        Ending::Found | Ending::Blurred => hunt.recovery(),
        _ => None,
    };
    Ok(hunt.concluded(ended, recovery))
}

fn rules(settings: &Settings, start: f64, capacity: Option<f64>) -> Rules {
    let whole = settings.over.is_whole();
    let floor = start * FLOOR_SHARE;
    Rules {
        start,
        floor: if whole { floor.ceil().max(1.0) } else { floor },
        ceiling: if whole {
            f64::from(u32::MAX)
        } else {
            f64::INFINITY
        },
        resolution: settings.resolution,
        whole,
        length_s: settings.length.as_secs_f64(),
        longest_s: longest_s(settings, start),
        capacity,
    }
}

/// Length of the longest trial, s: as was asked for, or as long as a slow server needs for a
/// percentile, where the limit has room for it.
fn longest_s(settings: &Settings, load: f64) -> f64 {
    let asked_s = settings.longest.as_secs_f64();
    let needed_s = needed_s(settings, load).unwrap_or(0.0);
    asked_s.max(needed_s.min(OF_LIMIT * settings.limit.as_secs_f64()))
}

/// Time in which enough messages or sessions come at a load for every percentile that is asked for, s; `None`
/// where nobody knows how many come.
fn needed_s(settings: &Settings, load: f64) -> Option<f64> {
    let per_s = settings.over.draws_at(load)?;
    let needed = settings.objectives.iter().map(|objective| match objective {
        Objective::Time { percentile, .. } => SAMPLES_ABOVE / (1.0 - percentile / 100.0) / per_s,
        Objective::Errors { .. } | Objective::Reach { .. } => 0.0,
    });
    Some(needed.fold(0.0, f64::max))
}

/// A search under way.
struct SearchState<'a> {
    settings: &'a Settings,
    runner: &'a mut dyn Runner,
    began_s: f64,
    evidence: Evidence,
    trials: Vec<Trial>,
    /// Time that each trial took beside its window, s, by its load.
    took: Vec<(f64, f64)>,
    /// Rate that the pilot got, messages a second.
    capacity: Option<f64>,
    /// The first document, for what all have in common.
    first: Option<Document>,
}

impl SearchState<'_> {
    /// Makes trials until the bracket is found or nothing is left to spend.
    fn narrow(&mut self) -> Result<Ending, RunnerError> {
        loop {
            let (load, length_s, why) = match self.evidence.next(self.left_s()) {
                Next::Trial {
                    load,
                    length_s,
                    why,
                } => (load, length_s, why),
                Next::Found => return Ok(Ending::Found),
                // Little is expected of it, and the time was given.
                Next::Blurred => match self.evidence.leftover() {
                    Some(load) if self.rest_s(load) >= self.shortest_s() => {
                        (load, f64::INFINITY, TrialReason::Edge)
                    }
                    _ => {
                        let ended = self.blurred();
                        return Ok(self.press(ended));
                    }
                },
                Next::NothingHolds => return Ok(Ending::NothingHolds),
                Next::NothingFails => return Ok(Ending::NothingFails),
            };
            if self.trials.len() as u32 >= self.settings.most_trials {
                return Ok(Ending::OutOfTrials);
            }
            let longest_s = longest_s(self.settings, load);
            let mut length_s = self.long_enough_s(load, length_s).min(longest_s);
            if self.trials.is_empty() {
                // In a short search there has to be time for others.
                let share_s = OF_LIMIT * self.settings.limit.as_secs_f64();
                length_s = length_s.min(share_s.max(self.shortest_s()));
            } else {
                // What is left is used, also where it is less than was wanted.
                length_s = length_s.min(self.rest_s(load) - self.kept_s());
                if length_s < self.shortest_s().min(self.settings.length.as_secs_f64()) {
                    return Ok(self.press(Ending::OutOfTime));
                }
            }
            match self.trial(load, length_s, purpose(why)) {
                Ok(judgement) => self.evidence.push(judgement.score),
                Err(error) if self.trials.is_empty() => return Err(error),
                Err(RunnerError::Interrupted) => return Ok(Ending::Interrupted),
                Err(broken) => return Ok(Ending::Broken(broken.to_string())),
            }
        }
    }

    /// The shortest trial that may tell something, s: one with all of an event in it is as long as was asked
    /// for.
    fn shortest_s(&self) -> f64 {
        match self.has_event() {
            true => self.settings.length.as_secs_f64(),
            false => SHORTEST_S,
        }
    }

    /// True where an objective is of times that a trial has all at once.
    fn has_event(&self) -> bool {
        let clients = &self.settings.plan.clients;
        let mut objectives = self.settings.objectives.iter();
        objectives.any(|it| it.is_of_one_event(clients))
    }

    /// Time for which trials can still be made, s: the longest ones, with what is around them, and
    /// but for the two that look whether the server recovers.
    fn left_s(&self) -> f64 {
        let settings = self.settings;
        let longest_s = settings.longest.as_secs_f64();
        let around_s = around_s(&settings.plan);
        let limit_s = settings.limit.as_secs_f64();
        let after_s = 2.0 * (settings.length.as_secs_f64() + around_s);
        // In a short search the bracket comes first.
        let after_s = if after_s > KEPT * limit_s {
            0.0
        } else {
            after_s
        };
        let left_s = limit_s - self.spent_s() - after_s;
        let by_time_s = left_s * longest_s / (longest_s + around_s);
        let trials = settings
            .most_trials
            .saturating_sub(self.trials.len() as u32 + 2);
        by_time_s.min(f64::from(trials) * longest_s).max(0.0)
    }

    /// Why the bracket gets no narrower.
    fn blurred(&self) -> Ending {
        let settings = self.settings;
        if self.trials.len() as u32 >= settings.most_trials {
            Ending::OutOfTrials
        } else if self.rest_s(f64::INFINITY) < self.shortest_s() {
            Ending::OutOfTime
        } else {
            Ending::Blurred
        }
    }

    /// Overloads the server and looks whether it holds directly after what it held before; `None`
    /// when there is no bracket, or nothing left to spend.
    fn recovery(&mut self) -> Option<Recovery> {
        let (Some(load), Some(fails)) = self.evidence.ends(true) else {
            return None;
        };
        let length_s = self.long_enough_s(load, self.settings.length.as_secs_f64());
        let has_trials = self.trials.len() as u32 + 2 <= self.settings.most_trials;
        if !has_trials || !self.has_time_for(2, length_s) {
            return None;
        }
        let overload = (fails * OVERLOAD).ceil();
        // A run that cannot be carried out here only leaves this question open.
        self.trial(overload, length_s, Purpose::Overload).ok()?;
        let after = self.trial(load, length_s, Purpose::Recovery).ok()?;
        let fails = after.verdict == TrialVerdict::Fails && !after.marginal;
        Some(Recovery {
            overload,
            load,
            recovered: !fails,
        })
    }

    /// Makes one trial and puts it on record.
    fn trial(
        &mut self,
        load: f64,
        length_s: f64,
        purpose: Purpose,
    ) -> Result<TrialJudgement, RunnerError> {
        let number = self.trials.len() as u32 + 1;
        let plan = trial::plan(self.settings, load, length_s, number)?;
        let is_looked_at = !matches!(purpose, Purpose::Overload | Purpose::Recovery);
        let mut look = EarlyDecision {
            clients: &self.settings.plan.clients,
            objectives: &self.settings.objectives,
            evidence: &self.evidence,
            load,
            next: Nanos::ZERO,
        };
        let mut is_enough = |so_far: &RunResult| is_looked_at && look.is_enough(so_far);
        let began_s = self.runner.now_s();
        let document = self.runner.run_until(&plan, &mut is_enough)?;
        let around_s = self.runner.now_s() - began_s - document.duration_s;
        self.took.push((load, around_s));
        let judgement = judge(&document, &self.settings.objectives, load);
        self.trials.push(Trial {
            number,
            purpose,
            load,
            length_s: document.duration_s,
            seed: plan.seed,
            asked_per_s: document.asked_messages_per_s,
            achieved_per_s: document.messages_per_s,
            error_share: error_share(&document),
            readings: judgement.readings.clone(),
            verdict: judgement.verdict,
            marginal: judgement.marginal,
            cause: judgement.cause,
            doubt: document.audit.doubts().next().map(ToString::to_string),
        });
        self.tell(&document, load, purpose);
        self.first.get_or_insert(document);
        Ok(judgement)
    }

    fn tell(&mut self, document: &Document, load: f64, purpose: Purpose) {
        let left_s = self.settings.limit.as_secs_f64() - self.spent_s();
        let verdict = self.trials.last().map_or("", |trial| trial.verdict.word());
        let name = format!(
            "trial {} {} at {:.0} {} {verdict}",
            self.trials.len(),
            purpose.word(),
            load,
            self.settings.over.unit(),
        );
        let left_s = Some(left_s.max(0.0));
        self.runner.told(&Step {
            name,
            document,
            trial: self.trials.last(),
            left_s,
        });
    }

    /// The length of a trial, s: as wanted, or longer where the percentiles need it.
    fn long_enough_s(&self, load: f64, wanted_s: f64) -> f64 {
        let needed_s = needed_s(self.settings, load).unwrap_or(0.0);
        wanted_s.max(needed_s.min(longest_s(self.settings, load)))
    }

    /// Length of the longest trial at a load that there is still time for, s.
    fn rest_s(&self, load: f64) -> f64 {
        self.settings.limit.as_secs_f64() - self.spent_s() - self.around_s(load)
    }

    /// Time that a trial takes beside its window, s: what the slowest took at such a load, or at the next
    /// one above it, for what waits behind a greater one is drained for longer.
    fn around_s(&self, load: f64) -> f64 {
        let above = self.took.iter().map(|(at, _)| *at);
        let next = above.filter(|at| *at >= load).reduce(f64::min);
        let alike = self.took.iter().filter(|(at, _)| Some(*at) == next);
        let longest_s = alike.map(|(_, took_s)| *took_s).reduce(f64::max);
        let expected_s = around_s(&self.settings.plan);
        longest_s.map_or(expected_s, |longest_s| longest_s * SPARE + SPARE_S)
    }

    fn spent_s(&self) -> f64 {
        self.runner.now_s() - self.began_s
    }

    fn has_time_for(&self, trials: u32, length_s: f64) -> bool {
        let each = length_s + around_s(&self.settings.plan);
        self.spent_s() + f64::from(trials) * each <= self.settings.limit.as_secs_f64()
    }

    /// The document of the search.
    fn concluded(self, ended: Ending, recovery: Option<Recovery>) -> Search {
        let took_s = self.spent_s();
        let (holds, fails) = self.bracket();
        let limited_by = match (&ended, fails) {
            // A load that this machine cannot even make.
            (Ending::Broken(_), None) => Limit::Generator,
            (_, Some(edge)) => self.limit_at(edge.load),
            (_, None) => Limit::NotMet,
        };
        let settings = self.settings;
        let longer_s = self
            .evidence
            .would_take_s()
            .filter(|_| ended != Ending::Found);
        let first = self.first.expect("a search that ended has made a trial");
        Search {
            schema: SCHEMA.to_owned(),
            provenance: Provenance::of(&first, settings.plan.seed),
            over: settings.over,
            objectives: settings.objectives.clone(),
            resolution: settings.resolution,
            most_trials: settings.most_trials,
            limit_s: settings.limit.as_secs_f64(),
            took_s,
            capacity_per_s: self.capacity,
            holds,
            fails,
            limited_by,
            ended,
            longer_s,
            recovery,
            trials: self.trials,
        }
    }

    /// Both ends: what is certain, however far apart, and nothing else.
    fn bracket(&self) -> (Option<Edge>, Option<Edge>) {
        let (low, high) = self.evidence.ends(true);
        let edge = |load: f64| Edge {
            load,
            trials: self.evidence.standing(load).trials,
        };
        (low.map(edge), high.map(edge))
    }

    /// Limit that the trials at a failing load failed of.
    fn limit_at(&self, load: f64) -> Limit {
        let at_it: Vec<&Trial> = self
            .trials
            .iter()
            .filter(|trial| trial.load == load && trial.verdict != TrialVerdict::Holds)
            .collect();
        let all = |is: fn(&Trial) -> bool| !at_it.is_empty() && at_it.iter().all(|trial| is(trial));
        if all(|trial| trial.verdict == TrialVerdict::GeneratorLimited) {
            Limit::Generator
        } else if all(|trial| trial.cause == Some(Cause::Connections)) {
            Limit::Connections
        } else {
            Limit::Server
        }
    }
}

/// A look at a trial under way: it is over as soon as it is certain on which side of the limit its
/// load is.
struct EarlyDecision<'a> {
    clients: &'a Population,
    objectives: &'a [Objective],
    evidence: &'a Evidence,
    load: f64,
    /// Instant of the window from which on it is looked at again.
    next: Nanos,
}

impl EarlyDecision<'_> {
    fn is_enough(&mut self, so_far: &RunResult) -> bool {
        let Some(newest) = so_far.slices.last() else {
            return false;
        };
        if so_far.slices.len() < BATCHES || newest.at < self.next {
            return false;
        }
        self.next = Nanos((newest.at.0 as f64 * LOOK_AGAIN) as u64);
        let messages = &so_far.tally.messages;
        let sessions = &so_far.tally.sessions;
        let settled = messages.answered + messages.timed_out + messages.failed + messages.unawaited;
        // A limit is of messages, or of sessions that open.
        let awaited = |limit: &TimeLimit| match limit.series {
            Series::Opening | Series::OpeningService | Series::Login => sessions
                .due
                .saturating_sub(sessions.opened + sessions.turned_away),
            _ => messages.due.saturating_sub(settled),
        };
        let limits = self
            .objectives
            .iter()
            .filter_map(|objective| TimeLimit::of(objective, self.clients));
        let tails: Vec<Tail> = limits
            .map(|limit| Tail::so_far(so_far, awaited(&limit), &limit))
            .collect();
        let is_long_enough = self.objectives.iter().all(|objective| match objective {
            Objective::Errors { at_most } => {
                let right = messages.answered.max(sessions.opened);
                right as f64 * at_most >= RULE_OF_THREE
            }
            Objective::Reach { at_least } => {
                let expected = so_far.tally.deliveries.expected as f64;
                expected * (1.0 - at_least) >= RULE_OF_THREE
            }
            // The event may be still to come.
            Objective::Time { .. } => !objective.is_of_one_event(self.clients),
        });
        is_long_enough && !tails.is_empty() && self.evidence.is_certain_with(self.load, &tails)
    }
}

fn purpose(why: TrialReason) -> Purpose {
    match why {
        TrialReason::Bracket => Purpose::Bracket,
        TrialReason::Bisect => Purpose::Bisect,
        TrialReason::Edge => Purpose::Edge,
        TrialReason::Confirm => Purpose::Confirm,
        TrialReason::Retry => Purpose::Retry,
    }
}
