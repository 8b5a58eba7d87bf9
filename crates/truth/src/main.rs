//! Carries every experiment out and writes `docs/validation.md` and `docs/stall.svg`.
//!
//! `validate PROGRAM DOCS [SECONDS]`: the binary to try, the directory to write to, and the length
//! of each timed run over the kernel (20). `scripts/validate` calls it so. It ends with 1 when an
//! experiment that is the same everywhere does not agree; those over the kernel are written as they
//! were.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use wsbench_truth::kernel::{self, KernelTestbed};
use wsbench_truth::picture::{self, Pair};
use wsbench_truth::table::{self, Where};
use wsbench_truth::{Experiment, concluded, simulated};

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (program, docs, seconds) = match &arguments[..] {
        [program, docs] => (program, docs, 20),
        [program, docs, seconds] => (program, docs, seconds.parse().context("SECONDS")?),
        _ => bail!("usage: validate PROGRAM DOCS [SECONDS]"),
    };
    let (program, docs) = (PathBuf::from(program), PathBuf::from(docs));
    let machine = KernelTestbed {
        program: &program,
        seconds,
    };
    eprintln!("on simulated time …");
    let simulated = simulated::all();
    eprintln!("on what is concluded …");
    let concluded = concluded::all();
    eprintln!("over the kernel …");
    let over_kernel = kernel::all(&machine)?;
    let pair = Pair::measure(&machine)?;
    let page = table::page(&simulated, &concluded, &over_kernel, &place()?);
    fs::write(docs.join("validation.md"), page)?;
    fs::write(docs.join("stall.svg"), picture::svg(&pair))?;
    println!("{}", pair.side_by_side());
    let certain = || simulated.iter().chain(&concluded);
    let complaints = certain().chain(&over_kernel).map(Experiment::complaints);
    eprint!("{}", complaints.collect::<String>());
    let all_hold = certain().all(Experiment::holds);
    Ok(if all_hold {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// This machine and this day, as the system tells them.
fn place() -> anyhow::Result<Where> {
    let first_line = |path: &str| fs::read_to_string(Path::new(path)).unwrap_or_default();
    let cpus = first_line("/proc/cpuinfo");
    let name = cpus.lines().find(|line| line.starts_with("model name"));
    let name = name.and_then(|line| line.split_once(':'));
    let day = std::process::Command::new("date").arg("+%F").output()?;
    Ok(Where {
        day: String::from_utf8(day.stdout)?.trim().to_owned(),
        cpu: name.map_or("unknown", |(_, name)| name.trim()).to_owned(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        kernel: first_line("/proc/sys/kernel/osrelease").trim().to_owned(),
    })
}
