//! Signatures: what holds, what must not, and that every way to verify says the same.

use chacha20::ChaCha12Rng;
use chacha20::rand_core::SeedableRng;
use proptest::prelude::*;
use roadveil_crypto::schnorr::{
    BatchItem, Signature, SignatureR, VerifyingKey, batch_charge, batches_asked, invalid_in_batch, verify, verify_batch,
};
use roadveil_crypto::{
    Charge, G1, G1Bytes, Op, PreparedKey, PublicKey, Scalar, ScalarBytes, SigningKey, Transcript, tally,
};

const DOMAIN: &str = "ROADVEIL-TEST-V1-BEACON";

fn rng(seed: u8) -> ChaCha12Rng {
    ChaCha12Rng::from_seed([seed; 32])
}

/// Whether the signature holds; all ways to verify have to agree.
fn holds(key: &G1Bytes, domain: &'static str, msg: &[u8], signature: &Signature) -> bool {
    let plain = verify(key, domain, msg, signature);
    assert_eq!(verify(&PublicKey(*key), domain, msg, signature), plain);
    match PreparedKey::new(key) {
        Ok(prepared) => assert_eq!(verify(&prepared, domain, msg, signature), plain),
        Err(_) => assert!(!plain),
    }
    plain
}

#[test]
fn what_is_signed_holds() {
    let mut rng = rng(1);
    for len in [0, 1, 48, 300, 5000] {
        let key = SigningKey::random(&mut rng);
        let msg = vec![0x3c; len];
        let signature = key.sign(&msg, DOMAIN, &mut rng);
        assert!(holds(&key.public().0, DOMAIN, &msg, &signature));
        let long = key.sign_r(&msg, DOMAIN, &mut rng);
        assert!(long.verify(&key.public(), DOMAIN, &msg));
        let short = long.shorten(&key.public().0, DOMAIN, &msg);
        assert!(holds(&key.public().0, DOMAIN, &msg, &short));
    }
}

#[test]
fn no_bit_may_change() {
    let mut rng = rng(2);
    let key = SigningKey::random(&mut rng);
    let public = key.public().0;
    let msg = *b"position, speed, heading";
    let signature = key.sign(&msg, DOMAIN, &mut rng);
    for bit in 0..8 * 16 {
        let mut altered = signature;
        altered.z.0[bit / 8] ^= 1 << (bit % 8);
        assert!(!holds(&public, DOMAIN, &msg, &altered));
    }
    for bit in 0..8 * 32 {
        let mut altered = signature;
        altered.s.0[bit / 8] ^= 1 << (bit % 8);
        assert!(!holds(&public, DOMAIN, &msg, &altered));
    }
    for bit in 0..8 * msg.len() {
        let mut altered = msg;
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(!holds(&public, DOMAIN, &altered, &signature));
    }
    for bit in 0..8 * 48 {
        let mut altered = public;
        altered.0[bit / 8] ^= 1 << (bit % 8);
        assert!(!holds(&altered, DOMAIN, &msg, &signature));
    }
    assert!(!holds(&public, "ROADVEIL-TEST-V2-BEACON", &msg, &signature));
    assert!(!holds(&public, DOMAIN, &msg[1..], &signature));
    assert!(!holds(
        &SigningKey::random(&mut rng).public().0,
        DOMAIN,
        &msg,
        &signature
    ));
    assert!(holds(&public, DOMAIN, &msg, &signature));
}

#[test]
fn a_response_has_one_encoding() {
    // s + r, where it fits into 32 bytes, satisfies the equation but is not canonical.
    let order =
        ScalarBytes::from_hex("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001").expect("hexadecimal");
    let mut rng = rng(3);
    let key = SigningKey::random(&mut rng);
    let mut signature = key.sign(b"msg", DOMAIN, &mut rng);
    let mut carry = 0;
    for (byte, addend) in signature.s.0.iter_mut().zip(order.0).rev() {
        let sum = u16::from(*byte) + u16::from(addend) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    assert_eq!(carry, 0, "a scalar and the order fit into 256 bits");
    assert!(!holds(&key.public().0, DOMAIN, b"msg", &signature));
}

#[test]
fn keys_that_are_no_points_verify_nothing() {
    let mut rng = rng(4);
    let signature = SigningKey::random(&mut rng).sign(b"", DOMAIN, &mut rng);
    for key in [G1::identity().encode(), G1Bytes::default(), [0xff; 48].into()] {
        assert!(!holds(&key, DOMAIN, b"", &signature));
        assert!(PreparedKey::new(&key).is_err());
    }
    assert!(SigningKey::from_scalar(&Scalar::ZERO).is_none());
}

/// A signer could choose the nonce zero, and would give the key away. Neither form accepts it: the
/// long one cannot express it, so if the short one did, a batch and its members would differ.
#[test]
fn the_identity_is_no_commitment() {
    let key = SigningKey::from_scalar(&Scalar::from_u64(77)).expect("not zero");
    let public = key.public().0;
    let z = Transcript::new(roadveil_crypto::schnorr::SCHEME)
        .append("domain", DOMAIN.as_bytes())
        .append("key", public.as_ref())
        .append("commitment", G1::identity().encode().as_ref())
        .append("message", b"msg")
        .short();
    let s = (Scalar::from(z) * *key.secret()).to_bytes();
    assert!(!holds(&public, DOMAIN, b"msg", &Signature { z, s }));
    let long = SignatureR {
        r: G1::identity().encode(),
        s,
    };
    let item = BatchItem {
        key: &public,
        domain: DOMAIN,
        msg: b"msg",
        signature: long,
    };
    assert!(!item.verify() && !verify_batch(&[item, item]));
}

#[test]
fn nonces_are_hedged() {
    let key = SigningKey::random(&mut rng(5));
    let commitment = |key: &SigningKey, msg: &[u8], domain, seed| key.sign_r(msg, domain, &mut rng(seed)).r;
    let base = commitment(&key, b"a", DOMAIN, 6);
    assert_eq!(base, commitment(&key, b"a", DOMAIN, 6), "deterministic");
    // A stream that repeats does not repeat a nonce under another message, domain or key.
    assert_ne!(base, commitment(&key, b"b", DOMAIN, 6));
    assert_ne!(base, commitment(&key, b"a", "ROADVEIL-TEST-V1-OTHER", 6));
    assert_ne!(base, commitment(&SigningKey::random(&mut rng(7)), b"a", DOMAIN, 6));
    assert_ne!(base, commitment(&key, b"a", DOMAIN, 7));
}

/// Pins the bytes, so that a change of any hash or encoding is seen and gets a new version.
#[test]
fn the_signature_of_a_known_key() {
    let key = SigningKey::from_scalar(&Scalar::from_u64(0x5eed)).expect("not zero");
    let signature = key.sign(b"known message", DOMAIN, &mut rng(8));
    assert_eq!(
        format!("{} {} {}", key.public().0, signature.z, signature.s),
        "8cd59ec34210a37cc6ffba98097ea185eef7a8f809689497160ddbcecd32d5e7\
         b3d59c3cedbee350fc1220f21896b45b \
         455252dccf27818768ce4c03a88c8c0e \
         56d237e4b3a51b6b1447e0be26f8b6138f18209d3ba524303ce1b29081d33343"
    );
    let encoded = postcard::to_allocvec(&signature).expect("encodes");
    assert_eq!(encoded.len(), 48);
    assert_eq!(postcard::from_bytes(&encoded), Ok(signature));
    assert_eq!(postcard::to_allocvec(&key.public()).map(|b| b.len()), Ok(48));
}

#[test]
fn secrets_are_not_printed() {
    let key = SigningKey::from_scalar(&Scalar::from_u64(0x5eed)).expect("not zero");
    let printed = format!("{key:?} {:?}", key.secret());
    assert!(
        !printed.contains(&key.secret().to_bytes().to_string()[56..]),
        "{printed}"
    );
}

#[test]
fn operations_are_tallied() {
    let mut rng = rng(9);
    let key = SigningKey::random(&mut rng);
    let prepared = PreparedKey::new(&key.public().0).expect("a valid key");
    tally::take();
    let signature = key.sign(b"", DOMAIN, &mut rng);
    assert_eq!(tally::take(), Charge::of(Op::G1Mul, 1).and(Op::HashToScalar, 2));
    assert!(verify(&prepared, DOMAIN, b"", &signature));
    assert_eq!(tally::take(), Charge::of(Op::G1Mul, 2).and(Op::HashToScalar, 1));
    assert!(verify(&key.public(), DOMAIN, b"", &signature));
    let plain = Charge::of(Op::G1Mul, 2).and(Op::HashToScalar, 1).and(Op::DecodeG1, 1);
    assert_eq!(tally::take(), plain);
}

/// A batch of `n` signatures by three signers, of which the second has a prepared key.
struct Batch {
    encoded: Vec<G1Bytes>,
    prepared: PreparedKey,
    msgs: Vec<Vec<u8>>,
    signatures: Vec<SignatureR>,
}

impl Batch {
    fn new(n: usize) -> Batch {
        let mut rng = rng(10);
        let keys: Vec<_> = (0..3).map(|_| SigningKey::random(&mut rng)).collect();
        let msgs: Vec<_> = (0..n).map(|i| vec![i as u8; i]).collect();
        let signatures = (0..n).map(|i| keys[i % 3].sign_r(&msgs[i], DOMAIN, &mut rng)).collect();
        Batch {
            encoded: keys.iter().map(|key| key.public().0).collect(),
            prepared: PreparedKey::new(&keys[1].public().0).expect("a valid key"),
            msgs,
            signatures,
        }
    }

    fn items(&self) -> Vec<BatchItem<'_>> {
        let key = |i: usize| -> &dyn VerifyingKey {
            match i % 3 {
                1 => &self.prepared,
                other => &self.encoded[other],
            }
        };
        (0..self.signatures.len())
            .map(|i| BatchItem {
                key: key(i),
                domain: DOMAIN,
                msg: &self.msgs[i],
                signature: self.signatures[i],
            })
            .collect()
    }
}

/// Checks that the batch says what its members say, and names exactly those that fail.
fn agrees(items: &[BatchItem<'_>]) {
    let invalid: Vec<_> = (0..items.len()).filter(|&i| !items[i].verify()).collect();
    assert_eq!(verify_batch(items), invalid.is_empty());
    assert_eq!(invalid_in_batch(items), invalid);
}

#[test]
fn batches_of_valid_signatures_hold() {
    assert!(verify_batch(&[]) && invalid_in_batch(&[]).is_empty());
    for n in [1, 2, 3, 5, 8, 33] {
        let batch = Batch::new(n);
        assert!(verify_batch(&batch.items()), "{n}");
        agrees(&batch.items());
    }
}

#[test]
fn repeated_signatures_hold() {
    let batch = Batch::new(2);
    let items = batch.items();
    let repeated: Vec<_> = (0..9).map(|i| items[i % 2]).collect();
    assert!(verify_batch(&repeated));
}

#[test]
fn swapped_parts_do_not_cancel() {
    // Without weights, responses that are exchanged between two signatures would cancel.
    let mut batch = Batch::new(6);
    let (first, second) = (batch.signatures[0], batch.signatures[3]);
    batch.signatures[0].s = second.s;
    batch.signatures[3].s = first.s;
    agrees(&batch.items());
    assert_eq!(invalid_in_batch(&batch.items()), [0, 3]);

    // Nor errors that add up to zero.
    let mut batch = Batch::new(6);
    let error = Scalar::from_u64(5);
    for (place, error) in [(1, error), (4, -error)] {
        let s = Scalar::from_bytes(&batch.signatures[place].s).expect("canonical");
        batch.signatures[place].s = (s + error).to_bytes();
    }
    assert_eq!(invalid_in_batch(&batch.items()), [1, 4]);
}

#[test]
fn what_does_not_decode_is_named_too() {
    for garbage in [G1Bytes::default(), G1::identity().encode(), [0x9a; 48].into()] {
        let mut batch = Batch::new(7);
        batch.signatures[2].r = garbage;
        batch.signatures[6].s = [0xff; 32].into();
        agrees(&batch.items());
        assert_eq!(invalid_in_batch(&batch.items()), [2, 6]);
        let mut batch = Batch::new(4);
        batch.encoded[0] = garbage;
        agrees(&batch.items());
        assert_eq!(invalid_in_batch(&batch.items()), [0, 3]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn batches_equal_their_members(
        n in 1usize..14,
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0usize..640), 0..4),
    ) {
        let mut batch = Batch::new(n);
        for (place, bit) in flips {
            let signature = &mut batch.signatures[place.index(n)];
            if bit < 384 {
                signature.r.0[bit / 8] ^= 1 << (bit % 8);
            } else {
                signature.s.0[bit / 8 - 48] ^= 1 << (bit % 8);
            }
        }
        agrees(&batch.items());
    }

    /// What is said beforehand of the halving is what it does.
    #[test]
    fn the_batches_that_are_asked_are_known_from_who_holds(n in 1usize..14, bad in prop::collection::vec(any::<prop::sample::Index>(), 0..4)) {
        let mut batch = Batch::new(n);
        let mut holds = vec![true; n];
        for place in bad {
            holds[place.index(n)] = false;
        }
        for (signature, _) in batch.signatures.iter_mut().zip(&holds).filter(|(_, holds)| !**holds) {
            signature.s.0[31] ^= 1;
        }
        tally::take();
        let found = invalid_in_batch(&batch.items());
        prop_assert!(found.iter().all(|place| !holds[*place]));
        let products = |size: usize| if size == 1 { 2 } else { 2 * size + 1 };
        let asked = batches_asked(&holds);
        prop_assert_eq!(tally::take().get(Op::G1Mul) as usize, asked.iter().map(|&size| products(size)).sum::<usize>());
        for size in asked {
            let charge = batch_charge(size);
            prop_assert_eq!((charge.get(Op::G1MsmTerm) + charge.get(Op::G1Mul)) as usize, products(size));
        }
    }

    #[test]
    fn both_forms_lead_to_each_other(seed: u8, msg: Vec<u8>) {
        let mut rng = rng(seed);
        let key = SigningKey::random(&mut rng);
        let public = key.public().0;
        let long = key.sign_r(&msg, DOMAIN, &mut rng);
        let short = long.shorten(&public, DOMAIN, &msg);
        prop_assert!(verify(&public, DOMAIN, &msg, &short));
        prop_assert_eq!(SignatureR::lengthen(&public, DOMAIN, &msg, &short), Some(long));
        let mut wrong = short;
        wrong.z.0[0] ^= 1;
        prop_assert_eq!(SignatureR::lengthen(&public, DOMAIN, &msg, &wrong), None);
    }
}
