//! What of this machine would spoil a run, by rules that can be read, each with the exact fix.
//!
//! It judges facts that others have read and measured: the settings of the generator's machine,
//! what is known of the server's side, and what clocks, copies and timers were measured to cost.
//! The same rules, where they need no measuring, stand behind the audit's notes on the machine.

mod hardware;
mod measured;
mod server;
mod settings;

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::Host;
use crate::prose::wrapped;
use crate::style::{Style, Tone};
use crate::units::counted;

pub use measured::{Copied, Measured};
pub use server::ServerSide;

/// Name and version of the schema of an examination.
pub const SCHEMA: &str = "wsbench.doctor/1";

/// The run that a machine is examined for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Asked {
    /// Connections at a time.
    pub connections: u32,
    /// Descriptors that the generator needs for them and for itself.
    pub descriptors: u64,
    /// Connections opened in all: more than at a time where clients are replaced.
    pub opened: u64,
    /// Whether the server is on this machine.
    pub on_this_machine: bool,
    /// Whether it is reached over a Unix domain socket, which takes no ports and knows no TCP.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over_unix_socket: bool,
    /// Addresses of this machine that connections come from, where it is said which (0: it is not).
    #[serde(default)]
    pub source_addresses: u32,
}

/// What an examination found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "wsbench doctor")]
pub struct Examination {
    /// Name and version of this schema: `wsbench.doctor/1`.
    pub schema: String,
    /// Version of wsbench.
    pub tool_version: String,
    /// The run that the machine was examined for.
    pub asked: Asked,
    /// The generator's machine.
    pub host: Host,
    /// The server's side, where it is on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerSide>,
    /// What was measured; absent when nothing was to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
    /// Every check that could be made, the gravest first.
    pub checks: Vec<Check>,
}

/// One rule held against this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// What was looked at.
    pub subject: Subject,
    /// What came of it.
    pub level: Level,
    /// What was seen, in numbers.
    pub seen: String,
    /// The rule, and why it is one.
    pub rule: String,
    /// What to do, exactly; empty when the rule holds or nothing can be done.
    #[serde(default)]
    pub fix: String,
}

/// What came of a check.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The rule holds.
    Ok,
    /// Nothing is wrong, and it bears on the figures.
    Info,
    /// Figures will be worse, or less sure, than they need be.
    Warning,
    /// The run that was asked for would fail.
    Error,
}

impl Level {
    /// The word that is printed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Descriptors of the generator.
    Descriptors,
    /// Local ports.
    Ports,
    /// Ports that wait after a close.
    TimeWait,
    /// Connections that may wait for a listener on this machine.
    Backlog,
    /// The firewall's table of connections.
    Conntrack,
    /// What the kernel's clock reads.
    ClockSource,
    /// What a reading of the clock costs.
    ClockCost,
    /// Frequency governors.
    Governor,
    /// Frequencies above the nominal one.
    Turbo,
    /// Hardware threads that share a core.
    Smt,
    /// A virtual machine.
    Virtualisation,
    /// Time that the hypervisor gave to others.
    Steal,
    /// Limits of the control group.
    Quota,
    /// Memory nodes.
    Numa,
    /// Idle states of the cores.
    Idle,
    /// Network interfaces.
    Interface,
    /// What else runs here.
    Load,
    /// Memory and swap.
    Memory,
    /// Cores for generator and server.
    Cores,
    /// The C library's copies.
    Memcpy,
    /// How late sleeps end.
    Timers,
    /// How late messages leave.
    Pacing,
    /// The round trip of this machine and instrument, without any server to speak of.
    Floor,
    /// The server's process.
    Server,
    /// Descriptors of the server.
    ServerDescriptors,
    /// The server's own queue of waiting connections.
    ServerBacklog,
    /// Cores that the server may use.
    ServerCores,
    /// A check that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Subject {
    /// The words that are printed, at most 18 letters.
    fn words(self) -> &'static str {
        match self {
            Self::Descriptors => "descriptors",
            Self::Ports => "ports",
            Self::TimeWait => "ports closing",
            Self::Backlog => "backlog",
            Self::Conntrack => "firewall",
            Self::ClockSource => "clock source",
            Self::ClockCost => "clock cost",
            Self::Governor => "governor",
            Self::Turbo => "turbo",
            Self::Smt => "hardware threads",
            Self::Virtualisation => "virtual machine",
            Self::Steal => "stolen time",
            Self::Quota => "CPU quota",
            Self::Numa => "memory nodes",
            Self::Idle => "idle states",
            Self::Interface => "interface",
            Self::Load => "load",
            Self::Memory => "memory",
            Self::Cores => "cores",
            Self::Memcpy => "memcpy",
            Self::Timers => "timers",
            Self::Pacing => "pacing",
            Self::Floor => "floor",
            Self::Server => "server",
            Self::ServerDescriptors => "server descriptors",
            Self::ServerBacklog => "server backlog",
            Self::ServerCores => "server cores",
            Self::Unknown => "unknown",
        }
    }
}

impl Check {
    /// The rule holds, or there is nothing to do about it.
    fn new(
        subject: Subject,
        level: Level,
        seen: impl Into<String>,
        rule: impl Into<String>,
    ) -> Self {
        Self {
            subject,
            level,
            seen: seen.into(),
            rule: rule.into(),
            fix: String::new(),
        }
    }

    /// What to do; dropped when the rule holds.
    fn fix(self, fix: impl Into<String>) -> Self {
        if self.level == Level::Ok {
            return self;
        }
        Self {
            fix: fix.into(),
            ..self
        }
    }
}

/// Holds the settings of a machine against the rules, for the run that is asked for. Nothing needs
/// to be measured for it. What the machine does not say is not checked.
#[must_use]
pub fn settings(host: &Host, asked: &Asked) -> Vec<Check> {
    settings::checks(host, asked)
}

/// Holds all that is known against the rules, the gravest finding first.
#[must_use]
pub fn examine(
    host: Host,
    asked: Asked,
    server: Option<ServerSide>,
    measured: Option<Measured>,
) -> Examination {
    let mut checks = settings(&host, &asked);
    if let Some(measured) = &measured {
        checks.extend(measured::checks(measured));
    }
    if let Some(server) = &server {
        checks.extend(server::checks(server, &host, &asked));
    }
    // A stable sort: within a level the order is that of the rules.
    checks.sort_by_key(|check| std::cmp::Reverse(check.level));
    Examination {
        schema: SCHEMA.to_owned(),
        tool_version: String::new(),
        asked,
        host,
        server,
        measured,
        checks,
    }
}

impl Examination {
    /// The gravest level found.
    #[must_use]
    pub fn level(&self) -> Level {
        let levels = self.checks.iter().map(|check| check.level);
        levels.max().unwrap_or(Level::Ok)
    }

    /// How many checks came out so.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        self.checks
            .iter()
            .filter(|check| check.level == level)
            .count()
    }
}

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
        let mut head = format!("{level}{:SUBJECT$}", check.subject.words());
        for line in wrapped(&check.seen, width) {
            let _ = writeln!(text, "{}", format!("{head}{line}").trim_end());
            head.clone_from(&indent);
        }
        if check.level >= Level::Warning {
            for line in wrapped(&check.rule, width) {
                let _ = writeln!(text, "{indent}{}", style.paint(Tone::Quiet, &line));
            }
        }
        if !check.fix.is_empty() {
            // In one line however long, so that it can be copied.
            let _ = writeln!(text, "{indent}fix: {}", check.fix);
        }
    }
    let _ = writeln!(text, "\n{}", conclusion(examination));
    text
}

/// What it comes to, in a line.
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
