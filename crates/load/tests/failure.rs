//! The names of failures, which documents hold: every one of them, and what the errors of `wire` map
//! to.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use wsbench_load::failure::FailureKind;
use wsbench_wire::error::ProtocolError;
use wsbench_wire::handshake::HandshakeError;
use wsbench_wire::opcode::OpCode;
use wsbench_wire::proxy::{ProxyError, SocksFailure};

/// The page of all kinds, docs/failures.md; `SNAPSHOTS=overwrite` writes it anew. A name that goes
/// from it, or changes, is one that old documents have.
#[test]
fn the_names_are_the_published_ones() {
    let mut page = "\
# Kinds of failures

The names under `errors` in a result document, each with what it means; the phase beside it says where in the life of a
connection it happened. `crates/load/tests/failure.rs` wrote this page and compares it with the program.

| name | meaning |
|---|---|
"
    .to_owned();
    for kind in FailureKind::ALL {
        let _ = writeln!(page, "| `{kind}` | {} |", kind.meaning());
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/failures.md");
    if std::env::var_os("SNAPSHOTS").is_some_and(|what| what == "overwrite") {
        fs::write(path, page).unwrap();
        return;
    }
    assert_eq!(fs::read_to_string(path).unwrap(), page);
}

#[test]
fn every_name_is_one_kinds_alone_and_is_read_back() {
    let names: BTreeSet<&str> = FailureKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), FailureKind::ALL.len());
    for kind in FailureKind::ALL {
        assert_eq!(FailureKind::of_name(kind.name()), Some(*kind));
        let is_snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(kind.name().chars().all(is_snake), "{kind}");
        assert!(kind.meaning().ends_with('.'), "{kind}: {}", kind.meaning());
        assert!(!kind.meaning().starts_with(' '), "{kind}");
    }
    assert_eq!(FailureKind::of_name("of_a_version_to_come"), None);
}

#[test]
fn each_breach_of_the_protocol_has_a_name_of_its_own() {
    for (error, name) in [
        (ProtocolError::UnknownOpcode(3), "unknown_opcode"),
        (ProtocolError::ReservedBits(4), "reserved_bits"),
        (
            ProtocolError::FragmentedControl(OpCode::Ping),
            "fragmented_control",
        ),
        (ProtocolError::LongControl(OpCode::Ping), "long_control"),
        (ProtocolError::NonMinimalLength(3), "non_minimal_length"),
        (ProtocolError::LengthTooLarge, "length_too_large"),
        (ProtocolError::MaskedByServer, "masked_by_server"),
        (ProtocolError::UnmaskedByClient, "unmasked_by_client"),
        (
            ProtocolError::UnexpectedContinuation,
            "unexpected_continuation",
        ),
        (ProtocolError::InterleavedMessage, "interleaved_message"),
        (ProtocolError::ShortCloseBody, "short_close_body"),
        (ProtocolError::InvalidCloseCode(0), "invalid_close_code"),
        (ProtocolError::InvalidCloseReason, "invalid_close_reason"),
        (ProtocolError::InvalidUtf8, "invalid_utf8"),
        (
            ProtocolError::MessageTooLong { limit: 1 },
            "message_too_long",
        ),
        (ProtocolError::InvalidDeflate, "invalid_deflate"),
        (ProtocolError::WindowExceeded { bits: 9 }, "window_exceeded"),
        (
            ProtocolError::InflatedTooLong { limit: u64::MAX },
            "inflated_too_long",
        ),
    ] {
        assert_eq!(FailureKind::from(error).name(), name);
    }
}

#[test]
fn what_is_wrong_with_handshakes_and_proxies_has_its_name() {
    let handshake = |error: HandshakeError| FailureKind::from(&error);
    assert_eq!(handshake(HandshakeError::OldHttp), FailureKind::OldHttp);
    let malformed = HandshakeError::Malformed(String::new());
    assert_eq!(handshake(malformed).name(), "malformed_head");
    let repeated = HandshakeError::Repeated("Host");
    assert_eq!(handshake(repeated).name(), "repeated_header");
    let proxy = |error: ProxyError| FailureKind::from(&error);
    assert_eq!(proxy(ProxyError::Cut).name(), "cut");
    assert_eq!(
        proxy(ProxyError::Malformed(String::new())).name(),
        "malformed"
    );
    for failure in [
        SocksFailure::General,
        SocksFailure::NotAllowed,
        SocksFailure::NetworkUnreachable,
        SocksFailure::HostUnreachable,
        SocksFailure::ConnectionRefused,
        SocksFailure::TtlExpired,
        SocksFailure::CommandUnsupported,
        SocksFailure::AddressUnsupported,
        SocksFailure::Unassigned(9),
    ] {
        assert!(
            proxy(ProxyError::Socks(failure))
                .name()
                .starts_with("socks_")
        );
    }
}
