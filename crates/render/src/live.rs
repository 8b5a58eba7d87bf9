//! What is to be seen of a run while it is under way: figures and words, not yet drawn.
//!
//! A [`View`] is made from the progress that the run hands over once an interval: the record so far,
//! judged by the rules of the final audit, and the course of its intervals. The screen draws it;
//! where there is no terminal, a [`line`] is printed instead. It keeps no history of its own: the
//! run's intervals are the history.

pub mod experiment;
pub mod ranking;

use wsbench_judge::under_way::{self, RunStanding};
use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{PlanSpec, Population, StopRule};
use wsbench_load::result::{AgentStanding, Interval, Progress, RunResult, Stage};
use wsbench_load::series::Series;
use wsbench_record::document::{Confidences, Distribution, Document, Record, RunContext};
use wsbench_record::units::{count, counted, seconds, span};
use wsbench_setting::Spelling;

use crate::brief::died::{self, Departure};
use crate::foreign::printable;
use crate::mark;
use crate::plan_line::{plan_line, title};
use crate::times::{IntervalCounts, Tempo};

/// Below this many samples in an interval its p99 is not spoken of.
const SAMPLES_FOR_P99: u64 = 1_000;

/// Everything that a live screen shows of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The name, if any, and the target.
    pub title: String,
    /// The plan in one line.
    pub plan: String,
    /// Stage of the run.
    pub stage: Stage,
    /// Since the run began.
    pub elapsed: Nanos,
    /// Share of the run that is done, 0.0 to 1.0.
    pub done: f64,
    /// Time that the run will still take; `None` when it cannot be told.
    pub left: Option<Nanos>,
    /// The window that was asked for, s; `None` where something else ends the run.
    pub window_s: Option<f64>,
    /// The time series, oldest first.
    pub course: Vec<IntervalFigures>,
    /// The document so far, judged as far as can be before the end.
    pub document: Document,
    /// The times that the load is about with what is known of them so far: with intervals earlier than
    /// a result has them, and of a server that is gone with what it has never answered.
    pub times: Distribution,
    /// Instant at which the last connection was lost, since the window opened, s; `None` while there
    /// is one, or before there was any.
    pub gone_at_s: Option<f64>,
    /// Connections upgraded and open now.
    pub alive: u64,
    /// Messages that are out, and due ones that wait.
    pub in_flight: u64,
    /// Clients that made all their round trips and clients in all; client-replacement model only.
    pub clients: Option<(u64, u64)>,
    /// Failures by phase and kind, the most frequent first.
    pub errors: Vec<SeenFailure>,
    /// CPU share of each generator thread in the last interval.
    pub cpu_shares: Vec<f64>,
    /// The machines of a fleet that carry the run out.
    pub agents: Vec<AgentStanding>,
}

/// One interval of the time series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IntervalFigures {
    /// Its end, since the opening of the measured window, s.
    pub at_s: f64,
    /// Count of what the load is about: answers, pushes or sends a second, or the connections that are open.
    pub figure: f64,
    /// Median of the times that tell the load's course, ns; `None` without samples.
    pub p50_ns: Option<u64>,
    /// 99th percentile of them, ns; `None` without samples enough.
    pub p99_ns: Option<u64>,
    /// The longest of them, ns; `None` where it is not told.
    pub max_ns: Option<u64>,
    /// Median of how long answers waited in the generator's own queue, ns; `None` without kernel
    /// stamps.
    pub wait_p50_ns: Option<u64>,
}

impl View {
    /// The view of a run that stands where `progress` says, in surroundings that are known so far.
    /// What is advised names settings in the words of `spelling`.
    #[must_use]
    pub fn new(
        progress: &Progress,
        plan: &PlanSpec,
        context: &RunContext,
        spelling: &dyn Spelling,
    ) -> Self {
        let so_far = &progress.so_far;
        let done = if progress.done.is_finite() {
            progress.done.clamp(0.0, 1.0)
        } else {
            0.0
        };
        let standing = RunStanding {
            alive: alive(progress),
            threads: progress
                .cpu_shares
                .iter()
                .copied()
                .zip(progress.wait_shares.iter().copied())
                .collect(),
            is_opening: so_far.connections.upgraded == 0 && so_far.failures.is_empty(),
        };
        let record = Record::of(so_far, plan, context, spelling);
        let document = under_way::so_far(record, &standing, spelling);
        let gone_at_s = Departure::of(&document).map(|gone| gone.at_s);
        let series = plan.clients.headline();
        let times = times_so_far(so_far, series, gone_at_s.is_some());
        Self {
            title: title(plan),
            plan: plan_line(plan),
            stage: progress.stage,
            elapsed: progress.elapsed,
            done,
            left: left(progress, plan, done),
            window_s: plan.stop.duration().map(Nanos::as_secs_f64),
            gone_at_s,
            course: so_far
                .intervals
                .iter()
                .map(|interval| IntervalFigures::of(interval, &plan.clients))
                .collect(),
            document,
            times,
            alive: standing.alive,
            in_flight: so_far
                .intervals
                .last()
                .map_or(0, |newest| newest.in_flight + newest.waiting),
            clients: clients(progress, plan),
            errors: errors(progress),
            cpu_shares: progress.cpu_shares.clone(),
            agents: progress.agents.clone(),
        }
    }

    /// Connections asked for at a time.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.document.connections.asked
    }

    /// The newest interval, once there is one.
    #[must_use]
    pub fn newest(&self) -> Option<&IntervalFigures> {
        self.course.last()
    }

    /// The state of the run in words: `measuring 6.2 of 10 s`, `server gone since 3.5 s`.
    #[must_use]
    pub fn standing(&self) -> String {
        let measured = self.document.duration_s;
        let window = match self.window_s {
            Some(window) => format!("{measured:.1} of {}", seconds(window)),
            None => format!("{:.1} s", self.elapsed.as_secs_f64()),
        };
        match (self.gone_at_s, self.stage) {
            (Some(gone), _) => format!("server gone since {gone:.1} s; {window}"),
            (None, Stage::Measuring) => format!("measuring {window}"),
            (None, stage) => format!("{}, {:.0} s", word(stage), self.elapsed.as_secs_f64()),
        }
    }
}

/// The view of a run in one line of plain text, of its newest interval:
/// `12.0 s  84.2k msg/s  p50 410 µs p99 1.20 ms  own queue 21.0 µs  64 conns  0 errors`, where the own
/// queue is the median of how long answers waited for the generator.
#[must_use]
pub fn line(progress: &Progress, plan: &PlanSpec) -> String {
    let mut parts = vec![format!("{:.1} s", progress.elapsed.as_secs_f64())];
    if progress.stage != Stage::Measuring {
        parts.push(word(progress.stage).to_owned());
    }
    if let Some(newest) = progress.so_far.intervals.last() {
        let newest = IntervalFigures::of(newest, &plan.clients);
        let counted = Tempo::of(&plan.clients);
        if counted != Tempo::Held {
            parts.push(format!(
                "{} {}",
                counted.words(newest.figure),
                counted.unit()
            ));
        }
        let mut spans = Vec::new();
        if !plan.clients.exchange.flow.is_answered() {
            spans.push(plan.clients.course().info().title.to_owned());
        }
        for (name, ns) in [("p50", newest.p50_ns), ("p99", newest.p99_ns)] {
            if let Some(ns) = ns {
                spans.push(format!("{name} {}", span(ns as f64)));
            }
        }
        parts.push(if newest.p50_ns.is_some() {
            spans.join(" ")
        } else {
            mark::NO_SAMPLES.to_owned()
        });
        if let Some(wait) = newest.wait_p50_ns {
            parts.push(format!("own queue {}", span(wait as f64)));
        }
    }
    if let Some((completed, clients)) = clients(progress, plan) {
        parts.push(format!("{}/{} clients", count(completed), count(clients)));
    }
    let errors = SeenFailure::sum(&errors(progress));
    parts.push(counted(alive(progress), "conn"));
    parts.push(counted(errors, "error"));
    parts.extend(lost_agents(&progress.agents));
    parts.join("  ")
}

/// The machines of a fleet that are lost, in words; `None` where none is.
pub(crate) fn lost_agents(agents: &[AgentStanding]) -> Option<String> {
    let lost = agents.iter().filter(|it| it.lost.is_some());
    let lost: Vec<String> = lost.map(|it| printable(&it.name)).collect();
    let all = counted(agents.len() as u64, "agent");
    (!lost.is_empty()).then(|| format!("lost: {} of {all}", lost.join(", ")))
}

/// The stage in a word.
#[must_use]
pub fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Connecting => "connecting",
        Stage::WarmUp => "warming up",
        Stage::Measuring => "measuring",
        Stage::Draining => "draining",
    }
}

/// Clients that are done, and clients in all, where clients are replaced.
fn clients(progress: &Progress, plan: &PlanSpec) -> Option<(u64, u64)> {
    let clients = plan.clients_in_all()?;
    Some((progress.so_far.connections.clients_completed, clients))
}

impl IntervalFigures {
    fn of(interval: &Interval, clients: &Population) -> Self {
        let counts = IntervalCounts {
            received: interval.answered,
            sent: interval.sent,
            alive: interval.alive,
            length_s: interval.length.as_secs_f64(),
        };
        let enough = interval.answered >= SAMPLES_FOR_P99;
        let times = |series| interval.times.get(series).copied().unwrap_or_default();
        let told = times(clients.course());
        let p99_ns = told.p99.filter(|_| enough);
        let wait = Series::Service.parts().map(times).find_map(|part| part.p50);
        Self {
            at_s: interval.at.as_secs_f64(),
            figure: Tempo::of(clients).figure(&counts).unwrap_or(0.0),
            p50_ns: told.p50.map(|span| span.0),
            p99_ns: p99_ns.map(|span| span.0),
            max_ns: told.max.map(|span| span.0),
            wait_p50_ns: wait.map(|span| span.0),
        }
    }
}

/// Time left: by the clock where the plan gives a duration, else from the share that is done, once
/// there is enough of it to extrapolate from.
fn left(progress: &Progress, plan: &PlanSpec, done: f64) -> Option<Nanos> {
    const LEAST_SHARE: f64 = 0.02;
    match (plan.stop, progress.stage) {
        (_, Stage::Draining) => None,
        (StopRule::Duration(duration), Stage::Connecting) => Some(plan.warmup.longest() + duration),
        (StopRule::Duration(duration), Stage::Measuring) if plan.warmup.at_most.is_some() => {
            Some(duration - progress.so_far.measured)
        }
        (StopRule::Duration(duration), _) => {
            let length = plan.warmup.longest() + duration;
            Some(Nanos((length.0 as f64 * (1.0 - done)) as u64))
        }
        _ if done >= LEAST_SHARE => {
            let elapsed = progress.elapsed.0 as f64;
            Some(Nanos((elapsed * (1.0 - done) / done) as u64))
        }
        _ => None,
    }
}

/// The times that the load is about with what is known of them so far. Of a server that is gone what
/// is due and was not answered is among them: as longer than it has waited.
/// Figures alone: their histogram is the document's, and is not packed a second time.
fn times_so_far(so_far: &RunResult, series: Series, is_gone: bool) -> Distribution {
    let mut censored = Histogram::new();
    if let Some(tail) = series.info().tail {
        censored.merge(so_far.at(tail));
    }
    let answered = so_far.at(series);
    let figures = if is_gone {
        let never = awaited(&so_far.intervals);
        let mut spans = answered.clone();
        spans.merge(&never);
        censored.merge(&never);
        Distribution::figures_of(&spans)
    } else {
        Distribution::figures_of(answered)
    };
    let confidence = Confidences::so_far(&so_far.slices, series);
    figures.with_censored(&censored).with_confidence(confidence)
}

/// Time that all that is due and not answered has waited at the least: of each interval no more than
/// was due in it, from its end, the newest first; the rest since before them.
fn awaited(intervals: &[Interval]) -> Histogram {
    let mut waited = Histogram::new();
    let Some(newest) = intervals.last() else {
        return waited;
    };
    let mut left = newest.in_flight.saturating_add(newest.waiting);
    for interval in intervals.iter().rev() {
        let due = interval.due.min(left);
        if due > 0 {
            waited.record_n(newest.at - interval.at, due);
        }
        left -= due;
    }
    if left > 0 {
        waited.record_n(newest.at, left);
    }
    waited
}

/// Failures of one kind in one phase.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenFailure {
    /// Phase and kind by what that means: `close: the peer reset the connection (RST)`.
    pub words: String,
    /// Phase and kind by its name, where there is no room: `close reset`.
    pub name: String,
    /// Number of times that it was seen.
    pub count: u64,
}

impl SeenFailure {
    /// Number of times that any of these was seen.
    pub(crate) fn sum(all: &[Self]) -> u64 {
        let counts = all.iter().map(|seen| seen.count);
        counts.fold(0, u64::saturating_add)
    }
}

/// Connections open now: as the newest interval has it, and before there is one as counted.
fn alive(progress: &Progress) -> u64 {
    let so_far = &progress.so_far;
    match so_far.intervals.last() {
        Some(newest) => newest.alive,
        None => so_far
            .connections
            .alive_at_end
            .max(so_far.connections.upgraded.min(so_far.connections.asked)),
    }
}

fn errors(progress: &Progress) -> Vec<SeenFailure> {
    let failures = progress.so_far.failures.iter();
    let mut errors: Vec<SeenFailure> = failures
        .map(|failure| SeenFailure {
            words: printable(&died::in_words(failure.phase.name(), failure.kind)),
            name: printable(&died::in_short(failure.phase.name(), failure.kind.name())),
            count: failure.count,
        })
        .collect();
    errors.sort_by_key(|seen| std::cmp::Reverse(seen.count));
    errors
}
