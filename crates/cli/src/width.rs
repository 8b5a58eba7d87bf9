//! The width of the terminal, which whoever writes to it asks.

use std::io::{self, IsTerminal};

/// Columns of the terminal; `None` where there is none.
#[cfg(feature = "screen")]
pub(crate) fn columns() -> Option<u16> {
    let (columns, _) = ratatui::crossterm::terminal::size().ok()?;
    Some(columns).filter(|columns| *columns > 0)
}

/// Columns of the terminal, as the environment says them.
#[cfg(not(feature = "screen"))]
pub(crate) fn columns() -> Option<u16> {
    std::env::var("COLUMNS").ok()?.parse().ok()
}

/// Columns of standard error; `None` where it is no terminal.
pub(crate) fn of_errors() -> Option<u16> {
    // Asked of whom there is first: where there is no terminal, looking for its size starts programs.
    if io::stderr().is_terminal() {
        columns()
    } else {
        None
    }
}
