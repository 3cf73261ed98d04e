//! Test vectors: a member key and a signature of each mode, computed by another implementation (`vectors/make.py`, on
//! py_ecc) from the same secrets, verified there in the paper's form.

use std::collections::BTreeMap;

use roadveil_crypto::{ByteArray, Scalar, SigningKey};
use roadveil_gsb::keys::Manager;
use roadveil_gsb::params::Mode;
use roadveil_gsb::revocation::Token;
use roadveil_gsb::signature::{Bases, Claim, Masks, Proof, Scope, sign_with};
use serde_json::Value;
use zeroize::Zeroizing;

struct Vectors(BTreeMap<String, Value>);

impl Vectors {
    fn read() -> Vectors {
        Vectors(serde_json::from_str(include_str!("vectors/gsb.json")).expect("valid JSON"))
    }

    fn number(&self, name: &str) -> u64 {
        self.0[name].as_u64().expect("a number")
    }

    fn bytes<const N: usize>(&self, name: &str) -> ByteArray<N> {
        ByteArray::from_hex(self.0[name].as_str().expect("text")).expect("hexadecimal digits")
    }

    fn scalar(&self, name: &str) -> Scalar {
        Scalar::from_bytes(&self.bytes(name)).expect("a scalar")
    }

    fn manager(&self, mode: &str) -> Manager {
        let mode = match mode {
            "fast" => Mode::Fast {
                period_ms: self.number("period_ms"),
            },
            _ => Mode::Linear,
        };
        let list_key = SigningKey::from_scalar(&self.scalar("list")).expect("not zero");
        Manager::from_secrets(mode, Zeroizing::new(self.scalar("gamma")), list_key)
    }

    fn scope(&self, mode: &str) -> Scope {
        match mode {
            "fast" => Scope::Period(self.number("period")),
            _ => Scope::Message(self.bytes("nonce")),
        }
    }
}

#[test]
fn signatures_of_both_modes() {
    let vectors = Vectors::read();
    let message = vectors.bytes::<26>("message");
    for mode in ["linear", "fast"] {
        let of = |name: &str| format!("{mode}_{name}");
        let manager = vectors.manager(mode);
        let group = manager.group();
        assert_eq!(group.w().encode(), vectors.bytes("w"));
        assert_eq!(*group.digest(), vectors.bytes(&of("digest")));
        let key = manager.member(vectors.scalar("x")).expect("a key");
        assert_eq!(key.token_bytes(), vectors.bytes("a"));

        let masks = Masks {
            alpha: vectors.scalar(&of("alpha")),
            r_alpha: vectors.scalar(&of("r_alpha")),
            r_x: vectors.scalar(&of("r_x")),
            r_delta: vectors.scalar(&of("r_delta")),
        };
        let scope = vectors.scope(mode);
        let bases = Bases::new(group, scope, message.as_ref());
        let proof = sign_with(group, &key, scope, &bases, message.as_ref(), &masks);
        let expected = Proof {
            t1: vectors.bytes(&of("t1")),
            t2: vectors.bytes(&of("t2")),
            c: vectors.bytes(&of("c")),
            s_alpha: vectors.bytes(&of("s_alpha")),
            s_x: vectors.bytes(&of("s_x")),
            s_delta: vectors.bytes(&of("s_delta")),
        };
        assert_eq!(proof, expected);

        let claim = Claim::new(group.clone(), scope, message.0.to_vec(), expected).expect("decodes");
        assert!(claim.verify(None));
        let token = Token::decode(&vectors.bytes("a")).expect("a token");
        assert_eq!(manager.open(&claim, [&token]), Some(0));
    }
}
