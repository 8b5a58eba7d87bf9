//! What an examination of this machine found, as text.

use std::fmt::Write as _;

use wsbench_record::doctor::{Examination, Level, Subject};
use wsbench_record::units::counted;

use crate::foreign::printable;
use crate::prose::wrapped;
use crate::style::{Style, Tone};

/// Columns of the level.
const LEVEL: usize = 9;

/// Columns of the subject.
const SUBJECT: usize = 19;

/// An examination as text: a line a check, with rule and fix below where it did not pass.
#[must_use]
pub fn render(examination: &Examination, style: Style) -> String {
    let mut text = String::new();
    let indent = " ".repeat(LEVEL + SUBJECT);
    let width = usize::from(style.width)
        .saturating_sub(indent.len())
        .max(30);
    for check in &examination.checks {
        let tone = match check.level {
            Level::Ok => Tone::Good,
            Level::Info => Tone::Quiet,
            Level::Warning => Tone::Doubt,
            Level::Error => Tone::Bad,
        };
        let level = format!("{:LEVEL$}", check.level.word());
        let level = style.paint(tone, &level);
        let mut head = format!("{level}{:SUBJECT$}", words(check.subject));
        for line in wrapped(&printable(&check.seen), width) {
            let _ = writeln!(text, "{}", format!("{head}{line}").trim_end());
            head.clone_from(&indent);
        }
        if check.level >= Level::Warning {
            for line in wrapped(&printable(&check.rule), width) {
                let _ = writeln!(text, "{indent}{}", style.paint(Tone::Quiet, &line));
            }
        }
        if !check.fix.is_empty() {
            // In one line however long, so that it can be copied.
            let _ = writeln!(text, "{indent}fix: {}", printable(&check.fix));
        }
    }
    let _ = writeln!(text, "\n{}", conclusion(examination));
    text
}

/// Conclusion, in a line.
fn conclusion(examination: &Examination) -> String {
    let number = |level, noun| counted(examination.count(level) as u64, noun);
    let connections = counted(examination.asked.connections.into(), "connection");
    match examination.level() {
        Level::Error => format!(
            "{}, {}: a run of {connections} would fail here",
            number(Level::Error, "error"),
            number(Level::Warning, "warning")
        ),
        Level::Warning => format!(
            "{}: a run of {connections} is possible, and its figures will suffer",
            number(Level::Warning, "warning")
        ),
        Level::Ok | Level::Info => format!("nothing here would spoil a run of {connections}"),
    }
}

/// The words that are printed, at most 18 letters.
fn words(subject: Subject) -> &'static str {
    match subject {
        Subject::Descriptors => "descriptors",
        Subject::Ports => "ports",
        Subject::TimeWait => "ports closing",
        Subject::Backlog => "backlog",
        Subject::Conntrack => "firewall",
        Subject::ClockSource => "clock source",
        Subject::ClockCost => "clock cost",
        Subject::Governor => "governor",
        Subject::Turbo => "turbo",
        Subject::Smt => "hardware threads",
        Subject::Virtualisation => "virtual machine",
        Subject::Steal => "stolen time",
        Subject::Quota => "CPU quota",
        Subject::Numa => "memory nodes",
        Subject::Idle => "idle states",
        Subject::Interface => "interface",
        Subject::Load => "load",
        Subject::Memory => "memory",
        Subject::Cores => "cores",
        Subject::Memcpy => "memcpy",
        Subject::Timers => "timers",
        Subject::Pacing => "pacing",
        Subject::Floor => "floor",
        Subject::Server => "server",
        Subject::ServerDescriptors => "server descriptors",
        Subject::ServerBacklog => "server backlog",
        Subject::ServerCores => "server cores",
        Subject::Unknown => "unknown",
    }
}
