//! How the server is to deviate from a plain echo, as data, and as the command line writes it.
//!
//! What each deviation does is carried out in `fault_injection`, `paced` and `worker`.

use std::fmt;
use std::ops::RangeBounds;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::distribution::{Draws, TimeDistribution};

/// Deviations from a plain echo. The default has none.
///
/// A message goes through them in this order: it is read (and written down, with `arrivals`), costs
/// its CPU (`burn`), passes the token bucket, waits for its turn and is served (`service`), and its
/// answer is held (`delay`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calibration {
    /// Time for which each answer is held. Answers do not queue behind one another: each has a time
    /// of its own (M/G/∞), so with random times those of a connection overtake each other.
    pub delay: TimeDistribution,
    /// Time for which each message is served, one after the other over all connections of a thread,
    /// in the order in which they came (M/G/1, first in, first out).
    pub service: TimeDistribution,
    /// A limit on the messages a thread takes a second.
    pub bucket: Option<TokenBucket>,
    /// CPU time that each message costs its thread.
    pub burn: Duration,
    /// Memory written for each connection as long as it lasts, octets.
    pub touch: usize,
    /// From the acceptance of one connection to that of the next, on each thread: at least so long.
    pub accept_delay: Duration,
    /// True where the header and the payload of each answer are written apart, without TCP_NODELAY,
    /// so that Nagle's algorithm meets the client's delayed acknowledgements (RFC 9293 section
    /// 3.7.4, RFC 1122 section 4.2.3.2).
    pub two_writes: bool,
    /// Times at which the whole server stands still.
    pub stall: Option<Stall>,
    /// Faults. Several may be given; a fault given twice counts as its last.
    pub misbehave: Vec<Misbehaviour>,
    /// True where the time at which each message was read is kept, for [`Served::arrivals`].
    ///
    /// [`Served::arrivals`]: crate::Served::arrivals
    pub arrivals: bool,
    /// Messages go to other connections as well; `None` is an echo.
    pub broadcast: Option<BroadcastMode>,
    /// JSON objects are answered with several messages; `None` answers them with one.
    pub streams: Option<StreamMode>,
    /// Seed of the random times.
    pub seed: u64,
}

/// Answers of several messages: a JSON object comes back `items` times with a member `"item":K` before its
/// own, K from 1 on, and at last with `"end":true` there. Other messages come back as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamMode {
    /// Items of each.
    pub items: u32,
    /// Time from one item to the next, and from the last to the end.
    pub each: Duration,
}

/// A server that sends each message to all connections of a room.
///
/// All are in one room until they say `{"join":"NAME"}`, which is answered with `{"joined":"NAME"}`; further
/// ones are rooms beside. A message that begins with `{"room":"NAME"` is for that room, and any other for
/// the one that its sender has joined last.
///
/// Of the faults, `drop`, `duplicate`, `swap` and `wrong-bytes` are of deliveries, counted over all of
/// them, and `cross-room` is there beside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BroadcastMode {
    /// True where messages of clients go nowhere.
    pub is_mute: bool,
    /// True where each message is acknowledged to its sender, with `{"ack":N}` and N from 1 on each
    /// connection: and not where [`Misbehaviour::NoAck`] hits it.
    pub acks: bool,
    /// True where a message does not go to its sender.
    pub spares_sender: bool,
    /// Time from one message of the server's own to the next; `None` of a server that has none.
    ///
    /// Each goes to all connections: `{"u":N,"E":MS,"T":US}`, N from 1 and the same for all, MS and US the
    /// instant since the Unix epoch at which the server began to send it.
    pub pushes: Option<Duration>,
    /// Time that the server takes from one receiver to the next, in the order in which they connected;
    /// those of one message have theirs before those of the next.
    pub each: Duration,
    /// Times by which the copies leave later than that, in turn for the receivers of a message; further
    /// receivers begin anew. None are late where it is empty.
    pub delays: Vec<Duration>,
    /// Copies in a million that are lost, each by chance and for itself.
    pub loss_ppm: u32,
    /// Octets that may wait for a connection that does not take them: one with more is reset. `None`
    /// keeps whatever waits.
    pub most_unsent: Option<usize>,
}

impl BroadcastMode {
    /// The messages that a fault would hit and that there are none of; `None` of a fault that is carried
    /// out.
    pub(crate) fn lacks_for(&self, fault: &Misbehaviour) -> Option<&'static str> {
        let has_copies = !self.is_mute || self.pushes.is_some();
        match fault {
            Misbehaviour::NoAck { .. } => (!self.acks).then_some("acknowledgements"),
            Misbehaviour::CrossRoom { .. } => self.is_mute.then_some("messages to rooms"),
            _ => (!has_copies).then_some("messages to many"),
        }
    }

    /// Time by which the copy of receiver number `number`, from 0, leaves later than its turn.
    pub(crate) fn delay(&self, number: u32) -> Duration {
        let count = self.delays.len().max(1);
        let delay = self.delays.get(number as usize % count);
        delay.copied().unwrap_or_default()
    }
}

impl Calibration {
    /// True if there is no deviation at all.
    #[must_use]
    pub fn is_none(&self) -> bool {
        let seed = self.seed;
        *self
            == Self {
                seed,
                ..Self::default()
            }
    }

    /// True if nothing is asked of a broadcast that it does not do.
    pub(crate) fn is_plain_broadcast(&self) -> bool {
        let rest = Self {
            broadcast: None,
            misbehave: Vec::new(),
            accept_delay: Duration::ZERO,
            ..self.clone()
        };
        let mut faults = self.misbehave.iter();
        self.broadcast.is_some() && rest.is_none() && faults.all(Misbehaviour::is_of_broadcast)
    }

    /// True if all messages are answered, rightly and in the order in which they came, as a
    /// connection that is compressed needs it.
    pub(crate) fn keeps_order(&self) -> bool {
        matches!(self.delay, TimeDistribution::Constant(_))
            && self.misbehave.is_empty()
            && self.touch == 0
            && self.streams.is_none()
            && !self.bucket.is_some_and(|bucket| bucket.drops)
    }

    /// The delays that thread number `thread` (from 0) gives its messages, in the order in which
    /// they come: what an instrument has measured of each can be held against it.
    pub fn delays(&self, thread: usize) -> impl Iterator<Item = Duration> + use<> {
        let mut draws = Draws::new(self.delay.clone(), self.seed, thread as u64);
        std::iter::from_fn(move || Some(draws.next_span()))
    }
}

/// So many messages a second, and after a quiet time so many at once.
///
/// The bucket holds `burst` tokens at most and gains one each `interval`; a message takes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenBucket {
    /// From one token to the next: 200 µs for 5,000 messages a second. Above zero.
    pub interval: Duration,
    /// Tokens that the bucket holds. At least 1.
    pub burst: u32,
    /// Fate of a message that finds no token: `true` does not answer it (a policer), `false` lets
    /// it wait for its token behind those that came before (a shaper).
    pub drops: bool,
}

/// The whole server stands still: it neither reads nor answers nor accepts.
///
/// Stalls begin at absolute times, at each multiple of `every` since the server began to run, on all
/// threads alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall {
    /// From the beginning of one stall to the beginning of the next.
    pub every: Duration,
    /// Length of one stall; shorter than `every`.
    pub length: Duration,
}

/// A fault of the server. On the command line: its name in kebab case, then its parameters, as in
/// `wrong-bytes:every=1000` or `close-after:messages=5,code=1011`. `every=k` means each k-th message
/// of the server's thread: of N messages, ⌊N/k⌋ exactly.
///
/// ```
/// use wsbench_echo::Misbehaviour;
/// let fault: Misbehaviour = "wrong-bytes:every=1000".parse().unwrap();
/// assert_eq!(fault, Misbehaviour::WrongBytes { every: 1000 });
/// assert_eq!(fault.to_string(), "wrong-bytes:every=1000");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// `drop:every=k`: does not answer each k-th message.
    Drop {
        /// Each k-th message; at least 1.
        every: u64,
    },
    /// `duplicate:every=k`: answers each k-th message twice.
    Duplicate {
        /// Each k-th message; at least 1.
        every: u64,
    },
    /// `swap:every=k`: holds the answer to each k-th message until the next message on the same
    /// connection has been answered. With one message in flight there is no next one, and the
    /// answer never comes.
    Swap {
        /// Each k-th message; at least 1.
        every: u64,
    },
    /// `wrong-bytes:every=k`: changes the last byte of the answer to each k-th message; length,
    /// opcode and validity as UTF-8 stay. An empty message stays as it is.
    WrongBytes {
        /// Each k-th message; at least 1.
        every: u64,
    },
    /// `wrong-opcode`: answers text with binary and binary with text.
    WrongOpcode,
    /// `empty-pong`: answers each message with an empty pong in its place.
    EmptyPong,
    /// `fragments:pieces=5`: answers each message in so many fragments; a message shorter than that
    /// has empty ones.
    Fragments {
        /// Frames an answer; at least 1.
        pieces: u32,
    },
    /// `split`: answers each message with two messages, its two halves.
    Split,
    /// `merge`: answers each two messages of a connection with one, both in a row.
    Merge,
    /// `silent-connections:every=n`: each n-th connection is upgraded and never answered.
    SilentConnections {
        /// Each n-th connection; at least 1.
        every: u64,
    },
    /// `wrong-accept`: sends a `Sec-WebSocket-Accept` that belongs to another key.
    WrongAccept,
    /// `status:code=503`: answers the upgrade with this status. `status:503` is read, too.
    Status(u16),
    /// `masked`: masks its answers, as only a client may.
    Masked,
    /// `unasked-extension`: grants permessage-deflate, asked for or not (and does not compress).
    UnaskedExtension,
    /// `close-after:messages=m,code=c`: sends a close frame after the m-th answer of a connection.
    CloseAfter {
        /// Answers before the close; 0 closes right after the upgrade.
        messages: u64,
        /// The close code, which is not checked; 1000 where the command line gives none.
        code: u16,
    },
    /// `reset-after:messages=m`: resets the connection in place of answering message m + 1.
    ResetAfter {
        /// Answers before the reset.
        messages: u64,
    },
    /// `no-close-reply`: neither answers a close frame nor ends the connection.
    NoCloseReply,
    /// `ping-every:n=k`: sends a ping before the answer to each k-th message.
    PingEvery {
        /// Each k-th message; at least 1.
        n: u64,
    },
    /// `garbage`: answers the upgrade with bytes that are not HTTP.
    Garbage,
    /// `silent-accept`: accepts connections and never answers the upgrade.
    SilentAccept,
    /// `accept-then-close`: accepts connections and closes them at once.
    AcceptThenClose,
    /// `cross-room:every=k`: sends each k-th delivery to a connection of another room as well, if there
    /// is one.
    CrossRoom {
        /// Each k-th delivery; at least 1.
        every: u64,
    },
    /// `no-ack:every=k`: does not acknowledge each k-th message.
    NoAck {
        /// Each k-th message; at least 1.
        every: u64,
    },
    /// `unasked:every=k`: sends a message that nobody asked for after the answer to each k-th.
    Unasked {
        /// Each k-th message; at least 1.
        every: u64,
    },
}

/// A fault was not written as [`Misbehaviour`] says. Occurs on the command line only; the messages
/// say what would have been right.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseMisbehaviourError {
    /// No fault of this name.
    #[error("no fault is called \"{0}\"; there are: {names}", names = NAMES.join(", "))]
    UnknownName(String),
    /// A parameter that the fault does not have, or one that is not `key=value`.
    #[error("the fault {fault} has no parameter \"{parameter}\"")]
    UnknownParameter {
        /// The fault.
        fault: String,
        /// Text that was given.
        parameter: String,
    },
    /// A parameter that the fault cannot do without.
    #[error("the fault {fault} needs a parameter: {fault}:{key}=…")]
    MissingParameter {
        /// The fault.
        fault: String,
        /// The parameter's name.
        key: &'static str,
    },
    /// A value that is no whole number in range.
    #[error("{fault}: {key}={value} is not a whole number in range")]
    WrongValue {
        /// The fault.
        fault: String,
        /// The parameter's name.
        key: &'static str,
        /// Text that was given.
        value: String,
    },
}

/// The names of all faults, for messages.
const NAMES: [&str; 24] = [
    "drop",
    "duplicate",
    "swap",
    "wrong-bytes",
    "wrong-opcode",
    "empty-pong",
    "fragments",
    "split",
    "merge",
    "silent-connections",
    "wrong-accept",
    "status",
    "masked",
    "unasked-extension",
    "close-after",
    "reset-after",
    "no-close-reply",
    "ping-every",
    "garbage",
    "silent-accept",
    "accept-then-close",
    "cross-room",
    "no-ack",
    "unasked",
];

impl fmt::Display for Misbehaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drop { every } => write!(f, "drop:every={every}"),
            Self::Duplicate { every } => write!(f, "duplicate:every={every}"),
            Self::Swap { every } => write!(f, "swap:every={every}"),
            Self::WrongBytes { every } => write!(f, "wrong-bytes:every={every}"),
            Self::WrongOpcode => f.write_str("wrong-opcode"),
            Self::EmptyPong => f.write_str("empty-pong"),
            Self::Fragments { pieces } => write!(f, "fragments:pieces={pieces}"),
            Self::Split => f.write_str("split"),
            Self::Merge => f.write_str("merge"),
            Self::SilentConnections { every } => write!(f, "silent-connections:every={every}"),
            Self::WrongAccept => f.write_str("wrong-accept"),
            Self::Status(code) => write!(f, "status:code={code}"),
            Self::Masked => f.write_str("masked"),
            Self::UnaskedExtension => f.write_str("unasked-extension"),
            Self::CloseAfter { messages, code } => {
                write!(f, "close-after:messages={messages},code={code}")
            }
            Self::ResetAfter { messages } => write!(f, "reset-after:messages={messages}"),
            Self::NoCloseReply => f.write_str("no-close-reply"),
            Self::PingEvery { n } => write!(f, "ping-every:n={n}"),
            Self::Garbage => f.write_str("garbage"),
            Self::SilentAccept => f.write_str("silent-accept"),
            Self::AcceptThenClose => f.write_str("accept-then-close"),
            Self::CrossRoom { every } => write!(f, "cross-room:every={every}"),
            Self::NoAck { every } => write!(f, "no-ack:every={every}"),
            Self::Unasked { every } => write!(f, "unasked:every={every}"),
        }
    }
}

impl Misbehaviour {
    /// True of what only a server does that sends to many, or acknowledges.
    pub(crate) fn is_of_broadcast_alone(&self) -> bool {
        matches!(self, Self::CrossRoom { .. } | Self::NoAck { .. })
    }

    /// True of what such a server does.
    fn is_of_broadcast(&self) -> bool {
        let is_of_both = matches!(
            self,
            Self::Drop { .. }
                | Self::Duplicate { .. }
                | Self::Swap { .. }
                | Self::WrongBytes { .. }
        );
        is_of_both || self.is_of_broadcast_alone()
    }
}

impl FromStr for Misbehaviour {
    type Err = ParseMisbehaviourError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, parameters) = text.split_once(':').unwrap_or((text, ""));
        let mut given = FaultParameters::new(name, parameters);
        let fault = match name {
            "drop" => Self::Drop {
                every: given.count("every")?,
            },
            "duplicate" => Self::Duplicate {
                every: given.count("every")?,
            },
            "swap" => Self::Swap {
                every: given.count("every")?,
            },
            "wrong-bytes" => Self::WrongBytes {
                every: given.count("every")?,
            },
            "wrong-opcode" => Self::WrongOpcode,
            "empty-pong" => Self::EmptyPong,
            "fragments" => Self::Fragments {
                pieces: given.number("pieces", Some(5), 1..)?,
            },
            "split" => Self::Split,
            "merge" => Self::Merge,
            "silent-connections" => Self::SilentConnections {
                every: given.count("every")?,
            },
            "wrong-accept" => Self::WrongAccept,
            "status" => Self::Status(given.status()?),
            "masked" => Self::Masked,
            "unasked-extension" => Self::UnaskedExtension,
            "close-after" => Self::CloseAfter {
                messages: given.number("messages", None, ..)?,
                code: given.number("code", Some(1000), ..)?,
            },
            "reset-after" => Self::ResetAfter {
                messages: given.number("messages", None, ..)?,
            },
            "no-close-reply" => Self::NoCloseReply,
            "ping-every" => Self::PingEvery {
                n: given.count("n")?,
            },
            "garbage" => Self::Garbage,
            "silent-accept" => Self::SilentAccept,
            "accept-then-close" => Self::AcceptThenClose,
            "cross-room" => Self::CrossRoom {
                every: given.count("every")?,
            },
            "no-ack" => Self::NoAck {
                every: given.count("every")?,
            },
            "unasked" => Self::Unasked {
                every: given.count("every")?,
            },
            _ => return Err(ParseMisbehaviourError::UnknownName(name.to_owned())),
        };
        given.finish()?;
        Ok(fault)
    }
}

/// The parameters of one fault; each is taken out as it is asked for.
struct FaultParameters<'a> {
    fault: &'a str,
    rest: Vec<&'a str>,
}

impl<'a> FaultParameters<'a> {
    fn new(fault: &'a str, text: &'a str) -> Self {
        let rest = text.split(',').map(str::trim).filter(|one| !one.is_empty());
        Self {
            fault,
            rest: rest.collect(),
        }
    }

    /// A number of at least 1 that must be given.
    fn count(&mut self, key: &'static str) -> Result<u64, ParseMisbehaviourError> {
        self.number(key, None, 1..)
    }

    /// A number in `range`; without a default it must be given.
    fn number<N: FromStr + PartialOrd>(
        &mut self,
        key: &'static str,
        default: Option<N>,
        range: impl RangeBounds<N>,
    ) -> Result<N, ParseMisbehaviourError> {
        let found = self
            .rest
            .iter()
            .position(|one| one.split_once('=').is_some_and(|(name, _)| name == key));
        let Some(at) = found else {
            return default.ok_or_else(|| ParseMisbehaviourError::MissingParameter {
                fault: self.fault.to_owned(),
                key,
            });
        };
        let one = self.rest.remove(at);
        let value = &one[key.len() + 1..];
        self.parse(key, value, range)
    }

    fn parse<N: FromStr + PartialOrd>(
        &self,
        key: &'static str,
        value: &str,
        range: impl RangeBounds<N>,
    ) -> Result<N, ParseMisbehaviourError> {
        let number = value.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| ParseMisbehaviourError::WrongValue {
            fault: self.fault.to_owned(),
            key,
            value: value.to_owned(),
        })
    }

    /// `status:503` or `status:code=503`, of three digits (RFC 9110 section 15).
    fn status(&mut self) -> Result<u16, ParseMisbehaviourError> {
        match self.rest[..] {
            [bare] if !bare.contains('=') => {
                self.rest.clear();
                self.parse("code", bare, 100..=999)
            }
            _ => self.number("code", None, 100..=999),
        }
    }

    /// Nothing may be left over.
    fn finish(self) -> Result<(), ParseMisbehaviourError> {
        match self.rest.first() {
            None => Ok(()),
            Some(parameter) => Err(ParseMisbehaviourError::UnknownParameter {
                fault: self.fault.to_owned(),
                parameter: (*parameter).to_owned(),
            }),
        }
    }
}
