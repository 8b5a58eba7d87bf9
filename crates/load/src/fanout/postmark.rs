//! What a message for many says of itself where its receivers are in other processes as well: when it was
//! due, its room and whether it is measured, in the number of its tag.
//!
//! A number in a tag has 64 bits, of which a position on a lane takes the lower half. The upper half says
//! the rest, so a message is as long as ever, and texts around it are none the wiser:
//!
//! ```text
//! 63      62        61 … 32            31 …            … 0
//! always  measured  due, in 2 µs       position        room
//! ```
//!
//! The due time is told in steps of [`STEP`], less than any clock of another machine is known to, and
//! anew each 35 minutes: which of these times is meant follows from when the message came.

use crate::nanos::Nanos;
use crate::plan::Plan;

/// Due times are told in steps of this, to the nearest.
const STEP: Nanos = Nanos::from_micros(2);
/// A due time that was told is right to this, either way.
pub const TOLD_WITHIN: Nanos = Nanos(STEP.0 / 2);
/// Bits that they are told in.
const DUE_BITS: u32 = 30;
const MARK: u64 = 1 << 63;
const MEASURED: u64 = 1 << 62;

/// The form of the postmarks of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PostmarkForm {
    /// Bits of the lower half that say the room.
    room_bits: u32,
}

/// A postmark that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Postmark {
    /// The place of the message on its lane.
    pub(crate) position: u32,
    /// Its room.
    pub(crate) room: u32,
    /// True where it was due within the measured window.
    pub(crate) is_measured: bool,
    /// The due time in steps, anew each 2^30.
    steps: u64,
}

impl PostmarkForm {
    /// That of a plan's messages.
    pub(crate) fn of(plan: &Plan) -> Self {
        Self::of_rooms(plan.clients.exchange.room_count())
    }

    /// That of messages for so many rooms.
    pub(crate) fn of_rooms(rooms: u32) -> Self {
        let highest = rooms.saturating_sub(1);
        Self {
            room_bits: u32::BITS - highest.leading_zeros(),
        }
    }

    /// The number of a message; `None` of one whose position is too high beside a room.
    pub(crate) fn number(
        self,
        (position, room): (u32, u32),
        due: Nanos,
        is_measured: bool,
    ) -> Option<u64> {
        let lower = (u64::from(position) << self.room_bits) | u64::from(room);
        let steps = steps_of(due);
        let measured = if is_measured { MEASURED } else { 0 };
        (lower <= u32::MAX.into()).then_some(MARK | measured | steps << u32::BITS | lower)
    }

    /// Messages of one worker that have a number each.
    pub(crate) fn numbers(self) -> u64 {
        1 << (u32::BITS - self.room_bits)
    }

    /// The postmark in a number; `None` of a number without one.
    pub(crate) fn read(self, number: u64) -> Option<Postmark> {
        let lower = u64::from(number as u32);
        (number & MARK != 0).then_some(Postmark {
            position: (lower >> self.room_bits) as u32,
            room: (lower & ((1 << self.room_bits) - 1)) as u32,
            is_measured: number & MEASURED != 0,
            steps: number >> u32::BITS & ((1 << DUE_BITS) - 1),
        })
    }
}

/// A due time in steps, anew each 2^30.
fn steps_of(due: Nanos) -> u64 {
    ((due.0 + TOLD_WITHIN.0) / STEP.0) & ((1 << DUE_BITS) - 1)
}

impl Postmark {
    /// The due time, of a message that came at a time: the nearest to it that is told so.
    pub(crate) fn due(&self, came: Nanos) -> Nanos {
        let round = 1_u64 << DUE_BITS;
        let now = came.0 / STEP.0;
        let ahead = self.steps.wrapping_sub(now) & (round - 1);
        // Half a round ahead at most; what is more is behind.
        let steps = if ahead < round / 2 {
            now + ahead
        } else {
            (now + ahead).saturating_sub(round)
        };
        Nanos(steps * STEP.0)
    }

    /// True of that of a message that was due then.
    pub(crate) fn is_of(&self, due: Nanos, is_measured: bool) -> bool {
        self.steps == steps_of(due) && self.is_measured == is_measured
    }
}

/// Messages of each worker that can be told apart where receivers are in several processes, if there will
/// be more of them; `None` where that is enough for the whole run.
#[must_use]
pub fn too_few_numbers(plan: &Plan) -> Option<u64> {
    let highest = plan.highest_of_a_worker()?;
    if !plan.clients.is_fanned_out() {
        return None;
    }
    let numbers = PostmarkForm::of(plan).numbers();
    let warmup = plan.warmup.at_most.unwrap_or(plan.warmup.least);
    let length = plan.stop.duration().unwrap_or(Nanos::ZERO) + warmup;
    let messages = highest * length.as_secs_f64();
    // Poisson arrivals are more than their mean by less than a tenth, of so many.
    (messages * 1.1 > numbers as f64).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever a message says of itself is read again, from half a round before to half a round after.
        #[test]
        fn what_is_said_is_read(
            room_bits in 0_u32..=20, position in any::<u32>(), room in any::<u32>(),
            due in 2_000_000_000_000_u64..10_000_000_000_000, is_measured in any::<bool>(),
            late in -900_000_000_000_i64..900_000_000_000,
        ) {
            let form = PostmarkForm { room_bits };
            let position = position >> room_bits;
            let room = room & (((1_u64 << room_bits) - 1) as u32);
            let number = form.number((position, room), Nanos(due), is_measured).unwrap();
            prop_assert!(u32::try_from(number).is_err(), "it is no number without one");
            let read = form.read(number).unwrap();
            prop_assert_eq!((read.position, read.room, read.is_measured), (position, room, is_measured));
            let told = read.due(Nanos(due.saturating_add_signed(late)));
            prop_assert!(told.0.abs_diff(due) <= TOLD_WITHIN.0, "{} of {due}", told.0);
            prop_assert!(read.is_of(Nanos(due), is_measured));
            prop_assert!(!read.is_of(Nanos(due + STEP.0), is_measured));
        }
    }

    #[test]
    fn a_position_that_has_no_room_beside_its_room_has_no_number() {
        let form = PostmarkForm { room_bits: 8 };
        assert_eq!(form.number((1 << 24, 0), Nanos(0), true), None);
        assert!(form.number(((1 << 24) - 1, 255), Nanos(0), true).is_some());
        assert_eq!(form.read(77), None, "it has none");
    }
}
