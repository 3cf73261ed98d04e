//! The protocol's messages.

use postcard_schema::Schema;
use roadveil_crypto::{ByteArray, Check, EcdsaCheck, P256Key, P256Signature, Transcript};
use roadveil_role::Message;
use serde::{Deserialize, Serialize};

use crate::NUMBER;
use crate::elgamal::Cipher;

/// Separates the protocol's signatures, keys and hashes from all others and from each other.
pub mod domain {
    /// A registration.
    pub const REGISTER: &str = "ROADVEIL-GRID-V1-REGISTER";
    /// Its answer.
    pub const REGISTERED: &str = "ROADVEIL-GRID-V1-REGISTERED";
    /// A call for reports.
    pub const CALL: &str = "ROADVEIL-GRID-V1-CALL";
    /// A tally.
    pub const TALLY: &str = "ROADVEIL-GRID-V1-TALLY";
    /// That a tally was taken.
    pub const TAKEN: &str = "ROADVEIL-GRID-V1-TAKEN";
    /// The key of a device.
    pub const DEVICE_KEY: &str = "ROADVEIL-GRID-V1-DEVICE-KEY";
    /// Keys of sealed messages.
    pub const SEAL: &str = "ROADVEIL-GRID-V1-SEAL";
}

/// Everything that travels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub enum Msg {
    /// Meter to aggregator: a session.
    Register(Register),
    /// Aggregator to meter: the other half.
    Registered(Registered),
    /// Control centre to aggregators, and on to meters: who is to report, and the price.
    Call(Call),
    /// Meter to aggregator: a report.
    Report(Report),
    /// Aggregator to meter: that it has it.
    Ack(Ack),
    /// Meter to aggregator: a reading of a comparator.
    Beside(Beside),
    /// Aggregator to control centre: what it counted.
    Tally(Tally),
    /// Control centre to aggregator: that it has it.
    Taken(Taken),
}

impl Message for Msg {
    const PROTOCOL: u8 = NUMBER;
}

fn check(domain: &'static str, key: &P256Key, statement: [u8; 32], signature: P256Signature) -> Check {
    Check::new(EcdsaCheck {
        domain,
        key: *key,
        message: statement.as_slice().into(),
        signature,
    })
}

/// A meter wants a session with an aggregator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Register {
    /// Which meter.
    pub meter: u32,
    /// Which aggregator.
    pub aggregator: u16,
    /// Which buckets or which hash it reports of, where that is its own: drawn once, of no reading.
    pub word: u64,
    /// Its half of an X25519 agreement.
    pub share: ByteArray<32>,
    /// When, in milliseconds of its clock.
    pub time: u64,
    /// Under the meter's key.
    pub signature: P256Signature,
}

impl Register {
    /// What is signed.
    pub fn statement(&self) -> [u8; 32] {
        let mut transcript = Transcript::new(domain::REGISTER);
        transcript
            .append_u64("meter", u64::from(self.meter))
            .append_u64("aggregator", u64::from(self.aggregator))
            .append_u64("word", self.word)
            .append("share", &self.share.0)
            .append_u64("time", self.time);
        transcript.digest().0
    }

    /// The check of its signature.
    pub fn check(&self, key: &P256Key) -> Check {
        check(domain::REGISTER, key, self.statement(), self.signature)
    }
}

/// An aggregator's half of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Registered {
    /// Which meter.
    pub meter: u32,
    /// Its half of the agreement.
    pub share: ByteArray<32>,
    /// Under the aggregator's key, over both halves.
    pub signature: P256Signature,
}

impl Registered {
    /// What is signed: the whole exchange.
    pub fn statement(&self, asked: &Register) -> [u8; 32] {
        let mut transcript = Transcript::new(domain::REGISTERED);
        transcript
            .append("register", &asked.statement())
            .append("share", &self.share.0);
        transcript.digest().0
    }

    /// The check of its signature.
    pub fn check(&self, key: &P256Key, asked: &Register) -> Check {
        check(domain::REGISTERED, key, self.statement(asked), self.signature)
    }
}

/// Who of a stream is to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Asked {
    /// The stream.
    pub stream: u16,
    /// With which share of its budget, in `10^-9`.
    pub share: u32,
    /// The first rank.
    pub first: u32,
    /// How many in a row.
    pub count: u32,
}

/// The control centre calls for reports, and says the price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Call {
    /// Which slot.
    pub slot: u64,
    /// Which round of the slot.
    pub round: u8,
    /// When, in milliseconds of the centre's clock.
    pub issued: u64,
    /// The price of the slot, thousandths a kWh.
    pub price: u32,
    /// Who is to report.
    pub asked: Vec<Asked>,
    /// Are comparators to run?
    pub beside: bool,
    /// Under the centre's key.
    pub signature: P256Signature,
}

impl Call {
    /// What is signed.
    pub fn statement(&self) -> [u8; 32] {
        let mut transcript = Transcript::new(domain::CALL);
        transcript
            .append_u64("slot", self.slot)
            .append_u64("round", u64::from(self.round))
            .append_u64("issued", self.issued)
            .append_u64("price", u64::from(self.price))
            .append_u64("beside", u64::from(self.beside))
            .append_u64("asked", self.asked.len() as u64);
        for asked in &self.asked {
            transcript
                .append_u64("stream", u64::from(asked.stream))
                .append_u64("share", u64::from(asked.share))
                .append_u64("first", u64::from(asked.first))
                .append_u64("count", u64::from(asked.count));
        }
        transcript.digest().0
    }

    /// The check of its signature.
    pub fn check(&self, key: &P256Key) -> Check {
        check(domain::CALL, key, self.statement(), self.signature)
    }

    /// What is asked of a stream.
    pub fn asks(&self, stream: u16) -> Option<&Asked> {
        self.asked.iter().find(|asked| asked.stream == stream)
    }
}

/// A report, sealed in the session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Report {
    /// Whose session.
    pub meter: u32,
    /// For which slot.
    pub slot: u64,
    /// For which round of it.
    pub round: u8,
    /// The bits, in as few bytes as hold them, and a tag.
    pub sealed: Vec<u8>,
}

/// An aggregator has a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Ack {
    /// Whose.
    pub meter: u32,
    /// Of which slot.
    pub slot: u64,
    /// Of which round.
    pub round: u8,
    /// Nothing, sealed in the session.
    pub sealed: Vec<u8>,
}

/// A reading of a comparator, sealed in the session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Beside {
    /// Whose session.
    pub meter: u32,
    /// Of which slot.
    pub slot: u64,
    /// Is it a ciphertext, or watts?
    pub cipher: bool,
    /// What it is.
    pub sealed: Vec<u8>,
}

/// What an aggregator counted of one stream and privacy level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Part {
    /// The stream.
    pub stream: u16,
    /// The privacy level.
    pub level: u8,
    /// How many reports.
    pub n: u64,
    /// What was counted of them.
    pub counters: Vec<u64>,
}

/// Who of a stream reported: nothing of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Who {
    /// The stream.
    pub stream: u16,
    /// A bit for each rank that was asked, in order.
    pub bits: Vec<u8>,
}

/// What comparators summed up of one stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Exact {
    /// The stream.
    pub stream: u16,
    /// How many plain readings, and their sum in watts.
    pub plain: (u64, u64),
    /// How many ciphertexts.
    pub ciphers: u64,
    /// Their sum.
    pub cipher: Option<Cipher>,
}

/// What an aggregator counted in a round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Tally {
    /// Which aggregator.
    pub aggregator: u16,
    /// Of which slot.
    pub slot: u64,
    /// Of which round.
    pub round: u8,
    /// Counts.
    pub parts: Vec<Part>,
    /// Who reported.
    pub who: Vec<Who>,
    /// What the meter at the head of the feeder read: watts, net of what is fed in.
    pub feeder: Option<i64>,
    /// Comparators.
    pub exact: Vec<Exact>,
    /// Under the aggregator's key.
    pub signature: P256Signature,
}

impl Tally {
    /// What is signed.
    pub fn statement(&self) -> [u8; 32] {
        let mut transcript = Transcript::new(domain::TALLY);
        transcript
            .append_u64("aggregator", u64::from(self.aggregator))
            .append_u64("slot", self.slot)
            .append_u64("round", u64::from(self.round))
            .append("feeder", &self.feeder.map(i64::to_le_bytes).unwrap_or_default())
            .append_u64("read", u64::from(self.feeder.is_some()))
            .append_u64("parts", self.parts.len() as u64);
        for part in &self.parts {
            transcript
                .append_u64("stream", u64::from(part.stream))
                .append_u64("level", u64::from(part.level))
                .append_u64("n", part.n)
                .append_u64("counters", part.counters.len() as u64);
            for counter in &part.counters {
                transcript.append_u64("counter", *counter);
            }
        }
        transcript.append_u64("who", self.who.len() as u64);
        for who in &self.who {
            transcript
                .append_u64("stream", u64::from(who.stream))
                .append("bits", &who.bits);
        }
        transcript.append_u64("exact", self.exact.len() as u64);
        for exact in &self.exact {
            let cipher = exact.cipher.map(Cipher::to_bytes).unwrap_or_default();
            transcript
                .append_u64("stream", u64::from(exact.stream))
                .append_u64("plain n", exact.plain.0)
                .append_u64("plain sum", exact.plain.1)
                .append_u64("ciphers", exact.ciphers)
                .append("cipher", &cipher);
        }
        transcript.digest().0
    }

    /// The check of its signature.
    pub fn check(&self, key: &P256Key) -> Check {
        check(domain::TALLY, key, self.statement(), self.signature)
    }
}

/// The control centre has a tally.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Taken {
    /// Whose.
    pub aggregator: u16,
    /// Of which slot.
    pub slot: u64,
    /// Of which round.
    pub round: u8,
    /// Under the centre's key.
    pub signature: P256Signature,
}

impl Taken {
    /// What is signed.
    pub fn statement(&self) -> [u8; 32] {
        let mut transcript = Transcript::new(domain::TAKEN);
        transcript
            .append_u64("aggregator", u64::from(self.aggregator))
            .append_u64("slot", self.slot)
            .append_u64("round", u64::from(self.round));
        transcript.digest().0
    }

    /// The check of its signature.
    pub fn check(&self, key: &P256Key) -> Check {
        check(domain::TAKEN, key, self.statement(), self.signature)
    }
}
