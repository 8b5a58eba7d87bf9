//! The server's process, where it is known: the embedded one, one that was started (`--exec`), or
//! one that was there (`--server-pid`). It is watched through every run, and what was started is
//! gone when this is dropped.

use std::process::Command;

use anyhow::Context;
use wsbench_drive::run::{Moment, Observer, Pulse};
use wsbench_drive::{host, resolve};
use wsbench_experiment::target::exec::{ExecError, READY_WITHIN, StartedServer};
use wsbench_experiment::target::growth::Growth;
use wsbench_experiment::target::watch::ServerWatch;
use wsbench_load::plan::Plan;
use wsbench_load::result::Progress;
use wsbench_load::tally::LogRecord;
use wsbench_record::document::CountedProcesses;

use crate::embedded::EmbeddedServer;
use crate::exit::say;
use crate::interrupt::Interrupts;
use crate::plan::{Order, ServerProcess, ServerUnderTest};
use crate::quantity::CpuList;
use crate::usage::UsageError;

/// The server's process.
#[derive(Debug)]
pub(crate) enum Server {
    /// None that is known.
    Unknown,
    /// Our own.
    Embedded(EmbeddedServer),
    /// One that was there before and will be afterwards.
    Named(u32),
    /// One that was started for the runs.
    Started(StartedServer),
}

impl Server {
    /// Starts or finds the server of `order`, and gives the plan with its target.
    ///
    /// # Errors
    /// [`UsageError`] for a process that is not there and an address that is taken; a server that
    /// does not come up.
    pub(crate) fn of(order: Order, interrupts: &Interrupts) -> anyhow::Result<(Self, Plan)> {
        let target = match order.server.clone() {
            ServerUnderTest::Embedded(cores) => {
                let server = EmbeddedServer::start(&cores, order.is_compressed())?;
                let target = server.target().clone();
                return Ok((Self::Embedded(server), order.plan_against(target)?));
            }
            ServerUnderTest::At(target) => target,
        };
        let process = order.process.clone();
        let plan = order.plan_against(target)?;
        let server = match process {
            ServerProcess::Unknown => Self::Unknown,
            ServerProcess::Named(pid) => {
                if ServerWatch::of(pid, CountedProcesses::Named).is_none() {
                    return Err(UsageError::NoSuchProcess { pid }.into());
                }
                Self::Named(pid)
            }
            ServerProcess::Exec { command, cpus } => {
                Self::Started(started(&command, &cpus, &plan, interrupts)?)
            }
        };
        Ok((server, plan))
    }

    /// Whether it is wsbench's own.
    pub(crate) fn is_embedded(&self) -> bool {
        matches!(self, Self::Embedded(_))
    }

    /// Watches it from now on; nothing where its process is unknown or gone.
    pub(crate) fn watch(&self) -> Option<ServerWatch> {
        match self {
            Self::Unknown => None,
            Self::Embedded(server) => ServerWatch::of(server.pid(), CountedProcesses::Embedded),
            Self::Named(pid) => ServerWatch::of(*pid, CountedProcesses::Named),
            Self::Started(server) => ServerWatch::below(server.supervisor(), server.pid()),
        }
    }

    /// What a server that was started has said last; empty where it is none such.
    pub(crate) fn last_words(&self) -> String {
        match self {
            Self::Started(server) => server.last_words().to_string(),
            Self::Unknown | Self::Embedded(_) | Self::Named(_) => String::new(),
        }
    }

    /// Tells the user what a server that was started has said last: its runs have failed.
    pub(crate) fn tell_last_words(&self) {
        if let Self::Started(server) = self {
            say(&format!(
                "the server of --exec has failed{}",
                server.last_words()
            ));
        }
    }
}

/// Starts a server by its command line.
fn started(
    command: &str,
    cpus: &[usize],
    plan: &Plan,
    interrupts: &Interrupts,
) -> anyhow::Result<StartedServer> {
    let addresses = resolve::find(plan)?.addresses;
    let program = std::env::current_exe().context("this program cannot be found")?;
    let mut supervisor = Command::new(program);
    supervisor.arg("supervise");
    if !cpus.is_empty() {
        supervisor
            .arg("--pin")
            .arg(CpuList(cpus.to_vec()).to_string());
    }
    supervisor.arg("--").arg(command);
    let said = tempfile::tempfile().context("no file for what the server says")?;
    let stop = interrupts.stop_signal();
    let is_stopped = || stop.is_requested();
    let server = StartedServer::start(
        supervisor,
        command,
        &addresses,
        said,
        READY_WITHIN,
        is_stopped,
    );
    server.map_err(|error| match error {
        ExecError::Occupied { address } => UsageError::ExecOccupied { address }.into(),
        error => error.into(),
    })
}

/// An observer, and the server's watch beside it.
pub(crate) struct Watching<'a> {
    pub(crate) inner: &'a mut dyn Observer,
    pub(crate) watch: Option<ServerWatch>,
    /// wsbench's own memory while connections are opened.
    pub(crate) growth: Growth,
}

impl<'a> Watching<'a> {
    pub(crate) fn new(inner: &'a mut dyn Observer, watch: Option<ServerWatch>) -> Self {
        Self {
            inner,
            watch,
            growth: Growth::beginning(own_rss()),
        }
    }
}

/// Memory of this process, bytes.
fn own_rss() -> Option<u64> {
    host::process_rss(std::process::id())
}

impl Observer for Watching<'_> {
    fn progress(&mut self, progress: &Progress) {
        self.inner.progress(progress);
    }

    fn log(&mut self, records: &[LogRecord]) {
        self.inner.log(records);
    }

    fn pulse(&mut self, pulse: &Pulse) {
        if let Some(watch) = &mut self.watch {
            watch.pulse(pulse);
        }
        if matches!(pulse.moment, Moment::Connecting | Moment::Ready) {
            self.growth.note(pulse.alive, own_rss);
        }
        self.inner.pulse(pulse);
    }
}
