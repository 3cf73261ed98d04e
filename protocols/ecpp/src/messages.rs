//! The protocol's messages.

use postcard_schema::Schema;
use postcard_schema::schema::{DataModelType, NamedType};
use roadveil_crypto::{G1Bytes, G2Bytes, ScalarBytes, Signature, SignatureR};
use roadveil_role::{LinkAddr, Message};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::NUMBER;
use crate::blmq::Blmq;
use crate::cert::{CertId, Certificate, Proof};
use crate::emergency::Emergency;
use crate::epochs::{Announcement, Handover};
use crate::evidence::Evidence;
use crate::rsu::records;
use crate::schedule::{SessionId, Share, WireNonce};
use crate::system::{Location, Validity};

/// Everything that travels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub enum Msg {
    /// RSU to all: here I am.
    Beacon(Beacon),
    /// Step 1, OBU to RSU: `R1`.
    Req1(Req1),
    /// Step 2, RSU to OBU: `Enc(R1)`.
    Res1(Res1),
    /// Step 3, OBU to RSU: `Enc(RID_i, T_i, Y_i, sigma_1)`.
    Req2(Req2),
    /// Step 4, RSU to OBU: `Enc(Cert_i)`.
    Res2(Res2),
    /// OBU to all: a safety message.
    Safety(Safety),
    /// TA to RSU, over the wires: the revocation list.
    List(List),
    /// RSU to TA, over the wires: the list of that number arrived.
    Ack {
        /// The list's number; 0 asks for the newest.
        sequence: u64,
    },
    /// OBU to RSU, and on to the TA: somebody lied. Reconstruction.
    Report(Evidence),
    /// TA to RSU, and RSU to OBU: the report on that certificate arrived, or is refused. Reconstruction.
    Settled {
        /// The accused's certificate.
        accused: CertId,
    },
    /// Tracking, TA to RSU, over the wires: for whom did you certify this key?
    Trace(Trace),
    /// Tracking, RSU to TA, over the wires: what it recorded.
    Record(Record),
    /// OBU to all: a safety message in the form that batches verify. Reconstruction.
    SafetyR(SafetyR),
    /// TA to RSU, over the wires, and RSU to all: certificates that are refused from now on. Reconstruction.
    Emergency(Emergency),
    /// RSU to all: the parameters of the next epoch, or of this one. Reconstruction.
    Epoch(Announcement),
    /// TA to RSU, over the wires: the next epoch, with a key for it. Reconstruction.
    Handover(Handover),
    /// RSU to TA, over the wires: it has its key for that epoch. Reconstruction.
    Ready {
        /// The epoch.
        epoch: u32,
    },
    /// OBU to all: a safety message with a ZSS signature. Reconstruction.
    SafetyZ(SafetyZ),
}

impl Message for Msg {
    const PROTOCOL: u8 = NUMBER;
}

/// An RSU's announcement, signed under `B_j`. Reconstruction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Beacon {
    /// The epoch of `B_j`.
    pub epoch: u32,
    /// The place `L_j`.
    pub location: Location,
    /// The RSU's link address.
    pub addr: LinkAddr,
    /// The RSU's clock, milliseconds.
    pub time: u64,
    /// BLMQ under `B_j`.
    pub signature: Blmq,
}

/// Step 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Req1 {
    /// `R1 = r1 (h(L_j) P' + U')`.
    pub r1: G2Bytes,
    /// The OBU's X25519 share, in hardened mode.
    pub share: Option<Share>,
}

/// Step 2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Res1 {
    /// Which run.
    pub session: SessionId,
    /// `N_rsu` in hardened mode; in paper mode the nonce of this message.
    pub nonce: WireNonce,
    /// The RSU's X25519 share, in hardened mode.
    pub share: Option<Share>,
    /// `Enc(R1)`.
    pub sealed: Sealed,
}

/// Step 3.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Req2 {
    /// Which run.
    pub session: SessionId,
    /// The nonce of this message, in paper mode.
    pub nonce: Option<WireNonce>,
    /// A sealed [`Request`].
    pub sealed: Sealed,
}

/// Step 4.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Res2 {
    /// Which run.
    pub session: SessionId,
    /// The nonce of this message, in paper mode.
    pub nonce: Option<WireNonce>,
    /// A sealed [`Answer`].
    pub sealed: Sealed,
}

/// What `req2` seals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Request {
    /// The pseudo-identity `RID_i`.
    pub rid: ScalarBytes,
    /// The validity `T_i`.
    pub validity: Validity,
    /// The short-time public key `Y_i`.
    pub y: G1Bytes,
    /// `sigma_1` under `S_i`.
    pub sigma1: Blmq,
    /// Proof of possession of `x_i`, in hardened mode.
    pub proof: Option<Signature>,
}

impl Message for Request {
    const PROTOCOL: u8 = NUMBER;
}

/// What `res2` seals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
#[expect(clippy::large_enum_variant, reason = "it lives for one callback")]
pub enum Answer {
    /// `Cert_i`, for the `Y_i` and `T_i` that were asked for.
    Issued(Proof),
    /// The OBU is on the revocation list. Published is silence; this is sent if `refusal = "notice"`.
    Revoked,
}

impl Message for Answer {
    const PROTOCOL: u8 = NUMBER;
}

/// A safety message `(M, t, sigma_M, Y_i, T_i, Cert_i)`. Reconstruction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Safety {
    /// What is signed.
    pub body: Body,
    /// Under which key.
    pub credential: Credential,
    /// Schnorr under `Y_i`.
    pub signature: Signature,
}

/// A safety message whose signature can be verified together with others: it brings `R`, 32 bytes longer. Reconstruction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct SafetyR {
    /// What is signed.
    pub body: Body,
    /// Under which key.
    pub credential: Credential,
    /// Schnorr under `Y_i`, as `(R, s)`.
    pub signature: SignatureR,
}

/// A safety message with a signature of Zhang, Safavi-Naini and Susilo, 48 bytes longer. Reconstruction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct SafetyZ {
    /// What is signed.
    pub body: Body,
    /// Under which key.
    pub credential: Credential,
    /// ZSS under `Y_i`.
    pub signature: G2Bytes,
}

/// The signature of a safety message, in one of the schemes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub enum Sigma {
    /// Schnorr, as `(z, s)`.
    Schnorr(Signature),
    /// ZSS.
    Zss(G2Bytes),
}

/// Whose signature it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
#[expect(clippy::large_enum_variant, reason = "it lives for one callback")]
pub enum Credential {
    /// The certificate itself.
    Certificate(Certificate),
    /// The name of a certificate sent before.
    Digest(CertId),
}

/// The signed part of a safety message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Body {
    /// Where the vehicle is.
    pub cam: Cam,
    /// Certificates that the sender has heard of and lacks.
    pub wanted: Vec<CertId>,
    /// What a full CAM would say besides.
    pub padding: Padding,
}

impl Message for Body {
    const PROTOCOL: u8 = NUMBER;
}

/// Fields after the Cooperative Awareness Message (ETSI EN 302 637-2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
pub struct Cam {
    /// Station, from the pseudonym.
    pub station: u32,
    /// Counts the messages under this pseudonym.
    pub sequence: u32,
    /// Generation time on the sender's clock, milliseconds: the `t` of the scheme.
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

impl Body {
    /// How many certificates one message asks for.
    pub const WANTED: usize = 4;

    /// A body that encodes to `bytes` bytes, or to as few as its content needs if that is more.
    pub fn padded(cam: Cam, wanted: Vec<CertId>, bytes: usize) -> Body {
        let mut body = Body {
            cam,
            wanted,
            padding: Padding(0),
        };
        // The encoding has the protocol's number in front, and the padding's length takes one or two bytes.
        let bare = roadveil_role::encode(&body).len() - 1;
        let room = bytes.saturating_sub(bare).min(Padding::MAX);
        let padding = if room >= 128 { room - 1 } else { room };
        body.padding = Padding(u16::try_from(padding).unwrap_or(0));
        body
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

/// Sealed bytes: they travel as one string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl Schema for Sealed {
    const SCHEMA: &'static NamedType = &NamedType {
        name: "Sealed",
        ty: &DataModelType::ByteArray,
    };
}

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Sealed, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Sealed;
            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Sealed, E> {
                Ok(Sealed(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// The revocation list, whole, signed by the authority. Reconstruction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct List {
    /// The epoch of the authority's masters.
    pub epoch: u32,
    /// Counts the lists.
    pub sequence: u64,
    /// The authority's clock, milliseconds.
    pub time: u64,
    /// The revoked `RID`s, sorted.
    pub revoked: Vec<ScalarBytes>,
    /// Schnorr under the authority's list key.
    pub signature: Signature,
}

/// A question in tracking, signed by the authority. Reconstruction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Trace {
    /// The epoch of the authority's masters.
    pub epoch: u32,
    /// Counts the questions.
    pub case: u64,
    /// The short-time key `Y_i` of the accused.
    pub y: G1Bytes,
    /// Schnorr under the authority's list key, in a domain of its own.
    pub signature: Signature,
}

/// An answer in tracking. It bears no signature of the RSU: the wires are trusted, and `sigma_1` is what convinces.
/// Reconstruction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Record {
    /// The question's number.
    pub case: u64,
    /// `(RID_i, T_i, sigma_1)`, if there is a record of `Y_i`.
    pub record: Option<records::Record>,
}
