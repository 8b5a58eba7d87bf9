//! Values that do not follow from a run, and are looked up when its plan is made: variables of the
//! environment, and columns of files.

use thiserror::Error;

use super::signing::SigningKey;
use super::{Enclosure, Segment, Template};
use crate::secret::Secret;

/// Finder of what texts name that does not follow from a run.
///
/// A closure finds variables, and no files.
pub trait Lookup {
    /// The value of a variable of the environment; `None` where it is not set.
    fn variable(&self, name: &str) -> Option<String>;

    /// The column of this name of a file.
    ///
    /// # Errors
    /// Words for why there is none. They name the file, and repeat nothing of its rows.
    fn column(&self, file: &str, name: &str) -> Result<Column, String>;
}

impl<F: Fn(&str) -> Option<String>> Lookup for F {
    fn variable(&self, name: &str) -> Option<String> {
        self(name)
    }

    fn column(&self, file: &str, _: &str) -> Result<Column, String> {
        Err(format!("no file is read here, nor {file}"))
    }
}

/// A column of a file: a value for each connection, by its number modulo the rows. No output shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Values from the first row to the last, of which there is one at least.
    values: Secret<[Box<str>]>,
    /// Bytes of the longest.
    longest: usize,
}

impl Column {
    /// The column with these values; `None` without any.
    #[must_use]
    pub fn new(values: Vec<Box<str>>) -> Option<Self> {
        let longest = values.iter().map(|value| value.len()).max()?;
        Some(Self {
            values: Secret::new(values),
            longest,
        })
    }

    /// The values, from the first row to the last.
    #[must_use]
    pub fn values(&self) -> &[Box<str>] {
        self.values.reveal().unwrap_or_default()
    }

    /// The value for connection number `connection`.
    #[must_use]
    pub fn of(&self, connection: u32) -> &str {
        let values = self.values();
        let row = (connection as usize).checked_rem(values.len());
        row.map_or("", |row| &values[row])
    }
}

/// A value that a text names and that is not there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotFound {
    /// A variable of the environment is not set.
    #[error("the environment has no {0}; export it")]
    Variable(String),
    /// There is no such column, or no such file.
    #[error("{{csv:{file}:{column}}}: {why}")]
    Column {
        /// The file.
        file: String,
        /// Name of the column.
        column: String,
        /// Words for why.
        why: String,
    },
}

/// A variable of the environment that a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) name: String,
    /// Its value, once that is known.
    value: Option<Secret>,
    /// The key that is made of it, where something is signed by it.
    key: Option<SigningKey>,
}

/// A column of a file that a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NamedColumn {
    pub(super) file: String,
    pub(super) name: String,
    /// Its values, once they are known.
    column: Option<Column>,
}

impl Variable {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            value: None,
            key: None,
        }
    }
}

impl NamedColumn {
    pub(super) fn new(file: &str, name: &str) -> Self {
        Self {
            file: file.to_owned(),
            name: name.to_owned(),
            column: None,
        }
    }
}

impl Template {
    /// Looks up what it names: variables of the environment, and columns of files.
    ///
    /// # Errors
    /// The first that is not there.
    pub fn look_up(&mut self, find: &dyn Lookup) -> Result<(), NotFound> {
        let segments = &self.segments;
        for (place, variable) in self.variables.iter_mut().enumerate() {
            let name = &variable.name;
            let found = find.variable(name);
            let found = found.ok_or_else(|| NotFound::Variable(name.clone()))?;
            let is_key = |segment: &Segment| matches!(segment, Segment::Open(Enclosure::Signed(_, key)) if *key == place);
            let signs = segments.iter().any(is_key);
            variable.key = signs.then(|| SigningKey::new(&found));
            variable.value = Some(Secret::new(found));
        }
        for named in &mut self.columns {
            let found = find.column(&named.file, &named.name);
            let found = found.map_err(|why| NotFound::Column {
                file: named.file.clone(),
                column: named.name.clone(),
                why,
            })?;
            named.column = Some(found);
        }
        Ok(())
    }

    /// The values that were looked up: of its variables, and of all rows of its columns.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let values = self.variables.iter().filter_map(|it| it.value.as_ref());
        let rows = self.rows().flat_map(Column::values);
        let rows = rows.map(|value| &**value);
        values.filter_map(Secret::reveal).chain(rows)
    }

    /// True of one that names a column of a file.
    #[must_use]
    pub fn has_columns(&self) -> bool {
        !self.columns.is_empty()
    }

    /// True of one that is the same for a connection whatever the run, the room and the message: a text with
    /// nothing in it but numbers of connections, variables and columns.
    #[must_use]
    pub fn is_of_connection(&self) -> bool {
        use super::Placeholder::{Column, Env, Id};
        let mut segments = self.segments.iter();
        segments.all(|it| {
            matches!(
                it,
                Segment::Literal(_) | Segment::Slot(Id | Env(_) | Column(_))
            )
        })
    }

    /// Its columns, as far as they are known.
    fn rows(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter_map(|it| it.column.as_ref())
    }

    /// Takes away what was looked up.
    pub(super) fn forget(&mut self) {
        for variable in &mut self.variables {
            (variable.value, variable.key) = (None, None);
        }
        for named in &mut self.columns {
            named.column = None;
        }
    }

    /// True of one with something that was not looked up.
    pub(super) fn lacks_values(&self) -> bool {
        let lacks_variable = self.variables.iter().any(|it| it.value.is_none());
        lacks_variable || self.columns.iter().any(|it| it.column.is_none())
    }

    pub(super) fn env_value(&self, place: usize) -> &str {
        let value = self.variables.get(place).and_then(|it| it.value.as_ref());
        value.and_then(Secret::reveal).unwrap_or_default()
    }

    pub(super) fn key(&self, place: usize) -> Option<&SigningKey> {
        self.variables.get(place)?.key.as_ref()
    }

    /// The value of the column at a place of the list of those, for a connection.
    pub(super) fn column_value(&self, place: usize, connection: u32) -> &str {
        let column = self.columns.get(place).and_then(|it| it.column.as_ref());
        column.map_or("", |column| column.of(connection))
    }

    /// Bytes of the longest value of the column at a place of the list of those.
    pub(super) fn longest_of_column(&self, place: usize) -> usize {
        let column = self.columns.get(place).and_then(|it| it.column.as_ref());
        column.map_or(0, |column| column.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Values;
    use super::*;
    use crate::identity::MessageId;

    struct Users;

    impl Lookup for Users {
        fn variable(&self, _: &str) -> Option<String> {
            None
        }

        fn column(&self, file: &str, name: &str) -> Result<Column, String> {
            let value = |row| format!("{name}-{row}-hidden").into();
            let column = Column::new((0..3).map(value).collect());
            column
                .filter(|_| file == "/a b/users.csv")
                .ok_or_else(|| format!("{file} is not there"))
        }
    }

    fn looked_up(text: &str) -> Template {
        let mut words = Template::for_words(text).unwrap();
        words.look_up(&Users).unwrap();
        words
    }

    #[test]
    fn each_connection_has_the_row_of_its_number_and_they_begin_again() {
        let text = r#"{"as":"{csv:/a b/users.csv:name}","token":"{csv:/a b/users.csv:token}"}"#;
        let words = looked_up(text);
        let said = |connection| {
            let mut out = Vec::new();
            let values = Values {
                connection,
                ..Values::default()
            };
            words.say(&values, &mut out);
            assert!(out.len() <= words.longest());
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            said(1),
            r#"{"as":"name-1-hidden","token":"token-1-hidden"}"#
        );
        assert_eq!(said(1), said(4));
        assert_ne!(said(1), said(2));
        assert_eq!(words.secrets().count(), 6);
        assert!(words.has_columns() && words.is_of_connection() && !words.is_withheld());
        let stored = words.redacted(false);
        assert!(stored.is_withheld() && stored.text() == text);
        assert!(!format!("{words:?} {stored:?}").contains("hidden"));
    }

    #[test]
    fn an_echo_is_made_again_with_its_row_and_known_by_it() {
        let text = "{conn}:{csv:/a b/users.csv:token}:{seq}";
        let mut template = Template::parse(text).unwrap();
        template.look_up(&Users).unwrap();
        let identity = MessageId {
            connection: 5,
            sequence: 7,
        };
        let mut out = Vec::new();
        template.fill(identity, 1, 0, &mut out);
        assert_eq!(out, b"5:token-2-hidden:7");
        assert!(template.is_unique());
        assert_eq!(template.identify(&out), Some(identity));
        assert_eq!(template.identify(b"5:token-1-hidden:7"), None);
        // Whose row it is nobody knows before its connection.
        let before = Template::parse("{csv:users.csv:token}:{conn}:{seq}").unwrap();
        assert!(!before.is_unique());
    }

    #[test]
    fn what_is_not_there_is_told_with_its_file() {
        let mut words = Template::for_words("{csv:users.csv:token}").unwrap();
        let told = words.look_up(&Users).unwrap_err().to_string();
        assert_eq!(told, "{csv:users.csv:token}: users.csv is not there");
        let told = words.look_up(&|_: &str| None).unwrap_err().to_string();
        assert!(
            told.ends_with("no file is read here, nor users.csv"),
            "{told}"
        );
        assert!(words.is_withheld());
        assert_eq!(Column::new(Vec::new()), None);
        for text in [
            "{csv:}",
            "{csv:users.csv}",
            "{csv::token}",
            "{csv:users.csv:}",
        ] {
            for compile in [Template::parse, Template::for_requests, Template::for_words] {
                let error = compile(text).unwrap_err().to_string();
                assert!(
                    error.starts_with("at byte 0: ") && error.contains("names no column"),
                    "{error}"
                );
            }
        }
    }
}
