//! Messages to many: to all of a room, or what the server sends by itself.

use wsbench_load::nanos::Nanos;
use wsbench_wire::connection::MessageKind;

use super::{Act, Conn, Server, Work, fault};
use crate::EPOCH_NS;
use crate::scenario::{AnswerFault, Every, ToAll};

/// The message by which a connection joins a room, up to the room's name.
const JOIN: &[u8] = b"{\"join\":\"";
/// The end of what answers it.
const JOINED_END: &[u8] = b"\"}";
/// The front of a message that asks for the time, where the server sends messages by itself.
const TIME: &[u8] = b"{\"time\"";
/// The front of a message for a room, up to the room's name.
const TO_ROOM: &[u8] = b"{\"room\":\"";

/// True of a message that asks for the server's time.
pub(super) fn asks_time(message: &[u8]) -> bool {
    message.starts_with(TIME)
}

/// True of a room that was joined, or of that of all who have joined none.
fn is_in(rooms: &[Vec<u8>], room: &[u8]) -> bool {
    match rooms.is_empty() {
        true => room.is_empty(),
        false => rooms.iter().any(|it| it == room),
    }
}

/// The room that a message asks to join.
pub(super) fn joined(message: &[u8]) -> Option<&[u8]> {
    named(JOIN, message)
}

/// What a message that begins so names, up to the quotation mark behind it, as the embedded server has it.
fn named<'a>(front: &[u8], message: &'a [u8]) -> Option<&'a [u8]> {
    let rest = message.strip_prefix(front)?;
    let end = rest.iter().position(|it| *it == b'"')?;
    Some(&rest[..end])
}

impl Server {
    /// The server sends message number `number` of its own; returns when the next one is due.
    pub(crate) fn on_push(&mut self, now: Nanos, number: u64, epoch_ns: u64) -> Option<Nanos> {
        let orders = self.orders.pushes.clone()?;
        if self.down.is_none() {
            let stamp = epoch_ns + (now + orders.clock_ahead).0;
            let message = Work {
                conn: Conn::MAX,
                kind: MessageKind::Text,
                bytes: format!("{{\"u\":{number},\"E\":{stamp}}}").into_bytes(),
                fault: None,
                is_delivery: false,
            };
            self.deliver_to_all(now, &orders.to, &message);
        }
        Some(now + orders.every)
    }

    /// Tells a connection the time by the server's clock.
    pub(super) fn tell_time(&mut self, now: Nanos, conn: Conn) {
        let pushes = self.orders.pushes.as_ref();
        let ahead = pushes.map_or(Nanos::ZERO, |pushes| pushes.clock_ahead);
        let time = EPOCH_NS + (now + ahead).0;
        let told = format!("{{\"now\":{time}}}");
        self.answer(conn, MessageKind::Text, told.as_bytes(), None);
    }

    /// A connection joins a room, and hears that it has.
    pub(super) fn join(&mut self, conn: Conn, room: &[u8]) {
        let Some(peer) = self.open_peer(conn) else {
            return;
        };
        // The latest is last, also where it is joined again.
        peer.rooms.retain(|it| it != room);
        peer.rooms.push(room.to_vec());
        let told = [b"{\"joined\":\"", room, JOINED_END].concat();
        self.answer(conn, MessageKind::Text, &told, None);
    }

    /// Tells the sender of a message that it has come.
    pub(super) fn acknowledge(&mut self, now: Nanos, conn: Conn) {
        let Some(orders) = self.orders.acks else {
            return;
        };
        let Some(peer) = self.open_peer(conn) else {
            return;
        };
        peer.acks += 1;
        let bytes = format!("{{\"ack\":{}}}", peer.acks).into_bytes();
        self.acks += 1;
        let fault = Every::hitting(orders.faults, self.acks);
        let mut at = now + orders.delay;
        match fault {
            Some(AnswerFault::Dropped) => return,
            Some(AnswerFault::Late(by)) => at += by,
            _ => {}
        }
        let ack = Work {
            conn,
            kind: MessageKind::Text,
            bytes,
            fault,
            is_delivery: true,
        };
        self.acts.push(Act::Work(at, ack));
    }

    /// The room that a message is for: the one that it names, or the one that its sender joined last.
    fn room_of(&mut self, message: &Work) -> Vec<u8> {
        if let Some(room) = named(TO_ROOM, &message.bytes) {
            return room.to_vec();
        }
        let peer = self.open_peer(message.conn);
        let room = peer.and_then(|peer| peer.rooms.last().cloned());
        room.unwrap_or_default()
    }

    /// Makes a copy of a message for each connection of its sender's room, which leaves when it is its
    /// turn.
    pub(super) fn deliver_to_all(&mut self, now: Nanos, orders: &ToAll, message: &Work) {
        let bytes = if orders.wraps {
            fault::wrapped(&message.bytes)
        } else {
            message.bytes.clone()
        };
        let mut turn = self.delivering_until.max(now);
        let mut number = 0;
        let room = self.room_of(message);
        let mut strays = false;
        for conn in 0..self.peers.len() {
            let takes = self
                .open_peer(conn)
                .is_some_and(|peer| peer.wire.is_some() && !peer.closing);
            let is_member = self.peers[conn]
                .as_ref()
                .is_some_and(|peer| is_in(&peer.rooms, &room));
            let is_stray = !is_member && std::mem::take(&mut strays);
            if !takes || (orders.spares_sender && conn == message.conn) || !(is_member || is_stray)
            {
                continue;
            }
            let mut at = turn + orders.delay(number);
            (turn, number) = (turn + orders.each, number + 1);
            self.deliveries += u64::from(is_member);
            strays |= is_member
                && orders
                    .strays
                    .is_some_and(|nth| self.deliveries.is_multiple_of(nth));
            let fault = Every::hitting(orders.faults, self.deliveries);
            let is_lost = self.random.u32(..1_000_000) < orders.loss_ppm;
            if is_lost || fault == Some(AnswerFault::Dropped) {
                continue;
            }
            if let Some(AnswerFault::Late(by)) = fault {
                at += by;
            }
            let copy = Work {
                conn,
                kind: message.kind,
                bytes: bytes.clone(),
                fault,
                is_delivery: true,
            };
            self.acts.push(Act::Work(at, copy));
        }
        self.delivering_until = turn;
    }
}
