//! A vehicle whose key a test made, and evidence against it, true or not.

use rand_core::SeedableRng;
use roadveil_crypto::SigningKey;
use roadveil_ecpp::cert::{Certificate, Masks};
use roadveil_ecpp::evidence::{Evidence, Statement};
use roadveil_ecpp::messages::{Body, Cam, Sigma};
use roadveil_ecpp::setup::Issued;
use roadveil_ecpp::system::{Validity, domain};
use roadveil_role::{Stream, Time, encode};

/// A speaker with a certificate of `rsu-0`.
pub struct Accused {
    pub key: SigningKey,
    pub certificate: Certificate,
    pub rng: Stream,
}

impl Accused {
    pub fn new(issued: &Issued, seed: u8, validity: Validity) -> Accused {
        let mut rng = Stream::from_seed([seed; 32]);
        let key = SigningKey::random(&mut rng);
        let system = issued.authority().system();
        let rsu = issued.rsu_key("rsu-0").expect("an rsu");
        let certificate = Certificate::issue(system, rsu, *key.public().bytes(), validity, &Masks::random(&mut rng));
        Accused { key, certificate, rng }
    }

    /// What it says and signs.
    pub fn states(&mut self, cam: Cam) -> Statement {
        let body = Body::padded(cam, Vec::new(), 300);
        let mut bytes = encode(&body);
        bytes.extend_from_slice(self.certificate.id().as_ref());
        let signature = self.key.sign(&bytes, domain::MESSAGE, &mut self.rng);
        Statement::of(&body, Sigma::Schnorr(signature))
    }

    /// Evidence of what it says.
    pub fn evidence(&mut self, cams: &[Cam]) -> Evidence {
        Evidence {
            certificate: self.certificate,
            statements: cams.iter().map(|cam| self.states(*cam)).collect(),
        }
    }

    /// Two places a kilometre apart within a tenth of a second.
    pub fn jump(&mut self, now: Time) -> Evidence {
        self.evidence(&[place(now, 100, 0), place(now, 0, 1000)])
    }
}

/// A message from a place, that many milliseconds ago.
pub fn place(now: Time, ago: u64, x: i32) -> Cam {
    let time = now.as_millis() - ago;
    Cam {
        time,
        sequence: u32::try_from(time).expect("a short run"),
        x_cm: x * 100,
        ..Cam::default()
    }
}
