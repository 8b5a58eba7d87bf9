//! Members that stand among those of a struct without being fields of it.
//!
//! Serde's `flatten` would do it, but would read what it flattens through a buffer that makes words
//! of a map's keys, and would write it in one place. So both directions pass the struct's fields
//! through as serde derives them (`remote = "Self"`), and step in where a member stands.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, IntoDeserializer, MapAccess, Visitor};
use serde::ser::{Error as _, Impossible, SerializeStruct};
use serde::{Deserializer, Serialize, Serializer};

/// Members to be written among those of a struct.
pub(super) trait Among {
    /// The number of them.
    fn count(&self) -> usize;

    /// Writes those that stand behind the field `name`, whether that is written or left out.
    fn write_behind<M: SerializeStruct>(
        &self,
        name: &'static str,
        members: &mut M,
    ) -> Result<(), M::Error>;
}

/// A serializer of a struct that writes further members among its fields.
pub(super) struct Within<S, A> {
    pub(super) inner: S,
    pub(super) among: A,
}

/// Refuses what a struct is not.
macro_rules! no_struct {
    ($($method:ident($($argument:ty),*) -> $ok:ty;)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$ok, S::Error> {
            Err(S::Error::custom("only a struct has members"))
        })*
    };
}

impl<S: Serializer, A: Among> Serializer for Within<S, A> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeStruct = Members<S::SerializeStruct, A>;
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
        let members = members + self.among.count();
        Ok(Members {
            inner: self.inner.serialize_struct(name, members)?,
            among: self.among,
        })
    }

    no_struct! {
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

/// The members of a struct while they are written.
pub(super) struct Members<M, A> {
    inner: M,
    among: A,
}

impl<M: SerializeStruct, A: Among> SerializeStruct for Members<M, A> {
    type Ok = M::Ok;
    type Error = M::Error;

    fn serialize_field<T: ?Sized + Serialize>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        self.inner.serialize_field(name, value)?;
        self.among.write_behind(name, &mut self.inner)
    }

    fn skip_field(&mut self, name: &'static str) -> Result<(), M::Error> {
        self.inner.skip_field(name)?;
        self.among.write_behind(name, &mut self.inner)
    }

    fn end(self) -> Result<M::Ok, M::Error> {
        self.inner.end()
    }
}

/// A value that is read from fields, as serde derives it, and from members among them.
pub(super) trait Whole: Sized {
    /// The type that has the fields.
    type Fields;
    /// The members beside them that have come by.
    type Found: Takes;

    /// Before any has come by.
    fn nothing_found() -> Self::Found;

    /// Reads the fields.
    fn read_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self::Fields, D::Error>;

    /// Puts both together.
    fn whole<E: serde::de::Error>(fields: Self::Fields, found: Self::Found) -> Result<Self, E>;
}

/// Members that are taken out of those that are read.
pub(super) trait Takes {
    /// Takes the value of the member `name`; says whether it is one of them. Where it is not, the
    /// value is left to be read.
    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        members: &mut A,
    ) -> Result<bool, A::Error>;
}

/// Reads fields, and the members among them.
pub(super) fn read<'de, W: Whole, D: Deserializer<'de>>(deserializer: D) -> Result<W, D::Error> {
    deserializer.deserialize_map(WholeVisitor(PhantomData))
}

struct WholeVisitor<W>(PhantomData<W>);

impl<'de, W: Whole> Visitor<'de> for WholeVisitor<W> {
    type Value = W;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = std::any::type_name::<W>();
        let name = name.rsplit_once("::").map_or(name, |(_, name)| name);
        write!(f, "struct {name}")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<W, A::Error> {
        let mut found = W::nothing_found();
        let rest = Rest {
            members,
            found: &mut found,
        };
        let fields = W::read_fields(MapAccessDeserializer::new(rest))?;
        W::whole(fields, found)
    }
}

/// The members that are fields.
struct Rest<'a, A, F> {
    members: A,
    found: &'a mut F,
}

impl<'de, A: MapAccess<'de>, F: Takes> MapAccess<'de> for Rest<'_, A, F> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(name) = self.members.next_key::<String>()? {
            if !self.found.take(&name, &mut self.members)? {
                return seed.deserialize(name.into_deserializer()).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.members.next_value_seed(seed)
    }
}
