//! A message in its parts: the values in it, where each stands, and what kind of message it is.
//!
//! Of JSON, also behind a word or a number and within a text of JSON, each text and each number is a leaf;
//! of any other text each word, and the value of each line that has a name in front. What is not read so
//! is left as it is: nothing here can fail.

use std::borrow::Cow;
use std::ops::Range;

/// JSON nested deeper is no JSON here.
const DEEPEST: usize = 32;
/// Leaves that are looked at; behind them a message is taken as it is.
const MOST_LEAVES: usize = 400;
/// Octets of the longest text in front of JSON.
const LONGEST_FRONT: usize = 64;
/// Names whose values tell what kind of message it is.
const KINDS: [&str; 16] = [
    "type",
    "event",
    "method",
    "op",
    "action",
    "cmd",
    "command",
    "msg_type",
    "msgtype",
    "kind",
    "target",
    "query",
    "status",
    "operationname",
    "messagetype",
    "verb",
];
/// The longest value that tells a kind.
const LONGEST_KIND: usize = 4096;

/// A value in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    /// Its octets.
    pub(super) span: Range<usize>,
    /// Its place: a JSON pointer, or a name of ours, which begins otherwise.
    pub(super) path: String,
    /// The member or the line that it is the value of.
    pub(super) name: String,
    pub(super) kind: LeafKind,
    /// It tells what kind of message this is.
    pub(super) is_kind: bool,
}

/// Form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeafKind {
    /// A text of JSON, or the value of a line.
    Text,
    /// Digits.
    Number,
    /// True, false or null.
    Constant,
    /// A word of a text that is no JSON.
    Word,
}

/// A message in its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LeafParts {
    /// Octet at which JSON begins.
    pub(super) json: Option<usize>,
    pub(super) leaves: Vec<Leaf>,
    /// Messages of one form say the same with other values.
    pub(super) form: String,
}

impl Leaf {
    /// The value, without the escapes of JSON.
    pub(super) fn value<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let raw = &text[self.span.clone()];
        if self.kind != LeafKind::Text || !raw.contains('\\') {
            return Cow::Borrowed(raw);
        }
        let quoted = format!("\"{raw}\"");
        serde_json::from_str(&quoted).map_or(Cow::Borrowed(raw), Cow::Owned)
    }

    /// True of a value whose place is a JSON pointer into the whole message.
    pub(super) fn is_at_pointer(&self, parts: &LeafParts) -> bool {
        parts.json == Some(0) && self.path.starts_with('/') && !self.path.contains('!')
    }
}

impl LeafParts {
    pub(super) fn of(text: &str) -> Self {
        Self::of_json(text).unwrap_or_else(|| Self::of_words(text))
    }

    /// The message as JSON, with what may stand in front of it.
    fn of_json(text: &str) -> Option<Self> {
        let json = text.find(['{', '['])?;
        let front = &text[..json];
        if json > LONGEST_FRONT || front.contains('\n') {
            return None;
        }
        let mut scan = Scan {
            text,
            at: json,
            quote: "\"",
            leaves: Vec::new(),
            front: String::new(),
        };
        scan.value("", "", 0)?;
        let is_end = |c: char| c.is_whitespace() || c.is_control();
        if !text[scan.at..].chars().all(is_end) {
            return None;
        }
        let mut leaves = scan.leaves;
        let number = front.trim_end_matches(|c: char| c.is_ascii_digit());
        let mut front_form = front;
        // Engine.IO and Socket.IO are two digits, and behind them, or behind a namespace and its comma,
        // the number that an answer has again.
        let digits = &front[number.len()..];
        let fixed = if number.is_empty() {
            digits.len().min(2)
        } else {
            0
        };
        if (number.is_empty() || number.ends_with(',')) && digits.len() > fixed {
            let from = number.len() + fixed;
            front_form = &front[..from];
            leaves.insert(
                0,
                Leaf {
                    span: from..json,
                    path: "front".to_owned(),
                    name: "id".to_owned(),
                    kind: LeafKind::Number,
                    is_kind: false,
                },
            );
        }
        mark_kinds(text, &mut leaves, &text[json..=json]);
        let mut form = format!("{front_form}{}", &text[json..=json]);
        if text[json..].starts_with('{') {
            form.push_str(&top_names(&leaves).join(","));
        }
        for leaf in leaves.iter().filter(|it| it.is_kind) {
            form.push('|');
            form.push_str(&text[leaf.span.clone()]);
        }
        Some(Self {
            json: Some(json),
            leaves,
            form,
        })
    }

    /// The message as words and lines.
    fn of_words(text: &str) -> Self {
        let mut leaves = Vec::new();
        let mut at = 0;
        for (number, line) in text.split_inclusive('\n').enumerate() {
            let bare = line.trim_end_matches(['\n', '\r', '\0']);
            let named = bare.split_once(':').filter(|(name, value)| {
                number > 0 && !name.is_empty() && name.chars().all(is_word) && !value.is_empty()
            });
            match named {
                Some((name, value)) => leaves.push(Leaf {
                    span: at + name.len() + 1..at + name.len() + 1 + value.len(),
                    path: format!("line:{name}"),
                    name: name.to_owned(),
                    kind: LeafKind::Word,
                    is_kind: false,
                }),
                None => words(bare, at, &mut leaves),
            }
            at += line.len();
            if leaves.len() >= MOST_LEAVES {
                break;
            }
        }
        leaves.truncate(MOST_LEAVES);
        Self {
            json: None,
            form: form_of_words(text),
            leaves,
        }
    }
}

/// The leaves of JSON that is a text with its quotation marks escaped, at these octets of another text, where
/// the leaf at `path` is.
pub(super) fn leaves_within(text: &str, span: Range<usize>, path: &str) -> Vec<Leaf> {
    let mut scan = Scan {
        text,
        at: span.start,
        quote: "\"",
        leaves: Vec::new(),
        front: String::new(),
    };
    scan.within(span, path);
    scan.leaves
}

/// The words of a line that begins at `from`.
fn words(line: &str, from: usize, leaves: &mut Vec<Leaf>) {
    let mut begin = None;
    let ends = line.char_indices().chain([(line.len(), ' ')]);
    for (at, letter) in ends {
        match (begin, is_word(letter)) {
            (None, true) => begin = Some(at),
            (Some(first), false) => {
                let word = &line[first..at];
                let is_number = word.bytes().all(|it| it.is_ascii_digit());
                leaves.push(Leaf {
                    span: from + first..from + at,
                    path: format!("word:{}", leaves.len()),
                    name: String::new(),
                    kind: match is_number {
                        true => LeafKind::Number,
                        false => LeafKind::Word,
                    },
                    is_kind: false,
                });
                begin = None;
            }
            _ => {}
        }
        if leaves.len() >= MOST_LEAVES {
            return;
        }
    }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || "_-./".contains(letter)
}

/// The form of a text that is no JSON: the command that it begins with, itself where it is short, or
/// nothing but that it is a text.
fn form_of_words(text: &str) -> String {
    let first: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
    let behind = text[first.len()..].chars().next();
    let is_word = behind.is_none_or(|it| it.is_whitespace() || it == '{');
    let is_command = is_word && first.len() >= 2 && first.chars().all(|it| it.is_ascii_uppercase());
    if is_command {
        return first;
    }
    let bare = text.trim();
    if bare.len() <= 2 || is_heartbeat_word(bare) {
        return format!("={bare}");
    }
    "text".to_owned()
}

/// True of the words by which heartbeats go.
pub(super) fn is_heartbeat_word(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    ["ping", "pong", "heartbeat", "heart-beat", "hb", "ka"].contains(&word.as_str())
        || word.ends_with("alive")
}

/// Marks the leaves that tell the kind of the message: members with certain names, and of a list the
/// word at its front or where Phoenix has its event.
fn mark_kinds(text: &str, leaves: &mut [Leaf], bracket: &str) {
    let is_list = bracket == "[";
    let is_word_at = |leaves: &[Leaf], path: &str| {
        leaves.iter().any(|it| {
            let value = &text[it.span.clone()];
            let has_digits = value.bytes().all(|it| it.is_ascii_digit() || it == b'-');
            it.path == path && it.kind == LeafKind::Text && !has_digits && value.len() <= 64
        })
    };
    let of_list = match is_list {
        true if is_word_at(leaves, "/0") => Some("/0"),
        true if is_word_at(leaves, "/3") => Some("/3"),
        _ => None,
    };
    let has_code = is_list
        && of_list.is_none()
        && leaves
            .iter()
            .any(|it| it.path == "/0" && it.span.len() <= 3);
    for leaf in leaves.iter_mut() {
        let depth = leaf.path.matches('/').count();
        let name = leaf.name.to_ascii_lowercase();
        let is_short = leaf.span.len() <= LONGEST_KIND && !leaf.span.is_empty();
        let is_named = depth <= 2
            && KINDS.contains(&name.as_str())
            && (name == "query" || !text[leaf.span.clone()].contains(' '));
        let is_of_list = of_list == Some(leaf.path.as_str())
            || has_code && leaf.path == "/0" && leaf.kind == LeafKind::Number;
        leaf.is_kind = is_short && leaf.path.starts_with('/') && (is_named || is_of_list);
    }
}

/// Names of the members of an object, as far as they have leaves.
fn top_names(leaves: &[Leaf]) -> Vec<&str> {
    let mut names: Vec<&str> = leaves
        .iter()
        .filter_map(|it| it.path.strip_prefix('/'))
        .filter_map(|path| path.split(['/', '!']).next())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A reader of JSON that keeps where its values stand.
struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// Sign around texts: within a text of JSON it is escaped.
    quote: &'static str,
    leaves: Vec<Leaf>,
    /// Path in front of every other.
    front: String,
}

impl Scan<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        self.at += blanks;
    }

    fn take(&mut self, sign: &str) -> Option<()> {
        self.rest().starts_with(sign).then(|| self.at += sign.len())
    }

    /// A value at this place.
    fn value(&mut self, path: &str, name: &str, depth: usize) -> Option<()> {
        if depth > DEEPEST || self.leaves.len() > MOST_LEAVES {
            return None;
        }
        self.skip_blanks();
        if self.rest().starts_with(self.quote) {
            let span = self.string()?;
            self.push(span.clone(), path, name, LeafKind::Text);
            self.within(span, path);
            return Some(());
        }
        match self.rest().bytes().next()? {
            b'{' => self.members(path, depth),
            b'[' => self.elements(path, depth),
            _ => {
                let len = self
                    .rest()
                    .find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)))
                    .unwrap_or(self.rest().len());
                let word = &self.rest()[..len];
                let kind = match word {
                    "true" | "false" | "null" => LeafKind::Constant,
                    _ if word.parse::<f64>().is_ok() => LeafKind::Number,
                    _ => return None,
                };
                let span = self.at..self.at + len;
                self.at += len;
                self.push(span, path, name, kind);
                Some(())
            }
        }
    }

    fn members(&mut self, path: &str, depth: usize) -> Option<()> {
        self.take("{")?;
        self.skip_blanks();
        if self.take("}").is_some() {
            return Some(());
        }
        loop {
            self.skip_blanks();
            let name = self.string()?;
            let name = self.text[name].to_owned();
            self.skip_blanks();
            self.take(":")?;
            let escaped = name.replace('~', "~0").replace('/', "~1");
            self.value(&format!("{path}/{escaped}"), &name, depth + 1)?;
            self.skip_blanks();
            if self.take(",").is_none() {
                return self.take("}");
            }
        }
    }

    fn elements(&mut self, path: &str, depth: usize) -> Option<()> {
        self.take("[")?;
        self.skip_blanks();
        if self.take("]").is_some() {
            return Some(());
        }
        for number in 0.. {
            self.value(&format!("{path}/{number}"), "", depth + 1)?;
            self.skip_blanks();
            if self.take(",").is_none() {
                break;
            }
        }
        self.take("]")
    }

    /// A text, of which the octets between the quotation marks.
    fn string(&mut self) -> Option<Range<usize>> {
        self.take(self.quote)?;
        let from = self.at;
        loop {
            if self.rest().starts_with(self.quote) {
                let span = from..self.at;
                self.at += self.quote.len();
                return Some(span);
            }
            let next = self.rest().chars().next()?;
            // A sign that is escaped is no end; within a text of JSON it is escaped twice.
            let mut len = next.len_utf8();
            if next == '\\' {
                let behind = self.rest()[1..].chars().next()?;
                len += behind.len_utf8();
                if self.quote.len() > 1 {
                    return None; // texts of texts of texts are nobody's
                }
            }
            self.at += len;
        }
    }

    fn push(&mut self, span: Range<usize>, path: &str, name: &str, kind: LeafKind) {
        let path = format!("{}{path}", self.front);
        self.leaves.push(Leaf {
            span,
            path,
            name: name.to_owned(),
            kind,
            is_kind: false,
        });
    }

    /// The leaves of a text that is JSON itself.
    fn within(&mut self, span: Range<usize>, path: &str) {
        let is_json = self.text[span.clone()].starts_with("{\\\"");
        if self.quote.len() > 1 || !is_json {
            return;
        }
        let mut inner = Scan {
            text: &self.text[..span.end],
            at: span.start,
            quote: "\\\"",
            leaves: Vec::new(),
            front: format!("{path}!"),
        };
        if inner.value("", "", 0).is_some() && inner.at == span.end {
            self.leaves.append(&mut inner.leaves);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The leaves of a message, in words.
    fn told(text: &str) -> Vec<String> {
        let parts = LeafParts::of(text);
        let leaves = parts.leaves.iter();
        leaves
            .map(|it| format!("{}={}", it.path, it.value(text)))
            .collect()
    }

    #[test]
    fn the_values_of_json_are_found_where_they_stand() {
        assert_eq!(
            told(r#"{"a":[1,"x\"y"],"b/c":{"d":true}}"#),
            ["/a/0=1", "/a/1=x\"y", "/b~1c/d=true"]
        );
        assert_eq!(told(r#"42["msg","red"]"#), ["/0=msg", "/1=red"]);
        assert_eq!(told(r#"4217["say","x"]"#), ["front=17", "/0=say", "/1=x"]);
        assert_eq!(told(r#"42/admin,7["say"]"#), ["front=7", "/0=say"]);
        assert_eq!(told("{}\u{1e}"), [""; 0]);
        assert_eq!(
            told(r#"{"command":"subscribe","identifier":"{\"channel\":\"Chat\",\"room\":3}"}"#),
            [
                "/command=subscribe",
                "/identifier={\"channel\":\"Chat\",\"room\":3}",
                "/identifier!/channel=Chat",
                "/identifier!/room=3",
            ]
        );
    }

    #[test]
    fn other_texts_are_words_and_lines() {
        assert_eq!(
            told("SEND\ndestination:/topic/red\npasscode:x y\n\nhi\0"),
            [
                "word:0=SEND",
                "line:destination=/topic/red",
                "line:passcode=x y",
                "word:3=hi",
            ]
        );
        assert_eq!(
            told("PUB a.b 5\r\n"),
            ["word:0=PUB", "word:1=a.b", "word:2=5"]
        );
        for text in [
            "{",
            "[1,",
            "{\"a\"}",
            "{\"a\":nul}",
            "[1]x",
            &"[".repeat(99),
        ] {
            assert!(LeafParts::of(text).json.is_none(), "{text}");
        }
    }

    #[test]
    fn forms_tell_kinds_and_not_values() {
        for (one, other, is_same) in [
            (
                r#"{"type":"say","text":"a"}"#,
                r#"{"type":"say","text":"b"}"#,
                true,
            ),
            (
                r#"{"type":"say","text":"a"}"#,
                r#"{"type":"join","text":"a"}"#,
                false,
            ),
            (r#"42["msg","red","a"]"#, r#"42["msg","blue","b"]"#, true),
            (r#"421["msg","a"]"#, r#"422["msg","b"]"#, true),
            (r#"420["join","a"]"#, r#"42["msg","b"]"#, false),
            (
                r#"["1","2","t","msg",{"x":1}]"#,
                r#"["1","3","t","msg",{"x":2}]"#,
                true,
            ),
            (
                r#"["1","2","t","msg",{"x":1}]"#,
                r#"["1","3","t","phx_join",{}]"#,
                false,
            ),
            ("PUB a 1\r\nx", "PUB b 1\r\ny", true),
            ("PUB a 1\r\nx", "SUB a 1\r\n", false),
            ("hello", "good day", true),
            ("2", "3", false),
        ] {
            let same = LeafParts::of(one).form == LeafParts::of(other).form;
            assert_eq!(same, is_same, "{one} {other}");
        }
    }
}
