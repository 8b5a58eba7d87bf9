//! The program that an agent is: agents of one run have to be one and the same.

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};
use wsbench_load::plan::PlanSpec;

/// Version of the words of this crate; one higher with each change of them.
const PROTOCOL: u32 = 3;

/// A program, as far as it must not differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// Its version.
    pub version: String,
    /// A hash of the file that it was started from.
    pub build: String,
    /// A hash of the schema of plans and of these words.
    pub schema: String,
}

impl Build {
    /// The program that this process is.
    ///
    /// # Errors
    /// Its file cannot be read.
    pub fn this() -> io::Result<Self> {
        let program = std::fs::read(std::env::current_exe()?)?;
        let schema = schemars::schema_for!(PlanSpec).to_value().to_string();
        Ok(Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            build: short(&program),
            schema: format!("{PROTOCOL}-{}", short(schema.as_bytes())),
        })
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            version,
            build,
            schema,
        } = self;
        write!(f, "{version}, build {build}, schema {schema}")
    }
}

/// The first digits of a hash, enough to tell builds apart.
fn short(bytes: &[u8]) -> String {
    let hash = Sha1::digest(bytes);
    hash.iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_the_same_each_time_and_another_file_is_another_build() {
        let this = Build::this().unwrap();
        assert_eq!(this, Build::this().unwrap());
        assert_eq!(
            (this.build.len(), this.version.as_str()),
            (12, env!("CARGO_PKG_VERSION"))
        );
        assert_ne!(short(b"one"), short(b"another"));
    }
}
