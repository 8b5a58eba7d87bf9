//! Names for what sockets report, so that failures are counted by kind and told in words.

use std::io::{self, ErrorKind};

use nix::errno::Errno;
use wsbench_load::failure::FailureKind;
use wsbench_load::session::Loss;
use wsbench_load::tally::Phase;
use wsbench_setting::{Field, Text, Told as _, text};
use wsbench_transport::blocking::Silence;
use wsbench_transport::dial::UnixError;
#[cfg(feature = "http2")]
use wsbench_transport::http2::Http2Error;
use wsbench_transport::openings::Layer;
use wsbench_transport::tls::TlsFault;
use wsbench_wire::proxy::ProxyError;

/// Names an error of a connection.
pub(crate) fn name(error: &io::Error) -> Loss {
    of_layer(error)
        .or_else(|| of_this_machine(error))
        .unwrap_or_else(|| of_peer(error))
}

/// Loss by the words of a layer of the transport, which has an error of its own within.
fn of_layer(error: &io::Error) -> Option<Loss> {
    let loss = |kind, words: Text, phase| Loss { kind, words, phase };
    if let Some(fault) = TlsFault::of(error) {
        return Some(loss(of_tls(&fault), fault.text(), Some(Phase::Tls)));
    }
    let inner = error.get_ref()?;
    if let Some(silence) = inner.downcast_ref::<Silence>() {
        let phase = Some(phase(silence.layer));
        return Some(loss(
            FailureKind::TimedOut,
            silence.to_string().into(),
            phase,
        ));
    }
    if let Some(error) = inner.downcast_ref::<UnixError>() {
        return Some(loss(of_unix(*error), error.to_string().into(), None));
    }
    if let Some(error) = inner.downcast_ref::<ProxyError>() {
        return Some(loss(error.into(), error.text(), Some(Phase::Proxy)));
    }
    #[cfg(feature = "http2")]
    if let Some(error) = crate::multiplexed::http2(error) {
        let phase = error.is_before_websockets().then_some(Phase::Handshake);
        return Some(loss(of_http2(error), error.text(), phase));
    }
    None
}

/// Loss that is no fault of the server's: a limit of this machine.
fn of_this_machine(error: &io::Error) -> Option<Loss> {
    let (kind, words) = match error.raw_os_error().map(Errno::from_raw)? {
        Errno::EMFILE | Errno::ENFILE => (
            FailureKind::OutOfDescriptors,
            Text::from("out of file descriptors; raise `ulimit -n`"),
        ),
        Errno::EADDRNOTAVAIL => (
            FailureKind::OutOfPorts,
            text![
                "out of local ports: each connection to one address takes one, and keeps it for up to \
                 60 s after we have closed it first (TIME_WAIT); come from several addresses (",
                Field::Sources,
                "), widen net.ipv4.ip_local_port_range, or open fewer (",
                Field::ConnectRate,
                ")",
            ],
        ),
        Errno::ENOBUFS | Errno::ENOMEM => (
            FailureKind::OutOfMemory,
            Text::from("the kernel is out of memory for sockets"),
        ),
        _ => return None,
    };
    Some(Loss {
        kind,
        words,
        phase: Some(Phase::Local),
    })
}

/// Loss that came of the peer, or of the network to it.
fn of_peer(error: &io::Error) -> Loss {
    let peer = |kind, words: &'static str| Loss {
        kind,
        words: words.into(),
        phase: None,
    };
    if let Some(Errno::ENETUNREACH | Errno::EHOSTUNREACH) =
        error.raw_os_error().map(Errno::from_raw)
    {
        return peer(
            FailureKind::Unreachable,
            "no route to the host; check address and network",
        );
    }
    match error.kind() {
        ErrorKind::ConnectionRefused => peer(
            FailureKind::Refused,
            "connection refused; is the server listening on this port?",
        ),
        // A plain read tells the end of the stream as such; only a TLS handshake misses the rest.
        ErrorKind::UnexpectedEof => Loss {
            kind: FailureKind::TlsCut,
            words: "the server ended the connection within the TLS handshake".into(),
            phase: Some(Phase::Tls),
        },
        ErrorKind::ConnectionReset => peer(FailureKind::Reset, "the server reset the connection"),
        ErrorKind::BrokenPipe => peer(
            FailureKind::BrokenPipe,
            "the server had closed when we wrote",
        ),
        ErrorKind::ConnectionAborted => peer(FailureKind::Aborted, "the connection was aborted"),
        ErrorKind::TimedOut => peer(FailureKind::TcpTimedOut, "TCP gave the connection up"),
        _ => Loss {
            words: error.to_string().into(),
            ..peer(FailureKind::Other, "")
        },
    }
}

/// The part of a connection's life in which a layer comes about.
pub(crate) fn phase(layer: Layer) -> Phase {
    match layer {
        Layer::Connect => Phase::Connect,
        Layer::Tunnel => Phase::Proxy,
        Layer::Tls => Phase::Tls,
        Layer::Http2 => Phase::Handshake,
    }
}

fn of_tls(fault: &TlsFault) -> FailureKind {
    match fault {
        TlsFault::Expired => FailureKind::TlsExpired,
        TlsFault::WrongHost(_) => FailureKind::TlsWrongHost,
        TlsFault::Untrusted(_) => FailureKind::TlsUntrusted,
        TlsFault::Version1 | TlsFault::BadCertificate(_) => FailureKind::TlsBadCertificate,
        TlsFault::PlainServer => FailureKind::TlsPlainServer,
        TlsFault::Alert(_) => FailureKind::TlsAlert,
        TlsFault::Incompatible(_) => FailureKind::TlsIncompatible,
        TlsFault::Other(_) => FailureKind::TlsFailed,
    }
}

#[cfg(feature = "http2")]
fn of_http2(error: &Http2Error) -> FailureKind {
    match error {
        Http2Error::Http1 => FailureKind::Http2NotSpoken,
        Http2Error::NoWebSockets => FailureKind::Http2NoWebSockets,
        Http2Error::Violation(_) => FailureKind::Http2Violation,
        Http2Error::GoAway(_) => FailureKind::Http2GoAway,
        Http2Error::Cut => FailureKind::Http2Cut,
        Http2Error::Reset(_) => FailureKind::Http2Reset,
        Http2Error::Request(_) => FailureKind::Http2Request,
    }
}

fn of_unix(error: UnixError) -> FailureKind {
    match error {
        UnixError::Stale => FailureKind::Refused,
        UnixError::Missing => FailureKind::NoSocketFile,
        UnixError::Denied => FailureKind::PermissionDenied,
        UnixError::Full => FailureKind::QueueFull,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_limits_are_told_from_the_servers_faults() {
        let descriptors = name(&Errno::EMFILE.into());
        assert!(
            descriptors.phase == Some(Phase::Local)
                && descriptors.kind == FailureKind::OutOfDescriptors
        );
        let refused = name(&Errno::ECONNREFUSED.into());
        assert!(refused.phase.is_none() && refused.kind == FailureKind::Refused);
        let reset = name(&io::Error::from(ErrorKind::ConnectionReset));
        assert_eq!(reset.kind, FailureKind::Reset);
    }
}
