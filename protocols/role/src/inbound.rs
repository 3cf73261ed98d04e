//! A frame as its receivers get it: one object for all of them.
//!
//! Sixty vehicles hear a broadcast, and what its bytes say is the same to each. So the frame is decoded once, by whoever
//! comes first, and a protocol may keep beside its message what else follows from the bytes alone ([`Noted`]). All of it
//! is a pure function of the frame: a run in which every receiver works it out for himself is the same run.

use core::any::Any;
use core::fmt;
use core::ops::Deref;
use std::sync::{Arc, OnceLock};

use postcard_schema::Schema;
use postcard_schema::schema::NamedType;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::message::{DecodeError, Message, decode};

/// A frame that arrived, with its message once somebody has decoded it.
pub struct Inbound {
    bytes: Arc<[u8]>,
    decoded: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl Inbound {
    /// A frame that nobody has looked at.
    pub fn new(bytes: Arc<[u8]>) -> Inbound {
        Inbound {
            bytes,
            decoded: OnceLock::new(),
        }
    }

    /// Its bytes.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// Hands the message that it carries to `read`: decoded now, or before by another receiver.
    ///
    /// # Errors
    /// If it is not exactly what [`encode`](crate::encode) gives for some message of the protocol.
    pub fn message<M: Message, T>(&self, read: impl FnOnce(&M) -> T) -> Result<T, DecodeError> {
        let decoded = self.decoded.get_or_init(|| Box::new(decode::<M>(&self.bytes)));
        match decoded.downcast_ref::<Result<M, DecodeError>>() {
            Some(known) => known.as_ref().map(read).map_err(|error| *error),
            // Somebody before took it for a message of another type.
            None => decode::<M>(&self.bytes).map(|message| read(&message)),
        }
    }
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound")
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// A message with notes on it, which travel nowhere: whatever a protocol wants to work out once for all receivers of a
/// frame. On the wire it is the message alone.
///
/// What is noted must be a pure function of the message and of whatever the reader compares before he believes the note.
#[derive(Clone, Debug, Default)]
pub struct Noted<M, N> {
    /// The message.
    pub message: M,
    /// The notes: empty ones when it is decoded.
    pub notes: N,
}

impl<M, N: Default> From<M> for Noted<M, N> {
    fn from(message: M) -> Noted<M, N> {
        Noted {
            message,
            notes: N::default(),
        }
    }
}

impl<M, N> Deref for Noted<M, N> {
    type Target = M;
    fn deref(&self) -> &M {
        &self.message
    }
}

impl<M: Serialize, N> Serialize for Noted<M, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.message.serialize(serializer)
    }
}

impl<'de, M: Deserialize<'de>, N: Default> Deserialize<'de> for Noted<M, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Noted<M, N>, D::Error> {
        M::deserialize(deserializer).map(Noted::from)
    }
}

impl<M: Schema, N> Schema for Noted<M, N> {
    const SCHEMA: &'static NamedType = M::SCHEMA;
}

impl<M: Message, N: Default + Send + Sync + 'static> Message for Noted<M, N> {
    const PROTOCOL: u8 = M::PROTOCOL;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
    enum Msg {
        Count(u32),
    }

    impl Message for Msg {
        const PROTOCOL: u8 = 200;
    }

    /// Another type for the same protocol.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
    struct Other(u8, u16);

    impl Message for Other {
        const PROTOCOL: u8 = 200;
    }

    #[test]
    fn a_frame_is_decoded_once_for_all_and_notes_stay() {
        let frame = Inbound::new(encode(&Msg::Count(5)).into());
        type WithNotes = Noted<Msg, OnceLock<u32>>;
        let note = |value| frame.message(|heard: &WithNotes| *heard.notes.get_or_init(|| value));
        assert_eq!((note(1), note(2)), (Ok(1), Ok(1)));
        assert_eq!(
            frame.message(|heard: &WithNotes| heard.message.clone()),
            Ok(Msg::Count(5))
        );
    }

    #[test]
    fn who_takes_it_for_something_else_decodes_it_himself() {
        let frame = Inbound::new(encode(&Msg::Count(5)).into());
        assert_eq!(frame.message(|heard: &Msg| heard.clone()), Ok(Msg::Count(5)));
        assert_eq!(frame.message(|heard: &Other| heard.clone()), Ok(Other(0, 5)));
    }

    #[test]
    fn bad_bytes_are_bad_for_everybody() {
        let frame = Inbound::new(Arc::from([200, 0, 0x85, 0]));
        for _ in 0..2 {
            assert_eq!(frame.message(|_: &Msg| ()), Err(DecodeError::NotCanonical));
        }
    }

    #[test]
    fn notes_do_not_travel() {
        let noted: Noted<Msg, OnceLock<u32>> = Msg::Count(300).into();
        assert!(noted.notes.set(1).is_ok());
        assert_eq!(encode(&noted), encode(&Msg::Count(300)));
        assert_eq!(<Noted<Msg, ()> as Schema>::SCHEMA, Msg::SCHEMA);
    }
}
