//! Fixed-size byte strings as they travel.
//!
//! A message holds encodings, not decoded values, so decoding a frame costs nothing and accepts
//! exactly what it re-encodes to; validation is a step of the protocol, charged as such.

use std::fmt;

use postcard_schema::Schema;
use postcard_schema::schema::{DataModelType, NamedType};
use serde::de::{Error, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `N` bytes that travel as they are: no length, no terminator.
///
/// In a binary format this is a tuple of `N` bytes; in a readable one, such as JSON, a string of
/// `2 N` lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteArray<const N: usize>(pub [u8; N]);

/// A compressed point of G1.
pub type G1Bytes = ByteArray<48>;
/// A compressed point of G2.
pub type G2Bytes = ByteArray<96>;
/// A scalar, big-endian.
pub type ScalarBytes = ByteArray<32>;
/// A scalar of 128 bits, big-endian: a challenge.
pub type ShortScalarBytes = ByteArray<16>;
/// A digest of 256 bits.
pub type Digest = ByteArray<32>;

impl<const N: usize> ByteArray<N> {
    /// The bytes themselves.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }

    /// Reads `2 N` hexadecimal digits, of either case, and nothing else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<ByteArray<N>> {
        let digits = text.as_bytes();
        if digits.len() != 2 * N {
            return None;
        }
        let mut bytes = [0; N];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            // Two hexadecimal digits make at most 255.
            *byte = (high << 4 | low) as u8;
        }
        Some(ByteArray(bytes))
    }
}

impl<const N: usize> Default for ByteArray<N> {
    fn default() -> Self {
        ByteArray([0; N])
    }
}

impl<const N: usize> From<[u8; N]> for ByteArray<N> {
    fn from(bytes: [u8; N]) -> Self {
        ByteArray(bytes)
    }
}

impl<const N: usize> AsRef<[u8]> for ByteArray<N> {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize> fmt::Display for ByteArray<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<const N: usize> fmt::Debug for ByteArray<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> Schema for ByteArray<N> {
    const SCHEMA: &'static NamedType = &NamedType {
        name: "ByteArray",
        ty: &DataModelType::Tuple(&[u8::SCHEMA; N]),
    };
}

impl<const N: usize> Serialize for ByteArray<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_str(self);
        }
        let mut tuple = serializer.serialize_tuple(N)?;
        for byte in &self.0 {
            tuple.serialize_element(byte)?;
        }
        tuple.end()
    }
}

impl<'de, const N: usize> Deserialize<'de> for ByteArray<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes<const N: usize>;

        impl<'de, const N: usize> Visitor<'de> for Bytes<N> {
            type Value = ByteArray<N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{N} bytes, or as many pairs of hexadecimal digits")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                ByteArray::from_hex(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut bytes = [0; N];
                for (i, byte) in bytes.iter_mut().enumerate() {
                    *byte = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(i, &self))?;
                }
                Ok(ByteArray(bytes))
            }
        }

        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Bytes::<N>)
        } else {
            deserializer.deserialize_tuple(N, Bytes::<N>)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_n_bytes_travel() {
        let bytes = ByteArray(std::array::from_fn::<u8, 48, _>(|i| 5 * i as u8));
        let encoded = postcard::to_allocvec(&bytes).expect("encodes");
        assert_eq!(encoded, bytes.0);
        assert_eq!(postcard::from_bytes::<G1Bytes>(&encoded), Ok(bytes));
        assert!(postcard::from_bytes::<G1Bytes>(&encoded[1..]).is_err());
    }

    #[test]
    fn the_schema_is_a_tuple_of_bytes() {
        let DataModelType::Tuple(fields) = ShortScalarBytes::SCHEMA.ty else {
            panic!("not a tuple: {:?}", ShortScalarBytes::SCHEMA);
        };
        assert_eq!(fields, &[u8::SCHEMA; 16]);
    }

    #[test]
    fn readable_formats_see_hexadecimal() {
        let bytes = ByteArray([0x00, 0x7f, 0xa0, 0xff]);
        let json = serde_json::to_string(&bytes).expect("encodes");
        assert_eq!(json, "\"007fa0ff\"");
        assert_eq!(format!("{bytes:?} {bytes}"), "007fa0ff 007fa0ff");
        assert_eq!(serde_json::from_str::<ByteArray<4>>(&json).ok(), Some(bytes));
        for wrong in ["\"007fa0f\"", "\"007fa0ff00\"", "\"007fa0fg\"", "\"+07fa0ff\"", "7"] {
            assert!(serde_json::from_str::<ByteArray<4>>(wrong).is_err(), "{wrong}");
        }
    }
}
