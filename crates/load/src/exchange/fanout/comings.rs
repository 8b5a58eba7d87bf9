//! Connections of messages to many that come and go by their plan: from when on messages are for one, and
//! which are uncertain when it leaves.
//!
//! Whoever comes and has nothing confirmed may be open before the server has put it on its lists. Whoever
//! goes may leave before a message that is under way has come. Neither is a fault of the server.

use super::{Fanout, FanoutLocal, Membership};
use crate::context::Io;
use crate::fanout::board::{Publication, RoomCount};
use crate::nanos::Nanos;
use crate::plan::LoginStep;
use crate::tally::DECILES;

/// A connection whose membership nothing confirms is a receiver that is expected from so long after it is
/// open.
const UNCONFIRMED: Nanos = Nanos::from_millis(100);
/// Of messages sent within so long of its joining, a connection that comes asks whether they count it,
/// rather than going by two clocks' readings on two threads.
const ASKED_WITHIN: Nanos = Nanos::from_millis(50);
/// A message sent so long before its receiver began to leave is not under way any more, unless any has
/// taken half as long.
const UNDER_WAY: Nanos = Nanos::from_secs(1);

/// The joining and leaving of one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comings {
    /// Instant from which it is a member; `Nanos::MAX` of one that is, or never will be.
    joins_at: Nanos,
    /// Instant at which it began to leave; `Nanos::MAX` until then.
    left_at: Nanos,
}

impl Comings {
    /// Those of a connection that is neither about to join nor leaving.
    pub(super) const NONE: Self = Self {
        joins_at: Nanos::MAX,
        left_at: Nanos::MAX,
    };

    /// The connection is open from `now` on, and sure to be a member a while later.
    pub(super) fn join_later(&mut self, now: Nanos) {
        self.joins_at = now + UNCONFIRMED;
    }

    /// Instant at which it is to join, where it is to.
    pub(super) fn joins_at(&self) -> Option<Nanos> {
        (self.joins_at < Nanos::MAX).then_some(self.joins_at)
    }

    /// True, once, when it is to join.
    pub(super) fn is_to_join(&mut self, now: Nanos) -> bool {
        let is_time = self.joins_at <= now;
        if is_time {
            self.joins_at = Nanos::MAX;
        }
        is_time
    }

    /// It leaves from `now` on.
    pub(super) fn leave(&mut self, now: Nanos) {
        *self = Self {
            left_at: now,
            ..Self::NONE
        };
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.left_at < Nanos::MAX
    }

    /// True of one that is no member yet, or none any more.
    pub(super) fn is_coming_or_going(&self) -> bool {
        self.joins_at().is_some() || self.is_leaving()
    }

    /// Messages sent from then on that one which has left lacks may have been under way, where the longest
    /// of all took `longest`; all of them where it was cut off.
    pub(super) fn uncertain_from(&self, longest: Nanos) -> Nanos {
        match self.is_leaving() {
            true => self.left_at - (longest + longest).max(UNDER_WAY),
            false => Nanos::ZERO,
        }
    }
}

impl Membership {
    /// True of a message for a room of the connection that counts it among its receivers.
    #[inline]
    pub(super) fn is_for(&self, it: &Publication) -> bool {
        it.sent >= self.joined || self.is_counted(it)
    }

    #[cold]
    fn is_counted(&self, it: &Publication) -> bool {
        self.order.is_some_and(|order| it.counts(order))
    }

    /// No message sent before that is for the connection, whichever thread's clock it was read off.
    pub(super) fn earliest(&self) -> Nanos {
        self.joined - (ASKED_WITHIN + ASKED_WITHIN)
    }
}

/// True where nothing confirms that a connection which comes is a member: no login, or one that says
/// something last and does not hear what becomes of it.
pub(super) fn is_unconfirmed(local: &FanoutLocal) -> bool {
    let last = local.plan.clients.login.steps().last();
    let is_confirmed = matches!(last, Some(LoginStep::Expect(_) | LoginStep::Settle(_)));
    local.comes_and_goes && !is_confirmed
}

/// Notes of a message that is on the board whoever has left since its members were counted and may not
/// have seen it there.
pub(super) fn note_leavers(
    local: &mut FanoutLocal,
    position: u32,
    it: &Publication,
    counted: RoomCount,
) {
    let gone = local.board.left_since(it.room, counted);
    if gone > 0 && it.is_measured {
        local
            .receipts
            .note_leavers((local.worker, position), it, gone);
    }
}

impl Fanout {
    /// The connection is a member of its rooms from `now` on.
    pub(super) fn join(&mut self, io: &mut Io<'_, FanoutLocal>, now: Nanos) {
        let local = &mut *io.local;
        let mut order = None;
        for room in self.rooms.as_slice() {
            order = Some(local.board.join(*room));
            local.receipts.join(*room);
        }
        let order = order.filter(|_| self.rooms.len() == 1);
        let is_asked = local.comes_and_goes && order.is_some();
        let among = u64::from(local.board.arrive()) % u64::from(local.subscribers.max(1));
        let tenths = DECILES as u64;
        self.seat = Some(Membership {
            place: local.receipts.seat(),
            order,
            joined: if is_asked { now + ASKED_WITHIN } else { now },
            decile: (among * tenths / u64::from(local.subscribers.max(1))) as usize,
        });
        self.tell_of_joining(io, now);
    }
}
