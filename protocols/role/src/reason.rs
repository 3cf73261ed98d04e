//! Every reason for which a frame is lost or refused. One enum, used by radio, kernel, roles, log, screen and reports.

use core::fmt;

use serde::{Deserialize, Serialize};

/// Who decided that a frame was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The air: the frame was never decoded.
    Radio,
    /// The wires.
    Backhaul,
    /// The receiving node, before any role saw the frame.
    Node,
    /// The role that refused it.
    Role,
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $layer:ident;)+) => {
        /// Why a frame was lost, or why a role refused it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[repr(u8)]
        pub enum Reason { $($(#[doc = $doc])+ $variant,)+ }

        impl Reason {
            /// All reasons, in the order of their declaration.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)+];

            /// The name under which reports and logs count it.
            pub const fn name(self) -> &'static str {
                match self { $(Reason::$variant => $name,)+ }
            }

            /// The layer that decides it.
            pub const fn layer(self) -> Layer {
                match self { $(Reason::$variant => Layer::$layer,)+ }
            }

            /// One sentence for a person.
            pub const fn explain(self) -> &'static str {
                match self { $(Reason::$variant => concat!($($doc,)+),)+ }
            }
        }
    };
}

reasons! {
    /// Received power after fading stayed under the receiver's sensitivity.
    BelowSensitivity = "below_sensitivity", Radio;
    /// Strong enough without the walls and vehicles in between, too weak behind them.
    Obstacle = "obstacle", Radio;
    /// Noise alone corrupted the frame.
    Noise = "noise", Radio;
    /// Another frame overlapped and neither was strong enough.
    Collision = "collision", Radio;
    /// The receiver had locked on another, stronger or earlier frame.
    CaptureLost = "capture_lost", Radio;
    /// The receiver was transmitting itself.
    HalfDuplex = "half_duplex", Radio;
    /// A jammer drowned the frame.
    Jammed = "jammed", Radio;
    /// The frame waited longer for the channel than its lifetime.
    Expired = "expired", Radio;
    /// No acknowledgement after the last retry.
    RetryLimit = "retry_limit", Radio;
    /// Nobody in reach has that address.
    NoSuchAddress = "no_such_address", Radio;
    /// The wired link was down.
    LinkDown = "link_down", Backhaul;
    /// The wired link lost the packet.
    LinkLoss = "link_loss", Backhaul;
    /// The wired link's queue was full.
    LinkFull = "link_full", Backhaul;
    /// The receiving node was switched off.
    NodeDown = "node_down", Node;
    /// The receiving node's processor queue was full.
    QueueFull = "queue_full", Node;
    /// The run ended while the frame waited for the receiver's processor.
    RunEnded = "run_ended", Node;
    /// No role of the receiving node speaks the protocol.
    NotSpoken = "not_spoken", Node;
    /// The bytes are not a canonical message of the protocol.
    Malformed = "malformed", Role;
    /// The message's time is too far from the receiver's clock.
    Stale = "stale", Role;
    /// Seen before.
    Duplicate = "duplicate", Role;
    /// The signature does not verify.
    BadSignature = "bad_signature", Role;
    /// The certificate does not verify.
    BadCertificate = "bad_certificate", Role;
    /// The proof of possession does not verify.
    BadProof = "bad_proof", Role;
    /// The ciphertext does not open.
    BadCiphertext = "bad_ciphertext", Role;
    /// A group element or scalar is not one.
    BadElement = "bad_element", Role;
    /// The sender is on the revocation list.
    Revoked = "revoked", Role;
    /// The validity asked for is longer than allowed.
    OverlongValidity = "overlong_validity", Role;
    /// The certificate or key is not valid now.
    OutsideValidity = "outside_validity", Role;
    /// The message says that it comes from elsewhere.
    WrongLocation = "wrong_location", Role;
    /// The signing key is not known and the message brings no certificate.
    UnknownKey = "unknown_key", Role;
    /// No exchange is waiting for this message.
    Unexpected = "unexpected", Role;
    /// The message belongs to another epoch of the authority's keys.
    WrongEpoch = "wrong_epoch", Role;
    /// The key is already recorded for somebody else.
    KeyConflict = "key_conflict", Role;
    /// The sender asks too often.
    RateLimited = "rate_limited", Role;
    /// The role has no room for another exchange.
    Overloaded = "overloaded", Role;
    /// The evidence does not show what it is brought for.
    Unfounded = "unfounded", Role;
    /// The sender says that it is too far away to matter, and the receiver checks only what is near.
    Irrelevant = "irrelevant", Role;
}

impl Reason {
    /// The reason of that name.
    pub fn from_name(name: &str) -> Option<Reason> {
        Reason::ALL.iter().copied().find(|reason| reason.name() == name)
    }

    /// The reason with that number, as it stands in a log.
    pub fn from_code(code: u8) -> Option<Reason> {
        Reason::ALL.get(usize::from(code)).copied()
    }

    /// The number under which a log stores it.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_are_unique_and_round_trip() {
        for (index, &reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(usize::from(reason.code()), index);
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
            assert_eq!(Reason::from_name(reason.name()), Some(reason));
            assert!(reason.explain().trim().ends_with('.'));
        }
        assert_eq!(Reason::from_name("nonsense"), None);
    }
}
