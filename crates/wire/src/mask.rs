//! Masking of payloads (RFC 6455 section 5.3): octet i is XORed with octet i mod 4 of the key.
//!
//! The loops work on 32 octets at a time in lanes of 64 bits, which the compiler turns into vector
//! instructions without any `unsafe`. What is left behind the last whole lane is masked by one more
//! lane that ends where the payload ends and overlaps what was masked before. This module does not
//! choose keys: the caller draws a fresh, unpredictable one a frame.

/// Octets that one turn of the main loop takes: two 128-bit or one 256-bit vector.
const BLOCK: usize = 32;
/// Octets of one lane.
pub(crate) const LANE: usize = 8;

/// The masking key of one frame, in the order in which it is sent (RFC 6455 section 5.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MaskKey(pub [u8; 4]);

impl MaskKey {
    /// The key as it applies from octet `phase` of the payload on: only `phase mod 4` matters.
    ///
    /// ```
    /// use wsbench_wire::mask::MaskKey;
    /// assert_eq!(MaskKey([1, 2, 3, 4]).rotated(5), MaskKey([2, 3, 4, 1]));
    /// ```
    #[inline]
    #[must_use]
    pub const fn rotated(self, phase: usize) -> Self {
        let key = u32::from_le_bytes(self.0);
        Self(key.rotate_right(8 * (phase & 3) as u32).to_le_bytes())
    }

    /// The key twice over, as one lane. XOR works octet by octet, so that the order of octets of
    /// the machine does not matter as long as key and data are read alike.
    #[inline]
    const fn lane(self) -> u64 {
        let key = u32::from_ne_bytes(self.0) as u64;
        key | key << 32
    }
}

/// One lane, masked as the first octets of a payload.
#[inline]
pub(crate) const fn masked_lane(key: MaskKey, octets: [u8; LANE]) -> [u8; LANE] {
    (u64::from_ne_bytes(octets) ^ key.lane()).to_ne_bytes()
}

/// Writes `src` to `dst`, masked as the octets `phase..` of a payload: one pass over the bytes.
///
/// Masking twice with the same key and phase gives the original back (RFC 6455 section 5.3).
///
/// # Panics
/// When `src` and `dst` differ in length.
///
/// ```
/// use wsbench_wire::mask::{MaskKey, copy_masked};
/// let mut masked = [0; 5];
/// copy_masked(MaskKey([0x37, 0xfa, 0x21, 0x3d]), 0, b"Hello", &mut masked);
/// assert_eq!(masked, [0x7f, 0x9f, 0x4d, 0x51, 0x58]); // RFC 6455 section 5.7
/// ```
#[inline]
pub fn copy_masked(key: MaskKey, phase: usize, src: &[u8], dst: &mut [u8]) {
    assert_eq!(
        src.len(),
        dst.len(),
        "source and destination are one payload"
    );
    let key = key.rotated(phase);
    // What two lanes cover, as the filling of a small message, without a call.
    if src.len() <= 2 * LANE
        && let (Some(front), Some(back)) = (src.first_chunk::<LANE>(), src.last_chunk::<LANE>())
    {
        let behind = key.rotated(src.len() - LANE).lane();
        if let Some(to) = dst.first_chunk_mut::<LANE>() {
            *to = (u64::from_ne_bytes(*front) ^ key.lane()).to_ne_bytes();
        }
        if let Some(to) = dst.last_chunk_mut::<LANE>() {
            *to = (u64::from_ne_bytes(*back) ^ behind).to_ne_bytes();
        }
        return;
    }
    copy_all(key, src, dst);
}

/// The same for any length, from the first octet of the key on.
fn copy_all(key: MaskKey, src: &[u8], dst: &mut [u8]) {
    let lane = key.lane();
    // The last lane, made before anything is written: it overlaps the lanes before it.
    if let (Some(from), Some(to)) = (src.last_chunk::<LANE>(), dst.last_chunk_mut::<LANE>()) {
        let at = key.rotated(src.len() - LANE).lane();
        *to = (u64::from_ne_bytes(*from) ^ at).to_ne_bytes();
    } else {
        for (i, (to, from)) in dst.iter_mut().zip(src).enumerate() {
            *to = from ^ key.0[i & 3];
        }
        return;
    }
    let (src_blocks, src) = src.as_chunks::<BLOCK>();
    let (dst_blocks, dst) = dst.as_chunks_mut::<BLOCK>();
    for (to, from) in dst_blocks.iter_mut().zip(src_blocks) {
        copy_lanes(lane, from, to);
    }
    let (src_lanes, _) = src.as_chunks::<LANE>();
    let (dst_lanes, _) = dst.as_chunks_mut::<LANE>();
    for (to, from) in dst_lanes.iter_mut().zip(src_lanes) {
        *to = (u64::from_ne_bytes(*from) ^ lane).to_ne_bytes();
    }
}

/// Masks or unmasks `data` where it lies, as the octets `phase..` of a payload.
///
/// ```
/// use wsbench_wire::mask::{MaskKey, mask_in_place};
/// let mut data = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
/// mask_in_place(MaskKey([0x37, 0xfa, 0x21, 0x3d]), 0, &mut data);
/// assert_eq!(&data, b"Hello"); // RFC 6455 section 5.7
/// ```
#[inline]
pub fn mask_in_place(key: MaskKey, phase: usize, data: &mut [u8]) {
    let key = key.rotated(phase);
    let lane = key.lane();
    let len = data.len();
    // The last lane as it will be, made before the lanes that it overlaps are masked.
    let Some(last) = data.last_chunk::<LANE>() else {
        for (i, octet) in data.iter_mut().enumerate() {
            *octet ^= key.0[i & 3];
        }
        return;
    };
    let last = u64::from_ne_bytes(*last) ^ key.rotated(len - LANE).lane();
    let (blocks, rest) = data.as_chunks_mut::<BLOCK>();
    for block in blocks {
        let from = *block;
        copy_lanes(lane, &from, block);
    }
    let (lanes, _) = rest.as_chunks_mut::<LANE>();
    for octets in lanes {
        *octets = (u64::from_ne_bytes(*octets) ^ lane).to_ne_bytes();
    }
    if let Some(end) = data.last_chunk_mut::<LANE>() {
        *end = last.to_ne_bytes();
    }
}

/// One block, lane by lane; unrolled and vectorised by the compiler.
#[inline(always)]
fn copy_lanes(lane: u64, from: &[u8; BLOCK], to: &mut [u8; BLOCK]) {
    let (from, _) = from.as_chunks::<LANE>();
    let (to, _) = to.as_chunks_mut::<LANE>();
    for (to, from) in to.iter_mut().zip(from) {
        *to = (u64::from_ne_bytes(*from) ^ lane).to_ne_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, octet by octet.
    fn naive(key: MaskKey, phase: usize, data: &[u8]) -> Vec<u8> {
        data.iter()
            .enumerate()
            .map(|(i, octet)| octet ^ key.0[(i + phase) % 4])
            .collect()
    }

    #[test]
    fn every_length_and_phase_equals_the_definition() {
        let key = MaskKey([0x9a, 0x01, 0xff, 0x43]);
        let data: Vec<u8> = (0..300_u32).map(|i| (i * 31 % 251) as u8).collect();
        for len in 0..=data.len() {
            for phase in 0..9 {
                let expected = naive(key, phase, &data[..len]);
                let mut copied = vec![0; len];
                copy_masked(key, phase, &data[..len], &mut copied);
                assert_eq!(copied, expected, "copy: length {len}, phase {phase}");
                let mut in_place = data[..len].to_vec();
                mask_in_place(key, phase, &mut in_place);
                assert_eq!(in_place, expected, "in place: length {len}, phase {phase}");
            }
        }
    }

    #[test]
    fn pieces_that_start_anywhere_in_memory_equal_the_whole() {
        let key = MaskKey([1, 2, 3, 4]);
        let data: Vec<u8> = (0..=255).collect();
        let whole = naive(key, 0, &data);
        for cut in 0..data.len() {
            let mut pieces = data.clone();
            let (head, tail) = pieces.split_at_mut(cut);
            mask_in_place(key, 0, head);
            mask_in_place(key, cut, tail);
            assert_eq!(pieces, whole, "cut at {cut}");
        }
    }

    #[test]
    #[should_panic(expected = "one payload")]
    fn lengths_that_differ_are_a_defect_of_the_caller() {
        copy_masked(MaskKey([0; 4]), 0, b"four", &mut [0; 3]);
    }
}
