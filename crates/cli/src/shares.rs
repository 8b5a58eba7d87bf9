//! Percentiles as people list them: `50,90,99.9`.

use thiserror::Error;

/// Percentiles, rising, each as a share of one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shares(pub(crate) Vec<f64>);

/// A text that lists no percentiles.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("'{word}' is no percentile: write numbers above 0 and below 100, like 50,90,99.9")]
pub(crate) struct NoPercentile {
    word: String,
}

/// Reads a list; each number may have a `p` before it.
///
/// # Errors
/// [`NoPercentile`] with the first word that is none.
pub(crate) fn parse(text: &str) -> Result<Shares, NoPercentile> {
    let share = |word: &str| {
        let number = word.trim().trim_start_matches(['p', 'P']);
        let percent: Option<f64> = number.parse().ok();
        let percent = percent.filter(|percent| *percent > 0.0 && *percent < 100.0);
        percent
            // Rounded, for a hundredth is no binary number.
            .map(|percent| (percent * 1e6).round() / 1e8)
            .ok_or_else(|| NoPercentile {
                word: word.to_owned(),
            })
    };
    let mut shares: Vec<f64> = text.split(',').map(share).collect::<Result<_, _>>()?;
    shares.sort_by(f64::total_cmp);
    shares.dedup();
    Ok(Shares(shares))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_listed_as_people_write_them() {
        let shares = |text| parse(text).map(|shares| shares.0);
        assert_eq!(shares("99.9, p50,90,50"), Ok(vec![0.5, 0.9, 0.999]));
        for word in ["", "100", "0", "p", "-1", "x", "50,,90", "nan"] {
            assert!(shares(word).is_err(), "{word}");
        }
    }
}
