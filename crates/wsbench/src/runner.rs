//! Runs over the kernel's sockets, one after the other: the one way by which runs are measured.
//!
//! A single run and the runs of every experiment go through here: checked, resolved, carried out,
//! put on record with the machine they were made on. Whoever looks on is an [`Observer`], and all
//! of them hear of every run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wsbench_conformance::cases;
use wsbench_drive::blocking_client::BlockingClient;
use wsbench_drive::examiner::{self, Examiner};
use wsbench_drive::resolve::{self, Resolved};
use wsbench_drive::run::{self, Pulse, StopSignal};
use wsbench_experiment::runner::{Runner, RunnerError, Step};
use wsbench_judge::judged;
use wsbench_judge::until::{Until, Watch};
use wsbench_load::plan::Plan;
use wsbench_load::result::{self, Progress};
use wsbench_record::document::{Document, Ended, Floor, Host, Record, RunContext};
use wsbench_record::gate::Stamp;
use wsbench_setting::Spelling;
use wsbench_transport::address::Address;

use crate::carrier::{Carried, Carrier};
use crate::error::BenchError;
use crate::floor;
use crate::helpers::Helpers;
use crate::observer::{Observer, Observers, Wish};
use crate::preflight;
use crate::server_process::RunningServer;
use crate::story::story;
use crate::target;

/// The time for which the gate bears a server's silence.
const GATE_PATIENCE: Duration = Duration::from_secs(2);

/// A runner on this machine. Dropping it ends the server, if it started one.
pub struct LocalRunner {
    /// The surroundings that the documents of all runs tell of.
    context: RunContext,
    /// The signal that stops whatever is under way.
    stop: StopSignal,
    began: Instant,
    /// The longest that a run may take with all that is around it; it is ended in order then.
    bound: Option<Duration>,
    /// The figure that ends a run once it is known.
    until: Option<Until>,
    /// The floor of this machine, once it was sought; nothing in it where it could not be measured.
    floor: Option<Option<Floor>>,
    observers: Vec<Box<dyn Observer>>,
    helpers: Option<Arc<dyn Helpers>>,
    /// Whoever carries the runs out in the place of this process.
    carrier: Option<Box<dyn Carrier>>,
    /// The words for settings in what is said of a run.
    spelling: &'static dyn Spelling,
    /// Held for as long as runs may be made against it.
    server: RunningServer,
}

/// The parts that a runner is made of.
pub(crate) struct RunnerParts {
    pub(crate) server: RunningServer,
    pub(crate) stop: StopSignal,
    pub(crate) context: RunContext,
    pub(crate) bound: Option<Duration>,
    pub(crate) until: Option<Until>,
    pub(crate) observers: Vec<Box<dyn Observer>>,
    pub(crate) helpers: Option<Arc<dyn Helpers>>,
    pub(crate) carrier: Option<Box<dyn Carrier>>,
    pub(crate) spelling: &'static dyn Spelling,
}

impl LocalRunner {
    /// Gets ready for runs against a server that is up.
    pub(crate) fn of(parts: RunnerParts) -> Self {
        let RunnerParts {
            server,
            stop,
            context,
            bound,
            until,
            observers,
            helpers,
            carrier,
            spelling,
        } = parts;
        Self {
            context: RunContext {
                embedded_server: server.is_embedded(),
                ..context
            },
            stop,
            began: Instant::now(),
            bound,
            until,
            floor: None,
            observers,
            helpers,
            carrier,
            spelling,
            server,
        }
    }

    /// Adds an observer to those of every run from now on.
    pub fn observe(&mut self, observer: impl Observer + 'static) {
        self.observers.push(Box::new(observer));
    }

    /// The observers, who hear no more of this runner.
    pub(crate) fn into_observers(self) -> Vec<Box<dyn Observer>> {
        self.observers
    }

    /// The last words of a server that was started; empty where it is none such or said nothing.
    pub(crate) fn last_words(&self) -> String {
        self.server.last_words().unwrap_or_default()
    }

    /// True where the load comes from other machines.
    fn is_elsewhere(&self) -> bool {
        self.carrier
            .as_ref()
            .is_some_and(|carrier| carrier.is_elsewhere())
    }

    /// Makes sure that this machine has what `plan` needs, and finds the server's address. Where the load
    /// comes from other machines they do so.
    ///
    /// # Errors
    /// A limit that is certain to be hit, a host that does not resolve.
    pub fn prepare(&self, plan: &Plan) -> Result<Resolved, BenchError> {
        if self.is_elsewhere() {
            return Ok(Resolved::elsewhere());
        }
        preflight::check(plan, &self.context.host, self.spelling)?;
        Ok(resolve::find(plan, &|| self.stop.is_requested())?)
    }

    /// What may well go wrong with local ports in a run by `plan`, in words.
    #[must_use]
    pub fn foretold(&self, plan: &Plan, resolved: &Resolved) -> Vec<String> {
        let is_here = resolved.addresses.first().is_some_and(Address::is_loopback);
        preflight::foretold(plan, is_here, &self.context.host, self.spelling)
    }

    /// Puts the server through the conformance gate; every document from now on carries what was
    /// found.
    ///
    /// # Errors
    /// TLS cannot be had as the plan wants it.
    pub fn examine(&mut self, plan: &Plan, resolved: &Resolved) -> Result<Stamp, BenchError> {
        let client = BlockingClient::new(plan, resolved, GATE_PATIENCE)?;
        let mut random = fastrand::Rng::with_seed(plan.seed);
        let mut nonce = [0; 16];
        random.fill(&mut nonce);
        let examiner = Examiner {
            client: &client,
            target: &plan.target,
            greeting: examiner::greeting(&client, &plan.target, nonce),
        };
        let all = cases::all(plan.seed);
        let begun = Instant::now();
        let is_late = || self.bound.is_some_and(|bound| begun.elapsed() > bound);
        let goes_on = |_: &_| !self.stop.is_requested() && !is_late();
        let findings = examiner.examine(&all, &mut random, goes_on);
        let stamp = Stamp::of(&findings);
        for observer in &mut self.observers {
            observer.gate(&stamp);
        }
        self.context.conformance = Some(stamp.clone());
        Ok(stamp)
    }

    /// Measures the floor of this machine where it bears on `plan`, once for all runs; not where
    /// the server measured is the one that makes the floor.
    pub fn find_floor(&mut self, plan: &Plan) {
        let is_here = !self.is_elsewhere();
        if is_here && floor::bears_on(plan) && !self.server.is_embedded() && self.floor.is_none() {
            let helpers = self.helpers.as_deref();
            self.floor = Some(floor::measure(plan, &self.stop, helpers));
        }
    }

    /// Carries `plan` out against the address that was found, and puts it on record.
    ///
    /// # Errors
    /// [`BenchError::Run`].
    pub fn carry_out(&mut self, plan: &Plan, resolved: &Resolved) -> Result<Document, BenchError> {
        self.carry_out_until(plan, resolved, &mut |_| false)
    }

    /// What surrounds a run of this plan, as far as it is known before it: where the server is, this
    /// machine, how far the server conforms, the floor.
    #[must_use]
    pub fn surroundings(&self, plan: &Plan, resolved: &Resolved) -> RunContext {
        let (address, route) = (resolved.addresses.first(), &plan.connect.route);
        RunContext {
            // Behind a proxy the server is where its own name says, if anywhere.
            loopback: address.is_some_and(Address::is_loopback)
                && (route.proxy.is_none() || target::is_loopback(&route.place(&plan.target).host)),
            // Machines of a fleet tell of their own.
            host: match self.is_elsewhere() {
                true => Host::default(),
                false => self.context.host.clone(),
            },
            floor: self.floor.flatten().filter(|_| floor::bears_on(plan)),
            ..self.context.clone()
        }
    }

    /// The same, over as soon as `is_enough` says so of what was measured until then.
    fn carry_out_until(
        &mut self,
        plan: &Plan,
        resolved: &Resolved,
        is_enough: &mut dyn FnMut(&result::RunResult) -> bool,
    ) -> Result<Document, BenchError> {
        for observer in &mut self.observers {
            observer.begin(plan);
        }
        let until = self.until;
        let until = until.map(|it| it.about(plan.clients.headline_from_due()));
        let mut costs = self.server.watch();
        let mut bound = TimeBound(self.bound.map(|bound| Instant::now() + bound));
        let mut answer = Answer(until.map(Watch::new));
        let mut enough = Enough(is_enough);
        let mut members: Vec<&mut dyn Observer> = vec![&mut bound, &mut answer, &mut enough];
        members.extend(self.observers.iter_mut().map(|it| it.as_mut() as _));
        let mut observers = Observers::of(members, &self.stop).watching(&mut costs);
        let stop = observers.stop_signal();
        let carried = match &mut self.carrier {
            Some(carrier) => carrier.carry_out(plan, resolved, &stop, &mut observers)?,
            None => Carried::here(run::run(plan, resolved, &stop, &mut observers)?),
        };
        let Carried {
            result,
            fleet,
            agents,
            ..
        } = carried;
        let around = self.surroundings(plan, resolved);
        let context = RunContext {
            loopback: carried.loopback.unwrap_or(around.loopback),
            generator_bytes_per_connection: costs.bytes_per_connection(),
            server: costs.watch.map(|watch| watch.finish(&result)),
            ..around
        };
        let plan = carried.plan.as_ref().unwrap_or(plan);
        let record = Record::of(&result, plan, &context, self.spelling);
        let record = Record {
            fleet,
            agents,
            ..record
        };
        let record = match &answer.0 {
            Some(watch) => record.with_until(watch.outcome()),
            None => record,
        };
        let document = judged(record, self.spelling);
        for observer in &mut self.observers {
            observer.end(&document);
        }
        if matches!(result.ended, result::Ended::ServerDied)
            && let Some(last_words) = self.server.last_words()
        {
            for observer in &mut self.observers {
                observer.server_died(&last_words);
            }
        }
        Ok(document)
    }
}

impl Runner for LocalRunner {
    fn run(&mut self, plan: &Plan) -> Result<Document, RunnerError> {
        self.run_until(plan, &mut |_| false)
    }

    fn run_until(
        &mut self,
        plan: &Plan,
        is_enough: &mut dyn FnMut(&result::RunResult) -> bool,
    ) -> Result<Document, RunnerError> {
        if self.stop.is_requested() {
            return Err(RunnerError::Interrupted);
        }
        let failed = |error: BenchError| RunnerError::Failed(story(&error, self.spelling));
        let resolved = self.prepare(plan).map_err(failed)?;
        self.find_floor(plan);
        let document = self.carry_out_until(plan, &resolved, is_enough);
        let document = document.map_err(failed)?;
        match document.ended {
            Ended::Interrupted => Err(RunnerError::Interrupted),
            _ => Ok(document),
        }
    }

    fn spelling(&self) -> &dyn Spelling {
        self.spelling
    }

    fn now_s(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    fn told(&mut self, step: &Step<'_>) {
        for observer in &mut self.observers {
            observer.step(step);
        }
    }
}

/// A look at the clock beside a run: one that takes too long is ended in order.
struct TimeBound(Option<Instant>);

impl Observer for TimeBound {
    fn pulse(&mut self, _: &Pulse) -> Wish {
        match self.0 {
            Some(ends) if Instant::now() > ends => Wish::Stop,
            _ => Wish::Continue,
        }
    }
}

/// A run goes on until whoever asked for it has seen enough.
struct Enough<'a>(&'a mut dyn FnMut(&result::RunResult) -> bool);

impl Observer for Enough<'_> {
    fn progress(&mut self, progress: &Progress) -> Wish {
        match (self.0)(&progress.so_far) {
            true => Wish::Enough,
            false => Wish::Continue,
        }
    }
}

/// A run goes on until its answer is known, where one is sought.
struct Answer(Option<Watch>);

impl Observer for Answer {
    fn progress(&mut self, progress: &Progress) -> Wish {
        let is_enough = |watch: &mut Watch| watch.is_enough(&progress.so_far.slices);
        match self.0.as_mut().is_some_and(is_enough) {
            true => Wish::Enough,
            false => Wish::Continue,
        }
    }
}
