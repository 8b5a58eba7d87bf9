//! What the user sees while a run is under way, and the terminal's state.
//!
//! A live screen where there is a terminal for it, plain lines where there is none, nothing where
//! quiet was asked for. What stands on either is `render`'s; drawing on a terminal is `screen`'s.

use std::env;
use std::io::{self, IsTerminal};
#[cfg(feature = "screen")]
use std::time::Instant;

use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;
use wsbench_load::result::Progress;
use wsbench_render::live;
#[cfg(feature = "screen")]
use wsbench_render::live::View;
#[cfg(feature = "screen")]
use wsbench_render::live::experiment::{Course, ExperimentKind};
use wsbench_render::style::{Glyphs, Style};

use crate::exit::say;
use crate::output_args::{Format, OutputArgs};
use wsbench::{Observer, Wish};
#[cfg(feature = "screen")]
use wsbench_experiment::runner::Step;
use wsbench_record::document::{Document, RunContext, Server};

use crate::interrupt::Interrupts;
#[cfg(feature = "screen")]
use crate::screen::{Scene, Screen};
use crate::spelling::Flags;
use crate::width;

/// Between two plain lines; a run that is over sooner has none.
const LINE_EVERY: Nanos = Nanos::from_secs(2);

/// For files: no colour.
pub(crate) const PLAIN: Style = Style {
    colour: false,
    width: 100,
    spelling: &Flags,
    glyphs: Glyphs::Unicode,
};

/// For standard output: colour where a terminal shows it and nobody objects.
pub(crate) fn style() -> Style {
    let glyphs = glyphs();
    if !io::stdout().is_terminal() {
        return Style { glyphs, ..PLAIN };
    }
    Style {
        glyphs,
        // https://no-color.org: any value but the empty one objects.
        colour: env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && !is_dumb(),
        width: width::columns().unwrap_or(PLAIN.width),
        ..PLAIN
    }
}

/// Characters that the locale can show.
fn glyphs() -> Glyphs {
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let mut locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(set);
    shown_by(locale.next().as_deref())
}

/// Characters that a locale of this name can show: those of UTF-8 where it names that, or where
/// nothing is named.
fn shown_by(locale: Option<&str>) -> Glyphs {
    let Some(locale) = locale else {
        return Glyphs::Unicode;
    };
    let charset = locale.split_once('.').map_or("", |(_, charset)| charset);
    let charset = charset.to_ascii_lowercase().replace('-', "");
    if charset.starts_with("utf8") {
        Glyphs::Unicode
    } else {
        Glyphs::Ascii
    }
}

/// True if the terminal says of itself that it can do nothing but lines.
fn is_dumb() -> bool {
    env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Gives the terminal back as it was; does nothing when it was not changed.
pub(crate) fn restore() {
    #[cfg(feature = "screen")]
    crate::screen::restore();
}

/// True where a screen is wanted: results are shown as text on a terminal that can do it.
#[cfg(feature = "screen")]
pub(crate) fn has_screen(output: &OutputArgs) -> bool {
    let is_text = output.shown() == Format::Text;
    is_text && !output.no_tui && io::stdout().is_terminal() && !is_dumb()
}

/// Shows how a run is going.
pub(crate) struct Display {
    plan: Plan,
    context: RunContext,
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
    /// Chooses the surface from the flags, the terminal and the environment, for a run in these
    /// surroundings.
    pub(crate) fn open(
        plan: &Plan,
        context: RunContext,
        output: &OutputArgs,
        interrupts: &Interrupts,
    ) -> Self {
        let surface = if output.shown() == Format::Quiet {
            Surface::Nowhere
        } else {
            Self::screen(plan, &context, output, interrupts)
                .unwrap_or(Surface::Lines { next: LINE_EVERY })
        };
        Self {
            plan: plan.clone(),
            context,
            surface,
        }
    }

    #[cfg(feature = "screen")]
    fn screen(
        plan: &Plan,
        context: &RunContext,
        output: &OutputArgs,
        interrupts: &Interrupts,
    ) -> Option<Surface> {
        if !has_screen(output) {
            return None;
        }
        // A terminal that refuses is no reason not to measure: lines will do.
        let first = View::new(&Progress::default(), plan, context, &Flags);
        let first = Scene::Run(Box::new(first));
        Screen::open(first, style(), interrupts.clone())
            .ok()
            .map(Surface::Screen)
    }

    #[cfg(not(feature = "screen"))]
    fn screen(_: &Plan, _: &RunContext, _: &OutputArgs, _: &Interrupts) -> Option<Surface> {
        None
    }

    /// Shows where the run stands.
    fn show(&mut self, progress: &Progress) {
        match &mut self.surface {
            #[cfg(feature = "screen")]
            Surface::Screen(screen) => {
                let view = View::new(progress, &self.plan, &self.context, &Flags);
                screen.show(Scene::Run(Box::new(view)));
            }
            Surface::Lines { next } if progress.elapsed >= *next => {
                say(&live::line(progress, &self.plan));
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

    fn heeds_server(&self) -> bool {
        !matches!(self.surface, Surface::Lines { .. } | Surface::Nowhere)
    }

    fn server(&mut self, used: &Server) {
        self.context.server = Some(*used);
    }

    /// Gives the terminal back: what comes next is the result.
    fn end(&mut self, _: &Document) {
        self.surface = Surface::Nowhere;
    }
}

/// Shows how an experiment is going, where there is a screen for it.
#[cfg(feature = "screen")]
pub(crate) struct Experiments {
    plan: Plan,
    course: Course,
    began: Instant,
    screen: Screen,
}

#[cfg(feature = "screen")]
impl Experiments {
    /// The screen of an experiment whose runs are like `plan` and that may take so long; `None`
    /// where lines are wanted, or nothing.
    pub(crate) fn open(
        kind: ExperimentKind,
        plan: &Plan,
        limit: Option<Nanos>,
        output: &OutputArgs,
        interrupts: &Interrupts,
    ) -> Option<Self> {
        if !has_screen(output) {
            return None;
        }
        let course = Course::new(kind, plan, limit.map(Nanos::as_secs_f64));
        let began = Instant::now();
        let first = Scene::Experiment(Box::new(course.clone()), began);
        Some(Self {
            plan: plan.clone(),
            screen: Screen::open(first, style(), interrupts.clone()).ok()?,
            course,
            began,
        })
    }

    fn show(&self) {
        let course = Box::new(self.course.clone());
        self.screen.show(Scene::Experiment(course, self.began));
    }
}

#[cfg(feature = "screen")]
impl Observer for Experiments {
    fn begin(&mut self, plan: &Plan) {
        self.plan = plan.clone();
        self.course.begins(plan);
        self.show();
    }

    fn progress(&mut self, progress: &Progress) -> Wish {
        self.course.progress(progress, &self.plan);
        self.show();
        Wish::Continue
    }

    fn step(&mut self, step: &Step<'_>) {
        self.course
            .step(&step.name, step.document, step.trial, step.left_s);
        self.show();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_that_is_not_utf_8_is_shown_ascii() {
        for locale in [
            None,
            Some("en_US.UTF-8"),
            Some("C.utf8"),
            Some("de_DE.utf8@euro"),
        ] {
            assert_eq!(shown_by(locale), Glyphs::Unicode, "{locale:?}");
        }
        for locale in ["C", "POSIX", "en_US", "de_DE.ISO-8859-15"] {
            assert_eq!(shown_by(Some(locale)), Glyphs::Ascii, "{locale}");
        }
    }
}
