//! A field of an event that a role emits.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Time;

/// A value in an event. Floats are compared and stored by their bits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// A truth value.
    Bool(bool),
    /// A count or an identifier.
    U64(u64),
    /// A signed number.
    I64(i64),
    /// A measured quantity; the field's name carries the unit.
    F64(f64),
    /// Words.
    Text(String),
    /// Raw bytes: a digest, a point, a pseudo-identity.
    Bytes(Vec<u8>),
    /// A moment on the emitting node's clock.
    Time(Time),
    /// A span of time.
    Span(Duration),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(value) => value.fmt(f),
            Value::U64(value) => value.fmt(f),
            Value::I64(value) => value.fmt(f),
            Value::F64(value) => value.fmt(f),
            Value::Text(value) => value.fmt(f),
            Value::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
            Value::Time(time) => write!(f, "{time} s"),
            Value::Span(span) => write!(f, "{} s", Time(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX))),
        }
    }
}

macro_rules! from {
    ($($type:ty => $variant:ident($convert:expr)),+ $(,)?) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Value {
                Value::$variant($convert(value))
            }
        }
    )+};
}

from! {
    bool => Bool(core::convert::identity),
    u64 => U64(core::convert::identity),
    u32 => U64(u64::from),
    u16 => U64(u64::from),
    i64 => I64(core::convert::identity),
    f64 => F64(core::convert::identity),
    String => Text(core::convert::identity),
    &str => Text(str::to_owned),
    Vec<u8> => Bytes(core::convert::identity),
    &[u8] => Bytes(<[u8]>::to_vec),
    Time => Time(core::convert::identity),
    Duration => Span(core::convert::identity),
}
