//! The identity of a message: which message of which connection it is.

/// A message of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageId {
    /// Number of the connection, from 0 over the whole run.
    pub connection: u32,
    /// Number of the message on its connection, from 0.
    pub sequence: u64,
}

/// Digits of a tag in text: 128 bits of it, in base64url.
pub(crate) const TAG_DIGITS: usize = 22;

/// Digits of base64url (RFC 4648 section 5).
pub(crate) const DIGITS: &[u8; 64] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// SplitMix64's finaliser (Steele, Lea, Flood, OOPSLA 2014): a cheap even spread of 64 bits.
#[inline]
pub(crate) fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The value of each digit; above 63 of what is none.
static VALUES: [u8; 256] = {
    let mut values = [u8::MAX; 256];
    let mut value = 0;
    while value < 64 {
        values[DIGITS[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// The message that the digits of a tag name; `None` where they are no tag of this run.
pub(crate) fn identity_of_digits(digits: &[u8], run: u32) -> Option<MessageId> {
    identity_of(decode_tag(digits.try_into().ok()?)?, run)
}

/// The message that a tag names, if it is one of this run.
pub(crate) fn identity_of(tag: u128, run: u32) -> Option<MessageId> {
    ((tag >> 64) as u32 == run).then_some(MessageId {
        connection: (tag >> 96) as u32,
        sequence: tag as u64,
    })
}

fn decode_tag(digits: &[u8; TAG_DIGITS]) -> Option<u128> {
    // The number that some digits are, and what all of them come to: more than 63 where one is none.
    let number = |digits: &[u8]| {
        digits.iter().fold((0_u64, 0_u8), |(number, all), &digit| {
            let bits = VALUES[usize::from(digit)];
            (number << 6 | u64::from(bits), all | bits)
        })
    };
    let (front, first) = number(&digits[..10]);
    let (middle, second) = number(&digits[10..20]);
    // The last digit carries two bits of the value above four zeros.
    let (back, third) = number(&digits[20..]);
    let is_tag = (first | second | third) < 64 && back & 0xf == 0;
    is_tag.then(|| u128::from(front) << 68 | u128::from(middle) << 8 | u128::from(back >> 4))
}
