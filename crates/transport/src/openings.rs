//! The layers of which a connection comes about, one above the other, and when each was there.

use std::time::Duration;

/// One layer of a connection. The order is that in which they come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The connect call: TCP, or a Unix domain socket.
    Connect,
    /// The tunnel that a proxy opens.
    Tunnel,
    /// The TLS handshake.
    Tls,
    /// The beginning of HTTP/2: until the server's settings are known.
    Http2,
}

impl Layer {
    /// The number of layers that there are.
    pub const COUNT: usize = Self::Http2 as usize + 1;
}

/// Instants at which the layers of a connection were there, of those that it has. They follow each
/// other without a gap, so that what they took adds up to the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Openings {
    /// By layer: its end, on the caller's clock.
    ends: [Option<Duration>; Layer::COUNT],
    /// Version and cipher suite that TLS has agreed upon, such as `TLS 1.3,
    /// TLS13_AES_256_GCM_SHA384`.
    pub agreed: Option<String>,
}

impl Openings {
    /// The layer is there since `at`.
    pub(crate) fn ended(&mut self, layer: Layer, at: Duration) {
        self.ends[layer as usize] = Some(at);
    }

    /// The time at which the layer was there, on the caller's clock; `None` where the connection has
    /// no such layer, or not yet.
    #[must_use]
    pub fn end(&self, layer: Layer) -> Option<Duration> {
        self.ends[layer as usize]
    }

    /// The span from the layer below to this one. `None` where the connection has no such layer, and
    /// for the lowest, whose beginning its caller knows.
    #[must_use]
    pub fn took(&self, layer: Layer) -> Option<Duration> {
        let end = self.end(layer)?;
        let below = self.ends[..layer as usize].iter().rev();
        let begun = below.copied().flatten().next()?;
        Some(end.saturating_sub(begun))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_layers_took_adds_up_whichever_there_are() {
        let at = Duration::from_micros;
        let mut openings = Openings::default();
        openings.ended(Layer::Connect, at(10));
        assert_eq!(openings.took(Layer::Connect), None);
        assert_eq!(openings.took(Layer::Tls), None);
        openings.ended(Layer::Tls, at(25));
        assert_eq!(openings.took(Layer::Tls), Some(at(15)));
        openings.ended(Layer::Tunnel, at(14));
        assert_eq!(openings.took(Layer::Tunnel), Some(at(4)));
        assert_eq!(openings.took(Layer::Tls), Some(at(11)));
        assert_eq!(openings.end(Layer::Tls), Some(at(25)));
    }
}
