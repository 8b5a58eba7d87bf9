//! A record with its audit, and how the two are one document where it is stored.
//!
//! The audit is a member among the record's own, behind the plan ([`super::members`]).

use std::ops::Deref;

use schemars::{JsonSchema, Schema};
use serde::de::{Error as _, MapAccess};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::members::{self, Among, Takes, Whole, Within};
use super::record::Record;
use crate::audit::Audit;

/// The result of one run.
///
/// Fields that this version does not know are ignored on reading, and optional ones that are
/// missing take their defaults, so that older and newer documents of the same schema are read.
#[derive(Clone, Debug, PartialEq, JsonSchema)]
#[schemars(title = "wsbench result", transform = in_its_place)]
pub struct Document {
    /// Record of what was measured.
    #[schemars(flatten)]
    pub record: Record,
    /// Audit of how far the figures may be believed.
    pub audit: Audit,
}

impl Deref for Document {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.record
    }
}

/// The name of the audit's member.
const AUDIT: &str = "audit";
/// The member of the record that stands before it.
const BEFORE: &str = "plan";

/// Names the audit among the members that a document must have where it is written.
fn in_its_place(schema: &mut Schema) {
    let Some(required) = schema.get_mut("required").and_then(|it| it.as_array_mut()) else {
        return;
    };
    required.retain(|name| name != AUDIT);
    let before = required.iter().position(|name| name == BEFORE);
    required.insert(before.map_or(0, |at| at + 1), AUDIT.into());
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Serialize::serialize(
            &self.record,
            Within {
                inner: serializer,
                among: &self.audit,
            },
        )
    }
}

impl Among for &Audit {
    fn count(&self) -> usize {
        1
    }

    fn write_behind<M: SerializeStruct>(
        &self,
        name: &'static str,
        members: &mut M,
    ) -> Result<(), M::Error> {
        if name == BEFORE {
            members.serialize_field(AUDIT, self)?;
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        members::read(deserializer)
    }
}

impl Whole for Document {
    type Fields = Record;
    type Found = Option<Audit>;

    fn nothing_found() -> Option<Audit> {
        None
    }

    fn read_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Record, D::Error> {
        Deserialize::deserialize(deserializer)
    }

    fn whole<E: serde::de::Error>(record: Record, audit: Option<Audit>) -> Result<Self, E> {
        let audit = audit.ok_or_else(|| E::missing_field(AUDIT))?;
        Ok(Self { record, audit })
    }
}

impl Takes for Option<Audit> {
    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        members: &mut A,
    ) -> Result<bool, A::Error> {
        if name != AUDIT {
            return Ok(false);
        }
        if self.replace(members.next_value()?).is_some() {
            return Err(A::Error::duplicate_field(AUDIT));
        }
        Ok(true)
    }
}
