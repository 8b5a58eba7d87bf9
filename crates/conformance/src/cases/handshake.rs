//! The opening handshake (RFC 6455 section 4).

use crate::case::{Case, Group, OpeningDeviation};

/// A case that is decided by the response alone.
fn opening(
    id: &'static str,
    section: &'static str,
    opening: OpeningDeviation,
    sent: &str,
    expected: &str,
) -> Case {
    Case {
        opening,
        ..super::case(id, Group::Handshake, section, sent, expected, Vec::new())
    }
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        opening(
            "upgrade",
            "RFC 6455 section 4.2.2",
            OpeningDeviation::Plain,
            "an upgrade request as browsers send it",
            "101 with the accept key that belongs to ours",
        ),
        opening(
            "header-case",
            "RFC 6455 section 4.2.1",
            OpeningDeviation::OtherCase,
            "header names and tokens in another case, Connection as a list",
            "101",
        ),
        opening(
            "request-octet-by-octet",
            "RFC 6455 section 4.2.1",
            OpeningDeviation::OctetByOctet,
            "the request, each octet in a segment of its own",
            "101",
        ),
        opening(
            "unknown-subprotocol",
            "RFC 6455 section 4.2.2",
            OpeningDeviation::UnknownSubprotocol,
            "an offer of a subprotocol that nobody knows",
            "101, with no subprotocol other than that one",
        ),
        opening(
            "unknown-extension",
            "RFC 6455 section 9.1",
            OpeningDeviation::UnknownExtension,
            "an offer of an extension that nobody knows",
            "101 without an extension",
        ),
        opening(
            "old-version",
            "RFC 6455 section 4.4",
            OpeningDeviation::OldVersion,
            "Sec-WebSocket-Version: 12",
            "a refusal (426) that names the versions known",
        ),
        opening(
            "no-key",
            "RFC 6455 section 4.2.1",
            OpeningDeviation::NoKey,
            "a request without Sec-WebSocket-Key",
            "a refusal (400)",
        ),
        opening(
            "short-key",
            "RFC 6455 section 4.2.1",
            OpeningDeviation::ShortKey,
            "a key that is not 16 octets",
            "a refusal (400)",
        ),
        opening(
            "no-upgrade",
            "RFC 6455 section 4.2.1",
            OpeningDeviation::NoUpgrade,
            "a GET that asks for no upgrade",
            "any answer but 101",
        ),
    ]
}
