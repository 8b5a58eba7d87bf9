//! Cores as `taskset -c` takes them: `2`, `2-3`, `0,2-3`.

use std::collections::BTreeSet;
use std::fmt;

use super::QuantityError;

/// Highest core number that is read: the kernel's own limit is 8192 (`CONFIG_NR_CPUS`).
const MAX_CPU: usize = 8191;

/// Cores by number, in rising order, each once; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuList(pub Vec<usize>);

impl fmt::Display for CpuList {
    /// Writes the list as it may be read again: `0,2,3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(usize::to_string).collect();
        f.write_str(&numbers.join(","))
    }
}

/// Cores by number and range: `2`, `2-3`, `0,2-3`, as `taskset -c` takes them.
///
/// # Errors
/// A part that is no number, a range that ends below its start, a core beyond 8191.
pub fn cpu_list(text: &str) -> Result<CpuList, QuantityError> {
    const EXAMPLE: &str = "2-3,5";
    let number = |part: &str| -> Result<usize, QuantityError> {
        let part = part.trim();
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits {
            return Err(QuantityError::NotANumber {
                text: part.to_owned(),
                example: EXAMPLE,
            });
        }
        match part.parse() {
            Ok(cpu) if cpu <= MAX_CPU => Ok(cpu),
            _ => Err(QuantityError::TooLarge {
                text: part.to_owned(),
                limit: "8191",
            }),
        }
    };
    let mut cpus = BTreeSet::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(first)?, number(last)?);
        if last < first {
            return Err(QuantityError::Reversed {
                text: part.to_owned(),
                example: EXAMPLE,
            });
        }
        cpus.extend(first..=last);
    }
    Ok(CpuList(cpus.into_iter().collect()))
}
