//! Values that this machine has for the texts of a plan: variables of its environment, and columns of its
//! files.
//!
//! Each file is read once, when the plan is made: all that is made by one of these has the same rows, and
//! one that can be read a single time will do.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Component, Path};

use csv::{ReaderBuilder, StringRecord, Trim};
use wsbench_load::template::{Column, Lookup};

use crate::bounded;

/// Looks a variable of the environment up.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Longest file of which connections take their rows, octets: some 200,000 tokens of 300 letters.
const LARGEST: u64 = 64 << 20;

/// Values of this machine, each file read once.
pub struct LocalValues<'a> {
    environment: Environment<'a>,
    /// Files elsewhere than below the current folder are not read.
    is_confined: bool,
    tables: RefCell<BTreeMap<String, Result<Table, String>>>,
}

/// Columns of a file with their names, from the left to the right.
struct Table(Vec<(String, Option<Column>)>);

impl<'a> LocalValues<'a> {
    /// Those of an environment and of the files that paths lead to from the current folder.
    #[must_use]
    pub fn new(environment: Environment<'a>) -> Self {
        Self {
            environment,
            is_confined: false,
            tables: RefCell::default(),
        }
    }

    /// The same for texts of somebody else's, who may ask for no file but those below the current folder.
    #[must_use]
    pub fn confined(self) -> Self {
        Self {
            is_confined: true,
            ..self
        }
    }
}

impl Lookup for LocalValues<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        (self.environment)(name)
    }

    fn column(&self, file: &str, name: &str) -> Result<Column, String> {
        let is_below = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if self.is_confined && !Path::new(file).components().all(is_below) {
            return Err(format!(
                "{file} is not below the folder that this was started in, and nothing else is read"
            ));
        }
        let mut tables = self.tables.borrow_mut();
        let table = tables
            .entry(file.to_owned())
            .or_insert_with(|| Table::read(Path::new(file)));
        let column = table.as_ref().map_err(Clone::clone)?.column(name);
        column.map_err(|why| format!("{file} {why}"))
    }
}

impl Table {
    fn read(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let text = bounded::text_of(path, LARGEST);
        let text = text.map_err(|error| format!("{shown} cannot be read: {error}"))?;
        Self::parse(&text).map_err(|why| format!("{shown} {why}"))
    }

    /// The columns of a text, whose first line has their names (RFC 4180).
    fn parse(text: &str) -> Result<Self, String> {
        let mut reader = ReaderBuilder::new()
            .trim(Trim::Headers)
            .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let names = reader.headers().map_err(|error| fault(&error))?.clone();
        if names.is_empty() {
            return Err("is empty; its first line has the names of its columns".to_owned());
        }
        let mut values: Vec<Vec<Box<str>>> = vec![Vec::new(); names.len()];
        let mut row = StringRecord::new();
        while reader
            .read_record(&mut row)
            .map_err(|error| fault(&error))?
        {
            for (column, value) in values.iter_mut().zip(&row) {
                column.push(value.into());
            }
        }
        let names = names.iter().map(str::to_owned);
        let columns = names.zip(values.into_iter().map(Column::new));
        Ok(Self(columns.collect()))
    }

    /// The column of this name.
    fn column(&self, name: &str) -> Result<Column, String> {
        let mut named = self.0.iter().filter(|(known, _)| known == name);
        match (named.next(), named.next()) {
            (Some((_, Some(column))), None) => Ok(column.clone()),
            (Some((_, None)), None) => Err("has no row below the names of its columns".to_owned()),
            (Some(_), Some(_)) => Err(format!("has two columns called {name}")),
            // Not which it names: a file without a line of names has a row of values there.
            (None, _) => Err(format!(
                "has no column {name} among the {} that its first line names",
                self.0.len()
            )),
        }
    }
}

/// Words for what is wrong in a file, without anything that stands in it.
fn fault(error: &csv::Error) -> String {
    let line = error.position().map_or(1, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("has {len} values in line {line}, and {expected_len} columns in its first"),
        _ => format!("cannot be read in line {line}"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::*;

    fn of(text: &str, name: &str) -> Result<Vec<String>, String> {
        let column = Table::parse(text)?.column(name)?;
        let values = column.values().iter();
        Ok(values.map(|value| value.clone().into_string()).collect())
    }

    #[test]
    fn a_column_has_the_values_below_its_name() {
        let text = "\u{feff}name, token\r\nann,\"a,1\"\r\n\"b \"\"o\"\"\nb\",  b2\r\nc,\r\n";
        assert_eq!(of(text, "token").unwrap(), ["a,1", "  b2", ""]);
        assert_eq!(of(text, "name").unwrap(), ["ann", "b \"o\"\nb", "c"]);
        assert_eq!(of("token\nhidden", "token").unwrap(), ["hidden"]);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_and_nothing_of_its_rows() {
        for (text, why) in [
            ("", "is empty; its first line has the names of its columns"),
            ("name,token\n", "has no row below the names of its columns"),
            (
                "name,user\nann,hidden",
                "has no column token among the 2 that its first line names",
            ),
            (
                "ann,hidden\nbob,hidden\n",
                "has no column token among the 2 that its first line names",
            ),
            (
                "name,token\nann,hidden\nbob,hidden,hidden\n",
                "has 3 values in line 3, and 2 columns in its first",
            ),
            ("token,token\na,b\n", "has two columns called token"),
        ] {
            assert_eq!(of(text, "token").unwrap_err(), why);
        }
    }

    #[test]
    fn a_file_is_read_once_and_refused_where_it_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.csv");
        let path = path.to_str().unwrap();
        let nothing = |_: &str| None;
        let values = LocalValues::new(&nothing);
        let missing = values.column(path, "token").unwrap_err();
        assert!(
            missing.starts_with(&format!("{path} cannot be read: ")),
            "{missing}"
        );
        fs::write(path, "token\none\ntwo\n").unwrap();
        // As it was when it was looked for.
        assert_eq!(values.column(path, "token").unwrap_err(), missing);
        let values = LocalValues::new(&nothing);
        assert_eq!(values.column(path, "token").unwrap().of(3), "two");
        fs::remove_file(path).unwrap();
        assert_eq!(values.column(path, "token").unwrap().of(2), "one");
        let other = values.column(path, "name").unwrap_err();
        let of_names = "has no column name among the 1 that its first line names";
        assert_eq!(other, format!("{path} {of_names}"));
        let confined = LocalValues::new(&nothing).confined();
        for other in [path, "../users.csv", "a/../../users.csv"] {
            let refused = confined.column(other, "token").unwrap_err();
            assert!(refused.contains("is not below the folder"), "{refused}");
        }
        let below = confined.column("./not-there/users.csv", "token");
        assert!(below.unwrap_err().contains("cannot be read"));
        let mut large = fs::File::create(path).unwrap();
        large.write_all(b"token\n").unwrap();
        large.set_len(LARGEST + 1).unwrap();
        let refused = LocalValues::new(&nothing)
            .column(path, "token")
            .unwrap_err();
        assert!(refused.contains("longer than 64 MiB"), "{refused}");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a,\"\n\r ü]{0,40}") {
            let _ = of(&text, "a");
        }
    }
}
