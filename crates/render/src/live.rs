//! What is to be seen of a run while it is under way: figures and words, not yet drawn.
//!
//! A [`View`] is made from the progress that the run hands over once an interval. The screen draws
//! it; where there is no terminal, [`View::line`] is printed instead. It keeps no history of its
//! own: the run's intervals are the history.

use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{PlanSpec, StopRule};
use wsbench_load::result::{Interval, Progress, Stage};
use wsbench_load::series::Series;
use wsbench_record::document::{Distribution, Percentile, Support};
use wsbench_record::units::{count, counted, percent, rate, seconds, span};

use crate::foreign::printable;
use crate::mark;
use crate::plan_line::{plan_line, title};

/// Below this many samples in an interval its p99 is not spoken of.
const SAMPLES_FOR_P99: u64 = 1_000;
/// Above this share of a core a thread of the generator is the bottleneck.
const BUSY_SHARE: f64 = 0.90;

/// Everything that a live screen shows.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The name, if any, and the target.
    pub title: String,
    /// The plan in one line.
    pub plan: String,
    /// True where messages are due by a schedule rather than by answers.
    pub is_open_loop: bool,
    /// Stage of the run.
    pub stage: Stage,
    /// Since the run began.
    pub elapsed: Nanos,
    /// Share of the run that is done, 0.0 to 1.0.
    pub done: f64,
    /// Time that the run will still take; `None` when it cannot be told.
    pub left: Option<Nanos>,
    /// The time series, oldest first.
    pub course: Vec<Moment>,
    /// Response time until now, percentile by percentile, with marks.
    pub response: Vec<Figure>,
    /// Service time until now, percentile by percentile, with marks.
    pub service: Vec<Figure>,
    /// Median of the part of the service time that passed outside, and of how long answers waited
    /// in the generator's own queue, until now, ns; `None` without kernel stamps.
    pub parts_p50_ns: Option<(u64, u64)>,
    /// Connections upgraded and open now.
    pub alive: u64,
    /// Connections asked for at a time.
    pub asked: u64,
    /// Messages answered in the measured window until now.
    pub answered: u64,
    /// Clients that made all their round trips and clients in all; client-replacement model only.
    pub clients: Option<(u64, u64)>,
    /// Failures by phase and kind, the most frequent first.
    pub errors: Vec<(String, u64)>,
    /// CPU share of each generator thread in the last interval.
    pub cpu_shares: Vec<f64>,
    /// Doubts that already speak against the figures, in words.
    pub doubts: Vec<String>,
}

/// One interval of the time series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Its end, since the opening of the measured window, s.
    pub at_s: f64,
    /// Answers a second.
    pub per_s: f64,
    /// Median service time, ns; `None` without samples.
    pub p50_ns: Option<u64>,
    /// 99th percentile of service time, ns; `None` without samples enough.
    pub p99_ns: Option<u64>,
    /// Median of how long answers waited in the generator's own queue, ns; `None` without kernel
    /// stamps.
    pub wait_p50_ns: Option<u64>,
}

/// A named figure with how well its samples support it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Its name, such as `p99.9`.
    pub name: &'static str,
    /// The figure with its mark.
    pub words: String,
    /// Support of it.
    pub support: Support,
}

impl View {
    /// The view of a run that stands where `progress` says.
    #[must_use]
    pub fn new(progress: &Progress, plan: &PlanSpec) -> Self {
        let so_far = &progress.so_far;
        let done = if progress.done.is_finite() {
            progress.done.clamp(0.0, 1.0)
        } else {
            0.0
        };
        Self {
            title: title(plan),
            plan: plan_line(plan),
            is_open_loop: plan.clients.is_open_loop(),
            stage: progress.stage,
            elapsed: progress.elapsed,
            done,
            left: left(progress, plan, done),
            course: so_far.intervals.iter().map(Moment::of).collect(),
            response: figures(
                &Distribution::figures_of(so_far.at(Series::Response))
                    .with_censored(so_far.at(Series::Censored)),
            ),
            service: figures(&Distribution::figures_of(so_far.at(Series::Service))),
            parts_p50_ns: parts(progress),
            alive: alive(progress),
            asked: so_far
                .connections
                .asked
                .max(plan.clients.connections.into()),
            answered: so_far.messages.answered,
            clients: match plan.stop {
                StopRule::Clients(clients) => Some((so_far.connections.clients_completed, clients)),
                _ => None,
            },
            errors: errors(progress),
            cpu_shares: progress.cpu_shares.clone(),
            doubts: doubts(progress),
        }
    }

    /// Failures of any kind until now.
    #[must_use]
    pub fn error_count(&self) -> u64 {
        self.errors
            .iter()
            .fold(0, |sum, (_, number)| sum.saturating_add(*number))
    }

    /// The newest interval, once there is one.
    #[must_use]
    pub fn newest(&self) -> Option<&Moment> {
        self.course.last()
    }

    /// The stage in a word.
    #[must_use]
    pub fn stage_word(&self) -> &'static str {
        match self.stage {
            Stage::Connecting => "connecting",
            Stage::WarmUp => "warming up",
            Stage::Measuring => "measuring",
            Stage::Draining => "draining",
        }
    }

    /// The view in one line of plain text, of the newest interval:
    /// `12.0 s  84.2k msg/s  p50 410 µs p99 1.20 ms  own queue 21.0 µs  64 conns  0 errors`, where the
    /// own queue is the median of how long answers waited for the generator.
    #[must_use]
    pub fn line(&self) -> String {
        let mut parts = vec![format!("{:.1} s", self.elapsed.as_secs_f64())];
        if self.stage != Stage::Measuring {
            parts.push(self.stage_word().to_owned());
        }
        if let Some(newest) = self.newest() {
            parts.push(format!("{} msg/s", rate(newest.per_s)));
            let mut spans = Vec::new();
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
        if let Some((completed, clients)) = self.clients {
            parts.push(format!("{}/{} clients", count(completed), count(clients)));
        }
        parts.push(counted(self.alive, "conn"));
        parts.push(counted(self.error_count(), "error"));
        parts.join("  ")
    }

    /// How long the run has taken and will take: `12 s, 3 s left`.
    #[must_use]
    pub fn clock(&self) -> String {
        let elapsed = format!("{:.0} s", self.elapsed.as_secs_f64());
        match self.left {
            Some(left) if self.stage != Stage::Draining => {
                format!("{elapsed}, {:.0} s left", left.as_secs_f64().ceil())
            }
            _ => elapsed,
        }
    }
}

impl Moment {
    fn of(interval: &Interval) -> Self {
        let length = interval.length.as_secs_f64();
        let enough = interval.answered >= SAMPLES_FOR_P99;
        let times = |series| interval.times.get(series).copied().unwrap_or_default();
        let service = times(Series::Service);
        let p99_ns = service.p99.filter(|_| enough);
        let wait = Series::Service.parts().map(times).find_map(|part| part.p50);
        Self {
            at_s: interval.at.as_secs_f64(),
            per_s: if length > 0.0 {
                interval.answered as f64 / length
            } else {
                0.0
            },
            p50_ns: service.p50.map(|span| span.0),
            p99_ns: p99_ns.map(|span| span.0),
            wait_p50_ns: wait.map(|span| span.0),
        }
    }
}

/// The medians of both parts of the service time.
fn parts(progress: &Progress) -> Option<(u64, u64)> {
    let median = |part| progress.so_far.at(part).quantile(0.5).map(|span| span.0);
    let mut parts = Series::Service.parts().map(median);
    parts.next()?.zip(parts.next()?)
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

fn figures(spans: &Distribution) -> Vec<Figure> {
    let mut figures: Vec<Figure> = crate::summary::PERCENTILES
        .iter()
        .map(|percentile: &Percentile| Figure {
            name: percentile.label(),
            words: mark::percentile(spans, *percentile),
            support: percentile.support(spans.count),
        })
        .collect();
    figures.push(Figure {
        name: "max",
        words: mark::longest(spans),
        support: if spans.is_empty() {
            Support::Unknown
        } else {
            Support::Known
        },
    });
    figures
}

fn errors(progress: &Progress) -> Vec<(String, u64)> {
    let failures = progress.so_far.failures.iter();
    let mut errors: Vec<(String, u64)> = failures
        .map(|failure| {
            let words = format!("{} {}", failure.phase.name(), failure.kind);
            (printable(&words), failure.count)
        })
        .collect();
    errors.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    errors
}

/// The checks of the audit that can be made before the end.
fn doubts(progress: &Progress) -> Vec<String> {
    let so_far = &progress.so_far;
    let mut doubts = Vec::new();
    for (number, share) in progress.cpu_shares.iter().enumerate() {
        if *share > BUSY_SHARE {
            doubts.push(format!(
                "the generator is the bottleneck: thread {number} uses {} of a core",
                percent(*share)
            ));
        }
    }
    let messages = &so_far.messages;
    for (number, words) in [
        (messages.corrupted, "corrupted"),
        (messages.lost, "lost"),
        (messages.duplicated, "answered twice"),
        (messages.unasked, "received unasked"),
        (messages.reordered, "out of order"),
        (messages.timed_out, "timed out"),
    ] {
        if number > 0 {
            doubts.push(format!("{} {words}", counted(number, "message")));
        }
    }
    let connections = &so_far.connections;
    if connections.never_answered > 0 {
        doubts.push(format!(
            "{} not yet answered",
            counted(connections.never_answered, "connection")
        ));
    }
    if let Some(gap) = so_far.gaps.iter().max()
        && gap.length >= Nanos::from_secs(1)
    {
        doubts.push(format!(
            "no answer at all for {}",
            seconds(gap.length.as_secs_f64())
        ));
    }
    doubts
}
