//! This very program as what stands beside runs: `serve` is the embedded server, `supervise` ends
//! servers that were started.

use std::env;
use std::io;
use std::process::Command;

use crate::environment;
use wsbench::quantity::CpuList;
use wsbench::{Helpers, Serving};

/// This program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ThisProgram;

impl Helpers for ThisProgram {
    fn serve(&self, how: &Serving) -> io::Result<Command> {
        let mut command = Command::new(env::current_exe()?);
        environment::removed_from(&mut command);
        command.args(["serve", "--port", "0", "--until-stdin-closes"]);
        if how.broadcasts {
            command.arg("--broadcast");
        } else {
            // Compression is granted to those who ask for it.
            let threads = how.cores.threads.to_string();
            command.args(["--threads", &threads, "--compress"]);
        }
        pin(&mut command, &how.cores.cpus);
        if how.encrypts {
            command.arg("--tls");
        }
        Ok(command)
    }

    fn supervise(&self, line: &str, cpus: &[usize]) -> io::Result<Command> {
        let mut command = Command::new(env::current_exe()?);
        environment::removed_from(&mut command);
        command.arg("supervise");
        pin(&mut command, cpus);
        command.args(["--", line]);
        Ok(command)
    }
}

fn pin(command: &mut Command, cpus: &[usize]) {
    if !cpus.is_empty() {
        command.args(["--pin", &CpuList(cpus.to_vec()).to_string()]);
    }
}
