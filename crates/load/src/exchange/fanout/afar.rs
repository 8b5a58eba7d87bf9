//! What a fan-out does only where it is one of several processes' or puts text around its messages: none
//! of it is on the path of plain messages of one process.

use super::delivery::Sighting;
use super::{Fanout, FanoutLocal, Numbering, voices};
use crate::context::Io;
use crate::fanout::board::{Board, Publication};
use crate::fanout::postmark::{Postmark, PostmarkForm};
use crate::identity::MessageId;
use crate::nanos::Nanos;
use crate::plan::{Envelope, Plan};
use crate::tally::{Addressed, Move};
use crate::template::Values;

/// What is in and around messages beside tag and filling.
#[derive(Debug)]
pub(super) struct Dress {
    /// Text around each, by its voice; `None` where there is none.
    envelopes: Vec<Option<Envelope>>,
    /// Form of what each says of itself, where it has receivers in other processes.
    pub(super) postmarks: Option<PostmarkForm>,
    /// True where there is more than one room.
    has_rooms: bool,
}

impl Dress {
    /// That of a plan's messages; `None` of plain ones.
    pub(super) fn of(plan: &Plan, board: &Board) -> Option<Self> {
        let workload = &plan.clients.exchange;
        let (envelopes, postmarks) = (voices::envelopes(plan), board.postmarks(plan));
        let has_envelopes = envelopes.iter().any(Option::is_some);
        (has_envelopes || postmarks.is_some()).then(|| Self {
            envelopes,
            postmarks,
            has_rooms: workload.room_count() > 1,
        })
    }

    /// Text around the messages of a voice.
    pub(super) fn envelope(&self, voice: u8) -> Option<&Envelope> {
        self.envelopes.get(usize::from(voice))?.as_ref()
    }
}

/// Composes a message of a connection with what is to be in and around it. `identity` has its position for
/// a number.
pub(super) fn say_dressed(
    io: &mut Io<'_, FanoutLocal>,
    identity: MessageId,
    (room, number): (u32, u32),
    (voice, due): (u8, Nanos),
) {
    let local = &mut *io.local;
    let Some(dress) = &local.dress else {
        return;
    };
    let mut identity = identity;
    let message_number = Numbering::of(local).number(local.worker, identity.sequence);
    if let Some(form) = dress.postmarks {
        let is_measured = due >= io.common.meter.window().opens;
        let position = identity.sequence as u32;
        let number = form.number((position, room), due, is_measured);
        // A fleet is refused that would come to so many messages.
        identity.sequence = number.unwrap_or(identity.sequence);
        if dress.has_rooms && is_measured {
            local.addressed.push(Addressed {
                lane: local.worker,
                position,
                room,
            });
        }
    }
    let source = local.sources.of_voice(voice);
    source.prepare(identity, Some(due));
    let (message, kind) = (source.message(identity), source.kind());
    let Some(envelope) = dress.envelope(voice) else {
        io.common.push_made(io.codec, kind, &message);
        return;
    };
    local.wrapped.clear();
    let values = Values {
        message: message_number,
        parts: message.parts(),
        ..io.common
            .speech
            .values(identity.connection, room, number.into(), due)
    };
    envelope.words.say(&values, &mut local.wrapped);
    io.common
        .push_message(io.codec, envelope.kind, [&local.wrapped, &[]]);
}

impl Fanout {
    /// Makes acknowledgements known by the postmarks that messages have in their tags.
    pub(super) fn postmark_acks(&mut self, local: &FanoutLocal) {
        let postmarks = local.dress.as_ref().and_then(|dress| dress.postmarks);
        if let Some(form) = postmarks.filter(|_| local.acks.is_some()) {
            self.acks.get_or_insert_default().be_postmarked(form);
        }
    }

    /// Tells workers elsewhere that the connection has joined its rooms.
    pub(super) fn tell_of_joining(&self, io: &mut Io<'_, FanoutLocal>, now: Nanos) {
        // Whoever joins before the load has joined before each message: the first of them may stand for all.
        let is_apart = now >= io.common.meter.window().load_from;
        self.tell_of_move(io, now, is_apart, (1, 0));
    }

    /// Tells workers elsewhere that it has left them, unless the load is over: then the books are on
    /// whoever had been there.
    pub(super) fn tell_of_leaving(&self, io: &mut Io<'_, FanoutLocal>, now: Nanos) {
        let is_known = io.common.sending || now < io.common.meter.window().load_from;
        if is_known || self.comings.is_leaving() {
            self.tell_of_move(io, now, true, (0, 1));
        }
    }

    fn tell_of_move(
        &self,
        io: &mut Io<'_, FanoutLocal>,
        at: Nanos,
        is_apart: bool,
        (joined, left): (u32, u32),
    ) {
        let local = &mut *io.local;
        if !local.board.is_one_of_several() {
            return;
        }
        for &room in self.rooms.as_slice() {
            let mut moves = local.moves.iter_mut();
            let same = if is_apart {
                None
            } else {
                moves.find(|it| it.room == room && it.left == 0)
            };
            if let Some(it) = same {
                it.joined += joined;
                it.at = it.at.max(at);
                continue;
            }
            local.moves.push(Move {
                worker: local.worker,
                room,
                at,
                joined,
                left,
            });
        }
    }

    /// A tag has come whose number is no position: that of a message which says itself what it is. The
    /// bytes behind it that are known to be the message's; `None` where it was never sent.
    #[cold]
    pub(super) fn on_postmarked(
        &mut self,
        io: &mut Io<'_, FanoutLocal>,
        found: &Sighting<'_>,
        lane: u32,
    ) -> Option<usize> {
        let form = io.local.dress.as_ref()?.postmarks?;
        let mark = form.read(found.identity.sequence)?;
        let key = (lane, mark.position);
        if !io.local.board.is_afar(lane) {
            let it = io.local.board.look_up(lane, mark.position);
            let it = it.filter(|it| is_of(it, found.identity.connection, &mark));
            return match it {
                Some(it) => Some(self.on_known::<false>(io, found, key, &it)),
                // One that was written over is long past its deadline.
                None if mark.position < io.local.board.head(lane) => Some(0),
                None => None,
            };
        }
        let due = mark.due(found.received);
        let is_its = io.common.may_be_connection(found.identity.connection)
            && mark.room < io.common.plan.clients.exchange.room_count();
        if !is_its {
            return None;
        }
        let it = Publication {
            publisher: found.identity.connection,
            due,
            sent: due,
            room: mark.room,
            members: 0,
            joins: 0,
            // Plans with several voices are dealt to no other process.
            voice: 0,
            is_member: false,
            is_measured: mark.is_measured,
        };
        let is_late = found.received - due >= io.local.timeout;
        if is_late || !io.local.board.admit(lane, mark.position, &it) {
            return Some(0); // it is missing by then, and is told to be
        }
        Some(self.on_known::<true>(io, found, key, &it))
    }
}

/// True of the message that a postmark and a sender are of.
fn is_of(it: &Publication, publisher: u32, mark: &Postmark) -> bool {
    it.publisher == publisher && it.room == mark.room && mark.is_of(it.due, it.is_measured)
}
