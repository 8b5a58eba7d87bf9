//! Numbers in binary fractions, given to other processes as the whole number that their bits are:
//! exact in every format, whatever its reader makes of decimals.

use serde::de::{Deserialize, Deserializer};
use serde::ser::Serializer;

/// Writes the bits.
///
/// # Errors
/// The writer's.
pub fn serialize<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(number.to_bits())
}

/// Reads them.
///
/// # Errors
/// There is no whole number.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    u64::deserialize(from).map(f64::from_bits)
}
