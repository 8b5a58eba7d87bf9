//! Shares of a whole as people write them: `5%`, `0.1%`.

use super::QuantityError;

const EXAMPLE: &str = "5%";

/// A share, from nothing to all: `5%`, `0.1%`, `0`. The answer is from 0 to 1.
///
/// # Errors
/// Anything but a number of hundredths with its sign, and more than all. Without the sign it could
/// be meant either way, so only zero goes without.
pub fn share(text: &str) -> Result<f64, QuantityError> {
    let text = text.trim();
    let number = text.strip_suffix('%');
    let digits = number.unwrap_or(text).trim_end();
    let is_number = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    let percent = digits.parse::<f64>().ok().filter(|_| is_number);
    let Some(percent) = percent else {
        return Err(QuantityError::NotANumber {
            text: text.to_owned(),
            example: EXAMPLE,
        });
    };
    if number.is_none() && percent > 0.0 {
        return Err(QuantityError::NoPercent {
            number: text.to_owned(),
        });
    }
    if percent > 100.0 {
        return Err(QuantityError::TooLarge {
            text: text.to_owned(),
            limit: "100%",
        });
    }
    Ok(percent / 100.0)
}

/// A share in words that are read as it: `5%`.
#[must_use]
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let short = (percent * 1e9).round() / 1e9;
    let exact = [short, percent].into_iter().find(|it| it / 100.0 == share);
    format!("{}%", exact.unwrap_or(percent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_with_their_sign_and_written_so_that_they_are_read_again() {
        for (text, value) in [("5%", 0.05), ("0.1 %", 0.001), ("0", 0.0), ("100%", 1.0)] {
            assert_eq!(share(text), Ok(value), "{text}");
        }
        for hundredths in 0..=10_000_u32 {
            let value = f64::from(hundredths) / 100.0 / 100.0;
            assert_eq!(share(&percent(value)), Ok(value), "{value}");
        }
        for wrong in [
            "", "%", "-1%", "5", "0.05", "101%", "5 %%", "1e3%", "NaN%", "inf%",
        ] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }
}
