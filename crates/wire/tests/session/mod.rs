//! What a connection makes of a stream of bytes, gathered so that two runs can be compared.

use wsbench_wire::connection::{Connection, Endpoint, Event, Limits, MessageKind, Utf8};
use wsbench_wire::error::ProtocolError;

/// A whole message or control frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Message(MessageKind, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

/// All that was seen, and the error that ended it.
pub(crate) type Seeing = (Vec<Seen>, Option<ProtocolError>);

/// Gives the pieces to a connection, one read after the other.
pub(crate) fn see<'a>(
    role: Endpoint,
    max_message: u64,
    utf8: Utf8,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Seeing {
    let mut connection = Connection::new(role, Limits { max_message }, utf8);
    let mut seen = Vec::new();
    let mut partial = Vec::new();
    for piece in pieces {
        let mut piece = piece.to_vec();
        let mut input = &mut piece[..];
        loop {
            match connection.receive(&mut input) {
                Ok(Some(event)) => gather(event, &connection, &mut partial, &mut seen),
                Ok(None) => {
                    assert!(
                        input.is_empty(),
                        "no event, but {} octets left",
                        input.len()
                    );
                    break;
                }
                Err(error) => return (seen, Some(error)),
            }
        }
    }
    (seen, None)
}

fn gather(event: Event<'_>, connection: &Connection, partial: &mut Vec<u8>, seen: &mut Vec<Seen>) {
    match event {
        Event::Data {
            kind,
            bytes,
            first,
            last,
        } => {
            assert!(
                last || !bytes.is_empty(),
                "an empty piece that is not the last"
            );
            if first {
                assert!(partial.is_empty(), "a first piece inside a message");
            }
            partial.extend_from_slice(bytes);
            if last {
                seen.push(Seen::Message(kind, std::mem::take(partial)));
            }
            assert_eq!(connection.is_receiving_message(), !last);
        }
        Event::Deflated { .. } => panic!("nobody allowed compression"),
        Event::Ping => seen.push(Seen::Ping(connection.control().to_vec())),
        Event::Pong => seen.push(Seen::Pong(connection.control().to_vec())),
        Event::Close { code } => {
            let reason = connection.close_reason().to_owned();
            seen.push(Seen::Close(code.map(|code| (code, reason))));
        }
    }
}

/// The bytes in pieces that end at these places, wherever they lie.
#[allow(dead_code, reason = "not every test file cuts at random")]
pub(crate) fn cut<'a>(bytes: &'a [u8], at: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = at.iter().map(|at| at % (bytes.len() + 1)).collect();
    places.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for to in places.into_iter().chain([bytes.len()]) {
        pieces.push(&bytes[from..to]);
        from = to;
    }
    pieces
}
