//! An OBU played by hand: it follows the key issue, and says whatever a test wants.

use core::time::Duration;

use rand_core::{Rng, SeedableRng};
use roadveil_crypto::{ByteArray, EphemeralShare, G2, G2Bytes, Scalar, SecretBytes, SigningKey, pairing};
use roadveil_crypto::{G1, Signature};
use roadveil_ecpp::keys::ObuKey;
use roadveil_ecpp::messages::{Answer, Msg, Req1, Req2, Request, Res1, Sealed};
use roadveil_ecpp::params::Config;
use roadveil_ecpp::schedule::{Fresh, Part, Secrets};
use roadveil_ecpp::setup::Issued;
use roadveil_ecpp::sigma1::Claim;
use roadveil_ecpp::system::{Location, Master, Validity};
use roadveil_role::testkit::Net;
use roadveil_role::{Address, LinkAddr, Reason, Stream, Time, decode, encode};

/// The hand's link address.
pub const ADDR: Address = Address::Link(LinkAddr::local([0x42; 6]));

/// An OBU played by hand.
pub struct Hand<'a> {
    pub issued: &'a Issued,
    pub config: &'a Config,
    pub rng: Stream,
}

impl<'a> Hand<'a> {
    pub fn new(issued: &'a Issued, config: &'a Config) -> Hand<'a> {
        Hand {
            issued,
            config,
            rng: Stream::from_seed([9; 32]),
        }
    }

    /// Hands a message to the RSU and lets it act.
    pub fn say(&self, net: &mut Net, message: &Msg) {
        self.say_bytes(net, &encode(message));
    }

    /// Hands bytes to the RSU and lets it act.
    pub fn say_bytes(&self, net: &mut Net, frame: &[u8]) {
        net.inject("rsu-0", ADDR, frame, Duration::ZERO);
        net.run_until(net.now() + Duration::from_millis(1));
    }

    /// The frames that the RSU sent to the hand.
    pub fn answers(net: &Net) -> Vec<Vec<u8>> {
        net.sent()
            .filter(|(_, to, _)| *to == ADDR)
            .map(|(_, _, frame)| frame.to_vec())
            .collect()
    }

    /// Steps 1 to 3a.
    pub fn open(&mut self, net: &mut Net, location: Location) -> Secrets {
        let (secret, r1) = self.r1(location);
        let share = self.config.hardened.then(|| EphemeralShare::random(&mut self.rng));
        let before = Hand::answers(net).len();
        self.say(
            net,
            &Msg::Req1(Req1 {
                r1,
                share: share.as_ref().map(EphemeralShare::public),
            }),
        );
        let answers = Hand::answers(net);
        let answer = answers
            .get(before)
            .unwrap_or_else(|| panic!("no res1: {:?}", net.rejects("rsu-0")));
        let Ok(Msg::Res1(Res1 {
            nonce, share: other, ..
        })) = decode(answer)
        else {
            panic!("no res1")
        };
        let r2 = pairing(&G1::generator().mul(&secret), &G2::generator());
        match (share, other) {
            (Some(own), Some(rsu)) => {
                let agreed = own.agree(&rsu).expect("not zero");
                Secrets::hardened(
                    r1,
                    &r2,
                    Fresh {
                        obu: own.public(),
                        nonce,
                        rsu,
                    },
                    &agreed,
                )
            }
            _ => Secrets::paper(r1, &r2),
        }
    }

    /// `R1` for a place, with its secret.
    pub fn r1(&mut self, location: Location) -> (Scalar, G2Bytes) {
        let secret = Scalar::random(&mut self.rng);
        let system = self.issued.authority().system();
        let base = G2::generator().mul(&location.scalar(system)) + *system.public(Master::Rsu);
        (secret, base.mul(&secret).encode())
    }

    /// An honest request at this time.
    pub fn request(&mut self, secrets: &Secrets, member: &ObuKey, key: &SigningKey, now: Time) -> Request {
        let validity = Validity::covering(now, self.config.key_lifetime, self.config.validity_quantum);
        self.request_for(secrets, member, key, validity)
    }

    /// A request that is honest but for its validity.
    pub fn request_for(&mut self, secrets: &Secrets, member: &ObuKey, key: &SigningKey, validity: Validity) -> Request {
        let system = self.issued.authority().system();
        let claim = Claim {
            rid: member.rid_bytes(),
            validity,
            y: *key.public().bytes(),
        };
        let sigma1 = claim.sign(system, member, &SecretBytes::random(&mut self.rng));
        let prove = |nonce: &ByteArray<16>, rng: &mut Stream| -> Signature {
            claim.prove(system, key, secrets.r1(), nonce, &SecretBytes::random(rng))
        };
        let proof = secrets.rsu_nonce().map(|nonce| prove(nonce, &mut self.rng));
        Request {
            rid: claim.rid,
            validity,
            y: claim.y,
            sigma1,
            proof,
        }
    }

    /// The frame of step 3b.
    pub fn req2(&mut self, secrets: &Secrets, plain: &[u8]) -> Vec<u8> {
        let nonce = (!self.config.hardened).then(|| {
            let mut bytes = [0; 16];
            self.rng.fill_bytes(&mut bytes);
            ByteArray(bytes)
        });
        let sealed = Sealed(secrets.seal(Part::Req2, nonce.as_ref(), plain));
        encode(&Msg::Req2(Req2 {
            session: secrets.session(),
            nonce,
            sealed,
        }))
    }

    /// Steps 3b to 5: what the RSU answers, or why it refuses.
    pub fn ask(&mut self, net: &mut Net, secrets: &Secrets, request: &Request) -> Result<Answer, Reason> {
        let frame = self.req2(secrets, &encode(request));
        let (before, refused) = (Hand::answers(net).len(), net.rejects("rsu-0").len());
        self.say_bytes(net, &frame);
        if let Some(why) = net.rejects("rsu-0").get(refused) {
            if let Some(Ok(Msg::Res2(response))) = Hand::answers(net).get(before).map(|frame| decode(frame)) {
                let plain = secrets
                    .open(Part::Res2, response.nonce.as_ref(), &response.sealed.0)
                    .expect("opens");
                assert_eq!(decode(&plain), Ok(Answer::Revoked));
            }
            return Err(*why);
        }
        let Some(Ok(Msg::Res2(response))) = Hand::answers(net).get(before).map(|frame| decode(frame)) else {
            panic!("neither an answer nor a refusal");
        };
        let plain = secrets
            .open(Part::Res2, response.nonce.as_ref(), &response.sealed.0)
            .expect("opens");
        Ok(decode(&plain).expect("an answer"))
    }
}
