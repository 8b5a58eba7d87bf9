//! Figures as people read them: three digits and the unit that suits.
//!
//! Every renderer writes spans, rates, bytes and counts through here, so that a figure looks the
//! same wherever it is shown. Machines read the document, never these words.

/// Stands for a figure that is not known.
pub const UNKNOWN: &str = "—";

/// Precedes a figure that rests on few samples.
pub const LOW: &str = "~";

/// Precedes a figure that is longer than known, because some messages were never answered.
pub const MORE: &str = ">";

/// Steps of a unit, rising: how many of the smallest, and its name.
type Steps = [(f64, &'static str)];

const SPAN: &Steps = &[(1.0, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")];

const RATE: &Steps = &[(1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G")];

const BYTES: &Steps = &[
    (1.0, " B"),
    (1e3, " kB"),
    (1e6, " MB"),
    (1e9, " GB"),
    (1e12, " TB"),
];

/// A span of nanoseconds: `410ns`, `12.3µs`, `1.20ms`, `3.45s`, `7,200s`.
///
/// ```
/// assert_eq!(wsbench_record::units::span(999_600.0), "1.00ms", "rounded before the unit is chosen");
/// ```
#[must_use]
pub fn span(ns: f64) -> String {
    scaled(ns, SPAN)
}

/// A span given in seconds, for lengths of runs: `10s`, `1.5s`, `250ms`.
#[must_use]
pub fn seconds(s: f64) -> String {
    let text = span(s * 1e9);
    let digits = text.trim_end_matches(char::is_alphabetic);
    let unit = &text[digits.len()..];
    if digits.contains('.') {
        format!(
            "{}{unit}",
            digits.trim_end_matches('0').trim_end_matches('.')
        )
    } else {
        text
    }
}

/// A span of nanoseconds in milliseconds with two decimals, as the older tool wrote it: `0.41ms`.
#[must_use]
pub fn legacy_ms(ns: f64) -> String {
    format!("{:.2}ms", ns / 1e6)
}

/// A number a second without its noun: `84.2k`, `1.20M`, `950`.
#[must_use]
pub fn rate(per_s: f64) -> String {
    scaled(per_s, RATE)
}

/// An amount of bytes in decimal units: `512 B`, `1.20 MB`.
#[must_use]
pub fn bytes(amount: f64) -> String {
    scaled(amount, BYTES)
}

/// A whole number with separators: `1,234,567`.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number and its noun, in the plural where it is due: `1 message`, `2,000 messages`,
/// `2 processes`.
#[must_use]
pub fn counted(number: u64, noun: &str) -> String {
    let plural = match number {
        1 => "",
        _ if noun.ends_with('s') => "es",
        _ => "s",
    };
    format!("{} {noun}{plural}", count(number))
}

/// A share as a percentage: `99 %`, `2.5 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent.abs() < 9.95 && percent != percent.round() {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.0} %")
    }
}

/// A share that may be small, as a percentage: `5 %`, `0.01 %`.
#[must_use]
pub fn share(share: f64) -> String {
    if share > 0.0 && share < 0.001 {
        format!("{:.2} %", share * 100.0)
    } else {
        percent(share)
    }
}

/// The value in the smallest step that leaves fewer than four digits before the point.
fn scaled(value: f64, steps: &Steps) -> String {
    let (size, name) = steps
        .iter()
        .copied()
        .find(|(size, _)| value / size < 999.5)
        .unwrap_or(steps[steps.len() - 1]);
    let scaled = value / size;
    let whole = scaled >= 99.95 || value == value.round() && size == 1.0;
    let digits = if scaled >= 999.5 {
        count(scaled.round() as u64)
    } else if whole {
        format!("{scaled:.0}")
    } else if scaled >= 9.995 {
        format!("{scaled:.1}")
    } else {
        format!("{scaled:.2}")
    };
    format!("{digits}{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_keep_three_digits_across_every_border() {
        let cases: [(f64, &str); 14] = [
            (0.0, "0ns"),
            (1.0, "1ns"),
            (999.0, "999ns"),
            (1_000.0, "1.00µs"),
            (9_994.0, "9.99µs"),
            (9_996.0, "10.0µs"),
            (99_960.0, "100µs"),
            (410_000.0, "410µs"),
            (999_499.0, "999µs"),
            (999_500.0, "1.00ms"),
            (1_234_000_000.0, "1.23s"),
            (999_000_000_000.0, "999s"),
            (3_600_000_000_000.0, "3,600s"),
            (12.4, "12.4ns"),
        ];
        for (ns, words) in cases {
            assert_eq!(span(ns), words);
        }
    }

    #[test]
    fn lengths_drop_zeros_that_say_nothing() {
        assert_eq!(seconds(10.0), "10s");
        assert_eq!(seconds(1.5), "1.5s");
        assert_eq!(seconds(0.25), "250ms");
        assert_eq!(seconds(120.0), "120s");
        assert_eq!(seconds(0.0), "0ns");
    }

    #[test]
    fn rates_bytes_counts_and_shares() {
        assert_eq!(rate(84_190.0), "84.2k");
        assert_eq!(rate(950.0), "950");
        assert_eq!(rate(0.5), "0.50");
        assert_eq!(rate(1_200_000.0), "1.20M");
        assert_eq!(bytes(512.0), "512 B");
        assert_eq!(bytes(1_204_000.0), "1.20 MB");
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(counted(1, "message"), "1 message");
        assert_eq!(counted(0, "message"), "0 messages");
        assert_eq!(percent(0.99), "99 %");
        assert_eq!(percent(0.024), "2.4 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(legacy_ms(41_000.0), "0.04ms");
    }

    #[test]
    fn figures_that_no_run_yields_do_not_panic() {
        for wild in [f64::NAN, f64::INFINITY, -1.0, f64::MAX] {
            assert!(!span(wild).is_empty());
            assert!(!seconds(wild).is_empty());
            assert!(!rate(wild).is_empty());
            assert!(!bytes(wild).is_empty());
            assert!(!percent(wild).is_empty());
        }
    }
}
