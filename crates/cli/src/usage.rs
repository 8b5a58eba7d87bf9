//! What is wrong with a command line that only shows when flags are seen together.
//!
//! Each message names the flag, what was wrong, and what to do. Nothing has been started when one
//! of these is printed; the exit code is 2.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use thiserror::Error;
use wsbench_echo::BindError;
use wsbench_load::corpus::CorpusError;
use wsbench_load::plan::PlanError;
use wsbench_load::template::{NotFound, TemplateError};
use wsbench_setting::Spelling as _;
use wsbench_transport::address::Address;

use wsbench::LogError;
use wsbench::header::HeaderError;
use wsbench::quantity::CpuList;
use wsbench::ranking::StateError;
use wsbench::scenario::ScenarioError;
use wsbench::suite::SuiteError;

use crate::spelling::{self, Flags};
use crate::words;

/// Why flags, each right by itself, make no run.
#[derive(Debug, Error)]
pub(crate) enum UsageError {
    /// A word after the URL.
    #[error("'{word}' is one word too many: there is one URL, and a subcommand comes first")]
    StrayWord {
        /// The word.
        word: String,
    },
    /// A first word that is no subcommand and looks like one.
    #[error("{words}")]
    NoSubcommand {
        /// The word, and what was meant.
        words: String,
    },
    /// A flag of another load generator.
    #[error("{word} is {tool}'s; {answer}")]
    Foreign {
        /// The flag as it was written.
        word: String,
        /// Whose it is.
        tool: &'static str,
        /// What does the same here.
        answer: &'static str,
    },
    /// The flags make a plan that cannot be carried out.
    #[error("{} {}", Flags.of(.0.field), spelling::reason(.0.why))]
    Plan(PlanError),
    /// Something is wrong with a suite.
    #[error("{}", words::suite(.0))]
    Suite(#[from] SuiteError),
    /// A file that is no log, or one of another kind.
    #[error("--log {}: {error}", path.display())]
    OtherLog {
        /// The file.
        path: PathBuf,
        /// The reason why nothing is appended to it.
        error: LogError,
    },
    /// State of an interrupted ranking that is of no use.
    #[error("{}", words::state(.0))]
    RankingState(#[from] StateError),
    /// Two rules for when the run is over.
    #[error("--messages and --duration both say when to stop; give one of them")]
    MessagesAndDuration,
    /// The result and live data both want standard output.
    #[error(
        "--stream ndjson takes standard output; give it a file (ndjson=FILE), or the result (-o FILE)"
    )]
    TwoToStdout,
    /// The replacement model has its own stop rule.
    #[error("--clients and {flag} both say when to stop; give one of them")]
    ClientsAnd {
        /// The other flag.
        flag: &'static str,
    },
    /// Round trips a client, but no clients.
    #[error("--roundtrips counts a client's own; add --clients N, or --messages N; a rate: -R")]
    RoundtripsWithoutClients,
    /// A flag of the open loop without a rate.
    #[error("{flag} is of the open loop; add --rate or --stages, or leave it out")]
    OpenLoopFlag {
        /// The flag.
        flag: &'static str,
    },
    /// A rate of each connection where the rate over all of them is what is searched for.
    #[error("{flag} goes with --over connections; add it, or leave this out")]
    RateOverRate {
        /// The flag.
        flag: &'static str,
    },
    /// Connections that are searched for, and no schedule of what is sent.
    #[error(
        "this --mode sends by a schedule; give --rate (over all connections) or \
         --rate-per-connection"
    )]
    ConnectionsWithoutRate,
    /// A search over the audience at no rate.
    #[error("--over audience needs the rate of messages over all rooms; give --rate")]
    AudienceWithoutRate,
    /// A search over the audience of messages that have none.
    #[error("--over audience is of messages for many; add --mode broadcast or --mode pubsub")]
    AudienceOfOne,
    /// A sweep of what no pilot can tell the bounds of.
    #[error("this --mode has no pilot run to find the rates by; give --rate FROM..TO")]
    SweepWithoutRates,
    /// A search for a rate of answers where nothing is answered.
    #[error(
        "nothing is answered with this load, so there is no rate to find; measure it by itself: wsbench URL \
         with the same flags, or find --over connections of pushes, pings and storms"
    )]
    NothingToFind,
    /// The stay of sessions that are not searched for.
    #[error("{flag} is of sessions; add --over sessions, or leave it out")]
    StayWithoutSessions {
        /// The flag.
        flag: &'static str,
    },
    /// Sessions that are no echoes, requests or idle ones.
    #[error(
        "--over sessions is of echoes, requests and connections that are only held; leave --mode out, or \
         write --mode request, ping or idle"
    )]
    SessionsOfMode,
    /// A flag that a search for sessions does not go with.
    #[error(
        "{flag} does not go with --over sessions: as many are there as come and stay, with one message in \
         flight each, or with --mode idle none"
    )]
    OverSessionsAnd {
        /// The flag.
        flag: &'static str,
    },
    /// A percentile of answers where none are awaited.
    #[error(
        "nothing is answered on sessions that are only held (--mode idle, or a scenario's), so there are no \
         response times; ask for opening.p99 or login.p99"
    )]
    SessionsWithoutAnswers,
    /// A number of connections where they come by a schedule.
    #[error(
        "how many sessions are there at a time follows from how many come, which the scenario says (arrive); \
         search --over sessions, or over the rate of messages"
    )]
    NumberOfSessions,
    /// Not a single trial would be over in time.
    #[error("--limit is shorter than one run with its warm-up; give a longer one, or a shorter -d")]
    LimitTooShort,
    /// No file, and no run that was kept.
    #[error("no run has been kept yet; run wsbench first, or name a FILE that --output wrote")]
    NoLastRun,
    /// A search or a sweep among others, or with a table of a run's times.
    #[error(
        "a document of schema {found} is rendered alone, and has no --hgrm or --hlog; give it alone"
    )]
    MixedKinds {
        /// Its schema.
        found: String,
    },
    /// A page has one subject.
    #[error("a page is of one stored result, or of several single runs; give such files alone")]
    PageOfMany,
    /// A flag of HTTP/2 without it.
    #[error("--streams is of HTTP/2; add --http 2, or leave it out")]
    StreamsWithoutHttp2,
    /// The feature was left out when this binary was made.
    #[error("this wsbench was built without HTTP/2; build it with --features http2")]
    NoHttp2,
    /// There are no fleets in this build.
    #[cfg(not(feature = "fleet"))]
    #[error("this wsbench was built without fleets; build it with --features fleet")]
    NoFleet,
    /// A fleet measures what it can reach, and not what is of this machine.
    #[cfg(feature = "fleet")]
    #[error("{flag} is of one machine alone and does not go with --bus; {advice}")]
    FleetAnd {
        /// The flag, or what was left out.
        flag: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// A name that cannot be part of a subject.
    #[cfg(feature = "fleet")]
    #[error("{flag}: {words}")]
    NoName {
        /// The flag.
        flag: &'static str,
        /// What is wrong.
        words: String,
    },
    /// Two ways of waiting.
    #[error("--busy-poll and --pace exclude each other: it spins, like --pace spin; leave one out")]
    BusyPollAndPace,
    /// Two schedules.
    #[error("--rate and {flag} exclude each other; give one of them")]
    RateAnd {
        /// The other flag.
        flag: &'static str,
    },
    /// A flag of the closed loop with a rate.
    #[error("{flag} is of the closed loop, --rate and --stages of the open one; leave one out")]
    ClosedLoopFlag {
        /// The flag.
        flag: &'static str,
    },
    /// A run that goes on until its answer is known has no other end but a limit in time.
    #[error("--until and {flag} both say when to stop; leave {flag} out (-d is its limit)")]
    UntilAnd {
        /// The other flag.
        flag: &'static str,
    },
    /// The stages say how long the run is.
    #[error("--stages says how long the run is; leave {flag} out")]
    StagesAnd {
        /// The other flag.
        flag: &'static str,
    },
    /// The replacement model measures every client.
    #[error("--warmup does not go with --clients, which measures every client; leave it out")]
    WarmupWithClients,
    /// Stages after a warm-up of unknown length: what they follow has to be known before they are
    /// scheduled.
    #[error(
        "--warmup auto does not go with --stages, which begin at a time of their own; give \
         --warmup a time"
    )]
    FoundWarmupWithStages,
    /// Two messages.
    #[error("--message and --file both say what to send; give one of them")]
    MessageAndFile,
    /// A flag of requests without them.
    #[error("{flag} is of requests; add --mode request, or leave it out{}", if *.flag == "--match" {
        ", or --mode broadcast or pubsub, whose messages it can number"
    } else {
        ""
    })]
    RequestFlag {
        /// The flag.
        flag: &'static str,
    },
    /// Messages for many that are to be known by their order.
    #[error(
        "--match order is of requests; messages for many are known by their tag, or by a number at a place, \
         as with --match json:/id"
    )]
    OrderOfMany,
    /// A flag of sessions without them.
    #[error("{flag} is of sessions by a schedule; add --arrive, or leave it out")]
    SessionFlag {
        /// The flag.
        flag: &'static str,
    },
    /// A flag that sessions by a schedule do not go with.
    #[error(
        "{flag} does not go with --arrive: sessions come by their rate and stay for -r round trips or \
         --live; --max-sessions says how many at a time at most"
    )]
    ArriveAnd {
        /// The flag.
        flag: &'static str,
    },
    /// The time that connections stay which come and go beside the load, without such.
    #[error("--churn-live says how long each connection of --churn stays; give that as well")]
    ChurnLiveAlone,
    /// A flag of pushes without them.
    #[error("{flag} is of pushes; add --mode push, or leave it out")]
    PushFlag {
        /// The flag.
        flag: &'static str,
    },
    /// The same beside a scenario.
    #[error("{flag} is of pushes, and the scenario has none; leave it out")]
    ScenarioPushFlag {
        /// The flag.
        flag: &'static str,
    },
    /// Rooms of each connection where there are none.
    #[error("--rooms-each says in how many of --rooms a connection is; give these as well")]
    RoomsEachAlone,
    /// An objective, or what is waited for, of something that the load does not have.
    #[error(
        "{flag} {name}: such a load has no figure of that name; response times are of answers, deliveries, skew and reach are of --mode \
         broadcast and pubsub, acks of --ack, items of --end, logins of --join, pings of a pinged connection"
    )]
    NotOfLoad {
        /// The flag.
        flag: &'static str,
        /// The figure.
        name: String,
    },
    /// Acknowledgements where messages have answers of their own, or none are sent.
    #[error(
        "--ack is of messages that are for others or that nobody answers; add --mode broadcast, pubsub or \
         oneway, or leave it out"
    )]
    AckFlag,
    /// A template that is none of the mode.
    #[error("--template {0}")]
    ModesTemplate(TemplateError),
    /// A size of a template that has no filling.
    #[error(
        "--template has no {{fill}} that could make messages as long as --size says; put it behind {{tag}}"
    )]
    SizeWithoutFill,
    /// A variable or a column that a text names, and that is not there.
    #[error("{flag}: {lacks}")]
    NotFound {
        /// The flag.
        flag: &'static str,
        /// The thing that is not there.
        lacks: NotFound,
    },
    /// The value of a header, by whatever flag, that takes rows of a file.
    #[error("{0}")]
    Header(#[from] HeaderError),
    /// An answer without what it answers.
    #[error("{flag} is of --join; say with that what is sent before")]
    WithoutJoin {
        /// The flag.
        flag: &'static str,
    },
    /// Flags of the embedded server that make none.
    #[error(transparent)]
    NoServer(BindError),
    /// Something is wrong with a scenario.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// A flag that says what the scenario says.
    #[error("{flag} says what the scenario says; change it there, or leave the flag out")]
    ScenarioAnd {
        /// The flag.
        flag: &'static str,
    },
    /// A number of connections where a scenario has several of them.
    #[error(
        "the scenario has several kinds of clients; say there how many of each, not by --connections"
    )]
    ScenarioConnections,
    /// A schedule of sessions where a scenario has several kinds of clients.
    #[error(
        "the scenario has several kinds of clients, and clients that come by --arrive are of one; leave it out"
    )]
    ScenarioArrival,
    /// A scenario that says no server.
    #[error("the scenario has no url, and the command line none either; give one")]
    ScenarioWithoutUrl,
    /// A template, and something else to send.
    #[error("--template says what to send and how long it is; leave {flag} out")]
    TemplateAnd {
        /// The other flag.
        flag: &'static str,
    },
    /// Lines to send, and something else to send.
    #[error("--corpus says what to send and how long it is; leave {flag} out")]
    CorpusAnd {
        /// The other flag.
        flag: &'static str,
    },
    /// The corpus cannot be read.
    #[error(
        "--corpus {}: {source}; check the path, or give `builtin` for made-up JSON",
        path.display()
    )]
    CorpusUnreadable {
        /// The file.
        path: PathBuf,
        /// Error of the system.
        source: io::Error,
    },
    /// The corpus has no lines that could be sent.
    #[error("--corpus {}: {source}; give a text of lines, each a message", path.display())]
    CorpusUnusable {
        /// The file.
        path: PathBuf,
        /// Reason why it is wrong.
        source: CorpusError,
    },
    /// The corpus is to be sent as text and is none (RFC 6455 section 8.1).
    #[error(
        "--corpus {}: byte {offset} is not UTF-8; send it with --binary",
        path.display()
    )]
    CorpusIsNotText {
        /// The file.
        path: PathBuf,
        /// Offset of the first byte that is not UTF-8, from 0.
        offset: usize,
    },
    /// A size for a message that has one.
    #[error("--size does not go with {flag}, whose length is what it is; leave one of them out")]
    SizeOfFixed {
        /// The flag that gives the message.
        flag: &'static str,
    },
    /// Text and binary at the same time.
    #[error("--text and --binary exclude each other; give one of them")]
    TextAndBinary,
    /// The file is to be sent as text and is none (RFC 6455 section 8.1).
    #[error(
        "--file {}: with --text it must be UTF-8, and byte {offset} is not; send it with --binary",
        path.display()
    )]
    FileIsNotText {
        /// The file.
        path: PathBuf,
        /// Offset of the first byte that is not UTF-8, from 0.
        offset: usize,
    },
    /// The file is larger than a message may be.
    #[error("--file {}: larger than the limit of 64 MiB; send a smaller one", path.display())]
    FileTooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("{flag} {}: {source}; check the path and its permissions", path.display())]
    FileUnreadable {
        /// The flag that named it.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// Error of the system.
        source: io::Error,
    },
    /// The argument `--message` is longer than a message may be.
    #[error("--message is larger than the limit of 64 MiB; send a shorter one")]
    MessageTooLarge,
    /// One subprotocol twice (RFC 6455 section 4.1, item 10).
    #[error("--subprotocol {name} is given twice; each may be offered once")]
    SubprotocolTwice {
        /// The subprotocol.
        name: String,
    },
    /// IPv4 only and IPv6 only.
    #[error("-4 and -6 exclude each other; give one of them, or none for both")]
    BothFamilies,
    /// The host is an address of the family that was excluded.
    #[error("{flag} does not go with the address {host}; leave it out")]
    FamilyOfLiteral {
        /// `-4` or `-6`.
        flag: &'static str,
        /// The address.
        host: String,
    },
    /// The address that is fixed for the embedded server is of the family that was excluded.
    #[error("-6 does not go with the embedded server, which is on 127.0.0.1; leave it out")]
    EmbeddedIsIpv4,
    /// Two headers of a kind that there is one of.
    #[error("--auth and {other} both send an Authorization; give one of them")]
    AuthTwice {
        /// The other flag.
        other: &'static str,
    },
    /// A flag and `-H` for the same header.
    #[error("{flag} and -H both send {name}; give one of them")]
    HeaderTwice {
        /// The flag.
        flag: &'static str,
        /// The header.
        name: String,
    },
    /// A way that leads from no URL.
    #[error("{flag} says how the server of a URL is reached; give its URL as well")]
    WayWithoutUrl {
        /// The flag.
        flag: &'static str,
    },
    /// `--connect-to` for another host and port than the URL's.
    #[error("--connect-to is for another server than that of the URL, {place}; mend one of them")]
    ConnectToElsewhere {
        /// The URL's host and port.
        place: String,
    },
    /// Addresses to come from that cannot reach the target.
    #[error("--source-ip {source_ip} is of another family than {other}; give addresses of one")]
    SourceFamily {
        /// An address to come from.
        source_ip: IpAddr,
        /// Address that it does not go with.
        other: String,
    },
    /// Cores that this process may not use, or that do not exist.
    #[error("{flag}: core {cpu} is not there for this process; it may use {allowed}")]
    NoSuchCpu {
        /// The flag that named it.
        flag: &'static str,
        /// The first such core.
        cpu: usize,
        /// Those that there are.
        allowed: CpuList,
    },
    /// A finished ranking would be written over.
    #[error(
        "--output {}: holds a finished ranking, which would be written over; give another file, \
         or --fresh",
        path.display()
    )]
    RankingFinished {
        /// The file.
        path: PathBuf,
    },
    /// A place that cannot be written to.
    #[error("{flag} {}: cannot be written ({source}); give a writable place", path.display())]
    Unwritable {
        /// The flag that named it.
        flag: &'static str,
        /// The place.
        path: PathBuf,
        /// Error of the system.
        source: io::Error,
    },
    /// Two outputs in one file, of which one would overwrite the other.
    #[error("{first} and {second} name the same file; give each its own")]
    SameFile {
        /// One flag.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// The older tool's log and the new one's.
    #[error("--l and --log both name the log file; give one of them")]
    TwoLogs,
    /// One histogram for several results.
    #[error("{flag} writes the times of one result, and {files} were given; give one FILE")]
    HistogramOfMany {
        /// The flag.
        flag: &'static str,
        /// Number of files that were given.
        files: usize,
    },
    /// A histogram of what is no single run.
    #[error("{flag} writes the times of one run, and this FILE holds several; leave it out")]
    HistogramOfSeveralRuns {
        /// The flag.
        flag: &'static str,
    },
    /// A flag of TLS for a server that is not reached by it.
    #[error("{flag} is of TLS, and the server is not reached by it; write its URL with wss://")]
    TlsFlag {
        /// The flag.
        flag: &'static str,
    },
    /// A ranking has no lines of figures.
    #[error(
        "a ranking cannot be written as csv; choose text, json, markdown, github, html or quiet"
    )]
    NoCsvOfRanking,
    /// A server to start, and nowhere to find it.
    #[error("{flag} does not say where the server listens; give its URL as well")]
    ServerWithoutUrl {
        /// The flag.
        flag: &'static str,
    },
    /// A server to start, and one that is there.
    #[error("--exec and --server-pid both say which process the server is; give one of them")]
    ExecAndPid,
    /// Cores for a server that was started by somebody else.
    #[error(
        "--server-cpus is for a server that wsbench starts (--exec, or without a URL); \
         for one that is there: taskset -acp {cpus} PID"
    )]
    CpusOfRunningServer {
        /// The cores.
        cpus: CpuList,
    },
    /// Something listens where the server of `--exec` is to be.
    #[error(
        "something listens on {address} already and would be measured in place of --exec; \
         end it (`ss -ltnp` shows it), or give another port to both"
    )]
    ExecOccupied {
        /// Address of the server.
        address: Address,
    },
    /// A process that is not there.
    #[error("--server-pid {pid}: there is no such process; `pgrep -f NAME` finds the server's")]
    NoSuchProcess {
        /// The number that was given.
        pid: u32,
    },
    /// One place for the times of several runs.
    #[error("{flag} is of one run, and --repeat makes several; leave one of them out")]
    RepeatAnd {
        /// The other flag.
        flag: &'static str,
    },
    /// A condition on the baseline without one.
    #[error("--fail-if '{condition}' is held against a baseline; add --baseline FILE")]
    NoBaseline {
        /// The condition.
        condition: String,
    },
}
