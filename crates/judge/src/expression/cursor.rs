//! Reading along a text.

use super::{ExpressionError, Reason};

/// A text, and how far it has been read.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    /// In bytes.
    at: usize,
    /// A right text, for errors.
    example: &'static str,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, example: &'static str) -> Self {
        Self {
            text,
            at: 0,
            example,
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    pub(super) fn is_at_digit(&self) -> bool {
        self.rest()
            .starts_with(|letter: char| letter.is_ascii_digit())
    }

    /// The place, in characters from 1.
    pub(super) fn place(&self) -> usize {
        self.text[..self.at].chars().count() + 1
    }

    pub(super) fn skip_space(&mut self) {
        self.take(char::is_whitespace);
    }

    /// Takes letters while they are wanted.
    pub(super) fn take(&mut self, is_wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|letter| !is_wanted(letter)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Takes exactly these letters, if they are there.
    pub(super) fn takes(&mut self, word: &str) -> bool {
        let is_there = self.rest().starts_with(word);
        if is_there {
            self.at += word.len();
        }
        is_there
    }

    /// Takes a number without sign or exponent, and gives its digits too; nothing where there is
    /// none.
    pub(super) fn number(&mut self) -> Option<(f64, &'a str)> {
        let begin = self.at;
        let digits = self.take(|letter| letter.is_ascii_digit() || letter == '.');
        let number = digits.parse().ok();
        let number = number.filter(|number: &f64| number.is_finite());
        if number.is_none() {
            self.at = begin;
        }
        number.map(|number| (number, digits))
    }

    pub(super) fn error(&self, at: usize, reason: Reason) -> ExpressionError {
        ExpressionError {
            at,
            reason,
            example: self.example,
        }
    }
}
