//! Lines drawn in dots, two by four in each cell: as braille, or by how many there are.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::style::Glyphs;

/// Dots of a braille cell, by row and column (Unicode chapter 21.1).
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// A field of dots.
pub(super) struct Raster {
    area: Rect,
    cells: Vec<(u8, Style)>,
}

impl Raster {
    /// An empty field.
    pub(super) fn new(area: Rect) -> Self {
        let number = usize::from(area.width) * usize::from(area.height);
        Self {
            area,
            cells: vec![(0, Style::new()); number],
        }
    }

    /// Joins points, each a share of the width from the left and of the height from below. Of a
    /// dashed line every other cell is left out.
    pub(super) fn line(&mut self, points: &[(f64, f64)], style: Style, is_dashed: bool) {
        for point in points {
            self.dot(*point, style, is_dashed);
        }
        for pair in points.windows(2) {
            let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
            let across = (x1 - x0).abs() * f64::from(self.area.width) * 2.0;
            let up = (y1 - y0).abs() * f64::from(self.area.height) * 4.0;
            let steps = across.max(up).ceil().clamp(1.0, 4_096.0);
            for step in 0..=steps as u32 {
                let share = f64::from(step) / steps;
                let at = (x0 + (x1 - x0) * share, y0 + (y1 - y0) * share);
                self.dot(at, style, is_dashed);
            }
        }
    }

    fn dot(&mut self, (x, y): (f64, f64), style: Style, is_dashed: bool) {
        if !(x.is_finite() && y.is_finite()) || self.cells.is_empty() {
            return;
        }
        let (columns, rows) = (usize::from(self.area.width), usize::from(self.area.height));
        let (wide, high) = (columns * 2, rows * 4);
        let column = ((x.clamp(0.0, 1.0) * wide as f64) as usize).min(wide - 1);
        let row = (((1.0 - y.clamp(0.0, 1.0)) * high as f64) as usize).min(high - 1);
        if is_dashed && (column / 2) % 2 == 1 {
            return;
        }
        let (bits, look) = &mut self.cells[row / 4 * columns + column / 2];
        *bits |= DOTS[row % 4][column % 2];
        *look = style;
    }

    /// Puts the dots on the screen; cells without any are left as they are.
    pub(super) fn put(&self, buffer: &mut Buffer, glyphs: Glyphs) {
        for (at, (bits, style)) in self.cells.iter().enumerate() {
            if *bits == 0 {
                continue;
            }
            let (column, row) = (
                at % usize::from(self.area.width),
                at / usize::from(self.area.width),
            );
            let place = (self.area.x + column as u16, self.area.y + row as u16);
            let letter = match glyphs {
                Glyphs::Unicode => char::from_u32(0x2800 + u32::from(*bits)).unwrap_or(' '),
                Glyphs::Ascii => glyphs.bar(f64::from(bits.count_ones()) / 8.0),
            };
            if let Some(cell) = buffer.cell_mut(place) {
                cell.set_char(letter).set_style(*style);
            }
        }
    }
}
