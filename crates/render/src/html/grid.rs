//! Tables for people and for the script that sorts them: each figure carries its number.

use super::markup::Markup;

/// A table. The first cell of a row is its heading.
#[derive(Clone, Debug, Default)]
pub(super) struct Grid {
    columns: Vec<Column>,
    rows: Vec<Vec<GridCell>>,
    is_sortable: bool,
}

#[derive(Clone, Debug)]
struct Column {
    name: String,
    is_text: bool,
}

/// Content of a cell, and the number that it is sorted by.
#[derive(Clone, Debug, Default)]
pub(super) struct GridCell {
    content: Markup,
    key: Option<f64>,
}

impl GridCell {
    /// Words.
    pub(super) fn text(words: &str) -> Self {
        Self {
            content: Markup::words(words),
            key: None,
        }
    }

    /// A figure as people read it, and its number.
    pub(super) fn figure(words: &str, key: f64) -> Self {
        Self {
            content: Markup::words(words),
            key: Some(key),
        }
    }

    /// A figure that may be unknown.
    pub(super) fn known(words: &str, key: Option<f64>) -> Self {
        Self {
            content: Markup::words(words),
            key,
        }
    }

    /// A piece of HTML.
    pub(super) fn markup(content: Markup) -> Self {
        Self { content, key: None }
    }

    /// The same, to be sorted by a number.
    pub(super) fn sorted_by(self, key: f64) -> Self {
        Self {
            key: Some(key),
            ..self
        }
    }
}

impl Grid {
    /// A table without columns.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The same with a column of words.
    pub(super) fn text(self, name: &str) -> Self {
        self.column(name, true)
    }

    /// The same with a column of figures.
    pub(super) fn figures(self, name: &str) -> Self {
        self.column(name, false)
    }

    fn column(mut self, name: &str, is_text: bool) -> Self {
        self.columns.push(Column {
            name: name.to_owned(),
            is_text,
        });
        self
    }

    /// The same, for the script to sort.
    pub(super) fn sortable(mut self) -> Self {
        self.is_sortable = true;
        self
    }

    /// Appends a row.
    pub(super) fn push(&mut self, row: Vec<GridCell>) {
        self.rows.push(row);
    }

    /// True if there is no row.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table, in a box that scrolls by itself where it is wider than the page.
    pub(super) fn markup(&self) -> Markup {
        let mut table = Markup::new();
        table.open("div", &[("class", "scroll"), ("tabindex", "0")]);
        let class: &[_] = if self.is_sortable {
            &[("class", "sortable")]
        } else {
            &[]
        };
        table.open("table", class);
        if self.columns.iter().any(|column| !column.name.is_empty()) {
            table.open("thead", &[]).open("tr", &[]);
            for column in &self.columns {
                let class = column.class().map(|class| ("class", class));
                // A heading without a word is none.
                if column.name.is_empty() {
                    table.element("td", class.as_slice(), "");
                    continue;
                }
                let mut attributes = vec![("scope", "col")];
                attributes.extend(class);
                table.element("th", &attributes, &column.name);
            }
            table.close("tr").close("thead");
        }
        table.open("tbody", &[]);
        for row in &self.rows {
            self.row(&mut table, row);
        }
        table.close("tbody").close("table").close("div");
        table
    }

    fn row(&self, table: &mut Markup, row: &[GridCell]) {
        table.open("tr", &[]);
        for (at, (cell, column)) in row.iter().zip(&self.columns).enumerate() {
            let key = cell.key.map(|key| key.to_string());
            let mut attributes = Vec::new();
            attributes.extend(column.class().map(|class| ("class", class)));
            attributes.extend(key.as_deref().map(|key| ("data-v", key)));
            if at == 0 {
                attributes.push(("scope", "row"));
                table.wrapped("th", &attributes, &cell.content);
            } else {
                table.wrapped("td", &attributes, &cell.content);
            }
        }
        table.close("tr");
    }
}

impl Column {
    /// Figures stand on the right.
    fn class(&self) -> Option<&'static str> {
        (!self.is_text).then_some("r")
    }
}
