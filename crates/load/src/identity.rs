//! The identity of a message: which message of which connection it is.

/// A message of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Number of the connection, from 0 over the whole run.
    pub connection: u32,
    /// Number of the message on its connection, from 0.
    pub sequence: u64,
}

/// SplitMix64's finaliser (Steele, Lea, Flood, OOPSLA 2014): a cheap even spread of 64 bits.
#[inline]
pub(crate) fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
