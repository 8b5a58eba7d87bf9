//! Quantities as people write them: `10k`, `500ms`, `64..4k`, `1k/s`, `2-3,5`.
//!
//! Text becomes an exact number or an error that says what was wrong and shows a right example.
//! Nothing passes through floating point but a rate, which is one. This module knows units; it
//! does not know which flag a quantity belongs to, nor which values make sense together.

mod cpu_list;
mod reads;
mod returns;
mod share;

use thiserror::Error;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Greeting, LARGEST_MESSAGE};

pub use cpu_list::{CpuList, cpu_list};
pub use reads::{ReadsError, reads_at, reads_with_stalls};
pub use returns::{ReturnError, drill, reconnect};
pub use share::{percent, share};

/// Largest message that may be asked for, bytes: 64 MiB.
pub const MAX_MESSAGE_BYTES: u64 = LARGEST_MESSAGE as u64;

/// The reason why a text is not the quantity that was wanted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QuantityError {
    /// The text is empty, or blank. Give a value.
    #[error("nothing was given; write it like {example}")]
    Empty {
        /// A right one.
        example: &'static str,
    },
    /// The text does not begin with a decimal number. Give one, without a sign.
    #[error("'{text}' is not a number; write it like {example}")]
    NotANumber {
        /// The text found in its place.
        text: String,
        /// A right one.
        example: &'static str,
    },
    /// A number is followed by something that is no unit of this quantity.
    #[error("'{unit}' is no unit here: use {units}, like {example}")]
    UnknownUnit {
        /// The text found in its place.
        unit: String,
        /// Those that are known.
        units: &'static str,
        /// A right one.
        example: &'static str,
    },
    /// A time without a unit, which could be seconds or milliseconds. Add the unit.
    #[error("'{number}' has no unit: write {number}s, {number}ms or {number}m")]
    NoUnit {
        /// The number.
        number: String,
    },
    /// A share without its sign, which could be hundredths or the whole. Add the sign.
    #[error("'{number}' could be meant in two ways; write it like 5%")]
    NoPercent {
        /// The number.
        number: String,
    },
    /// The quantity does not come out whole in its base unit, as `1.5` messages would not.
    #[error("'{text}' is not a whole number{of_base}; write it like {example}")]
    NotWhole {
        /// The text that was given.
        text: String,
        /// The base unit, as ` of bytes`; empty for bare numbers.
        of_base: &'static str,
        /// A right one.
        example: &'static str,
    },
    /// The quantity is zero where at least one is needed.
    #[error("must be more than 0, like {example}")]
    Zero {
        /// A right one.
        example: &'static str,
    },
    /// The quantity is beyond its limit. Give less.
    #[error("'{text}' is too much: the limit is {limit}")]
    TooLarge {
        /// The text that was given.
        text: String,
        /// The most that is taken.
        limit: &'static str,
    },
    /// A stage lacks its rate. Add it behind a colon.
    #[error("'{text}' is no stage; write its length and its rate, like 10s:1k")]
    NotAStage {
        /// The text that was given.
        text: String,
    },
    /// A range ends below its start. Swap the two.
    #[error("'{text}' ends below its start; write the smaller one first, like {example}")]
    Reversed {
        /// The text that was given.
        text: String,
        /// A right one.
        example: &'static str,
    },
}

/// Units of a quantity: their suffixes in lower case, with how many base units each is.
struct Units {
    /// Suffix and factor.
    factors: &'static [(&'static str, u64)],
    /// The suffixes, for the error message.
    names: &'static str,
    /// The base unit's name, as ` of bytes`; empty for bare numbers.
    of_base: &'static str,
    /// A right quantity.
    example: &'static str,
}

const COUNTS: Units = Units {
    factors: &[
        ("", 1),
        ("k", 1_000),
        ("m", 1_000_000),
        ("g", 1_000_000_000),
    ],
    names: "k (thousand), m (million) or g (billion)",
    of_base: "",
    example: "10k",
};

const RATES: Units = Units {
    factors: &[
        ("", 1),
        ("k", 1_000),
        ("m", 1_000_000),
        ("g", 1_000_000_000),
        ("rps", 1),
        ("krps", 1_000),
    ],
    example: "1k/s",
    ..COUNTS
};

const THREADS: Units = Units {
    example: "2, or auto",
    ..COUNTS
};

const SIZES: Units = Units {
    factors: &[
        ("", 1),
        ("b", 1),
        ("k", 1 << 10),
        ("kb", 1 << 10),
        ("kib", 1 << 10),
        ("m", 1 << 20),
        ("mb", 1 << 20),
        ("mib", 1 << 20),
        ("g", 1 << 30),
        ("gb", 1 << 30),
        ("gib", 1 << 30),
    ],
    names: "b, k (1024 bytes), m (1024 k) or g (1024 m)",
    of_base: " of bytes",
    example: "16k",
};

const SPANS: Units = Units {
    factors: &[
        ("ns", 1),
        ("us", 1_000),
        ("µs", 1_000),
        ("μs", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("min", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ],
    names: "ns, us, ms, s, m or h",
    of_base: " of nanoseconds",
    example: "500ms",
};

/// A decimal number without rounding: `mantissa / 10^decimals`.
#[derive(Clone, Copy)]
struct Decimal {
    mantissa: u128,
    decimals: u32,
}

impl Units {
    /// Splits a decimal number off the front of `text`.
    fn split_number<'a>(&self, text: &'a str) -> Result<(Decimal, &'a str), QuantityError> {
        let not_a_number = || QuantityError::NotANumber {
            text: text.to_owned(),
            example: self.example,
        };
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let (number, rest) = text.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let is_number = !whole.is_empty() && !fraction.contains('.') && !number.ends_with('.');
        if !is_number {
            return Err(not_a_number());
        }
        let too_large = |_| QuantityError::TooLarge {
            text: text.to_owned(),
            limit: "18446744073709551615",
        };
        let mantissa: u128 = format!("{whole}{fraction}").parse().map_err(too_large)?;
        let decimals = fraction.len() as u32;
        Ok((Decimal { mantissa, decimals }, rest))
    }

    /// `number` of the unit `suffix`, in base units.
    fn scale(&self, text: &str, number: Decimal, suffix: &str) -> Result<u64, QuantityError> {
        let lower = suffix.to_lowercase();
        let factor = self.factors.iter().find(|(name, _)| *name == lower);
        let Some(&(_, factor)) = factor else {
            return Err(QuantityError::UnknownUnit {
                unit: suffix.to_owned(),
                units: self.names,
                example: self.example,
            });
        };
        let too_large = || QuantityError::TooLarge {
            text: text.to_owned(),
            limit: "18446744073709551615",
        };
        let product = number.mantissa.checked_mul(u128::from(factor));
        let divisor = 10u128.checked_pow(number.decimals);
        let (product, divisor) = product.zip(divisor).ok_or_else(too_large)?;
        if product % divisor != 0 {
            return Err(QuantityError::NotWhole {
                text: text.to_owned(),
                of_base: self.of_base,
                example: self.example,
            });
        }
        u64::try_from(product / divisor).map_err(|_| too_large())
    }

    /// One number with one unit.
    fn parse(&self, text: &str) -> Result<u64, QuantityError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(QuantityError::Empty {
                example: self.example,
            });
        }
        let (number, suffix) = self.split_number(text)?;
        self.scale(text, number, suffix.trim())
    }

    /// One number with one unit, at least one.
    fn parse_positive(&self, text: &str) -> Result<u64, QuantityError> {
        match self.parse(text)? {
            0 => Err(QuantityError::Zero {
                example: self.example,
            }),
            number => Ok(number),
        }
    }

    /// One number with one unit, at least one, that fits 32 bits.
    fn parse_positive_u32(&self, text: &str) -> Result<u32, QuantityError> {
        u32::try_from(self.parse_positive(text)?).map_err(|_| QuantityError::TooLarge {
            text: text.to_owned(),
            limit: "4294967295",
        })
    }
}

/// A number of things, at least one: `64`, `10k`, `1.5m`.
///
/// # Errors
/// Anything but a whole number above zero that fits 64 bits.
pub fn positive(text: &str) -> Result<u64, QuantityError> {
    COUNTS.parse_positive(text)
}

/// A number of things, at least one, that fits 32 bits.
///
/// # Errors
/// As [`positive`], and numbers beyond 4294967295.
pub fn positive_u32(text: &str) -> Result<u32, QuantityError> {
    COUNTS.parse_positive_u32(text)
}

/// A span of time: `500ms`, `2s`, `1m30s`. Only zero may go without a unit.
///
/// # Errors
/// Anything else, and spans beyond 584 years.
pub fn span(text: &str) -> Result<Nanos, QuantityError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(QuantityError::Empty {
            example: SPANS.example,
        });
    }
    let mut total = Nanos::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, after) = SPANS.split_number(rest)?;
        let end = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let (suffix, next) = after.split_at(end);
        if suffix.is_empty() {
            if number.mantissa == 0 && rest.len() == text.len() {
                return Ok(Nanos::ZERO);
            }
            return Err(QuantityError::NoUnit {
                number: rest.to_owned(),
            });
        }
        // Spans saturate when they are added: beyond five centuries nothing is lost by it.
        total += Nanos(SPANS.scale(text, number, suffix.trim())?);
        rest = next;
    }
    Ok(total)
}

/// A span of time, longer than zero.
///
/// # Errors
/// As [`span`], and zero.
pub fn positive_span(text: &str) -> Result<Nanos, QuantityError> {
    match span(text)? {
        Nanos::ZERO => Err(QuantityError::Zero {
            example: SPANS.example,
        }),
        span => Ok(span),
    }
}

/// The length of something, longer than zero: as [`positive_span`], and of a number without a unit
/// seconds are meant, as every load generator has it.
///
/// # Errors
/// As [`positive_span`].
pub fn length(text: &str) -> Result<Nanos, QuantityError> {
    let text = text.trim();
    let is_bare = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    if !text.is_empty() && is_bare(text) {
        return positive_span(&format!("{text}s"));
    }
    positive_span(text)
}

/// Spans of time, from the shortest to the longest, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanRange {
    /// The shortest.
    pub least: Nanos,
    /// The longest; not below `least`.
    pub most: Nanos,
}

/// One span, or a range of spans: `10ms`, `0..2s`.
///
/// # Errors
/// A part that is no span, and a range that ends below its start.
pub fn span_range(text: &str) -> Result<SpanRange, QuantityError> {
    let (least, most) = text.split_once("..").unwrap_or((text, text));
    let range = SpanRange {
        least: span(least)?,
        most: span(most)?,
    };
    if range.most < range.least {
        return Err(QuantityError::Reversed {
            text: text.to_owned(),
            example: "0..2s",
        });
    }
    Ok(range)
}

/// The length of the load before the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarmUpLength {
    /// So long.
    Given(Nanos),
    /// Until the load has settled.
    Found,
}

/// A span, or `auto`.
///
/// # Errors
/// Anything else.
pub fn warm_up(text: &str) -> Result<WarmUpLength, QuantityError> {
    match text.trim() {
        "auto" => Ok(WarmUpLength::Found),
        text => span(text).map(WarmUpLength::Given),
    }
}

/// The size of a message in bytes: `0`, `30`, `16k`, `1m`, where k is 1024; at most 64 MiB.
///
/// # Errors
/// Anything else.
pub fn message_size(text: &str) -> Result<u32, QuantityError> {
    match u32::try_from(SIZES.parse(text)?) {
        Ok(bytes) if u64::from(bytes) <= MAX_MESSAGE_BYTES => Ok(bytes),
        _ => Err(QuantityError::TooLarge {
            text: text.to_owned(),
            limit: "64m (64 MiB)",
        }),
    }
}

/// Messages of a server's own that are taken: a number of them, or all with a text.
///
/// # Errors
/// An empty text.
pub fn greeting(text: &str) -> Result<Greeting, QuantityError> {
    if text.is_empty() {
        return Err(QuantityError::Empty {
            example: "1, or a text that such messages hold",
        });
    }
    Ok(match text.parse() {
        Ok(count) => Greeting::Count(count),
        Err(_) => Greeting::Holding(text.to_owned()),
    })
}

/// An amount of memory in bytes, as sizes are written and without a limit.
///
/// # Errors
/// Anything else.
pub fn memory_size(text: &str) -> Result<u64, QuantityError> {
    SIZES.parse(text)
}

/// The size of a fragment in bytes, at least one; else as [`message_size`].
///
/// # Errors
/// Anything else.
pub fn fragment_size(text: &str) -> Result<u32, QuantityError> {
    match message_size(text)? {
        0 => Err(QuantityError::Zero { example: "4k" }),
        size => Ok(size),
    }
}

/// Sizes of messages, from the smallest to the largest, both included; bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeRange {
    /// The smallest message, bytes.
    pub min: u32,
    /// The largest message, bytes; not below `min`.
    pub max: u32,
}

/// One size, or a range of sizes: `30`, `64..4k`.
///
/// # Errors
/// A part that is no size, and a range that ends below its start.
pub fn size_range(text: &str) -> Result<SizeRange, QuantityError> {
    let Some((min, max)) = text.split_once("..") else {
        let size = message_size(text)?;
        return Ok(SizeRange {
            min: size,
            max: size,
        });
    };
    let range = SizeRange {
        min: message_size(min)?,
        max: message_size(max)?,
    };
    if range.max < range.min {
        return Err(QuantityError::Reversed {
            text: text.to_owned(),
            example: "64..4k",
        });
    }
    Ok(range)
}

/// A rate: `1k/s`, `10/ms`, `600/m`, `50/1s`, `100rps`; without a unit a second is meant. The answer is
/// per second.
///
/// # Errors
/// A part that is no number or no unit of time, and zero.
pub fn rate_per_s(text: &str) -> Result<f64, QuantityError> {
    let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
    // Read in thousandths, so that 0.5/s is a rate too.
    let (decimal, suffix) = RATES.split_number(number.trim())?;
    let thousandth = Decimal {
        mantissa: decimal.mantissa.saturating_mul(1_000),
        ..decimal
    };
    let thousandths = RATES.scale(number, thousandth, suffix.trim())?;
    let one_unit = Decimal {
        mantissa: 1,
        decimals: 0,
    };
    let unit = unit.trim();
    let unit_ns = if unit.starts_with(|first: char| first.is_ascii_digit()) {
        positive_span(unit)?.0
    } else {
        SPANS.scale(text, one_unit, unit)?
    };
    if thousandths == 0 {
        return Err(QuantityError::Zero {
            example: RATES.example,
        });
    }
    Ok(thousandths as f64 * 1e6 / unit_ns as f64)
}

/// Rates of the open loop one after the other: length and messages a second; never empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Stages(pub Vec<(Nanos, f64)>);

/// Stages: `10s:1k,30s:5k`.
///
/// # Errors
/// A stage without a colon, or one whose length or rate is none.
pub fn stages(text: &str) -> Result<Stages, QuantityError> {
    let stage = |stage: &str| {
        let (length, rate) = stage
            .split_once(':')
            .ok_or_else(|| QuantityError::NotAStage {
                text: stage.to_owned(),
            })?;
        Ok((positive_span(length.trim())?, rate_per_s(rate.trim())?))
    };
    text.split(',')
        .map(stage)
        .collect::<Result<_, _>>()
        .map(Stages)
}

/// A number of threads, or `auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// Chosen from the machine and the target.
    Auto,
    /// As many as this; at least 1.
    Exactly(u32),
}

/// `auto`, or a number of threads.
///
/// # Errors
/// Anything else, and zero.
pub fn threads(text: &str) -> Result<Threads, QuantityError> {
    if text.eq_ignore_ascii_case("auto") {
        return Ok(Threads::Auto);
    }
    THREADS.parse_positive_u32(text).map(Threads::Exactly)
}

#[cfg(test)]
mod tests;
