//! A frame that is made where its message was read, so that a long message is not copied.

use wsbench_wire::connection::MessageKind;
use wsbench_wire::frame::FrameHeader;

/// Makes a frame of the message that begins at `start` and ends with the input, by writing a header
/// where the client's was: ours has no mask and is shorter. `None` when that was in an earlier read.
pub(crate) fn frame_in_place(kind: MessageKind, input: &mut [u8], start: usize) -> Option<&[u8]> {
    let header = FrameHeader {
        fin: true,
        rsv: 0,
        opcode: kind.opcode(),
        mask: None,
        len: (input.len() - start) as u64,
    };
    let mut encoded = [0; FrameHeader::MAX_LEN];
    let len = header.encode(&mut encoded);
    let front = start.checked_sub(len)?;
    input[front..start].copy_from_slice(&encoded[..len]);
    Some(&input[front..])
}
