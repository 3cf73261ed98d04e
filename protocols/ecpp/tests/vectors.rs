//! Test vectors: keys, `R1`, `sigma_1` and a certificate, computed by another implementation (`vectors/make.py`, on
//! py_ecc) from the same secrets, with the same challenges.

use std::collections::BTreeMap;

use roadveil_crypto::{ByteArray, G1Bytes, G2, Scalar, SigningKey};
use roadveil_ecpp::cert::{Certificate, Hidden, Masks, Proof};
use roadveil_ecpp::keys::{Authority, Issuer};
use roadveil_ecpp::sigma1::Claim;
use roadveil_ecpp::system::{Location, Master, Validity};
use serde_json::Value;
use zeroize::Zeroizing;

struct Vectors(BTreeMap<String, Value>);

impl Vectors {
    fn read() -> Vectors {
        Vectors(serde_json::from_str(include_str!("vectors/ecpp.json")).expect("valid JSON"))
    }

    fn number(&self, name: &str) -> i64 {
        self.0[name].as_i64().expect("a number")
    }

    fn bytes<const N: usize>(&self, name: &str) -> ByteArray<N> {
        ByteArray::from_hex(self.0[name].as_str().expect("text")).expect("hexadecimal digits")
    }

    fn scalar(&self, name: &str) -> Scalar {
        Scalar::from_bytes(&self.bytes(name)).expect("a scalar")
    }

    fn authority(&self) -> Authority {
        let secret = |name| Zeroizing::new(self.scalar(name));
        let list_key = SigningKey::from_scalar(&self.scalar("list")).expect("not zero");
        let epoch = u32::try_from(self.number("epoch")).expect("an epoch");
        Authority::from_secrets(epoch, secret("u"), secret("v"), secret("xi"), list_key)
    }

    fn location(&self) -> Location {
        let coordinate = |name| i32::try_from(self.number(name)).expect("a coordinate");
        Location {
            x_cm: coordinate("x_cm"),
            y_cm: coordinate("y_cm"),
        }
    }

    fn validity(&self) -> Validity {
        let time = |name| u64::try_from(self.number(name)).expect("a time");
        Validity {
            from: time("from"),
            until: time("until"),
        }
    }
}

#[test]
fn keys_and_parameters() {
    let vectors = Vectors::read();
    let authority = vectors.authority();
    let system = authority.system();
    assert_eq!(system.public(Master::Rsu).encode(), vectors.bytes("U'"));
    assert_eq!(system.public(Master::Obu).encode(), vectors.bytes("V'"));
    assert_eq!(system.h0(&Scalar::ONE).encode(), vectors.bytes("H0"));
    assert_eq!(system.h1(&Scalar::ONE).encode(), vectors.bytes("H1"));
    assert_eq!(*system.digest(), vectors.bytes("parameters"));
    let rsu = authority.rsu_key(vectors.location()).expect("a key");
    assert_eq!(rsu.y().to_bytes(), vectors.bytes("h(L)"));
    assert_eq!(rsu.b().expose().encode(), vectors.bytes("B"));
    let obu = authority.obu_key(vectors.scalar("RID")).expect("a key");
    assert_eq!(obu.s().expose().encode(), vectors.bytes("S"));
    assert!(rsu.is_sound(system) && obu.is_sound(system));
    let base = G2::generator().mul(rsu.y()) + *system.public(Master::Rsu);
    assert_eq!(base.mul(&vectors.scalar("r1")).encode(), vectors.bytes("R1"));
    let key = SigningKey::from_scalar(&vectors.scalar("x")).expect("not zero");
    assert_eq!(*key.public().bytes(), vectors.bytes("Y"));
}

#[test]
fn sigma_1() {
    let vectors = Vectors::read();
    let authority = vectors.authority();
    let obu = authority.obu_key(vectors.scalar("RID")).expect("a key");
    let claim = Claim {
        rid: vectors.bytes("RID"),
        validity: vectors.validity(),
        y: vectors.bytes("Y"),
    };
    let sigma1 = claim.sign_with(authority.system(), &obu, &vectors.scalar("k"));
    assert_eq!(sigma1.c, vectors.bytes("sigma1.c"));
    assert_eq!(sigma1.z, vectors.bytes("sigma1.Z"));
    assert!(claim.verify(authority.system(), &sigma1));
}

#[test]
fn certificate() {
    let vectors = Vectors::read();
    let authority = vectors.authority();
    let rsu = authority.rsu_key(vectors.location()).expect("a key");
    let masks = Masks {
        a: vectors.scalar("a"),
        r_a: vectors.scalar("r_a"),
        r_y: vectors.scalar("r_y"),
        r_d: vectors.scalar("r_d"),
    };
    let y: G1Bytes = vectors.bytes("Y");
    let issued = Certificate::issue_with(authority.system(), &rsu, y, vectors.validity(), &masks);
    let expected = Hidden {
        t1: vectors.bytes("T1"),
        t2: vectors.bytes("T2"),
        c: vectors.bytes("c"),
        s_a: vectors.bytes("s_a"),
        s_y: vectors.bytes("s_y"),
        s_d: vectors.bytes("s_d"),
    };
    assert_eq!(issued.proof, Proof::Hidden(expected));
    assert_eq!(issued.id(), vectors.bytes("id"));
    assert!(issued.verify(authority.system()));
    assert_eq!(authority.open(&issued), Ok(Issuer::Key(vectors.bytes("B"))));
}
