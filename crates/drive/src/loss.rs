//! Names for what sockets report, so that failures are counted by kind and told in words.

use std::io::{self, ErrorKind};

use nix::errno::Errno;
use wsbench_load::result::Phase;
use wsbench_load::session::Loss;
use wsbench_transport::blocking::Silence;
use wsbench_transport::dial::UnixError;
use wsbench_transport::openings::Layer;
use wsbench_transport::tls::TlsFault;
use wsbench_wire::proxy::ProxyError;

/// Names an error of the socket.
pub(crate) fn name(error: &io::Error) -> Loss {
    let local = |kind, words: &str| Loss {
        kind,
        words: words.into(),
        phase: Some(Phase::Local),
    };
    let peer = |kind, words: &str| Loss {
        kind,
        words: words.into(),
        phase: None,
    };
    if let Some(fault) = TlsFault::of(error) {
        return Loss {
            kind: of_tls(&fault),
            words: fault.to_string(),
            phase: Some(Phase::Tls),
        };
    }
    let inner = error.get_ref();
    if let Some(silence) = inner.and_then(|inner| inner.downcast_ref::<Silence>()) {
        return Loss {
            kind: "timed_out",
            words: silence.to_string(),
            phase: Some(phase(silence.layer)),
        };
    }
    if let Some(error) = inner.and_then(|inner| inner.downcast_ref::<UnixError>()) {
        return peer(of_unix(*error), &error.to_string());
    }
    if let Some(error) = inner.and_then(|inner| inner.downcast_ref::<ProxyError>()) {
        return Loss {
            kind: error.kind(),
            words: error.to_string(),
            phase: Some(Phase::Proxy),
        };
    }
    #[cfg(feature = "http2")]
    if let Some(error) = crate::multiplexed::http2(error) {
        return Loss {
            kind: error.kind(),
            words: error.to_string(),
            phase: error.is_before_websockets().then_some(Phase::Handshake),
        };
    }
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EMFILE | Errno::ENFILE) => {
            return local(
                "out_of_descriptors",
                "out of file descriptors; raise `ulimit -n`",
            );
        }
        Some(Errno::EADDRNOTAVAIL) => {
            return local(
                "out_of_ports",
                "out of local ports; widen net.ipv4.ip_local_port_range or use fewer connections",
            );
        }
        Some(Errno::ENOBUFS | Errno::ENOMEM) => {
            return local("out_of_memory", "the kernel is out of memory for sockets");
        }
        Some(Errno::ENETUNREACH | Errno::EHOSTUNREACH) => {
            return peer(
                "unreachable",
                "no route to the host; check address and network",
            );
        }
        _ => {}
    }
    match error.kind() {
        ErrorKind::ConnectionRefused => peer(
            "refused",
            "connection refused; is the server listening on this port?",
        ),
        // A plain read tells the end of the stream as such; only a TLS handshake misses the rest.
        ErrorKind::UnexpectedEof => Loss {
            kind: "tls_cut",
            words: "the server ended the connection within the TLS handshake".into(),
            phase: Some(Phase::Tls),
        },
        ErrorKind::ConnectionReset => peer("reset", "the server reset the connection"),
        ErrorKind::BrokenPipe => peer("broken_pipe", "the server had closed when we wrote"),
        ErrorKind::ConnectionAborted => peer("aborted", "the connection was aborted"),
        ErrorKind::TimedOut => peer("tcp_timed_out", "TCP gave the connection up"),
        _ => peer("other", &error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_limits_are_told_from_the_servers_faults() {
        let descriptors = name(&Errno::EMFILE.into());
        assert!(
            descriptors.phase == Some(Phase::Local) && descriptors.kind == "out_of_descriptors"
        );
        let refused = name(&Errno::ECONNREFUSED.into());
        assert!(refused.phase.is_none() && refused.kind == "refused");
        let reset = name(&io::Error::from(ErrorKind::ConnectionReset));
        assert_eq!(reset.kind, "reset");
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

fn of_tls(fault: &TlsFault) -> &'static str {
    match fault {
        TlsFault::Expired => "tls_expired",
        TlsFault::WrongHost(_) => "tls_wrong_host",
        TlsFault::Untrusted => "tls_untrusted",
        TlsFault::BadCertificate(_) => "tls_bad_certificate",
        TlsFault::PlainServer => "tls_plain_server",
        TlsFault::Alert(_) => "tls_alert",
        TlsFault::Incompatible(_) => "tls_incompatible",
        TlsFault::Other(_) => "tls_failed",
    }
}

fn of_unix(error: UnixError) -> &'static str {
    match error {
        UnixError::Stale => "refused",
        UnixError::Missing => "no_socket_file",
        UnixError::Denied => "permission_denied",
        UnixError::Full => "queue_full",
    }
}
