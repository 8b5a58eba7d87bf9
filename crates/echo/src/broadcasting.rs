//! Messages to all connections of a room, of one of them or of the server itself, with faults of
//! deliveries to order.
//!
//! It says who gets which copy and how late; the loop sends it (`worker`).

use std::collections::VecDeque;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use wsbench_wire::close::push_close;
use wsbench_wire::connection::MessageKind;
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::opcode::OpCode;

use crate::answering::{Answering, Next};
use crate::calibration::{BroadcastMode, Misbehaviour};
use crate::fault_injection::hits;
use crate::parcel::{AT_ONCE, Outgoing, Parcel};

/// The message by which a connection joins a room, up to the room's name.
const JOIN: &[u8] = b"{\"join\":\"";
/// The end of what answers it.
const JOINED_END: &[u8] = b"\"}";
/// The front of a message that asks for the time, where the server sends messages by itself.
const TIME: &[u8] = b"{\"time\"";
/// Shares of copies are in parts of it.
const MILLION: u32 = 1_000_000;
/// The front of a message for a room, up to the room's name.
const TO_ROOM: &[u8] = b"{\"room\":\"";

/// A server that sends each message to all of a room.
#[derive(Debug)]
pub(crate) struct Broadcasting {
    orders: BroadcastMode,
    faults: CopyFaults,
    /// Chances of copies.
    random: fastrand::Rng,
    members: u64,
    /// Messages to be sent.
    outbox: VecDeque<Outgoing>,
    /// Copies so far.
    copies: u64,
    /// Messages so far that were to be acknowledged.
    acks: u64,
    /// Until when the copies so far are being made.
    busy_until: Option<Instant>,
    /// Messages of its own so far.
    pushed: u64,
    /// Instant at which the next one is due.
    push_due: Option<Instant>,
}

/// Faults, each of every so many copies.
#[derive(Clone, Copy, Debug, Default)]
struct CopyFaults {
    drop: Option<u64>,
    duplicate: Option<u64>,
    swap: Option<u64>,
    wrong_bytes: Option<u64>,
    cross_room: Option<u64>,
    no_ack: Option<u64>,
}

/// Memory that is kept of a connection.
#[derive(Debug, Default)]
pub(crate) struct RoomMember {
    id: u64,
    /// Rooms that it has joined, the latest last; without any it is in that of all who have not.
    rooms: Vec<Box<[u8]>>,
    /// Messages that it has sent.
    said: u64,
    /// Frames that wait until others have gone before.
    waiting: Vec<u8>,
}

impl Broadcasting {
    pub(crate) fn new(orders: BroadcastMode, misbehaviours: &[Misbehaviour], seed: u64) -> Self {
        let mut faults = CopyFaults::default();
        for misbehaviour in misbehaviours {
            match *misbehaviour {
                Misbehaviour::Drop { every } => faults.drop = Some(every),
                Misbehaviour::Duplicate { every } => faults.duplicate = Some(every),
                Misbehaviour::Swap { every } => faults.swap = Some(every),
                Misbehaviour::WrongBytes { every } => faults.wrong_bytes = Some(every),
                Misbehaviour::CrossRoom { every } => faults.cross_room = Some(every),
                Misbehaviour::NoAck { every } => faults.no_ack = Some(every),
                // The server is not bound with any other.
                _ => {}
            }
        }
        Self {
            push_due: orders.pushes.map(|every| Instant::now() + every),
            orders,
            faults,
            random: fastrand::Rng::with_seed(seed),
            members: 0,
            outbox: VecDeque::new(),
            copies: 0,
            acks: 0,
            busy_until: None,
            pushed: 0,
        }
    }

    /// The message of its own that is due, if one is.
    fn push(&mut self) -> Option<Outgoing> {
        let (every, due) = (self.orders.pushes?, self.push_due?);
        let now = Instant::now();
        if due > now + AT_ONCE {
            return None;
        }
        // By the schedule and not by now: a late turn does not make all later ones late.
        self.push_due = Some(due + every);
        self.pushed += 1;
        let micros = unix_micros();
        let (number, millis) = (self.pushed, micros / 1_000);
        let text = format!("{{\"u\":{number},\"E\":{millis},\"T\":{micros}}}");
        Some(Outgoing {
            from: 0,
            room: Box::default(),
            kind: MessageKind::Text,
            bytes: text.into_bytes().into(),
            begins: now,
            copies: 0,
            strays: false,
        })
    }

    /// Tells the sender of a message that it has come.
    fn acknowledge(&mut self, from: &mut RoomMember, out: &mut FrameBuffer) {
        from.said += 1;
        self.acks += 1;
        if !hits(self.faults.no_ack, self.acks) {
            let ack = format!("{{\"ack\":{}}}", from.said);
            out.push_frame(true, OpCode::Text, None, &[ack.as_bytes()]);
        }
    }

    /// The frames of a copy, with the faults that hit it.
    fn frames(&mut self, to: &mut RoomMember, message: &Outgoing) -> Vec<u8> {
        let hits = |every| hits(every, self.copies);
        let is_lost = self.orders.loss_ppm > 0 && self.random.u32(..MILLION) < self.orders.loss_ppm;
        if is_lost || hits(self.faults.drop) {
            return Vec::new();
        }
        let mut out = FrameBuffer::new();
        let mut bytes = message.bytes.to_vec();
        if hits(self.faults.wrong_bytes)
            && let Some(last) = bytes.last_mut()
        {
            *last = if last.is_ascii() { *last ^ 1 } else { b'?' };
        }
        let times = 1 + u32::from(hits(self.faults.duplicate));
        for _ in 0..times {
            out.push_frame(true, message.kind.opcode(), None, &[&bytes]);
        }
        if hits(self.faults.swap) {
            to.waiting.extend_from_slice(out.as_slice());
            return Vec::new();
        }
        let mut frames = out.as_slice().to_vec();
        frames.append(&mut to.waiting);
        frames
    }
}

impl RoomMember {
    /// True of a room that it has joined, or of that of all who have joined none.
    fn is_in(&self, room: &[u8]) -> bool {
        match self.rooms.is_empty() {
            true => room.is_empty(),
            false => self.rooms.iter().any(|it| **it == *room),
        }
    }

    /// The room that a message of its is for.
    fn room_of<'a>(&'a self, message: &'a [u8]) -> &'a [u8] {
        named(TO_ROOM, message).unwrap_or_else(|| self.rooms.last().map_or(&[], |room| room))
    }
}

/// The wall clock, microseconds since the Unix epoch.
fn unix_micros() -> u128 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.unwrap_or_default().as_micros()
}

/// What a message that begins so names, up to the quotation mark behind it; more may follow.
fn named<'a>(front: &[u8], message: &'a [u8]) -> Option<&'a [u8]> {
    let rest = message.strip_prefix(front)?;
    let end = rest.iter().position(|it| *it == b'"')?;
    Some(&rest[..end])
}

impl Answering for Broadcasting {
    type Memory = RoomMember;

    const VERBATIM: bool = false;
    const FANS_OUT: bool = true;

    fn welcome(&mut self) -> Option<RoomMember> {
        self.members += 1;
        Some(RoomMember {
            id: self.members,
            ..RoomMember::default()
        })
    }

    fn message(
        &mut self,
        from: &mut RoomMember,
        kind: MessageKind,
        bytes: &[u8],
        out: &mut FrameBuffer,
    ) -> Next {
        if let Some(room) = named(JOIN, bytes) {
            // The latest is last, also where it is joined again.
            from.rooms.retain(|it| **it != *room);
            from.rooms.push(room.into());
            let joined = [b"{\"joined\":\"", room, JOINED_END].concat();
            out.push_frame(true, OpCode::Text, None, &[&joined]);
            return Next::Continue;
        }
        if self.orders.pushes.is_some() && bytes.starts_with(TIME) {
            let micros = unix_micros();
            let told = format!("{{\"now\":{micros}}}");
            out.push_frame(true, OpCode::Text, None, &[told.as_bytes()]);
            return Next::Continue;
        }
        if !self.orders.is_mute {
            self.outbox.push_back(Outgoing {
                from: from.id,
                room: from.room_of(bytes).into(),
                kind,
                bytes: bytes.into(),
                begins: Instant::now(),
                copies: 0,
                strays: false,
            });
        }
        if self.orders.acks {
            self.acknowledge(from, out);
        }
        Next::Continue
    }

    fn ping(&mut self, _: &mut RoomMember, payload: &[u8], out: &mut FrameBuffer) {
        out.push_frame(true, OpCode::Pong, None, &[payload]);
    }

    fn close(&mut self, _: &mut RoomMember, code: Option<u16>, out: &mut FrameBuffer) -> Next {
        push_close(out, None, code, "");
        Next::Finish
    }

    fn outgoing(&mut self) -> Option<Outgoing> {
        let mut message = self.outbox.pop_front().or_else(|| self.push())?;
        // Its deliveries come behind those of the message before it.
        if let Some(until) = self.busy_until {
            message.begins = message.begins.max(until);
        }
        Some(message)
    }

    fn next_due(&self) -> Option<Instant> {
        self.push_due
    }

    fn copy_for(&mut self, to: &mut RoomMember, message: &mut Outgoing) -> Option<Parcel> {
        let is_stranger = !to.is_in(&message.room);
        let strays = is_stranger && std::mem::take(&mut message.strays);
        if is_stranger && !strays || self.orders.spares_sender && to.id == message.from {
            return None;
        }
        let turn = message.begins + self.orders.each * message.copies;
        let at = turn + self.orders.delay(message.copies);
        message.copies += 1;
        self.busy_until = Some(turn + self.orders.each);
        if strays {
            let mut out = FrameBuffer::new();
            out.push_frame(true, message.kind.opcode(), None, &[&message.bytes]);
            let frames = out.as_slice().to_vec();
            return Some(Parcel { at, frames });
        }
        self.copies += 1;
        message.strays |= hits(self.faults.cross_room, self.copies);
        let frames = self.frames(to, message);
        Some(Parcel { at, frames })
    }
}
