//! Drills, and the pauses of clients that come back, as people write them: `cut 50% at 10s`, `fixed:1s`.

use thiserror::Error;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Drill, Reconnect};

use super::{QuantityError, positive_span, span};

/// Why a text is no drill or no policy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReturnError {
    /// A quantity in it is none.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
    /// It is not of that form.
    #[error("'{0}' is no drill; write it like 'cut 50% at 10s'")]
    NoDrill(String),
    /// No policy is called so.
    #[error("'{0}' is no policy; write immediate, fixed:1s or exponential:100ms..10s")]
    NoPolicy(String),
}

/// Reads `cut 50% at 10s`.
///
/// # Errors
/// Anything else.
pub fn drill(text: &str) -> Result<Drill, ReturnError> {
    let no_drill = || ReturnError::NoDrill(text.to_owned());
    let words: Vec<&str> = text.split_whitespace().collect();
    let &["cut", share, "at", at] = words.as_slice() else {
        return Err(no_drill());
    };
    let percent = share.strip_suffix('%').ok_or_else(no_drill)?;
    let percent: f64 = percent.parse().map_err(|_| no_drill())?;
    Ok(Drill {
        share: percent / 100.0,
        at: span(at)?,
    })
}

/// Reads `immediate`, `fixed:1s` or `exponential:100ms..10s`.
///
/// # Errors
/// Anything else.
pub fn reconnect(text: &str) -> Result<Reconnect, ReturnError> {
    let no_policy = || ReturnError::NoPolicy(text.to_owned());
    match text.split_once(':') {
        None if text == "immediate" => Ok(Reconnect::Immediate),
        Some(("fixed", wait)) => Ok(Reconnect::Fixed {
            wait: positive_span(wait)?,
        }),
        Some(("exponential", range)) => {
            let (from, to) = range.split_once("..").ok_or_else(no_policy)?;
            let (from, to): (Nanos, Nanos) = (positive_span(from)?, positive_span(to)?);
            if to < from {
                return Err(no_policy());
            }
            Ok(Reconnect::Exponential { from, to })
        }
        _ => Err(no_policy()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drills_and_policies_are_read() {
        let read = drill(" cut 12.5% at 10s ").unwrap();
        assert_eq!((read.share, read.at), (0.125, Nanos::from_secs(10)));
        for nothing in ["", "cut 50%", "cut half at 1s", "cut 50 at 1s", "50% at 1s"] {
            let refused = drill(nothing);
            assert!(matches!(refused, Err(ReturnError::NoDrill(_))), "{nothing}");
        }
        assert_eq!(reconnect("immediate"), Ok(Reconnect::Immediate));
        let wait = Nanos::from_secs(1);
        assert_eq!(reconnect("fixed:1s"), Ok(Reconnect::Fixed { wait }));
        let (from, to) = (Nanos::from_millis(100), Nanos::from_secs(10));
        let exponential = Reconnect::Exponential { from, to };
        assert_eq!(reconnect("exponential:100ms..10s"), Ok(exponential));
        for nothing in ["", "soon", "fixed", "exponential:1s", "exponential:2s..1s"] {
            assert!(reconnect(nothing).is_err(), "{nothing}");
        }
    }
}
