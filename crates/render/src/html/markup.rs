//! HTML as it is written: elements of ours, words of anybody's.
//!
//! Whatever comes from a document goes through [`Markup::text`] or an attribute, and is escaped
//! there; a server's name or its bytes in an error message never become markup.

use serde_json::Value;

use crate::foreign::printable;

/// Attributes of an element, in order.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

/// A piece of HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Markup {
    html: String,
}

impl Markup {
    /// Nothing.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// An element with words in it.
    pub(super) fn of(tag: &str, attributes: Attributes<'_>, words: &str) -> Self {
        let mut markup = Self::new();
        markup.element(tag, attributes, words);
        markup
    }

    /// Words and nothing else.
    pub(super) fn words(words: &str) -> Self {
        let mut markup = Self::new();
        markup.text(words);
        markup
    }

    /// Appends words, escaped.
    pub(super) fn text(&mut self, words: &str) -> &mut Self {
        self.html.push_str(&escaped(words));
        self
    }

    /// Appends words, escaped, with what is typed in them (flags, commands) as code that stays whole.
    pub(super) fn prose(&mut self, words: &str) -> &mut Self {
        for (piece, is_code) in typed(words) {
            if is_code {
                self.open("code", &[]).text(piece);
                self.html.push_str("</code>");
            } else {
                self.text(piece);
            }
        }
        self
    }

    /// Appends a piece of HTML.
    pub(super) fn push(&mut self, piece: &Self) -> &mut Self {
        self.html.push_str(&piece.html);
        self
    }

    /// Appends what is HTML, style or script already: constants of ours, never a document's words.
    pub(super) fn constant(&mut self, html: &str) -> &mut Self {
        self.html.push_str(html);
        self
    }

    /// Data for the page's script. Words of others in it end no element and turn nothing.
    pub(super) fn data(&mut self, data: &Value) -> &mut Self {
        self.open("script", &[("type", "application/json")]);
        let json = printable(&data.to_string()).replace('<', "\\u003c");
        self.constant(&json).close("script")
    }

    /// Begins an element.
    pub(super) fn open(&mut self, tag: &str, attributes: Attributes<'_>) -> &mut Self {
        self.html.push('<');
        self.html.push_str(tag);
        for (name, value) in attributes {
            self.html.push(' ');
            self.html.push_str(name);
            if !value.is_empty() {
                self.html.push_str("=\"");
                self.html.push_str(&escaped(value));
                self.html.push('"');
            }
        }
        self.html.push('>');
        self
    }

    /// Ends an element.
    pub(super) fn close(&mut self, tag: &str) -> &mut Self {
        self.html.push_str("</");
        self.html.push_str(tag);
        self.html.push_str(">\n");
        self
    }

    /// Appends an element with words in it.
    pub(super) fn element(
        &mut self,
        tag: &str,
        attributes: Attributes<'_>,
        words: &str,
    ) -> &mut Self {
        self.open(tag, attributes).text(words).close(tag)
    }

    /// Appends an element that holds a piece of HTML.
    pub(super) fn wrapped(
        &mut self,
        tag: &str,
        attributes: Attributes<'_>,
        inner: &Self,
    ) -> &mut Self {
        self.open(tag, attributes).push(inner).close(tag)
    }

    /// True if nothing was appended.
    pub(super) fn is_empty(&self) -> bool {
        self.html.is_empty()
    }

    /// The HTML.
    pub(super) fn into_html(self) -> String {
        self.html
    }
}

/// The pieces of a text, each with whether it is something that one types: a flag with its value,
/// and a command from its name on.
fn typed(words: &str) -> Vec<(&str, bool)> {
    let mut pieces = Vec::new();
    let mut plain = 0;
    let mut at = 0;
    while at < words.len() {
        let length = match words[..at].chars().next_back() {
            None | Some(' ' | '(' | '[') => typed_length(&words[at..]),
            Some(_) => 0,
        };
        if length > 0 {
            if at > plain {
                pieces.push((&words[plain..at], false));
            }
            pieces.push((&words[at..at + length], true));
            at += length;
            plain = at;
        } else {
            at += words[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    if plain < words.len() {
        pieces.push((&words[plain..], false));
    }
    pieces
}

/// Length of what is typed at the beginning of a text; zero where it is prose.
fn typed_length(rest: &str) -> usize {
    const COMMANDS: [&str; 5] = ["find", "sweep", "compare", "report", "rank"];
    if let Some(command) = rest.strip_prefix("wsbench ") {
        let name = command.split(' ').next().unwrap_or_default();
        if COMMANDS.contains(&name) {
            let end = command.find([';', '→']).unwrap_or(command.len());
            return "wsbench ".len() + trimmed(&command[..end]);
        }
    }
    let is_flag = |word: &str| {
        let name = word.trim_start_matches('-');
        let dashes = word.len() - name.len();
        (1..=2).contains(&dashes) && name.starts_with(|first: char| first.is_ascii_alphabetic())
    };
    let mut words = rest.split(' ');
    let Some(flag) = words.next().filter(|word| is_flag(word)) else {
        return 0;
    };
    if trimmed(flag) < flag.len() {
        return trimmed(flag);
    }
    // A value is a number, a placeholder in capitals, or quoted; words of a sentence are none.
    let is_value = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_digit() || first == '\'')
            || word.len() > 1 && word.chars().all(|letter| !letter.is_lowercase())
    };
    match words.next().filter(|word| is_value(word)) {
        Some(value) => flag.len() + 1 + trimmed(value),
        None => flag.len(),
    }
}

/// Length without the points and brackets of the sentence.
fn trimmed(words: &str) -> usize {
    words
        .trim_end_matches([',', '.', ';', ':', ')', ']', ' '])
        .len()
}

/// Words as HTML that shows them, in an element and in a quoted attribute.
fn escaped(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for letter in printable(words).chars() {
        match letter {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&#39;"),
            letter => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_never_become_markup() {
        let hostile = "\"><script>alert('1')</script>&amp;\u{202e}\u{1b}[31m";
        let markup = Markup::of("p", &[("title", hostile)], hostile).into_html();
        let escaped = "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;\u{fffd}\u{fffd}[31m";
        assert_eq!(markup, format!("<p title=\"{escaped}\">{escaped}</p>\n"));
    }

    #[test]
    fn what_is_typed_is_code_and_stays_whole() {
        let prose = |words: &str| Markup::new().prose(words).html.clone();
        assert_eq!(
            prose("give it cores (--pin), or -c 16 and -R RATE: a well-kept one"),
            "give it cores (<code>--pin</code>), or <code>-c 16</code> and <code>-R RATE</code>: a \
             well-kept one"
        );
        assert_eq!(prose("-t 2 <b>"), "<code>-t 2</code> &lt;b&gt;");
        assert_eq!(
            prose("what it can hold: wsbench find h:1 --slo 'p99<1ms'"),
            "what it can hold: <code>wsbench find h:1 --slo &#39;p99&lt;1ms&#39;</code>"
        );
        assert_eq!(prose("1 - 2, wsbench sends"), "1 - 2, wsbench sends");
    }

    #[test]
    fn an_attribute_without_a_value_is_its_name() {
        assert_eq!(
            Markup::of("details", &[("open", "")], "").into_html(),
            "<details open></details>\n"
        );
    }
}
