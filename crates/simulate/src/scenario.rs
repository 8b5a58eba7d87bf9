//! What a simulated run meets: the network, the generator's own machine, and the server.
//!
//! Data alone; it is carried out by `world` and `server`. The default is a healthy server near by.

use wsbench_load::nanos::Nanos;
use wsbench_wire::deflate::Wish;

/// Everything that a simulated run meets.
///
/// ```
/// use wsbench_simulate::{AnswerFault, Every, Scenario};
/// let mut scenario = Scenario::default();
/// scenario.server.answers = Some(Every { nth: 1_000, fault: AnswerFault::Dropped });
/// ```
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    /// The way between generator and server.
    pub network: Network,
    /// The machine that the generator runs on.
    pub machine: Machine,
    /// The server under test.
    pub server: Server,
}

/// A fault that hits each n-th of something over the whole run: exactly ⌊N/n⌋ of N.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Every<T> {
    /// 1 hits all. At least 1.
    pub nth: u64,
    /// Fault that happens to it.
    pub fault: T,
}

impl<T: Copy> Every<T> {
    /// A fault that hits all.
    pub const fn all(fault: T) -> Self {
        Self { nth: 1, fault }
    }

    /// The fault that hits number `count`, counted from 1, if one does.
    pub(crate) fn hitting(this: Option<Self>, count: u64) -> Option<T> {
        this.filter(|every| count.is_multiple_of(every.nth))
            .map(|every| every.fault)
    }
}

/// The way between generator and server. Bytes keep their order on each connection, as TCP's do.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// Time that a segment takes, one way.
    pub latency: Nanos,
    /// One to the generator takes so much longer.
    pub slower_back: Nanos,
    /// It takes up to this much longer, drawn evenly for each segment.
    pub jitter: Nanos,
    /// Longest segment, bytes. Below `usize::MAX` what is sent is cut at random places into
    /// pieces of 1 byte up to this many, so that reads end anywhere.
    pub segment: usize,
    /// Bytes that a connection takes from the generator before the server has taken them from
    /// it; `usize::MAX` never blocks.
    pub send_room: usize,
    /// Bytes of a connection that the generator's kernel takes before the generator has read them;
    /// `usize::MAX` takes whatever comes. What is more waits with the server ([`Server::unsent`]).
    pub receive_room: usize,
    /// Segments that were lost on the way and came later.
    pub retransmission: Option<Every<Nanos>>,
    /// Connects that do not come about.
    pub connects: Option<Every<ConnectFault>>,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            latency: Nanos::from_micros(50),
            slower_back: Nanos::ZERO,
            jitter: Nanos::ZERO,
            segment: usize::MAX,
            send_room: usize::MAX,
            receive_room: usize::MAX,
            retransmission: None,
            connects: None,
        }
    }
}

/// Failure of a connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectFault {
    /// Nobody listens.
    Refused,
    /// The SYN is never answered.
    Swallowed,
    /// There is no route (told at once, as a kernel does).
    Unreachable,
    /// The generator has no descriptor left (told at once).
    OutOfDescriptors,
    /// The generator has no local port left (told at once).
    OutOfPorts,
}

/// The machine that the generator runs on.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// Cost of one reading of the clock. Not zero: time must pass in a loop that does nothing.
    pub clock_reading: Nanos,
    /// Cost of one call of the kernel.
    pub system_call: Nanos,
    /// A wait that times out ends up to this much late, drawn evenly.
    pub timer_slack: Nanos,
    /// True where connections that are ready together are told in random order.
    pub shuffles: bool,
    /// The generator does not run at all for a while.
    pub pause: Option<Pause>,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            clock_reading: Nanos(25),
            system_call: Nanos::ZERO,
            timer_slack: Nanos::ZERO,
            shuffles: false,
            pause: None,
        }
    }
}

/// A span in which the generator does not run: suspended, or without a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Instant at which it begins, since the run began.
    pub at: Nanos,
    /// Length of it.
    pub length: Nanos,
}

/// The server under test: an echo, unless it is told otherwise.
#[derive(Clone, Debug)]
pub struct Server {
    /// Time that one message takes it.
    pub service: ServiceTime,
    /// Course of that over the run.
    pub course: Option<ServiceCourse>,
    /// Way in which messages wait for each other.
    pub queue: Queue,
    /// A limit on the messages it takes, before they queue.
    pub bucket: Option<Bucket>,
    /// Time that it takes to grant one upgrade, one after the other.
    pub accept: Option<Nanos>,
    /// Spans in which it does nothing at all.
    pub stall: Option<PeriodicStall>,
    /// Compression that it grants where the client offers it (RFC 7692); `None` declines. Answers
    /// that are at fault come uncompressed, but for those with a wrong byte.
    pub compression: Option<Wish>,
    /// Connections that are not upgraded as they should be.
    pub opening: Option<Every<OpeningFault>>,
    /// Connections on which no message is ever answered.
    pub silent: Option<Every<()>>,
    /// True where it does not answer pings.
    pub is_deaf_to_pings: bool,
    /// Messages that are not answered as they should be.
    pub answers: Option<Every<AnswerFault>>,
    /// Messages go to all connections in place of their sender alone; `None` is an echo.
    pub broadcast: Option<ToAll>,
    /// Messages are acknowledged to their sender: beside a broadcast, or in place of any other answer.
    pub acks: Option<Acking>,
    /// A request is answered with several messages; `None` answers it with one.
    pub streams: Option<Streaming>,
    /// Messages that the server sends by itself.
    pub pushes: Option<Pushing>,
    /// Fate of what a connection does not take.
    pub unsent: Unsent,
    /// Connections that the server ends.
    pub disruption: Option<Disruption>,
    /// Answer to a close frame.
    pub ending: Ending,
    /// Spans in which it is not there, in order and apart from each other.
    pub outages: Vec<Outage>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            service: ServiceTime::Constant(Nanos::from_micros(10)),
            course: None,
            queue: Queue::Parallel,
            bucket: None,
            accept: None,
            stall: None,
            compression: None,
            opening: None,
            silent: None,
            is_deaf_to_pings: false,
            answers: None,
            broadcast: None,
            acks: None,
            streams: None,
            pushes: None,
            unsent: Unsent::Kept,
            disruption: None,
            ending: Ending::Proper,
            outages: Vec::new(),
        }
    }
}

/// Time that one message takes the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceTime {
    /// Always the same.
    Constant(Nanos),
    /// Exponentially distributed with this mean.
    Exponential(Nanos),
    /// Evenly between the two.
    Uniform(Nanos, Nanos),
    /// One of two.
    Mixed {
        /// Time that it takes in most cases.
        usual: Nanos,
        /// Time that it takes in the others.
        rare: Nanos,
        /// Number of the others in a million.
        rare_ppm: u32,
    },
}

/// Course over the run of the time that a message takes the server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ServiceCourse {
    /// The server gets warm: `1 + (times − 1)·e^(−t/within)` times what it takes a warm one.
    Falling {
        /// Factor on the time at the beginning of the run.
        times: f64,
        /// The time constant of its fall.
        within: Nanos,
    },
    /// It never does: in every other half of `period`, so many times as long.
    Alternating {
        /// Factor on the time.
        times: f64,
        /// From the beginning of one slow half to that of the next.
        period: Nanos,
    },
}

/// So many messages a second, and after a quiet time so many at once: a token each `interval`, and
/// `burst` of them at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// From one token to the next.
    pub interval: Nanos,
    /// Tokens that it holds at most, as it does at the beginning. At least 1.
    pub burst: u32,
    /// True where a message that finds no token is not answered (a policer) rather than waiting for
    /// its token (a shaper).
    pub drops: bool,
}

/// Way in which messages wait for each other at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// They do not; with a random service time the answers of a connection overtake each other.
    Parallel,
    /// One after the other, over all connections.
    Fifo,
}

/// Spans in which the server does nothing at all: the first `length` of each `period`, but for
/// the one at the run's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodicStall {
    /// From the beginning of one to that of the next; longer than `length`.
    pub period: Nanos,
    /// Length of one.
    pub length: Nanos,
}

/// Fault of a connection before its first message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpeningFault {
    /// Nothing is wrong, but the head comes byte by byte, one each of this span.
    Slow(Nanos),
    /// Nothing is wrong: a ping comes in one segment with the head.
    WithPing,
    /// A message that nobody asked for comes in one segment with the head.
    WithMessage,
    /// A close frame with this code comes in one segment with the head.
    WithClose(u16),
    /// A frame that breaks the protocol comes in one segment with the head.
    WithBrokenFrame,
    /// `Sec-WebSocket-Accept` is wrong.
    WrongAccept,
    /// There is no `Sec-WebSocket-Accept`.
    MissingAccept,
    /// A subprotocol that was not offered.
    Subprotocol,
    /// An extension that was not offered.
    Extension,
    /// This status in place of 101.
    Status(u16),
    /// Bytes that are no HTTP.
    Garbage,
    /// Header after header, without end.
    Endless,
    /// Accepted, then silent.
    Silence,
    /// Accepted, then closed.
    Closed,
    /// Accepted, then reset.
    Reset,
    /// Closed in the middle of the head.
    CutHead,
}

/// Fault of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerFault {
    /// It never comes.
    Dropped,
    /// It comes twice.
    Duplicated,
    /// It comes behind the answer to the next message on the connection.
    Swapped,
    /// Its last byte is wrong.
    WrongBytes,
    /// Text for binary, binary for text.
    WrongOpcode,
    /// Nothing is wrong: it comes in five fragments with a ping among them.
    Fragmented,
    /// It comes as two messages.
    Split,
    /// It comes with the next answer of the connection in one message.
    Merged,
    /// A pong comes in its place.
    Pong,
    /// It comes on another connection; if there is none, nowhere.
    CrossTalk,
    /// It comes this much later than it should.
    Late(Nanos),
    /// Letters other than ASCII have become question marks.
    Reencoded,
    /// A message that nobody asked for comes behind it.
    Unasked,
    /// A JSON object comes back with a member `error` in it, as that of a request that has failed.
    Error,
    /// It comes in a frame that breaks the protocol.
    Broken(Breach),
}

/// Breach of the protocol by a frame (RFC 6455 section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// Masked by the server.
    Masked,
    /// A reserved bit.
    ReservedBit,
    /// An opcode that is not defined.
    UnknownOpcode,
    /// A ping of 126 bytes.
    LongControl,
    /// A ping without FIN.
    FragmentedControl,
    /// A continuation of nothing.
    StrayContinuation,
    /// A new message inside a fragmented one.
    Interleaved,
    /// A length of 2^63.
    LengthTooLarge,
    /// A message longer than anybody takes.
    MessageTooLong,
    /// A length in more bytes than it needs.
    NonMinimalLength,
    /// A close frame with a body of one byte.
    ShortClose,
    /// A close frame with a code that must not be sent.
    BadCloseCode,
}

/// A server that sends each message to all connections, one after the other in the order in which they
/// connected, and to those of one message before it begins with the next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToAll {
    /// True where a message does not go to its sender.
    pub spares_sender: bool,
    /// Time that the server takes from one receiver to the next.
    pub each: Nanos,
    /// Time by which each receiver's copy leaves later than that, by its number; further ones begin
    /// anew. None are late where it is empty.
    pub delays: Vec<Nanos>,
    /// Deliveries in a million that do not take place, drawn at random.
    pub loss_ppm: u32,
    /// Deliveries that are not made as they should be.
    pub faults: Option<Every<AnswerFault>>,
    /// True where the text goes within a JSON object, in which all characters but those of ASCII are
    /// escaped.
    pub wraps: bool,
    /// Each so-manieth delivery goes to a connection of another room as well; `None` strays never.
    pub strays: Option<u64>,
}

/// Acknowledgements: `{"ack":N}`, N from 1 on each connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Acking {
    /// Time from the message to them.
    pub delay: Nanos,
    /// Those that are not as they should be.
    pub faults: Option<Every<AnswerFault>>,
}

/// Streams: a JSON object is answered with itself, `"item":K` before its members, K from 1 on, and at last
/// with `"end":true` there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streaming {
    /// Items of each.
    pub items: u32,
    /// From one item to the next, and from the last to the end.
    pub each: Nanos,
    /// Each so-manieth stops in the middle: half of its items come, and no end. `None` stops none.
    pub stops: Option<u64>,
}

/// Messages of the server's own, to all connections: `{"u":N,"E":NS}`, N from 1, NS the instant since
/// the Unix epoch by the server's clock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pushing {
    /// From one to the next; the first is sent after so long.
    pub every: Nanos,
    /// Way in which they get to the connections.
    pub to: ToAll,
    /// Time by which the server's clock is ahead of ours.
    pub clock_ahead: Nanos,
}

/// Fate of what is to be sent on a connection whose reader does not take it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unsent {
    /// It waits, however much it is.
    #[default]
    Kept,
    /// It waits up to so many bytes; the connection is reset where it is more.
    CutOff(usize),
    /// It waits, and the whole server with it: nobody is sent to before all of it has left.
    HoldsUp,
}

impl ToAll {
    /// Time by which the copy of receiver `number` leaves later than its turn.
    pub(crate) fn delay(&self, number: usize) -> Nanos {
        let delay = self.delays.iter().cycle().nth(number);
        delay.copied().unwrap_or_default()
    }
}

/// The server ends connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disruption {
    /// At this message of each connection, counted from 1, which is not answered any more.
    pub at_message: u64,
    /// In this way.
    pub how: Cut,
}

/// Way in which the server ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// With a close frame of this code; it awaits the reply and closes TCP.
    Close(u16),
    /// With a close frame without a code.
    CloseWithoutCode,
    /// With a close frame, and TCP closed right behind it.
    CloseAndFin(u16),
    /// With TCP closed.
    Fin,
    /// With its sending side of TCP closed; it still reads.
    HalfClose,
    /// With a reset.
    Reset,
    /// With a reset in the middle of a frame.
    ResetMidFrame,
    /// With silence: it neither reads nor writes any more.
    Stalled,
}

/// Answer of the server to a close frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Replies and closes TCP (RFC 6455 section 7.1.1).
    Proper,
    /// Replies and never closes TCP.
    NoFin,
    /// Closes TCP without a reply.
    NoReply,
    /// Resets TCP without a reply.
    Reset,
    /// Nothing.
    Silence,
}

/// A span in which the server is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Instant at which it dies, since the run began.
    pub from: Nanos,
    /// Instant at which it is back; `None` if never.
    pub until: Option<Nanos>,
    /// Part that dies.
    pub death: Death,
}

/// Part that dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// The process: the kernel closes its connections and refuses new ones.
    Process,
    /// The process, and the kernel resets its connections.
    ProcessWithReset,
    /// The machine: nothing is said any more; once it is back, it resets what it does not know.
    Machine,
}
