//! Spans as documents hold them: seconds as a decimal number. The measurement itself counts whole
//! nanoseconds, and reading gives the same span back that was written.

use serde::{Deserialize, Deserializer, Serializer};

use crate::nanos::Nanos;

/// Writes a span as seconds.
#[allow(clippy::trivially_copy_pass_by_ref)] // serde hands references
pub(crate) fn serialize<S: Serializer>(span: &Nanos, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(span.as_secs_f64())
}

/// Reads a span from seconds.
///
/// # Errors
/// A number below zero, or none.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Nanos, D::Error> {
    read(f64::deserialize(deserializer)?)
}

/// A span of so many seconds, to the nearest nanosecond.
fn read<E: serde::de::Error>(seconds: f64) -> Result<Nanos, E> {
    if seconds.is_finite() && seconds >= 0.0 {
        // Beyond five centuries it saturates.
        Ok(Nanos((seconds * 1e9).round() as u64))
    } else {
        Err(E::custom(format!("{seconds} s is no span of time")))
    }
}

/// Spans that may be absent.
pub(crate) mod option {
    use super::{Deserialize, Deserializer, Nanos, Serializer, read};

    /// Writes a span as seconds, or nothing.
    #[allow(clippy::ref_option)] // serde hands references
    pub(crate) fn serialize<S: Serializer>(
        span: &Option<Nanos>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match span {
            Some(span) => serializer.serialize_f64(span.as_secs_f64()),
            None => serializer.serialize_none(),
        }
    }

    /// Reads a span from seconds, where there is one.
    ///
    /// # Errors
    /// A number below zero, or none.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Nanos>, D::Error> {
        Option::<f64>::deserialize(deserializer)?
            .map(read)
            .transpose()
    }
}

/// Lengths that are absent where they never end.
pub(crate) mod endless {
    use super::{Deserialize, Deserializer, Nanos, Serializer, read};

    /// Writes a length as seconds, an endless one as nothing.
    #[allow(clippy::trivially_copy_pass_by_ref)] // serde hands references
    pub(crate) fn serialize<S: Serializer>(
        length: &Nanos,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(length.as_secs_f64())
    }

    /// Reads a length from seconds.
    ///
    /// # Errors
    /// A number below zero, or none.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Nanos, D::Error> {
        let seconds = Option::<f64>::deserialize(deserializer)?;
        seconds.map_or(Ok(Nanos::MAX), read)
    }

    /// The length of what is absent.
    pub(crate) fn never_ends() -> Nanos {
        Nanos::MAX
    }

    /// True if a length is left out.
    #[allow(clippy::trivially_copy_pass_by_ref)] // serde hands references
    pub(crate) fn is_endless(length: &Nanos) -> bool {
        *length == Nanos::MAX
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Held {
        #[serde(with = "super")]
        span: Nanos,
    }

    proptest! {
        /// Up to ten days every nanosecond survives, though a reader of JSON may be off by the last bit.
        #[test]
        fn a_span_is_read_as_it_was_written(nanos in 0_u64..864_000_000_000_000) {
            let held = Held { span: Nanos(nanos) };
            let text = serde_json::to_string(&held).unwrap();
            prop_assert_eq!(serde_json::from_str::<Held>(&text).unwrap(), held);
        }
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in [r#"{"span":-1}"#, r#"{"span":"x"}"#, r#"{"span":null}"#] {
            assert!(serde_json::from_str::<Held>(text).is_err(), "{text}");
        }
        let long = serde_json::from_str::<Held>(r#"{"span":1e300}"#).unwrap();
        assert_eq!(long.span, Nanos::MAX);
    }
}
