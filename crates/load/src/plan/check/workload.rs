//! The rules of rooms, roles, logins, and of what is said beside the load.

use wsbench_setting::Field;

use super::{Checked, at_least, at_most, because, not_zero, refuse};
use crate::nanos::Nanos;
use crate::plan::audience::Audience;
use crate::plan::error::Why;
use crate::plan::flow::Flow;
use crate::plan::login::{Envelope, LoginStep, LoginSteps};
use crate::plan::payload::Encoding;
use crate::plan::spec::Population;
use crate::plan::unit::MessageUnit;
use crate::plan::voice::{VOICES_AT_MOST, Voice};
use crate::template::Template;

/// The shortest period of words by the clock: more often they would be a load of their own.
const SHORTEST_PERIOD: Nanos = Nanos::from_millis(1);

/// Rooms are of messages for many, and each has a name.
pub(super) fn rooms(population: &Population) -> Checked {
    let exchange = &population.exchange;
    let field = Field::Rooms;
    let Some(rooms) = &exchange.rooms else {
        let is_room = matches!(exchange.audience, Audience::Room | Audience::One);
        return refuse(is_room, Field::Audience, Why::Needs(field));
    };
    // What the server sends by itself is of rooms as well: of what clients have subscribed to.
    // And a request is for one, where its text says so.
    let is_taken =
        matches!(exchange.flow, Flow::Push(_) | Flow::Idle) || exchange.request.is_some();
    let is_apart = !population.is_fanned_out() && !is_taken;
    refuse(is_apart, field, Why::Needs(Field::Audience))?;
    not_zero(rooms.count, field)?;
    not_zero(rooms.each, Field::RoomsEach)?;
    at_most(rooms.each.into(), rooms.count.into(), Field::RoomsEach)?;
    let is_for_all = exchange.audience == Audience::All && rooms.each > 1;
    refuse(is_for_all, Field::RoomsEach, Why::NotWith(Field::Audience))?;
    let is_for_one = exchange.audience == Audience::One;
    refuse(
        is_for_one && rooms.each > 1,
        Field::RoomsEach,
        Why::NotWith(Field::Audience),
    )?;
    if is_for_one && population.roles.is_empty() {
        // Who sends is in one of them, and none of it is for itself.
        at_least(rooms.count.into(), 2, field)?;
    }
    let names_it = exchange
        .envelope
        .as_ref()
        .is_some_and(|it| it.words.has_room());
    refuse(is_for_one && !names_it, Field::Payload, Why::NoRoom)?;
    let members = u64::from(population.connections) * u64::from(rooms.each);
    at_most(rooms.count.into(), members, field)?;
    let is_named = rooms.names.is_empty() || rooms.names.len() == rooms.count as usize;
    refuse(!is_named, field, Why::Malformed)?;
    refuse(rooms.names.iter().any(String::is_empty), field, Why::Empty)?;
    for (at, name) in rooms.names.iter().enumerate() {
        refuse(rooms.names[..at].contains(name), field, Why::Twice)?;
    }
    let is_law = rooms.zipf.is_none_or(|it| it.is_finite() && it > 0.0);
    refuse(!is_law, field, Why::Malformed)
}

/// Roles make up all connections; those that send come first, and somebody receives.
pub(super) fn roles(population: &Population) -> Checked {
    let roles = &population.roles;
    if roles.is_empty() {
        return Ok(());
    }
    let field = Field::Roles;
    let is_fanned_out = population.is_fanned_out();
    refuse(!is_fanned_out, field, Why::Needs(Field::Audience))?;
    for role in roles {
        not_zero(role.connections, field)?;
    }
    let all = roles.iter().map(|role| u64::from(role.connections)).sum();
    at_most(all, population.connections.into(), Field::Connections)?;
    at_least(all, population.connections.into(), Field::Connections)?;
    let senders = roles.iter().take_while(|role| role.publishes);
    let is_first = senders.count() == roles.iter().filter(|role| role.publishes).count();
    refuse(!is_first, field, Why::Malformed)?;
    refuse(population.publishers() == 0, field, Why::Zero)?;
    refuse(population.subscribers() == 0, field, Why::Zero)?;
    voices(population)
}

/// Roles that publish share the rate out, all of them or none, and their messages have the same tags.
fn voices(population: &Population) -> Checked {
    let field = Field::Roles;
    let voices: Vec<&Voice> = population.voices().collect();
    if voices.is_empty() {
        return Ok(());
    }
    let senders = population.roles.iter().filter(|role| role.publishes);
    let is_whole = senders.clone().all(|role| role.voice.is_some());
    let is_theirs = is_whole && senders.count() == voices.len();
    refuse(!is_theirs, field, Why::Malformed)?;
    at_most(voices.len() as u64, VOICES_AT_MOST as u64, field)?;
    let is_share = |share: f64| share.is_finite() && share > 0.0;
    let all: f64 = voices.iter().map(|voice| voice.share).sum();
    let are_shares = voices.iter().all(|voice| is_share(voice.share)) && (all - 1.0).abs() < 1e-6;
    refuse(!are_shares, field, Why::Malformed)?;
    let payload = &population.exchange.payload;
    for own in population.own_messages() {
        let is_other = own.payload.encoding() != payload.encoding()
            || own.payload.is_tagged() != payload.is_tagged();
        refuse(is_other, Field::Payload, Why::Malformed)?;
    }
    Ok(())
}

/// What is put into the texts of logins and replies, and around messages, is there.
pub(super) fn speech(population: &Population) -> Checked {
    let exchange = &population.exchange;
    let mut taken = Vec::new();
    steps(&population.login, &mut taken, exchange.rooms.is_some())?;
    let common = taken.len();
    for role in &population.roles {
        taken.truncate(common);
        steps(&role.join, &mut taken, exchange.rooms.is_some())?;
    }
    let own = population.own_messages().map(|own| own.envelope.as_ref());
    for envelope in std::iter::once(exchange.envelope.as_ref()).chain(own) {
        let Some(envelope) = envelope else {
            let is_numbered = exchange.numbered.is_some();
            refuse(is_numbered, Field::Payload, Why::NoNumber)?;
            continue;
        };
        self::envelope(envelope, population, &taken)?;
    }
    if let Some(asked) = exchange.request_words() {
        words(&asked, &taken, exchange.rooms.is_some(), Field::Payload)?;
    }
    for template in population.upkeep.templates() {
        let field = Field::Upkeep;
        refuse(
            template.has_tag() || template.has_filling(),
            field,
            Why::TagAlone,
        )?;
        words(&template, &taken, exchange.rooms.is_some(), field)?;
    }
    for beat in &population.upkeep.beats {
        at_least(beat.period.0, SHORTEST_PERIOD.0, Field::Upkeep)?;
    }
    Ok(())
}

/// What stands around messages for many: that by which each is known, and nothing that is not known.
fn envelope(envelope: &Envelope, population: &Population, taken: &[String]) -> Checked {
    let (exchange, field) = (&population.exchange, Field::Payload);
    let is_fanned_out = population.is_fanned_out();
    refuse(!is_fanned_out, field, Why::Needs(Field::Audience))?;
    let is_known = match exchange.numbered {
        None => envelope.words.is_envelope(),
        Some(_) => envelope.words.is_numbered_envelope(),
    };
    let lacks = match exchange.numbered {
        None => Why::NoTag,
        Some(_) => Why::NoNumber,
    };
    refuse(!is_known, field, lacks)?;
    numberless(&envelope.words, exchange.numbered.is_none(), field)?;
    words_with(&envelope.words, taken, exchange.rooms.is_some(), field)
}

/// Packets are said as bytes: a tag, text and their ends are none.
pub(super) fn unit(population: &Population) -> Checked {
    let exchange = &population.exchange;
    let is_said = exchange.flow.is_answered() || exchange.flow == Flow::Oneway;
    let own = population.own_messages().map(|own| own.envelope.as_ref());
    let mut envelopes = std::iter::once(exchange.envelope.as_ref()).chain(own);
    let is_packets = envelopes.all(|it| it.is_some_and(|it| it.words.is_of_bytes()));
    let is_wrong = exchange.unit == MessageUnit::Mqtt && is_said && !is_packets;
    refuse(is_wrong, Field::Unit, Why::NoPackets)
}

/// Acknowledgements are of messages that a schedule sends, and each names its message by what can be read
/// off it.
pub(super) fn ack(population: &Population) -> Checked {
    let exchange = &population.exchange;
    let Some(ack) = &exchange.ack else {
        return Ok(());
    };
    let field = Field::Ack;
    let is_apart = !exchange.flow.is_answered();
    refuse(is_apart, field, Why::NotWith(Field::Flow))?;
    let is_request = exchange.request.is_some();
    refuse(is_request, field, Why::NotWith(Field::Request))?;
    let is_closed = !population.is_open_loop();
    refuse(is_closed, field, Why::Needs(Field::Arrival))?;
    let mut taken: Vec<String> = population.login.captures().map(str::to_owned).collect();
    let senders = population.roles.iter().find(|role| role.publishes);
    let joins = senders.into_iter().flat_map(|role| role.join.captures());
    taken.extend(joins.map(str::to_owned));
    if let Some(why) = ack.fault() {
        return Err(because(field, why));
    }
    for template in ack.templates() {
        let is_tagged =
            exchange.payload.is_tagged() && exchange.payload.encoding() == Encoding::Text;
        refuse(template.has_tag() && !is_tagged, field, Why::TagAlone)?;
        words(template, &taken, exchange.rooms.is_some(), field)?;
        // Whichever of its rooms the message was for, nobody knows before it is read.
        let is_open = template.has_room() && population.rooms_each() > 1;
        refuse(is_open, field, Why::NotWith(Field::RoomsEach))?;
    }
    Ok(())
}

/// The end of a stream is known by what its connection knows; which request it is of is said otherwise.
pub(super) fn end(population: &Population) -> Checked {
    let exchange = &population.exchange;
    let Some(end) = exchange.end_of_streams() else {
        return Ok(());
    };
    let field = Field::End;
    let taken: Vec<String> = population.login.captures().map(str::to_owned).collect();
    for template in end.templates() {
        refuse(
            template.has_tag() || template.has_filling(),
            field,
            Why::TagAlone,
        )?;
        words(template, &taken, exchange.rooms.is_some(), field)?;
    }
    Ok(())
}

/// The steps of a login, in which what was `taken` before is known.
fn steps(login: &LoginSteps, taken: &mut Vec<String>, has_rooms: bool) -> Checked {
    let field = Field::Login;
    for step in login.steps() {
        for template in step.templates() {
            refuse(
                template.has_tag() || template.has_filling(),
                field,
                Why::TagAlone,
            )?;
            words(&template, taken, has_rooms, field)?;
        }
        if let LoginStep::Expect(expected) = step {
            let within = expected.within.map_or(1, |within| within.0);
            not_zero(within, field)?;
        }
        taken.extend(step.captures().map(ToOwned::to_owned));
    }
    Ok(())
}

/// The number of a message for many stands in such messages alone, where they are known by it.
fn numberless(template: &Template, is_so: bool, field: Field) -> Checked {
    refuse(
        is_so && template.has_message_number(),
        field,
        Why::NumberAlone,
    )
}

fn words(template: &Template, taken: &[String], has_rooms: bool, field: Field) -> Checked {
    numberless(template, true, field)?;
    words_with(template, taken, has_rooms, field)
}

fn words_with(template: &Template, taken: &[String], has_rooms: bool, field: Field) -> Checked {
    let is_known = |name: &String| taken.contains(name);
    let lacks = !template.captures().iter().all(is_known);
    refuse(lacks, field, Why::NoCapture)?;
    let lacks = template.has_room() && !has_rooms;
    refuse(lacks, field, Why::Needs(Field::Rooms))
}
