//! The parser of frames, in both roles: the same bytes mean the same however reads cut them.

use wsbench_wire::connection::{Connection, Endpoint, Event, Limits, MessageKind, Utf8};
use wsbench_wire::error::ProtocolError;

/// Octets of the longest message: little enough that input reaches it.
const LIMITS: Limits = Limits { max_message: 4096 };

/// What came, pieces of a message put together.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Message(MessageKind, Vec<u8>),
    Deflated(MessageKind, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
}

/// The first octet is how the connection is, the second how long a read is; frames follow.
pub(crate) fn attempt(data: &[u8]) {
    let [how, piece, frames @ ..] = data else {
        return;
    };
    let whole = read(*how, frames, frames.len().max(1));
    let cut = read(*how, frames, usize::from(*piece % 31) + 1);
    assert_eq!(whole, cut, "reads of {} octets", piece % 31 + 1);
    if let (events, None) = &whole {
        let octets: usize = events.iter().map(|event| event.len()).sum();
        assert!(octets <= frames.len(), "more came out than went in");
    }
}

impl Seen {
    fn len(&self) -> usize {
        match self {
            Self::Message(_, bytes) | Self::Deflated(_, bytes) => bytes.len(),
            Self::Ping(bytes) | Self::Pong(bytes) => bytes.len(),
            Self::Close(_, reason) => reason.len(),
        }
    }
}

/// The whole events of a stream that is read in such pieces, and how it broke the protocol.
fn read(how: u8, frames: &[u8], piece: usize) -> (Vec<Seen>, Option<ProtocolError>) {
    let role = if how & 1 == 0 {
        Endpoint::Client
    } else {
        Endpoint::Server
    };
    let utf8 = if how & 2 == 0 {
        Utf8::Check
    } else {
        Utf8::Skip
    };
    let mut connection = Connection::new(role, LIMITS, utf8);
    if how & 4 != 0 {
        connection.allow_compression();
    }
    let (mut seen, mut message) = (Vec::new(), Vec::new());
    for read in frames.chunks(piece) {
        let mut read = read.to_vec();
        let mut input = &mut read[..];
        loop {
            let event = match connection.receive(&mut input) {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(error) => return (seen, Some(error)),
            };
            match event {
                Event::Data {
                    kind, bytes, last, ..
                } => {
                    message.extend_from_slice(bytes);
                    assert!(message.len() as u64 <= LIMITS.max_message);
                    if last {
                        let whole = std::mem::take(&mut message);
                        assert!(
                            utf8 == Utf8::Skip || kind == MessageKind::Binary || is_text(&whole)
                        );
                        seen.push(Seen::Message(kind, whole));
                    }
                }
                Event::Deflated { kind, bytes, last } => {
                    message.extend_from_slice(bytes);
                    if last {
                        seen.push(Seen::Deflated(kind, std::mem::take(&mut message)));
                    }
                }
                Event::Ping => seen.push(Seen::Ping(connection.control().to_vec())),
                Event::Pong => seen.push(Seen::Pong(connection.control().to_vec())),
                Event::Close { code } => {
                    seen.push(Seen::Close(code, connection.close_reason().to_owned()));
                }
            }
        }
        assert!(input.is_empty(), "all that was read is used up");
    }
    (seen, None)
}

fn is_text(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok()
}
