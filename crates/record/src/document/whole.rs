//! A record with its audit, and how the two are one document where it is stored.
//!
//! The audit is a member among the record's own, behind the plan. Serde's `flatten` would put it
//! behind everything, and would read the record through a buffer in which a map's keys are words
//! alone, so that close codes could not be read; therefore both directions pass the record's fields
//! through as they are and step in at one place.

use std::ops::Deref;

use schemars::{JsonSchema, Schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error as _, IntoDeserializer, MapAccess, Visitor};
use serde::ser::{Error as _, Impossible, SerializeStruct};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::record::Record;
use crate::audit::Audit;

/// The result of one run.
///
/// Fields that this version does not know are ignored on reading, and optional ones that are
/// missing take their defaults, so that older and newer documents of the same schema are read.
#[derive(Clone, Debug, PartialEq, JsonSchema)]
#[schemars(title = "wsbench result", transform = in_its_place)]
pub struct Document {
    /// What was measured.
    #[schemars(flatten)]
    pub record: Record,
    /// How far the figures may be believed.
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
        self.record.serialize(Within {
            inner: serializer,
            audit: &self.audit,
        })
    }
}

/// Writes a record's members, and the audit among them.
struct Within<'a, S> {
    inner: S,
    audit: &'a Audit,
}

/// Refuses what a record is not.
macro_rules! no_record {
    ($($method:ident($($argument:ty),*) -> $ok:ty;)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$ok, S::Error> {
            Err(S::Error::custom("a record is a struct"))
        })*
    };
}

impl<'a, S: Serializer> Serializer for Within<'a, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeStruct = Members<'a, S::SerializeStruct>;
    type SerializeSeq = Impossible<S::Ok, S::Error>;
    type SerializeTuple = Impossible<S::Ok, S::Error>;
    type SerializeTupleStruct = Impossible<S::Ok, S::Error>;
    type SerializeTupleVariant = Impossible<S::Ok, S::Error>;
    type SerializeMap = Impossible<S::Ok, S::Error>;
    type SerializeStructVariant = Impossible<S::Ok, S::Error>;

    fn serialize_struct(
        self,
        name: &'static str,
        members: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        Ok(Members {
            inner: self.inner.serialize_struct(name, members + 1)?,
            audit: self.audit,
        })
    }

    no_record! {
        serialize_bool(bool) -> S::Ok;
        serialize_i8(i8) -> S::Ok;
        serialize_i16(i16) -> S::Ok;
        serialize_i32(i32) -> S::Ok;
        serialize_i64(i64) -> S::Ok;
        serialize_u8(u8) -> S::Ok;
        serialize_u16(u16) -> S::Ok;
        serialize_u32(u32) -> S::Ok;
        serialize_u64(u64) -> S::Ok;
        serialize_f32(f32) -> S::Ok;
        serialize_f64(f64) -> S::Ok;
        serialize_char(char) -> S::Ok;
        serialize_str(&str) -> S::Ok;
        serialize_bytes(&[u8]) -> S::Ok;
        serialize_none() -> S::Ok;
        serialize_unit() -> S::Ok;
        serialize_unit_struct(&'static str) -> S::Ok;
        serialize_unit_variant(&'static str, u32, &'static str) -> S::Ok;
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize)
            -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct_variant(&'static str, u32, &'static str, usize)
            -> Self::SerializeStructVariant;
    }

    fn serialize_some<T: ?Sized + Serialize>(self, _: &T) -> Result<S::Ok, S::Error> {
        self.serialize_none()
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: &T,
    ) -> Result<S::Ok, S::Error> {
        self.serialize_none()
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<S::Ok, S::Error> {
        self.serialize_none()
    }
}

/// The members of a document while they are written.
struct Members<'a, S> {
    inner: S,
    audit: &'a Audit,
}

impl<S: SerializeStruct> SerializeStruct for Members<'_, S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_field<T: ?Sized + Serialize>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), S::Error> {
        self.inner.serialize_field(name, value)?;
        if name == BEFORE {
            self.inner.serialize_field(AUDIT, self.audit)?;
        }
        Ok(())
    }

    fn skip_field(&mut self, name: &'static str) -> Result<(), S::Error> {
        self.inner.skip_field(name)
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.inner.end()
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Whole)
    }
}

/// Reads a document's members.
struct Whole;

impl<'de> Visitor<'de> for Whole {
    type Value = Document;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("struct Document")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Document, A::Error> {
        let mut audit = None;
        let rest = WithoutAudit {
            members,
            audit: &mut audit,
        };
        let record = Record::deserialize(MapAccessDeserializer::new(rest))?;
        let audit = audit.ok_or_else(|| A::Error::missing_field(AUDIT))?;
        Ok(Document { record, audit })
    }
}

/// The members of a document without the audit, which is kept when it comes by.
struct WithoutAudit<'a, A> {
    members: A,
    audit: &'a mut Option<Audit>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WithoutAudit<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(name) = self.members.next_key::<String>()? {
            if name != AUDIT {
                return seed.deserialize(name.into_deserializer()).map(Some);
            }
            if self.audit.replace(self.members.next_value()?).is_some() {
                return Err(A::Error::duplicate_field(AUDIT));
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.members.next_value_seed(seed)
    }
}
