//! The body of a safety message: what protocols that are compared with each other all say.
//!
//! Whatever a protocol adds for security, a vehicle says the same ten times a second. Protocols that take their body from
//! here load the air alike but for their security fields.

use postcard_schema::Schema;
use postcard_schema::schema::{DataModelType, NamedType};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Cx;

/// Fields after the Cooperative Awareness Message (ETSI EN 302 637-2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
pub struct Cam {
    /// Station, from the pseudonym.
    pub station: u32,
    /// Counts the messages under this pseudonym.
    pub sequence: u32,
    /// Generation time on the sender's clock, milliseconds.
    pub time: u64,
    /// East, centimetres.
    pub x_cm: i32,
    /// North, centimetres.
    pub y_cm: i32,
    /// Speed, centimetres a second.
    pub speed_cm: u16,
    /// Heading, hundredths of a degree clockwise from north.
    pub heading_cdeg: u16,
}

impl Cam {
    /// What the vehicle says of itself now.
    pub fn now(cx: &Cx<'_>, station: u32, sequence: u32) -> Cam {
        let fix = cx.position();
        // A float cast saturates, and what is not a number is zero.
        Cam {
            station,
            sequence,
            time: cx.now().as_millis(),
            x_cm: (fix.x * 100.0).round() as i32,
            y_cm: (fix.y * 100.0).round() as i32,
            speed_cm: (fix.speed * 100.0).round() as u16,
            heading_cdeg: (fix.heading * 100.0).round() as u16,
        }
    }
}

/// The body of a safety message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
pub struct Body {
    /// Where the vehicle is.
    pub cam: Cam,
    /// What a full CAM would say besides.
    pub padding: Padding,
}

impl Body {
    /// A body that encodes to `bytes` bytes, or to as few as its content needs if that is more. One length in a row cannot
    /// be met, because the padding's own length takes one byte or two: it is one shorter then.
    pub fn padded(cam: Cam, bytes: usize) -> Body {
        let mut body = Body {
            cam,
            padding: Padding(0),
        };
        let room = bytes.saturating_sub(body.bytes().len()).min(Padding::MAX);
        let padding = if room >= 128 { room - 1 } else { room };
        body.padding = Padding(u16::try_from(padding).unwrap_or(0));
        body
    }

    /// Its encoding, which is what is signed.
    ///
    /// # Panics
    /// If the padding is longer than [`Padding::MAX`], which none that was decoded is.
    pub fn bytes(&self) -> Vec<u8> {
        match postcard::to_allocvec(self) {
            Ok(bytes) => bytes,
            Err(error) => unreachable!("a body of plain data serialises: {error}"),
        }
    }
}

/// Zero bytes that travel as bytes and are held as their number, so that decoding a message allocates nothing. Any other
/// byte is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding(pub u16);

const ZEROS: [u8; Padding::MAX] = [0; Padding::MAX];

impl Padding {
    /// The longest.
    pub const MAX: usize = 2048;
}

impl Schema for Padding {
    const SCHEMA: &'static NamedType = &NamedType {
        name: "Padding",
        ty: &DataModelType::ByteArray,
    };
}

impl Serialize for Padding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = ZEROS.get(..usize::from(self.0));
        serializer.serialize_bytes(bytes.ok_or_else(|| serde::ser::Error::custom("padding is too long"))?)
    }
}

impl<'de> Deserialize<'de> for Padding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Padding, D::Error> {
        struct Zeros;
        impl Visitor<'_> for Zeros {
            type Value = Padding;
            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "at most {} zero bytes", Padding::MAX)
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Padding, E> {
                match u16::try_from(bytes.len()) {
                    Ok(length) if ZEROS.get(..bytes.len()) == Some(bytes) => Ok(Padding(length)),
                    _ => Err(E::custom("padding is zero bytes")),
                }
            }
        }
        deserializer.deserialize_bytes(Zeros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn padding_is_zeros_and_bounded() {
        let bytes = postcard::to_allocvec(&Padding(3)).expect("encodes");
        assert_eq!(bytes, [3, 0, 0, 0]);
        assert_eq!(postcard::from_bytes::<Padding>(&bytes), Ok(Padding(3)));
        assert!(postcard::from_bytes::<Padding>(&[3, 0, 1, 0]).is_err());
        let long = Padding(u16::try_from(Padding::MAX).expect("short") + 1);
        assert!(postcard::to_allocvec(&long).is_err());
    }

    proptest! {
        #[test]
        fn bodies_are_as_long_as_asked(bytes in 64usize..1400, station: u32, sequence: u32, time in 0u64..1 << 40) {
            let cam = Cam { station, sequence, time, x_cm: i32::MIN, y_cm: i32::MAX, speed_cm: 5000, heading_cdeg: 35_999 };
            let body = Body::padded(cam, bytes);
            let encoded = body.bytes();
            prop_assert!(encoded.len() == bytes || encoded.len() + 1 == bytes, "{} of {bytes}", encoded.len());
            prop_assert_eq!(postcard::from_bytes::<Body>(&encoded).expect("decodes"), body);
        }
    }
}
