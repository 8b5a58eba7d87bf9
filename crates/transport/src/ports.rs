//! Which local ports connections come from.
//!
//! Asked to connect from any port, Linux looks through the ports of one parity for a free one, and
//! through those of the other only when it has found none (`__inet_hash_connect`). So once half of
//! the ports are taken, each further connection looks at all of that half first: the 18,000th
//! connection from one address took a hundred times the CPU of the first. Here each connection may
//! come from a small part of the range alone (`IP_LOCAL_PORT_RANGE`, ip(7), Linux 6.3), and the parts
//! take turns, so that a search is never longer than a part. A kernel that does not know the option
//! searches as ever.

use std::os::fd::AsFd;

/// Ports of a part. A longer part costs a longer search when it is nearly full, a shorter one is
/// full sooner by chance.
const LONGEST: u16 = 256;

/// A range of local ports in parts of about the same length, which take turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PortRange {
    first: u16,
    last: u16,
    /// Number of the part whose turn it is.
    turn: u16,
    parts: u16,
}

impl PortRange {
    /// The ports from `first` to `last`, both included, for dialer `index` of `count`: they begin at
    /// different parts.
    pub(crate) fn new((first, last): (u16, u16), index: usize, count: usize) -> Self {
        let length = u32::from(last.saturating_sub(first)) + 1;
        // At most 256, for there are 65,536 ports.
        let parts = length.div_ceil(u32::from(LONGEST)) as u16;
        let turn = (index * usize::from(parts) / count.max(1)) as u16 % parts;
        Self {
            first,
            last: last.max(first),
            turn,
            parts,
        }
    }

    /// Number of parts.
    pub(crate) const fn parts(&self) -> u16 {
        self.parts
    }

    /// First and last port of the part whose turn it is, both included; then it is the next one's.
    pub(crate) fn next_part(&mut self) -> (u16, u16) {
        let length = u32::from(self.last - self.first) + 1;
        let begin = |part: u16| length * u32::from(part) / u32::from(self.parts);
        // The last port of the last part is `last`, so what is added fits.
        let bounds = (
            self.first + begin(self.turn) as u16,
            self.first + (begin(self.turn + 1) - 1) as u16,
        );
        self.turn = (self.turn + 1) % self.parts;
        bounds
    }
}

#[cfg(target_os = "linux")]
mod option {
    //! The socket option, which neither `nix` nor `socket2` has by a name.

    use nix::libc::{self, c_int};
    use nix::{setsockopt_impl, sockopt_impl};

    /// `IP_LOCAL_PORT_RANGE` of `linux/in.h`.
    const IP_LOCAL_PORT_RANGE: c_int = 51;

    sockopt_impl!(
        /// The ports that the kernel may choose from for this socket: the first one in the lower
        /// half of the word, the last one in the upper.
        LocalPortRange,
        SetOnly,
        libc::IPPROTO_IP,
        IP_LOCAL_PORT_RANGE,
        u32
    );
}

/// Lets the socket come from the ports from `first` to `last` alone. True if the kernel knows how.
pub(crate) fn restrict(socket: &impl AsFd, (first, last): (u16, u16)) -> bool {
    #[cfg(target_os = "linux")]
    {
        let word = u32::from(last) << 16 | u32::from(first);
        nix::sys::socket::setsockopt(socket, option::LocalPortRange, &word).is_ok()
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (socket, first, last);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_take_turns_and_cover_the_range_once() {
        for range in [
            (32_768, 60_999),
            (1_024, 65_535),
            (0, 65_535),
            (5, 5),
            (10, 700),
        ] {
            let mut ports = PortRange::new(range, 0, 1);
            let parts: Vec<_> = (0..ports.parts()).map(|_| ports.next_part()).collect();
            assert_eq!(parts[0].0, range.0);
            assert_eq!(parts[parts.len() - 1].1, range.1);
            for pair in parts.windows(2) {
                assert_eq!(pair[0].1 + 1, pair[1].0);
            }
            for (first, last) in parts {
                assert!(first <= last && last - first < LONGEST, "{first}–{last}");
            }
            assert_eq!(
                ports,
                PortRange::new(range, 0, 1),
                "it is the first one's turn again"
            );
        }
    }

    #[test]
    fn dialers_begin_at_different_parts() {
        let range = (32_768, 60_999);
        let mut begins: Vec<_> = (0..8)
            .map(|index| PortRange::new(range, index, 8).next_part().0)
            .collect();
        begins.dedup();
        assert_eq!(begins.len(), 8);
        // More dialers than parts.
        for index in 0..1_000 {
            let (first, last) = PortRange::new((7, 8), index, 1_000).next_part();
            assert_eq!((first, last), (7, 8));
        }
    }
}
