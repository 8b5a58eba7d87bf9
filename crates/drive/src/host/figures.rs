//! Figures as the kernel writes them in `/proc` and `/sys`.

use std::fs;

/// The first word of a file; `None` when it cannot be read or is empty.
pub(super) fn word(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.split_whitespace().next().map(str::to_owned)
}

/// The number that a file begins with.
pub(super) fn number(path: &str) -> Option<u64> {
    word(path)?.parse().ok()
}

/// The value of the first line `name: value`; empty when there is none.
pub(super) fn field(text: &str, name: &str) -> String {
    text.lines()
        .find(|line| line.starts_with(name))
        .and_then(|line| line.split_once(':'))
        .map(|(_, value)| value.trim().to_owned())
        .unwrap_or_default()
}

/// The number of a figure such as `1024 kB`.
pub(super) fn kibibytes(figure: &str) -> u64 {
    figure
        .split_whitespace()
        .next()
        .and_then(|kib| kib.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_found_by_its_name() {
        let text = "MemTotal:       4029 kB\nMemFree:  12 kB\n";
        assert_eq!(kibibytes(&field(text, "MemFree")), 12);
        assert_eq!(field(text, "SwapFree"), "");
    }
}
