//! The words that agents and their coordinator have for each other.
//!
//! Words may be lost, doubled and late. So each says what holds by now, and not what has changed: one that
//! is heard again changes nothing, and one that is lost is made good by the next. Only what must not
//! be lost (the task, parts of the books, finals) is a [`BusEntry`](crate::bus::BusEntry), which is
//! kept.

use serde::{Deserialize, Serialize};
use wsbench_drive::crew::Agreed;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::HandedLogin;
use wsbench_load::result::Ended;
use wsbench_record::document::{Agent, Host};

use crate::build::Build;
use crate::portable::Portable;

/// Words of an agent about itself: once a second, at each change, and when it is greeted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// Its name within the fleet.
    pub agent: String,
    /// Number that its process drew: another process of the same name has another one.
    pub life: u64,
    /// Standing in a run; `None` while it has none.
    pub run: Option<InRun>,
    /// The agent itself and its machine.
    pub facts: Facts,
}

/// An agent's standing in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InRun {
    /// Name of the run.
    pub run: String,
    /// Step that it has reached.
    pub standing: Standing,
    /// Connections that came about, once each has opened or failed.
    pub upgraded: Option<u64>,
    /// Instant at which the beginning of the load was heard of, of the run's clock.
    pub heard_of_beginning: Option<Nanos>,
    /// Answers of the newest ticks of a warm-up whose end is found from the data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warmed: Vec<WarmTick>,
    /// End that was found before the stop rule held.
    pub ended: Option<EndWord>,
}

/// A step of an agent through a run; each is followed by the next alone, or by the last two.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Finds the server and makes sure of its machine.
    Preparing,
    /// Ready to connect.
    Prepared,
    /// Connects, and then waits for the beginning.
    Connecting,
    /// All its connections have opened or failed once.
    Ready,
    /// Has a beginning of the load.
    Loaded,
    /// Stops, or has stopped, before its time, for this reason.
    Stopping(String),
    /// Cannot take part, for this reason.
    Refused(String),
    /// All is handed over.
    Over,
}

/// Answers of an agent in one tick of its warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarmTick {
    /// Number of the tick, from 0.
    pub tick: u64,
    /// Answers.
    pub answers: u64,
    /// Their service times, added up, ns.
    pub service_ns: u64,
}

/// Facts of an agent and its machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The program.
    pub build: Build,
    /// Cores that its threads may have.
    pub cores: u32,
    /// The machine.
    pub host: Host,
    /// Settings that its doctor would doubt, in words.
    #[serde(default)]
    pub doubts: Vec<String>,
}

/// The end of a run, as it goes over the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndWord {
    /// The stop rule held.
    Complete,
    /// Enough is measured.
    Enough,
    /// No connection came about.
    NothingConnected,
    /// The server is gone.
    ServerDied,
    /// Somebody asked for it.
    Interrupted,
}

impl From<Ended> for EndWord {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Complete => Self::Complete,
            Ended::Interrupted => Self::Interrupted,
            Ended::NothingConnected => Self::NothingConnected,
            Ended::ServerDied => Self::ServerDied,
        }
    }
}

impl From<EndWord> for Ended {
    fn from(word: EndWord) -> Self {
        match word {
            EndWord::Complete | EndWord::Enough => Self::Complete,
            EndWord::Interrupted => Self::Interrupted,
            EndWord::NothingConnected => Self::NothingConnected,
            EndWord::ServerDied => Self::ServerDied,
        }
    }
}

/// An order of a coordinator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The agent that it is for; `None` for all.
    pub to: Option<String>,
    /// The wish.
    pub what: What,
}

/// Wish of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A greeting: whoever is there answers.
    Hello,
    /// A look at the clock. Answered at once by a [`ProbeAnswer`].
    Probe {
        /// Number of the probe.
        number: u32,
        /// Time at which it was sent, by the coordinator's clock.
        sent: Nanos,
    },
    /// A share of this run.
    Task(Box<Task>),
    /// Orders that hold by now for all agents of a run. Said once a second: whoever hears it knows that the
    /// coordinator is there.
    Standing(Orders),
}

/// Orders that hold by now in a run. Times are of the run's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// Name of the run.
    pub run: String,
    /// Time at which connecting begins.
    pub connect: Option<Nanos>,
    /// Time at which the load begins.
    pub begin: Option<Nanos>,
    /// Time at which the window opens, where that is found from the data.
    pub opens: Option<Nanos>,
    /// The end of the run, before its stop rule holds.
    pub end: Option<EndWord>,
    /// Agents that take no part any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
}

/// Answer to a probe of the clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeAnswer {
    /// The agent.
    pub agent: String,
    /// Its process.
    pub life: u64,
    /// Number of the probe.
    pub number: u32,
    /// Time at which the probe was sent, by the coordinator's clock.
    pub sent: Nanos,
    /// Time at which it was answered, by the agent's.
    pub at: Nanos,
}

/// A run, and who carries out what of it. It is kept for whoever collects the run later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Name of the run.
    pub run: String,
    /// The program that all must be.
    pub build: Build,
    /// The plan of the whole run, without anything secret.
    pub plan: serde_json::Value,
    /// Headers that hold secrets, with their references (`{env:NAME}`) in the place of those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// What is said and awaited before the load: by all, and by each role, variables by their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logins: Vec<HandedLogin>,
    /// The command line that asked for it, without secrets.
    pub command: String,
    /// Zero of the run's clock by the coordinator's wall clock, milliseconds since the Unix epoch.
    pub started_at_unix_ms: u64,
    /// The shares.
    pub seats: Vec<Seat>,
}

impl Task {
    /// The plan of the whole run, as it went over the bus.
    #[must_use]
    pub fn portable(&self) -> Portable {
        Portable {
            plan: self.plan.clone(),
            headers: self.headers.clone(),
            logins: self.logins.clone(),
        }
    }

    /// The share of an agent.
    #[must_use]
    pub fn seat(&self, agent: &str) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.agent == agent)
    }
}

/// An agent's share of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seat {
    /// The agent.
    pub agent: String,
    /// Its process.
    pub life: u64,
    /// Its workers, by their numbers over the whole run, rising.
    pub workers: Vec<u32>,
    /// Workers of the agents before it in the list.
    pub before: u32,
    /// Zero of the run's clock by the agent's own clock.
    pub zero: Nanos,
    /// The agent's clock beside the coordinator's.
    pub clock: crate::clock::Estimate,
}

/// The last of an agent's books.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Final {
    /// Facts that its workers agreed on; `None` where they never came to connect.
    pub agreed: Option<Agreed>,
    /// Parts that it has handed over, by worker.
    pub parts: Vec<(u32, u32)>,
    /// From the first connect to the last close.
    pub total: Nanos,
    /// Addresses that the server's host resolved to there.
    pub addresses: Vec<String>,
    /// True where the kernel said when answers had come.
    pub told_by_kernel: bool,
    /// True where it reached the server over loopback.
    pub loopback: bool,
    /// Peak memory of its process, bytes.
    pub max_rss_bytes: u64,
    /// Summary by its own books of its share.
    pub agent: Agent,
}
