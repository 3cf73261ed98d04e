//! A frame, decoded for a person: drawn from the schema alone, so that no protocol writes a printer.

use postcard_schema::schema::{DataModelType, DataModelVariant, NamedType};

/// Most nodes of a tree; a longer frame is cut there.
const MAX_NODES: usize = 4096;

/// A field of a decoded frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The field's name, or its place in a list.
    pub name: String,
    /// Its type.
    pub kind: &'static str,
    /// Its value in words; empty for a field that only has parts.
    pub value: String,
    /// Where it stands in the frame.
    pub bytes: core::ops::Range<usize>,
    /// Its parts.
    pub parts: Vec<Tree>,
}

/// Decodes `frame` (protocol number and message) by `schema`. What cannot be decoded ends the tree with a part called
/// `malformed`; nothing panics, whatever the bytes.
pub fn describe(schema: &'static NamedType, frame: &[u8]) -> Tree {
    let mut walk = Walk {
        frame,
        at: usize::from(!frame.is_empty()),
        nodes: 0,
    };
    let mut root = match walk.field("message".to_owned(), schema) {
        Ok(tree) => tree,
        Err(Broken(tree)) => tree,
    };
    if walk.at < frame.len() && !ends_malformed(&root) {
        root.parts.push(malformed(walk.at..frame.len(), "bytes left over"));
    }
    root
}

/// Does the tree end in a part that could not be decoded?
fn ends_malformed(tree: &Tree) -> bool {
    tree.name == "malformed" || tree.parts.last().is_some_and(ends_malformed)
}

/// A part that stands for bytes that are no field.
fn malformed(bytes: core::ops::Range<usize>, why: &str) -> Tree {
    Tree {
        name: "malformed".to_owned(),
        kind: "",
        value: why.to_owned(),
        bytes,
        parts: Vec::new(),
    }
}

/// What could be decoded before the bytes went wrong.
struct Broken(Tree);

struct Walk<'a> {
    frame: &'a [u8],
    at: usize,
    nodes: usize,
}

impl Walk<'_> {
    fn field(&mut self, name: String, schema: &'static NamedType) -> Result<Tree, Broken> {
        let start = self.at;
        let mut tree = Tree {
            name,
            kind: schema.name,
            value: String::new(),
            bytes: start..start,
            parts: Vec::new(),
        };
        self.nodes += 1;
        let result = if self.nodes > MAX_NODES {
            Err("too many fields")
        } else {
            self.value(schema.ty, &mut tree)
        };
        tree.bytes = start..self.at;
        match result {
            Ok(()) => Ok(tree),
            Err("") => Err(Broken(tree)),
            Err(why) => {
                tree.parts.push(malformed(self.at..self.frame.len(), why));
                Err(Broken(tree))
            }
        }
    }

    /// Fills in value and parts. An empty error says that a part below already tells what is wrong.
    fn value(&mut self, ty: &'static DataModelType, tree: &mut Tree) -> Result<(), &'static str> {
        use DataModelType as T;
        match ty {
            T::Bool => tree.value = (self.byte()? != 0).to_string(),
            T::I8 => tree.value = i8::from_le_bytes([self.byte()?]).to_string(),
            T::U8 => tree.value = self.byte()?.to_string(),
            T::U16 | T::U32 | T::U64 | T::Usize => tree.value = self.varint()?.to_string(),
            T::I16 | T::I32 | T::I64 | T::Isize => tree.value = zigzag(self.varint()?).to_string(),
            T::F32 => tree.value = f32::from_le_bytes(self.array()?).to_string(),
            T::F64 => tree.value = f64::from_le_bytes(self.array()?).to_string(),
            T::String | T::Char => {
                let length = self.length()?;
                tree.value = String::from_utf8_lossy(self.take(length)?).into_owned();
            }
            T::ByteArray => {
                let length = self.length()?;
                tree.value = hex(self.take(length)?);
            }
            T::Option(inner) => match self.byte()? {
                0 => tree.value = "none".to_owned(),
                1 => self.part("some".to_owned(), inner, tree)?,
                _ => return Err("neither some nor none"),
            },
            T::Unit | T::UnitStruct => {}
            T::NewtypeStruct(inner) => self.value(inner.ty, tree)?,
            T::Tuple(parts) | T::TupleStruct(parts) => self.tuple(parts, tree)?,
            T::Seq(inner) => {
                let length = self.length()?;
                if matches!(inner.ty, T::U8) {
                    tree.value = hex(self.take(length)?);
                } else {
                    (0..length).try_for_each(|index| self.part(index.to_string(), inner, tree))?;
                }
            }
            T::Struct(fields) => fields
                .iter()
                .try_for_each(|field| self.part(field.name.to_owned(), field.ty, tree))?,
            T::Enum(variants) => {
                let index = usize::try_from(self.varint()?).map_err(|_| "no such variant")?;
                let variant = variants.get(index).ok_or("no such variant")?;
                tree.value = variant.name.to_owned();
                match variant.ty {
                    DataModelVariant::UnitVariant => {}
                    DataModelVariant::NewtypeVariant(inner) => self.value_of_variant(inner, tree)?,
                    DataModelVariant::TupleVariant(parts) => self.tuple(parts, tree)?,
                    DataModelVariant::StructVariant(fields) => {
                        fields
                            .iter()
                            .try_for_each(|field| self.part(field.name.to_owned(), field.ty, tree))?;
                    }
                }
            }
            T::I128 | T::U128 | T::Map { .. } | T::Schema => return Err("a type that no message uses"),
        }
        Ok(())
    }

    /// A variant that wraps a struct shows the struct's fields as its own; one that wraps a number shows one part.
    fn value_of_variant(&mut self, inner: &'static NamedType, tree: &mut Tree) -> Result<(), &'static str> {
        match inner.ty {
            DataModelType::Struct(fields) => fields
                .iter()
                .try_for_each(|field| self.part(field.name.to_owned(), field.ty, tree)),
            _ => self.part("0".to_owned(), inner, tree),
        }
    }

    /// A tuple of bytes is one value in hexadecimal; any other has parts.
    fn tuple(&mut self, parts: &'static [&'static NamedType], tree: &mut Tree) -> Result<(), &'static str> {
        if !parts.is_empty() && parts.iter().all(|part| matches!(part.ty, DataModelType::U8)) {
            tree.value = hex(self.take(parts.len())?);
            return Ok(());
        }
        parts
            .iter()
            .enumerate()
            .try_for_each(|(index, part)| self.part(index.to_string(), part, tree))
    }

    fn part(&mut self, name: String, schema: &'static NamedType, tree: &mut Tree) -> Result<(), &'static str> {
        match self.field(name, schema) {
            Ok(part) => {
                tree.parts.push(part);
                Ok(())
            }
            Err(Broken(part)) => {
                tree.parts.push(part);
                Err("")
            }
        }
    }

    fn take(&mut self, length: usize) -> Result<&[u8], &'static str> {
        let end = self
            .at
            .checked_add(length)
            .filter(|&end| end <= self.frame.len())
            .ok_or("frame ends too early")?;
        let taken = self.frame.get(self.at..end).ok_or("frame ends too early")?;
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, &'static str> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        self.take(N)?.try_into().map_err(|_| "frame ends too early")
    }

    fn varint(&mut self) -> Result<u64, &'static str> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("number too long")
    }

    fn length(&mut self) -> Result<usize, &'static str> {
        usize::try_from(self.varint()?).map_err(|_| "length too large")
    }
}

/// Postcard's mapping of signed numbers, undone.
fn zigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

fn hex(bytes: &[u8]) -> String {
    use core::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use postcard_schema::Schema;
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    use crate::message::{Message, encode};

    #[derive(Serialize, Deserialize, Schema)]
    struct Body {
        speed: i16,
        tag: [u8; 4],
        list: Vec<u16>,
        note: Option<String>,
    }

    #[derive(Serialize, Deserialize, Schema)]
    enum Sample {
        Hello { body: Body },
        Bye(Body),
    }

    impl Message for Sample {
        const PROTOCOL: u8 = 9;
    }

    fn body() -> Body {
        Body {
            speed: -3,
            tag: [1, 2, 0xab, 4],
            list: vec![300, 5],
            note: Some("hi".to_owned()),
        }
    }

    #[test]
    fn fields_have_names_values_and_places() {
        let frame = encode(&Sample::Hello { body: body() });
        let tree = describe(Sample::SCHEMA, &frame);
        assert_eq!(tree.value, "Hello");
        let body = &tree.parts[0];
        assert_eq!(body.parts[0].value, "-3");
        assert_eq!(body.parts[1].value, "0102ab04");
        assert_eq!(body.parts[2].parts[0].value, "300");
        assert_eq!(body.parts[3].parts[0].value, "hi");
        assert_eq!(body.bytes, 2..frame.len());
    }

    #[test]
    fn a_wrapped_struct_shows_its_fields() {
        let tree = describe(Sample::SCHEMA, &encode(&Sample::Bye(body())));
        assert_eq!(tree.parts.len(), 4);
        assert_eq!(tree.parts[1].name, "tag");
    }

    #[test]
    fn what_is_wrong_is_said_where_it_is() {
        let mut frame = encode(&Sample::Bye(body()));
        frame.truncate(5);
        let tree = describe(Sample::SCHEMA, &frame);
        assert_eq!(
            tree.parts
                .last()
                .and_then(|part| part.parts.last())
                .map(|part| part.name.as_str()),
            Some("malformed")
        );
        frame = encode(&Sample::Bye(body()));
        frame.push(0);
        assert!(ends_malformed(&describe(Sample::SCHEMA, &frame)));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            describe(Sample::SCHEMA, &bytes);
        }
    }
}
