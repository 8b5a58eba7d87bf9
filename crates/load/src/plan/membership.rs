//! Who of a population does what: by its place in the run, a connection has a role, a room and a login.

use std::sync::Arc;

use crate::plan::audience::Audience;
use crate::plan::awaited::Awaited;
use crate::plan::login::LoginStep;
use crate::plan::payload::{Matching, Payload};
use crate::plan::request::Correlation;
use crate::plan::role::Role;
use crate::plan::rooms::Spread;
use crate::plan::spec::{Population, Workload};
use crate::plan::voice::{OwnMessages, Voice};
use crate::template::Template;

/// The step of a login that is next, by its number, and the room that it is for, by its number among the
/// connection's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoginTurn {
    /// Number of the step, from 0.
    pub step: usize,
    /// Number of the room among those of the connection, from 0.
    pub room: u32,
}

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

    /// The rooms of each connection; the first for all where there are none.
    #[must_use]
    pub fn spread(&self) -> Spread {
        match (self.exchange.audience, &self.exchange.rooms) {
            // There may be rooms to join, and all the same everybody hears all.
            (Audience::All, _) | (_, None) => Spread::together(),
            (_, Some(rooms)) => Spread::over(rooms),
        }
    }

    /// Rooms that each connection is a member of; 1 where there are none.
    #[must_use]
    pub fn rooms_each(&self) -> u32 {
        match (self.exchange.audience, &self.exchange.rooms) {
            (Audience::All, _) | (_, None) => 1,
            (_, Some(rooms)) => rooms.each.clamp(1, rooms.count.max(1)),
        }
    }

    /// The turn of a login behind another one: the next step, or the first of those that are gone through
    /// again for the next room.
    ///
    /// A step with `{room}` in it is carried out for each room of the connection, and so is what belongs to
    /// it: what is awaited behind it, and further such steps behind that.
    #[must_use]
    pub fn next_turn(&self, place: u32, turn: LoginTurn) -> LoginTurn {
        let next = LoginTurn {
            step: turn.step + 1,
            ..turn
        };
        let each = self.rooms_each();
        if each == 1 || self.is_of_room(place, next.step) {
            return next;
        }
        if turn.room + 1 >= each || !self.is_of_room(place, turn.step) {
            return LoginTurn { room: 0, ..next };
        }
        let mut before = (0..turn.step).rev();
        let last_before = before.find(|step| !self.is_of_room(place, *step));
        LoginTurn {
            step: last_before.map_or(0, |step| step + 1),
            room: turn.room + 1,
        }
    }

    /// True of a step of a login that is carried out for each room.
    fn is_of_room(&self, place: u32, number: usize) -> bool {
        let steps = (0..=number).rev().map(|at| self.login_step(place, at));
        for step in steps {
            match step {
                Some(step) if step.has_room() => return true,
                // It belongs to what stands before it.
                Some(LoginStep::Expect(_)) => {}
                _ => return false,
            }
        }
        false
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

    /// All messages that are awaited.
    pub(super) fn awaited(&self) -> impl Iterator<Item = &Awaited> {
        let joins = self.roles.iter().flat_map(|role| role.join.steps());
        let steps = self.login.steps().iter().chain(joins);
        let of_steps = steps.filter_map(|step| match step {
            LoginStep::Expect(expected) => Some(&expected.awaited),
            LoginStep::Send(_) | LoginStep::Settle(_) => None,
        });
        let ack = self.exchange.ack.as_deref();
        let end = self.exchange.end_of_streams();
        of_steps.chain(self.upkeep.awaited()).chain(ack).chain(end)
    }

    /// All texts that are filled in, but for the messages of an echo and of requests.
    pub(super) fn templates(&self) -> Vec<Template> {
        let joins = self.roles.iter().flat_map(|role| role.join.steps());
        let steps = self.login.steps().iter().chain(joins);
        let mut all: Vec<_> = steps.flat_map(LoginStep::templates).collect();
        all.extend(self.upkeep.templates());
        let envelope = self.exchange.envelope.as_ref();
        let own = self.own_messages().filter_map(|it| it.envelope.as_ref());
        all.extend(envelope.into_iter().chain(own).map(|it| it.words.clone()));
        let ack = self.exchange.ack.as_ref();
        all.extend(ack.into_iter().flat_map(|ack| ack.templates().cloned()));
        let end = self.exchange.end_of_streams();
        all.extend(end.into_iter().flat_map(|end| end.templates().cloned()));
        all
    }

    /// The voices, in the order of their roles; none where one role sends, or all connections do.
    pub fn voices(&self) -> impl Iterator<Item = &Voice> {
        self.roles.iter().filter_map(|role| role.voice.as_ref())
    }

    /// The number of the voice of the connection at a place of the run; 0 where there are none.
    #[must_use]
    pub fn voice_of(&self, place: u32) -> usize {
        let mut behind = 0_u32;
        let before = self.roles.iter().take_while(|role| {
            behind = behind.saturating_add(role.connections);
            behind <= place && role.voice.is_some()
        });
        before.count()
    }

    /// Messages of roles that have such of their own.
    pub(super) fn own_messages(&self) -> impl Iterator<Item = &OwnMessages> {
        self.voices().filter_map(|voice| voice.own.as_ref())
    }

    /// Bytes of the longest message that any connection sends, with the text around it.
    #[must_use]
    pub fn longest(&self) -> usize {
        let own = self.own_messages().map(OwnMessages::longest);
        own.fold(self.exchange.longest(), usize::max)
    }

    /// Bytes of the longest message, with the text around it, as much of each voice as it has of the rate.
    #[must_use]
    pub fn longest_on_average(&self) -> f64 {
        let longest = |voice: &Voice| {
            let own = voice.own.as_ref().map(OwnMessages::longest);
            voice.share * own.unwrap_or_else(|| self.exchange.longest()) as f64
        };
        let all = self.voices().map(longest).reduce(|one, other| one + other);
        all.unwrap_or_else(|| self.exchange.longest() as f64)
    }
}

impl Workload {
    /// Way in which answers are matched with what was sent.
    #[must_use]
    pub fn matching(&self) -> Matching {
        match (&self.request, self.is_answered_by_acks()) {
            (Some(request), _) => match request.at {
                Correlation::Order => Matching::Turn,
                Correlation::Number(_) => Matching::Number,
            },
            (None, _) if self.numbered.is_some() => Matching::Number,
            (None, true) => Matching::Ack,
            (None, false) => self.payload.matching(),
        }
    }

    /// True where nothing but an acknowledgement answers a message.
    #[must_use]
    pub fn is_answered_by_acks(&self) -> bool {
        self.ack.is_some() && self.audience == Audience::Sender
    }

    /// The last answer to a request, where requests have several.
    #[must_use]
    pub fn end_of_streams(&self) -> Option<&Awaited> {
        self.request.as_ref()?.end.as_deref()
    }

    /// The text of requests with something in it that their connection alone knows; `None` of any others.
    pub(crate) fn request_words(&self) -> Option<Arc<Template>> {
        match (&self.request, &self.payload) {
            (Some(_), Payload::Template { template, .. }) if template.is_said_once() => {
                Some(Arc::clone(template))
            }
            _ => None,
        }
    }

    /// Rooms that connections are members of, one that is all of them included; none where messages
    /// are for their sender alone.
    #[must_use]
    pub fn room_count(&self) -> u32 {
        match (self.audience, &self.rooms) {
            (Audience::Sender, _) => 0,
            (Audience::Room | Audience::One, Some(rooms)) => rooms.count,
            (Audience::Room | Audience::One, None) | (Audience::All, _) => 1,
        }
    }

    /// Bytes of the longest message, with the text around it.
    #[must_use]
    pub fn longest(&self) -> usize {
        let around = self.envelope.as_ref().map_or(0, |it| it.words.longest());
        self.payload.max_len() + around
    }
}
