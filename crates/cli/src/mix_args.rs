//! The flag of slow readers.

use clap::Args;
use thiserror::Error;
use wsbench::quantity::{self, QuantityError, ReadsError};
use wsbench_load::plan::{Reads, SlowReaders};

/// Rate of a slow reader where nothing was said, bytes a second.
const USUAL_RATE: u32 = 1_000;

/// Clients that are not as the others.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct MixArgs {
    /// Slow readers among the connections, a number or a share, in --mode broadcast, pubsub and push:
    /// slow=5%, which read 1 kB a second each, slow=5,rate=10k (bytes a second), or
    /// slow=5,stall=100ms/1s, which read nothing for 100ms of each second.
    ///
    /// They send nothing and are among no receivers; what is told is how the others fare beside them, and
    /// when the server cut them off. Where a scenario has clients that receive and do not send, they are
    /// taken of these.
    #[arg(long, value_name = "WHAT", value_parser = mix)]
    pub(crate) mix: Option<Mix>,
}

/// Slow readers, as many as were asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mix {
    number: CountOrShare,
    reads: Reads,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum CountOrShare {
    Of(u32),
    Share(f64),
}

impl MixArgs {
    /// The slow readers, where so many connections may be some.
    pub(crate) fn slow(&self, connections: u32) -> Option<SlowReaders> {
        let mix = self.mix?;
        Some(SlowReaders {
            share: match mix.number {
                CountOrShare::Of(number) => f64::from(number) / f64::from(connections.max(1)),
                CountOrShare::Share(share) => share,
            },
            reads: mix.reads,
        })
    }
}

/// Why a text names no slow readers.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum MixError {
    /// A quantity in it is none.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
    /// It does not say how they read.
    #[error(transparent)]
    Reads(#[from] ReadsError),
    /// It is not of that form.
    #[error("'{0}' is no mix; write it like slow=5%, slow=5,rate=10k or slow=5,stall=100ms/1s")]
    NoMix(String),
}

/// Reads `slow=5%,stall=100ms/1s`.
fn mix(text: &str) -> Result<Mix, MixError> {
    let no_mix = || MixError::NoMix(text.to_owned());
    let rest = text.trim().strip_prefix("slow=").ok_or_else(no_mix)?;
    let (number, how) = match rest.split_once(',') {
        Some((number, how)) => (number, Some(how)),
        None => (rest, None),
    };
    let number = match number.strip_suffix('%') {
        Some(percent) => CountOrShare::Share(percent.parse::<f64>().map_err(|_| no_mix())? / 100.0),
        None => CountOrShare::Of(quantity::positive_u32(number)?),
    };
    let reads = match how.and_then(|how| how.split_once('=')) {
        None if how.is_none() => Reads::Rate {
            bytes_per_s: USUAL_RATE,
        },
        Some(("rate", rate)) => quantity::reads_at(rate)?,
        Some(("stall", stall)) => quantity::reads_with_stalls(stall)?,
        _ => return Err(no_mix()),
    };
    Ok(Mix { number, reads })
}

#[cfg(test)]
mod tests {
    use wsbench_load::nanos::Nanos;

    use super::*;

    #[test]
    fn slow_readers_are_read_by_number_or_share() {
        let slow = |text: &str| {
            let mix = Some(mix(text).unwrap());
            MixArgs { mix }.slow(100).unwrap()
        };
        let usual = Reads::Rate { bytes_per_s: 1_000 };
        let five = SlowReaders {
            share: 0.05,
            reads: usual,
        };
        assert_eq!((slow("slow=5"), slow("slow=5%")), (five, five));
        assert_eq!(
            slow("slow=1,rate=10k").reads,
            Reads::Rate {
                bytes_per_s: 10_000
            }
        );
        let (length, every) = (Nanos::from_millis(100), Nanos::from_secs(1));
        assert_eq!(
            slow("slow=2%,stall=100ms/1s").reads,
            Reads::Stall { length, every }
        );
        for nothing in [
            "",
            "slow",
            "fast=5",
            "slow=x%",
            "slow=5,stall=1s",
            "slow=5,speed=1",
        ] {
            assert!(mix(nothing).is_err(), "{nothing}");
        }
    }
}
