//! Compression and fragments on simulated time: what is negotiated, that every byte is still
//! compared, and that the books of it add up.

mod simulation;

use std::sync::Arc;

use simulation::{checked, failures, plan, text};
use wsbench_load::corpus::Corpus;
use wsbench_load::failure::FailureKind;
use wsbench_load::plan::{
    Compression, Encoding, Payload, PlanSpec, StopRule, Verify, WindowBits, Wish,
};
use wsbench_load::tally::{CompressedCounts, Phase};
use wsbench_simulate::{AnswerFault, CODEC_CALL, Every, Scenario, witness};

const MESSAGES: u64 = 2_000;

fn corpus() -> Payload {
    Payload::Corpus {
        encoding: Encoding::Text,
        corpus: Arc::new(Corpus::builtin(3)),
    }
}

fn compressing(wish: Wish) -> PlanSpec {
    plan(8, 4, StopRule::Messages(MESSAGES)).with(|spec| {
        spec.clients.exchange.payload = corpus();
        spec.clients.compression = Some(Compression {
            wish,
            ..Compression::default()
        });
    })
}

/// A server that grants compression.
fn granting(wish: Wish) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.server.compression = Some(wish);
    scenario
}

fn ratio(counts: &CompressedCounts) -> f64 {
    counts.message_bytes as f64 / counts.payload_bytes as f64
}

const FORGETFUL: Wish = Wish {
    server_no_takeover: true,
    client_no_takeover: true,
    server_bits: None,
    client_bits: None,
};

#[test]
fn every_message_is_compressed_compared_and_counted_in_both_directions() {
    let run = witness(
        &checked(&compressing(Wish::default())),
        granting(Wish::default()),
        None,
    );
    let (result, counts) = (&run.result, &run.result.compression);
    assert_eq!(run.violations_of_ours, 0);
    assert_eq!(result.messages.answered, MESSAGES);
    assert_eq!(result.failures, []);
    assert_eq!(counts.accepted.get("permessage-deflate"), Some(&8));
    assert_eq!((counts.accepted.len(), counts.declined), (1, 0));
    for side in [&counts.sent, &counts.received] {
        assert_eq!((side.messages, side.compressed), (MESSAGES, MESSAGES));
        // Each message was decompressed in one call, and so was each compressed.
        assert_eq!(side.codec_ns, CODEC_CALL.0 * MESSAGES);
    }
    // An echo: the same messages both ways, by the same codec.
    assert_eq!(counts.sent.message_bytes, counts.received.message_bytes);
    assert_eq!(counts.sent.payload_bytes, counts.received.payload_bytes);
    // What went over the wire is the payload and at most 8 bytes of header and mask each.
    let headers = result.bytes.sent - counts.sent.payload_bytes;
    assert!(
        (MESSAGES * 6..=MESSAGES * 8).contains(&headers),
        "{headers}"
    );
}

#[test]
fn what_is_remembered_is_not_sent_again() {
    let ratio_of = |wish| {
        let counts = wsbench_simulate::run(
            &checked(&compressing(wish)),
            granting(Wish::default()),
            None,
        )
        .tally
        .compression;
        (ratio(&counts.sent), ratio(&counts.received))
    };
    let remembering = ratio_of(Wish::default());
    let forgetful = ratio_of(FORGETFUL);
    let narrow = ratio_of(Wish {
        client_bits: WindowBits::new(9),
        ..Wish::default()
    });
    let one_sided = ratio_of(Wish {
        client_no_takeover: true,
        ..Wish::default()
    });
    assert!(
        remembering.0 > 1.5 * forgetful.0,
        "{remembering:?} {forgetful:?}"
    );
    assert!(
        remembering.1 > 1.5 * forgetful.1,
        "{remembering:?} {forgetful:?}"
    );
    assert!(
        narrow.0 < remembering.0 && narrow.1 == remembering.1,
        "{narrow:?}"
    );
    assert_eq!(one_sided, (forgetful.0, remembering.1));
}

#[test]
fn a_server_that_declines_is_told_apart() {
    let result = wsbench_simulate::run(
        &checked(&compressing(Wish::default())),
        Scenario::default(),
        None,
    );
    let counts = &result.compression;
    assert_eq!((counts.accepted.len(), counts.declined), (0, 8));
    assert_eq!(result.messages.answered, MESSAGES);
    for side in [&counts.sent, &counts.received] {
        assert_eq!((side.messages, side.compressed), (MESSAGES, 0));
        assert_eq!(side.message_bytes, side.payload_bytes);
        assert_eq!(side.codec_ns, 0);
    }
}

#[test]
fn without_an_offer_there_are_no_figures_of_it() {
    let plan = plan(8, 4, StopRule::Messages(MESSAGES));
    let result = wsbench_simulate::run(&checked(&plan), granting(Wish::default()), None);
    assert_eq!(result.messages.answered, MESSAGES);
    assert_eq!(result.compression, Default::default());
}

/// METHOD V11 holds behind the compression: a wrong byte is found in what was decompressed.
#[test]
fn wrong_bytes_are_found_behind_the_compression() {
    for (nth, fault, kind) in [
        (97, AnswerFault::WrongBytes, FailureKind::WrongBytes),
        (50, AnswerFault::WrongOpcode, FailureKind::WrongOpcode),
    ] {
        let mut scenario = granting(Wish::default());
        scenario.server.answers = Some(Every { nth, fault });
        let result = wsbench_simulate::run(&checked(&compressing(Wish::default())), scenario, None);
        assert_eq!(result.messages.corrupted, MESSAGES / nth);
        assert_eq!(failures(&result, Phase::Answers, kind), MESSAGES / nth);
        assert_eq!(result.messages.answered, MESSAGES - MESSAGES / nth);
    }
}

#[test]
fn reads_that_end_anywhere_change_nothing() {
    for wish in [Wish::default(), FORGETFUL] {
        let mut scenario = granting(Wish::default());
        scenario.network.segment = 7;
        let plan = compressing(wish).with(|spec| {
            spec.clients.fragment = Some(13);
        });
        let run = witness(&checked(&plan), scenario, None);
        assert_eq!(run.violations_of_ours, 0);
        assert_eq!(run.result.messages.answered, MESSAGES);
        assert_eq!(run.result.failures, []);
        let counts = &run.result.compression;
        assert_eq!(counts.received.compressed, MESSAGES);
        assert_eq!(counts.sent.message_bytes, counts.received.message_bytes);
        assert_eq!(counts.sent.payload_bytes, counts.received.payload_bytes);
    }
}

/// 100 bytes in frames of 30 are four frames: the bytes on the wire say so.
#[test]
fn fragments_are_as_many_as_the_length_has_them() {
    let run = |fragment, verify| {
        let plan = plan(4, 1, StopRule::Messages(MESSAGES)).with(|spec| {
            spec.clients.exchange.payload = text(100);
            spec.clients.fragment = fragment;
            spec.clients.exchange.verify = verify;
        });
        let run = witness(&checked(&plan), Scenario::default(), None);
        assert_eq!(run.violations_of_ours, 0);
        assert_eq!(run.messages_at_server, MESSAGES);
        assert_eq!(run.result.messages.answered, MESSAGES);
        run.result.bytes.sent
    };
    for verify in [Verify::Full, Verify::Length] {
        let header = 6;
        assert_eq!(run(None, verify), MESSAGES * (100 + header));
        assert_eq!(run(Some(100), verify), MESSAGES * (100 + header));
        assert_eq!(run(Some(30), verify), MESSAGES * (100 + 4 * header));
        assert_eq!(run(Some(1), verify), MESSAGES * (100 + 100 * header));
    }
}
