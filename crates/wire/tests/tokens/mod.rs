//! A reader of DEFLATE streams (RFC 1951) that is slow and plain: it tells how far back the
//! farthest reference goes, which no decompressor lets on.

/// What a stream of whole blocks says.
pub(crate) struct Reading {
    pub(crate) text: Vec<u8>,
    pub(crate) farthest: usize,
}

/// Base length and extra bits of length codes 257 to 285 (RFC 1951 section 3.2.5).
const LENGTHS: [(usize, u32); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

/// The order in which lengths of code lengths come (RFC 1951 section 3.2.7).
const ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> usize {
        let bit = self.bytes[self.at / 8] >> (self.at % 8) & 1;
        self.at += 1;
        bit.into()
    }

    fn number(&mut self, bits: u32) -> usize {
        (0..bits).fold(0, |number, place| number | self.bit() << place)
    }

    /// The next symbol of the code whose lengths these are (RFC 1951 section 3.2.2).
    fn symbol(&mut self, lengths: &[u8]) -> usize {
        let (mut code, mut first, mut len) = (0, 0, 1);
        loop {
            code = code << 1 | self.bit();
            let of_len: Vec<usize> = (0..lengths.len()).filter(|&i| lengths[i] == len).collect();
            if code - first < of_len.len() {
                return of_len[code - first];
            }
            first = (first + of_len.len()) << 1;
            len += 1;
            assert!(len < 16, "no such code");
        }
    }
}

/// Reads blocks until the bytes end.
pub(crate) fn read(bytes: &[u8]) -> Reading {
    let mut bits = Bits { bytes, at: 0 };
    let mut reading = Reading {
        text: Vec::new(),
        farthest: 0,
    };
    while bits.at + 3 <= 8 * bytes.len() {
        assert_eq!(bits.bit(), 0, "no stream of ours ends");
        match bits.number(2) {
            0 => stored(&mut bits, &mut reading),
            1 => {
                let lengths: Vec<u8> = (0..288)
                    .map(|symbol| match symbol {
                        144..=255 => 9,
                        256..=279 => 7,
                        _ => 8,
                    })
                    .collect();
                coded(&mut bits, &lengths, &[5; 30], &mut reading);
            }
            2 => {
                let (lengths, distances) = codes(&mut bits);
                coded(&mut bits, &lengths, &distances, &mut reading);
            }
            _ => panic!("no such block"),
        }
    }
    reading
}

fn stored(bits: &mut Bits<'_>, reading: &mut Reading) {
    bits.at = bits.at.next_multiple_of(8);
    let len = bits.number(16);
    assert_eq!(bits.number(16), len ^ 0xffff);
    let from = bits.at / 8;
    reading
        .text
        .extend_from_slice(&bits.bytes[from..from + len]);
    bits.at += 8 * len;
}

fn codes(bits: &mut Bits<'_>) -> (Vec<u8>, Vec<u8>) {
    let (literals, distances) = (bits.number(5) + 257, bits.number(5) + 1);
    let mut of_lengths = [0; 19];
    for place in &ORDER[..bits.number(4) + 4] {
        of_lengths[*place] = bits.number(3) as u8;
    }
    let mut lengths = Vec::new();
    while lengths.len() < literals + distances {
        let (value, times) = match bits.symbol(&of_lengths) {
            16 => (*lengths.last().unwrap(), 3 + bits.number(2)),
            17 => (0, 3 + bits.number(3)),
            18 => (0, 11 + bits.number(7)),
            length => (length as u8, 1),
        };
        lengths.extend(std::iter::repeat_n(value, times));
    }
    let of_distances = lengths.split_off(literals);
    (lengths, of_distances)
}

fn coded(bits: &mut Bits<'_>, lengths: &[u8], distances: &[u8], reading: &mut Reading) {
    loop {
        let symbol = bits.symbol(lengths);
        if symbol < 256 {
            reading.text.push(symbol as u8);
            continue;
        }
        if symbol == 256 {
            return;
        }
        let (base, extra) = LENGTHS[symbol - 257];
        let len = base + bits.number(extra);
        let symbol = bits.symbol(distances);
        // Distance codes 0 to 3 are 1 to 4; then two codes to each number of extra bits.
        let extra = (symbol as u32 / 2).saturating_sub(1);
        let base = if symbol < 4 {
            symbol
        } else {
            (2 + symbol % 2) << extra
        };
        let distance = base + bits.number(extra) + 1;
        reading.farthest = reading.farthest.max(distance);
        for _ in 0..len {
            reading
                .text
                .push(reading.text[reading.text.len() - distance]);
        }
    }
}
