//! Fan-out: what a connection sends is for many of them, and each that has it is a delivery.
//!
//! A message is known by its tag, wherever that stands in what comes, so servers may put it into
//! whatever they like. Who is to receive a message follows from who was a member when it was sent;
//! what became of it is put together over all workers ([`crate::fanout`]).

mod afar;
mod comings;
mod delivery;
mod voices;

use self::afar::Dress;
use self::comings::Comings;
use self::delivery::Incoming;
use self::voices::Sources;
use super::acks::{AckOrders, Acks};
use super::{DeadlineOutcome, Exchange, Piece, WRITE_AT_MOST};
use crate::context::{Common, Context, Io};
use crate::fanout::board::{Board, Publication, lane_length};
use crate::fanout::receipts::Receipts;
use crate::identity::{MessageId, mix};
use crate::lag::{Blockage, Obstacle};
use crate::message::TagFinder;
use crate::meter::Unanswered;
use crate::nanos::Nanos;
use crate::pairing::Times;
use crate::plan::{Audience, Greeting, Locator, Plan, RoomSet, Verify};
use crate::speech::Speech;
use crate::tally::{Addressed, Law, MessageCounts, Move, Published};

/// A message that has been with all others for so long does not come to its sender any more.
const HEARING_GRACE: Nanos = Nanos::from_millis(250);

/// The messages that one connection publishes and receives.
#[derive(Debug)]
pub struct Fanout {
    /// Number of the connection over the whole run, part of every tag.
    connection: u32,
    /// Its rooms, of which it need not be a member.
    rooms: RoomSet,
    /// True where messages are for it.
    subscribes: bool,
    /// Number of the voice in which it speaks.
    voice: u8,
    is_open: bool,
    /// Membership, from when it is sure that messages are for the connection.
    seat: Option<Membership>,
    /// Its joining and leaving, where connections come and go.
    comings: Comings,
    /// Messages composed.
    said: u32,
    /// The position of the message that it sent last.
    previous: Option<u32>,
    /// Messages that were composed and not handed to the socket.
    composed: Vec<Composed>,
    /// Obstacle that last kept the connection from taking messages.
    blockage: Blockage,
    /// A message that has come in part.
    incoming: Option<Box<Incoming>>,
    /// Acknowledgements that are awaited; `None` where the server gives none, or nothing was sent.
    acks: Option<Box<Acks>>,
    /// Time of the read that brought the latest delivery.
    read_at: Nanos,
    /// Messages of the server's own that were taken.
    greetings: u32,
    has_received: bool,
    is_slow: bool,
}

/// A message that was composed.
#[derive(Clone, Copy, Debug)]
struct Composed {
    /// Its place on the lane.
    position: u32,
    due: Nanos,
    room: u32,
}

/// A connection's membership.
#[derive(Clone, Copy, Debug)]
struct Membership {
    /// Its place in the worker's receipts.
    place: u32,
    /// Its number among those that joined its room, where that is one.
    order: Option<u32>,
    /// Messages sent from then on are for it; of those before it is asked whether they count it.
    joined: Nanos,
    /// The tenth of the receivers that it is of, by when they joined.
    decile: usize,
}

/// One worker's own.
#[derive(Debug)]
pub struct FanoutLocal {
    /// Plan of the run.
    plan: Plan,
    /// Make the messages.
    sources: Sources,
    /// What is in and around each of them beside tag and filling; `None` of plain ones.
    dress: Option<Box<Dress>>,
    /// Room for a message with what is around it.
    wrapped: Vec<u8>,
    finder: TagFinder,
    /// Place of the number of each message, where that is what it is known by.
    numbered: Option<Locator>,
    board: Board,
    receipts: Receipts,
    /// Messages sent and not yet handed over.
    published: Vec<Published>,
    /// Their rooms, and members of this worker's that have come and gone, where others have to know it.
    addressed: Vec<Addressed>,
    moves: Vec<Move>,
    /// The number of the worker, which is that of its lane.
    worker: u32,
    lanes: u32,
    /// Position of the next message.
    next: u32,
    verify: Verify,
    greeting: Option<Greeting>,
    /// Acknowledgements that the plan awaits.
    acks: Option<AckOrders>,
    /// Bytes of the longest message.
    longest: usize,
    subscribers: u32,
    timeout: Nanos,
    /// Each message is for a room that is drawn.
    draws_room: bool,
    /// Connections come and go.
    comes_and_goes: bool,
}

impl Exchange for Fanout {
    type Local = FanoutLocal;
    type Shared = Board;

    const LAWS: &'static [Law] = &[MessageCounts::FATES, MessageCounts::SENDS];

    fn shared(plan: &Plan, here: &[u32]) -> Board {
        Board::new(plan, here)
    }

    fn local(plan: &Plan, epoch_ns: u64, worker: u32, board: &Board) -> FanoutLocal {
        let workload = &plan.clients.exchange;
        let sources = Sources::of(plan, epoch_ns);
        let lanes = board.lanes();
        let most = plan.clients.connections.div_ceil(plan.threads.max(1));
        let (rooms, length) = (workload.room_count(), lane_length(plan));
        FanoutLocal {
            plan: plan.clone(),
            finder: sources.any().tag_finder(),
            numbered: workload.numbered.clone(),
            sources,
            dress: Dress::of(plan, board).map(Box::new),
            wrapped: Vec::new(),
            receipts: Receipts::new(lanes, length, most, rooms),
            board: board.clone(),
            published: Vec::new(),
            addressed: Vec::new(),
            moves: Vec::new(),
            worker,
            lanes,
            next: 0,
            verify: workload.verify,
            greeting: workload.greeting.clone(),
            acks: AckOrders::of(plan),
            longest: plan.clients.longest(),
            subscribers: board.of_those_here(plan.clients.subscribers()),
            timeout: plan.clients.timeout,
            draws_room: workload.audience == Audience::One,
            comes_and_goes: plan.clients.sessions().is_some(),
        }
    }

    fn new(connection: u32, place: u32, speech: &Speech, local: &FanoutLocal) -> Self {
        let clients = &local.plan.clients;
        Self {
            connection,
            rooms: speech.rooms_of(place),
            subscribes: clients.subscribes(place),
            voice: clients.voice_of(place) as u8,
            is_open: false,
            seat: None,
            comings: Comings::NONE,
            said: 0,
            previous: None,
            composed: Vec::new(),
            blockage: Blockage::NONE,
            incoming: None,
            acks: None,
            read_at: Nanos::MAX,
            greetings: 0,
            has_received: false,
            is_slow: local.plan.is_slow(place),
        }
    }

    fn longest_answer(&self, local: &FanoutLocal) -> u64 {
        local.longest as u64
    }

    fn on_open(&mut self, io: &mut Io<'_, FanoutLocal>, now: Nanos) {
        self.blockage = Blockage {
            until: now,
            by: Obstacle::Absence,
        };
        if self.is_slow {
            // It is among no receivers, and what comes is only counted.
            return;
        }
        self.is_open = true;
        self.postmark_acks(io.local);
        if !self.subscribes {
            return;
        }
        match comings::is_unconfirmed(io.local) {
            true => self.comings.join_later(now),
            false => self.join(io, now),
        }
    }

    #[inline]
    fn on_piece(&mut self, io: &mut Io<'_, FanoutLocal>, received: Nanos, piece: Piece<'_>) {
        if self.is_slow && !io.common.has_upkeep {
            if piece.last {
                io.common.meter.let_by_slow(received);
            }
            return;
        }
        self.take_piece(io, received, piece);
    }

    /// Nothing follows from what is received.
    fn pump(&mut self, _: &mut Io<'_, FanoutLocal>, _: bool, _: impl FnOnce() -> Nanos) {}

    #[inline]
    fn send_due(&mut self, io: &mut Io<'_, FanoutLocal>, due: Nanos) -> bool {
        if io.common.out.len() >= WRITE_AT_MOST {
            return false;
        }
        let position = io.local.next;
        io.local.next = position.wrapping_add(1);
        let number = self.said;
        self.said = number.wrapping_add(1);
        let room = match io.local.draws_room {
            false => self.rooms.at(number.into()),
            true => self.drawn_room(io.local, number),
        };
        self.composed.push(Composed {
            position,
            due,
            room,
        });
        let identity = MessageId {
            connection: self.connection,
            sequence: position.into(),
        };
        if io.local.dress.is_some() {
            afar::say_dressed(io, identity, (room, number), (self.voice, due));
            return true;
        }
        let source = io.local.sources.of_voice(self.voice);
        source.prepare(identity, Some(due));
        let (message, kind) = (source.message(identity), source.kind());
        io.common.push_made(io.codec, kind, &message);
        true
    }

    #[inline]
    fn on_sent(&mut self, io: &mut Io<'_, FanoutLocal>, sent: Nanos) {
        let composed = self.composed.drain(..);
        for Composed {
            position,
            due,
            room,
        } in composed
        {
            if !self.is_open {
                continue;
            }
            let local = &mut *io.local;
            let there = local.board.members(room);
            let publication = Publication {
                publisher: self.connection,
                due,
                sent,
                room,
                members: there.members,
                joins: there.joins,
                voice: self.voice,
                is_member: self.seat.is_some() && self.rooms.contains(room),
                is_measured: due >= io.common.meter.window().opens,
            };
            let previous = self.previous.replace(position);
            local
                .board
                .publish(local.worker, position, &publication, previous);
            if local.comes_and_goes {
                comings::note_leavers(local, position, &publication, there);
            }
            let times = Times { due, sent };
            io.common.meter.published(times, self.blockage);
            if let Some(orders) = &mut local.acks {
                let acks = self.acks.get_or_insert_default();
                orders.await_one(acks, io.common, times, position.into());
            }
            if publication.is_measured {
                local.published.push(Published {
                    lane: local.worker,
                    position,
                    publisher: self.connection,
                    due,
                    members: publication.members,
                    is_member: publication.is_member,
                });
            }
        }
    }

    fn next_due(&self) -> Option<Nanos> {
        None
    }

    /// Deliveries are put together over all workers, and so are their deadlines.
    fn deadline(&self, local: &FanoutLocal) -> Option<Nanos> {
        let oldest = self.acks.as_ref().and_then(|acks| acks.oldest_due());
        let unacked = oldest.map(|due| due + local.timeout);
        unacked.into_iter().chain(self.comings.joins_at()).min()
    }

    fn on_deadline(&mut self, io: &mut Io<'_, FanoutLocal>, now: Nanos) -> DeadlineOutcome {
        if self.comings.is_to_join(now) {
            self.join(io, now);
        }
        if let (Some(orders), Some(acks)) = (&mut io.local.acks, &mut self.acks) {
            orders.on_deadline(acks, io.common, self.connection, now);
        }
        DeadlineOutcome::Alive
    }

    fn on_unblocked(&mut self, now: Nanos, by: Obstacle) {
        self.blockage = Blockage { until: now, by };
    }

    fn in_flight(&self) -> u32 {
        0
    }

    fn has_answers(&self) -> bool {
        self.has_received
    }

    /// Who leaves hears of what it has sent before.
    fn is_done(&self) -> bool {
        self.comings.is_leaving() && self.acks.as_ref().is_none_or(|acks| acks.number() == 0)
    }

    fn retire(&mut self, now: Nanos) {
        self.comings.leave(now);
    }

    fn stop_load(&mut self, _: &mut Io<'_, FanoutLocal>, _: Nanos) {}

    fn give_up(&mut self, io: &mut Io<'_, FanoutLocal>, now: Nanos, how: Unanswered) {
        if let (Some(orders), Some(acks)) = (&mut io.local.acks, &mut self.acks) {
            orders.give_up(acks, io.common, now, how);
        }
    }

    fn on_end(&mut self, io: &mut Io<'_, FanoutLocal>, now: Nanos) {
        self.is_open = false;
        let Some(seat) = self.seat.take() else {
            return;
        };
        self.tell_of_leaving(io, now);
        let local = &mut *io.local;
        // While a session was there, there may have been no message for it.
        let was_there = local.next > 0 && !self.has_received && !local.comes_and_goes;
        io.common.meter.tally.connections.never_answered += u64::from(was_there);
        for room in self.rooms.as_slice() {
            local.board.leave(*room);
        }
        // Once the load is over the books are on whoever had been there.
        if io.common.sending || self.comings.is_leaving() {
            let longest = io.common.meter.longest_service();
            let from = self.comings.uncertain_from(longest).max(seat.earliest());
            let (board, receipts) = (&local.board, &mut local.receipts);
            let leaver = (self.connection, seat.place);
            receipts.note_absence(board, leaver, &self.rooms, from, |it| seat.is_for(it));
        }
        local.receipts.leave(seat.place, &self.rooms);
    }

    fn awaited(context: &mut Context<FanoutLocal>, now: Nanos) -> u64 {
        awaited(&context.common, &mut context.local, now)
    }

    fn hand_over(context: &mut Context<FanoutLocal>, now: Nanos) {
        hand_over(&mut context.common, &mut context.local, now);
    }
}

/// Numbers of messages for many over all lanes, from 1: each lane has those of its own turn.
#[derive(Clone, Copy, Debug)]
struct Numbering {
    lanes: u64,
}

impl Numbering {
    fn of(local: &FanoutLocal) -> Self {
        let lanes = local.lanes.max(1).into();
        Self { lanes }
    }

    /// The number of the message at a position of a lane.
    fn number(self, lane: u32, position: u64) -> u64 {
        position * self.lanes + u64::from(lane) + 1
    }

    /// The lane of a number and the position there; `None` of one that is none.
    fn place(self, number: u64) -> Option<(u32, u64)> {
        let from_zero = number.checked_sub(1)?;
        Some(((from_zero % self.lanes) as u32, from_zero / self.lanes))
    }
}

impl Fanout {
    /// The room that a message is for, by its number on the connection: any but those that it is in.
    fn drawn_room(&self, local: &FanoutLocal, number: u32) -> u32 {
        let count = local.plan.clients.exchange.room_count().max(1);
        let draw = mix(local.plan.seed ^ u64::from(self.connection) << 32 ^ u64::from(number));
        let room = (draw % u64::from(count)) as u32;
        let is_own = self.subscribes && self.rooms.contains(room);
        (room + u32::from(is_own)) % count
    }
}

/// Acknowledgements that are out, and one while deliveries to this worker may still come: of senders
/// elsewhere nobody here knows what they have sent, so those are awaited for as long as a drain lasts.
pub(super) fn awaited(common: &Common, local: &mut FanoutLocal, now: Nanos) -> u64 {
    let timeout = common.plan.clients.timeout;
    let (board, worker) = (&local.board, local.worker);
    let acks = local.acks.as_ref().map_or(0, |orders| orders.out);
    let may_come =
        board.is_one_of_several() || local.receipts.is_awaiting(board, worker, now, timeout);
    acks + u64::from(may_come)
}

/// Adds to a worker's books what is put together over all of them.
pub(super) fn hand_over(common: &mut Common, local: &mut FanoutLocal, now: Nanos) {
    let (board, worker) = (&local.board, local.worker);
    let receipts = &mut local.receipts;
    receipts.judge_hearing(board, worker, now, HEARING_GRACE);
    let handed = &mut common.meter.tally.handed;
    handed.published.append(&mut local.published);
    receipts.hand_over(board, handed);
    handed.addressed.append(&mut local.addressed);
    handed.moves.append(&mut local.moves);
    handed.hears_own = board.hears_own();
}
