//! What a meter and its aggregator share, and how they seal in it: X25519, then a key for each message.

use roadveil_crypto::{Charge, Meter as Charges, Nonce, Op, OpenError, SharedSecret, derive_key, seal};

use crate::messages::domain;

/// What a sealed message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A report.
    Report,
    /// That it came.
    Ack,
    /// A plain reading.
    Plain,
    /// An encrypted reading.
    Cipher,
}

impl What {
    fn direction(self) -> &'static str {
        match self {
            What::Ack => "aggregator to meter",
            _ => "meter to aggregator",
        }
    }
}

/// A session.
#[derive(Clone, Debug)]
pub struct Session {
    shared: SharedSecret,
    /// A digest of the whole exchange: both ends saw the same.
    exchange: [u8; 32],
}

/// Where a message belongs: it opens nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose session.
    pub meter: u32,
    /// Of which slot.
    pub slot: u64,
    /// Of which round.
    pub round: u8,
    /// What it is.
    pub what: What,
}

impl Place {
    fn bytes(self) -> [u8; 14] {
        let mut bytes = [0; 14];
        bytes[..4].copy_from_slice(&self.meter.to_le_bytes());
        bytes[4..12].copy_from_slice(&self.slot.to_le_bytes());
        bytes[12] = self.round;
        bytes[13] = self.what as u8;
        bytes
    }
}

/// What sealing or opening a text of that length costs.
pub fn cost(length: usize) -> Charge {
    let place = 4 + 8 + 1 + 1;
    Charge::of(Op::Hkdf, 1).and(Op::AesGcmBlock, seal::blocks(place, length))
}

impl Session {
    /// From an agreement, and the digest of the exchange in which it came about.
    pub fn new(shared: SharedSecret, exchange: [u8; 32]) -> Session {
        Session { shared, exchange }
    }

    /// Seals a message: one key for each place.
    pub fn seal(&self, charges: &mut Charges, place: Place, text: &[u8]) -> Vec<u8> {
        let place_bytes = place.bytes();
        charges.charge(cost(text.len()));
        self.key(place)
            .seal(Nonce::new(u64::from(place.round)), &place_bytes, text)
    }

    /// Opens a message of a text of that length. One of another is refused before it costs anything.
    ///
    /// # Errors
    /// If it was not sealed so in this session, at this place.
    pub fn open(
        &self,
        charges: &mut Charges,
        place: Place,
        sealed: &[u8],
        length: usize,
    ) -> Result<Vec<u8>, OpenError> {
        if sealed.len() != length + seal::OVERHEAD {
            return Err(OpenError);
        }
        let place_bytes = place.bytes();
        charges.charge(cost(length));
        let opened = self
            .key(place)
            .open(Nonce::new(u64::from(place.round)), &place_bytes, sealed)?;
        Ok(opened.to_vec())
    }

    fn key(&self, place: Place) -> seal::SealKey {
        derive_key(
            &[self.shared.as_bytes()],
            &[&self.exchange, &place.bytes()],
            domain::SEAL,
            place.what.direction(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chacha20::ChaCha12Rng;
    use rand_core::SeedableRng;
    use roadveil_crypto::EphemeralShare;

    #[test]
    fn a_message_opens_at_its_place_and_nowhere_else() {
        let mut rng = ChaCha12Rng::from_seed([1; 32]);
        let (one, other) = (EphemeralShare::random(&mut rng), EphemeralShare::random(&mut rng));
        let session = |mine: &EphemeralShare, theirs: &EphemeralShare| {
            Session::new(mine.agree(&theirs.public()).expect("not zero"), [7; 32])
        };
        let (meter, aggregator) = (session(&one, &other), session(&other, &one));
        let place = Place {
            meter: 3,
            slot: 9,
            round: 0,
            what: What::Report,
        };
        let mut charges = Charges::new();
        let sealed = meter.seal(&mut charges, place, &[1]);
        assert_eq!(sealed.len(), 1 + seal::OVERHEAD);
        assert_eq!(aggregator.open(&mut charges, place, &sealed, 1), Ok(vec![1]));
        for wrong in [
            Place { meter: 4, ..place },
            Place { slot: 10, ..place },
            Place { round: 1, ..place },
            Place {
                what: What::Plain,
                ..place
            },
        ] {
            assert_eq!(aggregator.open(&mut charges, wrong, &sealed, 1), Err(OpenError));
        }
        let before = charges.clone();
        assert_eq!(aggregator.open(&mut charges, place, &[0; 1 << 16], 1), Err(OpenError));
        assert_eq!(charges, before, "a message of another length costs nothing");
        let stranger = Session::new(one.agree(&other.public()).expect("not zero"), [8; 32]);
        assert_eq!(stranger.open(&mut charges, place, &sealed, 1), Err(OpenError));
        assert_eq!(aggregator.open(&mut charges, place, &[], 0), Err(OpenError));
    }
}
