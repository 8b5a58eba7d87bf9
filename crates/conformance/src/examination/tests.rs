use super::*;
use crate::cases;
use wsbench_wire::deflate::{AgreedParameters, Codec, Pool, WindowBits, Wish};
use wsbench_wire::frame::RSV1;
use wsbench_wire::handshake::{accept_key, push_response_with, read_request};

const PATIENCE: Duration = Duration::from_secs(1);

/// The finding of a case against a server that answers each write behind the handshake with
/// the next of `answers`, and then ends the connection or is silent.
fn finding(id: &str, answers: &[&[u8]], ends: bool) -> Finding {
    finding_behind(0, id, answers, ends)
}

/// The same, with so many greetings passed over.
fn finding_behind(greetings: u32, id: &str, answers: &[&[u8]], ends: bool) -> Finding {
    let all = cases::all(7);
    let case = all.iter().find(|case| case.id == id).unwrap();
    let examination = CaseExamination::new(case, "host", "/", [3; 16], PATIENCE);
    let mut examination = examination.passing_over(greetings);
    let mut answers = answers.iter();
    let mut pending: VecDeque<Vec<u8>> = VecDeque::new();
    loop {
        match examination.turn() {
            CallerTask::Done(finding) => return finding,
            CallerTask::Write(bytes) | CallerTask::WriteSlowly(bytes)
                if bytes.starts_with(b"GET ") =>
            {
                let accept = accept_key(examination.handshake.key());
                let head = format!(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                     Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
                );
                pending.push_back(head.into_bytes());
            }
            CallerTask::Write(_) | CallerTask::WriteSlowly(_) => {
                pending.extend(answers.next().map(|answer| answer.to_vec()));
            }
            CallerTask::Read(_) => match pending.pop_front() {
                Some(mut bytes) => examination.on_bytes(&mut bytes),
                None if ends => examination.on_end(ConnectionEnd::Fin),
                None => examination.on_silence(),
            },
        }
    }
}

fn verdict(id: &str, answers: &[&[u8]], ends: bool) -> CaseVerdict {
    finding(id, answers, ends).verdict
}

#[test]
fn a_right_answer_is_right_also_in_fragments_and_behind_a_ping() {
    assert_eq!(
        verdict("ping-empty", &[b"\x8a\x00"], false),
        CaseVerdict::Ok
    );
    let answer: &[u8] = b"\x89\x02hi\x01\x04one \x80\x09two three";
    assert_eq!(
        verdict("three-fragments", &[b"", b"", answer], false),
        CaseVerdict::Ok
    );
}

#[test]
fn silence_a_wrong_answer_and_a_broken_frame_fail() {
    assert_eq!(verdict("ping-empty", &[], false), CaseVerdict::Failed);
    assert_eq!(
        verdict("ping-empty", &[b"\x8a\x01x"], false),
        CaseVerdict::Failed
    );
    let masked = finding("ping-empty", &[b"\x8a\x80\x00\x00\x00\x00"], false);
    assert_eq!(masked.verdict, CaseVerdict::Failed);
    assert!(masked.seen.to_string().contains("masked"), "{masked:?}");
    let binary: &[u8] = b"\x82\x0astill there";
    assert_eq!(
        verdict("unasked-pong", &[b"", binary], false),
        CaseVerdict::Failed
    );
}

#[test]
fn a_connection_that_should_fail_may_be_dropped_but_not_kept() {
    assert_eq!(
        verdict("unmasked", &[b"\x88\x02\x03\xea"], true),
        CaseVerdict::Ok
    );
    assert_eq!(
        verdict("unmasked", &[b"\x88\x02\x03\xe8"], true),
        CaseVerdict::NonStrict
    );
    assert_eq!(verdict("unmasked", &[], true), CaseVerdict::NonStrict);
    assert_eq!(verdict("unmasked", &[], false), CaseVerdict::Failed);
    assert_eq!(
        verdict("unmasked", &[b"\x81\x04bare"], false),
        CaseVerdict::Failed
    );
    assert_eq!(
        verdict("long-length", &[b"\x81\x05hello"], false),
        CaseVerdict::NonStrict
    );
}

#[test]
fn a_close_is_answered_with_its_code_and_the_end() {
    assert_eq!(
        verdict("close-1000", &[b"\x88\x02\x03\xe8"], true),
        CaseVerdict::Ok
    );
    let left_open = finding("close-1000", &[b"\x88\x02\x03\xe8"], false);
    assert_eq!(left_open.verdict, CaseVerdict::NonStrict);
    assert_eq!(verdict("close-1000", &[], true), CaseVerdict::Failed);
    assert_eq!(
        verdict("size-1m", &[b"\x88\x02\x03\xf1"], true),
        CaseVerdict::NonStrict,
        "1009 is a limit, not a fault"
    );
}

#[test]
fn cases_have_names_of_their_own() {
    let mut ids: Vec<_> = cases::all(1).iter().map(|case| case.id).collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

/// The finding of a case against an echo that answers `claimed` to any offer of compression and
/// keeps to `kept`.
fn compressed(id: &str, claimed: &AgreedParameters, kept: &AgreedParameters) -> Finding {
    let all = cases::all(7);
    let case = all.iter().find(|case| case.id == id).unwrap();
    let mut examination = CaseExamination::new(case, "host", "/", [3; 16], PATIENCE);
    let limits = Limits {
        max_message: LONGEST,
    };
    let mut wire = Connection::new(Endpoint::Server, limits, Utf8::Check);
    wire.allow_compression();
    let mut codec = Codec::new(
        Endpoint::Server,
        kept,
        &Wish::default(),
        limits,
        Utf8::Check,
    );
    let (mut pool, mut message) = (Pool::new(6), Vec::new());
    let mut pending: VecDeque<Vec<u8>> = VecDeque::new();
    loop {
        match examination.turn() {
            CallerTask::Done(finding) => return finding,
            CallerTask::Write(bytes) if bytes.starts_with(b"GET ") => {
                let request = read_request(&bytes).unwrap().unwrap();
                let mut head = FrameBuffer::new();
                push_response_with(&mut head, &request, None, Some(claimed));
                pending.push_back(head.as_slice().to_vec());
            }
            CallerTask::Write(mut bytes) | CallerTask::WriteSlowly(mut bytes) => {
                let mut input = &mut bytes[..];
                while let Some(event) = wire.receive(&mut input).unwrap() {
                    let Event::Deflated { kind, bytes, last } = event else {
                        panic!("{event:?}");
                    };
                    let (mut payload, mut room) = (bytes, vec![0; 1 << 20]);
                    let piece = codec.inflate(&mut pool, kind, &mut payload, last, &mut room);
                    message.extend_from_slice(piece.unwrap().map_or(&[][..], |piece| piece.bytes));
                    if last {
                        let (mut packed, mut out) = (Vec::new(), FrameBuffer::new());
                        codec.compress(&mut pool, &[&message], &mut packed);
                        let parts = [&packed[..], &[]];
                        out.push_message(kind.opcode(), RSV1, usize::MAX, || None, parts);
                        pending.push_back(out.as_slice().to_vec());
                        message.clear();
                    }
                }
            }
            CallerTask::Read(_) => match pending.pop_front() {
                Some(mut bytes) => examination.on_bytes(&mut bytes),
                None => examination.on_silence(),
            },
        }
    }
}

#[test]
fn what_was_agreed_upon_of_compression_has_to_be_kept() {
    let any = AgreedParameters::default();
    for id in ["deflate-takeover", "deflate-fragmented", "deflate-long"] {
        assert_eq!(compressed(id, &any, &any).verdict, CaseVerdict::Ok, "{id}");
    }
    let none_kept = AgreedParameters {
        server_no_takeover: true,
        client_no_takeover: true,
        ..any
    };
    let narrow = AgreedParameters {
        server_bits: WindowBits::new(9),
        ..any
    };
    for (id, terms) in [
        ("deflate-no-takeover", none_kept),
        ("deflate-narrow-window", narrow),
    ] {
        assert_eq!(
            compressed(id, &terms, &terms).verdict,
            CaseVerdict::Ok,
            "{id}"
        );
        let broken = compressed(id, &terms, &any);
        assert_eq!(broken.verdict, CaseVerdict::Failed, "{broken:?}");
        let ignored = compressed(id, &any, &any);
        assert_eq!(ignored.verdict, CaseVerdict::Failed, "{ignored:?}");
    }
    assert_eq!(
        compressed("deflate-unknown-parameter", &any, &any).verdict,
        CaseVerdict::Failed
    );
}

#[test]
fn a_server_that_declines_compression_is_asked_no_more() {
    for case in cases::all(7) {
        if matches!(case.opening, OpeningDeviation::Compressed(_)) {
            assert_eq!(verdict(case.id, &[], false), CaseVerdict::Declined);
        }
    }
    assert_eq!(
        verdict("deflate-unknown-parameter", &[], false),
        CaseVerdict::Ok
    );
}

#[test]
fn a_greeting_that_is_known_is_passed_over_and_no_answer_is() {
    let greeting = b"\x81\x02hi";
    let answer: &[u8] = b"\x01\x04one \x80\x09two three";
    let both = [&greeting[..], answer].concat();
    let verdict = |greetings, answer: &[u8]| {
        finding_behind(greetings, "three-fragments", &[b"", b"", answer], false).verdict
    };
    assert_eq!(verdict(0, &both), CaseVerdict::Failed);
    assert_eq!(verdict(1, &both), CaseVerdict::Ok);
    assert_eq!(
        verdict(1, answer),
        CaseVerdict::Ok,
        "a greeting that does not come"
    );
    let twice = [&greeting[..], greeting, answer].concat();
    assert_eq!(verdict(1, &twice), CaseVerdict::Failed);
}
