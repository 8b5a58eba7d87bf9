//! Numbers in files that people write: as TOML has them, or as flags write them.

use schemars::JsonSchema;
use serde::Deserialize;

/// A number, or one as flags write it: 30, "16k", "10/ms".
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "neither a number nor a text like \"16k\"")]
pub(crate) enum Amount {
    /// A number.
    Number(u64),
    /// A text.
    Text(String),
}

impl Amount {
    /// As flags write it.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}
