//! Texts that name settings, and the words that are made of them.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Field;

/// Words for settings, as one kind of user knows them.
pub trait Spelling: fmt::Debug + Sync {
    /// The name of a setting.
    fn of(&self, field: Field) -> Cow<'static, str>;

    /// A setting as it is named within a text: shortly where that is asked for and there is a short
    /// name, and with the value that is advised.
    fn mention(&self, mention: &Mention) -> String {
        let name = self.of(mention.field);
        match &mention.value {
            Some(value) => format!("{name} {value}"),
            None => name.into_owned(),
        }
    }
}

/// The plain spelling: each setting by its path, for whoever uses the crates from a program.
#[derive(Clone, Copy, Debug, Default)]
pub struct Paths;

impl Spelling for Paths {
    fn of(&self, field: Field) -> Cow<'static, str> {
        field.path().into()
    }
}

/// A setting within a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// The setting.
    pub field: Field,
    /// True where a short name is preferred.
    pub is_brief: bool,
    /// The value that it should have.
    pub value: Option<Cow<'static, str>>,
}

impl Mention {
    /// The same with the value that the setting should have.
    #[must_use]
    pub fn with(self, value: impl Into<Cow<'static, str>>) -> Self {
        Self {
            value: Some(value.into()),
            ..self
        }
    }
}

impl Field {
    /// The setting within a text, by its full name.
    #[must_use]
    pub const fn named(self) -> Mention {
        Mention {
            field: self,
            is_brief: false,
            value: None,
        }
    }

    /// The setting within a text, by its short name where it has one.
    #[must_use]
    pub const fn brief(self) -> Mention {
        Mention {
            field: self,
            is_brief: true,
            value: None,
        }
    }

    /// The setting within a text, by its full name and with the value that it should have.
    #[must_use]
    pub fn with(self, value: impl Into<Cow<'static, str>>) -> Mention {
        self.named().with(value)
    }
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// Words that are the same for everybody.
    Words(Cow<'static, str>),
    /// A setting.
    Setting(Mention),
}

impl From<&'static str> for Piece {
    fn from(words: &'static str) -> Self {
        Self::Words(words.into())
    }
}

impl From<String> for Piece {
    fn from(words: String) -> Self {
        Self::Words(words.into())
    }
}

impl From<Field> for Piece {
    fn from(field: Field) -> Self {
        Self::Setting(field.named())
    }
}

impl From<Mention> for Piece {
    fn from(mention: Mention) -> Self {
        Self::Setting(mention)
    }
}

/// A text that may name settings. Printed as it is, it names them by their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text(Vec<Piece>);

impl Text {
    /// A text of these parts.
    #[must_use]
    pub fn of(pieces: impl Into<Vec<Piece>>) -> Self {
        Self(pieces.into())
    }

    /// The text with another behind it.
    #[must_use]
    pub fn then(mut self, other: impl Into<Self>) -> Self {
        self.0.extend(other.into().0);
        self
    }

    /// The texts as one, with `between` them.
    #[must_use]
    pub fn joined(texts: impl IntoIterator<Item = Self>, between: &'static str) -> Self {
        let mut whole = Self::default();
        for (number, text) in texts.into_iter().enumerate() {
            if number > 0 {
                whole.0.push(between.into());
            }
            whole.0.extend(text.0);
        }
        whole
    }

    /// The settings that are named, from first to last.
    pub fn settings(&self) -> impl Iterator<Item = &Mention> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Setting(mention) => Some(mention),
            Piece::Words(_) => None,
        })
    }

    /// The words of the text in this spelling.
    #[must_use]
    pub fn spelled(&self, spelling: &dyn Spelling) -> String {
        let words = self.0.iter().map(|piece| match piece {
            Piece::Words(words) => words.to_string(),
            Piece::Setting(mention) => spelling.mention(mention),
        });
        words.collect()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled(&Paths))
    }
}

impl From<&'static str> for Text {
    fn from(words: &'static str) -> Self {
        Self::of([words.into()])
    }
}

impl From<String> for Text {
    fn from(words: String) -> Self {
        Self::of([words.into()])
    }
}

/// An error whose text names settings.
pub trait Told: Error {
    /// The text; it is also what the error prints, with paths for names.
    fn text(&self) -> Text;
}

/// Makes a [`Text`] of its parts: words, [`Field`]s and [`Mention`]s, one behind the other.
#[macro_export]
macro_rules! text {
    ($($piece:expr),+ $(,)?) => {
        $crate::Text::of([$($crate::Piece::from($piece)),+])
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A spelling that nothing else could have made.
    #[derive(Debug)]
    struct Bracketed;

    impl Spelling for Bracketed {
        fn of(&self, field: Field) -> Cow<'static, str> {
            format!("⟨{field}⟩").into()
        }
    }

    #[test]
    fn a_text_has_its_settings_in_the_words_of_whoever_reads_it() {
        let text = text![
            "give ",
            Field::Timeout,
            " or ",
            Field::Http.brief().with("2"),
            format!(", {} times", 3),
        ];
        assert_eq!(
            text.spelled(&Bracketed),
            "give ⟨clients.timeout⟩ or ⟨connect.http⟩ 2, 3 times"
        );
        assert_eq!(
            text.to_string(),
            "give clients.timeout or connect.http 2, 3 times"
        );
        let named: Vec<Field> = text.settings().map(|mention| mention.field).collect();
        assert_eq!(named, [Field::Timeout, Field::Http]);
    }

    #[test]
    fn texts_are_joined_and_continued() {
        let joined = Text::joined(["a".into(), text![Field::Depth], "c".into()], ", ");
        let whole = joined.then(" and ").then(text![Field::Pace]);
        assert_eq!(
            whole.spelled(&Bracketed),
            "a, ⟨clients.arrival.depth⟩, c and ⟨pace⟩"
        );
        assert_eq!(Text::joined([], ", "), Text::default());
    }

    /// As it is handed from one process to another.
    #[test]
    fn a_text_is_read_as_it_was_written() {
        let text = text!["give ", Field::Http.brief().with("2"), " or ", Field::Pace];
        let written = serde_json::to_string(&text).unwrap();
        assert!(written.contains(r#""field":"connect.http""#), "{written}");
        assert_eq!(serde_json::from_str::<Text>(&written).unwrap(), text);
    }

    /// Words that look like a setting are words: what a peer says is never spelled.
    #[test]
    fn only_what_is_named_as_a_setting_is_spelled() {
        let words = "⟨pace⟩ {pace} --pace pace";
        assert_eq!(Text::from(words).spelled(&Bracketed), words);
    }

    #[test]
    fn every_path_is_of_one_setting() {
        let mut paths: Vec<&str> = Field::ALL.iter().map(|field| field.path()).collect();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), Field::ALL.len());
    }
}
