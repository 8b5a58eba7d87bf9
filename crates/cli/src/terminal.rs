//! What the user sees while a run is under way, and the terminal's state.
//!
//! A live screen where there is a terminal for it, plain lines where there is none, nothing where
//! quiet was asked for. What stands on either is `render`'s; drawing on a terminal is `screen`'s.

use std::env;
use std::io::{self, IsTerminal};

use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;
use wsbench_load::result::Progress;
use wsbench_render::live::View;
use wsbench_render::style::Style;

use crate::args::{Format, OutputArgs};
use crate::exit::say;
use wsbench::{Observer, Wish};
use wsbench_record::document::Document;

use crate::interrupt::Interrupts;
#[cfg(feature = "screen")]
use crate::screen::Screen;
use crate::spelling::Flags;

/// Between two plain lines; a run that is over sooner has none.
const LINE_EVERY: Nanos = Nanos::from_secs(2);

/// For files: no colour.
pub(crate) const PLAIN: Style = Style {
    colour: false,
    width: 100,
    spelling: &Flags,
};

/// For standard output: colour where a terminal shows it and nobody objects.
pub(crate) fn style() -> Style {
    if !io::stdout().is_terminal() {
        return PLAIN;
    }
    Style {
        // https://no-color.org: any value but the empty one objects.
        colour: env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && !is_dumb(),
        width: columns().unwrap_or(PLAIN.width),
        ..PLAIN
    }
}

/// True if the terminal says of itself that it can do nothing but lines.
fn is_dumb() -> bool {
    env::var_os("TERM").is_some_and(|term| term == "dumb")
}

#[cfg(feature = "screen")]
fn columns() -> Option<u16> {
    crate::screen::columns()
}

#[cfg(not(feature = "screen"))]
fn columns() -> Option<u16> {
    env::var("COLUMNS").ok()?.parse().ok()
}

/// Gives the terminal back as it was; does nothing when it was not changed.
pub(crate) fn restore() {
    #[cfg(feature = "screen")]
    crate::screen::restore();
}

/// Shows how a run is going.
pub(crate) struct Display {
    plan: Plan,
    surface: Surface,
}

/// Surface on which it is shown.
enum Surface {
    /// The terminal's alternate screen.
    #[cfg(feature = "screen")]
    Screen(Screen),
    /// Lines on standard error.
    Lines {
        /// Instant at which the next one is due, since the run began.
        next: Nanos,
    },
    /// Nowhere.
    Nowhere,
}

impl Display {
    /// Chooses the surface from the flags, the terminal and the environment.
    pub(crate) fn open(plan: &Plan, output: &OutputArgs, interrupts: &Interrupts) -> Self {
        let surface = if output.shown() == Format::Quiet {
            Surface::Nowhere
        } else {
            Self::screen(plan, output, interrupts).unwrap_or(Surface::Lines { next: LINE_EVERY })
        };
        Self {
            plan: plan.clone(),
            surface,
        }
    }

    #[cfg(feature = "screen")]
    fn screen(plan: &Plan, output: &OutputArgs, interrupts: &Interrupts) -> Option<Surface> {
        let text = output.shown() == Format::Text;
        let wanted = text && !output.no_tui && io::stdout().is_terminal() && !is_dumb();
        if !wanted {
            return None;
        }
        // A terminal that refuses is no reason not to measure: lines will do.
        Screen::open(
            View::new(&Progress::default(), plan),
            style(),
            interrupts.clone(),
        )
        .ok()
        .map(Surface::Screen)
    }

    #[cfg(not(feature = "screen"))]
    fn screen(_: &Plan, _: &OutputArgs, _: &Interrupts) -> Option<Surface> {
        None
    }

    /// Shows where the run stands.
    fn show(&mut self, progress: &Progress) {
        match &mut self.surface {
            #[cfg(feature = "screen")]
            Surface::Screen(screen) => screen.show(View::new(progress, &self.plan)),
            Surface::Lines { next } if progress.elapsed >= *next => {
                say(&View::new(progress, &self.plan).line());
                *next = progress.elapsed + LINE_EVERY;
            }
            Surface::Lines { .. } => {}
            Surface::Nowhere => {}
        }
    }
}

impl Observer for Display {
    fn progress(&mut self, progress: &Progress) -> Wish {
        self.show(progress);
        Wish::Continue
    }

    /// Gives the terminal back: what comes next is the result.
    fn end(&mut self, _: &Document) {
        self.surface = Surface::Nowhere;
    }
}
