//! Messages for many: who hears them, what they are, and who acknowledges them.

use std::sync::Arc;

use toml::Spanned;
use wsbench_load::plan::{
    Audience, Awaited, Encoding, Envelope, Locator, OwnMessages, Payload, Rooms, Spoken, Voice,
};

use super::super::file::{AudienceFile, ClientsFile, MatchFile, RoleFile};
use super::super::{Read, ScenarioReader};
use super::{ClientsOfFile, has};
use crate::defaults;
use crate::quantity::SizeRange;

/// Messages that the clients of one table publish.
#[derive(Debug, PartialEq)]
struct MessagesOfFile {
    /// Text around each message.
    envelope: Option<Envelope>,
    /// Bytes of what is within; `None` where the file does not say.
    size: Option<SizeRange>,
}

impl MessagesOfFile {
    /// The messages of a role that are not those of the load.
    fn own(self) -> OwnMessages {
        let SizeRange { min, max } = self.size.unwrap_or(usual_size());
        OwnMessages {
            envelope: self.envelope,
            payload: Payload::Generated {
                encoding: Encoding::Text,
                min,
                max,
                ascii: false,
            },
        }
    }
}

/// The size of messages that nothing else is said of.
fn usual_size() -> SizeRange {
    SizeRange {
        min: defaults::SIZE,
        max: defaults::SIZE,
    }
}

impl ScenarioReader<'_> {
    pub(super) fn audience(
        &self,
        table: &ClientsFile,
        is_many: bool,
        rooms: Option<&Rooms>,
    ) -> Read<Audience> {
        let audience = table.audience.as_ref();
        match (audience.map(|it| (it, it.get_ref())), rooms) {
            _ if !is_many => Ok(Audience::Sender),
            (None | Some((_, AudienceFile::Room)), Some(_)) => Ok(Audience::Room),
            (Some((_, AudienceFile::One)), Some(_)) => Ok(Audience::One),
            (None | Some((_, AudienceFile::All)), _) => Ok(Audience::All),
            (Some((at, AudienceFile::One)), None) => {
                let what = "a receiver is known by its room: rooms = { count = 100 }, of 100 receivers, and \
                            {room} in what they say to join and in messages";
                Err(self.source.fault("audience", at, what))
            }
            (Some((at, AudienceFile::Room)), None) => {
                let what = "a room needs rooms: rooms = { count = 10 }";
                Err(self.source.fault("audience", at, what))
            }
        }
    }

    /// Messages for many, of all tables that publish: those of the first are the load's, and where there are
    /// more each role has its own share of the rate.
    pub(super) fn published(
        &self,
        tables: &[&Spanned<ClientsFile>],
        rooms: Option<&Rooms>,
        mut clients: ClientsOfFile,
    ) -> Read<ClientsOfFile> {
        let senders = tables
            .iter()
            .filter(|it| has(it.get_ref(), RoleFile::Publish));
        let senders: Vec<&Spanned<ClientsFile>> = senders.copied().collect();
        let Some((first, others)) = senders.split_first() else {
            return Ok(clients);
        };
        let rates = senders.iter().map(|it| self.rate_of(it));
        let rates = rates.collect::<Read<Vec<f64>>>()?;
        let it = first.get_ref();
        clients.numbered = self.locator("match", it.at.as_ref())?;
        let ack = it.ack.as_ref().map(|ack| self.ack(ack));
        clients.ack = ack.transpose()?;
        let numbered = clients.numbered.as_ref();
        let leading = self.messages(it, numbered)?;
        (clients.envelope, clients.size) = (leading.envelope.clone(), leading.size);
        if others.is_empty() {
            return Ok(clients);
        }
        let all: f64 = rates.iter().sum();
        let mut said = vec![None];
        for table in others {
            self.check_alike(table, rooms, &clients)?;
            let own = self.messages(table.get_ref(), numbered)?;
            said.push((own != leading).then_some(own));
        }
        let voices = rates.iter().zip(said).map(|(rate, own)| Voice {
            share: rate / all,
            own: own.map(MessagesOfFile::own),
        });
        // Tables that publish are the first, and so are their roles.
        for (role, voice) in clients.roles.iter_mut().zip(voices) {
            role.voice = Some(voice);
        }
        clients.rate_per_s = Some(all);
        Ok(clients)
    }

    /// Messages a second of clients that publish.
    fn rate_of(&self, table: &Spanned<ClientsFile>) -> Read<f64> {
        let rate = self.per_s("rate", table.get_ref().rate.as_ref())?;
        rate.ok_or_else(|| {
            let what = "clients that publish have a rate, such as \"100/s\"";
            self.source.fault("clients", table, what)
        })
    }

    /// Makes sure that further clients that publish do so for the same receivers, and that their messages are
    /// known and acknowledged in the same way.
    fn check_alike(
        &self,
        table: &Spanned<ClientsFile>,
        rooms: Option<&Rooms>,
        clients: &ClientsOfFile,
    ) -> Read<()> {
        let it = table.get_ref();
        let fault = |key: &str, what: &str| Err(self.source.fault(key, table, what));
        if self.audience(it, true, rooms)? != clients.audience {
            let what = "all clients that publish have the same audience; say the same in each of these tables";
            return fault("audience", what);
        }
        if self.locator("match", it.at.as_ref())? != clients.numbered {
            let what = "the messages of all clients that publish are known by the same; say the same match in \
                        each of these tables";
            return fault("match", what);
        }
        let ack = it.ack.as_ref().map(|ack| self.ack(ack)).transpose()?;
        if ack != clients.ack {
            let what = "the messages of all clients that publish are acknowledged alike; say the same ack in \
                        each of these tables";
            return fault("ack", what);
        }
        Ok(())
    }

    /// Messages of clients that publish.
    fn messages(&self, it: &ClientsFile, numbered: Option<&Locator>) -> Read<MessagesOfFile> {
        let size = self.size(it)?;
        let (key, message, spoken) = match (&it.message, &it.message_binary) {
            (None, None) => {
                return Ok(MessagesOfFile {
                    envelope: None,
                    size,
                });
            }
            (Some(text), None) => {
                let words = self.speaker.words("message", text, text.get_ref())?;
                ("message", text, Spoken::text(words))
            }
            (None, Some(binary)) => {
                let words = self.speaker.bytes("message_binary", binary)?;
                ("message_binary", binary, Spoken::binary(words))
            }
            (Some(_), Some(binary)) => {
                let what = "message and message_binary are one message; give one of them";
                return Err(self.source.fault("message_binary", binary, what));
            }
        };
        let words = &spoken.words;
        let fault = |what: &str| Err(self.source.fault(key, message, what));
        match numbered {
            None if !words.is_envelope() => {
                return fault("it has to have one {tag}, and {fill} right behind that or nowhere");
            }
            Some(_) if !words.is_numbered_envelope() => {
                return fault(
                    "it has to have {id}, the number that match finds, and {tag} and {fill} behind each \
                     other or not at all",
                );
            }
            _ => {}
        }
        let size = match (words.has_filling(), &it.size) {
            (true, _) => size.unwrap_or(usual_size()),
            (false, None) => {
                let tag = Payload::tag_len(Encoding::Text) as u32;
                SizeRange { min: tag, max: tag }
            }
            (false, Some(size)) => {
                let what =
                    "the message has no {fill} that could make it so long; put it behind {tag}";
                return Err(self.source.fault("size", size, what));
            }
        };
        Ok(MessagesOfFile {
            envelope: Some(Envelope::new(spoken)),
            size: Some(size),
        })
    }

    /// Message by which the server acknowledges each of those that are sent.
    fn ack(&self, ack: &Spanned<MatchFile>) -> Read<Arc<Awaited>> {
        let awaited = self.speaker.awaited("ack", ack)?;
        if let Some(why) = awaited.fault() {
            return Err(self.source.fault("ack", ack, why));
        }
        Ok(Arc::new(awaited))
    }
}
