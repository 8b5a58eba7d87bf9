//! A session and its echoes against a server in memory: the life of a connection, and what counts
//! as an answer.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod pair;

use fastrand::Rng;
use pair::{ONE_WAY, Pair, Received, failures, plan};
use wsbench_load::failure::FailureKind;
use wsbench_load::meter::Unanswered;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Compression, Greeting, Lifetime, StopRule, Verify};
use wsbench_load::series::Series;
use wsbench_load::session::{CLOSE_WAIT, SessionStatus};
use wsbench_load::tally::Phase;
use wsbench_wire::close::push_close;
use wsbench_wire::connection::MessageKind;
use wsbench_wire::mask::MaskKey;
use wsbench_wire::opcode::OpCode;

/// Streams are cut in this many ways.
const SEEDS: u64 = 500;

#[test]
fn a_connection_opens_and_is_counted() {
    for seed in 0..SEEDS {
        let mut pair = Pair::open(plan(1), 0, Some(Rng::with_seed(seed)));
        assert!(pair.session.is_open() && !pair.session.has_answers());
        let tally = pair.books();
        let counts = tally.connections;
        assert_eq!((counts.opened, counts.upgraded, counts.failed), (1, 1, 0));
        assert_eq!(
            (
                tally.times[Series::Tcp].count(),
                tally.times[Series::Upgrade].count()
            ),
            (1, 1)
        );
        assert_eq!(tally.times[Series::Tcp].max(), Some(ONE_WAY));
    }
}

#[test]
fn a_refused_upgrade_fails_the_connection_in_its_handshake() {
    let (mut pair, _) = Pair::connecting(plan(1), 0, Some(Rng::with_seed(1)));
    let says = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    pair.says.push_raw(says);
    assert_eq!(pair.deliver(), SessionStatus::Failed);
    assert!(pair.session.is_ended());
    let tally = pair.books();
    assert_eq!(failures(&tally, Phase::Handshake, FailureKind::Status), 1);
    let counts = tally.connections;
    assert_eq!((counts.opened, counts.upgraded, counts.failed), (1, 0, 1));
}

/// Messages come back in whatever order and cut wherever: each is answered once.
#[test]
fn echoes_are_answered_at_any_depth_in_any_order_however_cut() {
    for seed in 0..SEEDS {
        let mut random = Rng::with_seed(seed);
        let depth = [1, 2, 7, 64][random.usize(..4)];
        let is_reversed = random.bool();
        let spec = plan(200).with(|spec| spec.clients.arrival = Arrival::Closed { depth });
        let mut pair = Pair::open(spec, 3, Some(random));
        let mut echoed = 0;
        loop {
            pair.pump();
            assert!(pair.session.in_flight() <= depth);
            match pair.echo(is_reversed) {
                0 => break,
                count => echoed += count,
            }
            assert_eq!(pair.deliver(), SessionStatus::Continue);
        }
        let tally = pair.books();
        let counts = tally.messages;
        assert_eq!((echoed, counts.sent, counts.answered), (200, 200, 200));
        assert_eq!(
            counts.reordered > 0,
            is_reversed && depth > 1,
            "seed {seed}"
        );
        assert!(tally.failures.is_empty(), "{:?}", tally.failures);
        assert_eq!(
            (
                tally.times[Series::Service].count(),
                tally.times[Series::FirstMessage].count()
            ),
            (200, 1)
        );
    }
}

#[test]
fn compressed_echoes_are_answered_however_cut() {
    for seed in 0..SEEDS / 10 {
        let spec = plan(30).with(|spec| {
            spec.clients.compression = Some(Compression::default());
            spec.clients.fragment = (seed % 2 == 1).then_some(9);
        });
        let mut pair = Pair::open(spec, 0, Some(Rng::with_seed(seed)));
        loop {
            pair.pump();
            assert!(!matches!(pair.heard[..], [Received::Message(..)]));
            if pair.echo(false) == 0 {
                break;
            }
            assert_eq!(pair.deliver(), SessionStatus::Continue);
        }
        let tally = pair.books();
        assert_eq!(tally.messages.answered, 30);
        let compression = &tally.compression;
        assert_eq!(
            (compression.sent.compressed, compression.received.compressed),
            (30, 30)
        );
    }
}

#[test]
fn a_client_closes_after_its_round_trips_and_ends_with_the_servers_fin() {
    for round_trips in [1, 5] {
        let spec = plan(1).with(|spec| {
            spec.stop = StopRule::Clients(3);
            spec.clients.lifetime = Lifetime::Replaced { round_trips };
        });
        let mut pair = Pair::open(spec, 0, Some(Rng::with_seed(7)));
        for _ in 0..round_trips {
            assert!(pair.session.is_open());
            pair.pump();
            assert_eq!(pair.echo(false), 1);
            assert_eq!(pair.deliver(), SessionStatus::Continue);
        }
        assert_eq!(pair.heard, [Received::Close(Some(1000))]);
        pair.pump();
        assert_eq!(pair.heard.len(), 1, "nothing follows the close frame");
        push_close(&mut pair.says, None, Some(1000), "");
        assert_eq!(pair.deliver(), SessionStatus::Continue);
        let flow = pair.session.on_eof(&mut pair.context, pair.now);
        assert_eq!(flow, SessionStatus::Finished);
        let tally = pair.books();
        let counts = tally.connections;
        assert_eq!((counts.clients_completed, counts.closed_cleanly), (1, 1));
        assert_eq!(counts.failed, 0);
        assert_eq!(tally.messages.answered, u64::from(round_trips));
    }
}

#[test]
fn a_server_that_closes_first_has_its_frame_answered_and_has_failed() {
    let mut pair = Pair::open(plan(5), 0, Some(Rng::with_seed(2)));
    pair.pump();
    pair.heard.clear();
    push_close(&mut pair.says, None, Some(1001), "");
    assert_eq!(pair.deliver(), SessionStatus::Continue);
    assert_eq!(pair.heard, [Received::Close(Some(1001))]);
    assert_eq!(pair.session.in_flight(), 0);
    let flow = pair.session.on_eof(&mut pair.context, pair.now);
    assert_eq!(flow, SessionStatus::Failed);
    let tally = pair.books();
    assert_eq!(
        failures(&tally, Phase::Close, FailureKind::ClosedByServer),
        1
    );
    assert_eq!((tally.messages.failed, tally.connections.failed), (1, 1));
    assert_eq!(tally.close_codes.get(&1001), Some(&1));
    assert_eq!(tally.connections.never_answered, 1);
}

#[test]
fn a_close_frame_that_is_not_answered_is_not_awaited_for_ever() {
    let mut pair = Pair::open(plan(5), 0, None);
    pair.session.finish(&mut pair.context, pair.now);
    pair.write();
    assert_eq!(pair.heard, [Received::Close(Some(1000))]);
    let deadline = pair.session.deadline(&pair.context).unwrap();
    assert_eq!(deadline, pair.now + CLOSE_WAIT);
    pair.context.common.sending = false;
    let flow = pair.session.on_deadline(&mut pair.context, deadline);
    assert_eq!(
        flow,
        SessionStatus::Finished,
        "the load is over: no connection has failed"
    );
    let tally = pair.books();
    assert_eq!(failures(&tally, Phase::Close, FailureKind::NoCloseReply), 1);
}

#[test]
fn a_message_of_another_connection_is_no_answer() {
    let mut other = Pair::open(plan(5), 1, None);
    other.pump();
    let (kind, foreign) = other.message();
    let mut pair = Pair::open(plan(5), 0, Some(Rng::with_seed(3)));
    pair.pump();
    pair.say(kind, &foreign);
    assert_eq!(pair.deliver(), SessionStatus::Continue);
    assert_eq!(
        pair.session.in_flight(),
        1,
        "its own answer is awaited still"
    );
    pair.echo(false);
    assert_eq!(pair.deliver(), SessionStatus::Continue);
    let tally = pair.books();
    assert_eq!((tally.messages.answered, tally.messages.unasked), (1, 1));
    assert_eq!(failures(&tally, Phase::Answers, FailureKind::CrossTalk), 1);
}

/// A server greets when a connection opens; a wrong answer later on is none of its greetings.
#[test]
fn greetings_by_count_come_before_any_answer() {
    let spec = plan(2).with(|spec| spec.clients.exchange.greeting = Some(Greeting::Count(1)));
    for greets in [true, false] {
        let mut pair = Pair::open(spec.clone(), 0, Some(Rng::with_seed(9)));
        pair.pump();
        if greets {
            pair.say(MessageKind::Text, b"welcome");
        }
        pair.echo(false);
        assert_eq!(pair.deliver(), SessionStatus::Continue);
        pair.pump();
        pair.say(MessageKind::Text, b"who are you");
        assert_eq!(pair.deliver(), SessionStatus::Continue);
        pair.echo(false);
        assert_eq!(pair.deliver(), SessionStatus::Continue);
        let tally = pair.books();
        assert_eq!(tally.messages.answered, 2);
        let untagged = failures(&tally, Phase::Answers, FailureKind::Untagged);
        assert_eq!((untagged, tally.errors()), (1, 1), "it greets: {greets}");
    }
}

/// An answer that holds the message whole, with whatever around it, is its answer where that was
/// asked for, in any order; one that holds it but for a byte is none.
#[test]
fn answers_that_hold_the_message_are_right_where_that_was_asked_for() {
    type Wrap = fn(&[u8]) -> Vec<u8>;
    let wraps: [Wrap; 4] = [
        |message| [b"{\"you said\":\"", message, b"\",\"n\":1}"].concat(),
        |message| [b"echo: ", message].concat(),
        |message| [message, b"\n"].concat(),
        <[u8]>::to_vec,
    ];
    for (number, wrap) in wraps.into_iter().enumerate() {
        for verify in [Verify::Contains, Verify::Full] {
            let spec = plan(3).with(|spec| {
                spec.clients.arrival = Arrival::Closed { depth: 3 };
                spec.clients.exchange.verify = verify;
            });
            let mut pair = Pair::open(spec, 0, Some(Rng::with_seed(7)));
            pair.pump();
            let mut heard = std::mem::take(&mut pair.heard);
            if verify == Verify::Contains {
                heard.reverse();
            }
            for message in &heard {
                let Received::Message(kind, bytes) = message else {
                    panic!("{message:?} is no message");
                };
                pair.say(*kind, &wrap(bytes));
            }
            assert_eq!(pair.deliver(), SessionStatus::Continue);
            let tally = pair.books();
            let is_right = verify == Verify::Contains || number == 3;
            assert_eq!(tally.messages.answered, if is_right { 3 } else { 0 });
            assert_eq!(tally.errors() == 0, is_right, "{number} {verify:?}");
            let told = tally
                .failures
                .iter()
                .map(|it| it.example.settings().count());
            assert_eq!(told.sum::<usize>() > 0, !is_right, "the way out is told");
        }
    }
    let spec = plan(1).with(|spec| spec.clients.exchange.verify = Verify::Contains);
    let mut pair = Pair::open(spec, 0, Some(Rng::with_seed(8)));
    pair.pump();
    let (kind, bytes) = pair.message();
    let mut wrong = bytes.clone();
    *wrong.last_mut().unwrap() ^= 1;
    for said in [wrong, bytes] {
        pair.say(kind, &[b"echo: ", &said[..]].concat());
    }
    assert_eq!(pair.deliver(), SessionStatus::Continue);
    let tally = pair.books();
    // The first has the tag of the request, and so settles it; what is right then comes once more.
    assert_eq!((tally.messages.answered, tally.errors()), (0, 2));
}

/// Pongs that nobody asked for are counted, whether or not a ping is out meanwhile.
#[test]
fn pongs_beside_the_right_one_were_not_asked_for() {
    let every = Nanos::from_millis(100);
    let spec = plan(5).with(|spec| spec.clients.keep_alive = Some(every));
    let mut pair = Pair::open(spec, 0, Some(Rng::with_seed(6)));
    let due = pair.session.deadline(&pair.context).unwrap();
    pair.now = due;
    let flow = pair.session.on_deadline(&mut pair.context, due);
    assert_eq!(flow, SessionStatus::Continue);
    pair.write();
    let [Received::Ping(payload)] = &pair.heard[..] else {
        panic!("{:?}", pair.heard);
    };
    let payload = payload.clone();
    for payload in [b"alive", b"still", &payload[..]] {
        pair.say_control(OpCode::Pong, payload);
    }
    assert_eq!(pair.deliver(), SessionStatus::Continue);
    let tally = pair.books();
    assert_eq!(tally.times[Series::Ping].count(), 1);
    assert_eq!((tally.pongs_unasked, tally.errors()), (2, 0));
}

#[test]
fn an_answer_that_comes_again_is_a_duplicate() {
    let mut pair = Pair::open(plan(1), 0, Some(Rng::with_seed(4)));
    pair.pump();
    let (kind, bytes) = pair.message();
    pair.say(kind, &bytes);
    pair.say(kind, &bytes);
    assert_eq!(pair.deliver(), SessionStatus::Continue);
    let tally = pair.books();
    assert_eq!((tally.messages.answered, tally.messages.duplicated), (1, 1));
    assert_eq!(failures(&tally, Phase::Answers, FailureKind::Duplicated), 1);
}

#[test]
fn an_answer_with_a_wrong_byte_is_none() {
    let mut pair = Pair::open(plan(1), 0, Some(Rng::with_seed(5)));
    pair.pump();
    let (kind, mut bytes) = pair.message();
    *bytes.last_mut().unwrap() ^= 1;
    pair.say(kind, &bytes);
    assert_eq!(pair.deliver(), SessionStatus::Continue);
    let tally = pair.books();
    let counts = tally.messages;
    assert_eq!(
        (counts.answered, counts.corrupted, counts.failed),
        (0, 1, 1)
    );
}

#[test]
fn a_silent_connection_is_given_up_at_its_deadline_and_not_before() {
    let mut pair = Pair::open(plan(5), 0, None);
    let due = pair.now;
    pair.pump();
    let deadline = pair.session.deadline(&pair.context).unwrap();
    assert_eq!(deadline, due + pair.context.common.plan.clients.timeout);
    let early = Nanos(deadline.0 - 1);
    let flow = pair.session.on_deadline(&mut pair.context, early);
    assert_eq!(flow, SessionStatus::Continue);
    let flow = pair.session.on_deadline(&mut pair.context, deadline);
    assert_eq!(flow, SessionStatus::Failed);
    let tally = pair.books();
    assert_eq!(
        (
            tally.messages.timed_out,
            tally.times[Series::Censored].count()
        ),
        (1, 1)
    );
    assert_eq!(failures(&tally, Phase::Answers, FailureKind::TimedOut), 1);
}

#[test]
fn a_lost_message_does_not_end_a_connection_whose_later_ones_are_answered() {
    let spec = plan(2).with(|spec| spec.clients.arrival = Arrival::Closed { depth: 2 });
    let mut pair = Pair::open(spec, 0, None);
    pair.pump();
    pair.heard.remove(0);
    pair.echo(false);
    assert_eq!(pair.deliver(), SessionStatus::Continue);
    let deadline = pair.session.deadline(&pair.context).unwrap();
    let flow = pair.session.on_deadline(&mut pair.context, deadline);
    assert_eq!(flow, SessionStatus::Continue);
    assert!(pair.session.is_open());
    let tally = pair.books();
    let counts = tally.messages;
    assert_eq!((counts.answered, counts.timed_out, counts.lost), (1, 1, 1));
}

#[test]
fn pings_are_answered_and_our_own_are_timed() {
    let every = Nanos::from_millis(100);
    let spec = plan(5).with(|spec| spec.clients.keep_alive = Some(every));
    let mut pair = Pair::open(spec, 0, Some(Rng::with_seed(6)));
    pair.say_control(OpCode::Ping, b"are you there");
    assert_eq!(pair.deliver(), SessionStatus::Continue);
    assert_eq!(pair.heard, [Received::Pong(b"are you there".to_vec())]);
    pair.heard.clear();
    let due = pair.session.deadline(&pair.context).unwrap();
    pair.now = due;
    let flow = pair.session.on_deadline(&mut pair.context, due);
    assert_eq!(flow, SessionStatus::Continue);
    pair.write();
    let [Received::Ping(payload)] = &pair.heard[..] else {
        panic!("{:?}", pair.heard);
    };
    let payload = payload.clone();
    pair.say_control(OpCode::Pong, &payload);
    assert_eq!(pair.deliver(), SessionStatus::Continue);
    pair.say_control(OpCode::Pong, b"unasked");
    assert_eq!(pair.deliver(), SessionStatus::Continue);
    let tally = pair.books();
    assert_eq!(
        (tally.pings_sent, tally.times[Series::Ping].count()),
        (1, 1)
    );
    assert_eq!(
        (tally.pongs_unasked, tally.errors()),
        (1, 0),
        "they are allowed"
    );
}

#[test]
fn frames_against_the_rfc_end_the_connection_with_a_close_frame() {
    let mut pair = Pair::open(plan(5), 0, None);
    pair.pump();
    pair.heard.clear();
    let mask = Some(MaskKey([1, 2, 3, 4]));
    pair.says.push_frame(true, OpCode::Text, mask, &[b"masked"]);
    assert_eq!(pair.deliver(), SessionStatus::Failed);
    assert_eq!(pair.heard, [Received::Close(Some(1002))]);
    let tally = pair.books();
    let violations = failures(&tally, Phase::Frames, FailureKind::MaskedByServer);
    assert_eq!((violations, tally.messages.failed), (1, 1));
}

#[test]
fn what_is_out_at_the_end_of_a_run_is_counted_as_that() {
    let spec = plan(9).with(|spec| spec.clients.arrival = Arrival::Closed { depth: 4 });
    let mut pair = Pair::open(spec, 0, None);
    pair.pump();
    let (now, how) = (pair.now + ONE_WAY, Unanswered::InFlightAtEnd);
    pair.session.give_up(&mut pair.context, now, how);
    pair.session.break_off(&mut pair.context, now);
    assert!(pair.session.is_ended());
    assert_eq!(pair.books().messages.in_flight_at_end, 4);
}
