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
use wsbench_record::document::{Distribution, Document, Ended, Percentile, Support};
use wsbench_record::objective::Objective;
use wsbench_record::provenance::Provenance;
use wsbench_record::sweep::{Knee, Point, Run, SCHEMA, Sweep};
use wsbench_setting::{Field, Text, Told, text};

use crate::find::judge::is_rate_missed;
use crate::pilot::{self, PilotError};
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
/// Time that a run takes beside its window and warm-up: opening, drain, closing, s.
const AROUND_S: f64 = 2.0;

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
    let began_s = runner.now_s();
    let pilot = match settings.rates {
        None => Some(pilot::run(&settings.plan, runner)?),
        Some(_) => None,
    };
    let capacity_per_s = pilot.as_ref().map(|pilot| pilot.per_s);
    let asked = settings;
    let (fitted, notes) = fitted(asked, capacity_per_s, runner.now_s() - began_s);
    let settings = &fitted.settings;
    let rates = rates(settings, capacity_per_s);
    let order = order(rates.len(), settings.rounds, settings.plan.seed);
    let mut first = pilot.map(|pilot| pilot.document);
    let mut collected: Vec<Collected> = rates.iter().map(|rate| Collected::new(*rate)).collect();
    let mut cut_short = None;
    for (done, &at) in order.iter().enumerate() {
        let left = order.len() - done;
        let left_s = settings.limit.as_secs_f64() - (runner.now_s() - began_s);
        let each_s = each_s(settings, runner.now_s() - began_s, done);
        let around_s = around_s(settings);
        // What earlier runs took too long for is made up for by the later ones.
        let share_s = left_s / left as f64 - around_s;
        let share = Nanos((share_s.max(0.0) * 1e9) as u64).max(SHORTEST.min(settings.length));
        let length = length(&fitted, rates[at]).min(share);
        if done > 0 && length.as_secs_f64() + around_s > left_s {
            let words = format!("{left} runs were left out for want of time (");
            let text = text![words, Field::Limit, ")"];
            cut_short = Some(text.spelled(runner.spelling()));
            break;
        }
        let plan = plan(settings, rates[at], length, done as u32 + 1);
        let run = plan.map_err(RunnerError::from).and_then(|plan| {
            let document = runner.run(&plan)?;
            Ok((plan.seed, document))
        });
        let (seed, document) = match run {
            Ok(made) => made,
            Err(error) if done == 0 => return Err(error.into()),
            Err(error) => {
                cut_short = Some(error.to_string());
                break;
            }
        };
        collected[at].add(&document, done as u32 + 1, seed);
        runner.told(&Step {
            name: format!("run {}/{} at {:.0} msg/s", done + 1, order.len(), rates[at]),
            document: &document,
            trial: None,
            left_s: Some(each_s * (left - 1) as f64),
        });
        first.get_or_insert(document);
    }
    let points: Vec<Point> = collected.into_iter().filter_map(Collected::point).collect();
    let first = first.expect("a sweep without a run has returned its error");
    Ok(Sweep {
        schema: SCHEMA.to_owned(),
        provenance: Provenance::of(&first, settings.plan.seed),
        objectives: settings.objectives.clone(),
        rounds: asked.rounds,
        fitted: notes.map(|notes| notes.spelled(runner.spelling())),
        limit_s: settings.limit.as_secs_f64(),
        took_s: runner.now_s() - began_s,
        capacity_per_s,
        knee: knee(&points, &settings.objectives),
        points,
        cut_short,
    })
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
/// fewer rates. With words for what was changed.
fn fitted(asked: &Settings, capacity_per_s: Option<f64>, spent_s: f64) -> (Fitted, Option<Text>) {
    let left_s = asked.limit.as_secs_f64() - spent_s;
    let around_s = around_s(asked);
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
    let (points, rounds, long) = (asked.points.max(2), asked.rounds.max(1), asked.length);
    let as_asked = (1..=LONGER)
        .rev()
        .map(|longer| with(points, rounds, long, longer));
    if let Some(fits) = as_asked.into_iter().find(|it| takes_s(it) <= left_s) {
        return (fits, None);
    }
    let shortest = long.min(SHORTEST);
    let rounds_down = (1..=rounds).rev().map(|rounds| (points, rounds));
    let points_down = (2..points).rev().map(|points| (points, 1));
    for (points, rounds) in rounds_down.chain(points_down) {
        let each_s = left_s / f64::from(points * rounds) - around_s;
        if each_s >= shortest.as_secs_f64() {
            let length = Nanos((each_s * 1e9) as u64).min(long);
            let length_s = wsbench_record::units::seconds(length.as_secs_f64());
            let words =
                format!("runs of {length_s}, {rounds} rounds and {points} rates, to fit into ");
            return (
                with(points, rounds, length, 1),
                Some(text![words, Field::Limit]),
            );
        }
    }
    (with(points, rounds, long, 1), None)
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

/// Time that a run takes beside its window, s.
fn around_s(settings: &Settings) -> f64 {
    settings.plan.warmup.least.as_secs_f64() + AROUND_S
}

/// Time that one run takes, s: that which those before took, else that of its parts.
fn each_s(settings: &Settings, spent_s: f64, done: usize) -> f64 {
    let made_of = settings.length.as_secs_f64() + around_s(settings);
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
}

impl Pooled {
    fn add(&mut self, spans: &Distribution) {
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
    }
}

/// Figures that the runs at one rate gave so far.
struct Collected {
    asked_per_s: f64,
    times: Pooled,
    /// Of messages to many.
    last: Option<Pooled>,
    due: u64,
    answered: u64,
    received: u64,
    measured_s: f64,
    runs: Vec<Run>,
}

impl Collected {
    fn new(asked_per_s: f64) -> Self {
        Self {
            asked_per_s,
            times: Pooled::default(),
            last: None,
            due: 0,
            answered: 0,
            received: 0,
            measured_s: 0.0,
            runs: Vec::new(),
        }
    }

    fn add(&mut self, document: &Document, number: u32, seed: u64) {
        let clients = &document.plan.clients;
        let spans = document.at(clients.headline_from_due());
        self.times.add(spans);
        if clients.is_fanned_out() {
            let last = self.last.get_or_insert_default();
            last.add(document.at(Series::DeliveryLast));
        }
        let messages = &document.messages;
        self.due += messages.sent + messages.unsent;
        self.answered += messages.answered;
        self.received += messages.received_in_window;
        self.measured_s += document.duration_s;
        self.runs.push(Run {
            number,
            seed,
            received_per_s: document.messages_per_s.unwrap_or(0.0),
            p50_ns: spans.p50,
            p99_ns: spans.p99,
            p99_9_ns: spans.p99_9,
            overloaded: document.ended != Ended::Complete || is_rate_missed(document, 0.0),
            generator_limited: document.audit.is_generator_limited(),
        });
    }

    /// The point; `None` when there was no run.
    fn point(self) -> Option<Point> {
        let overloaded = self.runs.iter().filter(|run| run.overloaded).count();
        let missed = self.due.saturating_sub(self.answered);
        let received_per_s = self.received as f64 / self.measured_s.max(1e-9);
        (!self.runs.is_empty()).then(|| Point {
            asked_per_s: self.asked_per_s,
            received_per_s,
            response_ns: self.times.distribution(),
            delivery_last_ns: self.last.as_ref().map(Pooled::distribution),
            error_share: missed as f64 / self.due.max(1) as f64,
            overloaded: 2 * overloaded >= self.runs.len(),
            runs: self.runs,
        })
    }
}

/// Place where the curve bends, by each rule.
fn knee(points: &[Point], objectives: &[Objective]) -> Knee {
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
        !point.overloaded
            && objectives.iter().all(|objective| {
                let spans = match objective {
                    Objective::Time {
                        series: Some(Series::DeliveryLast),
                        ..
                    } => point.delivery_last_ns.as_ref(),
                    _ => Some(&point.response_ns),
                };
                let figure = spans
                    .and_then(|spans| objective::figure_of(objective, spans, point.error_share));
                figure.is_some_and(|figure| figure <= objective.limit())
            })
    };
    Knee {
        p99_doubles_per_s: last_before_failing(&known, doubles),
        greatest_power_per_s: greatest.map(|(point, _)| point.asked_per_s),
        objectives_met_per_s: last_before_failing(&known, meets).filter(|_| !objectives.is_empty()),
    }
}

/// The rate of the last point before the first that does not hold.
fn last_before_failing(points: &[Point], holds: impl Fn(&Point) -> bool) -> Option<f64> {
    let held = points.iter().take_while(|point| holds(point));
    held.last().map(|point| point.asked_per_s)
}
