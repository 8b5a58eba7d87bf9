//! The latency–load curve: every rate run once a round, in random order, and where it bends.
//!
//! Random order keeps whatever changes over time (a warming cache, a neighbour) from looking like
//! an effect of the load. It is bounded in time; what was run by then is told.

use thiserror::Error;
use wsbench_judge::objective;
use wsbench_load::arrival::{Process, Schedule};
use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Plan, PlanError, StopRule};
use wsbench_load::series::Series;
use wsbench_load::tally::DeliveryCounts;
use wsbench_record::document::{Batches, Distribution, Document, Ended, Percentile, Support};
use wsbench_record::objective::Objective;
use wsbench_record::provenance::Provenance;
use wsbench_record::sweep::{Knee, Point, Run, SCHEMA, Sweep};
use wsbench_setting::{Field, Text, Told, text};

use crate::find::judge::{allowed_by_reach, is_rate_missed};
use crate::pilot::{self, PilotError, SPARE, around_s};
use crate::runner::{Runner, RunnerError, Step};

/// Bounds at which a sweep of its own begins and ends, as shares of the pilot's rate (METHOD
/// section 6).
const SHARES: (f64, f64) = (0.10, 1.20);
/// Samples that all runs at one rate are to have together: twenty above the 99th percentile.
const SAMPLES: f64 = 2_000.0;
/// A run at a low rate is at most this many times as long as was asked for.
const LONGER: u64 = 5;
/// No run is made shorter than this to fit into the limit.
const SHORTEST: Nanos = Nanos::from_secs(1);

/// The settings of a sweep: what is swept, and within what bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The plan of a run; rate, stop rule and seed are replaced.
    pub plan: Plan,
    /// The lowest and the highest rate, messages a second; without them a pilot finds them.
    pub rates: Option<(f64, f64)>,
    /// Number of rates; at least 2.
    pub points: u32,
    /// Rounds; at least 1.
    pub rounds: u32,
    /// Objectives under which the greatest rate is told; may be empty.
    pub objectives: Vec<Objective>,
    /// The distribution of the gaps between messages.
    pub process: Process,
    /// Messages in flight on each connection at most.
    pub max_in_flight: u32,
    /// Length of a run.
    pub length: Nanos,
    /// The longest that the sweep may take.
    pub limit: Nanos,
}

impl Settings {
    /// True where all runs as they were asked for, and a pilot where one is needed, are expected to fit into the
    /// limit.
    #[must_use]
    pub fn is_expected_to_fit(&self) -> bool {
        let each_s = self.length.as_secs_f64() + around_s(&self.plan);
        let runs = f64::from(self.points) * f64::from(self.rounds);
        let runs = runs + f64::from(u8::from(self.rates.is_none()));
        runs * each_s <= self.limit.as_secs_f64()
    }
}

/// The reason why there is nothing to tell of a sweep.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SweepError {
    /// The pilot gave no rate to begin from.
    #[error(transparent)]
    Pilot(#[from] PilotError),
    /// The very first run could not be carried out.
    #[error(transparent)]
    FirstRun(#[from] RunnerError),
}

impl Told for SweepError {
    fn text(&self) -> Text {
        match self {
            Self::Pilot(error) => error.text(),
            Self::FirstRun(error) => error.text(),
        }
    }
}

/// Carries the sweep out.
///
/// # Errors
/// [`SweepError`] when not a single run was made; whatever happens later is in the result.
pub fn sweep(settings: &Settings, runner: &mut dyn Runner) -> Result<Sweep, SweepError> {
    // One round and two rates are the least that make a curve.
    let settings = &Settings {
        rounds: settings.rounds.max(1),
        points: settings.points.max(2),
        ..settings.clone()
    };
    let began_s = runner.now_s();
    let pilot = match settings.rates {
        None => Some(pilot::run(&settings.plan, runner)?),
        Some(_) => None,
    };
    let capacity_per_s = pilot.as_ref().map(|pilot| pilot.per_s);
    let asked = settings;
    let (fitted, is_cut) = fitted(asked, capacity_per_s, runner.now_s() - began_s);
    let rates = rates(&fitted.settings, capacity_per_s);
    let mut course = Course {
        asked,
        collected: rates
            .iter()
            .map(|rate| FiguresAtRate::new(*rate, &asked.objectives))
            .collect(),
        planned: rates.len() * fitted.settings.rounds as usize,
        order: order(rates.len(), asked.rounds, asked.plan.seed),
        fitted,
        runner,
        began_s,
        done: 0,
        beside_s: 0.0,
        first: pilot.map(|pilot| pilot.document),
    };
    let cut_short = course.runs()?;
    let spelling = course.runner.spelling();
    let fitted = is_cut.then(|| course.words().spelled(spelling));
    let took_s = course.spent_s();
    let collected = course.collected.into_iter();
    let points: Vec<Point> = collected.filter_map(FiguresAtRate::point).collect();
    let first = course.first;
    let first = first.expect("a sweep without a run has returned its error");
    Ok(Sweep {
        schema: SCHEMA.to_owned(),
        provenance: Provenance::of(&first, asked.plan.seed),
        objectives: asked.objectives.clone(),
        rounds: asked.rounds,
        fitted,
        limit_s: asked.limit.as_secs_f64(),
        took_s,
        capacity_per_s,
        knee: knee(&points, &asked.objectives),
        points,
        cut_short,
    })
}

/// A sweep under way.
struct Course<'a> {
    asked: &'a Settings,
    fitted: Fitted,
    runner: &'a mut dyn Runner,
    began_s: f64,
    /// The runs of all rounds that were asked for, as places among the rates.
    order: Vec<usize>,
    /// Runs that there is time for as far as is known.
    planned: usize,
    /// Runs that were made.
    done: usize,
    /// Time that these took beside their windows, s.
    beside_s: f64,
    collected: Vec<FiguresAtRate>,
    /// The first document, for what all have in common.
    first: Option<Document>,
}

impl Course<'_> {
    /// Makes the runs; the reason why some were left out.
    fn runs(&mut self) -> Result<Option<String>, RunnerError> {
        while self.done < self.planned {
            let at = self.order[self.done];
            let rate_per_s = self.collected[at].asked_per_s;
            let length = self.length(rate_per_s);
            if self.done > 0 && length.as_secs_f64() + self.kept_s() > self.left_s() {
                let left = self.planned - self.done;
                let were = if left == 1 { "was" } else { "were" };
                let runs = wsbench_record::units::counted(left as u64, "run");
                let words = format!("{runs} {were} left out for want of time (");
                let text = text![words, Field::Limit, ")"];
                return Ok(Some(text.spelled(self.runner.spelling())));
            }
            match self.run(at, rate_per_s, length) {
                Ok(()) => self.done += 1,
                Err(error) if self.done == 0 => return Err(error),
                Err(error) => return Ok(Some(error.to_string())),
            }
            if self.done == self.planned && self.has_time_for_a_round() {
                self.planned += self.collected.len();
            }
        }
        Ok(None)
    }

    fn run(&mut self, at: usize, rate_per_s: f64, length: Nanos) -> Result<(), RunnerError> {
        let number = self.done as u32 + 1;
        let plan = plan(self.asked, rate_per_s, length, number)?;
        let from_s = self.runner.now_s();
        let document = self.runner.run(&plan)?;
        self.beside_s += self.runner.now_s() - from_s - document.duration_s;
        self.collected[at].add(&document, number, plan.seed);
        let each_s = each_s(&self.fitted.settings, self.spent_s(), self.done + 1);
        let left = self.planned - self.done - 1;
        self.runner.told(&Step {
            name: format!("run {number}/{} at {rate_per_s:.0} msg/s", self.planned),
            document: &document,
            trial: None,
            left_s: Some(each_s * left as f64),
        });
        self.first.get_or_insert(document);
        Ok(())
    }

    /// Length of the next run. What earlier ones took too long for is made up for, and what they have
    /// left over is used, up to the length that was asked for.
    fn length(&self, rate_per_s: f64) -> Nanos {
        let settings = &self.fitted.settings;
        let left = (self.planned - self.done) as f64;
        let share_s = (self.left_s() - self.reserve_s()) / left - self.expected_s();
        let share = Nanos((share_s.max(0.0) * 1e9) as u64).max(SHORTEST.min(settings.length));
        length(&self.fitted, rate_per_s)
            .max(self.asked.length)
            .min(share)
    }

    /// True where another round of those that were asked for fits into what is left.
    fn has_time_for_a_round(&self) -> bool {
        let each_s = SHORTEST.min(self.asked.length).as_secs_f64() + self.expected_s();
        let takes_s = each_s * self.collected.len() as f64 + self.reserve_s();
        self.planned < self.order.len() && takes_s <= self.left_s()
    }

    /// Time that a run is expected to take beside its window, s: by those that were made.
    fn expected_s(&self) -> f64 {
        let most_s = around_s(&self.asked.plan);
        match self.done {
            0 => most_s,
            done => (self.beside_s / done as f64 * SPARE).min(most_s),
        }
    }

    /// Time beside its window that the next run has to have, s: at the worst, but as is expected where without
    /// it there would be a single rate, of which nothing can be seen.
    fn kept_s(&self) -> f64 {
        match self
            .collected
            .iter()
            .filter(|it| !it.runs.is_empty())
            .count()
        {
            0 | 1 => self.expected_s(),
            _ => around_s(&self.asked.plan),
        }
    }

    /// Time that is kept for one run that takes as long as is expected at the worst, s.
    fn reserve_s(&self) -> f64 {
        around_s(&self.asked.plan) - self.expected_s()
    }

    fn spent_s(&self) -> f64 {
        self.runner.now_s() - self.began_s
    }

    fn left_s(&self) -> f64 {
        self.asked.limit.as_secs_f64() - self.spent_s()
    }

    /// Words for what was changed so that it fits into its limit.
    fn words(&self) -> Text {
        let length_s = wsbench_record::units::seconds(self.fitted.settings.length.as_secs_f64());
        let rates = self.collected.len();
        let rounds = wsbench_record::units::counted((self.planned / rates) as u64, "round");
        let words = format!("runs of {length_s}, {rounds} and {rates} rates, to fit into ");
        text![words, Field::Limit]
    }
}

/// A sweep made to fit into its limit.
struct Fitted {
    /// With fewer points and rounds and shorter runs, where that was needed.
    settings: Settings,
    /// A run at a low rate is at most this many times as long as the others.
    longer: u64,
}

/// The sweep as it fits into what is left of its limit after `spent_s`, so that every rate is run:
/// first runs at low rates get shorter, then all runs, then there are fewer rounds, and in the end
/// fewer rates. True where something was changed by which a point knows less.
fn fitted(asked: &Settings, capacity_per_s: Option<f64>, spent_s: f64) -> (Fitted, bool) {
    let left_s = asked.limit.as_secs_f64() - spent_s;
    let around_s = around_s(&asked.plan);
    let takes_s = |fitted: &Fitted| {
        let settings = &fitted.settings;
        let rates = rates(settings, capacity_per_s).into_iter();
        let each = rates.map(|rate| length(fitted, rate).as_secs_f64() + around_s);
        each.sum::<f64>() * f64::from(settings.rounds)
    };
    let with = |points: u32, rounds: u32, length: Nanos, longer: u64| Fitted {
        settings: Settings {
            points,
            rounds,
            length,
            ..asked.clone()
        },
        longer,
    };
    let (points, rounds, long) = (asked.points, asked.rounds, asked.length);
    let as_asked = (1..=LONGER)
        .rev()
        .map(|longer| with(points, rounds, long, longer));
    if let Some(fits) = as_asked.into_iter().find(|it| takes_s(it) <= left_s) {
        return (fits, false);
    }
    let shortest = long.min(SHORTEST);
    let rounds_down = (1..=rounds).rev().map(|rounds| (points, rounds));
    let points_down = (2..points).rev().map(|points| (points, 1));
    for (points, rounds) in rounds_down.chain(points_down) {
        let each_s = left_s / (f64::from(points) * f64::from(rounds)) - around_s;
        if each_s >= shortest.as_secs_f64() {
            let length = Nanos((each_s * 1e9) as u64).min(long);
            return (with(points, rounds, length, 1), true);
        }
    }
    // Too little even for that: the least that makes a curve, as far as there is time.
    (with(2, 1, shortest, 1), true)
}

/// The rates, rising, evenly spaced: a queue's bend lies in the upper half, which a geometric row
/// would leave thin. A range over more than a decade is geometric, since its lower end matters, too.
fn rates(settings: &Settings, capacity_per_s: Option<f64>) -> Vec<f64> {
    let capacity = capacity_per_s.unwrap_or(1.0);
    let own = (capacity * SHARES.0, capacity * SHARES.1);
    let (low, high) = settings.rates.unwrap_or(own);
    let steps = f64::from(settings.points.max(2) - 1);
    let is_wide = settings.rates.is_some() && high / low > 12.0;
    let rate = |step: u32| {
        let share = f64::from(step) / steps;
        let rate = if is_wide {
            low * (high / low).powf(share)
        } else {
            low + (high - low) * share
        };
        // Three digits are enough to tell rates apart, and can be read.
        let step = 10_f64.powf(rate.log10().floor() - 2.0);
        if step < 1.0 {
            rate
        } else {
            (rate / step).round() * step
        }
    };
    (0..settings.points.max(2)).map(rate).collect()
}

/// The runs in order, as places among the rates: each round holds each once.
fn order(rates: usize, rounds: u32, seed: u64) -> Vec<usize> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut order = Vec::new();
    for _ in 0..rounds {
        let mut round: Vec<usize> = (0..rates).collect();
        random.shuffle(&mut round);
        order.extend(round);
    }
    order
}

/// Time that one run takes, s: that which those before took, else that of its parts.
fn each_s(settings: &Settings, spent_s: f64, done: usize) -> f64 {
    let made_of = settings.length.as_secs_f64() + around_s(&settings.plan);
    if done > 0 {
        made_of.max(spent_s / done as f64)
    } else {
        made_of
    }
}

/// Length of a run at a rate: at a low one longer, so that all rounds together know the 99th
/// percentile.
fn length(fitted: &Fitted, rate_per_s: f64) -> Nanos {
    let settings = &fitted.settings;
    let needed_s = SAMPLES / rate_per_s / f64::from(settings.rounds);
    let longest = Nanos(settings.length.0.saturating_mul(fitted.longer));
    settings
        .length
        .max(Nanos((needed_s * 1e9) as u64).min(longest))
}

fn plan(
    settings: &Settings,
    rate_per_s: f64,
    length: Nanos,
    number: u32,
) -> Result<Plan, PlanError> {
    settings.plan.edited(|spec| {
        spec.clients.arrival = Arrival::Open {
            schedule: Schedule::level(settings.process, rate_per_s),
            max_in_flight: settings.max_in_flight,
        };
        spec.stop = StopRule::Duration(length);
        spec.interval = pilot::interval(length);
        spec.seed = pilot::seed(spec.seed, number);
    })
}

/// Times of several runs.
#[derive(Default)]
struct Pooled {
    histogram: Histogram,
    censored: u64,
    censored_from: Option<u64>,
    batches: Vec<Batches>,
}

impl Pooled {
    fn add(&mut self, document: &Document, series: Series) {
        let spans = document.at(series);
        self.batches.push(Batches::of(&document.slices, series));
        if let Some(histogram) = spans.histogram() {
            self.histogram.merge(&histogram);
        }
        self.censored += spans.censored;
        let shortest = self.censored_from.into_iter().chain(spans.censored_from);
        self.censored_from = shortest.min();
    }

    fn distribution(&self) -> Distribution {
        Distribution {
            censored: self.censored,
            censored_from: self.censored_from,
            ..Distribution::of(&self.histogram)
        }
        .with_confidence(Batches::confidences(&self.batches))
    }
}

/// Figures that the runs at one rate gave so far.
struct FiguresAtRate {
    asked_per_s: f64,
    times: Pooled,
    /// Of messages to many.
    last: Option<Pooled>,
    /// The times that each objective is of.
    objectives: Vec<(Objective, Pooled)>,
    deliveries: DeliveryCounts,
    due: u64,
    answered: u64,
    received: u64,
    measured_s: f64,
    runs: Vec<Run>,
}

impl FiguresAtRate {
    fn new(asked_per_s: f64, objectives: &[Objective]) -> Self {
        Self {
            asked_per_s,
            times: Pooled::default(),
            last: None,
            objectives: objectives
                .iter()
                .map(|it| (*it, Pooled::default()))
                .collect(),
            deliveries: DeliveryCounts::default(),
            due: 0,
            answered: 0,
            received: 0,
            measured_s: 0.0,
            runs: Vec::new(),
        }
    }

    fn add(&mut self, document: &Document, number: u32, seed: u64) {
        let clients = &document.plan.clients;
        let series = clients.headline_from_due();
        self.times.add(document, series);
        if clients.is_fanned_out() {
            let last = self.last.get_or_insert_default();
            last.add(document, Series::DeliveryLast);
        }
        for (objective, times) in &mut self.objectives {
            if let Some(series) = objective.series(clients) {
                times.add(document, series);
            }
        }
        self.deliveries
            .merge(&document.deliveries.unwrap_or_default());
        // What a text would withhold is not in the document either.
        let spans = document.at(series);
        let known = |percentile| spans.known(percentile).value().map(|ns| ns as u64);
        let allowed = allowed_by_reach(self.objectives.iter().map(|(it, _)| it)).unwrap_or(0.0);
        let messages = &document.messages;
        self.due += messages.sent + messages.unsent;
        self.answered += messages.answered;
        self.received += messages.received_in_window;
        self.measured_s += document.duration_s;
        self.runs.push(Run {
            number,
            seed,
            received_per_s: document.messages_per_s.unwrap_or(0.0),
            p50_ns: known(Percentile::P50),
            p99_ns: known(Percentile::P99),
            p99_9_ns: known(Percentile::P99_9),
            overloaded: document.ended != Ended::Complete || is_rate_missed(document, allowed),
            generator_limited: document.audit.is_generator_limited(),
        });
    }

    /// The point; `None` when there was no run.
    fn point(self) -> Option<Point> {
        let overloaded = self.runs.iter().filter(|run| run.overloaded).count();
        let missed = self.due.saturating_sub(self.answered);
        let received_per_s = self.received as f64 / self.measured_s.max(1e-9);
        let error_share = missed as f64 / self.due.max(1) as f64;
        let figure = |(objective, times): &(Objective, Pooled)| match objective {
            Objective::Reach { .. } => self.deliveries.reach(),
            Objective::Time { .. } | Objective::Errors { .. } => {
                let figure = objective::figure_of(objective, &times.distribution(), error_share);
                figure.filter(|figure| figure.is_finite())
            }
        };
        (!self.runs.is_empty()).then(|| Point {
            asked_per_s: self.asked_per_s,
            received_per_s,
            response_ns: self.times.distribution(),
            delivery_last_ns: self.last.as_ref().map(Pooled::distribution),
            error_share,
            objectives: self.objectives.iter().map(figure).collect(),
            overloaded: 2 * overloaded >= self.runs.len(),
            runs: self.runs,
        })
    }
}

/// Place where the curve bends, by each rule.
fn knee(points: &[Point], objectives: &[Objective]) -> Knee {
    // One rate bends nowhere.
    let is_curve = points.len() > 1;
    let is_known = |point: &&Point| {
        let count = point.response_ns.count;
        Percentile::P99.support(count) != Support::Unknown
    };
    let known: Vec<Point> = points.iter().filter(is_known).cloned().collect();
    let first_p99 = known.first().and_then(|point| point.response_ns.p99);
    let doubles = |point: &Point| match (point.response_ns.p99, first_p99) {
        (Some(p99), Some(first)) => !point.overloaded && p99 <= 2 * first,
        _ => false,
    };
    let power = |point: &Point| {
        let mean_ns = point.response_ns.mean.filter(|_| !point.overloaded)?;
        (mean_ns > 0.0).then(|| point.received_per_s / mean_ns)
    };
    let powers = points
        .iter()
        .filter_map(|point| Some((point, power(point)?)));
    let greatest = powers.max_by(|(_, a), (_, b)| a.total_cmp(b));
    let meets = |point: &Point| {
        let mut figures = objectives.iter().zip(&point.objectives);
        !point.overloaded
            && figures.all(|(objective, figure)| figure.is_some_and(|it| objective.is_met_by(it)))
    };
    Knee {
        p99_doubles_per_s: last_before_failing(&known, doubles).filter(|_| is_curve),
        greatest_power_per_s: greatest
            .map(|(point, _)| point.asked_per_s)
            .filter(|_| is_curve),
        objectives_met_per_s: last_before_failing(&known, meets).filter(|_| !objectives.is_empty()),
    }
}

/// The rate of the last point before the first that does not hold.
fn last_before_failing(points: &[Point], holds: impl Fn(&Point) -> bool) -> Option<f64> {
    let held = points.iter().take_while(|point| holds(point));
    held.last().map(|point| point.asked_per_s)
}
