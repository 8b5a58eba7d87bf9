//! Merges the parts of a run's books into one result, an interval at a time.
//!
//! It knows neither threads nor channels: parts come from N shares, of this process or of others, in
//! any order, and the result is the same to the last bit. It runs beside the workers and writes
//! nothing that they read. It adds up and judges nothing.

mod sequence;

use std::collections::BTreeMap;
use std::mem;

use wsbench_load::fanout::ledger::DeliveryLedger;
use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Plan, StopRule};
use wsbench_load::result::{
    AgentStanding, Digest, GeneratorUsage, Interval, Progress, RunResult, ThreadUsage,
};
use wsbench_load::send_gaps::SendGap;
use wsbench_load::series::{BySeries, InIntervals};
use wsbench_load::tally::{self, AnswerGap, FailureCount, Handed, LogRecord, Tally};

use self::sequence::Sequence;
pub use self::sequence::{Hole, Refused};
use crate::part::{Agreed, Part, Period, ShareEnd};
use crate::pulse::Pulse;
use crate::slices::{self, MeasuredInterval, Slicer};

/// Hears of a run while it is under way, on the thread that called for it.
pub trait RunObserver {
    /// An interval has ended.
    fn progress(&mut self, progress: &Progress);

    /// Records for the raw log; only when the plan asks for them.
    fn log(&mut self, records: &[LogRecord]);

    /// A moment of the run has come at which something beside it may be looked at.
    fn pulse(&mut self, _: &Pulse) {}
}

/// Merges the parts of a run.
#[derive(Debug)]
pub struct Collector<'a> {
    plan: &'a Plan,
    shares: Vec<OfShare>,
    progress: Progress,
    /// Intervals that some shares have handed over and others have not.
    pending: BTreeMap<u32, Pending>,
    slicer: Slicer,
    /// Figures that belong to no interval: answered in the drain, or on the very border of the
    /// last.
    late: MeasuredInterval,
    /// Messages for many; `None` where they are for their sender alone.
    fanned_out: Option<Box<FannedOut>>,
    load_from: Nanos,
    opened_at: Nanos,
    closed_at: Nanos,
    doubled: u64,
}

/// Sums of messages for many, over all shares.
#[derive(Debug)]
struct FannedOut {
    ledger: DeliveryLedger,
    /// Words of shares behind the last interval.
    late: Handed,
    /// What was settled last; empty in between.
    settled: Tally,
    failures: Vec<FailureCount>,
}

/// What is kept apart for each share, since it is no sum, or since its order matters: what is told
/// of all of them is put together in the order of the shares.
#[derive(Debug, Default)]
struct OfShare {
    sequence: Sequence,
    /// True where nothing more is awaited of it.
    is_gone: bool,
    /// Peak of concurrent connections.
    peak: u64,
    /// The most and the fewest clients that ran.
    running: (Option<u64>, Option<u64>),
    /// Connections open at the end of the newest interval that is complete.
    alive: u64,
    failures: Vec<FailureCount>,
    gaps: Vec<AnswerGap>,
    usage: Option<ThreadUsage>,
    send_gaps: Vec<SendGap>,
    /// End of its newest part.
    told_until: Nanos,
}

/// The books of an interval that some shares have yet to hand over.
#[derive(Debug, Default)]
struct Pending {
    times: BySeries<Histogram>,
    answered: u64,
    errors: u64,
    due: u64,
    sent: u64,
    in_flight: u64,
    waiting: u64,
    /// Connections open at its end, by share: of those that have handed it over.
    alive: Vec<(usize, u64)>,
    /// Words about messages for many.
    handed: Handed,
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
    /// A collector of the parts of so many shares, of a run that the wall clock says began then,
    /// milliseconds since the Unix epoch.
    #[must_use]
    pub fn new(plan: &'a Plan, shares: u32, started_at_unix_ms: u64) -> Self {
        let so_far = RunResult {
            started_at_unix_ms,
            ..RunResult::default()
        };
        let progress = Progress {
            so_far,
            cpu_shares: vec![0.0; shares as usize],
            wait_shares: vec![0.0; shares as usize],
            ..Progress::default()
        };
        Self {
            plan,
            shares: (0..shares).map(|_| OfShare::default()).collect(),
            progress,
            pending: BTreeMap::new(),
            slicer: Slicer::default(),
            late: MeasuredInterval::default(),
            fanned_out: plan.clients.is_fanned_out().then(|| {
                Box::new(FannedOut {
                    ledger: DeliveryLedger::new(plan),
                    late: Handed::default(),
                    settled: Tally::default(),
                    failures: Vec::new(),
                })
            }),
            load_from: Nanos::MAX,
            opened_at: Nanos::MAX,
            closed_at: Nanos::ZERO,
            doubled: 0,
        }
    }

    /// The same of shares that several processes carry out: `homes` says which each is of, and two of their
    /// clocks are one to within `bound`.
    #[must_use]
    pub fn among(mut self, homes: Vec<u32>, bound: Nanos) -> Self {
        if let Some(fanned_out) = &mut self.fanned_out {
            fanned_out.ledger.among(homes, bound);
        }
        self
    }

    /// Tells the live view of the machines that carry the run out, with what is counted next.
    pub fn tell_of(&mut self, agents: Vec<AgentStanding>) {
        self.progress.agents = agents;
    }

    /// Takes one part in, once those of its share before it have come; `observer` hears of what it
    /// completes. Gives back the tally of a part that came in its turn, emptied.
    ///
    /// # Errors
    /// The part is not counted: it has come before, or is none of this run's.
    pub fn take(
        &mut self,
        part: Part,
        observer: &mut dyn RunObserver,
    ) -> Result<Option<Box<Tally>>, Refused> {
        let (share, number) = (part.share as usize, part.number);
        let of_share = self.shares.get_mut(share);
        let of_share = of_share.ok_or(Refused::UnknownShare(part.share))?;
        let admitted = of_share.sequence.admit(part);
        self.doubled += u64::from(matches!(admitted, Err(Refused::Doubled { .. })));
        admitted?;
        let mut emptied = None;
        while let Some(part) = self.shares[share].sequence.next() {
            let is_this = part.number == number;
            let tally = self.count(part, observer);
            if is_this {
                emptied = Some(tally);
            }
        }
        Ok(emptied)
    }

    /// Awaits nothing more of a share, whose process is lost: intervals are complete without it. What
    /// comes of it all the same is counted. `observer` hears of what that completes.
    pub fn give_up(&mut self, share: u32, observer: &mut dyn RunObserver) {
        let Some(of_share) = self.shares.get_mut(share as usize) else {
            return;
        };
        of_share.is_gone = true;
        if let Some(fanned_out) = &mut self.fanned_out {
            fanned_out.ledger.give_up(share, of_share.told_until);
        }
        let complete = self.pending.iter().filter(|(_, it)| self.is_complete(it));
        if let Some(newest) = complete.map(|(number, _)| *number).max() {
            self.finish_intervals(newest);
            observer.progress(&self.progress);
        }
    }

    /// True if every share of which something is awaited has handed the interval over.
    fn is_complete(&self, pending: &Pending) -> bool {
        let has_told = |share: usize| pending.alive.iter().any(|(of, _)| *of == share);
        let mut shares = self.shares.iter().enumerate();
        pending.alive.len() == self.shares.len()
            || !pending.alive.is_empty() && shares.all(|(at, it)| it.is_gone || has_told(at))
    }

    /// Parts that came a second time and were not counted.
    #[must_use]
    pub fn doubled(&self) -> u64 {
        self.doubled
    }

    /// The parts that have not come: none of a run that is over and was handed over whole.
    #[must_use]
    pub fn missing(&self) -> Vec<Hole> {
        let shares = (0..).zip(&self.shares);
        let missing = shares.flat_map(|(share, of_share)| of_share.sequence.missing(share));
        missing.collect()
    }

    /// Counts a part that follows the one of its share that was counted before it. Gives its tally
    /// back, emptied.
    fn count(&mut self, part: Part, observer: &mut dyn RunObserver) -> Box<Tally> {
        let share = part.share as usize;
        let (period, now, mut tally) = (part.period, part.now, part.tally);
        self.shares[share].told_until = now;
        if !tally.log.is_empty() {
            observer.log(&tally.log);
        }
        self.load_from = self.load_from.min(part.window.load_from);
        self.opened_at = self.opened_at.min(part.window.opens);
        self.set_aside(period, &mut tally);
        let alive = self.add(share, &mut tally);
        self.progress.cpu_shares[share] = part.cpu_share;
        self.progress.wait_shares[share] = part.wait_share;
        if now >= self.progress.elapsed {
            (self.progress.stage, self.progress.elapsed) = (part.stage, now);
        }
        self.progress.done = self.share_done(self.progress.elapsed);
        let mut is_news = matches!(period, Period::Before);
        let is_open = self.plan.clients.is_open_loop();
        match period {
            Period::Interval(number, ends) => {
                let pending = self.pending.entry(number).or_default();
                // What is due in the closed loop is sent.
                pending.due += if is_open {
                    part.due
                } else {
                    tally.messages.due
                };
                pending.in_flight += part.in_flight;
                pending.waiting += part.waiting;
                pending.alive.push((share, alive));
                is_news = self.take_interval(number, ends, &tally);
            }
            Period::Before => self.take_early_answers(&tally),
            Period::After => {
                self.late.add(&tally.times);
                is_news = part.last.is_none();
            }
        }
        if let Some(last) = part.last {
            self.take_last_words(share, last);
        }
        tally.clear();
        if is_news {
            if !matches!(period, Period::After) {
                self.progress.so_far.measured = self.progress.elapsed - self.opened_at;
            }
            observer.progress(&self.progress);
        }
        tally
    }

    /// Keeps what is said of messages for many for when the interval is complete.
    fn set_aside(&mut self, period: Period, tally: &mut Tally) {
        let Some(fanned_out) = &mut self.fanned_out else {
            return;
        };
        let said = mem::take(&mut tally.handed);
        match period {
            _ if said.is_empty() => {}
            Period::Interval(number, _) => {
                self.pending.entry(number).or_default().handed.append(said);
            }
            // Between the window's opening and the worker's noticing it.
            Period::Before if !said.is_of_no_message() => {
                self.pending.entry(0).or_default().handed.append(said);
            }
            Period::Before => {}
            Period::After => fanned_out.late.append(said),
        }
    }

    /// Settles messages for many as far as their fate is known once an interval is complete, and adds
    /// what became of them to it.
    fn settle(&mut self, pending: &mut Pending) {
        let Some(fanned_out) = &mut self.fanned_out else {
            return;
        };
        fanned_out.ledger.take(&pending.handed);
        fanned_out
            .ledger
            .settle(pending.ends, &mut fanned_out.settled);
        pending.in_flight = fanned_out.ledger.in_flight();
        let settled = &mut fanned_out.settled;
        settled.messages.received_in_window = settled.messages.answered;
        pending.answered += settled.messages.answered;
        pending.errors += settled.errors();
        pending.add(settled);
        self.count_settled();
    }

    /// Adds what was settled last to the whole.
    fn count_settled(&mut self) {
        let Some(fanned_out) = &mut self.fanned_out else {
            return;
        };
        let settled = &mut fanned_out.settled;
        let all = &mut self.progress.so_far.tally;
        all.merge(settled);
        if !settled.failures.is_empty() {
            tally::merge_failures(&mut fanned_out.failures, &settled.failures);
            all.failures = failures(&self.shares, &fanned_out.failures);
        }
        settled.clear();
    }

    /// Settles all messages for many at the end of the run.
    fn settle_rest(&mut self) {
        let elapsed = self.progress.elapsed;
        let Some(fanned_out) = &mut self.fanned_out else {
            return;
        };
        fanned_out.ledger.take(&fanned_out.late);
        fanned_out.ledger.finish(elapsed, &mut fanned_out.settled);
        self.progress.so_far.hears_own = fanned_out.ledger.hears_own();
        self.late.add(&fanned_out.settled.times);
        self.count_settled();
    }

    /// Adds a share's tally to the whole; returns its gauge of open connections. Gauges are kept
    /// apart; in the sums they would be counted once an interval.
    fn add(&mut self, share: usize, tally: &mut Tally) -> u64 {
        let of_share = &mut self.shares[share];
        let counts = &mut tally.connections;
        let alive = std::mem::take(&mut counts.alive_at_end);
        let peak = std::mem::take(&mut counts.peak_concurrent);
        of_share.peak = of_share.peak.max(peak);
        of_share.running = (counts.most_running, counts.least_running);
        let common = self.fanned_out.as_ref().map_or(&[][..], |it| &it.failures);
        let all = &mut self.progress.so_far.tally;
        all.merge(tally);
        if !tally.failures.is_empty() {
            tally::merge_failures(&mut of_share.failures, &tally.failures);
            all.failures = failures(&self.shares, common);
        }
        if !tally.gaps.is_empty() {
            tally::merge_gaps(&mut self.shares[share].gaps, &tally.gaps);
            all.gaps = gaps(&self.shares);
        }
        let shares = self.shares.iter();
        let running = shares.clone().map(|of_share| of_share.running);
        all.connections.peak_concurrent = shares.map(|of_share| of_share.peak).sum();
        all.connections.most_running = running.clone().map(|(most, _)| most).sum();
        all.connections.least_running = running.map(|(_, least)| least).sum();
        alive
    }

    /// Notes what a share says at its end.
    fn take_last_words(&mut self, share: usize, last: ShareEnd) {
        self.closed_at = self.closed_at.max(last.closed_at);
        let cpus = &self.plan.cpus;
        let cpu = cpus.get(share % cpus.len().max(1)).copied();
        self.progress.so_far.connections.alive_at_end += last.alive_at_close;
        let of_share = &mut self.shares[share];
        of_share.usage = Some(ThreadUsage { cpu, ..last.usage });
        of_share.send_gaps = last.send_gaps;
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

    /// Takes one share's part of an interval in; says whether the interval is complete.
    fn take_interval(&mut self, number: u32, ends: Nanos, tally: &Tally) -> bool {
        let pending = self.pending.entry(number).or_default();
        pending.add(tally);
        pending.answered += tally.messages.received_in_window;
        pending.sent += tally.messages.sent;
        pending.errors += tally.errors();
        pending.ends = pending.ends.max(ends);
        let is_complete = self
            .pending
            .get(&number)
            .is_some_and(|it| self.is_complete(it));
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
            let mut pending = entry.remove();
            self.settle(&mut pending);
            for of_share in self.shares.iter_mut().filter(|it| it.is_gone) {
                of_share.alive = 0;
            }
            for &(share, alive) in &pending.alive {
                self.shares[share].alive = alive;
            }
            let at = pending.ends - self.opened_at;
            let so_far = self
                .progress
                .so_far
                .intervals
                .last()
                .map_or(Nanos::ZERO, |i| i.at);
            let measured = MeasuredInterval {
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
                alive: self.shares.iter().map(|of_share| of_share.alive).sum(),
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

    /// The whole run's result, of all parts that have come; `total` is when it was over. What only
    /// the process knows that asks (its addresses, its memory) is not in it.
    #[must_use]
    pub fn finish(
        mut self,
        agreed: Agreed,
        total: Nanos,
        observer: &mut dyn RunObserver,
    ) -> RunResult {
        for share in 0..self.shares.len() {
            while let Some(part) = self.shares[share].sequence.next_after_hole() {
                let _ = self.count(part, observer);
            }
        }
        self.finish_intervals(u32::MAX);
        self.settle_rest();
        if let Some(last) = self.progress.so_far.slices.last_mut() {
            slices::add(last, &self.late);
        }
        let mut result = self.progress.so_far;
        result.ended = agreed.ended;
        result.absences = agreed.absences;
        result.total = total;
        result.measured = self.closed_at - self.opened_at;
        let has_opened = result.measured > Nanos::ZERO;
        let found = self.plan.warmup.at_most.filter(|_| has_opened);
        result.warmup_found = found.map(|limit| limit.min(agreed.opens - agreed.load_from));
        result.generator = GeneratorUsage {
            threads: self
                .shares
                .iter()
                .filter_map(|of_share| of_share.usage)
                .collect(),
            max_rss_bytes: 0,
        };
        let sampled = self.shares.into_iter();
        result.send_gaps = sampled.flat_map(|of_share| of_share.send_gaps).collect();
        result
    }
}

/// The failures of all shares, in the order in which they were first seen: what one share told is
/// kept in its own order, and where two saw something at the same time the first one's comes first;
/// what is of no share comes last.
fn failures(shares: &[OfShare], common: &[FailureCount]) -> Vec<FailureCount> {
    let mut seen = Vec::new();
    let of_shares = shares.iter().map(|of_share| of_share.failures.as_slice());
    for failures in of_shares.chain([common]) {
        let mut latest = Nanos::ZERO;
        for failure in failures {
            latest = latest.max(failure.first);
            seen.push((latest, failure));
        }
    }
    seen.sort_by_key(|(first, _)| *first);
    let mut all = Vec::new();
    for (_, failure) in seen {
        tally::merge_failures(&mut all, std::slice::from_ref(failure));
    }
    all
}

/// The longest silences of all shares.
fn gaps(shares: &[OfShare]) -> Vec<AnswerGap> {
    let mut all = Vec::new();
    for of_share in shares {
        tally::merge_gaps(&mut all, &of_share.gaps);
    }
    all
}
