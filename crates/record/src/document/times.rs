//! The distributions of a document, a series each, and how they are members of it.
//!
//! Which there are, how they are called and what they mean is in the table of series
//! ([`wsbench_load::series`]). Here stands where they are among a document's other members.

use schemars::Schema;
use serde::de::{Error as _, MapAccess};
use serde::ser::SerializeStruct;
use serde_json::{Value, json};
use wsbench_load::series::{Home, Series, Shown};

use super::distribution::Distribution;
use super::members::{Among, Takes};

/// The distributions of the series of a group; those without samples are not kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distributions(Vec<(Series, Distribution)>);

impl Distributions {
    /// That of a series; `None` without samples.
    #[must_use]
    pub fn get(&self, series: Series) -> Option<&Distribution> {
        let mut kept = self.0.iter();
        kept.find(|(of, _)| *of == series).map(|(_, spans)| spans)
    }

    /// That of a series, to be changed; an empty one where there is none.
    pub fn get_mut(&mut self, series: Series) -> &mut Distribution {
        let place = self.0.binary_search_by_key(&series, |(of, _)| *of);
        let at = place.unwrap_or_else(|at| {
            self.0.insert(at, (series, Distribution::default()));
            at
        });
        &mut self.0[at].1
    }

    /// Puts that of a series in the place of what there was.
    pub fn put(&mut self, series: Series, spans: Distribution) {
        if spans == Distribution::default() {
            self.0.retain(|(of, _)| *of != series);
        } else {
            *self.get_mut(series) = spans;
        }
    }
}

/// The series that are stored as members of a group, in the order in which they are written.
pub(super) fn members_of(home: Home) -> impl Iterator<Item = Series> {
    Series::ALL.into_iter().filter(move |series| {
        let info = series.info();
        info.home == home && info.shown != Shown::AsTail
    })
}

/// The distributions of a group while they are written.
pub(super) struct WrittenDistributions<'a> {
    pub(super) home: Home,
    pub(super) times: &'a Distributions,
    /// The field that a series stands behind.
    pub(super) behind: fn(Series) -> &'static str,
}

impl WrittenDistributions<'_> {
    /// That of a series as it is stored; `None` where it is left out.
    fn of(&self, series: Series) -> Option<&Distribution> {
        let spans = self.times.get(series);
        match series.info().shown {
            Shown::Always | Shown::AlwaysByNow => Some(spans.unwrap_or(&Distribution::EMPTY)),
            Shown::UnlessEmpty => spans.filter(|spans| !spans.is_empty()),
            Shown::IfMeasured => spans,
            Shown::AsTail => None,
        }
    }
}

impl Among for WrittenDistributions<'_> {
    fn count(&self) -> usize {
        let members = members_of(self.home);
        members.filter(|series| self.of(*series).is_some()).count()
    }

    fn write_behind<M: SerializeStruct>(
        &self,
        name: &'static str,
        members: &mut M,
    ) -> Result<(), M::Error> {
        for series in members_of(self.home).filter(|series| (self.behind)(*series) == name) {
            if let Some(spans) = self.of(series) {
                let info = series.info();
                match info.is_of_one_event {
                    true => members.serialize_field(info.key, spans)?,
                    false => members.serialize_field(info.key, &spans.told())?,
                }
            }
        }
        Ok(())
    }
}

/// The distributions of a group while they are read.
pub(super) struct ReadDistributions {
    home: Home,
    times: Distributions,
    seen: Vec<Series>,
}

impl ReadDistributions {
    pub(super) fn of(home: Home) -> Self {
        Self {
            home,
            times: Distributions::default(),
            seen: Vec::new(),
        }
    }

    /// All of them, if none is missing.
    pub(super) fn complete<E: serde::de::Error>(self) -> Result<Distributions, E> {
        let mut needed =
            members_of(self.home).filter(|series| series.info().shown == Shown::Always);
        match needed.find(|series| !self.seen.contains(series)) {
            Some(missing) => Err(E::missing_field(missing.info().key)),
            None => Ok(self.times),
        }
    }
}

impl Takes for ReadDistributions {
    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        members: &mut A,
    ) -> Result<bool, A::Error> {
        let Some(series) = members_of(self.home).find(|series| series.info().key == name) else {
            return Ok(false);
        };
        if self.seen.contains(&series) {
            return Err(A::Error::duplicate_field(series.info().key));
        }
        self.seen.push(series);
        let spans = match series.info().shown {
            Shown::IfMeasured => members.next_value::<Option<Distribution>>()?,
            _ => Some(members.next_value()?),
        };
        let spans = spans.map(Distribution::restored);
        self.times.put(series, spans.unwrap_or_default());
        Ok(true)
    }
}

/// Adds the members of a group to the schema of what has them.
pub(super) fn describe(schema: &mut Schema, home: Home) {
    for series in members_of(home) {
        let info = series.info();
        let meaning = info.meaning();
        let distribution = json!({"$ref": "#/$defs/Distribution"});
        let member = match info.shown {
            Shown::IfMeasured => json!({
                "anyOf": [distribution, {"type": "null"}], "description": meaning,
            }),
            Shown::AlwaysByNow => json!({
                "$ref": distribution["$ref"], "default": {"count": 0}, "description": meaning,
            }),
            Shown::Always | Shown::UnlessEmpty | Shown::AsTail => json!({
                "$ref": distribution["$ref"], "description": meaning,
            }),
        };
        add(schema, info.key, member, info.shown == Shown::Always);
    }
}

/// Adds a member to a schema.
pub(super) fn add(schema: &mut Schema, key: &str, member: Value, is_required: bool) {
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert(key.to_owned(), member);
    }
    if is_required {
        let required = schema.entry("required").or_insert_with(|| json!([]));
        if let Some(required) = required.as_array_mut() {
            required.push(key.into());
        }
    }
}

/// Has a struct whose field `times` are those of a group written and read with them among its other
/// members.
macro_rules! has_times {
    ($type:ident of $home:ident behind $behind:expr) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let among = $crate::document::times::WrittenDistributions {
                    home: wsbench_load::series::Home::$home,
                    times: &self.times,
                    behind: $behind,
                };
                let inner = serializer;
                Self::serialize(self, $crate::document::members::Within { inner, among })
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::document::members::read(deserializer)
            }
        }

        impl $crate::document::members::Whole for $type {
            type Fields = Self;
            type Found = $crate::document::times::ReadDistributions;

            fn nothing_found() -> Self::Found {
                Self::Found::of(wsbench_load::series::Home::$home)
            }

            fn read_fields<'de, D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                Self::deserialize(deserializer)
            }

            fn whole<E: serde::de::Error>(fields: Self, found: Self::Found) -> Result<Self, E> {
                let times = found.complete()?;
                Ok(Self { times, ..fields })
            }
        }
    };
}

pub(super) use has_times;
