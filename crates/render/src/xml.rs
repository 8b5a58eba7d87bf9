//! XML as it is written: elements, attributes and words, the latter two of anybody's.
//!
//! What a program that reads XML must be given is a few lines: five letters are escaped, and those
//! that XML 1.0 has no way to write do not stand there at all.

use crate::foreign::printable_lines;

/// An element with what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    tag: &'static str,
    attributes: String,
    /// Words or elements, as XML.
    inside: String,
    has_elements: bool,
}

impl Element {
    /// An empty element.
    pub(crate) fn new(tag: &'static str) -> Self {
        Self {
            tag,
            attributes: String::new(),
            inside: String::new(),
            has_elements: false,
        }
    }

    /// The same with an attribute.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.attributes
            .push_str(&format!(" {name}=\"{}\"", escaped(value)));
        self
    }

    /// The same with words in it.
    pub(crate) fn saying(mut self, words: &str) -> Self {
        self.inside.push_str(&escaped(words));
        self
    }

    /// Puts an element in it, behind the others.
    pub(crate) fn put(&mut self, element: &Self) {
        self.has_elements = true;
        for line in element.written().lines() {
            self.inside.push_str(&format!("  {line}\n"));
        }
    }

    fn written(&self) -> String {
        let (tag, attributes, inside) = (self.tag, &self.attributes, &self.inside);
        match (inside.is_empty(), self.has_elements) {
            (true, _) => format!("<{tag}{attributes}/>"),
            (_, true) => format!("<{tag}{attributes}>\n{inside}</{tag}>"),
            (_, false) => format!("<{tag}{attributes}>{inside}</{tag}>"),
        }
    }

    /// The document whose root it is, ending with a line end.
    pub(crate) fn document(&self) -> String {
        let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
        format!("{declaration}\n{}\n", self.written())
    }
}

/// Words as XML that says them, in an element and in a quoted attribute. A line end is a reference,
/// so that it is kept in both.
fn escaped(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for letter in printable_lines(words).chars() {
        match letter {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&apos;"),
            '\n' => text.push_str("&#10;"),
            // No characters of XML 1.0 (section 2.2).
            '\u{fffe}' | '\u{ffff}' => text.push(char::REPLACEMENT_CHARACTER),
            letter => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_by_another_parser() {
        let hostile = "a<b> & \"c\" 'd' ]]> \u{1b}[31m\u{0}\nµ 漢 <!-- \u{ffff} &amp;";
        let mut root = Element::new("root").with("name", hostile);
        root.put(&Element::new("inner").saying(hostile));
        root.put(&Element::new("empty"));
        let text = root.document();
        let read = roxmltree::Document::parse(&text).unwrap();
        let shown = "a<b> & \"c\" 'd' ]]> \u{fffd}[31m\u{fffd}\nµ 漢 <!-- \u{fffd} &amp;";
        let root = read.root_element();
        assert_eq!(root.attribute("name"), Some(shown));
        let inner: Vec<_> = root.children().filter(|it| it.is_element()).collect();
        assert_eq!(inner[0].text(), Some(shown));
        assert_eq!((inner[1].tag_name().name(), inner.len()), ("empty", 2));
    }
}
