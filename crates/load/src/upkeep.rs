//! What is said to messages of the server's own while a connection lasts, and what answers its
//! heartbeats.

use wsbench_wire::connection::MessageKind;

use crate::context::{Common, Io};
use crate::nanos::Nanos;

/// An answer to a message that the upkeep knows.
enum Recognised {
    /// Nothing.
    Nothing,
    /// These words.
    Say(MessageKind, Vec<u8>),
}

impl Common {
    /// Looks whether a message is one that the upkeep of a connection knows, and what is said to it.
    fn known(
        &mut self,
        connection: u32,
        (kind, message): (MessageKind, &[u8]),
        now: Nanos,
    ) -> Option<Recognised> {
        let plan = self.plan.clone();
        let upkeep = &plan.clients.upkeep;
        let room = self.speech.first_room(connection);
        for (at, beat) in upkeep.beats.iter().enumerate() {
            let said = self
                .speech
                .kept(connection)
                .and_then(|kept| kept.beats.get(at).copied());
            let Some((expect, said)) = beat.expect.as_ref().zip(said) else {
                continue;
            };
            let number = said.said.saturating_sub(1);
            let values = self.speech.values(connection, room, number, now);
            if expect.fits(kind, message, &values) {
                if let Some(beat) = self
                    .speech
                    .kept(connection)
                    .and_then(|it| it.beats.get_mut(at))
                {
                    beat.out = None;
                }
                return Some(Recognised::Nothing);
            }
        }
        let values = self.speech.values(connection, room, 0, now);
        let reply = upkeep
            .replies
            .iter()
            .find(|it| it.on.fits(kind, message, &values))?;
        Some(match &reply.say {
            // Whoever does not read is told nothing, so that nothing piles up.
            Some(spoken) if !self.congested => {
                let mut words = Vec::new();
                spoken.words.say(&values, &mut words);
                Recognised::Say(spoken.kind, words)
            }
            _ => Recognised::Nothing,
        })
    }
}

impl<L> Io<'_, L> {
    /// Takes a message that is none of the load's, if the plan knows it: answers it, or notes that a beat
    /// was answered. Says whether it did.
    #[inline]
    pub(crate) fn take_up(
        &mut self,
        connection: u32,
        kind: MessageKind,
        message: &[u8],
        now: Nanos,
    ) -> bool {
        self.common.has_upkeep && self.take_known(connection, kind, message, now)
    }

    #[cold]
    fn take_known(
        &mut self,
        connection: u32,
        kind: MessageKind,
        message: &[u8],
        now: Nanos,
    ) -> bool {
        match self.common.known(connection, (kind, message), now) {
            None => false,
            Some(Recognised::Nothing) => true,
            Some(Recognised::Say(kind, words)) => {
                self.common.push_message(self.codec, kind, [&words, &[]]);
                true
            }
        }
    }
}
