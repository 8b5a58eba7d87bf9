//! What the server uses while it is measured: CPU over the measured window, memory by connections
//! while they are opened, context switches.
//!
//! It looks at `/proc` at the moments that the driver tells (`Pulse`), on the thread that called
//! for the run. The readings that a cost a message is made of are those of the window's opening and
//! close, and the messages are those that were answered within the window.

use wsbench_drive::host;
use wsbench_drive::run::{Moment, Pulse};
use wsbench_load::nanos::Nanos;
use wsbench_load::result::{Progress, RunResult};
use wsbench_record::document::{CountedProcesses, Server};

use super::growth::Growth;
use super::tree::{ProcessTree, TreeUsage};

/// Between two looks for processes that have come or gone.
const LOOK_EVERY: Nanos = Nanos::from_secs(1);

/// Watches one server through one run.
#[derive(Debug)]
pub struct ServerWatch {
    tree: ProcessTree,
    counted: CountedProcesses,
    /// The process that has to be the same at the end, with when it began.
    identity: (u32, u64),
    looked_at: Nanos,
    /// Memory while connections were opened.
    growth: Growth,
    opened: Option<(Nanos, TreeUsage)>,
    closed: Option<(Nanos, TreeUsage)>,
    rss_at_opening: Option<u64>,
    rss_at_close: Option<u64>,
    rss_peak: Option<u64>,
    pss_at_opening: Option<u64>,
    pss_at_close: Option<u64>,
    is_same: bool,
}

impl ServerWatch {
    /// Watches the process and all that descends from it; `None` when there is no such process.
    #[must_use]
    pub fn of(pid: u32, counted: CountedProcesses) -> Option<Self> {
        Self::new(pid, ProcessTree::of(pid)?, counted)
    }

    /// Watches all that a supervisor has started; `pid` is the server among them.
    #[must_use]
    pub fn below(supervisor: u32, pid: u32) -> Option<Self> {
        let tree = ProcessTree::below(supervisor)?;
        Self::new(pid, tree, CountedProcesses::Started)
    }

    fn new(pid: u32, tree: ProcessTree, counted: CountedProcesses) -> Option<Self> {
        Some(Self {
            identity: (pid, host::process_stat(pid)?.began),
            counted,
            looked_at: Nanos::ZERO,
            growth: Growth::beginning(tree.rss()),
            tree,
            opened: None,
            closed: None,
            rss_at_opening: None,
            rss_at_close: None,
            rss_peak: None,
            pss_at_opening: None,
            pss_at_close: None,
            is_same: true,
        })
    }

    /// Looks, as far as it is the moment for it.
    pub fn pulse(&mut self, pulse: &Pulse) {
        match pulse.moment {
            Moment::Connecting => self.note_growth(pulse.alive),
            Moment::Ready => {
                self.note_growth(pulse.alive);
                self.look_again(pulse.at);
                // Before the load: asking for it holds the server up.
                self.pss_at_opening = self.tree.pss();
                self.rss_at_opening = self.note_rss();
            }
            Moment::WindowOpens => self.opened = Some((pulse.at, self.tree.usage())),
            Moment::WarmUp | Moment::Measuring => {
                if pulse.at >= self.looked_at + LOOK_EVERY {
                    self.look_again(pulse.at);
                    self.note_rss();
                }
            }
            Moment::WindowCloses => {
                // First, so that whoever was started since the last look is counted.
                self.look_again(pulse.at);
                self.closed = Some((pulse.at, self.tree.usage()));
                self.rss_at_close = self.note_rss();
                self.pss_at_close = self.tree.pss();
                let (pid, began) = self.identity;
                self.is_same = host::process_stat(pid).is_some_and(|stat| stat.began == began);
            }
            Moment::Draining => {}
        }
    }

    fn look_again(&mut self, now: Nanos) {
        self.looked_at = now;
        self.tree.look_again();
    }

    fn note_rss(&mut self) -> Option<u64> {
        let rss = self.tree.rss();
        self.rss_peak = self.rss_peak.max(rss);
        rss
    }

    fn note_growth(&mut self, alive: u64) {
        let tree = &mut self.tree;
        self.growth.note(alive, || tree.rss());
    }

    /// Use by the server in the run that gave `result`.
    #[must_use]
    pub fn finish(self, result: &RunResult) -> Server {
        let cpu = self.over_the_window(result);
        let known = |count: usize| u32::try_from(count).ok().filter(|count| *count > 0);
        Server {
            counted: Some(self.counted),
            pid: Some(self.identity.0),
            replaced: (!self.is_same).then_some(true),
            processes: known(self.tree.processes()),
            processes_ended: known(self.tree.ended()),
            rss_at_opening_bytes: self.rss_at_opening,
            rss_bytes: self.rss_at_close,
            rss_peak_bytes: self.rss_peak,
            pss_at_opening_bytes: self.pss_at_opening,
            pss_bytes: self.pss_at_close,
            bytes_per_connection: self.growth.bytes_per_connection(),
            ..cpu
        }
    }

    /// Use by the server from the opening of the window until now; `None` before that, and where the
    /// process is gone.
    #[must_use]
    pub fn so_far(&self, progress: &Progress) -> Option<Server> {
        let (pid, began) = self.identity;
        let is_same = host::process_stat(pid).is_some_and(|stat| stat.began == began);
        let opened = self.opened.as_ref().filter(|_| is_same)?;
        let now = (progress.elapsed, self.tree.usage());
        let received = progress.so_far.messages.received_in_window;
        Some(Server {
            counted: Some(self.counted),
            pid: Some(pid),
            rss_bytes: self.tree.rss(),
            ..between(opened, &now, received)
        })
    }

    /// The figures that need both readings.
    fn over_the_window(&self, result: &RunResult) -> Server {
        match (&self.opened, &self.closed) {
            // Otherwise the second reading is of another process, or of none, and that is not zero.
            (Some(opened), Some(closed)) if self.is_same => {
                between(opened, closed, result.messages.received_in_window)
            }
            _ => Server::default(),
        }
    }
}

/// Use between two readings, in which so many messages were answered.
fn between(
    (opened, before): &(Nanos, TreeUsage),
    (closed, after): &(Nanos, TreeUsage),
    received: u64,
) -> Server {
    let span_s = (*closed - *opened).as_secs_f64();
    let messages = received as f64;
    let cpu_s = (after.cpu - before.cpu).as_secs_f64();
    let (user, system) = (after.user - before.user, after.system - before.system);
    let ticks = (user + system).as_secs_f64();
    let a_message = |amount: f64| (messages > 0.0).then(|| amount / messages);
    let part = |part: Nanos| {
        let share = (ticks > 0.0).then(|| part.as_secs_f64() / ticks)?;
        a_message(cpu_s * 1e6 * share)
    };
    let switches = |then: u64, now: u64| a_message(now.saturating_sub(then) as f64);
    let used_by = |(thread, now): (&u32, &Nanos)| {
        *now - before.threads.get(thread).copied().unwrap_or(Nanos::ZERO)
    };
    let busiest = after.threads.iter().map(used_by).max();
    let share = |s: f64| (span_s > 0.0).then(|| s / span_s);
    Server {
        cpu_us_per_message: a_message(cpu_s * 1e6),
        cpu_user_us_per_message: part(user),
        cpu_system_us_per_message: part(system),
        messages_per_cpu_s: (cpu_s > 0.0 && messages > 0.0).then(|| messages / cpu_s),
        cpu_share: share(cpu_s),
        busiest_thread_share: busiest.and_then(|span| share(span.as_secs_f64())),
        voluntary_switches_per_message: switches(
            before.voluntary_switches,
            after.voluntary_switches,
        ),
        involuntary_switches_per_message: switches(
            before.involuntary_switches,
            after.involuntary_switches,
        ),
        threads: u32::try_from(after.threads.len())
            .ok()
            .filter(|count| *count > 0),
        watched_s: Some(span_s),
        ..Server::default()
    }
}
