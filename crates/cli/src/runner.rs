//! Runs over the kernel's sockets, one after the other: the one way by which this program measures.
//!
//! A single run and the runs of every experiment go through here: checked, resolved, carried out,
//! put on record with the machine they were made on. What is shown meanwhile is the caller's, but
//! for the line that an experiment has after each run.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use anyhow::Context;
use wsbench_conformance::cases;
use wsbench_drive::address::Address;
use wsbench_drive::examiner::Examiner;
use wsbench_drive::resolve::{self, Resolved};
use wsbench_drive::run::{self, Observer, RunError};
use wsbench_drive::visit::Visitor;
use wsbench_experiment::runner::{Runner, RunnerError, Step};
use wsbench_load::plan::Plan;
use wsbench_load::result::{self, LogRecord, Progress};
use wsbench_report::document::{Document, Ended, Floor, RunContext};
use wsbench_report::gate::Stamp;
use wsbench_report::step_line::step_line;

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
                command: shell_words(command_line),
                tool_version: env!("CARGO_PKG_VERSION").to_owned(),
                host: this_host(),
                embedded_server: server.is_embedded(),
                loopback: false, // until an address is known
                conformance: None,
                server: None, // until it was watched
                floor: None,  // until a plan asks for it
            },
            interrupts,
            began: Instant::now(),
            is_quiet: false,
            floor: None,
            server,
        };
        Ok((runner, plan))
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
    pub(crate) fn examine(&mut self, plan: &Plan, resolved: &Resolved) -> anyhow::Result<()> {
        let visitor = Visitor::new(plan, resolved, GATE_PATIENCE)?;
        let examiner = Examiner {
            visitor: &visitor,
            target: &plan.target,
        };
        let stop = self.interrupts.stop_signal();
        let mut random = fastrand::Rng::with_seed(plan.seed);
        let all = cases::all(plan.seed);
        let findings = examiner.examine(&all, &mut random, |_| !stop.is_requested());
        let stamp = Stamp::of(&findings);
        if !self.is_quiet {
            say(&format!("gate: {}", stamp.words()));
        }
        self.context.conformance = Some(stamp);
        Ok(())
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
        let mut observer = Watching {
            inner: observer,
            watch: self.server.watch(),
        };
        let stop = self.interrupts.stop_signal();
        let result = run::run(plan, resolved, stop, &mut observer)?;
        let address = resolved.addresses.first();
        let context = RunContext {
            // Behind a proxy the server is where its own name says, if anywhere.
            loopback: address.is_some_and(Address::is_loopback)
                && (plan.connect.route.proxy.is_none()
                    || target::is_loopback(&plan.connect.route.place(&plan.target).host)),
            server: observer.watch.map(|watch| watch.finish(&result)),
            floor: self.floor.flatten().filter(|_| floor::bears_on(plan)),
            ..self.context.clone()
        };
        if matches!(result.ended, result::Ended::ServerDied) {
            self.server.tell_last_words();
        }
        Ok(Document::new(&result, plan, &context))
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

/// Nobody looks on at a run that is a step of something larger.
pub(crate) struct Unwatched;

impl Observer for Unwatched {
    fn progress(&mut self, _: &Progress) {}

    fn log(&mut self, _: &[LogRecord]) {}
}
