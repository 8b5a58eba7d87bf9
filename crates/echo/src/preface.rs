//! The preface by which an HTTP/2 connection is told from a request of HTTP/1.1.

use wsbench_transport::http2::PREFACE;

/// The first bytes of a connection, held against the preface of HTTP/2 (RFC 9113 section 3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preface {
    /// They are not.
    Absent,
    /// They may be its beginning.
    Cut,
    /// They are, and perhaps more behind it.
    Whole,
}

impl Preface {
    /// State of it in the bytes `first`, and `then` behind them.
    pub(crate) fn of(first: &[u8], then: &[u8]) -> Self {
        let mut all = first.iter().chain(then);
        let agreed = PREFACE.iter().zip(&mut all).take_while(|(a, b)| a == b);
        match agreed.count() {
            len if len == PREFACE.len() => Self::Whole,
            len if len == first.len() + then.len() => Self::Cut,
            _ => Self::Absent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preface_is_told_from_a_request_however_it_is_cut() {
        for cut in 0..PREFACE.len() {
            assert_eq!(Preface::of(&PREFACE[..cut], b""), Preface::Cut);
            let (first, then) = PREFACE.split_at(cut);
            assert_eq!(Preface::of(first, then), Preface::Whole);
            assert_eq!(Preface::of(first, b"GET"), Preface::Absent);
        }
        assert_eq!(Preface::of(b"", b"PRI * HTTP/1.1\r\n"), Preface::Absent);
        assert_eq!(Preface::of(PREFACE, b"further"), Preface::Whole);
    }
}
