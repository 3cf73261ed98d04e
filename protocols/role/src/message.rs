//! Frames: one byte for the protocol, then the message in postcard's canonical form.

use postcard_schema::Schema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// The messages of a protocol: an enum, one variant a message, with its schema derived.
pub trait Message: Serialize + DeserializeOwned + Schema + Send + Sync + 'static {
    /// The protocol's number on the wire.
    const PROTOCOL: u8;
}

/// Largest frame that is decoded, in bytes: larger than any that a protocol sends, small enough to bound memory.
pub const MAX_FRAME: usize = 1 << 20;

/// Why bytes are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Another protocol's number, or no bytes at all.
    #[error("frame of another protocol")]
    OtherProtocol,
    /// Longer than [`MAX_FRAME`].
    #[error("frame longer than {MAX_FRAME} bytes")]
    TooLong,
    /// Not a message of this protocol.
    #[error("bytes are not a message of this protocol")]
    Malformed,
    /// A message, but not in its only form: bytes left over, or a number longer than needed.
    #[error("message is not in canonical form")]
    NotCanonical,
}

/// The frame that carries `message`.
///
/// # Panics
/// Never: a message of plain data always serialises into memory.
pub fn encode<M: Message>(message: &M) -> Vec<u8> {
    match postcard::to_extend(message, vec![M::PROTOCOL]) {
        Ok(frame) => frame,
        Err(error) => unreachable!("a message of plain data serialises: {error}"),
    }
}

/// The message that `frame` carries.
///
/// # Errors
/// If the frame is not exactly what [`encode`] gives for some message of the protocol.
pub fn decode<M: Message>(frame: &[u8]) -> Result<M, DecodeError> {
    let (&protocol, body) = frame.split_first().ok_or(DecodeError::OtherProtocol)?;
    if protocol != M::PROTOCOL {
        return Err(DecodeError::OtherProtocol);
    }
    if frame.len() > MAX_FRAME {
        return Err(DecodeError::TooLong);
    }
    let (message, rest) = postcard::take_from_bytes::<M>(body).map_err(|_| DecodeError::Malformed)?;
    if !rest.is_empty() || !is_canonical(&message, body) {
        return Err(DecodeError::NotCanonical);
    }
    Ok(message)
}

/// Does `message` encode to exactly `body`? Compared while it is written, without a copy.
fn is_canonical<M: Serialize>(message: &M, body: &[u8]) -> bool {
    struct Compare<'a>(&'a [u8]);
    impl postcard::ser_flavors::Flavor for Compare<'_> {
        type Output = bool;
        fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
            self.try_extend(&[byte])
        }
        fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
            self.0 = self.0.strip_prefix(bytes).ok_or(postcard::Error::SerializeBufferFull)?;
            Ok(())
        }
        fn finalize(self) -> postcard::Result<bool> {
            Ok(self.0.is_empty())
        }
    }
    postcard::serialize_with_flavor(message, Compare(body)).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Schema)]
    enum Sample {
        Ping { number: u32 },
        Text(String),
    }

    impl Message for Sample {
        const PROTOCOL: u8 = 200;
    }

    #[test]
    fn overlong_numbers_trailing_bytes_and_other_protocols_are_refused() {
        assert_eq!(decode::<Sample>(&[200, 0, 5]), Ok(Sample::Ping { number: 5 }));
        assert_eq!(decode::<Sample>(&[200, 0, 0x85, 0x00]), Err(DecodeError::NotCanonical));
        assert_eq!(decode::<Sample>(&[200, 0x80, 0x00, 5]), Err(DecodeError::NotCanonical));
        assert_eq!(decode::<Sample>(&[200, 0, 5, 0]), Err(DecodeError::NotCanonical));
        assert_eq!(decode::<Sample>(&[200, 0]), Err(DecodeError::Malformed));
        assert_eq!(decode::<Sample>(&[200, 2]), Err(DecodeError::Malformed));
        assert_eq!(decode::<Sample>(&[201, 0, 5]), Err(DecodeError::OtherProtocol));
        assert_eq!(decode::<Sample>(&[]), Err(DecodeError::OtherProtocol));
    }

    proptest! {
        #[test]
        fn whatever_decodes_encodes_to_the_same_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let frame = [&[200], bytes.as_slice()].concat();
            if let Ok(message) = decode::<Sample>(&frame) {
                prop_assert_eq!(encode(&message), frame);
            }
        }

        #[test]
        fn messages_round_trip(number in any::<u32>(), text in ".*") {
            for message in [Sample::Ping { number }, Sample::Text(text)] {
                prop_assert_eq!(decode::<Sample>(&encode(&message)), Ok(message));
            }
        }
    }
}
