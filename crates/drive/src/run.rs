//! One run from beginning to end: threads out, results in.
//!
//! It starts the workers, collects what they hand over on the calling thread, and yields one
//! result. How a worker works is `worker`'s affair.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};

use thiserror::Error;
use wsbench_load::context::Context;
use wsbench_load::plan::{Http, Plan, Timestamps};
use wsbench_load::quota::Quota;
use wsbench_load::result::{RunResult, Stamps};
use wsbench_transport::address::Address;
use wsbench_transport::dial::{Dialer, SourceError, check_sources};

use crate::clock::Clock;
use crate::collector::Collector;
pub use crate::collector::Observer;
use crate::engine::Engine;
use crate::handover::{Handover, Outlet, Period};
use crate::host::{self, Counters};
#[cfg(feature = "http2")]
use crate::multiplexed::Multiplexed;
use crate::pulse::Pulses;
pub use crate::pulse::{Moment, Pulse};
use crate::readiness::Readiness;
use crate::resolve::Resolved;
use crate::shared::Shared;
pub use crate::shared::StopSignal;
use crate::stamps;
use crate::tls::{self, TlsError};
use crate::worker::Worker;

/// A run could not be carried out.
#[derive(Debug, Error)]
pub enum RunError {
    /// Found before anything is started: the plan needs more descriptors than the process may
    /// open.
    #[error(
        "{connections} connections need {needed} file descriptors, but this process may open \
         {limit}; raise the limit with `ulimit -n {needed}` or use fewer connections (-c)"
    )]
    TooFewDescriptors {
        /// Connections asked for.
        connections: u32,
        /// Descriptors needed.
        needed: u64,
        /// Descriptors allowed.
        limit: u64,
    },
    /// Found before anything is started: the plan demands time stamps that the kernel does not
    /// give.
    #[error(
        "this system gives no receive time stamps for TCP (SO_TIMESTAMPNS was tried out on \
         loopback); use --timestamps auto or user"
    )]
    NoStamps,
    /// Connections cannot come from where the plan wants them to.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Kernel time stamps are wanted over a socket that has none.
    #[error(
        "the kernel stamps nothing that comes through a Unix socket; use --timestamps auto or user"
    )]
    NoUnixStamps,
    /// TLS cannot be had as the plan wants it.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The plan wants HTTP/2, and the feature was left out when this was built.
    #[cfg(not(feature = "http2"))]
    #[error("this wsbench was built without HTTP/2; build it with --features http2")]
    NoHttp2,
    /// The kernel gave no event queue.
    #[error("cannot set up the event queue: {0}; check `ulimit -n`")]
    NoEventQueue(io::Error),
    /// The system gave no thread.
    #[error("cannot start a generator thread: {0}; use fewer threads (-t)")]
    NoThread(io::Error),
    /// Waiting for events failed in the middle of the run.
    #[error("waiting for events failed: {0}; this is a fault of the system or of wsbench")]
    Waiting(io::Error),
    /// A generator thread panicked: a fault in wsbench.
    #[error("a generator thread panicked; this is a fault in wsbench, please report it")]
    Panicked,
}

/// Carries `plan` out against the first of the resolved addresses. Blocks until the run is over;
/// `observer` hears of it on this thread meanwhile. `stop` ends it in order at any time.
///
/// # Errors
/// The run could not be set up, or a thread failed. Failures of the server or of connections are
/// no errors here: they are in the result.
pub fn run(
    plan: &Plan,
    resolved: &Resolved,
    stop: &StopSignal,
    observer: &mut dyn Observer,
) -> Result<RunResult, RunError> {
    check_descriptors(plan)?;
    check_sources(&plan.connect.route.sources)?;
    let stamps = stamps(plan)?;
    let secure = plan.target.secure;
    let tls = secure.then(|| tls::client(&plan.tls, &plan.target));
    let tls = tls.transpose()?;
    let clock = Clock::start();
    let address = &resolved.addresses[0];
    let workers = plan.threads as usize;
    let shared = Shared::new(plan.threads, plan.replaces_clients(), stop.clone());
    let quota = Quota::new(plan);
    let (filled, handovers) = channel();
    // Before anybody connects: what the first connections meet is counted as well.
    let mut pressure = Pressure::from(&clock);
    let mut returns = Vec::with_capacity(workers);
    let mut threads = Vec::with_capacity(workers);
    for index in 0..workers {
        let slots = share_of(plan.connections as usize, workers, index);
        let dialer = Dialer::new(address.clone())
            .from_sources(plan.connect.route.sources.clone(), index, workers)
            .through(resolved.tunnel(plan))
            .encrypted(tls.clone());
        let engine = engine(plan, stamps, &clock, dialer, slots).map_err(RunError::NoEventQueue)?;
        let (outlet, back) = Outlet::new(index, filled.clone());
        returns.push(back);
        let context = context(plan, &quota, address, index, &clock);
        let shared = shared.clone();
        let place = Place {
            index,
            cpu: plan.cpus.get(index % plan.cpus.len().max(1)).copied(),
        };
        let thread = match plan.connect.http {
            Http::One => place.spawn(Worker::new(engine, context, shared, outlet, slots)),
            #[cfg(feature = "http2")]
            Http::Two { streams } => {
                let engine = Multiplexed::new(engine, slots, streams as usize, secure);
                place.spawn(Worker::new(engine, context, shared, outlet, slots))
            }
            #[cfg(not(feature = "http2"))]
            Http::Two { .. } => return Err(RunError::NoHttp2),
        };
        threads.push(
            thread
                .inspect_err(|_| stop.request())
                .map_err(RunError::NoThread)?,
        );
    }
    drop(filled);
    let mut collector = Collector::new(plan, returns, clock.started_at_unix_ms());
    let mut pulses = Pulses::new(plan);
    // Ends when every worker has hung up, be it by panicking.
    loop {
        while let Some(pulse) = pulses.due(clock.now(), &shared) {
            observer.pulse(&pulse);
        }
        match handovers.recv_timeout(pulses.wait(clock.now())) {
            Ok(handover) => {
                pressure.look_up(&handover, &clock);
                collector.take(handover, observer);
            }
            Err(RecvTimeoutError::Timeout) if threads.iter().all(|t| t.is_finished()) => break,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    for thread in threads {
        thread
            .join()
            .map_err(|_| RunError::Panicked)?
            .map_err(RunError::Waiting)?;
    }
    let mut result = collector.finish(&shared, clock.now());
    result.addresses = resolved.addresses.iter().map(ToString::to_string).collect();
    result.handshake.dns = resolved.took;
    result.stamps = stamps;
    let mut pressed = pressure.opened.until(&pressure.closed);
    if plan.connect.route.unix_socket.is_some() {
        // Whatever TCP had trouble with was not of this run.
        pressed.tcp_trouble.clear();
    }
    result.pressure = Some(pressed);
    Ok(result)
}

/// Where a worker works.
struct Place {
    index: usize,
    /// The core that it is pinned to.
    cpu: Option<usize>,
}

impl Place {
    /// Starts the worker's thread.
    fn spawn<E: Engine + Send + 'static>(
        self,
        worker: Worker<E>,
    ) -> io::Result<JoinHandle<io::Result<()>>> {
        let Self { index, cpu } = self;
        let body = move || {
            // Where pinning is refused the scheduler chooses; the figures do not depend on it.
            let _ = cpu.is_some_and(host::pin_thread);
            host::wake_on_time();
            worker.run()
        };
        let name = format!("generator-{index}");
        thread::Builder::new().name(name).spawn(body)
    }
}

/// What the sessions of a worker share, with what only a driver knows.
fn context(plan: &Plan, quota: &Quota, peer: &Address, worker: usize, clock: &Clock) -> Context {
    let mut context = Context::new(plan, quota.clone(), peer.to_string(), worker as u32);
    let epoch_ns = clock.started_at_unix_ms() * 1_000_000;
    context.source.set_epoch(epoch_ns);
    if let Some(workshop) = &mut context.compression {
        let clock = clock.clone();
        workshop.set_stopwatch(Box::new(move || clock.now()));
    }
    context
}

/// The machine's counters at the ends of the measured window, as nearly as handovers tell them.
struct Pressure {
    opened: Counters,
    closed: Counters,
}

impl Pressure {
    fn from(clock: &Clock) -> Self {
        let opened = Counters::read(clock.now());
        let closed = opened.clone();
        Self { opened, closed }
    }

    fn look_up(&mut self, handover: &Handover, clock: &Clock) {
        // One worker's handovers are enough, and the reading costs a tenth of a millisecond.
        match handover.period {
            _ if handover.worker > 0 => {}
            Period::Before => *self = Self::from(clock),
            Period::Interval(..) => self.closed = Counters::read(clock.now()),
            Period::After => {}
        }
    }
}

/// Whose receive time stamps the run gets: the kernel's where they are wanted and granted.
fn stamps(plan: &Plan) -> Result<Stamps, RunError> {
    let is_unix = plan.connect.route.unix_socket.is_some();
    match plan.timestamps {
        Timestamps::Kernel if is_unix => Err(RunError::NoUnixStamps),
        Timestamps::User => Ok(Stamps::User),
        Timestamps::Auto if is_unix => Ok(Stamps::User),
        _ if stamps::are_granted() => Ok(Stamps::Kernel),
        Timestamps::Auto => Ok(Stamps::User),
        Timestamps::Kernel => Err(RunError::NoStamps),
    }
}

fn engine(
    plan: &Plan,
    stamps: Stamps,
    clock: &Clock,
    dialer: Dialer,
    slots: usize,
) -> io::Result<Readiness> {
    let mut engine = Readiness::new(clock.clone(), dialer, slots)?;
    if stamps == Stamps::Kernel {
        engine = engine.with_stamps();
    }
    if plan.busy_poll {
        Ok(engine.with_busy_poll())
    } else if plan.has_due_times() {
        engine.with_pace(plan.pace)
    } else {
        Ok(engine)
    }
}

fn check_descriptors(plan: &Plan) -> Result<(), RunError> {
    let needed = host::descriptors_needed(plan.tcp_connections(), plan.threads);
    match host::raise_descriptor_limit() {
        Some(limit) if limit < needed => Err(RunError::TooFewDescriptors {
            connections: plan.connections,
            needed,
            limit,
        }),
        _ => Ok(()),
    }
}

/// How many of `whole` fall to part `index` of `parts`, as evenly as whole numbers allow.
pub(crate) fn share_of(whole: usize, parts: usize, index: usize) -> usize {
    whole / parts + usize::from(index < whole % parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_the_whole() {
        for whole in 0..50 {
            for parts in 1..9 {
                let sum: usize = (0..parts).map(|index| share_of(whole, parts, index)).sum();
                assert_eq!(sum, whole);
            }
        }
    }
}
