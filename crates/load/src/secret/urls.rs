//! URLs: where they stand in a text, and where in them credentials do, by the names of their parameters.

use percent_encoding::percent_decode_str;

use super::WITHHELD;
use super::names::{is_credential, is_credential_in_path, is_token_by_shape, looks_made_up};

/// URLs in a text, each with where it begins: words with a scheme, and a text that is a path.
pub fn urls_in_text(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let ends = |letter: char| letter.is_whitespace() || "\"'\\<>(){}".contains(letter);
    let mut at = 0;
    let words = text.split_inclusive(ends).map(move |word| {
        at += word.len();
        (at - word.len(), word.trim_end_matches(ends))
    });
    let is_path = text.starts_with('/');
    words.filter(move |(at, word)| word.contains("://") || *at == 0 && is_path)
}

/// The places of the credentials of a URL in it, in order: their first octet and their length.
#[must_use]
pub fn credentials_in_url(url: &str) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let ends = |from: usize, marks: &[char]| {
        let end = url[from..].find(|c: char| marks.contains(&c));
        end.map_or(url.len(), |end| from + end)
    };
    let authority_ends = ends(after_scheme, &['/', '?', '#']);
    // Without a scheme it may be anything: a name and a password there have a colon between.
    let login = url[after_scheme..authority_ends].rfind('@').filter(|at| {
        let login = &url[after_scheme..after_scheme + at];
        after_scheme > 0 || login.contains(':') && !login.contains(char::is_whitespace)
    });
    if let Some(length) = login {
        places.push((after_scheme, length));
    }
    let path_ends = ends(authority_ends, &['?', '#']);
    let (mut at, mut before) = (authority_ends, "");
    for segment in url[authority_ends..path_ends].split_inclusive('/') {
        let bare = segment.trim_end_matches('/');
        if is_token_by_shape(bare) || is_credential_in_path(before, bare) {
            places.push((at, bare.len()));
        }
        at += segment.len();
        before = bare;
    }
    // Parameters of the query, and of a fragment, where logins by OAuth leave their tokens.
    let mut at = path_ends;
    for pair in url[path_ends..].split_inclusive(['?', '#', '&', ';']) {
        let bare = pair.trim_end_matches(['?', '#', '&', ';']);
        if let Some((name, value)) = bare.split_once('=')
            && (is_credential(&percent_decode_str(name).decode_utf8_lossy())
                || is_token_by_shape(value))
            && !value.is_empty()
            && value != WITHHELD
        {
            places.push((at + name.len() + 1, value.len()));
        } else if is_token_by_shape(bare) || !bare.contains('=') && looks_made_up(bare) {
            places.push((at, bare.len()));
        }
        at += pair.len();
    }
    places
}
