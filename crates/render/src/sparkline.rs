//! A row of small bars. Its axis begins at zero: a bar half as high is half as much.

use crate::style::Glyphs;

/// The values as bars, at most `columns` of them: neighbours are averaged where there are more.
/// Zero is a space. Empty without values or columns.
pub(crate) fn sparkline(values: &[f64], columns: usize, glyphs: Glyphs) -> String {
    let columns = columns.min(values.len());
    let averaged: Vec<f64> = (0..columns)
        .map(|column| {
            let from = column * values.len() / columns;
            let to = (column + 1) * values.len() / columns;
            values[from..to].iter().sum::<f64>() / (to - from) as f64
        })
        .collect();
    let top = averaged.iter().copied().fold(0.0, f64::max);
    averaged
        .iter()
        .map(|value| glyphs.bar(value / top))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_begin_at_zero_and_neighbours_are_averaged() {
        let sparkline =
            |values: &[f64], columns| super::sparkline(values, columns, Glyphs::Unicode);
        assert_eq!(sparkline(&[0.0, 1.0, 4.0, 8.0], 10), " ▁▄█");
        assert_eq!(sparkline(&[2.0, 6.0, 8.0, 8.0], 2), "▄█");
        assert_eq!(sparkline(&[], 10), "");
        assert_eq!(sparkline(&[1.0], 0), "");
        assert_eq!(sparkline(&[0.0, 0.0], 2), "  ");
        let ascii = super::sparkline(&[0.0, 1.0, 4.0, 8.0], 10, Glyphs::Ascii);
        assert_eq!(ascii, " .:#");
    }
}
