//! Counters at rest: by name, and those alone that have counted anything.

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::Serializer;

use super::counts::Counted;

pub(super) fn serialize<T: Counted, S: Serializer>(counts: &T, to: S) -> Result<S::Ok, S::Error> {
    let none = T::default();
    let all = T::COUNTERS.iter();
    let counted = all.filter_map(|counter| {
        let value = (counter.of)(counts).filter(|value| Some(*value) != (counter.of)(&none));
        Some((counter.name, value?))
    });
    to.collect_map(counted)
}

/// Reads what the other writes.
///
/// # Errors
/// There is no counter of a name.
pub(super) fn deserialize<'de, T: Counted, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let mut counts = T::default();
    for (name, value) in BTreeMap::<String, u64>::deserialize(from)? {
        let counter = T::COUNTERS.iter().find(|counter| counter.name == name);
        let counter = counter.ok_or_else(|| D::Error::custom(format!("no counter {name:?}")))?;
        (counter.put)(&mut counts, value);
    }
    Ok(counts)
}
