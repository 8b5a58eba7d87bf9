//! The course of a run in the interval log format of HdrHistogram (`.hlog`), which its tools read.
//!
//! One line an interval and kind of time, each with its whole histogram: format 1.3 as the Java
//! `HistogramLogWriter` has it. Times stand in seconds since the opening of the measured window,
//! which `BaseTime` gives since the epoch; the longest span of an interval stands in milliseconds.

use std::fmt::Write as _;

use thiserror::Error;
use wsbench_load::series::Series;
use wsbench_record::document::{Document, Slice, unix_ms};

use crate::foreign::printable;
use crate::order::response_first;

/// Nanoseconds to the millisecond.
const NS_PER_MS: f64 = 1e6;

/// Why there is no log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HlogError {
    /// The document does not carry its course: it was too short, or stored by an older version.
    #[error("the document has no slices with histograms: there is no course to write")]
    NoSlices,
}

/// The log as text: a line a slice for each series that slices have.
///
/// # Errors
/// When the document has no slices with samples.
pub fn log(document: &Document) -> Result<String, HlogError> {
    let base_s = unix_ms(&document.started_at).unwrap_or(0) as f64 / 1e3;
    let mut text = String::from("#[Histogram log format version 1.3]\n");
    let _ = writeln!(text, "#[wsbench {}]", printable(&document.tool_version));
    let _ = writeln!(
        text,
        "#[StartTime: {base_s:.3} (seconds since epoch), {}]",
        printable(&document.started_at)
    );
    let _ = writeln!(text, "#[BaseTime: {base_s:.3} (seconds since epoch)]");
    text.push_str(
        "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n",
    );
    let before = text.len();
    for slice in &document.slices {
        for series in response_first(&Series::IN_SLICES) {
            line(&mut text, slice, series);
        }
    }
    if text.len() == before {
        return Err(HlogError::NoSlices);
    }
    Ok(text)
}

/// One line; none where nothing was recorded.
fn line(text: &mut String, slice: &Slice, series: Series) {
    let (Some(packed), Some(spans)) = (slice.packed(series), slice.at(series)) else {
        return;
    };
    let Some(longest) = spans.max() else { return };
    let start_s = (slice.at_s - slice.length_s).max(0.0);
    let _ = writeln!(
        text,
        "Tag={},{start_s:.3},{:.3},{:.3},{packed}",
        series.info().name,
        slice.length_s,
        longest.0 as f64 / NS_PER_MS
    );
}
