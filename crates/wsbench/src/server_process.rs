//! The server's process, where it is known: the embedded one, one that was started, or one that was
//! there. It is watched through every run, and what was started is gone when this is dropped.

use std::sync::Arc;

use wsbench_drive::run::{Moment, Pulse, StopSignal};
use wsbench_drive::{host, resolve};
use wsbench_experiment::target::exec::{READY_WITHIN, StartedServer};
use wsbench_experiment::target::growth::Growth;
use wsbench_experiment::target::watch::ServerWatch;
use wsbench_load::plan::Plan;
use wsbench_load::result::Progress;
use wsbench_record::document::{CountedProcesses, Server};

use crate::embedded::EmbeddedServer;
use crate::error::BenchError;
use crate::helpers::Helpers;

/// The process of a server that is not the embedded one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerProcess {
    /// Nothing is known of it.
    #[default]
    Unknown,
    /// It has this number, and is watched through the runs.
    Named(u32),
    /// It is to be started for the runs, watched through them, and ended with all that it has
    /// started. That takes [`Helpers`].
    Exec {
        /// By the shell, with this command line.
        command: String,
        /// On these cores; on any when empty.
        cpus: Vec<usize>,
    },
}

/// The server's process while runs are made.
#[derive(Debug)]
pub(crate) enum RunningServer {
    /// None that is known.
    Unknown,
    /// Our own.
    Embedded(EmbeddedServer),
    /// One that was there before and will be afterwards.
    Named(u32),
    /// One that was started for the runs.
    Started(StartedServer),
}

impl RunningServer {
    /// Starts or finds the process of the server of `plan`.
    ///
    /// # Errors
    /// A process that is not there, an address that is taken, a server that does not come up.
    pub(crate) fn of(
        process: &ServerProcess,
        plan: &Plan,
        stop: &StopSignal,
        helpers: Option<&Arc<dyn Helpers>>,
    ) -> Result<Self, BenchError> {
        match process {
            ServerProcess::Unknown => Ok(Self::Unknown),
            ServerProcess::Named(pid) => {
                if ServerWatch::of(*pid, CountedProcesses::Named).is_none() {
                    return Err(BenchError::NoSuchProcess { pid: *pid });
                }
                Ok(Self::Named(*pid))
            }
            ServerProcess::Exec { command, cpus } => {
                let helpers = helpers.ok_or(BenchError::NoHelpers)?;
                let started = started(command, cpus, plan, stop, helpers.as_ref());
                started.map(Self::Started)
            }
        }
    }

    /// True of wsbench's own.
    pub(crate) fn is_embedded(&self) -> bool {
        matches!(self, Self::Embedded(_))
    }

    /// True of one that runs within this very process.
    fn is_here(&self) -> bool {
        matches!(self, Self::Embedded(server) if server.pid().is_none())
    }

    /// Watches it, and this process's memory, from now on.
    pub(crate) fn watch(&self) -> Costs {
        let watch = match self {
            Self::Unknown => None,
            Self::Embedded(server) => server
                .pid()
                .and_then(|pid| ServerWatch::of(pid, CountedProcesses::Embedded)),
            Self::Named(pid) => ServerWatch::of(*pid, CountedProcesses::Named),
            Self::Started(server) => ServerWatch::below(server.supervisor(), server.pid()),
        };
        Costs {
            watch,
            // What a server takes in the same process would be told of the generator.
            growth: (!self.is_here()).then(|| Growth::beginning(own_rss())),
        }
    }

    /// The last words of a server that was started; `None` where it is none such.
    pub(crate) fn last_words(&self) -> Option<String> {
        match self {
            Self::Started(server) => Some(server.last_words().to_string()),
            Self::Unknown | Self::Embedded(_) | Self::Named(_) => None,
        }
    }
}

/// Starts a server by its command line.
fn started(
    command: &str,
    cpus: &[usize],
    plan: &Plan,
    stop: &StopSignal,
    helpers: &dyn Helpers,
) -> Result<StartedServer, BenchError> {
    let addresses = resolve::find(plan, &|| stop.is_requested())?.addresses;
    let supervisor = helpers.supervise(command, cpus);
    let supervisor = supervisor.map_err(BenchError::Helper)?;
    let said = tempfile::tempfile().map_err(BenchError::NoFile)?;
    let is_stopped = || stop.is_requested();
    let server = StartedServer::start(
        supervisor,
        command,
        &addresses,
        said,
        READY_WITHIN,
        is_stopped,
    );
    Ok(server?)
}

/// A look at what a run costs: the server's process, and this process's memory while
/// connections are opened.
pub(crate) struct Costs {
    pub(crate) watch: Option<ServerWatch>,
    growth: Option<Growth>,
}

impl Costs {
    /// Memory of this process by connection, bytes, where that could be told.
    pub(crate) fn bytes_per_connection(&self) -> Option<f64> {
        self.growth.as_ref().and_then(Growth::bytes_per_connection)
    }
}

/// Memory of this process, bytes.
fn own_rss() -> Option<u64> {
    host::process_rss(std::process::id())
}

impl Costs {
    /// Use by the server's process in the window so far.
    pub(crate) fn so_far(&self, progress: &Progress) -> Option<Server> {
        self.watch.as_ref()?.so_far(progress)
    }

    /// Looks, as far as it is the moment for it.
    pub(crate) fn pulse(&mut self, pulse: &Pulse) {
        if let Some(watch) = &mut self.watch {
            watch.pulse(pulse);
        }
        if let Some(growth) = &mut self.growth
            && matches!(pulse.moment, Moment::Connecting | Moment::Ready)
        {
            growth.note(pulse.alive, own_rss);
        }
    }
}
