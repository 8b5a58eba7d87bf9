//! A bench: a server and what is to be asked of it, from a URL to a result.

use std::sync::Arc;

use wsbench_drive::host;
use wsbench_drive::run::StopSignal;
use wsbench_judge::condition;
use wsbench_judge::until::Until;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Plan, PlanSpec};
use wsbench_load::route::Target;
use wsbench_record::document::{Document, Ended, RunContext};
use wsbench_setting::{Paths, Spelling};

use crate::carrier::Carrier;
use crate::cores::{EmbeddedCores, threads_for};
use crate::defaults::{interval, target_to_come};
use crate::embedded::EmbeddedServer;
use crate::error::BenchError;
use crate::helpers::{Helpers, Serving};
use crate::machine::run_context;
use crate::observer::Observer;
use crate::reading::{ExpressionError, Judgement, ReadError, Reading};
use crate::redirects::{self, Follow};
use crate::runner::{LocalRunner, RunnerParts};
use crate::server_process::{RunningServer, ServerProcess};
use crate::target;

/// A result, and how the run came to its end.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The record of the run with its audit: what `wsbench --output` would store.
    pub document: Document,
    /// The way in which the run ended. One that was stopped, or whose server died, has measured
    /// what its document tells and no more.
    pub ended: Ended,
}

impl Outcome {
    /// The figure of this name, with its interval: `p99`, `response.p99.9`, `messages_per_s`,
    /// `errors.share`, `server.cpu_us_per_message`; any that `--fail-if` takes. `p99` alone is of
    /// the response time in the open loop and of the service time in the closed.
    ///
    /// # Errors
    /// [`ReadError`]: no such figure, or none in this run.
    pub fn read(&self, figure: &str) -> Result<Reading, ReadError> {
        Reading::of(&self.document, figure)
    }

    /// The judgement on a condition: `p99<5ms`, `errors.share<=0.01%`. It holds only where the
    /// whole interval of the figure is within the bound, so that noise cannot have made it hold.
    ///
    /// # Errors
    /// [`ExpressionError`] with the place in the text and what would be right there.
    pub fn judge(&self, condition: &str) -> Result<Judgement, ExpressionError> {
        let condition = condition::parse(condition)?;
        Ok(condition.judge(std::slice::from_ref(&self.document), None))
    }
}

/// A bench. It is given a server, settings and observers, and then run.
///
/// ```
/// # fn main() -> Result<(), wsbench::BenchError> {
/// use wsbench::{Bench, Nanos, StopRule};
///
/// let mut bench = Bench::embedded();
/// bench.spec().stop = StopRule::Duration(Nanos::from_millis(200));
/// bench.spec().clients.connections = 2;
/// let outcome = bench.run()?;
/// assert!(outcome.document.messages.answered > 0);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Bench {
    settings: Settings,
    /// Set where the server is the embedded one.
    embedded: Option<EmbeddedCores>,
    process: ServerProcess,
    follow: Option<Follow>,
    gate: bool,
    until: Option<Until>,
    observers: Vec<Box<dyn Observer>>,
    stop: StopSignal,
    helpers: Option<Arc<dyn Helpers>>,
    carrier: Option<Box<dyn Carrier>>,
    spelling: &'static dyn Spelling,
    command: String,
}

/// The settings of a bench, in one of two states.
enum Settings {
    /// As it was checked.
    Checked(Plan),
    /// As it is being written.
    Written(Box<PlanSpec>),
}

impl Bench {
    /// A bench against the server at `url`: `ws://HOST[:PORT][/PATH]`, `wss://…` or
    /// `HOST:PORT[/PATH]`.
    ///
    /// One connection with one message of 30 bytes in flight, for ten seconds, unless
    /// [`spec`](Self::spec) is told otherwise.
    ///
    /// # Errors
    /// [`BenchError::Url`].
    pub fn against(url: &str) -> Result<Self, BenchError> {
        Ok(Self::written(target::target(url)?))
    }

    /// A bench against wsbench's own echo server, which is started for it. Without
    /// [`helpers`](Self::helpers) it runs in a thread of this process and shares its cores.
    pub fn embedded() -> Self {
        Self {
            embedded: Some(EmbeddedCores::any()),
            ..Self::written(target_to_come())
        }
    }

    /// A bench of a plan that is checked already, carried out as it stands.
    pub fn of(plan: Plan) -> Self {
        Self::with(Settings::Checked(plan))
    }

    fn written(target: Target) -> Self {
        let mut spec = PlanSpec::against(target);
        // 32 bits are enough to differ, and exact in any JSON reader.
        spec.seed = u64::from(fastrand::u32(..));
        // Found when it is run, unless somebody says how many and how long.
        (spec.threads, spec.interval) = (0, Nanos::ZERO);
        Self::with(Settings::Written(Box::new(spec)))
    }

    fn with(settings: Settings) -> Self {
        Self {
            settings,
            embedded: None,
            process: ServerProcess::Unknown,
            follow: None,
            gate: false,
            until: None,
            observers: Vec::new(),
            stop: StopSignal::new(),
            helpers: None,
            carrier: None,
            spelling: &Paths,
            command: String::new(),
        }
    }

    /// The settings, to be changed; they are checked when the bench is run.
    ///
    /// No thread means as many as suit the machine; there are never more than connections. An
    /// interval of no length is a twentieth of the run, from 100 ms to a second.
    pub fn spec(&mut self) -> &mut PlanSpec {
        if let Settings::Checked(plan) = &self.settings {
            self.settings = Settings::Written(Box::new(PlanSpec::clone(plan)));
        }
        match &mut self.settings {
            Settings::Written(spec) => spec,
            Settings::Checked(_) => unreachable!("it was written just now"),
        }
    }

    /// The same, against the embedded server on these cores.
    pub fn on_embedded(self, cores: EmbeddedCores) -> Self {
        Self {
            embedded: Some(cores),
            ..self
        }
    }

    /// The same with what is known of the server's process, which is watched through the runs.
    pub fn server(self, process: ServerProcess) -> Self {
        Self { process, ..self }
    }

    /// The same, following redirects before the first run, or not.
    pub fn follow(self, follow: Option<Follow>) -> Self {
        Self { follow, ..self }
    }

    /// The same, with or without the conformance gate before the run: what it finds is in the
    /// result.
    pub fn gate(self, yes: bool) -> Self {
        Self { gate: yes, ..self }
    }

    /// The same, ending each run once a figure is known as well as asked.
    pub fn until(self, until: Option<Until>) -> Self {
        Self { until, ..self }
    }

    /// The same with one more observer.
    pub fn observe(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// The signal by which whatever is under way is stopped, from any thread.
    #[must_use]
    pub fn stop_signal(&self) -> StopSignal {
        self.stop.clone()
    }

    /// The same, stopped by a signal that is there already.
    pub fn stopped_by(self, stop: StopSignal) -> Self {
        Self { stop, ..self }
    }

    /// The same with programs that stand beside the runs.
    pub fn helpers(self, helpers: Arc<dyn Helpers>) -> Self {
        Self {
            helpers: Some(helpers),
            ..self
        }
    }

    /// The same, carried out by others.
    #[doc(hidden)]
    pub fn carried_by(self, carrier: Box<dyn Carrier>) -> Self {
        Self {
            carrier: Some(carrier),
            ..self
        }
    }

    /// The same, with settings called in all that is said of the runs as its user knows them; by
    /// the paths of [`spec`](Self::spec) otherwise.
    pub fn spelled(self, spelling: &'static dyn Spelling) -> Self {
        Self { spelling, ..self }
    }

    /// The same, of which the results say that this command has made them.
    pub fn command(self, command: String) -> Self {
        Self { command, ..self }
    }

    /// Makes one run and gives its result. Blocks until the run is over.
    ///
    /// # Errors
    /// [`BenchError`]: there is no result. A server that cannot be reached, or fails, has one.
    pub fn run(self) -> Result<Outcome, BenchError> {
        let gate = self.gate;
        let (mut runner, plan) = self.into_runner()?;
        let resolved = runner.prepare(&plan)?;
        if gate {
            runner.examine(&plan, &resolved)?;
        }
        runner.find_floor(&plan);
        let document = runner.carry_out(&plan, &resolved)?;
        let ended = document.ended;
        Ok(Outcome { document, ended })
    }

    /// Gets ready for many runs: starts the server where it is to be started, follows redirects,
    /// and gives the plan with its target. The gate is the caller's to ask for
    /// ([`LocalRunner::examine`]).
    ///
    /// # Errors
    /// The settings make no run, or the server does not come up.
    pub fn into_runner(self) -> Result<(LocalRunner, Plan), BenchError> {
        let plan = match self.settings {
            Settings::Checked(plan) => plan,
            Settings::Written(spec) => completed(*spec).check()?,
        };
        let (server, plan) = match self.embedded {
            Some(cores) => {
                let server = EmbeddedServer::start(&Serving::on(cores), self.helpers.as_deref())?;
                let plan = plan.towards(server.target().clone())?;
                (RunningServer::Embedded(server), plan)
            }
            None => {
                let helpers = self.helpers.as_ref();
                let server = RunningServer::of(&self.process, &plan, &self.stop, helpers)?;
                (server, plan)
            }
        };
        let plan = match self.follow {
            Some(follow) => {
                let mut random = fastrand::Rng::with_seed(plan.seed);
                redirects::followed(plan, follow, &mut random, &self.stop)?
            }
            None => plan,
        };
        let runner = LocalRunner::of(RunnerParts {
            server,
            stop: self.stop,
            context: RunContext {
                command: self.command,
                ..run_context()
            },
            bound: None,
            until: self.until,
            observers: self.observers,
            helpers: self.helpers,
            carrier: self.carrier,
            spelling: self.spelling,
        });
        Ok((runner, plan))
    }
}

/// The settings with what follows from the others.
fn completed(mut spec: PlanSpec) -> PlanSpec {
    if spec.threads == 0 {
        spec.threads = threads_for(&spec, &host::cpus()).max(1);
    }
    spec.threads = spec.threads.min(spec.clients.connections.max(1));
    if spec.interval == Nanos::ZERO {
        spec.interval = interval(spec.stop);
    }
    spec
}
