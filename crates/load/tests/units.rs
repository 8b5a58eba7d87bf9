//! Units other than WebSocket messages against a server in memory: however the server cuts them into
//! messages, and these into reads, each is what it is.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod pair;

use fastrand::Rng;
use pair::{Pair, Received, failures, plan};
use wsbench_load::failure::FailureKind;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Arrival, Awaited, Compression, Encoding, Flow as Traffic, Greeting, LoginSteps, MessageUnit,
    Pattern, Payload, Reply, Spoken, StopRule,
};
use wsbench_load::session::SessionStatus;
use wsbench_load::tally::Phase;
use wsbench_wire::connection::MessageKind::{Binary, Text};
use wsbench_wire::opcode::OpCode;

/// Streams are cut in this many ways.
const SEEDS: u64 = 200;

/// The messages that a server has heard.
fn heard(pair: &mut Pair) -> Vec<Vec<u8>> {
    let messages = std::mem::take(&mut pair.heard).into_iter();
    let bytes = messages.map(|it| match it {
        Received::Message(_, bytes) => bytes,
        other => panic!("{other:?} is no message"),
    });
    bytes.collect()
}

#[test]
fn units_are_answered_whatever_messages_they_come_in() {
    for seed in 0..SEEDS {
        let mut random = Rng::with_seed(seed);
        let unit = [MessageUnit::Record, MessageUnit::Nul][random.usize(..2)];
        let end = unit.end().unwrap();
        let spec = plan(60).with(|spec| {
            spec.clients.exchange.unit = unit;
            spec.clients.arrival = Arrival::Closed { depth: 7 };
            spec.clients.fragment = random.bool().then_some(11);
        });
        let cuts = random.bool().then(|| Rng::with_seed(seed));
        let mut pair = Pair::open(spec, 0, cuts);
        // A part of a unit that the server keeps for its next message.
        let mut rest = Vec::new();
        loop {
            pair.pump();
            let said = heard(&mut pair);
            if said.is_empty() && rest.is_empty() {
                break;
            }
            for message in said {
                assert_eq!(
                    message.iter().position(|byte| *byte == end),
                    Some(message.len() - 1)
                );
                rest.extend(message);
            }
            while !rest.is_empty() {
                let message: Vec<u8> = rest.drain(..random.usize(1..=rest.len())).collect();
                // Text is whole characters, and these are cut anywhere.
                pair.say(Text, &message);
                if random.u8(..4) == 0 {
                    break;
                }
            }
            assert_eq!(pair.deliver(), SessionStatus::Continue);
        }
        let tally = pair.books();
        assert_eq!((tally.messages.sent, tally.messages.answered), (60, 60));
        assert_eq!(tally.errors(), 0, "{:?}", tally.failures);
    }
}

#[test]
fn compressed_units_are_answered() {
    let spec = plan(5).with(|spec| {
        spec.clients.exchange.unit = MessageUnit::Record;
        spec.clients.compression = Some(Compression::default());
    });
    let mut pair = Pair::open(spec, 0, Some(Rng::with_seed(3)));
    for _ in 0..5 {
        pair.pump();
        assert_eq!(pair.echo(false), 1);
        assert_eq!(pair.deliver(), SessionStatus::Continue);
    }
    let tally = pair.books();
    assert_eq!((tally.messages.answered, tally.errors()), (5, 0));
    assert_eq!(tally.compression.received.compressed, 5);
}

/// One message may have the end of the login and what comes behind it.
#[test]
fn what_stands_behind_the_login_in_one_message_is_of_the_load() {
    for seed in 0..SEEDS {
        let spec = plan(2).with(|spec| {
            spec.clients.exchange.unit = MessageUnit::Record;
            spec.clients.exchange.greeting = Some(Greeting::Count(2));
            spec.clients.login = LoginSteps::default()
                .send(Text, "{}")
                .expect(Text, Pattern::Equals(b"{}".to_vec()))
                .send(Text, "join\u{1e}")
                .expect(Text, Pattern::Prefix(b"joined".to_vec()));
        });
        let mut pair = Pair::answered(spec, 0, Some(Rng::with_seed(seed)));
        assert_eq!(pair.deliver(), SessionStatus::Continue);
        assert_eq!(
            pair.message(),
            (Text, b"{}\x1e".to_vec()),
            "it gets its end"
        );
        pair.say(Text, b"{}\x1ejoi");
        pair.say_control(OpCode::Ping, b"between two parts");
        assert_eq!(pair.deliver(), SessionStatus::Continue);
        let expected = [
            Received::Message(Text, b"join\x1e".to_vec()),
            Received::Pong(b"between two parts".to_vec()),
        ];
        assert_eq!(std::mem::take(&mut pair.heard), expected, "it has its end");
        pair.say(Text, b"ned\x1ewelcome\x1ehow are you\x1e");
        assert_eq!(pair.deliver(), SessionStatus::Upgraded);
        pair.begin_load();
        for _ in 0..2 {
            pair.pump();
            assert_eq!(pair.echo(false), 1);
            let _ = pair.deliver();
        }
        let tally = pair.books();
        assert_eq!(tally.messages.answered, 2);
        assert_eq!(tally.errors(), 0, "{:?}", tally.failures);
    }
}

/// What stands behind the login in one message with its end is whole, however long the load lets it be.
#[test]
fn a_long_unit_behind_the_login_is_not_cut() {
    let spec = plan(1).with(|spec| {
        spec.clients.exchange.unit = MessageUnit::Record;
        spec.clients.exchange.flow = Traffic::Idle;
        spec.clients.exchange.payload = Payload::Generated {
            encoding: Encoding::Text,
            min: 1 << 20,
            max: 1 << 20,
            ascii: true,
        };
        spec.stop = StopRule::Duration(Nanos::from_secs(1));
        spec.clients.login = LoginSteps::default().expect(Text, Pattern::Equals(b"hi".to_vec()));
        spec.clients.upkeep.replies.push(Reply {
            on: Awaited::new(Text, Pattern::Contains(b"the end".to_vec())),
            say: Some(Spoken::new(Text, "heard")),
        });
    });
    let mut pair = Pair::answered(spec, 0, None);
    let long = [&b"hi\x1e"[..], &vec![b'a'; 3 << 19], b"the end\x1e"].concat();
    pair.say(Text, &long);
    assert_eq!(pair.deliver(), SessionStatus::Upgraded);
    assert_eq!(heard(&mut pair), [b"heard\x1e".to_vec()]);
}

#[test]
fn units_without_an_end_or_a_length_end_their_connection() {
    let lines = plan(1).with(|spec| spec.clients.exchange.unit = MessageUnit::Lines);
    let mut pair = Pair::open(lines, 0, None);
    pair.pump();
    pair.heard.clear();
    pair.say(Text, &vec![b'a'; (1 << 20) + 100]);
    assert_eq!(pair.deliver(), SessionStatus::Failed);
    assert_eq!(pair.heard, [Received::Close(Some(1009))]);
    let tally = pair.books();
    let too_long = failures(&tally, Phase::Frames, FailureKind::MessageTooLong);
    assert_eq!((too_long, tally.messages.failed), (1, 1));

    let packets = plan(1).with(|spec| {
        spec.clients.exchange.unit = MessageUnit::Mqtt;
        spec.clients.exchange.flow = Traffic::Idle;
        spec.stop = StopRule::Duration(Nanos::from_secs(1));
    });
    let mut pair = Pair::open(packets, 0, None);
    pair.say(Binary, b"\xd0\0\x30\xff\xff\xff\xff\x01");
    assert_eq!(pair.deliver(), SessionStatus::Failed);
    assert_eq!(pair.heard, [Received::Close(Some(1008))]);
    let tally = pair.books();
    assert_eq!(failures(&tally, Phase::Frames, FailureKind::BrokenUnit), 1);
    let words = tally.failures.iter().map(|it| it.example.to_string());
    let words: Vec<String> = words.collect();
    assert!(
        words.iter().any(|it| it.contains("an MQTT packet")),
        "{words:?}"
    );
}

#[test]
fn packets_are_said_as_bytes_or_the_plan_is_refused() {
    let packets = plan(1).with(|spec| spec.clients.exchange.unit = MessageUnit::Mqtt);
    let error = packets.check().unwrap_err().to_string();
    assert!(
        error.starts_with("clients.exchange.unit: is mqtt"),
        "{error}"
    );
}
