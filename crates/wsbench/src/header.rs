//! What the user may add to the opening handshake: headers, subprotocols, an origin.
//!
//! It refuses what would break the request or what the handshake itself sets (RFC 6455 section
//! 4.1). It writes no request; that is the codec's.

use thiserror::Error;
use wsbench_load::plan::{Header, RESERVED_HEADERS, is_field_value, is_origin, is_token};
use wsbench_load::template::{Lookup, NotFound, Template, TemplateError};

/// Beginning of a place for a column of a file.
pub const COLUMN: &str = "{csv:";
/// Beginning of a place for a variable of the environment.
const VARIABLE: &str = "{env:";

/// The reason why something cannot be added to the opening handshake.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// There is no colon. Put one between the name and the value. Where the name ends is not known
    /// then, so nothing of it is repeated: the rest may be a credential.
    #[error("it has no colon; write it like 'Authorization: Bearer abc'")]
    NoColon,
    /// The name is no token (RFC 9110 section 5.6.2).
    #[error("'{name}' is not a header name: letters, digits and - only, like 'X-Tenant: 7'")]
    Name {
        /// The text that was given.
        name: String,
    },
    /// The value holds a line break or another control character, which would end the header.
    #[error("the value of {name} holds a line break or another control character; remove it")]
    Value {
        /// The header.
        name: String,
    },
    /// The handshake sets this header itself.
    #[error("{name} is set by the handshake itself")]
    Reserved {
        /// The header.
        name: String,
    },
    /// The value takes a row of a file for each connection, and is wrong as a text.
    #[error("the value of {name}: {error}")]
    Words {
        /// The header.
        name: String,
        /// Fault of the text.
        error: TemplateError,
    },
    /// The same with a place in it that has no value before a connection is open.
    #[error(
        "the value of {name} takes {{csv:FILE:COLUMN}}, {{env:NAME}} and {{conn}}; nothing else is known \
         before a connection is open"
    )]
    Early {
        /// The header.
        name: String,
    },
    /// Something that it names is not there.
    #[error("the value of {name}: {lacks}")]
    NotFound {
        /// The header.
        name: String,
        /// The thing that is not there.
        lacks: NotFound,
    },
    /// A subprotocol is no token (RFC 6455 section 4.1, item 10).
    #[error("'{name}' is not a subprotocol name: no spaces or commas")]
    Subprotocol {
        /// The text that was given.
        name: String,
    },
    /// An origin is visible ASCII without spaces (RFC 6454 section 7).
    #[error("'{origin}' is not an origin; write it like https://example.com")]
    Origin {
        /// The text that was given.
        origin: String,
    },
}

/// Reads `Name: value`.
///
/// # Errors
/// A name that is no token, a value with control characters, a header of the handshake's own.
pub fn header(text: &str) -> Result<Header, HeaderError> {
    let Some((name, value)) = text.split_once(':') else {
        return Err(HeaderError::NoColon);
    };
    let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
    if !is_token(&name) {
        return Err(HeaderError::Name { name });
    }
    let lower = name.to_ascii_lowercase();
    if RESERVED_HEADERS.contains(&lower.as_str()) {
        return Err(HeaderError::Reserved { name });
    }
    if !is_field_value(&value) {
        return Err(HeaderError::Value { name });
    }
    Ok(Header::new(name, value))
}

/// The same header with a value for each connection, where a row of a file stands in it.
///
/// # Errors
/// A text that is wrong, what is not there, values that would break the request.
pub fn of_each(header: Header, find: &dyn Lookup) -> Result<Header, HeaderError> {
    filled(header, &[COLUMN], find)
}

/// The same of a header that stands in a file, for which no shell puts variables of the environment in.
///
/// # Errors
/// As [`of_each`].
pub(crate) fn of_file(header: Header, find: &dyn Lookup) -> Result<Header, HeaderError> {
    filled(header, &[COLUMN, VARIABLE], find)
}

/// A header with the values of its places, where one of these stands in it.
fn filled(header: Header, places: &[&str], find: &dyn Lookup) -> Result<Header, HeaderError> {
    let has_place = |value: &&str| places.iter().any(|place| value.contains(place));
    let value = header.reveal().filter(has_place);
    let Some(value) = value.filter(|_| header.words().is_none()) else {
        return Ok(header);
    };
    let name = header.name.clone();
    let mut words = match Template::for_words(value) {
        Ok(words) => words,
        Err(error) => return Err(HeaderError::Words { name, error }),
    };
    if !words.is_of_connection() {
        return Err(HeaderError::Early { name });
    }
    if let Err(lacks) = words.look_up(find) {
        return Err(HeaderError::NotFound { name, lacks });
    }
    if !words.secrets().all(is_field_value) {
        return Err(HeaderError::Value { name });
    }
    Ok(Header::of_each(name, words))
}

/// Reads the name of a subprotocol.
///
/// # Errors
/// Anything but a token.
pub fn subprotocol(text: &str) -> Result<String, HeaderError> {
    if is_token(text) {
        return Ok(text.to_owned());
    }
    Err(HeaderError::Subprotocol {
        name: text.to_owned(),
    })
}

/// Reads an origin.
///
/// # Errors
/// An empty text, and anything but visible ASCII.
pub fn origin(text: &str) -> Result<String, HeaderError> {
    if is_origin(text) {
        return Ok(text.to_owned());
    }
    Err(HeaderError::Origin {
        origin: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wsbench_load::template::Column;

    #[test]
    fn a_header_is_a_name_and_a_value() {
        let read = header("X-Tenant:  a: b ").unwrap();
        assert_eq!((read.name.as_str(), read.shown()), ("X-Tenant", "a: b"));
        assert_eq!(header("X-Empty:").unwrap().shown(), "");
    }

    #[test]
    fn a_header_cannot_break_the_request() {
        assert!(matches!(header("nothing"), Err(HeaderError::NoColon)));
        assert!(matches!(header("a b: c"), Err(HeaderError::Name { .. })));
        assert!(matches!(header(": c"), Err(HeaderError::Name { .. })));
        assert!(matches!(
            header("X: a\r\nY: b"),
            Err(HeaderError::Value { .. })
        ));
        assert_eq!(
            header("origin: https://example.com")
                .unwrap_err()
                .to_string(),
            "origin is set by the handshake itself"
        );
        for name in RESERVED_HEADERS {
            let refused = header(&format!("{}: x", name.to_uppercase()));
            assert!(
                matches!(refused, Err(HeaderError::Reserved { .. })),
                "{name}"
            );
        }
    }

    #[test]
    fn a_header_may_take_a_row_for_each_connection() {
        struct Rows;
        impl Lookup for Rows {
            fn variable(&self, name: &str) -> Option<String> {
                (name == "KIND").then(|| "Bearer".to_owned())
            }
            fn column(&self, _: &str, name: &str) -> Result<Column, String> {
                let value = match name {
                    "broken" => "a\r\nb",
                    _ => "hidden",
                };
                Column::new(vec!["first".into(), value.into()]).ok_or_else(String::new)
            }
        }
        let of = |text: &str| of_each(header(text).unwrap(), &Rows);
        let found = of("X-Who: {env:KIND} {csv:u.csv:token}").unwrap();
        let words = found.words().unwrap();
        assert_eq!(words.of_connection(3), "Bearer hidden");
        assert_eq!(
            (found.reveal(), found.shown()),
            (Some("Bearer first"), "(withheld)")
        );
        let plain = of("X-Who: {env:KIND}").unwrap();
        assert_eq!(
            plain.shown(),
            "{env:KIND}",
            "a text without a row is none of ours"
        );
        let of_file = of_file(header("X-Who: {env:KIND} 7").unwrap(), &Rows).unwrap();
        assert_eq!(of_file.words().unwrap().of_connection(3), "Bearer 7");
        assert_eq!(of_file.shown(), "(withheld)");
        for (text, words) in [
            ("A: {csv:u.csv}", "names no column"),
            ("A: {csv:u.csv:t} {room}", "nothing else is known"),
            (
                "A: {csv:u.csv:t}{env:OTHER}",
                "the environment has no OTHER",
            ),
            ("A: {csv:u.csv:broken}", "the value of A holds a line break"),
        ] {
            let error = of(text).unwrap_err().to_string();
            assert!(
                error.contains(words) && !error.contains("hidden"),
                "{error}"
            );
        }
    }

    #[test]
    fn subprotocols_and_origins_are_checked() {
        assert_eq!(subprotocol("graphql-ws"), Ok("graphql-ws".to_owned()));
        assert!(subprotocol("a, b").is_err());
        assert!(subprotocol("").is_err());
        assert_eq!(
            origin("https://a.example"),
            Ok("https://a.example".to_owned())
        );
        assert!(origin("a b").is_err());
        assert!(origin("").is_err());
    }
}
