//! One case as data: what is sent, what must come of it, and where the RFC says so.

use wsbench_dialogue::DialogueStep;
use wsbench_wire::deflate::Wish;

/// One demand on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// A stable name for machines, such as `ping-between-fragments`; never changes once published.
    pub id: &'static str,
    /// Group of cases that it belongs to.
    pub group: Group,
    /// The section that demands it, such as `RFC 6455 section 5.4`.
    pub section: &'static str,
    /// Description of what is sent.
    pub sent: String,
    /// Description of what must come of it.
    pub expected: String,
    /// The opening handshake.
    pub opening: OpeningDeviation,
    /// Steps that follow it, in order.
    pub steps: Vec<DialogueStep>,
}

/// Subject of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The opening handshake (section 4).
    Handshake,
    /// Messages of all sizes, text and binary (sections 5.2, 5.6).
    Messages,
    /// Fragments (section 5.4).
    Fragments,
    /// Pings and pongs (section 5.5).
    Control,
    /// Frames that must not be (sections 5.1, 5.2).
    Framing,
    /// UTF-8 (section 8.1).
    Utf8,
    /// The closing handshake (section 7).
    Closing,
    /// Compressed messages (RFC 7692); only of servers that grant them.
    Compression,
}

impl Group {
    /// The stable name for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Messages => "messages",
            Self::Fragments => "fragments",
            Self::Control => "control",
            Self::Framing => "framing",
            Self::Utf8 => "utf8",
            Self::Closing => "closing",
            Self::Compression => "compression",
        }
    }
}

/// Deviation of the opening handshake from the plain one, and what must come of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OpeningDeviation {
    /// As a browser does it; it must succeed.
    #[default]
    Plain,
    /// Names and tokens in another case, `Connection` a list; it must succeed (section 4.2.1).
    OtherCase,
    /// Octet by octet; it must succeed, since TCP keeps no borders.
    OctetByOctet,
    /// Offers a subprotocol that no server knows; it must not choose another (section 4.2.2).
    UnknownSubprotocol,
    /// Offers an extension that no server knows; it must not be granted (section 9.1).
    UnknownExtension,
    /// Offers compression on these terms; a server that declines is asked nothing more (RFC 7692
    /// section 5).
    Compressed(Wish),
    /// Offers compression with a parameter that there is not; must be declined (RFC 7692 section
    /// 7.1).
    UnknownParameter,
    /// Asks for version 12; must be refused, with 426 and the versions known (section 4.4).
    OldVersion,
    /// Sends no key; must be refused (section 4.2.1).
    NoKey,
    /// Sends a key that is not 16 octets; must be refused (section 4.2.1).
    ShortKey,
    /// Does not ask for an upgrade; must not be upgraded (section 4.2.1).
    NoUpgrade,
}

impl OpeningDeviation {
    /// True if it deviates in what HTTP/1.1 alone has: how names are written, where segments end,
    /// the key and the request to upgrade (RFC 8441 section 5 has neither).
    #[must_use]
    pub const fn is_of_http1(self) -> bool {
        matches!(
            self,
            Self::OtherCase | Self::OctetByOctet | Self::NoKey | Self::ShortKey | Self::NoUpgrade
        )
    }

    /// True if the server has to refuse it.
    #[must_use]
    pub const fn must_be_refused(self) -> bool {
        matches!(
            self,
            Self::OldVersion | Self::NoKey | Self::ShortKey | Self::NoUpgrade
        )
    }
}
