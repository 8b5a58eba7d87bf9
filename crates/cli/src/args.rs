//! The flags of runs, each once, with its unit, default, help and example.
//!
//! Help, man page and completions are generated from here. Each value is parsed by itself; which
//! values make sense together is decided in `plan`. What commands there are is `command_line`'s,
//! the older tool's flags are in `legacy`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use wsbench_judge::condition::Condition;
use wsbench_judge::until::{self, Until};
use wsbench_load::arrival::Process;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Compression, Correlation, Greeting, Locator, Pace, Pattern, PlanSpec, Promise, Timestamps,
};
use wsbench_load::route::Target;
use wsbench_load::template::{Template, TemplateError};

use crate::advice;
use crate::compress;
use crate::connect_args::ConnectArgs;
use crate::contender::{self, StoredSide};
use crate::fleet_args::FleetArgs;
use crate::histogram_args::HistogramArgs;
use crate::html_args::HtmlArgs;
use crate::output_args::{Format, OutputArgs};
use crate::push_args::PushArgs;
use crate::session_args::SessionArgs;
use crate::shares::{self, Shares};
use crate::verify_arg::VerifyArg;
use crate::workload_args::{WorkloadArgs, pattern};
use wsbench::quantity::{self, CpuList, SizeRange, SpanRange, Stages, Threads, WarmUpLength};

/// A run against one server.
#[derive(Clone, Debug, Args)]
pub(crate) struct Measure {
    /// The server: ws://HOST[:PORT][/PATH], wss:// for TLS; or HOST[:PORT][/PATH], :PORT or PORT of
    /// this machine.
    ///
    /// Without it the embedded echo server is started as a process of its own, on cores of its
    /// own, and measured.
    #[arg(value_name = "URL", value_parser = advice::target)]
    pub(crate) url: Option<Target>,
    /// Amount that is sent.
    #[command(flatten)]
    pub(crate) amount: AmountArgs,
    /// Instant at which the answer is known.
    #[command(flatten)]
    pub(crate) ending: Ending,
    /// Pressure on the server.
    #[command(flatten)]
    pub(crate) pressure: PressureArgs,
    /// Content of the messages.
    #[command(flatten)]
    pub(crate) payload: PayloadArgs,
    /// Way in which connections are opened.
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
    /// Use of this machine.
    #[command(flatten)]
    pub(crate) machine: MachineArgs,
    /// The server's process.
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// What is expected of the server.
    #[command(flatten)]
    pub(crate) expect: ExpectArgs,
    /// Several runs, and what fails them.
    #[command(flatten)]
    pub(crate) judge: JudgeArgs,
    /// The raw log.
    #[command(flatten)]
    pub(crate) log: LogArgs,
    /// Destinations of results.
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// The flags of the runs that an experiment makes; the server is its own affair.
#[derive(Clone, Debug, Args)]
pub(crate) struct RunArgs {
    /// Amount that is sent.
    #[command(flatten)]
    pub(crate) amount: AmountArgs,
    /// Pressure on the server.
    #[command(flatten)]
    pub(crate) pressure: PressureArgs,
    /// Content of the messages.
    #[command(flatten)]
    pub(crate) payload: PayloadArgs,
    /// Way in which connections are opened.
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
    /// Use of this machine.
    #[command(flatten)]
    pub(crate) machine: MachineArgs,
    /// What is expected of the servers.
    #[command(flatten)]
    pub(crate) expect: ExpectArgs,
}

impl RunArgs {
    /// One such run against `url`, from which `plan::order` makes a plan. Without a URL it is
    /// against the embedded server.
    pub(crate) fn measure(&self, url: Option<Target>) -> Measure {
        Measure {
            url,
            amount: self.amount.clone(),
            ending: Ending::default(),
            pressure: self.pressure.clone(),
            payload: self.payload.clone(),
            connect: self.connect.clone(),
            machine: self.machine.clone(),
            server: ServerArgs::default(),
            expect: self.expect.clone(),
            judge: JudgeArgs::default(),
            log: LogArgs { log: None },
            output: OutputArgs::default(),
        }
    }
}

/// Amount that is sent.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "How much")]
pub(crate) struct AmountArgs {
    /// Connections held open at the same time [default: 64].
    #[arg(short, long, value_name = "N", value_parser = quantity::positive_u32)]
    pub(crate) connections: Option<u32>,
    /// Stop after N messages in all, over connections that are held open (example: 10k).
    #[arg(short = 'n', long, value_name = "N", value_parser = quantity::positive)]
    pub(crate) messages: Option<u64>,
    /// Measure for this long, warm-up not counted [default: 10s].
    ///
    /// Of a number without a unit seconds are meant.
    #[arg(short = 'd', long, value_name = "TIME", visible_short_alias = 'z',
          value_parser = quantity::length)]
    pub(crate) duration: Option<Nanos>,
    /// Replace each client by a fresh one after its round trips, until N clients have run.
    ///
    /// Each client connects, makes its round trips, closes with the closing handshake and is
    /// replaced at once: --connections clients run at a time while any remain.
    #[arg(long, value_name = "N", value_parser = quantity::positive)]
    pub(crate) clients: Option<u64>,
    /// Round trips of each client, with --clients or --arrive [default: 5].
    #[arg(short, long, value_name = "R", value_parser = quantity::positive_u32)]
    pub(crate) roundtrips: Option<u32>,
}

/// Instant at which the answer is known.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "How much")]
pub(crate) struct Ending {
    /// Stop when a figure is known so well (examples: 'p99±5%', p99+-200us, rate+-1%).
    ///
    /// The figure is p50, p90, p99 or p99.9 of the response time, or the rate of answers; the bound
    /// is half its interval of confidence at 95 %. The run goes on for --duration at most
    /// [default with --until: 2m], and the result says whether the answer was reached.
    #[arg(long, value_name = "WHAT", value_parser = until::parse)]
    pub(crate) until: Option<Until>,
}

/// Pressure on the server.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "How hard")]
pub(crate) struct PressureArgs {
    /// Closed loop: messages in flight on each connection, the next sent when an answer arrives
    /// [default: 1].
    #[arg(short = 'p', long, value_name = "N", value_parser = quantity::positive_u32)]
    pub(crate) depth: Option<u32>,
    /// Closed loop: pause between an answer and the next message in its place, or a range to draw
    /// it from (0..2s).
    #[arg(long, value_name = "TIME", value_parser = quantity::span_range)]
    pub(crate) think: Option<SpanRange>,
    /// Open loop: messages a second over all connections, whatever the server does (20k, 10/ms).
    ///
    /// Each is due by a schedule that does not look at the server, on a connection chosen at
    /// random, and its response time counts from then.
    #[arg(short = 'R', long, value_name = "RATE", value_parser = quantity::rate_per_s)]
    pub(crate) rate: Option<f64>,
    /// Open loop: how the gaps between messages are distributed [default: poisson].
    #[arg(long, value_name = "HOW")]
    pub(crate) arrival: Option<ArrivalArg>,
    /// Open loop: let the rate rise evenly from nothing over this time, before the warm-up.
    #[arg(long, value_name = "TIME", value_parser = quantity::positive_span)]
    pub(crate) ramp: Option<Nanos>,
    /// Open loop: rates one after the other, each with its length (example: 10s:1k,30s:5k).
    #[arg(long, value_name = "STAGES", value_parser = quantity::stages)]
    pub(crate) stages: Option<Stages>,
    /// Open loop, and --think: how a thread waits until a message is due [default: auto].
    #[arg(long, value_name = "HOW")]
    pub(crate) pace: Option<PaceArg>,
    /// Open loop: messages in flight on one connection at most; beyond it they wait, and their
    /// waiting is response time [default: 1024].
    #[arg(long, value_name = "N", value_parser = quantity::positive_u32)]
    pub(crate) max_in_flight: Option<u32>,
    /// Sessions by a schedule.
    #[command(flatten)]
    pub(crate) sessions: SessionArgs,
    /// Load this long before the measurement, or 'auto': until it has settled [default: 1s for a
    /// timed run, else 0].
    ///
    /// With 'auto' the measurement begins when the service times of the load are at one level, after
    /// half a second at the earliest, after ten seconds or half of --duration at the latest. A
    /// given time makes runs easier to compare.
    #[arg(long, value_name = "TIME", value_parser = quantity::warm_up)]
    pub(crate) warmup: Option<WarmUpLength>,
}

/// Distribution of the gaps between messages of the open loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ArrivalArg {
    /// As of independent users: exponentially.
    Poisson,
    /// Evenly spaced, which flatters a server: no two messages ever meet.
    Constant,
}

impl From<ArrivalArg> for Process {
    fn from(arrival: ArrivalArg) -> Self {
        match arrival {
            ArrivalArg::Poisson => Self::Poisson,
            ArrivalArg::Constant => Self::Constant,
        }
    }
}

/// Way in which a thread waits until a message is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PaceArg {
    /// Sleep until shortly before, then spin: up to a whole core.
    Auto,
    /// Sleep on a timer: little CPU, and later by what the kernel's timer takes.
    Sleep,
    /// Spin: always a whole core.
    Spin,
}

impl From<PaceArg> for Pace {
    fn from(pace: PaceArg) -> Self {
        match pace {
            PaceArg::Auto => Self::Auto,
            PaceArg::Sleep => Self::Sleep,
            PaceArg::Spin => Self::Spin,
        }
    }
}

/// Content of the messages.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Payload")]
pub(crate) struct PayloadArgs {
    /// What flows, and who receives it [default: echo].
    #[arg(long, value_name = "HOW", value_enum)]
    pub(crate) mode: Option<ModeArg>,
    /// With --mode request: where in an answer the number of its request stands: json:/id (a JSON
    /// pointer), prefix:43 (behind that text) or regex:'id=([0-9]+)' [default: json:/id].
    ///
    /// With order answers carry no number: each is for the request that has waited longest. With --mode
    /// broadcast and pubsub it is the place of the number that stands in messages as {id}, of servers that
    /// send no tag on.
    #[arg(id = "match", long, value_name = "PLACE|order")]
    pub(crate) at: Option<Correlation>,
    /// Readings of pushes.
    #[command(flatten)]
    pub(crate) pushes: PushArgs,
    /// With --mode request: what an answer has that says that its request has failed, written like
    /// --match (example: json:/error, which counts unless it is null).
    #[arg(long, value_name = "PLACE")]
    pub(crate) failed: Option<Locator>,
    /// With --mode request: the last answer to a request that has several, written like --joined (example:
    /// json:/type=complete).
    ///
    /// Those before it are the items of a stream: the time to the first, and from each to the next, are
    /// told, and response times end with the last.
    #[arg(long, value_name = "MESSAGE", value_parser = pattern)]
    pub(crate) end: Option<Pattern>,
    /// Bytes of each message, or a range to draw from (64..4k), up to 64m [default: 30].
    ///
    /// Every message is unique: a tag, then filling, in text with non-ASCII letters among it.
    /// Messages too short for the tag (22 bytes of text, 16 binary) are matched in order.
    #[arg(short, long, value_name = "SIZE", value_parser = quantity::size_range)]
    pub(crate) size: Option<SizeRange>,
    /// Send this text instead, the same in every message.
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) message: Option<String>,
    /// Send the content of this file instead, as binary unless --text is given; - is standard input.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Send this text instead, with what differs in every message put in: {id} (the connection's
    /// number), {seq} (the message's on it), {rand:hex:16}, {now_ns} (when it was due).
    ///
    /// With --mode request {id} is the number of the request, and {conn} the connection's. With --mode
    /// broadcast and pubsub the text stands around {tag}, by which the message is known, and {fill}
    /// behind it, both of which --size is of; further, in braces as well, conn, n (the message's on its
    /// connection), run, room and now_ms.
    ///
    /// With {id} and {seq} every message is unique, and answers are matched by them; else in order.
    /// A brace before anything but a letter stands for itself (example:
    /// '{"id":{id},"seq":{seq},"nonce":"{rand:hex:16}"}').
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, value_parser = template)]
    pub(crate) template: Option<Arc<Template>>,
    /// Send lines that change instead: those of this file, of standard input with -, or made-up JSON
    /// with `builtin`.
    ///
    /// Each message is a tag and a line; on each connection the lines follow in their order.
    #[arg(long, value_name = "FILE")]
    pub(crate) corpus: Option<PathBuf>,
    /// Offer compression (permessage-deflate), and tell what was accepted and what came of it.
    ///
    /// Words between commas: no-takeover, client-no-takeover, server-no-takeover; a window of 8 to
    /// 15 bits for both, or client-bits=N, server-bits=N; level=N, 0 to 9, of our own compressor
    /// (example: --compress=no-takeover,server-bits=10). Without words: what browsers offer.
    #[arg(long, value_name = "WORDS", num_args = 0..=1, require_equals = true,
          default_missing_value = "", value_parser = compress::parse)]
    pub(crate) compress: Option<Compression>,
    /// Send each message in frames of so many bytes, counted behind the compression (example: 4k).
    #[arg(long, value_name = "SIZE", value_parser = quantity::fragment_size)]
    pub(crate) fragment: Option<u32>,
    /// Send text messages, UTF-8 (the default but for --file).
    #[arg(long)]
    pub(crate) text: bool,
    /// Send binary messages.
    #[arg(long)]
    pub(crate) binary: bool,
    /// Strictness of comparing each answer with what was sent.
    #[arg(long, value_name = "HOW", value_enum, default_value_t = VerifyArg::Full)]
    pub(crate) verify: VerifyArg,
    /// Fill text with ASCII alone, as the older tool did; no flag of the new command line.
    #[arg(skip)]
    pub(crate) ascii: bool,
    /// Rooms, joining them, and scenarios.
    #[command(flatten)]
    pub(crate) workload: WorkloadArgs,
}

impl PayloadArgs {
    /// Receivers of each message.
    pub(crate) fn mode(&self) -> ModeArg {
        self.mode.unwrap_or(ModeArg::Echo)
    }
}

/// Traffic on connections, and who receives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeArg {
    /// Messages that the server sends back, each to its sender alone.
    Echo,
    /// Messages that the server sends on to every connection. Goes with --rate. Whether senders hear
    /// themselves is seen as the run goes on.
    Broadcast,
    /// Messages for the members of the sender's room: --rooms, and --join with {room}. Goes with --rate.
    Pubsub,
    /// Requests, whose answers are known by their number: --template with {id}, --match, --failed.
    /// Answers may come in any order.
    Request,
    /// Messages that nobody answers: what was sent and what held it up is told. Goes with --rate.
    Oneway,
    /// Messages that the server sends by itself, to clients that say at most --join: their gaps, their
    /// age (--stamp) and their order (--sequence) are told.
    Push,
    /// No message: connections are held, with pings (--keep-alive) or without.
    Idle,
    /// No message: all connections are opened at once, or at --connect-rate whatever comes of them, and
    /// held to the end of --duration. Tells when 50, 90 and 99 % of them were open, and all.
    Storm,
    /// Echoes with WebSocket pings beside (--keep-alive, each 100ms unless given): an echo less a ping is
    /// what the server's application takes.
    Ping,
}

impl ModeArg {
    /// True where messages are sent by a schedule alone: there is no closed loop.
    pub(crate) fn is_scheduled(self) -> bool {
        matches!(self, Self::Broadcast | Self::Pubsub | Self::Oneway)
    }

    /// True where messages are answered, or delivered.
    pub(crate) fn is_answered(self) -> bool {
        !matches!(self, Self::Oneway | Self::Push | Self::Idle | Self::Storm)
    }
}

/// A template, compiled.
fn template(text: &str) -> Result<Arc<Template>, TemplateError> {
    // Of an echo, or of what stands around a tag: `plan` compiles it for the mode that is asked for.
    let parsed = Template::parse(text);
    let parsed = parsed.or_else(|error| Template::for_words(text).map_err(|_| error));
    parsed.map(Arc::new)
}

/// Use of this machine.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Machine")]
pub(crate) struct MachineArgs {
    /// Threads that send, at most one a connection.
    ///
    /// auto: one a core for a remote server; half the cores for a server on this machine, which
    /// needs the other half; as many as --pin names cores.
    #[arg(short, long, value_name = "N", default_value = "auto", value_parser = quantity::threads)]
    pub(crate) threads: Threads,
    /// Cores to pin the threads to, in turn (example: 2-3,5) [default: the embedded server only].
    ///
    /// With the embedded server both are pinned, to different cores, unless there is only one.
    #[arg(long, value_name = "CORES", value_parser = quantity::cpu_list)]
    pub(crate) pin: Option<CpuList>,
    /// Never sleep while waiting for answers: up to a whole core a thread, for the latency of few
    /// connections without the time that waking a thread takes.
    #[arg(long)]
    pub(crate) busy_poll: bool,
    /// Whose clock says when an answer had come, apart from when it was read.
    ///
    /// With the kernel's receive time stamps every result divides the service time into what
    /// passed outside (server, network) and how long the answer then waited for wsbench.
    #[arg(long, value_name = "WHOSE", value_enum, default_value_t = TimestampsArg::Auto)]
    pub(crate) timestamps: TimestampsArg,
    /// A message unanswered this long after it was due is timed out.
    #[arg(long, value_name = "TIME", default_value = "10s",
          value_parser = quantity::positive_span)]
    pub(crate) timeout: Nanos,
    /// Seed of every random choice, to repeat a run [default: random, and printed].
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Machines that make the load in the place of this one.
    #[command(flatten)]
    pub(crate) fleet: FleetArgs,
}

/// The server's process: what it costs, and its start and end.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct ServerArgs {
    /// Tell what the server costs (CPU a message, memory a connection, switches), from its process
    /// and all that descend from it. The embedded server's is always told.
    #[arg(long, value_name = "PID", value_parser = quantity::positive_u32)]
    pub(crate) server_pid: Option<u32>,
    /// Start the server by this command line, wait until URL accepts connections, tell what it
    /// costs, and end it with all that it started (example: 'node echo.js').
    #[arg(long, value_name = "CMD")]
    pub(crate) exec: Option<String>,
    /// Cores for the server of --exec, or the embedded one (example: 0-1); the generator takes the
    /// others unless --pin says which.
    #[arg(long, value_name = "CORES", value_parser = quantity::cpu_list)]
    pub(crate) server_cpus: Option<CpuList>,
}

/// Whose clock says when an answer had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TimestampsArg {
    /// The kernel's, where it stamps what arrives; else nobody's.
    Auto,
    /// The kernel's, or the run is refused.
    Kernel,
    /// Nobody's: an answer has come when it has been read.
    User,
}

impl From<TimestampsArg> for Timestamps {
    fn from(whose: TimestampsArg) -> Self {
        match whose {
            TimestampsArg::Auto => Self::Auto,
            TimestampsArg::Kernel => Self::Kernel,
            TimestampsArg::User => Self::User,
        }
    }
}

/// What is expected of a server: what of it fails a run, and what does not.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Judge")]
pub(crate) struct ExpectArgs {
    /// The share of messages that may fail, or of connections that the server may end before their
    /// time; beyond it the run is invalid and exits with 1 [default: 1%].
    #[arg(long, value_name = "SHARE", value_parser = quantity::share)]
    pub(crate) tolerate_failures: Option<f64>,
    /// Take messages that the server sends by itself: so many of them when a connection opens (1), or
    /// all that hold a text ('"type":"ping"').
    ///
    /// Without it each is counted as unasked, and no request is settled by one.
    #[arg(long, value_name = "N|TEXT", value_parser = quantity::greeting)]
    pub(crate) greeting: Option<Greeting>,
    /// What of the server is meant: of that no run is invalid, though it is counted.
    #[arg(long, value_name = "WHAT", value_enum)]
    pub(crate) expect: Vec<ExpectArg>,
}

/// What of a server is meant to be as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExpectArg {
    /// Answers in another order than their messages.
    Unordered,
    /// Deliveries of a broadcast that come more than once.
    AtLeastOnce,
    /// Deliveries of a broadcast that do not come.
    AtMostOnce,
    /// Both.
    Lossy,
}

impl ExpectArgs {
    /// Puts into a plan what is expected.
    pub(crate) fn carried_over(&self, spec: &mut PlanSpec) {
        spec.clients.exchange.greeting.clone_from(&self.greeting);
        spec.expect.failures = self.tolerate_failures;
        let expects = |what| self.expect.contains(&what);
        spec.expect.unordered = expects(ExpectArg::Unordered);
        let is_lossy = expects(ExpectArg::Lossy);
        let may_lose = is_lossy || expects(ExpectArg::AtMostOnce);
        let may_repeat = is_lossy || expects(ExpectArg::AtLeastOnce);
        spec.expect.promise = match (may_lose, may_repeat) {
            (false, false) => Promise::ExactlyOnce,
            (false, true) => Promise::AtLeastOnce,
            (true, false) => Promise::AtMostOnce,
            (true, true) => Promise::Lossy,
        };
    }
}

/// Several runs, and what fails them.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Judge")]
pub(crate) struct JudgeArgs {
    /// Run N times with fresh connections, and show how far the runs agree (example: 5).
    #[arg(long, value_name = "N", value_parser = quantity::positive_u32)]
    pub(crate) repeat: Option<u32>,
    /// Hold the result against the one stored in FILE.
    #[arg(long, value_name = "FILE", value_parser = contender::stored)]
    pub(crate) baseline: Option<StoredSide>,
    /// Exit with 99 when this holds and noise does not explain it; repeat for several.
    ///
    /// FIGURE > THRESHOLD, or >= < <=: 'p99>5ms', 'errors>1%', 'messages_per_s<20k', or of the
    /// --baseline 'messages_per_s<0.95*baseline' or 'messages_per_s<-5%'. A percentile is of the
    /// response time in the open loop, of the service time in the closed, unless it says
    /// response.p99 or service.p99; it is judged by the messages that took longer, exactly at 95 %.
    /// Of whatever else has an interval of confidence the whole of it must be beyond the threshold.
    /// What cannot be judged exits with 5 and says how long a run would suffice.
    #[arg(long, value_name = "CONDITION", value_parser = advice::condition)]
    pub(crate) fail_if: Vec<Condition>,
}

/// The raw log.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct LogArgs {
    /// Append the times of every round trip to F, as CSV.
    ///
    /// With --clients one line a client: the service time of each round trip in seconds. Else one
    /// line a round trip: connection,sequence,due_ns,sent_ns,received_ns.
    #[arg(short, long, value_name = "F")]
    pub(crate) log: Option<PathBuf>,
}

/// Stored results and how to render them.
#[derive(Clone, Debug, Args)]
pub(crate) struct Report {
    /// Result documents, as --output wrote them; - is standard input [default: the last result].
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// What is written [default: as the ending of --output says, else text].
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) format: Option<Format>,
    /// Write to F instead of standard output, which - stands for.
    #[arg(short, long, value_name = "F")]
    pub(crate) output: Option<PathBuf>,
    /// As text the eight lines alone that a run prints.
    #[arg(long)]
    pub(crate) brief: bool,
    /// As text all that is known, as without it: what -v of a run prints.
    #[arg(short, long, hide = true)]
    pub(crate) verbose: bool,
    /// Percentiles to print, and no others (example: 50,90,99.9).
    #[arg(long, value_name = "LIST", value_parser = shares::parse)]
    pub(crate) percentiles: Option<Shares>,
    /// The times of the only FILE in the formats of HdrHistogram.
    #[command(flatten)]
    pub(crate) histograms: HistogramArgs,
    /// The page.
    #[command(flatten)]
    pub(crate) html: HtmlArgs,
    /// Exit as the run did under --strict: with 3 when an audit found anything to doubt.
    #[arg(long)]
    pub(crate) strict: bool,
}

impl Report {
    /// The file of `--output`, unless it is standard output.
    pub(crate) fn file(&self) -> Option<&Path> {
        let path = self.output.as_deref();
        path.filter(|path| *path != Path::new("-"))
    }

    /// What is written: what was asked for, else what the file's ending names.
    pub(crate) fn written(&self) -> Format {
        let named = || self.output.as_deref().and_then(Format::of_name);
        self.format.or_else(named).unwrap_or(Format::Text)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::command_line::Cli;

    /// What is shown and what is stored.
    fn formats(words: &[&str]) -> (Format, Format) {
        let words = std::iter::once("wsbench").chain(words.iter().copied());
        let output = Cli::try_parse_from(words).unwrap().measure.output;
        (output.shown(), output.stored())
    }

    #[test]
    fn a_format_goes_to_the_file_and_a_summary_to_the_user() {
        assert_eq!(formats(&[]), (Format::Text, Format::Json));
        assert_eq!(formats(&["-o", "f"]), (Format::Text, Format::Json));
        assert_eq!(formats(&["--format", "csv"]), (Format::Csv, Format::Csv));
        assert_eq!(
            formats(&["--format", "csv", "-o", "f"]),
            (Format::Text, Format::Csv)
        );
        assert_eq!(
            formats(&["--format", "quiet", "-o", "f"]),
            (Format::Quiet, Format::Json)
        );
        assert_eq!(formats(&["-o", "f.html"]), (Format::Text, Format::Html));
        assert_eq!(formats(&["-o", "f.MD"]), (Format::Text, Format::Markdown));
        assert_eq!(formats(&["-o", "f.csv"]), (Format::Text, Format::Csv));
        assert_eq!(
            formats(&["-o", "f.csv", "--format", "json"]),
            (Format::Text, Format::Json),
            "what is said outweighs a name"
        );
        assert_eq!(formats(&["-o", "-"]), (Format::Json, Format::Json));
        assert_eq!(
            formats(&["-o", "-", "--format", "csv"]),
            (Format::Csv, Format::Csv)
        );
    }

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
