//! What a safety message signs, in each of its forms, and how that is checked.

use roadveil_crypto::{
    Charge, Check, CheckDigest, Digest, G1, G1Bytes, G2Bytes, Host, Op, PreparedKey, Question, Signature, SignatureR,
    schnorr, zss,
};
use roadveil_role::encode;

use crate::cert::CertId;
use crate::messages::{Body, Cam, Sigma};
use crate::system::domain;

/// What is signed: the body as it travels, and the certificate under which.
pub(super) fn statement(id: &CertId, body: &Body) -> Vec<u8> {
    let mut bytes = encode(body);
    bytes.extend_from_slice(id.as_ref());
    bytes
}

/// The check of a safety message's signature, under the key `y` of the certificate called `id`.
pub(crate) fn check(parameters: &Digest, y: &G1Bytes, id: CertId, body: Body, signature: Sigma) -> Check {
    Check::new(MessageCheck {
        parameters: parameters.0,
        key: *y,
        id,
        body,
        signature: match signature {
            Sigma::Schnorr(signature) => Form::Short(signature),
            Sigma::Zss(signature) => Form::Zss(signature),
        },
    })
}

/// The check of a signature in the form that batches verify.
pub(super) fn check_r(parameters: &Digest, y: &G1Bytes, id: CertId, body: Body, signature: SignatureR) -> Check {
    Check::new(MessageCheck {
        parameters: parameters.0,
        key: *y,
        id,
        body,
        signature: Form::Long(signature),
    })
}

/// The short form of a signature that came in the long one: as evidence has it.
pub(super) fn shorten(y: &G1Bytes, id: &CertId, body: &Body, signature: &SignatureR) -> Signature {
    signature.shorten(y, domain::MESSAGE, &statement(id, body))
}

/// A signature in either form.
#[derive(Debug)]
enum Form {
    /// `(z, s)`.
    Short(Signature),
    /// `(R, s)`.
    Long(SignatureR),
    /// ZSS.
    Zss(G2Bytes),
}

/// Is the safety message signed under the certified key? It takes the decoded body over, so that asking copies nothing.
#[derive(Debug)]
struct MessageCheck {
    parameters: [u8; 32],
    key: G1Bytes,
    id: CertId,
    body: Body,
    signature: Form,
}

impl Question for MessageCheck {
    fn scheme(&self) -> &'static str {
        domain::MESSAGE
    }

    fn inputs(&self, digest: &mut CheckDigest) {
        let Cam {
            station,
            sequence,
            time,
            x_cm,
            y_cm,
            speed_cm,
            heading_cdeg,
        } = self.body.cam;
        let mut fixed = [0; 30 + 32];
        let parts: [&[u8]; 9] = [
            &self.parameters,
            &station.to_be_bytes(),
            &sequence.to_be_bytes(),
            &time.to_be_bytes(),
            &x_cm.to_be_bytes(),
            &y_cm.to_be_bytes(),
            &speed_cm.to_be_bytes(),
            &heading_cdeg.to_be_bytes(),
            &self.body.padding.0.to_be_bytes(),
        ];
        let mut rest = fixed.as_mut_slice();
        for part in parts {
            let (place, after) = rest.split_at_mut(part.len());
            place.copy_from_slice(part);
            rest = after;
        }
        digest
            .append("fixed", &fixed)
            .append("key", self.key.as_ref())
            .append("certificate", self.id.as_ref());
        for wanted in &self.body.wanted {
            digest.append("wanted", wanted.as_ref());
        }
        match &self.signature {
            Form::Short(Signature { z, s }) => digest.append("z", z.as_ref()).append("s", s.as_ref()),
            Form::Long(SignatureR { r, s }) => digest.append("R", r.as_ref()).append("s", s.as_ref()),
            Form::Zss(sigma) => digest.append("sigma", sigma.as_ref()),
        };
    }

    /// `sP - zY`: two multiplications. With ZSS one, and a pairing.
    fn charge(&self) -> Charge {
        match self.signature {
            Form::Zss(_) => zss::VERIFY,
            Form::Short(_) | Form::Long(_) => Charge::of(Op::G1Mul, 2),
        }
    }

    fn answer(&self, host: &Host) -> bool {
        let statement = || statement(&self.id, &self.body);
        let prepare = || Some(PreparedKey::from_point(G1::decode(&self.key).ok()?));
        let key = || host.prepared::<PreparedKey>(self.key.as_ref(), prepare);
        match &self.signature {
            Form::Short(signature) => {
                key().is_some_and(|key| schnorr::verify(&*key, domain::MESSAGE, &statement(), signature))
            }
            Form::Long(signature) => key().is_some_and(|key| signature.verify(&*key, domain::MESSAGE, &statement())),
            Form::Zss(sigma) => zss::verify(&self.key, domain::ZSS, &statement(), sigma),
        }
    }
}
