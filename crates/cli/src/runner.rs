//! Runs over the kernel's sockets, one after the other: the one way by which this program measures.
//!
//! A single run and the runs of every experiment go through here: checked, resolved, carried out,
//! put on record with the machine they were made on. What is shown meanwhile is the caller's, but
//! for the line that an experiment has after each run.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use anyhow::Context;
use wsbench_conformance::cases;
use wsbench_drive::examiner::Examiner;
use wsbench_drive::resolve::{self, Resolved};
use wsbench_drive::run::{self, Observer, Pulse, RunError, StopSignal};
use wsbench_drive::visit::Visitor;
use wsbench_experiment::runner::{Runner, RunnerError, Step};
use wsbench_judge::judged;
use wsbench_load::plan::Plan;
use wsbench_load::result::{self, Progress};
use wsbench_load::tally::LogRecord;
use wsbench_record::document::{Document, Ended, Floor, Record, RunContext};
use wsbench_record::gate::Stamp;
use wsbench_render::step_line::step_line;
use wsbench_transport::address::Address;

use crate::exit::{say, story};
use crate::floor;
use crate::interrupt::Interrupts;
use crate::machine::this_host;
use crate::plan::Order;
use crate::preflight;
use crate::redirects;
use crate::server_process::{Server, Watching};
use crate::shell_words::shell_words;
use crate::target;

/// How long the gate bears a server's silence.
const GATE_PATIENCE: Duration = Duration::from_secs(2);

/// Makes runs on this machine. Dropping it ends the embedded server, if it started one.
pub(crate) struct KernelRunner {
    /// What the documents of all runs say of their surroundings.
    context: RunContext,
    interrupts: Interrupts,
    began: Instant,
    is_quiet: bool,
    /// How long a run may take with all that is around it; it is ended in order then.
    bound: Option<Duration>,
    /// The floor of this machine, once it was sought; nothing in it where it could not be measured.
    floor: Option<Option<Floor>>,
    /// Held for as long as runs may be made against it.
    server: Server,
}

impl KernelRunner {
    /// Gets ready for runs of `order`, starting the embedded server where that is what is to be
    /// measured, and gives the plan with its target.
    ///
    /// # Errors
    /// The embedded server does not come up, or signals cannot be watched.
    pub(crate) fn start(order: Order, command_line: &[OsString]) -> anyhow::Result<(Self, Plan)> {
        let interrupts = Interrupts::watch().context("signals cannot be watched")?;
        let follow = order.follow;
        let (server, plan) = Server::of(order, &interrupts)?;
        let plan = match follow {
            Some(follow) => {
                let mut random = fastrand::Rng::with_seed(plan.seed);
                redirects::followed(plan, follow, &mut random)?
            }
            None => plan,
        };
        let runner = Self {
            context: RunContext {
                embedded_server: server.is_embedded(),
                ..context(command_line)
            },
            interrupts,
            began: Instant::now(),
            is_quiet: false,
            bound: None,
            floor: None,
            server,
        };
        Ok((runner, plan))
    }

    /// Gets ready for runs against a server that is up, one of many that are measured in turn: they
    /// say nothing of their own, and each is ended when it takes longer than `bound`.
    pub(crate) fn over(
        server: Server,
        interrupts: Interrupts,
        context: RunContext,
        bound: Duration,
    ) -> Self {
        Self {
            context: RunContext {
                embedded_server: server.is_embedded(),
                ..context
            },
            interrupts,
            began: Instant::now(),
            is_quiet: true,
            bound: Some(bound),
            floor: None,
            server,
        }
    }

    /// What a server that was started has said last; empty where it is none such or said nothing.
    pub(crate) fn last_words(&self) -> String {
        self.server.last_words()
    }

    /// The same, saying nothing of an experiment's steps.
    pub(crate) fn quiet(self, is_quiet: bool) -> Self {
        Self { is_quiet, ..self }
    }

    /// The requests to stop that every run heeds.
    pub(crate) fn interrupts(&self) -> &Interrupts {
        &self.interrupts
    }

    /// Makes sure that this machine has what `plan` needs, and finds the server's address.
    ///
    /// # Errors
    /// A limit that is certain to be hit, a host that does not resolve.
    pub(crate) fn prepare(&self, plan: &Plan) -> anyhow::Result<Resolved> {
        preflight::check(plan, &self.context.host)?;
        Ok(resolve::find(plan)?)
    }

    /// Puts the server through the conformance gate; every document from now on carries what was
    /// found.
    ///
    /// # Errors
    /// TLS cannot be had as the plan wants it.
    pub(crate) fn examine(&mut self, plan: &Plan, resolved: &Resolved) -> anyhow::Result<Stamp> {
        let visitor = Visitor::new(plan, resolved, GATE_PATIENCE)?;
        let examiner = Examiner {
            visitor: &visitor,
            target: &plan.target,
        };
        let stop = self.interrupts.stop_signal();
        let mut random = fastrand::Rng::with_seed(plan.seed);
        let all = cases::all(plan.seed);
        let begun = Instant::now();
        let is_late = || self.bound.is_some_and(|bound| begun.elapsed() > bound);
        let goes_on = |_: &_| !stop.is_requested() && !is_late();
        let findings = examiner.examine(&all, &mut random, goes_on);
        let stamp = Stamp::of(&findings);
        if !self.is_quiet {
            say(&format!("gate: {}", stamp.words()));
        }
        self.context.conformance = Some(stamp.clone());
        Ok(stamp)
    }

    /// Measures the floor of this machine where it bears on `plan`, once for all runs; not where
    /// the server measured is the one that makes the floor.
    pub(crate) fn find_floor(&mut self, plan: &Plan) {
        if floor::bears_on(plan) && !self.server.is_embedded() && self.floor.is_none() {
            let stop = self.interrupts.stop_signal();
            self.floor = Some(floor::measure(plan, stop));
        }
    }

    /// Carries `plan` out against the address that was found, and puts it on record.
    ///
    /// # Errors
    /// As [`run::run`].
    pub(crate) fn carry_out(
        &self,
        plan: &Plan,
        resolved: &Resolved,
        observer: &mut dyn Observer,
    ) -> Result<Document, RunError> {
        let asked = self.interrupts.stop_signal();
        let mut bounded = Bounded {
            inner: observer,
            asked: asked.clone(),
            stop: StopSignal::new(),
            ends: self.bound.map(|bound| Instant::now() + bound),
        };
        let stop = match self.bound {
            Some(_) => bounded.stop.clone(),
            None => asked.clone(),
        };
        let mut observer = Watching::new(&mut bounded, self.server.watch());
        let result = run::run(plan, resolved, &stop, &mut observer)?;
        let address = resolved.addresses.first();
        let context = RunContext {
            // Behind a proxy the server is where its own name says, if anywhere.
            loopback: address.is_some_and(Address::is_loopback)
                && (plan.connect.route.proxy.is_none()
                    || target::is_loopback(&plan.connect.route.place(&plan.target).host)),
            generator_bytes_per_connection: observer.growth.bytes_per_connection(),
            server: observer.watch.map(|watch| watch.finish(&result)),
            floor: self.floor.flatten().filter(|_| floor::bears_on(plan)),
            ..self.context.clone()
        };
        // Of many servers each has a row that says so.
        if matches!(result.ended, result::Ended::ServerDied) && self.bound.is_none() {
            self.server.tell_last_words();
        }
        Ok(judged(Record::of(&result, plan, &context)))
    }
}

impl Runner for KernelRunner {
    fn run(&mut self, plan: &Plan) -> Result<Document, RunnerError> {
        if self.interrupts.stop_signal().is_requested() {
            return Err(RunnerError::Interrupted);
        }
        let failed = |error: anyhow::Error| RunnerError::Failed(story(&error));
        let resolved = self.prepare(plan).map_err(failed)?;
        self.find_floor(plan);
        let carried_out = self.carry_out(plan, &resolved, &mut Unwatched);
        let document = carried_out.map_err(|error| failed(error.into()))?;
        match document.ended {
            Ended::Interrupted => Err(RunnerError::Interrupted),
            _ => Ok(document),
        }
    }

    fn now_s(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    fn told(&mut self, step: &Step<'_>) {
        if !self.is_quiet {
            say(&step_line(&step.name, step.document, step.left_s));
        }
    }
}

/// What the documents of a command's runs have in common.
pub(crate) fn context(command_line: &[OsString]) -> RunContext {
    RunContext {
        command: shell_words(command_line),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        host: this_host(),
        embedded_server: false,
        loopback: false, // until an address is known
        conformance: None,
        server: None, // until it was watched
        generator_bytes_per_connection: None,
        floor: None, // until a plan asks for it
    }
}

/// An observer, and a look at the clock beside it: a run that takes too long is ended in order.
struct Bounded<'a> {
    inner: &'a mut dyn Observer,
    /// What a user asks for.
    asked: StopSignal,
    /// What the run heeds.
    stop: StopSignal,
    ends: Option<Instant>,
}

impl Observer for Bounded<'_> {
    fn progress(&mut self, progress: &Progress) {
        self.inner.progress(progress);
    }

    fn log(&mut self, records: &[LogRecord]) {
        self.inner.log(records);
    }

    fn pulse(&mut self, pulse: &Pulse) {
        let is_late = self.ends.is_some_and(|ends| Instant::now() > ends);
        if is_late || self.asked.is_requested() {
            self.stop.request();
        }
        self.inner.pulse(pulse);
    }
}

/// Nobody looks on at a run that is a step of something larger.
pub(crate) struct Unwatched;

impl Observer for Unwatched {
    fn progress(&mut self, _: &Progress) {}

    fn log(&mut self, _: &[LogRecord]) {}
}
