//! Kinds of failures: every way in which a connection or an answer fails, by one stable name.
//!
//! A kind says what happened; with the [`Phase`](crate::tally::Phase) it says where. Documents hold
//! the names, so none changes once it is published. What the peer or the system said is mapped into
//! them here as far as `wire` knows it, and by the driver where sockets are concerned.

use std::fmt;

use serde::{Deserialize, Serialize};
use wsbench_wire::error::ProtocolError;
use wsbench_wire::handshake::HandshakeError;
use wsbench_wire::proxy::{ProxyError, SocksFailure};

/// Declares the kinds with their names; what a kind means is its documentation.
macro_rules! kinds {
    ($($(#[doc = $meaning:literal])+ $kind:ident = $name:literal,)+) => {
        /// A kind of failure.
        #[derive(
            Clone,
            Copy,
            Debug,
            PartialEq,
            Eq,
            PartialOrd,
            Ord,
            Hash,
            Serialize,
            Deserialize
        )]
        #[non_exhaustive]
        pub enum FailureKind {
            $($(#[doc = $meaning])+ #[serde(rename = $name)] $kind,)+
        }

        impl FailureKind {
    /// True if the server's certificate was refused: it is the same one at the next attempt.
    #[must_use]
    pub const fn is_of_certificate(self) -> bool {
        matches!(
            self,
            Self::TlsExpired | Self::TlsWrongHost | Self::TlsUntrusted | Self::TlsBadCertificate
        )
    }

            /// Every kind, in the order of this table.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// The stable name for machines, in snake_case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// The meaning, in a sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$kind => concat!($($meaning),+).trim_ascii(),)+
                }
            }
        }
    };
}

kinds! {
    // Connecting, and the end of a connection, as the system tells it.
    /// Nobody listens there, or the proxy refuses the connection.
    Refused = "refused",
    /// The limit of time has passed.
    TimedOut = "timed_out",
    /// No route leads to the host.
    Unreachable = "unreachable",
    /// The peer reset the connection (RST).
    Reset = "reset",
    /// The peer had closed the connection when we wrote.
    BrokenPipe = "broken_pipe",
    /// The connection was aborted.
    Aborted = "aborted",
    /// TCP itself gave the connection up.
    TcpTimedOut = "tcp_timed_out",
    /// There is no such socket file.
    NoSocketFile = "no_socket_file",
    /// The socket file may not be written to.
    PermissionDenied = "permission_denied",
    /// The queue of connections that wait to be accepted on a Unix domain socket is full.
    QueueFull = "queue_full",
    /// Anything else that the system says.
    Other = "other",

    // Our own machine.
    /// This process has no file descriptor left.
    OutOfDescriptors = "out_of_descriptors",
    /// This machine has no local port left.
    OutOfPorts = "out_of_ports",
    /// The kernel has no memory left for sockets.
    OutOfMemory = "out_of_memory",

    // A proxy.
    /// The proxy ended the connection before the tunnel was open.
    Cut = "cut",
    /// The proxy wants credentials, or others than it was given.
    AuthRequired = "auth_required",
    /// The peer answered with a status other than the one that goes on.
    Status = "status",
    /// The proxy does not speak HTTP.
    NoHttp = "no_http",
    /// The proxy's answer cannot be read.
    Malformed = "malformed",
    /// The peer speaks another version.
    WrongVersion = "wrong_version",
    /// The proxy takes none of the ways to log in that were offered.
    NoMethod = "no_method",
    /// The proxy chose a way to log in that was not offered.
    UnaskedMethod = "unasked_method",
    /// The proxy does not take name and password, or the server answers a login otherwise than it
    /// has to.
    LoginRefused = "login_refused",
    /// Bytes that nobody has asked for came behind the proxy's answer.
    Trailing = "trailing",
    /// The SOCKS proxy failed.
    SocksGeneralFailure = "socks_general_failure",
    /// The rules of the SOCKS proxy do not allow the connection.
    SocksNotAllowed = "socks_not_allowed",
    /// The network is unreachable from the SOCKS proxy.
    SocksNetworkUnreachable = "socks_network_unreachable",
    /// The host is unreachable from the SOCKS proxy, or it cannot resolve the name.
    SocksHostUnreachable = "socks_host_unreachable",
    /// The server refused the SOCKS proxy's connection.
    SocksConnectionRefused = "socks_connection_refused",
    /// The SOCKS proxy's connection timed out.
    SocksTtlExpired = "socks_ttl_expired",
    /// The SOCKS proxy does not know CONNECT.
    SocksCommandUnsupported = "socks_command_unsupported",
    /// The SOCKS proxy does not know this type of address.
    SocksAddressUnsupported = "socks_address_unsupported",
    /// The SOCKS proxy gave a reply that is not assigned.
    SocksUnassigned = "socks_unassigned",

    // TLS.
    /// The server's certificate has expired.
    TlsExpired = "tls_expired",
    /// The server's certificate is for other names.
    TlsWrongHost = "tls_wrong_host",
    /// Nobody who is trusted vouches for the server's certificate.
    TlsUntrusted = "tls_untrusted",
    /// Something else is wrong with the server's certificate.
    TlsBadCertificate = "tls_bad_certificate",
    /// The server answers, but not with TLS.
    TlsPlainServer = "tls_plain_server",
    /// The server refused by an alert.
    TlsAlert = "tls_alert",
    /// Both ends have no version or cipher suite in common.
    TlsIncompatible = "tls_incompatible",
    /// The server ended the connection within the handshake of TLS.
    TlsCut = "tls_cut",
    /// TLS failed in another way.
    TlsFailed = "tls_failed",

    // HTTP/2.
    /// The server answered in HTTP/1.1: it does not speak HTTP/2 here.
    Http2NotSpoken = "http2_not_spoken",
    /// The server takes no WebSockets over HTTP/2.
    Http2NoWebSockets = "http2_no_websockets",
    /// The server broke HTTP/2.
    Http2Violation = "http2_violation",
    /// The server ended the HTTP/2 connection (GOAWAY).
    Http2GoAway = "http2_goaway",
    /// The connection below HTTP/2 ended.
    Http2Cut = "http2_cut",
    /// The server reset the HTTP/2 stream (RST_STREAM).
    Http2Reset = "http2_reset",
    /// The opening handshake cannot be said in HTTP/2.
    Http2Request = "http2_request",

    // The opening handshake.
    /// The server closed the connection before the handshake, or the login, was complete.
    Closed = "closed",
    /// The server's words are not HTTP.
    Garbage = "garbage",
    /// The head of the answer cannot be read.
    MalformedHead = "malformed_head",
    /// The head of the answer is longer than any should be.
    HeadTooLong = "head_too_long",
    /// An older version of HTTP.
    OldHttp = "old_http",
    /// The answer has no Upgrade to websocket.
    MissingUpgrade = "missing_upgrade",
    /// The answer has no Connection: Upgrade.
    MissingConnection = "missing_connection",
    /// The answer has no Sec-WebSocket-Accept.
    MissingAccept = "missing_accept",
    /// Sec-WebSocket-Accept does not belong to our key.
    WrongAccept = "wrong_accept",
    /// The server chose a subprotocol that was not offered.
    UnaskedSubprotocol = "unasked_subprotocol",
    /// The server granted an extension that was not asked for.
    UnaskedExtension = "unasked_extension",
    /// The server answered the offer of compression with what is no answer to it.
    WrongExtension = "wrong_extension",
    /// A header that may be there once is there more often.
    RepeatedHeader = "repeated_header",
    /// A request with another method than GET.
    Method = "method",
    /// A request without Host.
    MissingHost = "missing_host",
    /// A request without Sec-WebSocket-Key.
    MissingKey = "missing_key",
    /// Sec-WebSocket-Key is not the base64 of 16 octets.
    WrongKey = "wrong_key",

    // Frames.
    /// An opcode that is reserved.
    UnknownOpcode = "unknown_opcode",
    /// A reserved bit is set that nothing agreed upon gives a meaning.
    ReservedBits = "reserved_bits",
    /// A control frame in fragments.
    FragmentedControl = "fragmented_control",
    /// A control frame of more than 125 octets.
    LongControl = "long_control",
    /// A length in more octets than it needs.
    NonMinimalLength = "non_minimal_length",
    /// A length of 2^63 or more.
    LengthTooLarge = "length_too_large",
    /// The server masked a frame.
    MaskedByServer = "masked_by_server",
    /// The client did not mask a frame.
    UnmaskedByClient = "unmasked_by_client",
    /// A continuation of no message.
    UnexpectedContinuation = "unexpected_continuation",
    /// A new message inside a fragmented one.
    InterleavedMessage = "interleaved_message",
    /// A close frame with a body of one octet.
    ShortCloseBody = "short_close_body",
    /// A close code that must not be sent.
    InvalidCloseCode = "invalid_close_code",
    /// A close reason that is not UTF-8.
    InvalidCloseReason = "invalid_close_reason",
    /// Text that is not UTF-8.
    InvalidUtf8 = "invalid_utf8",
    /// A message longer than the receiver takes.
    MessageTooLong = "message_too_long",
    /// A unit within messages, such as an MQTT packet, whose length cannot be read.
    BrokenUnit = "broken_unit",
    /// A compressed message that cannot be decompressed.
    InvalidDeflate = "invalid_deflate",
    /// A compressed message that refers further back than the window that was agreed upon.
    WindowExceeded = "window_exceeded",
    /// A compressed message that swells beyond what the receiver takes.
    InflatedTooLong = "inflated_too_long",

    // Answers.
    /// The answer differs in its bytes.
    WrongBytes = "wrong_bytes",
    /// The answer has another length.
    WrongLength = "wrong_length",
    /// Text came back as binary, or the other way round.
    WrongOpcode = "wrong_opcode",
    /// One message came back as several.
    SplitAnswer = "split_answer",
    /// Several messages came back as one.
    MergedAnswers = "merged_answers",
    /// A request was answered again.
    Duplicated = "duplicated",
    /// A message that answers no request.
    Unasked = "unasked",
    /// The message of another connection.
    CrossTalk = "cross_talk",
    /// A request without an answer on a connection that was given up for another one's time-out.
    GivenUp = "given_up",
    /// The server answers a request by saying that it has failed.
    ErrorAnswer = "error_answer",
    /// A message of the server's own: it carries no tag, where every message of ours does.
    Untagged = "untagged",
    /// A message of the server's own before it has answered anything on the connection.
    Greeting = "greeting",
    /// A pong in answer to a ping, but without its payload.
    WrongPong = "wrong_pong",
    /// A ping without its pong.
    NoPong = "no_pong",
    /// A heartbeat of the application without its answer.
    NoBeat = "no_beat",
    /// A message without its acknowledgement.
    NoAck = "no_ack",

    // The end.
    /// The server closed the connection, by a close frame.
    ClosedByServer = "closed_by_server",
    /// The server closed TCP without a close frame.
    FinWithoutClose = "fin_without_close",
    /// The server did not answer our close frame.
    NoCloseReply = "no_close_reply",
    /// The server did not close TCP, or end its stream, after the closing handshake.
    NoFin = "no_fin",
}

impl FailureKind {
    /// The kind of this name. `None` for a name of another version.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<ProtocolError> for FailureKind {
    fn from(error: ProtocolError) -> Self {
        match error {
            ProtocolError::UnknownOpcode(_) => Self::UnknownOpcode,
            ProtocolError::ReservedBits(_) => Self::ReservedBits,
            ProtocolError::FragmentedControl(_) => Self::FragmentedControl,
            ProtocolError::LongControl(_) => Self::LongControl,
            ProtocolError::NonMinimalLength(_) => Self::NonMinimalLength,
            ProtocolError::LengthTooLarge => Self::LengthTooLarge,
            ProtocolError::MaskedByServer => Self::MaskedByServer,
            ProtocolError::UnmaskedByClient => Self::UnmaskedByClient,
            ProtocolError::UnexpectedContinuation => Self::UnexpectedContinuation,
            ProtocolError::InterleavedMessage => Self::InterleavedMessage,
            ProtocolError::ShortCloseBody => Self::ShortCloseBody,
            ProtocolError::InvalidCloseCode(_) => Self::InvalidCloseCode,
            ProtocolError::InvalidCloseReason => Self::InvalidCloseReason,
            ProtocolError::InvalidUtf8 => Self::InvalidUtf8,
            ProtocolError::MessageTooLong { .. } => Self::MessageTooLong,
            ProtocolError::InvalidDeflate => Self::InvalidDeflate,
            ProtocolError::WindowExceeded { .. } => Self::WindowExceeded,
            ProtocolError::InflatedTooLong { .. } => Self::InflatedTooLong,
        }
    }
}

impl From<&HandshakeError> for FailureKind {
    fn from(error: &HandshakeError) -> Self {
        match error {
            HandshakeError::Garbage { .. } => Self::Garbage,
            HandshakeError::Malformed(_) => Self::MalformedHead,
            HandshakeError::HeadTooLong => Self::HeadTooLong,
            HandshakeError::OldHttp => Self::OldHttp,
            HandshakeError::Status { .. } => Self::Status,
            HandshakeError::MissingUpgrade => Self::MissingUpgrade,
            HandshakeError::MissingConnection => Self::MissingConnection,
            HandshakeError::MissingAccept => Self::MissingAccept,
            HandshakeError::WrongAccept { .. } => Self::WrongAccept,
            HandshakeError::UnaskedSubprotocol(_) => Self::UnaskedSubprotocol,
            HandshakeError::UnaskedExtension(_) => Self::UnaskedExtension,
            HandshakeError::WrongExtension(_) => Self::WrongExtension,
            HandshakeError::Repeated(_) => Self::RepeatedHeader,
            HandshakeError::Method(_) => Self::Method,
            HandshakeError::MissingHost => Self::MissingHost,
            HandshakeError::MissingKey => Self::MissingKey,
            HandshakeError::WrongKey(_) => Self::WrongKey,
            HandshakeError::WrongVersion(_) => Self::WrongVersion,
        }
    }
}

impl From<&ProxyError> for FailureKind {
    fn from(error: &ProxyError) -> Self {
        match error {
            ProxyError::Refused => Self::Refused,
            ProxyError::Cut => Self::Cut,
            ProxyError::AuthRequired { .. } => Self::AuthRequired,
            ProxyError::Status { .. } => Self::Status,
            ProxyError::NoHttp { .. } => Self::NoHttp,
            ProxyError::Malformed(_) => Self::Malformed,
            ProxyError::WrongVersion { .. } => Self::WrongVersion,
            ProxyError::NoMethod { .. } => Self::NoMethod,
            ProxyError::UnaskedMethod(_) => Self::UnaskedMethod,
            ProxyError::LoginRefused(_) => Self::LoginRefused,
            ProxyError::Socks(failure) => (*failure).into(),
            ProxyError::Trailing { .. } => Self::Trailing,
        }
    }
}

impl From<SocksFailure> for FailureKind {
    fn from(failure: SocksFailure) -> Self {
        match failure {
            SocksFailure::General => Self::SocksGeneralFailure,
            SocksFailure::NotAllowed => Self::SocksNotAllowed,
            SocksFailure::NetworkUnreachable => Self::SocksNetworkUnreachable,
            SocksFailure::HostUnreachable => Self::SocksHostUnreachable,
            SocksFailure::ConnectionRefused => Self::SocksConnectionRefused,
            SocksFailure::TtlExpired => Self::SocksTtlExpired,
            SocksFailure::CommandUnsupported => Self::SocksCommandUnsupported,
            SocksFailure::AddressUnsupported => Self::SocksAddressUnsupported,
            SocksFailure::Unassigned(_) => Self::SocksUnassigned,
        }
    }
}
