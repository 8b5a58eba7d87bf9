//! Every deviation from the plain echo, seen by a client: exactly as often as asked for.
#![allow(
    clippy::unwrap_used,
    reason = "a panic in a test is its report, in what it calls as well"
)]

mod running;

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use running::{Client, Running, round_trip};
use tungstenite::error::ProtocolError;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message};
use wsbench_echo::{Calibration, Misbehaviour, ParseMisbehaviourError, Stall, TimeDistribution};

const MESSAGES: u64 = 100;

fn message(i: u64) -> Message {
    Message::text(format!("message {i}"))
}

/// All that comes back for a hundred messages, until the answer to a last one.
fn answers(faults: &[&str]) -> Vec<Message> {
    let server = Running::with(faults);
    let mut client = server.client();
    for i in 1..=MESSAGES {
        client.write(message(i)).unwrap();
    }
    client.close(None).unwrap();
    let mut all = Vec::new();
    loop {
        match client.read() {
            Ok(Message::Close(_)) => {}
            Ok(answer) => all.push(answer),
            Err(Error::ConnectionClosed) => break,
            Err(error) => panic!("{faults:?}: {error}"),
        }
    }
    assert_eq!(server.stop().messages, MESSAGES);
    all
}

/// The answers that a plain echo would give.
fn plain() -> Vec<Message> {
    (1..=MESSAGES).map(message).collect()
}

#[test]
fn a_calibration_without_faults_is_an_echo() {
    assert_eq!(answers(&[]), plain());
    let server = Running::start(|config| {
        config.calibration.delay = TimeDistribution::Constant(Duration::from_micros(1));
    });
    assert_eq!(round_trip(&mut server.client(), message(1)), message(1));
}

#[test]
fn drop_leaves_out_each_kth() {
    let expected: Vec<_> = (1..=MESSAGES).filter(|i| i % 7 != 0).map(message).collect();
    assert_eq!(answers(&["drop:every=7"]), expected);
}

#[test]
fn duplicate_answers_each_kth_twice() {
    let twice = |i: u64| vec![message(i); if i.is_multiple_of(9) { 2 } else { 1 }];
    let expected: Vec<_> = (1..=MESSAGES).flat_map(twice).collect();
    assert_eq!(answers(&["duplicate:every=9"]), expected);
}

#[test]
fn swap_exchanges_each_kth_with_the_next() {
    let mut expected = plain();
    for k in (9..MESSAGES as usize).step_by(10) {
        if k + 1 < expected.len() {
            expected.swap(k, k + 1);
        }
    }
    // The last has no next one, and is never answered.
    expected.pop();
    assert_eq!(answers(&["swap:every=10"]), expected);
}

#[test]
fn wrong_bytes_have_the_right_length() {
    let answers = answers(&["wrong-bytes:every=8"]);
    let mut wrong = 0;
    for (answer, expected) in answers.iter().zip(plain()) {
        assert_eq!(answer.len(), expected.len());
        assert!(answer.is_text());
        wrong += u64::from(*answer != expected);
    }
    assert_eq!((answers.len() as u64, wrong), (MESSAGES, MESSAGES / 8));
}

#[test]
fn wrong_opcode_answers_text_with_binary() {
    let expected: Vec<_> = plain()
        .into_iter()
        .map(|text| Message::Binary(text.into_data()))
        .collect();
    assert_eq!(answers(&["wrong-opcode"]), expected);
}

#[test]
fn empty_pong_takes_the_place_of_each_answer() {
    let expected = vec![Message::Pong(Vec::new().into()); MESSAGES as usize];
    assert_eq!(answers(&["empty-pong"]), expected);
}

#[test]
fn fragments_make_one_message_again() {
    assert_eq!(answers(&["fragments:pieces=5"]), plain());
    // More pieces than octets: some are empty.
    assert_eq!(answers(&["fragments:pieces=40"]), plain());
}

#[test]
fn fragments_are_as_many_as_asked_for() {
    let server = Running::with(&["fragments:pieces=3"]);
    let mut client = server.client();
    client.send(Message::text("abcdefg")).unwrap();
    let mut frames = vec![0; 3 * 2 + 7];
    client.get_mut().read_exact(&mut frames).unwrap();
    assert_eq!(frames, b"\x01\x02ab\x00\x02cd\x80\x03efg");
}

#[test]
fn split_makes_two_of_each_answer() {
    let halves = |i: u64| {
        let text = format!("message {i}");
        let (front, back) = text.split_at(text.len() / 2);
        [Message::text(front), Message::text(back)]
    };
    let expected: Vec<_> = (1..=MESSAGES).flat_map(halves).collect();
    assert_eq!(answers(&["split"]), expected);
}

#[test]
fn merge_makes_one_of_each_two_answers() {
    let pair = |i: u64| Message::text(format!("message {}message {}", 2 * i - 1, 2 * i));
    let expected: Vec<_> = (1..=MESSAGES / 2).map(pair).collect();
    assert_eq!(answers(&["merge"]), expected);
}

#[test]
fn unasked_adds_a_message_behind_each_kth() {
    let answers = answers(&["unasked:every=20"]);
    assert_eq!(answers.len() as u64, MESSAGES + MESSAGES / 20);
    let asked: Vec<_> = answers
        .iter()
        .filter(|answer| answer.to_text().unwrap().starts_with("message "))
        .cloned()
        .collect();
    assert_eq!(asked, plain());
}

#[test]
fn pings_come_before_each_nth_answer() {
    let answers = answers(&["ping-every:n=10"]);
    let pings = answers.iter().filter(|answer| answer.is_ping()).count() as u64;
    assert_eq!(pings, MESSAGES / 10);
    assert!(answers[9].is_ping() && answers[10] == message(10));
}

#[test]
fn faults_add_up_and_are_counted_over_all_connections() {
    let server = Running::with(&["drop:every=5", "duplicate:every=3"]);
    let mut clients: Vec<Client> = (0..4).map(|_| server.client()).collect();
    let mut expected = vec![Vec::new(); clients.len()];
    // One message after the other has been received, so that the count is in this order.
    for i in 1..=60_u64 {
        let at = i as usize % clients.len();
        let client = &mut clients[at];
        client
            .send(Message::Ping(i.to_string().into_bytes().into()))
            .unwrap();
        client.send(message(i)).unwrap();
        client.send(Message::Ping("end".into())).unwrap();
        if i % 5 != 0 {
            expected[at].extend(vec![message(i); if i % 3 == 0 { 2 } else { 1 }]);
        }
        loop {
            match client.read().unwrap() {
                Message::Pong(payload) if payload == "end" => break,
                Message::Pong(_) => {}
                answer => assert_eq!(answer, expected[at].remove(0)),
            }
        }
    }
    assert!(expected.iter().all(Vec::is_empty), "{expected:?}");
}

#[test]
fn masked_answers_are_refused_by_a_client() {
    let server = Running::with(&["masked"]);
    let mut client = server.client();
    client.send(message(1)).unwrap();
    let error = client.read().unwrap_err();
    let masked = ProtocolError::MaskedFrameFromServer;
    assert!(matches!(error, Error::Protocol(found) if found == masked));
}

#[test]
fn each_nth_connection_is_silent() {
    let server = Running::with(&["silent-connections:every=3"]);
    let mut clients: Vec<Client> = (0..6).map(|_| server.client()).collect();
    for (i, client) in clients.iter_mut().enumerate() {
        client.send(message(1)).unwrap();
        if (i + 1) % 3 != 0 {
            assert_eq!(client.read().unwrap(), message(1));
        } else {
            assert_silent(client.get_mut());
        }
    }
    assert_eq!(server.stop().messages, 6);
}

/// Nothing comes for a while. Busy machines only make this easier to pass.
fn assert_silent(stream: &mut std::net::TcpStream) {
    stream
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let error = stream.read(&mut [0; 100]).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        "{error}"
    );
}

#[test]
fn a_wrong_accept_value_is_well_formed_and_wrong() {
    let error = Running::with(&["wrong-accept"]).try_client().unwrap_err();
    let mismatch = ProtocolError::SecWebSocketAcceptKeyMismatch;
    assert!(matches!(error, Error::Protocol(found) if found == mismatch));
}

#[test]
fn a_status_takes_the_place_of_the_upgrade() {
    for code in [200, 302, 401, 403, 404, 426, 503] {
        let fault = format!("status:code={code}");
        let error = Running::with(&[&fault]).try_client().unwrap_err();
        assert!(matches!(error, Error::Http(answer) if answer.status().as_u16() == code));
    }
}

/// Sends a proper request and gives back the stream.
fn ask(server: &Running) -> std::net::TcpStream {
    let mut stream = server.connect();
    let request = b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request).unwrap();
    stream
}

#[test]
fn an_unasked_extension_is_granted_in_a_proper_head() {
    let server = Running::with(&["unasked-extension", "close-after:messages=0,code=1001"]);
    let mut answer = [0; 1024];
    let mut len = 0;
    let mut stream = ask(&server);
    while !answer[..len].ends_with(b"as asked for") {
        len += stream.read(&mut answer[len..]).unwrap();
    }
    let answer = String::from_utf8_lossy(&answer[..len]);
    assert!(answer.contains("\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"));
    assert!(answer.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
}

#[test]
fn garbage_is_not_http_and_the_connection_stays() {
    let server = Running::with(&["garbage"]);
    let mut stream = ask(&server);
    let mut start = [0; 4];
    stream.read_exact(&mut start).unwrap();
    assert_ne!(&start, b"HTTP");
}

#[test]
fn a_silent_accept_answers_nothing() {
    assert_silent(&mut ask(&Running::with(&["silent-accept"])));
}

#[test]
fn accept_then_close_ends_at_once() {
    let server = Running::with(&["accept-then-close"]);
    let mut stream = server.connect();
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
    let stats = server.stop();
    assert_eq!((stats.connections, stats.upgraded), (1, 0));
}

#[test]
fn close_after_closes_with_the_code_and_takes_the_reply() {
    let server = Running::with(&["close-after:messages=3,code=1011"]);
    let mut client = server.client();
    for i in 1..=3 {
        assert_eq!(round_trip(&mut client, message(i)), message(i));
    }
    match client.read().unwrap() {
        Message::Close(Some(frame)) => assert_eq!(frame.code, CloseCode::Error),
        other => panic!("{other:?}"),
    }
    assert!(matches!(client.read(), Err(Error::ConnectionClosed)));
}

#[test]
fn reset_after_resets_in_place_of_the_next_answer() {
    let server = Running::with(&["reset-after:messages=2"]);
    let mut client = server.client();
    for i in 1..=2 {
        assert_eq!(round_trip(&mut client, message(i)), message(i));
    }
    client.send(message(3)).unwrap();
    let error = client.read().unwrap_err();
    match error {
        Error::Io(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        Error::Protocol(found) => assert_eq!(found, ProtocolError::ResetWithoutClosingHandshake),
        other => panic!("{other}"),
    }
}

#[test]
fn no_close_reply_leaves_the_client_waiting() {
    let server = Running::with(&["no-close-reply"]);
    let mut client = server.client();
    assert_eq!(round_trip(&mut client, message(1)), message(1));
    client.close(None).unwrap();
    assert_silent(client.get_mut());
}

/// A lower bound alone: how late an answer may be is the machine's affair.
#[test]
fn delayed_answers_do_not_queue_behind_one_another() {
    let delay = Duration::from_millis(50);
    let server =
        Running::start(|config| config.calibration.delay = TimeDistribution::Constant(delay));
    let mut client = server.client();
    let start = Instant::now();
    for i in 1..=200 {
        client.send(message(i)).unwrap();
    }
    for i in 1..=200 {
        assert_eq!(client.read().unwrap(), message(i));
        assert!(start.elapsed() >= delay);
    }
    // In a row they would take ten seconds.
    assert!(start.elapsed() < 100 * delay, "{:?}", start.elapsed());
    client.close(None).unwrap();
    assert!(
        client.read().unwrap().is_close(),
        "the close keeps its place behind the answers"
    );
}

#[test]
fn a_stall_holds_everything_until_its_end() {
    let stall = Stall {
        every: Duration::from_millis(400),
        length: Duration::from_millis(300),
    };
    let server = Running::start(|config| {
        config.calibration = Calibration {
            stall: Some(stall),
            ..Calibration::default()
        };
    });
    let mut client = server.client();
    let (start, mut longest) = (Instant::now(), Duration::ZERO);
    let mut i = 0;
    while start.elapsed() < 3 * stall.every {
        let sent = Instant::now();
        assert_eq!(round_trip(&mut client, message(i)), message(i));
        longest = longest.max(sent.elapsed());
        i += 1;
    }
    // A client that asks all the time meets a stall near its beginning.
    assert!(longest > stall.length / 2, "{longest:?}");
    server.stop();
}

#[test]
fn every_fault_reads_back_as_it_is_written() {
    let all = [
        Misbehaviour::Drop { every: 1 },
        Misbehaviour::Duplicate { every: 2 },
        Misbehaviour::Swap { every: 3 },
        Misbehaviour::WrongBytes { every: u64::MAX },
        Misbehaviour::WrongOpcode,
        Misbehaviour::EmptyPong,
        Misbehaviour::Fragments { pieces: 5 },
        Misbehaviour::Split,
        Misbehaviour::Merge,
        Misbehaviour::SilentConnections { every: 4 },
        Misbehaviour::WrongAccept,
        Misbehaviour::Status(503),
        Misbehaviour::Masked,
        Misbehaviour::UnaskedExtension,
        Misbehaviour::CloseAfter {
            messages: 0,
            code: 1011,
        },
        Misbehaviour::ResetAfter { messages: 6 },
        Misbehaviour::NoCloseReply,
        Misbehaviour::PingEvery { n: 7 },
        Misbehaviour::Garbage,
        Misbehaviour::SilentAccept,
        Misbehaviour::AcceptThenClose,
        Misbehaviour::Unasked { every: 8 },
    ];
    for fault in all {
        assert_eq!(fault.to_string().parse(), Ok(fault), "{fault}");
        // Each name is among those that an unknown one is answered with.
        let unknown = "?".parse::<Misbehaviour>().unwrap_err().to_string();
        let written = fault.to_string();
        let name = written.split(':').next().unwrap();
        assert!(unknown.contains(name), "{name} is not listed");
    }
    assert_eq!("status:404".parse(), Ok(Misbehaviour::Status(404)));
    assert_eq!(
        "fragments".parse(),
        Ok(Misbehaviour::Fragments { pieces: 5 })
    );
    let close = Misbehaviour::CloseAfter {
        messages: 5,
        code: 1000,
    };
    assert_eq!("close-after:messages=5".parse(), Ok(close));
}

#[test]
fn faults_written_wrongly_are_refused_by_kind() {
    let error = |text: &str| text.parse::<Misbehaviour>().unwrap_err();
    let fault = || "drop".to_owned();
    assert_eq!(
        error("dorp"),
        ParseMisbehaviourError::UnknownName("dorp".to_owned())
    );
    let key = "every";
    assert_eq!(
        error("drop"),
        ParseMisbehaviourError::MissingParameter {
            fault: fault(),
            key
        }
    );
    for value in ["0", "-1", "x", ""] {
        let wrong = ParseMisbehaviourError::WrongValue {
            fault: fault(),
            key,
            value: value.to_owned(),
        };
        assert_eq!(error(&format!("drop:every={value}")), wrong);
    }
    let parameter = "size=3".to_owned();
    let unknown = ParseMisbehaviourError::UnknownParameter {
        fault: fault(),
        parameter,
    };
    assert_eq!(error("drop:every=2,size=3"), unknown);
    for text in [
        "status:99",
        "status:1000",
        "status",
        "masked:yes",
        "fragments:pieces=0",
    ] {
        assert!(text.parse::<Misbehaviour>().is_err(), "{text}");
    }
}
