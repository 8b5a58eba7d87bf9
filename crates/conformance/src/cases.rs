//! The cases: every demand on an echo server that the gate makes.
//!
//! They are made, not written down byte by byte: masks differ from frame to frame, as section 5.3
//! wants it, and the same seed makes the same cases.

mod closing;
mod compression;
mod data;
mod faults;
mod handshake;

use wsbench_dialogue::{DialogueStep, Expectation, Pattern};
use wsbench_wire::connection::MessageKind;
use wsbench_wire::frame::{FrameBuffer, FrameHeader};
use wsbench_wire::mask::MaskKey;
use wsbench_wire::opcode::OpCode;

use crate::case::{Case, Group, OpeningDeviation};

/// Every case, in the order in which they are carried out: the handshake first.
#[must_use]
pub fn all(seed: u64) -> Vec<Case> {
    let mut maker = Maker {
        random: fastrand::Rng::with_seed(seed),
    };
    let mut cases = handshake::cases();
    cases.extend(data::messages(&mut maker));
    cases.extend(data::fragments(&mut maker));
    cases.extend(data::control(&mut maker));
    cases.extend(faults::framing(&mut maker));
    cases.extend(faults::utf8(&mut maker));
    cases.extend(closing::cases(&mut maker));
    cases.extend(compression::cases(&mut maker));
    cases
}

/// Makes frames, each with a mask of its own.
struct Maker {
    random: fastrand::Rng,
}

impl Maker {
    fn mask(&mut self) -> MaskKey {
        MaskKey(self.random.u32(..).to_be_bytes())
    }

    /// A proper frame.
    fn frame(&mut self, fin: bool, opcode: OpCode, payload: &[u8]) -> Vec<u8> {
        let mut out = FrameBuffer::new();
        out.push_frame(fin, opcode, Some(self.mask()), &[payload]);
        out.as_slice().to_vec()
    }

    /// A frame under a header that need not be right; masked unless the header says otherwise.
    fn wrong(&mut self, change: impl FnOnce(&mut FrameHeader), payload: &[u8]) -> Vec<u8> {
        let mut header = FrameHeader {
            fin: true,
            rsv: 0,
            opcode: OpCode::Text,
            mask: Some(self.mask()),
            len: payload.len() as u64,
        };
        change(&mut header);
        let mut out = FrameBuffer::new();
        out.push_frame_as(header, &[payload]);
        out.as_slice().to_vec()
    }

    /// A close frame with this body.
    fn close(&mut self, body: &[u8]) -> Vec<u8> {
        self.frame(true, OpCode::Close, body)
    }
}

/// A case with a plain handshake.
fn case(
    id: &'static str,
    group: Group,
    section: &'static str,
    sent: impl Into<String>,
    expected: impl Into<String>,
    steps: Vec<DialogueStep>,
) -> Case {
    Case {
        id,
        group,
        section,
        sent: sent.into(),
        expected: expected.into(),
        opening: OpeningDeviation::Plain,
        steps,
    }
}

fn message(kind: MessageKind, bytes: &[u8]) -> DialogueStep {
    DialogueStep::Expect(Expectation::Message(kind, Pattern::Equals(bytes.to_vec())))
}

fn failure(codes: &'static [u16]) -> DialogueStep {
    DialogueStep::Expect(Expectation::Failure {
        codes,
        demanded: true,
    })
}
