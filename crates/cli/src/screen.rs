//! The live screen: a thread that owns the terminal while a run is under way.
//!
//! It draws what it is handed, follows the window's size and listens to the keyboard, so that a
//! resize or a key is answered at once although the run reports once a second. The terminal is
//! given back whatever happens: at the end, at a second interrupt, and before a panic is printed.

use std::io::{self, Stdout};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::{cursor, execute, terminal};
use wsbench_render::live::View;
use wsbench_render::style::Style;

use crate::interrupt::Interrupts;

/// Time for which a new view or the end of the run may wait for the thread to look.
const GLANCE: Duration = Duration::from_millis(100);

/// True where the terminal is ours now, and has to be given back.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal's width, if there is a terminal.
pub(crate) fn columns() -> Option<u16> {
    terminal::size()
        .ok()
        .map(|(columns, _)| columns)
        .filter(|columns| *columns > 0)
}

/// Gives the terminal back, once.
pub(crate) fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // Each step is tried though another may fail: half a terminal is better than none.
        let _ = execute!(io::stdout(), terminal::LeaveAlternateScreen, cursor::Show);
        let _ = terminal::disable_raw_mode();
    }
}

/// Takes the terminal: raw mode, the alternate screen, no cursor.
fn take() -> io::Result<Terminal<CrosstermBackend<Stdout>>> {
    static RESTORE_BEFORE_PANIC: Once = Once::new();
    RESTORE_BEFORE_PANIC.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            restore();
            print(info);
        }));
    });
    TAKEN.store(true, Ordering::SeqCst);
    terminal::enable_raw_mode()?;
    execute!(io::stdout(), terminal::EnterAlternateScreen, cursor::Hide)?;
    Terminal::new(CrosstermBackend::new(io::stdout()))
}

/// A live screen; dropping it gives the terminal back.
pub(crate) struct Screen {
    views: Option<Sender<View>>,
    thread: Option<JoinHandle<()>>,
}

impl Screen {
    /// Takes the terminal and draws `first`.
    ///
    /// # Errors
    /// When the terminal refuses; it is then as it was.
    pub(crate) fn open(first: View, style: Style, interrupts: Interrupts) -> io::Result<Self> {
        let terminal = take().inspect_err(|_| restore())?;
        let (views, received) = mpsc::channel();
        let thread = thread::spawn(move || {
            let painter = Painter {
                terminal,
                view: first,
                style,
                interrupts,
            };
            // A terminal that has gone away is nothing to stop a measurement for.
            let _ = painter.paint(&received);
            restore();
        });
        Ok(Self {
            views: Some(views),
            thread: Some(thread),
        })
    }

    /// Draws `view` from now on.
    pub(crate) fn show(&self, view: View) {
        if let Some(views) = &self.views {
            // The thread has ended when the terminal has gone; then nobody looks.
            let _ = views.send(view);
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        drop(self.views.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there has been printed by its hook, after the terminal was given back.
            let _ = thread.join();
        }
        restore();
    }
}

/// Equipment of the thread.
struct Painter {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    view: View,
    style: Style,
    interrupts: Interrupts,
}

impl Painter {
    /// Draws until there are no more views to come, or the terminal was given back elsewhere.
    fn paint(mut self, views: &Receiver<View>) -> io::Result<()> {
        self.draw()?;
        while TAKEN.load(Ordering::SeqCst) {
            let resized = event::poll(GLANCE)? && self.answer(&event::read()?);
            let Ok(newer) = latest(views) else {
                return Ok(());
            };
            if resized || newer.is_some() {
                self.view = newer.unwrap_or(self.view);
                self.draw()?;
            }
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        let (view, style) = (&self.view, self.style);
        self.terminal
            .draw(|frame| wsbench_render::screen::draw(frame, view, style))
            .map(|_| ())
    }

    /// Answers a key; says whether the window has another size now.
    fn answer(&self, event: &Event) -> bool {
        match event {
            Event::Key(key) => match meaning(key) {
                Some(Meaning::Drain) => self.interrupts.ask_to_drain(),
                Some(Meaning::Interrupt) => self.interrupts.ask(),
                None => {}
            },
            Event::Resize(..) => return true,
            _ => {}
        }
        false
    }
}

/// The newest view, if one has come; an error when none will come any more.
fn latest(views: &Receiver<View>) -> Result<Option<View>, TryRecvError> {
    let mut newest = None;
    loop {
        match views.try_recv() {
            Ok(view) => newest = Some(view),
            Err(TryRecvError::Empty) => return Ok(newest),
            Err(TryRecvError::Disconnected) => return Err(TryRecvError::Disconnected),
        }
    }
}

/// Request that a key may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// To drain and report.
    Drain,
    /// The same, and the second time the end at once.
    Interrupt,
}

/// Meaning of a key: q drains; Ctrl-C, for which raw mode sends no signal, is an interrupt.
fn meaning(key: &KeyEvent) -> Option<Meaning> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        _ if key.kind != KeyEventKind::Press => None,
        KeyCode::Char('q' | 'Q') if !control => Some(Meaning::Drain),
        KeyCode::Char('c' | 'C') if control => Some(Meaning::Interrupt),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q_drains_and_control_c_interrupts() {
        let key = |code, modifiers| meaning(&KeyEvent::new(KeyCode::Char(code), modifiers));
        assert_eq!(key('q', KeyModifiers::NONE), Some(Meaning::Drain));
        assert_eq!(key('Q', KeyModifiers::SHIFT), Some(Meaning::Drain));
        assert_eq!(key('c', KeyModifiers::CONTROL), Some(Meaning::Interrupt));
        assert_eq!(key('c', KeyModifiers::NONE), None);
        assert_eq!(key('q', KeyModifiers::CONTROL), None);
    }
}
