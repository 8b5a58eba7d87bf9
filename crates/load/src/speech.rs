//! What is said on connections beside the messages of the load, as one worker has it: the values that
//! are put into texts, what logins have taken, and the beats that are out.

use std::collections::HashMap;

use wsbench_wire::connection::MessageKind;

use crate::message::{TagFinder, run_number};
use crate::nanos::Nanos;
use crate::plan::{Encoding, Locator, Plan, RoomSet, Spread};
use crate::template::{Captured, Values};

/// Speech on the connections of a worker beside the messages of the load.
#[derive(Debug)]
pub struct Speech {
    run: u32,
    /// Time of the wall clock when the run began, ns since the Unix epoch.
    epoch_ns: u64,
    /// Names of the rooms.
    rooms: Box<[Box<str>]>,
    /// The spread of connections over them.
    spread: Spread,
    /// True where something has to be kept of each connection.
    keeps: bool,
    kept: HashMap<u32, KeptValues>,
    /// Finds messages of the run in what comes, where they are for many.
    finder: Option<TagFinder>,
    /// Place of the number by which messages for many are known.
    numbered: Option<Locator>,
}

/// State that is kept of a connection.
#[derive(Debug)]
pub(crate) struct KeptValues {
    /// Its rooms.
    pub(crate) rooms: RoomSet,
    /// Values that its login has taken.
    pub(crate) captures: Vec<Captured>,
    /// Its beats, one for each of the plan's.
    pub(crate) beats: Box<[BeatState]>,
}

/// State of a beat on one connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BeatState {
    /// Instant at which the next one is due.
    pub(crate) next: Nanos,
    /// Those said so far.
    pub(crate) said: u64,
    /// Instant at which the one was said whose answer is awaited.
    pub(crate) out: Option<Nanos>,
}

impl Speech {
    /// That of a worker of a plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let clients = &plan.clients;
        let rooms = clients.exchange.rooms.as_ref();
        let names = rooms.into_iter().flat_map(|rooms| {
            let numbers = 0..rooms.count;
            numbers.map(|room| rooms.name(room).into())
        });
        let kind = match clients.exchange.payload.encoding() {
            Encoding::Text => MessageKind::Text,
            Encoding::Binary => MessageKind::Binary,
        };
        let exchange = &clients.exchange;
        let has_own_words =
            exchange.request_words().is_some() || exchange.end_of_streams().is_some();
        Self {
            run: run_number(plan.seed),
            epoch_ns: 0,
            rooms: names.collect(),
            spread: clients.spread(),
            keeps: clients.has_captures()
                || !clients.upkeep.is_empty()
                || (has_own_words && rooms.is_some()),
            kept: HashMap::new(),
            numbered: exchange.numbered.clone(),
            finder: clients
                .is_fanned_out()
                .then(|| TagFinder::of_run(kind, run_number(plan.seed))),
        }
    }

    /// Tells what the wall clock said when the run began, ns since the Unix epoch.
    pub fn set_epoch(&mut self, epoch_ns: u64) {
        self.epoch_ns = epoch_ns;
    }

    /// The name of a room; empty where there are none.
    #[must_use]
    pub fn room(&self, room: u32) -> &str {
        self.rooms.get(room as usize).map_or("", |name| name)
    }

    /// The rooms of the connection at a place of the run; they are drawn, so that whoever needs them more
    /// than once keeps them.
    #[must_use]
    pub fn rooms_of(&self, place: u32) -> RoomSet {
        self.spread.of(place)
    }

    /// The values for what connection number `connection` says in a room at `now`, as the one after
    /// `sequence` others.
    pub(crate) fn values(
        &self,
        connection: u32,
        room: u32,
        sequence: u64,
        now: Nanos,
    ) -> Values<'_> {
        self.values_of(self.kept.get(&connection), connection, room, sequence, now)
    }

    /// The same in the room whose turn it is among those of a connection of which something is kept.
    pub(crate) fn values_in_turn(&self, connection: u32, sequence: u64, now: Nanos) -> Values<'_> {
        let kept = self.kept.get(&connection);
        let room = kept.map_or(0, |kept| kept.rooms.at(sequence));
        self.values_of(kept, connection, room, sequence, now)
    }

    fn values_of<'v>(
        &'v self,
        kept: Option<&'v KeptValues>,
        connection: u32,
        room: u32,
        sequence: u64,
        now: Nanos,
    ) -> Values<'v> {
        Values {
            connection,
            sequence,
            message: 0,
            run: self.run,
            room: self.room(room),
            now_ns: self.epoch_ns.saturating_add(now.0),
            parts: [&[], &[]],
            captures: kept.map_or(&[], |kept| &kept.captures),
        }
    }

    /// Begins to keep what is to be kept of a connection at a place of the run.
    pub(crate) fn begin(&mut self, connection: u32, place: u32) {
        if self.keeps {
            let kept = KeptValues {
                rooms: self.rooms_of(place),
                captures: Vec::new(),
                beats: Box::default(),
            };
            self.kept.insert(connection, kept);
        }
    }

    /// State that is kept of a connection.
    pub(crate) fn kept(&mut self, connection: u32) -> Option<&mut KeptValues> {
        self.kept.get_mut(&connection)
    }

    /// The first of the rooms of a connection of which something is kept, or of all.
    pub(crate) fn first_room(&self, connection: u32) -> u32 {
        let kept = self.kept.get(&connection);
        kept.map_or(0, |kept| kept.rooms.at(0))
    }

    /// The beats of a connection.
    pub(crate) fn beats(&self, connection: u32) -> &[BeatState] {
        self.kept.get(&connection).map_or(&[], |kept| &kept.beats)
    }

    /// A connection is over.
    pub(crate) fn end(&mut self, connection: u32) {
        if self.keeps {
            self.kept.remove(&connection);
        }
    }

    /// True of a message that holds one of the run.
    pub(crate) fn is_of_run(&self, message: &[u8]) -> bool {
        let (finder, numbered) = (self.finder.as_ref(), self.numbered.as_ref());
        let has_tag = finder.is_some_and(|finder| finder.find(message, 0).is_some());
        has_tag || numbered.is_some_and(|at| at.number(message).is_some())
    }
}
