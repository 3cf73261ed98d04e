//! Checks: questions whose answer is a pure function of their inputs.
//!
//! A signature, certificate or proof is checked by handing a [`Check`] to the kernel. Its verdict
//! is computed once, kept under the digest of all its inputs and shared by all receivers, while
//! each of them is charged what the check would have cost it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::group::{G1, Scalar};
use crate::ops::{Charge, Op};
use crate::schnorr::{self, PreparedKey, Signature};
use crate::tally;
use crate::wire::G1Bytes;

mod host;

pub use host::Host;

/// What a check asks: a scheme with all its inputs.
///
/// Whatever depends on the receiver's state (freshness, expiry, revocation, replay) stays in the
/// role: the answer is shared between nodes.
pub trait Question: Send + Sync + fmt::Debug {
    /// The scheme's name, unique and versioned, such as `ROADVEIL-ECPP-V1-CERT`.
    fn scheme(&self) -> &'static str;

    /// Appends every input that the answer depends on, parameters included.
    fn inputs(&self, digest: &mut CheckDigest);

    /// What the check costs a node: a function of the inputs alone, in the paper's form.
    fn charge(&self) -> Charge;

    /// The answer, which must be a pure function of the inputs. The host only makes it faster.
    fn answer(&self, host: &Host) -> bool;
}

/// The digest of a check's scheme and inputs: BLAKE3 over labels and bytes, each with its length.
#[derive(Clone, Debug)]
pub struct CheckDigest(blake3::Hasher);

impl CheckDigest {
    fn new(scheme: &'static str) -> CheckDigest {
        let mut digest = CheckDigest(blake3::Hasher::new_derive_key("ROADVEIL-CHECK-V1"));
        digest.frame(scheme.as_bytes());
        digest
    }

    /// Appends a labelled input.
    pub fn append(&mut self, label: &'static str, bytes: &[u8]) -> &mut Self {
        self.frame(label.as_bytes());
        self.frame(bytes);
        self
    }

    /// Appends a labelled number.
    pub fn append_u64(&mut self, label: &'static str, number: u64) -> &mut Self {
        self.append(label, &number.to_le_bytes())
    }

    fn frame(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }
}

/// The answer to a check.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// It holds.
    Valid,
    /// It does not.
    Invalid,
}

impl Verdict {
    /// Whether it is [`Valid`](Verdict::Valid).
    #[must_use]
    pub const fn is_valid(self) -> bool {
        matches!(self, Verdict::Valid)
    }
}

impl From<bool> for Verdict {
    fn from(valid: bool) -> Verdict {
        if valid { Verdict::Valid } else { Verdict::Invalid }
    }
}

/// A question with the digest of its inputs; cheap to clone and to send to a worker.
///
/// Clones are one check: what [`settle`](Check::settle) computed for one is there for all of them. Two checks are equal
/// if their digests are.
#[derive(Clone)]
pub struct Check(Arc<Asked>);

struct Asked {
    digest: [u8; 32],
    charge: Charge,
    begun: AtomicBool,
    verdict: OnceLock<Verdict>,
    question: Box<dyn Question>,
}

impl Check {
    /// Takes the digest of the question's inputs.
    #[must_use]
    pub fn new(question: impl Question + 'static) -> Check {
        let mut digest = CheckDigest::new(question.scheme());
        question.inputs(&mut digest);
        Check(Arc::new(Asked {
            digest: digest.0.finalize().into(),
            charge: question.charge(),
            begun: AtomicBool::new(false),
            verdict: OnceLock::new(),
            question: Box::new(question),
        }))
    }

    /// What verdicts are kept under: a digest of the scheme and all inputs.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        &self.0.digest
    }

    /// What the check costs a node.
    #[must_use]
    pub fn charge(&self) -> Charge {
        self.0.charge
    }

    /// The scheme's name.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.0.question.scheme()
    }

    /// Computes the verdict: a pure function of the inputs, whatever the host holds.
    #[must_use]
    pub fn answer(&self, host: &Host) -> Verdict {
        let _span = tally::span();
        self.0.question.answer(host).into()
    }

    /// The verdict, computed by whoever asks first, on whichever thread; who asks meanwhile waits for it.
    ///
    /// # Panics
    ///
    /// If the question does: for everybody who asks.
    pub fn settle(&self, host: &Host) -> Verdict {
        *self.0.verdict.get_or_init(|| {
            self.0.begun.store(true, Ordering::Relaxed);
            self.answer(host)
        })
    }

    /// The verdict, if somebody has computed it.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        self.0.verdict.get().copied()
    }

    /// Takes over the verdict of an equal check.
    pub fn remember(&self, verdict: Verdict) {
        // Whoever was faster had the same.
        let _ = self.0.verdict.set(verdict);
    }

    /// Has nobody begun to compute it? Then the caller has, from now on: a worker that is told no does something else.
    #[must_use]
    pub fn begin(&self) -> bool {
        !self.0.begun.swap(true, Ordering::Relaxed)
    }
}

impl PartialEq for Check {
    fn eq(&self, other: &Check) -> bool {
        self.digest() == other.digest()
    }
}

impl Eq for Check {}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Check").field(&self.0.question).finish()
    }
}

/// Whether a Schnorr signature holds: the check of [`schnorr::verify`].
#[derive(Clone, Debug)]
pub struct SchnorrCheck {
    /// The domain in which it was signed.
    pub domain: &'static str,
    /// The signer's key, as it travelled.
    pub key: G1Bytes,
    /// What was signed.
    pub message: Arc<[u8]>,
    /// The signature.
    pub signature: Signature,
}

impl Question for SchnorrCheck {
    fn scheme(&self) -> &'static str {
        schnorr::SCHEME
    }

    fn inputs(&self, digest: &mut CheckDigest) {
        digest
            .append("domain", self.domain.as_bytes())
            .append("key", self.key.as_ref())
            .append("message", &self.message)
            .append("challenge", self.signature.z.as_ref())
            .append("response", self.signature.s.as_ref());
    }

    /// `sP - zY`: two multiplications, as papers count it.
    fn charge(&self) -> Charge {
        Charge::of(Op::G1Mul, 2)
    }

    fn answer(&self, host: &Host) -> bool {
        // What costs nothing to see comes before building a comb.
        if Scalar::from_bytes(&self.signature.s).is_err() {
            return false;
        }
        let prepare = || Some(PreparedKey::from_point(G1::decode(&self.key).ok()?));
        host.prepared::<PreparedKey>(self.key.as_ref(), prepare)
            .is_some_and(|key| schnorr::verify(&*key, self.domain, &self.message, &self.signature))
    }
}
