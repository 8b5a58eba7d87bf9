//! The live screen: a thread that owns the terminal while a run is under way.
//!
//! It draws what it is handed, follows the window's size and listens to the keyboard, so that a
//! resize or a key is answered at once although the run reports once a second. The terminal is
//! given back whatever happens: at the end, at a second interrupt, and before a panic is printed.

use std::io::{self, Stdout};
use std::os::fd::AsFd;
use std::panic;
use std::sync::Once;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::{cursor, execute, terminal};
use wsbench_render::live::View;
use wsbench_render::live::experiment::{Course, ExperimentView};
use wsbench_render::screen::{self, Key, Look};
use wsbench_render::style::Style;

use crate::exit;
use crate::held;
use crate::interrupt::Interrupts;

/// Time for which a new scene or the end of the run may wait for the thread to look.
const GLANCE: Duration = Duration::from_millis(100);
/// Between two drawings of a scene whose clock goes on by itself.
const TICK: Duration = Duration::from_millis(500);

/// Gives the terminal back, once, and says what has waited for that.
pub(crate) fn restore() {
    if held::give_back() {
        // Each step is tried though another may fail: half a terminal is better than none.
        let _ = execute!(io::stdout(), terminal::LeaveAlternateScreen, cursor::Show);
        let _ = terminal::disable_raw_mode();
        exit::say_held();
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
    held::take();
    terminal::enable_raw_mode()?;
    execute!(io::stdout(), terminal::EnterAlternateScreen, cursor::Hide)?;
    Terminal::new(CrosstermBackend::new(io::stdout()))
}

/// Content of the screen.
pub(crate) enum Scene {
    /// A run.
    Run(Box<View>),
    /// An experiment, and when it began.
    Experiment(Box<Course>, Instant),
    /// A table that is made elsewhere, with the number of the figure that it was asked for.
    Table(Box<dyn Fn(usize) -> ExperimentView + Send>),
}

/// A live screen; dropping it gives the terminal back.
pub(crate) struct Screen {
    scenes: Option<Sender<Scene>>,
    thread: Option<JoinHandle<()>>,
}

impl Screen {
    /// Takes the terminal and draws `first`.
    ///
    /// # Errors
    /// When the terminal refuses; it is then as it was.
    pub(crate) fn open(first: Scene, style: Style, interrupts: Interrupts) -> io::Result<Self> {
        let terminal = take().inspect_err(|_| restore())?;
        let (scenes, received) = mpsc::channel();
        let thread = thread::spawn(move || {
            let painter = Painter {
                terminal,
                scene: first,
                look: Look::default(),
                style,
                interrupts,
            };
            // A terminal that has gone away is nothing to stop a measurement for.
            let _ = painter.paint(&received);
            restore();
        });
        Ok(Self {
            scenes: Some(scenes),
            thread: Some(thread),
        })
    }

    /// Draws `scene` from now on.
    pub(crate) fn show(&self, scene: Scene) {
        if let Some(scenes) = &self.scenes {
            // The thread has ended when the terminal has gone; then nobody looks.
            let _ = scenes.send(scene);
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        drop(self.scenes.take());
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
    scene: Scene,
    look: Look,
    style: Style,
    interrupts: Interrupts,
}

impl Painter {
    /// Draws until there are no more scenes to come, or the terminal was given back elsewhere. While
    /// the view is paused new scenes are kept, and not drawn.
    fn paint(mut self, scenes: &Receiver<Scene>) -> io::Result<()> {
        self.draw()?;
        let (mut drawn_at, mut is_stale) = (Instant::now(), false);
        while held::is_taken() {
            await_key()?;
            let is_answered = event::poll(Duration::ZERO)? && self.answer(&event::read()?);
            let Ok(newer) = latest(scenes) else {
                return Ok(());
            };
            is_stale |= newer.is_some();
            self.scene = newer.unwrap_or(self.scene);
            let is_due = !matches!(self.scene, Scene::Run(_)) && drawn_at.elapsed() >= TICK;
            let goes_on = !self.look.is_paused && (is_stale || is_due);
            if is_answered || goes_on {
                self.draw()?;
                (drawn_at, is_stale) = (Instant::now(), false);
            }
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        let (scene, style, look) = (&self.scene, self.style, self.look);
        self.terminal
            .draw(|frame| match scene {
                Scene::Run(view) => screen::draw(frame, view, look, style),
                Scene::Experiment(course, began) => {
                    let view = course.view(began.elapsed().as_secs_f64(), look.column);
                    screen::draw_experiment(frame, &view, look, style);
                }
                Scene::Table(view) => {
                    screen::draw_experiment(frame, &view(look.column), look, style);
                }
            })
            .map(|_| ())
    }

    /// Answers a key; says whether the screen has to be drawn anew.
    fn answer(&mut self, event: &Event) -> bool {
        match event {
            Event::Key(key) => match meaning(key) {
                Some(Meaning::Drain) => self.interrupts.ask_to_drain(),
                Some(Meaning::Interrupt) => self.interrupts.ask(),
                Some(Meaning::Look(key)) => return self.look.press(key),
                None => {}
            },
            Event::Resize(..) => return true,
            _ => {}
        }
        false
    }
}

/// Waits for a key, for a glance at most.
///
/// # Errors
/// The terminal has gone away. It is asked here because who reads keys would go on trying for ever.
fn await_key() -> io::Result<()> {
    let terminal = io::stdout();
    let mut asked = [PollFd::new(terminal.as_fd(), PollFlags::POLLIN)];
    let glance = PollTimeout::try_from(GLANCE).unwrap_or(PollTimeout::ZERO);
    match poll(&mut asked, glance) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    let gone = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
    match asked[0].revents() {
        Some(seen) if seen.intersects(gone) => Err(io::ErrorKind::BrokenPipe.into()),
        _ => Ok(()),
    }
}

/// The newest scene, if one has come; an error when none will come any more.
fn latest(scenes: &Receiver<Scene>) -> Result<Option<Scene>, TryRecvError> {
    let mut newest = None;
    loop {
        match scenes.try_recv() {
            Ok(scene) => newest = Some(scene),
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
    /// Another look of the screen.
    Look(Key),
}

/// Meaning of a key: q drains; Ctrl-C, for which raw mode sends no signal, is an interrupt; others
/// change the view.
fn meaning(key: &KeyEvent) -> Option<Meaning> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        _ if key.kind != KeyEventKind::Press => None,
        KeyCode::Char('q' | 'Q') if !control => Some(Meaning::Drain),
        KeyCode::Char('c' | 'C') if control => Some(Meaning::Interrupt),
        KeyCode::Char(letter) if !control => Some(Meaning::Look(Key::Letter(letter))),
        KeyCode::Up => Some(Meaning::Look(Key::Up)),
        KeyCode::Down => Some(Meaning::Look(Key::Down)),
        KeyCode::Left => Some(Meaning::Look(Key::Left)),
        KeyCode::Right => Some(Meaning::Look(Key::Right)),
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
        let pause = Some(Meaning::Look(Key::Letter('p')));
        assert_eq!(key('p', KeyModifiers::NONE), pause);
        assert_eq!(key('q', KeyModifiers::CONTROL), None);
    }
}
