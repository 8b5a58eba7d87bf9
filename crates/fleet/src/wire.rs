//! The form of words and entries on the bus: JSON, and what holds histograms deflated.

use std::io::{self, Read, Write};
use std::sync::Arc;

use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// No entry is longer than this when it is inflated, bytes: some hundred times the largest that is
/// known, and a bound on what a broken one can cost.
const LONGEST: u64 = 64 << 20;

/// The bytes of an entry.
///
/// # Errors
/// The value has no form in JSON.
pub fn packed(value: &impl Serialize) -> io::Result<Arc<[u8]>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Default::default());
    serde_json::to_writer(&mut encoder, value)?;
    encoder.flush()?;
    Ok(encoder.finish()?.into())
}

/// The value that was packed so.
///
/// # Errors
/// It is none, or longer than any.
pub fn unpacked<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    let mut text = Vec::new();
    let mut decoder = ZlibDecoder::new(bytes).take(LONGEST + 1);
    decoder.read_to_end(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(io::Error::other("it is longer than any entry"));
    }
    Ok(serde_json::from_slice(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked_and_what_is_broken_is_refused() {
        let value = vec![7_u64; 1_000];
        let bytes = packed(&value).unwrap();
        assert!(bytes.len() < 100, "{}", bytes.len());
        assert_eq!(unpacked::<Vec<u64>>(&bytes).unwrap(), value);
        assert!(unpacked::<Vec<u64>>(&bytes[..bytes.len() / 2]).is_err());
        assert!(unpacked::<String>(&bytes).is_err());
        assert!(unpacked::<u64>(b"no deflate").is_err());
    }

    #[test]
    fn what_inflates_beyond_all_bounds_is_refused() {
        let bomb = packed(&"0".repeat(LONGEST as usize + 8)).unwrap();
        assert!(bomb.len() < 1 << 20);
        let refused = unpacked::<String>(&bomb).unwrap_err().to_string();
        assert!(refused.contains("longer than any"), "{refused}");
    }
}
