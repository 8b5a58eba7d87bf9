//! Messages that are awaited, as flags take them.

use wsbench_load::plan::Pattern;

/// A pattern as the flag takes it; `None` of one that it has no words for.
pub(super) fn pattern_words(pattern: &Pattern) -> Option<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(match pattern {
        Pattern::Equals(whole) => format!("equals:{}", text(whole)),
        Pattern::Prefix(front) => format!("prefix:{}", text(front)),
        Pattern::Suffix(back) => format!("suffix:{}", text(back)),
        Pattern::Contains(part) => format!("contains:{}", text(part)),
        Pattern::Json { pointer, value } => format!("json:{pointer}={value}"),
        Pattern::Matches(expression) => format!("regex:{}", expression.text()),
        // Of scenarios alone.
        Pattern::Bytes { .. } | Pattern::All(_) => return None,
    })
}
