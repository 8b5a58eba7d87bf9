//! What the one who looks has chosen by keys. It changes the view alone, never the run.

/// The greatest magnification of the time axis, as a power of two.
const MOST_ZOOM: u8 = 8;

/// A key that changes how the screen looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A letter or a sign.
    Letter(char),
    /// The arrow up.
    Up,
    /// The arrow down.
    Down,
    /// The arrow to the left.
    Left,
    /// The arrow to the right.
    Right,
}

/// Choices of the one who looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// True while the view stands still; the run goes on.
    pub is_paused: bool,
    /// Times that the time axis was halved.
    pub zoom: u8,
    /// True where further percentiles stand in the place of the usual ones.
    pub has_tails: bool,
    /// True where the percentiles stand in the place of the histogram.
    pub has_table: bool,
    /// True while the keys are explained.
    pub has_help: bool,
    /// Rows that the view was moved down from where it stands by itself; up where it is negative.
    pub scroll: isize,
    /// Number of the figure that a table of an experiment is drawn by.
    pub column: usize,
}

impl Look {
    /// Obeys a key; false where it means nothing here.
    pub fn press(&mut self, key: Key) -> bool {
        match key {
            Key::Letter('p' | 'P' | ' ') => self.is_paused = !self.is_paused,
            Key::Letter('+' | '=') => self.zoom = (self.zoom + 1).min(MOST_ZOOM),
            Key::Letter('-' | '_') => self.zoom = self.zoom.saturating_sub(1),
            Key::Letter('l' | 'L') => self.has_tails = !self.has_tails,
            Key::Letter('h' | 'H') => self.has_table = !self.has_table,
            Key::Letter('?') => self.has_help = !self.has_help,
            Key::Up => self.scroll = self.scroll.saturating_sub(1),
            Key::Down => self.scroll = self.scroll.saturating_add(1),
            Key::Left => self.column = self.column.saturating_sub(1),
            Key::Right => self.column = self.column.saturating_add(1),
            Key::Letter(_) => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_change_the_view_and_come_back() {
        let mut look = Look::default();
        for key in ['p', 'l', 'h', '?'] {
            assert!(look.press(Key::Letter(key)));
            assert_ne!(look, Look::default(), "{key}");
            assert!(look.press(Key::Letter(key)));
            assert_eq!(look, Look::default(), "{key}");
        }
        (0..20).for_each(|_| assert!(look.press(Key::Letter('+'))));
        assert_eq!(look.zoom, MOST_ZOOM);
        (0..20).for_each(|_| assert!(look.press(Key::Letter('-'))));
        assert!(look.press(Key::Up) && look.press(Key::Down) && look.press(Key::Left));
        assert_eq!(
            look,
            Look::default(),
            "there and back, and nothing left of the first column"
        );
        assert!(!look.press(Key::Letter('x')));
    }
}
