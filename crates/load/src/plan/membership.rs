//! Who of a population does what: by its place in the run, a connection has a role, a room and a login.

use crate::plan::audience::Audience;
use crate::plan::login::LoginStep;
use crate::plan::payload::Matching;
use crate::plan::role::Role;
use crate::plan::spec::{Population, Workload};
use crate::template::Template;

impl Population {
    /// Connections that send messages; they are those at the first places.
    #[must_use]
    pub fn publishers(&self) -> u32 {
        self.having(|role| role.publishes)
    }

    /// Connections that messages are for.
    #[must_use]
    pub fn subscribers(&self) -> u32 {
        self.having(|role| role.subscribes)
    }

    fn having(&self, has: impl Fn(&Role) -> bool) -> u32 {
        if self.roles.is_empty() {
            return self.connections;
        }
        let roles = self.roles.iter().filter(|role| has(role));
        roles.map(|role| role.connections).sum()
    }

    /// The role of the connection at a place of the run does; `None` where all do the same.
    #[must_use]
    pub fn role_of(&self, place: u32) -> Option<&Role> {
        let mut behind = 0_u32;
        self.roles.iter().find(|role| {
            behind = behind.saturating_add(role.connections);
            place < behind
        })
    }

    /// True where messages are for the connection at a place of the run.
    #[must_use]
    pub fn subscribes(&self, place: u32) -> bool {
        self.role_of(place).is_none_or(|role| role.subscribes)
    }

    /// The room of the connection at a place of the run; 0 where there are none.
    #[must_use]
    pub fn room_of(&self, place: u32) -> u32 {
        match (self.exchange.audience, &self.exchange.rooms) {
            // There may be rooms to join, and all the same everybody hears all.
            (Audience::All, _) | (_, None) => 0,
            (_, Some(rooms)) => rooms.of(place),
        }
    }

    /// A step of the login of the connection at a place of the run, by its number from 0.
    #[must_use]
    pub fn login_step(&self, place: u32, number: usize) -> Option<&LoginStep> {
        let common = self.login.steps();
        common.get(number).or_else(|| {
            let join = self.role_of(place)?.join.steps();
            join.get(number - common.len())
        })
    }

    /// True where anything is taken in logins.
    #[must_use]
    pub fn has_captures(&self) -> bool {
        let joins = self.roles.iter().flat_map(|role| role.join.captures());
        self.login.captures().chain(joins).next().is_some()
    }

    /// All texts that are filled in, but for the messages of an echo and of requests.
    pub(super) fn templates(&self) -> Vec<Template> {
        let joins = self.roles.iter().flat_map(|role| role.join.steps());
        let steps = self.login.steps().iter().chain(joins);
        let mut all: Vec<_> = steps.flat_map(LoginStep::templates).collect();
        all.extend(self.upkeep.templates());
        let envelope = self.exchange.envelope.as_ref();
        all.extend(envelope.map(|it| it.words.clone()));
        let ack = self.exchange.ack.as_ref();
        all.extend(ack.into_iter().flat_map(|ack| ack.templates().cloned()));
        all
    }
}

impl Workload {
    /// Way in which answers are matched with what was sent.
    #[must_use]
    pub fn matching(&self) -> Matching {
        match (&self.request, self.is_answered_by_acks()) {
            (Some(_), _) => Matching::Number,
            (None, true) => Matching::Ack,
            (None, false) => self.payload.matching(),
        }
    }

    /// True where nothing but an acknowledgement answers a message.
    #[must_use]
    pub fn is_answered_by_acks(&self) -> bool {
        self.ack.is_some() && self.audience == Audience::Sender
    }

    /// Rooms that connections are members of, one that is all of them included; none where messages
    /// are for their sender alone.
    #[must_use]
    pub fn room_count(&self) -> u32 {
        match (self.audience, &self.rooms) {
            (Audience::Sender, _) => 0,
            (Audience::Room, Some(rooms)) => rooms.count,
            (Audience::Room, None) | (Audience::All, _) => 1,
        }
    }

    /// Bytes of the longest message, with the text around it.
    #[must_use]
    pub fn longest(&self) -> usize {
        let around = self.envelope.as_ref().map_or(0, |it| it.words.longest());
        self.payload.max_len() + around
    }
}
