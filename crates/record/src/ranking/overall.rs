//! One number a server, by weights that the suite states.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A server that a league cannot place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unranked {
    /// The server's name.
    pub server: String,
    /// Why.
    pub reason: String,
}

/// One number a server, by weights: an opinion, stated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Overall {
    /// The weights, by league key; they need not add up to anything.
    pub weights: Vec<Weight>,
    /// Scores, the best first: the weighted geometric mean of each value over the best server's,
    /// so that 1.0 is the best in everything.
    pub scores: Vec<Score>,
    /// Servers without a score, for they lack a value.
    #[serde(default)]
    pub unranked: Vec<Unranked>,
}

/// Weight of one league.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Weight {
    /// The league's key.
    pub key: String,
    /// Its weight, above 0.
    pub weight: f64,
}

/// A server's score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Score {
    /// The server's name.
    pub server: String,
    /// 0.0 to 1.0.
    pub score: f64,
}
