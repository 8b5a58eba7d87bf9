//! Points and lines drawn in text: a linear axis below, a logarithmic one on the left.
//!
//! In Unicode lines are braille dots, eight a cell, and marks are filled or hollow; in ASCII there
//! are letters alone, capital where a mark is hollow. It knows nothing of what it draws.

use crate::style::Glyphs;

/// One line of points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// Name in the legend.
    pub name: String,
    /// Its points, in the order in which they are joined.
    pub points: Vec<Mark>,
}

/// One point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// Along the axis below.
    pub x: f64,
    /// Along the axis on the left; above 0.
    pub y: f64,
    /// True where it is drawn hollow.
    pub is_hollow: bool,
}

/// A drawing's frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Columns of the plot itself, without its labels.
    pub columns: usize,
    /// Lines of the plot itself.
    pub rows: usize,
    /// Characters that it is made of.
    pub glyphs: Glyphs,
}

/// Filled and hollow marks of the series, in order; a fourth series begins again.
const MARKS: [(char, char); 3] = [('▪', '▫'), ('●', '○'), ('▲', '△')];
const LETTERS: [(char, char); 3] = [('a', 'A'), ('b', 'B'), ('c', 'C')];
/// Dots of a braille cell, by row and column (Unicode chapter 21.1).
const DOTS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
/// Columns of a label on the left.
const LABEL: usize = 8;

/// Draws the series; `x_label` and `y_label` write the figures at the axes, `level` is a level
/// line. Empty when there is no point to draw.
#[must_use]
pub fn draw(
    series: &[Curve],
    frame: Frame,
    level: Option<f64>,
    x_label: impl Fn(f64) -> String,
    y_label: impl Fn(f64) -> String,
) -> Vec<String> {
    let Some(scale) = DotScale::of(series, level, frame) else {
        return Vec::new();
    };
    let mut canvas = Canvas::new(frame);
    if let Some(level) = level {
        let row = scale.dot(0.0, level).1 / 4;
        canvas.rule(row as usize);
    }
    for line in series {
        for pair in line.points.windows(2) {
            canvas.line(scale.at(&pair[0]), scale.at(&pair[1]));
        }
    }
    for (index, line) in series.iter().enumerate() {
        for mark in &line.points {
            canvas.mark(scale.at(mark), glyph(index, mark.is_hollow, frame.glyphs));
        }
    }
    let mut lines = Vec::new();
    for (row, cells) in canvas.cells.iter().enumerate() {
        let is_labelled = row % 4 == 0 || row + 1 == frame.rows;
        let label = if is_labelled {
            y_label(scale.value_of_row(row))
        } else {
            String::new()
        };
        let axis = if frame.glyphs == Glyphs::Unicode {
            '┤'
        } else {
            '|'
        };
        let text: String = cells.iter().collect();
        lines.push(
            format!("{label:>LABEL$} {axis}{text}")
                .trim_end()
                .to_owned(),
        );
    }
    lines.push(below(frame, &scale, x_label));
    lines
}

/// Meaning of the marks: `▪ p50  ● p99  ▲ p99.9`, one word for each series.
#[must_use]
pub fn legend(series: &[Curve], glyphs: Glyphs) -> String {
    let words = series.iter().enumerate().map(|(index, line)| {
        let (filled, hollow) = (glyph(index, false, glyphs), glyph(index, true, glyphs));
        format!("{filled}{hollow} {}", line.name)
    });
    let words: Vec<String> = words.collect();
    words.join("   ")
}

fn glyph(index: usize, is_hollow: bool, glyphs: Glyphs) -> char {
    let (filled, hollow) = match glyphs {
        Glyphs::Unicode => MARKS[index % MARKS.len()],
        Glyphs::Ascii => LETTERS[index % LETTERS.len()],
    };
    if is_hollow { hollow } else { filled }
}

/// The figures below the axis: its two ends and its middle.
fn below(frame: Frame, scale: &DotScale, x_label: impl Fn(f64) -> String) -> String {
    let (left, right) = (x_label(0.0), x_label(scale.x_most));
    let middle = x_label(scale.x_most / 2.0);
    let room = frame.columns.saturating_sub(left.len() + right.len());
    format!("{:LABEL$}  {left}{middle:^room$}{right}", "")
}

/// From values to dots.
struct DotScale {
    x_most: f64,
    /// Logarithms of the ends of the axis on the left.
    y_log: (f64, f64),
    frame: Frame,
}

impl DotScale {
    fn of(series: &[Curve], level: Option<f64>, frame: Frame) -> Option<Self> {
        let marks = || series.iter().flat_map(|line| &line.points);
        let is_drawable = |y: &f64| *y > 0.0 && y.is_finite();
        let ys: Vec<f64> = marks()
            .map(|mark| mark.y)
            .chain(level)
            .filter(is_drawable)
            .collect();
        let x_most = marks().map(|mark| mark.x).fold(0.0, f64::max);
        if ys.is_empty() || x_most <= 0.0 || frame.columns == 0 || frame.rows == 0 {
            return None;
        }
        let least = ys.iter().copied().fold(f64::INFINITY, f64::min).ln();
        let most = ys.iter().copied().fold(0.0, f64::max).ln();
        // A level curve is drawn in the middle rather than nowhere.
        let margin = if most - least < 0.1 { 0.5 } else { 0.05 };
        Some(Self {
            x_most,
            y_log: (least - margin, most + margin),
            frame,
        })
    }

    fn at(&self, mark: &Mark) -> (i64, i64) {
        self.dot(mark.x, mark.y)
    }

    /// The dot of a value: columns from the left, rows from the top.
    fn dot(&self, x: f64, y: f64) -> (i64, i64) {
        let (columns, rows) = (self.frame.columns * 2 - 1, self.frame.rows * 4 - 1);
        let along = x / self.x_most * columns as f64;
        let (low, high) = self.y_log;
        let up = (y.max(f64::MIN_POSITIVE).ln() - low) / (high - low);
        let down = (1.0 - up) * rows as f64;
        let within = |dot: f64, most: usize| dot.round().clamp(0.0, most as f64) as i64;
        (within(along, columns), within(down, rows))
    }

    /// The value in the middle of a row.
    fn value_of_row(&self, row: usize) -> f64 {
        let (low, high) = self.y_log;
        let down = (row as f64 + 0.5) / self.frame.rows as f64;
        (high - down * (high - low)).exp()
    }
}

/// The cells of a drawing.
struct Canvas {
    cells: Vec<Vec<char>>,
    glyphs: Glyphs,
}

impl Canvas {
    fn new(frame: Frame) -> Self {
        Self {
            cells: vec![vec![' '; frame.columns]; frame.rows],
            glyphs: frame.glyphs,
        }
    }

    /// A level line, under everything else.
    fn rule(&mut self, row: usize) {
        let dash = if self.glyphs == Glyphs::Unicode {
            '╌'
        } else {
            '-'
        };
        self.cells[row].fill(dash);
    }

    /// A straight line of dots; none in ASCII, where a cell has no dots.
    fn line(&mut self, from: (i64, i64), to: (i64, i64)) {
        if self.glyphs == Glyphs::Ascii {
            return;
        }
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).max(1);
        for step in 0..=steps {
            let between = |from: i64, to: i64| from + (to - from) * step / steps;
            self.dot(between(from.0, to.0), between(from.1, to.1));
        }
    }

    fn dot(&mut self, x: i64, y: i64) {
        let (x, y) = (x as usize, y as usize);
        let cell = &mut self.cells[y / 4][x / 2];
        let before = match *cell {
            braille @ '\u{2800}'..='\u{28ff}' => braille as u32,
            _ => 0x2800,
        };
        *cell = char::from_u32(before | DOTS[y % 4][x % 2]).unwrap_or(*cell);
    }

    fn mark(&mut self, (x, y): (i64, i64), glyph: char) {
        self.cells[y as usize / 4][x as usize / 2] = glyph;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rising() -> Vec<Curve> {
        let mark = |(x, y, is_hollow)| Mark { x, y, is_hollow };
        vec![Curve {
            name: "p99".into(),
            points: [(1.0, 1.0, false), (2.0, 10.0, false), (4.0, 100.0, true)]
                .map(mark)
                .to_vec(),
        }]
    }

    fn drawn(glyphs: Glyphs, level: Option<f64>) -> Vec<String> {
        let frame = Frame {
            columns: 16,
            rows: 5,
            glyphs,
        };
        let whole = |value: f64| format!("{value:.0}");
        draw(&rising(), frame, level, whole, whole)
    }

    #[test]
    fn a_decade_takes_the_same_room_wherever_it_is() {
        // Five rows over two decades and a margin: the middle of the first is a tenth below the
        // top, exp(4.655 − 0.1 · 4.705) = 66, that of the last exp(4.655 − 0.9 · 4.705) = 1.5.
        let expected = [
            "      66 |               A",
            "         |",
            "         |        a",
            "         |",
            "       2 |    a",
            "          0      2       4",
        ];
        assert_eq!(drawn(Glyphs::Ascii, None), expected);
    }

    #[test]
    fn unicode_joins_the_marks_and_leaves_overloads_hollow() {
        let text = drawn(Glyphs::Unicode, Some(10.0)).join("\n");
        assert!(
            text.contains('▫') && text.contains('▪') && text.contains('╌'),
            "{text}"
        );
        let braille = text
            .chars()
            .filter(|c| ('\u{2801}'..='\u{28ff}').contains(c));
        assert!(braille.count() >= 6, "{text}");
        assert_eq!(legend(&rising(), Glyphs::Unicode), "▪▫ p99");
    }

    #[test]
    fn nothing_to_draw_is_no_drawing() {
        let frame = Frame {
            columns: 16,
            rows: 5,
            glyphs: Glyphs::Ascii,
        };
        let none = draw(&[], frame, None, |_| String::new(), |_| String::new());
        assert!(none.is_empty());
    }
}
