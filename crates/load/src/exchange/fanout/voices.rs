//! The messages of each voice: where several roles send, each may say something else.

use crate::message::MessageSource;
use crate::plan::{Envelope, OwnMessages, Plan};

/// Sources of the messages of all voices, by their numbers.
#[derive(Debug)]
pub(super) struct Sources {
    /// That of the first, which is nearly always the only one.
    first: MessageSource,
    others: Box<[MessageSource]>,
}

impl Sources {
    /// Those of a plan, of a run that began when the wall clock said `epoch_ns`.
    pub(super) fn of(plan: &Plan, epoch_ns: u64) -> Self {
        let source = |own: Option<&OwnMessages>| {
            let payload = own.map_or(&plan.clients.exchange.payload, |own| &own.payload);
            let mut source = MessageSource::new(payload, plan.seed);
            source.set_epoch(epoch_ns);
            source
        };
        let mut voices = plan.clients.voices().map(|voice| voice.own.as_ref());
        Self {
            first: source(voices.next().flatten()),
            others: voices.map(source).collect(),
        }
    }

    /// The source of a voice.
    #[inline]
    pub(super) fn of_voice(&mut self, voice: u8) -> &mut MessageSource {
        match usize::from(voice).checked_sub(1) {
            None => &mut self.first,
            Some(at) => self.others.get_mut(at).unwrap_or(&mut self.first),
        }
    }

    /// The source of any: all have the same tags, in messages of the same kind.
    #[inline]
    pub(super) fn any(&self) -> &MessageSource {
        &self.first
    }
}

/// Texts around the messages of each voice of a plan, by their numbers; one where there are no voices.
pub(super) fn envelopes(plan: &Plan) -> Vec<Option<Envelope>> {
    let common = &plan.clients.exchange.envelope;
    let of_voices = plan.clients.voices().map(|voice| match &voice.own {
        Some(own) => own.envelope.clone(),
        None => common.clone(),
    });
    let all: Vec<_> = of_voices.collect();
    match all.is_empty() {
        true => vec![common.clone()],
        false => all,
    }
}
