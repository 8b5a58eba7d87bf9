//! Closing (RFC 6455 sections 5.5.1 and 7.4): the close frame, and which codes may be in it.
//!
//! When to close, and how long to wait for the peer's close, is the caller's affair.

use crate::frame::{FrameBuffer, MAX_CONTROL};
use crate::mask::MaskKey;
use crate::opcode::OpCode;

/// The purpose of the connection is fulfilled (RFC 6455 section 7.4.1).
pub const NORMAL: u16 = 1000;
/// The endpoint goes away: a server shuts down (RFC 6455 section 7.4.1).
pub const GOING_AWAY: u16 = 1001;

/// Octets of the longest reason: a control frame less the code.
pub const MAX_REASON: usize = MAX_CONTROL - 2;

/// True if a close frame may carry this code.
///
/// Those are the codes of RFC 6455 section 7.4.1 except the three that only report a local state
/// (1005, 1006, 1015), those registered with IANA since (1012–1014), and the ranges for libraries
/// and private use (3000–4999).
///
/// ```
/// use wsbench_wire::close::is_valid_close_code;
/// assert!(is_valid_close_code(1000) && is_valid_close_code(4999));
/// assert!(!is_valid_close_code(1005), "means that no code was given; never sent");
/// ```
#[must_use]
pub const fn is_valid_close_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Appends a close frame. Without a code the body is empty and the reason is not sent (section
/// 5.5.1); a reason over [`MAX_REASON`] octets is cut at a character's boundary.
pub fn push_close(out: &mut FrameBuffer, mask: Option<MaskKey>, code: Option<u16>, reason: &str) {
    let Some(code) = code else {
        return out.push_frame(true, OpCode::Close, mask, &[]);
    };
    let mut end = reason.len().min(MAX_REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let code = code.to_be_bytes();
    out.push_frame(
        true,
        OpCode::Close,
        mask,
        &[&code, &reason.as_bytes()[..end]],
    );
}
