//! `wsbench supervise`: what stands between a run and the server that `--exec` starts, so that the
//! server ends with the run whatever ends the run. No command for people.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use clap::Args;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use wsbench_drive::host;
use wsbench_experiment::target::supervisor;

use crate::exit::Exit;
use wsbench::quantity::{self, CpuList};

/// Start a server and end it, and all that it started, when standard input closes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Supervise {
    /// Cores that it may use.
    #[arg(long, value_name = "CORES", value_parser = quantity::cpu_list)]
    pin: Option<CpuList>,
    /// The command line, for the shell.
    #[arg(value_name = "CMD", allow_hyphen_values = true)]
    command: String,
}

/// Supervises until the end.
///
/// # Errors
/// Cores that cannot be had, a shell that cannot be started.
pub(crate) fn run(supervise: &Supervise) -> anyhow::Result<Exit> {
    if let Some(CpuList(cpus)) = &supervise.pin {
        // What is started inherits the cores of who starts it.
        let is_pinned = host::pin_thread_to(cpus);
        anyhow::ensure!(is_pinned, "the system does not give the server these cores");
    }
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        flag::register(signal, Arc::clone(&stop)).context("signals cannot be watched")?;
    }
    supervisor::supervise(&supervise.command, &stop).context("the server cannot be started")?;
    Ok(Exit::Ok)
}
