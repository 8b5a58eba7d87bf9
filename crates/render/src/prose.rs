//! Prose broken over lines.

/// The text broken at spaces into lines of at most `width` characters; a longer word has a line of
/// its own. At least one line.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(String::new());
            used = 0;
        }
        let line = lines.last_mut().expect("the list begins with one line");
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_only() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("unbreakable is", 4), ["unbreakable", "is"]);
        assert_eq!(wrapped("", 4), [""]);
        assert_eq!(wrapped("a b", 0), ["a", "b"]);
    }
}
