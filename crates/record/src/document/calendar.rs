//! A wall-clock reading as RFC 3339 writes it. It converts a number that it is given; it is not a
//! clock.

/// Milliseconds since the Unix epoch as RFC 3339 in UTC: `2026-11-22T10:15:30.250Z`.
///
/// The date is found by counting in eras of 400 years, which the Gregorian calendar repeats
/// (Hinnant, "chrono-compatible low-level date algorithms").
#[must_use]
pub fn rfc3339(unix_ms: u64) -> String {
    const DAY_MS: u64 = 86_400_000;
    const DAYS_IN_ERA: u64 = 146_097;
    // Counting from 1 March of year 0 puts the leap day at the end of its year.
    let days = unix_ms / DAY_MS + 719_468;
    let (era, day_of_era) = (days / DAYS_IN_ERA, days % DAYS_IN_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);

    let of_day = unix_ms % DAY_MS;
    let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (second, milli) = (of_day / 1_000 % 60, of_day % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// The reverse: what [`rfc3339`] wrote, in milliseconds since the Unix epoch. `None` of anything
/// else, also of a date before 1970.
pub(super) fn unix_ms(text: &str) -> Option<u64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let milli = number(20, 23)?;
    // The same count of days from 1 March of year 0, the other way round.
    let shifted_year = year.checked_sub(u64::from(month <= 2))?;
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let (era, year_of_era) = (shifted_year / 400, shifted_year % 400);
    let day_of_year = (153 * shifted_month + 2) / 5 + day.checked_sub(1)?;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = (era * 146_097 + day_of_era).checked_sub(719_468)?;
    let unix_ms = days * 86_400_000 + hour * 3_600_000 + minute * 60_000 + second * 1_000 + milli;
    // Whatever is written otherwise, such as a 31st of February, does not come back as it was.
    (rfc3339(unix_ms) == text).then_some(unix_ms)
}

#[cfg(test)]
mod tests {
    use super::{rfc3339, unix_ms};

    #[test]
    fn what_is_written_is_read_again() {
        for at in [
            0,
            951_782_400_000,
            951_868_799_999,
            4_107_542_400_000,
            1_767_225_599_001,
        ] {
            assert_eq!(unix_ms(&rfc3339(at)), Some(at));
        }
        for wrong in [
            "",
            "2026-02-31T00:00:00.000Z",
            "2026-01-01T00:00:00Z",
            "1969-12-31T23:59:59.000Z",
        ] {
            assert_eq!(unix_ms(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn dates_around_leap_days_and_centuries() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(rfc3339(951_868_799_999), "2000-02-29T23:59:59.999Z");
        assert_eq!(rfc3339(1_709_251_200_000), "2024-03-01T00:00:00.000Z");
        assert_eq!(rfc3339(4_107_542_400_000), "2100-03-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_767_225_599_001), "2025-12-31T23:59:59.001Z");
    }
}
