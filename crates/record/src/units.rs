//! Figures as people read them: three digits and the unit that suits.
//!
//! Every renderer writes spans, rates, bytes and counts through here, so that a figure looks the
//! same wherever it is shown. Machines read the document, never these words.

/// Stands for a figure that is not known.
pub const UNKNOWN: &str = "—";

/// Precedes a figure that rests on few samples.
pub const LOW: &str = "~";

/// Precedes a figure that is longer than known, because some messages were never answered.
pub const MORE: &str = "≥ ";

/// Precedes half an interval about a figure.
pub const EITHER_SIDE: &str = "±";

/// Steps of a unit, rising: how many of the smallest, and its name.
type Steps = [(f64, &'static str)];

const SPAN: &Steps = &[(1.0, " ns"), (1e3, " µs"), (1e6, " ms"), (1e9, " s")];

const RATE: &Steps = &[(1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G")];

const BYTES: &Steps = &[
    (1.0, " B"),
    (1e3, " kB"),
    (1e6, " MB"),
    (1e9, " GB"),
    (1e12, " TB"),
];

/// A span of nanoseconds: `410 ns`, `12.3 µs`, `1.20 ms`, `3.45 s`, `7,200 s`.
///
/// ```
/// assert_eq!(wsbench_record::units::span(999_600.0), "1.00 ms", "rounded before the unit is chosen");
/// ```
#[must_use]
pub fn span(ns: f64) -> String {
    scaled(ns, SPAN)
}

/// A span given in seconds, for lengths of runs: `10 s`, `1.5 s`, `250 ms`.
#[must_use]
pub fn seconds(s: f64) -> String {
    let text = span(s * 1e9);
    match text.split_once(' ') {
        Some((digits, unit)) if digits.contains('.') => {
            let digits = digits.trim_end_matches('0').trim_end_matches('.');
            format!("{digits} {unit}")
        }
        _ => text,
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

/// A rate that was asked for, without zeros that say nothing: `20k`, `1.5M`.
#[must_use]
pub fn asked_rate(per_s: f64) -> String {
    let text = rate(per_s);
    let unit = text.trim_start_matches(|letter: char| !letter.is_alphabetic());
    let digits = &text[..text.len() - unit.len()];
    if !digits.contains('.') {
        return text;
    }
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    format!("{digits}{unit}")
}

/// An amount of bytes in decimal units: `512 B`, `1.20 MB`.
#[must_use]
pub fn bytes(amount: f64) -> String {
    scaled(amount, BYTES)
}

/// A size that was asked for, as whoever asked wrote it, where k is 1024: `30 B`, `4 KiB`, `64 MiB`,
/// `1,500 B`. What was measured is in decimal units ([`bytes`]).
#[must_use]
pub fn size(amount: u64) -> String {
    let units = [(1 << 20, "MiB"), (1 << 10, "KiB")];
    let whole = units
        .into_iter()
        .find(|(unit, _)| amount >= *unit && amount.is_multiple_of(*unit));
    let (unit, name) = whole.unwrap_or((1, "B"));
    format!("{} {name}", count(amount / unit))
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
    let (stem, plural) = match noun.strip_suffix('y') {
        _ if number == 1 => (noun, ""),
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => (stem, "ies"),
        _ if noun.ends_with('s') => (noun, "es"),
        _ => (noun, "s"),
    };
    format!("{} {stem}{plural}", count(number))
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

/// A part as a share of a whole that it may exceed: `23 % of`, beyond the whole `1.8 times`.
#[must_use]
pub fn share_of(part: f64) -> String {
    match part {
        ..=1.0 => format!("{} of", percent(part)),
        1.0..9.95 => format!("{part:.1} times"),
        _ => format!("{part:.0} times"),
    }
}

/// A change of a level by so much of it from the beginning to the end, as people say it: `rose by
/// 23 %`, beyond half of it `rose 2.3-fold`.
#[must_use]
pub fn drift(share: f64) -> String {
    let way = if share > 0.0 { "rose" } else { "fell" };
    let size = share.abs();
    if size <= 0.5 {
        return format!("{way} by {}", percent(size));
    }
    // About the level in the middle: from half of the drift below it to half above.
    match (1.0 + size / 2.0) / (1.0 - size / 2.0) {
        fold if size < 1.8 => format!("{way} {fold:.1}-fold"),
        _ => format!("{way} more than tenfold"),
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

/// A figure and where it lies, in one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranged {
    /// The figure with its unit: `227 µs`.
    pub value: String,
    /// Half the interval, in the same unit and to the same digit: `±1`; `None` where the interval
    /// does not lie evenly about the value.
    pub half: Option<String>,
    /// Both ends of the interval with their unit: `529–765 µs`.
    pub ends: String,
}

impl Ranged {
    /// An interval whose longer side is no more than this share of the value is told by that side.
    const EVEN: f64 = 0.10;

    /// A span, ns, with the ends of its interval.
    #[must_use]
    pub fn span(ns: f64, low: f64, high: f64) -> Self {
        Self::of(ns, low, high, SPAN)
    }

    /// A number a second with the ends of its interval.
    #[must_use]
    pub fn rate(per_s: f64, low: f64, high: f64) -> Self {
        Self::of(per_s, low, high, RATE)
    }

    /// An amount of bytes with the ends of its interval.
    #[must_use]
    pub fn bytes(amount: f64, low: f64, high: f64) -> Self {
        Self::of(amount, low, high, BYTES)
    }

    fn of(value: f64, low: f64, high: f64, steps: &Steps) -> Self {
        let (size, unit) = step(value, steps);
        let (scaled, low_half, high_half) =
            (value / size, (value - low) / size, (high - value) / size);
        let half = low_half.max(high_half);
        let is_whole = size == 1.0;
        let mut digits = decimals(scaled, is_whole);
        let is_even = (low_half - high_half).abs() <= 10_f64.powi(-(digits as i32))
            || half <= Self::EVEN * scaled;
        // The interval's last digit decides the value's: two are told of it at most, two only where
        // they begin with a one.
        while is_even && digits > 0 && half * 10_f64.powi(digits as i32) >= 19.5 {
            digits -= 1;
        }
        let least = 10_f64.powi(-(digits as i32));
        let rounded = (scaled / least).round() * least;
        // Rounded outwards, with what the value was rounded by: what is printed holds the interval.
        let outer = upwards((half + (scaled - rounded).abs()) / least).max(1.0) * least;
        Self {
            value: format!("{scaled:.digits$}{unit}"),
            half: is_even.then(|| format!("±{outer:.digits$}")),
            ends: ends(low, high, steps),
        }
    }
}

/// The next whole number, but for what binary fractions are off by.
fn upwards(value: f64) -> f64 {
    (value - 1e-6).ceil()
}

/// Both ends of an interval, rounded outwards, in the unit of the upper one: `0.95–4.31 ms`.
fn ends(low: f64, high: f64, steps: &Steps) -> String {
    let (size, unit) = step(high, steps);
    let (low, high) = (low / size, high / size);
    let digits = decimals(high, size == 1.0);
    // Two digits of the lower end at least, however far below the upper one it is.
    let of_low = match low {
        _ if size == 1.0 => 0,
        1e-6..9.5 => digits.max((1.0 - low.log10().floor()) as usize),
        _ => digits,
    };
    let (low_unit, high_unit) = (10_f64.powi(of_low as i32), 10_f64.powi(digits as i32));
    let low = -upwards(-low * low_unit) / low_unit;
    let high = upwards(high * high_unit) / high_unit;
    format!("{:.of_low$}–{high:.digits$}{unit}", low.max(0.0))
}

/// The value in the smallest step that leaves fewer than four digits before the point.
fn scaled(value: f64, steps: &Steps) -> String {
    let (size, name) = step(value, steps);
    let scaled = value / size;
    let digits = if scaled >= 999.5 {
        count(scaled.round() as u64)
    } else {
        let digits = decimals(scaled, value == value.round() && size == 1.0);
        format!("{scaled:.digits$}")
    };
    format!("{digits}{name}")
}

/// The step in which a value has fewer than four digits before the point.
fn step(value: f64, steps: &Steps) -> (f64, &'static str) {
    let fits = |(size, _): &(f64, &str)| value / size < 999.5;
    steps
        .iter()
        .copied()
        .find(fits)
        .unwrap_or(steps[steps.len() - 1])
}

/// Digits behind the point that make three in all; none of what is whole.
fn decimals(scaled: f64, is_whole: bool) -> usize {
    if scaled >= 99.95 || is_whole {
        0
    } else if scaled >= 9.995 {
        1
    } else {
        2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_keep_three_digits_across_every_border() {
        let cases: [(f64, &str); 14] = [
            (0.0, "0 ns"),
            (1.0, "1 ns"),
            (999.0, "999 ns"),
            (1_000.0, "1.00 µs"),
            (9_994.0, "9.99 µs"),
            (9_996.0, "10.0 µs"),
            (99_960.0, "100 µs"),
            (410_000.0, "410 µs"),
            (999_499.0, "999 µs"),
            (999_500.0, "1.00 ms"),
            (1_234_000_000.0, "1.23 s"),
            (999_000_000_000.0, "999 s"),
            (3_600_000_000_000.0, "3,600 s"),
            (12.4, "12.4 ns"),
        ];
        for (ns, words) in cases {
            assert_eq!(span(ns), words);
        }
    }

    #[test]
    fn a_figure_and_its_interval_have_one_unit_and_one_last_digit() {
        let within = |value, low, high| {
            let within = Ranged::span(value, low, high);
            (within.value, within.half.unwrap_or_default(), within.ends)
        };
        let cases: [(f64, f64, f64, &str, &str, &str); 9] = [
            (227e3, 226.2e3, 227.9e3, "227 µs", "±1", "226–228 µs"),
            (81.4e3, 80.2e3, 82.6e3, "81.4 µs", "±1.2", "80.2–82.6 µs"),
            (81.4e3, 79.2e3, 83.6e3, "81 µs", "±3", "79.2–83.6 µs"),
            (81.4e3, 81.0e3, 81.8e3, "81.4 µs", "±0.4", "81.0–81.8 µs"),
            (702e3, 664e3, 740e3, "702 µs", "±38", "664–740 µs"),
            (1.04e6, 1.01e6, 1.07e6, "1.04 ms", "±0.03", "1.01–1.07 ms"),
            (999.7e3, 0.98e6, 1.02e6, "1.00 ms", "±0.03", "0.98–1.02 ms"),
            (2.1e6, 0.957e6, 4.31e6, "2.10 ms", "", "0.95–4.31 ms"),
            (50.0, 50.0, 50.0, "50 ns", "±1", "50–50 ns"),
        ];
        for (value, low, high, words, half, ends) in cases {
            let expected = (words.to_owned(), half.to_owned(), ends.to_owned());
            assert_eq!(within(value, low, high), expected);
        }
        let (value, half, _) = within(999.7e3, 0.0, f64::INFINITY);
        assert!(value.starts_with('1') && half.is_empty(), "{value} {half}");
    }

    #[test]
    fn rates_and_bytes_have_intervals_in_one_unit_too() {
        assert_eq!(Ranged::bytes(2_100.0, 957.0, 4_310.0).ends, "0.95–4.31 kB");
        let rate = Ranged::rate(272_000.0, 270_400.0, 273_600.0);
        assert_eq!(
            (rate.value.as_str(), rate.half.as_deref()),
            ("272k", Some("±2"))
        );
        assert_eq!(rate.ends, "270–274k");
    }

    #[test]
    fn lengths_drop_zeros_that_say_nothing() {
        assert_eq!(seconds(10.0), "10 s");
        assert_eq!(seconds(1.5), "1.5 s");
        assert_eq!(seconds(0.25), "250 ms");
        assert_eq!(seconds(120.0), "120 s");
        assert_eq!(seconds(0.0), "0 ns");
    }

    #[test]
    fn rates_bytes_counts_and_shares() {
        for (amount, told) in [
            (0, "0 B"),
            (30, "30 B"),
            (1_024, "1 KiB"),
            (4_096, "4 KiB"),
            (4_097, "4,097 B"),
            (64 << 20, "64 MiB"),
        ] {
            assert_eq!(size(amount), told);
        }
        assert_eq!(rate(84_190.0), "84.2k");
        assert_eq!(rate(950.0), "950");
        assert_eq!(rate(0.5), "0.50");
        assert_eq!(asked_rate(20_000.0), "20k");
        assert_eq!(asked_rate(1_500_000.0), "1.5M");
        assert_eq!(asked_rate(100.0), "100");
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
        assert_eq!(share_of(0.23), "23 % of");
        assert_eq!(share_of(735.09), "735 times");
        assert_eq!(drift(0.23), "rose by 23 %");
        assert_eq!(drift(-1.0), "fell 3.0-fold");
        assert_eq!(drift(-1.83), "fell more than tenfold");
        for wild in [f64::NAN, f64::INFINITY, -3.0] {
            assert!(!drift(wild).contains('%') && !share_of(wild).is_empty());
        }
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
