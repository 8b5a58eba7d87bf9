//! What an audit found, as it is stored: verdict and doubts of a run, and the doubts of several runs
//! as one.
//!
//! It judges nothing: the rules by which a doubt is raised are `judge`'s.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Findings of the audit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Audit {
    /// The judgement: that of the gravest caveat.
    pub verdict: Verdict,
    /// The limit: what kept the rate from being greater. Absent where nothing was answered, where
    /// the server went away, and in older documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// Every doubt, the gravest first.
    #[serde(default)]
    pub caveats: Vec<Caveat>,
}

/// The limit of a run: a fact about its figures, not a doubt in them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Limit {
    /// The limit itself.
    pub by: By,
    /// Its sign, in numbers.
    pub message: String,
    /// What shows more; empty where there is nothing to do.
    #[serde(default)]
    pub advice: String,
}

/// Limits of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The rate that was asked for, which was held.
    Rate,
    /// The server.
    Server,
    /// The generator.
    Generator,
    /// The cores of this machine, which others wanted.
    Machine,
    /// The network card of this machine.
    Network,
    /// The number of messages in flight.
    Connections,
    /// The pauses to think.
    Pauses,
    /// Server or network: which of them cannot be told.
    Elsewhere,
    /// A limit that this version does not know.
    #[serde(other)]
    Unknown,
}

impl By {
    /// The words for people: `the rate asked`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Rate => "the rate asked",
            Self::Server => "the server",
            Self::Generator => "the generator",
            Self::Machine => "this machine's cores",
            Self::Network => "the network card",
            Self::Connections => "the connections",
            Self::Pauses => "its pauses",
            Self::Elsewhere => "server or network",
            Self::Unknown => "something else",
        }
    }
}

/// Credibility of the figures.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing found that speaks against them.
    #[default]
    Ok,
    /// They hold with the reservations named.
    Doubtful,
    /// They are not figures of what was to be measured.
    Invalid,
}

impl Verdict {
    /// The word that the document uses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Doubtful => "doubtful",
            Self::Invalid => "invalid",
        }
    }
}

/// One doubt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Caveat {
    /// Property that was checked.
    pub kind: Kind,
    /// Weight of it.
    #[serde(default)]
    pub severity: Severity,
    /// Fault, in numbers.
    pub message: String,
    /// Advice about it; empty when there is nothing to do.
    #[serde(default)]
    pub advice: String,
}

/// Weight of a doubt.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; the verdict stays.
    #[default]
    Note,
    /// The figures hold with this reservation.
    Doubtful,
    /// The figures are not what they claim to be.
    Invalid,
}

impl From<Severity> for Verdict {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Note => Self::Ok,
            Severity::Doubtful => Self::Doubtful,
            Severity::Invalid => Self::Invalid,
        }
    }
}

/// Property that was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Every message sent is accounted for.
    Conservation,
    /// Something connected.
    NothingConnected,
    /// The server was there to the end.
    ServerDied,
    /// The server was there all the time.
    ServerGone,
    /// Something was answered.
    NothingAnswered,
    /// Answers carry what was sent.
    Corrupted,
    /// No message was skipped over.
    Lost,
    /// No message was answered twice.
    Duplicated,
    /// Nothing arrived that answers nothing.
    Unasked,
    /// Answers came in the order of the messages.
    Reordered,
    /// No message was still open at its deadline or at the end.
    Unanswered,
    /// No message or connection ended before its time.
    Failures,
    /// Every message reached all of its receivers.
    Missing,
    /// No message was delivered outside of its room.
    OutOfRoom,
    /// Every message was acknowledged.
    NoAck,
    /// Streams had items, each read by itself.
    Streams,
    /// Nobody joined or left while messages were under way.
    Uncertain,
    /// Deliveries are told by when they came, and not by when they were read.
    ReadingOrder,
    /// The clocks that an age is of agree.
    Clocks,
    /// One of the subprotocols that were offered was chosen.
    Subprotocol,
    /// Every connection was answered at least once.
    NeverAnswered,
    /// As many connections as asked for, to the end.
    Connections,
    /// Connections × depth = rate × mean response time.
    LittlesLaw,
    /// The generator's threads had cores to spare.
    GeneratorCpu,
    /// The generator's threads ran when they wanted to.
    GeneratorStarved,
    /// The rate that was asked for was achieved.
    Rate,
    /// Sends left when they were due.
    Pace,
    /// The gaps between sends were those of the schedule.
    ArrivalShape,
    /// The server kept up with the schedule.
    Overloaded,
    /// Connections had places in flight for what was due.
    ConnectionLimited,
    /// Connections took what was due.
    Blocked,
    /// The loop's turns were short beside what was measured.
    LoopTurns,
    /// Nobody else wanted the machine's cores.
    HostPressure,
    /// The kernel's TCP neither dropped nor sent again.
    TcpTrouble,
    /// The run went to its end.
    Interrupted,
    /// Answers were compared with what was sent.
    Verification,
    /// Answers were matched by identity.
    Matching,
    /// Samples enough for the percentiles that are usually quoted.
    Samples,
    /// The measured window is long enough.
    ShortRun,
    /// Answers kept coming.
    Gaps,
    /// Service times do not look like Nagle's algorithm against delayed acknowledgements.
    DelayedAck,
    /// Compression was accepted where it was offered, used, and has something to do.
    Compression,
    /// The server's times are well above what this machine takes with the embedded server.
    NearFloor,
    /// Server and generator had cores of their own.
    SharedMachine,
    /// The machine is set up for such a run.
    Machine,
    /// The server's process was the same to the end.
    ServerReplaced,
    /// All that the server used was counted.
    ServerCost,
    /// The window begins behind the warm-up, and is at one level.
    NotSteady,
    /// The load had settled when the window opened, where that was to be found.
    WarmUp,
    /// Neither times nor rate rise or fall all through the window.
    Trend,
    /// Answers are independent enough for what is said of them.
    Independence,
    /// The run went on until its answer was known.
    Until,
    /// Every agent of a fleet stayed to the end.
    AgentLost,
    /// Every part of a fleet's books has come.
    MissingParts,
    /// Every agent of a fleet believes its own share.
    AgentDoubtful,
    /// The agents of a fleet measured alike.
    AgentDiffers,
    /// The windows of a fleet's agents are one.
    FleetClocks,
    /// The times between a fleet's agents are known by their clocks.
    FleetBetween,
    /// A check that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Audit {
    /// The caveats of this kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Caveat> {
        self.caveats
            .iter()
            .filter(move |caveat| caveat.kind == kind)
    }

    /// True where the generator, or the cores that it was given, kept the rate down.
    #[must_use]
    pub fn is_generator_limited(&self) -> bool {
        let by = self.limit.as_ref().map(|limit| limit.by);
        matches!(by, Some(By::Generator | By::Machine))
            || self.of_kind(Kind::GeneratorCpu).next().is_some()
    }

    /// The caveats that do not change the verdict.
    pub fn notes(&self) -> impl Iterator<Item = &Caveat> {
        self.caveats
            .iter()
            .filter(|caveat| caveat.severity == Severity::Note)
    }

    /// The caveats that do change the verdict, the gravest first.
    pub fn doubts(&self) -> impl Iterator<Item = &Caveat> {
        self.caveats
            .iter()
            .filter(|caveat| caveat.severity != Severity::Note)
    }
}

impl fmt::Display for Audit {
    /// One line: `audit: ok`, or the verdict, the gravest doubt, what to do about it, and how many
    /// more there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "audit: {}", self.verdict.word())?;
        let mut doubts = self.doubts();
        if let Some(gravest) = doubts.next() {
            write!(f, ": {gravest}")?;
        }
        match doubts.count() {
            0 => Ok(()),
            more => write!(f, " (+{more} more)"),
        }
    }
}

impl fmt::Display for Caveat {
    /// The message, and after a dash what to do about it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if !self.advice.is_empty() {
            write!(f, " — {}", self.advice)?;
        }
        Ok(())
    }
}

impl Caveat {
    /// A caveat of this kind and weight.
    #[must_use]
    pub fn new(
        kind: Kind,
        severity: Severity,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            severity,
            message: message.into(),
            advice: advice.into(),
        }
    }
}

/// A doubt that one or more of several runs have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recurring {
    /// Property that was checked.
    pub kind: Kind,
    /// Weight of it at worst.
    pub severity: Severity,
    /// Runs that have it.
    pub runs: u64,
    /// Runs in all.
    pub of: u64,
    /// Fault, in the numbers of the run that has it worst, or first.
    pub message: String,
    /// Advice about it.
    #[serde(default)]
    pub advice: String,
}

impl Recurring {
    /// Number of runs that have it: `in each of 10 runs`, `in 3 of 10 runs`.
    #[must_use]
    pub fn how_often(&self) -> String {
        match (self.runs, self.of) {
            (1, 1) => "in the run".to_owned(),
            (runs, of) if runs == of => format!("in each of {of} runs"),
            (runs, of) => format!("in {runs} of {of} runs"),
        }
    }
}
