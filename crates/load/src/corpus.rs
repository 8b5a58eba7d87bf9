//! A text to send line by line, so that messages change and yet resemble each other: what a
//! compressor that remembers earlier messages is made for.
//!
//! It holds the lines and knows where they are. Which message carries which of them is `message`'s
//! affair, and reading a file is the binary's.

use std::fmt;
use std::fmt::Write as _;

use thiserror::Error;

/// Lines of the corpus that is made rather than read.
const BUILTIN_LINES: usize = 1024;

/// Lines to send, at least one, none of them empty.
#[derive(Clone, PartialEq, Eq)]
pub struct Corpus {
    name: String,
    text: Box<[u8]>,
    /// Start and end of each line in the text, its line end not included.
    lines: Box<[(u32, u32)]>,
    longest: u32,
}

/// A text that makes no corpus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CorpusError {
    /// Nothing but line ends.
    #[error("it has no line that is not empty")]
    Empty,
    /// More than 2^32 bytes, or a line that is longer than a message may be.
    #[error("line {line} has {len} bytes, more than the {most} that a message may have")]
    LineTooLong {
        /// Its number, from 1.
        line: usize,
        /// Its length.
        len: usize,
        /// The limit.
        most: usize,
    },
}

impl Corpus {
    /// The lines of `text`, without their line ends (LF or CR LF); empty ones are left out. No line
    /// may be longer than `most` bytes, nor the text than 2^32.
    ///
    /// # Errors
    /// See [`CorpusError`].
    pub fn new(name: impl Into<String>, text: Vec<u8>, most: usize) -> Result<Self, CorpusError> {
        let (mut lines, mut start) = (Vec::new(), 0);
        for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
            let len = line.strip_suffix(b"\r").unwrap_or(line).len();
            let ends = u32::try_from(start + len).ok().filter(|_| len <= most);
            let Some(end) = ends else {
                let line = index + 1;
                return Err(CorpusError::LineTooLong { line, len, most });
            };
            if len > 0 {
                lines.push((start as u32, end));
            }
            start += line.len() + 1;
        }
        let lengths = lines.iter().map(|(start, end)| end - start);
        let longest = lengths.max().ok_or(CorpusError::Empty)?;
        Ok(Self {
            name: name.into(),
            text: text.into(),
            lines: lines.into(),
            longest,
        })
    }

    /// A made-up feed of measurements as JSON, 110 to 170 bytes a line, the same for the same seed:
    /// names repeat, figures change, as in most of what is sent over WebSockets.
    ///
    /// ```
    /// use wsbench_load::corpus::Corpus;
    /// let corpus = Corpus::builtin(7);
    /// assert_eq!(corpus, Corpus::builtin(7));
    /// assert!(corpus.line(0).starts_with(br#"{"type":""#));
    /// ```
    #[must_use]
    pub fn builtin(seed: u64) -> Self {
        const STATIONS: [&str; 8] = [
            "Berlin",
            "Bogotá",
            "Kyōto",
            "Łódź",
            "Nairobi",
            "Oslo",
            "São Paulo",
            "Zürich",
        ];
        const KINDS: [&str; 4] = ["reading", "average", "forecast", "alarm"];
        let mut random = fastrand::Rng::with_seed(seed ^ 0x636f_7270_7573);
        let mut text = String::new();
        let mut time = 1_700_000_000_000 + random.u64(..1_000_000_000);
        for _ in 0..BUILTIN_LINES {
            time += random.u64(1..500);
            let _ = writeln!(
                text,
                "{{\"type\":\"{}\",\"time\":{time},\"station\":\"{}\",\"sensor\":{},\
                 \"temperature\":{:.2},\"pressure\":{:.1},\"wind\":{{\"speed\":{:.1},\"from\":{}}},\
                 \"ok\":{}}}",
                KINDS[random.usize(..KINDS.len())],
                STATIONS[random.usize(..STATIONS.len())],
                random.u32(1..200),
                random.f64() * 60.0 - 20.0,
                random.f64() * 80.0 + 960.0,
                random.f64() * 40.0,
                random.u32(..360),
                random.u8(..10) > 0,
            );
        }
        Self::new("builtin", text.into_bytes(), usize::MAX).expect("lines of a known length")
    }

    /// Name of it in reports: the file's name as given, or `builtin`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of lines; at least one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// True if there is no line, which never is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Bytes of the longest line.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.longest as usize
    }

    /// Bytes of all lines, without line ends.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let lengths = self.lines.iter().map(|(start, end)| u64::from(end - start));
        lengths.sum()
    }

    /// The text that the lines are of.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Place of the first byte that is not UTF-8; `None` when all is text.
    #[must_use]
    pub fn not_text_at(&self) -> Option<usize> {
        let error = std::str::from_utf8(&self.text).err()?;
        Some(error.valid_up_to())
    }

    /// Line `index`, counted round: behind the last comes the first.
    #[inline]
    #[must_use]
    pub fn line(&self, index: u64) -> &[u8] {
        let (start, end) = self.lines[(index % self.lines.len() as u64) as usize];
        &self.text[start as usize..end as usize]
    }
}

impl fmt::Debug for Corpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Corpus")
            .field("name", &self.name)
            .field("lines", &self.lines.len())
            .field("bytes", &self.text.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_without_their_ends_and_empty_ones_left_out() {
        let corpus = Corpus::new("f", b"one\r\n\n\r\ntwo three\nlast".to_vec(), 100).unwrap();
        let lines: Vec<&[u8]> = (0..4).map(|index| corpus.line(index)).collect();
        assert_eq!(lines, [&b"one"[..], b"two three", b"last", b"one"]);
        assert_eq!((corpus.len(), corpus.longest(), corpus.bytes()), (3, 9, 16));
    }

    #[test]
    fn what_makes_no_messages_is_refused() {
        let refused = |text: &[u8]| Corpus::new("f", text.to_vec(), 3).unwrap_err();
        assert_eq!(refused(b"\n\r\n\n"), CorpusError::Empty);
        assert_eq!(refused(b""), CorpusError::Empty);
        let (line, len, most) = (2, 4, 3);
        assert_eq!(
            refused(b"abc\nabcd\n"),
            CorpusError::LineTooLong { line, len, most }
        );
    }

    #[test]
    fn the_builtin_corpus_changes_from_line_to_line_and_with_the_seed() {
        let corpus = Corpus::builtin(1);
        assert_eq!(corpus.len(), BUILTIN_LINES);
        assert_eq!(corpus.not_text_at(), None);
        assert_ne!(corpus, Corpus::builtin(2));
        for index in 0..BUILTIN_LINES as u64 {
            let line = corpus.line(index);
            assert!((100..=180).contains(&line.len()), "{}", line.len());
            assert_ne!(line, corpus.line(index + 1));
        }
    }
}
