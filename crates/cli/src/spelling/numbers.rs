//! Sizes, spans and rates as flags take them, each in the largest unit that has it whole.

use wsbench::quantity;
use wsbench_load::nanos::Nanos;

/// A size in the largest unit that has it whole.
pub(super) fn size(bytes: u32) -> String {
    match bytes {
        0 => "0".to_owned(),
        _ if bytes.is_multiple_of(1 << 20) => format!("{}m", bytes >> 20),
        _ if bytes.is_multiple_of(1 << 10) => format!("{}k", bytes >> 10),
        _ => bytes.to_string(),
    }
}

/// A span in the largest unit up to the second that has it whole.
pub(crate) fn span(span: Nanos) -> String {
    let Nanos(ns) = span;
    let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")];
    let whole = units.into_iter().find(|(unit, _)| ns % unit == 0);
    let (unit, name) = whole.unwrap_or((1, "ns"));
    format!("{}{name}", ns / unit)
}

/// A rate, a second where that has it exactly.
pub(super) fn rate(per_s: f64) -> String {
    let whole = |factor: f64, unit: &str| format!("{}{unit}", per_s / factor);
    let candidates = [
        whole(1e6, "m"),
        whole(1e3, "k"),
        whole(1.0, ""),
        whole(1.0 / 60.0, "/m"),
        whole(1.0 / 3_600.0, "/h"),
        whole(1e3, "/ms"),
    ];
    let is_short = |text: &String| !text.contains('.') || text.ends_with(char::is_numeric);
    let is_it = |text: &&String| quantity::rate_per_s(text) == Ok(per_s);
    let exact = candidates.iter().filter(|text| is_short(text)).find(is_it);
    let exact = exact.or_else(|| candidates.iter().find(is_it));
    exact.cloned().unwrap_or_else(|| per_s.to_string())
}
