//! Ways in which slow readers read, as people write them: bytes a second, or `100ms/1s`.

use thiserror::Error;
use wsbench_load::plan::Reads;

use super::{QuantityError, positive_span, positive_u32};

/// Why a text says of no slow reader how it reads.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadsError {
    /// A quantity in it is none.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
    /// It is not of that form.
    #[error("'{0}' is no stall; write it like 100ms/1s, for nothing in 100ms of each second")]
    NoStall(String),
}

/// Reads bytes a second: `10k`.
///
/// # Errors
/// Anything but a whole number above zero.
pub fn reads_at(rate: &str) -> Result<Reads, ReadsError> {
    let bytes_per_s = positive_u32(rate)?;
    Ok(Reads::Rate { bytes_per_s })
}

/// Reads the length of a stall and the time from one to the next: `100ms/1s`.
///
/// # Errors
/// Anything else, and a stall that is as long as that time.
pub fn reads_with_stalls(stall: &str) -> Result<Reads, ReadsError> {
    let no_stall = || ReadsError::NoStall(stall.to_owned());
    let (length, every) = stall.split_once('/').ok_or_else(no_stall)?;
    let (length, every) = (positive_span(length)?, positive_span(every)?);
    if length >= every {
        return Err(no_stall());
    }
    Ok(Reads::Stall { length, every })
}
