//! What came, in words: short enough for a line of a table.

use wsbench_wire::connection::MessageKind;

/// Octets of a payload that are shown.
const SHOWN: usize = 24;

/// A kind of message.
pub(crate) fn kind(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Text => "text",
        MessageKind::Binary => "binary",
    }
}

/// A payload: its length, and its beginning where it is short.
pub(crate) fn payload(bytes: &[u8]) -> String {
    match bytes.len() {
        0 => "nothing".to_owned(),
        len if len <= SHOWN => format!("“{}”", bytes.escape_ascii()),
        len => format!("{len} octets"),
    }
}

/// A close code.
pub(crate) fn code(code: Option<u16>) -> String {
    code.map_or_else(|| "no code".to_owned(), |code| format!("code {code}"))
}
