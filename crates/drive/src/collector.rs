//! Merges what the workers hand over into one result, an interval at a time.
//!
//! It runs beside the workers and writes nothing that they read. It adds up and judges nothing.

use std::collections::BTreeMap;

use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Plan, StopRule};
use wsbench_load::result::{Digest, GeneratorUsage, Interval, Progress, RunResult, ThreadUsage};
use wsbench_load::series::{BySeries, InIntervals};
use wsbench_load::tally::{LogRecord, Tally};

use crate::handover::{Handover, Period, Returns};
use crate::pulse::Pulse;
use crate::shared::Shared;
use crate::slices::{self, Measured, Slicer};

/// Hears of a run while it is under way, on the thread that called for it.
pub trait Observer {
    /// An interval has ended.
    fn progress(&mut self, progress: &Progress);

    /// Records for the raw log; only when the plan asks for them.
    fn log(&mut self, records: &[LogRecord]);

    /// A moment of the run has come at which something beside it may be looked at.
    fn pulse(&mut self, _: &Pulse) {}
}

/// Merges what the workers hand over.
pub(crate) struct Collector<'a> {
    plan: &'a Plan,
    returns: Vec<Returns>,
    progress: Progress,
    /// Intervals that some workers have handed over and others have not.
    pending: BTreeMap<u32, Pending>,
    slicer: Slicer,
    /// What belongs to no interval: answered in the drain, or on the very border of the last.
    late: Measured,
    /// Peak of concurrent connections, the latest gauge and share of CPU of each worker.
    peaks: Vec<u64>,
    /// The most and the fewest clients that ran on each worker.
    running: Vec<(Option<u64>, Option<u64>)>,
    alive: Vec<u64>,
    load_from: Nanos,
    opened_at: Nanos,
    closed_at: Nanos,
    usage: GeneratorUsage,
}

/// The books of an interval that some workers have yet to hand over.
#[derive(Default)]
struct Pending {
    times: BySeries<Histogram>,
    answered: u64,
    errors: u64,
    due: u64,
    sent: u64,
    in_flight: u64,
    waiting: u64,
    workers: usize,
    ends: Nanos,
}

impl Pending {
    /// Adds a tally's times, of the series that intervals or slices tell of.
    fn add(&mut self, tally: &Tally) {
        for (series, times) in self.times.iter_mut() {
            let info = series.info();
            if info.in_slices || info.in_intervals.is_some() {
                times.merge(tally.at(series));
            }
        }
    }
}

impl<'a> Collector<'a> {
    pub(crate) fn new(plan: &'a Plan, returns: Vec<Returns>, started_at_unix_ms: u64) -> Self {
        let workers = returns.len();
        let so_far = RunResult {
            started_at_unix_ms,
            ..RunResult::default()
        };
        let progress = Progress {
            so_far,
            cpu_shares: vec![0.0; workers],
            ..Progress::default()
        };
        Self {
            plan,
            returns,
            progress,
            pending: BTreeMap::new(),
            slicer: Slicer::default(),
            late: Measured::default(),
            peaks: vec![0; workers],
            running: vec![(None, None); workers],
            alive: vec![0; workers],
            load_from: Nanos::MAX,
            opened_at: Nanos::MAX,
            closed_at: Nanos::ZERO,
            usage: GeneratorUsage::default(),
        }
    }

    /// Adds a worker's tally to the whole. Gauges are kept apart; in the sums they would be counted
    /// once an interval.
    fn add(&mut self, worker: usize, tally: &mut Tally) {
        let of_worker = &mut tally.connections;
        self.alive[worker] = std::mem::take(&mut of_worker.alive_at_end);
        let peak = std::mem::take(&mut of_worker.peak_concurrent);
        self.peaks[worker] = self.peaks[worker].max(peak);
        self.running[worker] = (of_worker.most_running, of_worker.least_running);
        self.progress.so_far.tally.merge(tally);
        let of_all = &mut self.progress.so_far.connections;
        of_all.peak_concurrent = self.peaks.iter().sum();
        of_all.most_running = self.running.iter().map(|&(most, _)| most).sum();
        of_all.least_running = self.running.iter().map(|&(_, least)| least).sum();
    }

    /// Takes one handover in.
    pub(crate) fn take(&mut self, handover: Handover, observer: &mut dyn Observer) {
        let Handover {
            worker,
            period,
            stage,
            now,
            window,
            mut tally,
            due,
            in_flight,
            waiting,
            cpu_share,
            last,
        } = handover;
        if !tally.log.is_empty() {
            observer.log(&tally.log);
        }
        self.load_from = self.load_from.min(window.load_from);
        self.opened_at = self.opened_at.min(window.opens);
        self.add(worker, &mut tally);
        self.progress.cpu_shares[worker] = cpu_share;
        self.progress.stage = stage;
        self.progress.elapsed = now;
        self.progress.done = self.share_done(now);
        let mut is_news = matches!(period, Period::Before);
        let is_open = self.plan.clients.is_open_loop();
        match period {
            Period::Interval(number, ends) => {
                let pending = self.pending.entry(number).or_default();
                // What is due in the closed loop is sent.
                pending.due += if is_open { due } else { tally.messages.due };
                pending.in_flight += in_flight;
                pending.waiting += waiting;
                is_news = self.take_interval(number, ends, &tally);
            }
            Period::Before => self.take_early_answers(&tally),
            Period::After => {
                self.late.add(&tally.times);
                is_news = last.is_none();
            }
        }
        if let Some(last) = last {
            self.closed_at = self.closed_at.max(last.closed_at);
            let cpu = self
                .plan
                .cpus
                .get(worker % self.plan.cpus.len().max(1))
                .copied();
            self.usage.threads.push(ThreadUsage { cpu, ..last.usage });
            self.progress.so_far.connections.alive_at_end += last.alive_at_close;
            self.progress.so_far.send_gaps.extend(last.send_gaps);
        }
        tally.clear();
        let _ = self.returns[worker].send(tally);
        if is_news {
            if !matches!(period, Period::After) {
                self.progress.so_far.measured = now - self.opened_at;
            }
            observer.progress(&self.progress);
        }
    }

    /// Answers that came between the window's opening and the worker's noticing it belong to the
    /// first interval.
    fn take_early_answers(&mut self, tally: &Tally) {
        let counts = &tally.messages;
        if counts.received_in_window + counts.sent > 0 {
            let pending = self.pending.entry(0).or_default();
            pending.add(tally);
            pending.answered += counts.received_in_window;
            pending.sent += counts.sent;
            if !self.plan.clients.is_open_loop() {
                pending.due += counts.due;
            }
        }
    }

    /// Takes one worker's share of an interval in; says whether the interval is complete.
    fn take_interval(&mut self, number: u32, ends: Nanos, tally: &Tally) -> bool {
        let pending = self.pending.entry(number).or_default();
        pending.add(tally);
        pending.answered += tally.messages.received_in_window;
        pending.sent += tally.messages.sent;
        pending.errors += tally.errors();
        pending.ends = pending.ends.max(ends);
        pending.workers += 1;
        let is_complete = pending.workers == self.returns.len();
        if is_complete {
            self.finish_intervals(number);
        }
        is_complete
    }

    /// Moves all pending intervals up to `number` into the time series.
    fn finish_intervals(&mut self, number: u32) {
        while let Some(entry) = self
            .pending
            .first_entry()
            .filter(|entry| *entry.key() <= number)
        {
            let pending = entry.remove();
            let at = pending.ends - self.opened_at;
            let so_far = self
                .progress
                .so_far
                .intervals
                .last()
                .map_or(Nanos::ZERO, |i| i.at);
            let measured = Measured {
                at,
                received: pending.answered,
                times: pending.times,
            };
            if at <= so_far {
                // The window closed on the border of the interval before: what was late is its.
                self.late.received += measured.received;
                self.late.add(&measured.times);
                if let Some(before) = self.progress.so_far.intervals.last_mut() {
                    before.due += pending.due;
                    before.sent += pending.sent;
                    (before.in_flight, before.waiting) = (pending.in_flight, pending.waiting);
                }
                continue;
            }
            self.slicer
                .push(&mut self.progress.so_far.slices, &measured);
            self.progress.so_far.intervals.push(Interval {
                at,
                length: at - so_far,
                due: pending.due,
                sent: pending.sent,
                in_flight: pending.in_flight,
                waiting: pending.waiting,
                answered: pending.answered,
                errors: pending.errors,
                alive: self.alive.iter().sum(),
                times: InIntervals::from_fn(|series| {
                    let extent = series.info().in_intervals;
                    let spans = &measured.times[series];
                    extent.map_or_else(Default::default, |all| Digest::of(spans, all))
                }),
            });
        }
    }

    fn share_done(&self, now: Nanos) -> f64 {
        let so_far = &self.progress.so_far;
        let share = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
        match self.plan.stop {
            StopRule::Duration(duration) if self.opened_at < Nanos::MAX => {
                let length = self.opened_at - self.load_from + duration;
                share((now - self.load_from).0, length.0).min(1.0)
            }
            StopRule::Duration(_) => 0.0,
            StopRule::Messages(messages) => share(so_far.messages.sent, messages),
            StopRule::Clients(clients) => {
                let ended = so_far.connections.clients_completed + so_far.connections.failed;
                share(ended, clients)
            }
        }
    }

    /// The whole run's result; `total` is when it was over.
    pub(crate) fn finish(mut self, shared: &Shared, total: Nanos) -> RunResult {
        self.finish_intervals(u32::MAX);
        if let Some(last) = self.progress.so_far.slices.last_mut() {
            slices::add(last, &self.late);
        }
        let mut result = self.progress.so_far;
        result.ended = shared.ended();
        result.absences = shared.absences();
        result.total = total;
        result.measured = self.closed_at - self.opened_at;
        let has_opened = result.measured > Nanos::ZERO;
        result.warmup_found = self
            .plan
            .warmup
            .at_most
            .filter(|_| has_opened)
            .map(|limit| limit.min(shared.warming.opens() - shared.load_from()));
        self.usage.max_rss_bytes = crate::host::max_rss_bytes();
        result.generator = self.usage;
        result
    }
}
