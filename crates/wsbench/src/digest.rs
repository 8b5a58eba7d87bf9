//! Digests by which one text is told from another.

/// A digest of a text: FNV-1a, for nobody forges a suite, and any change of one shows.
pub(crate) fn of_text(text: &str) -> String {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, fold);
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::of_text;

    #[test]
    fn a_digest_is_that_of_fnv_1a() {
        assert_eq!(of_text(""), "cbf29ce484222325");
        assert_eq!(of_text("foobar"), "85944171f73967e8");
    }
}
