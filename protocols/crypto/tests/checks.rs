//! Checks: the digest covers every input, and no host changes a verdict.

use std::collections::BTreeSet;
use std::sync::Arc;

use chacha20::ChaCha12Rng;
use chacha20::rand_core::SeedableRng;
use roadveil_crypto::{Charge, Check, CheckDigest, G1, G1Bytes, Host, Op, Question, SchnorrCheck, SigningKey, Verdict};

const DOMAIN: &str = "ROADVEIL-TEST-V1-BEACON";

fn question() -> SchnorrCheck {
    let mut rng = ChaCha12Rng::from_seed([1; 32]);
    let key = SigningKey::random(&mut rng);
    SchnorrCheck {
        domain: DOMAIN,
        key: key.public().0,
        message: Arc::from(&b"message"[..]),
        signature: key.sign(b"message", DOMAIN, &mut rng),
    }
}

/// The question, and one for each input that differs from it.
fn variants() -> Vec<SchnorrCheck> {
    let mut variants = vec![question(); 6];
    variants[1].domain = "ROADVEIL-TEST-V2-BEACON";
    variants[2].key = G1::generator().encode();
    variants[3].message = Arc::from(&b"messagf"[..]);
    variants[4].signature.z.0[15] ^= 1;
    variants[5].signature.s.0[31] ^= 1;
    variants
}

#[test]
fn every_input_is_in_the_digest() {
    let digests: BTreeSet<_> = variants()
        .into_iter()
        .map(|question| *Check::new(question).digest())
        .collect();
    assert_eq!(digests.len(), 6);
    assert_eq!(Check::new(question()), Check::new(question()));
    assert_ne!(Check::new(question()), Check::new(variants().remove(3)));
}

#[test]
fn verdicts_are_those_of_verification_on_any_host() {
    let warm = Host::new(16);
    let tiny = Host::new(0);
    for _ in 0..2 {
        for (i, question) in variants().into_iter().enumerate() {
            let check = Check::new(question);
            let expected = Verdict::from(i == 0);
            assert_eq!(check.answer(&Host::new(16)), expected, "variant {i}");
            assert_eq!(check.answer(&warm), expected, "variant {i}");
            assert_eq!(check.answer(&tiny), expected, "variant {i}");
            assert_eq!(check.clone().answer(&warm).is_valid(), i == 0);
        }
    }
    assert_eq!(warm.len(), 2, "one prepared key for each valid key");
}

#[test]
fn clones_settle_once_and_an_equal_check_takes_the_verdict_over() {
    let host = Host::new(16);
    for (i, question) in variants().into_iter().enumerate() {
        let (check, again) = (Check::new(question.clone()), Check::new(question));
        assert_eq!(check.verdict(), None);
        assert!(check.begin() && !check.clone().begin(), "one of the clones begins");
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| assert_eq!(check.clone().settle(&host), Verdict::from(i == 0)));
            }
        });
        assert_eq!(check.verdict(), Some(Verdict::from(i == 0)));
        assert_eq!(again.verdict(), None, "equal, but another");
        again.remember(check.settle(&host));
        assert_eq!(again.verdict(), check.verdict());
    }
}

#[test]
fn keys_that_are_no_points_are_invalid() {
    let host = Host::new(16);
    for key in [G1Bytes::default(), G1::identity().encode()] {
        let check = Check::new(SchnorrCheck { key, ..question() });
        assert_eq!(check.answer(&host), Verdict::Invalid);
    }
    assert!(host.is_empty());
}

#[test]
fn the_charge_is_the_papers() {
    let check = Check::new(question());
    assert_eq!(check.charge(), Charge::of(Op::G1Mul, 2));
    assert_eq!(check.scheme(), "ROADVEIL-SCHNORR-V1");
}

/// A question that says yes, under a scheme and with inputs of the test's choice.
#[derive(Debug)]
struct Yes(&'static str, Vec<(&'static str, Vec<u8>)>);

impl Question for Yes {
    fn scheme(&self) -> &'static str {
        self.0
    }

    fn inputs(&self, digest: &mut CheckDigest) {
        for (label, bytes) in &self.1 {
            digest.append(label, bytes);
        }
    }

    fn charge(&self) -> Charge {
        Charge::NONE
    }

    fn answer(&self, _: &Host) -> bool {
        true
    }
}

#[test]
fn inputs_do_not_run_into_each_other() {
    let questions = [
        Yes("A", vec![]),
        Yes("B", vec![]),
        Yes("A", vec![("a", b"".to_vec())]),
        Yes("A", vec![("a", b"bc".to_vec())]),
        Yes("A", vec![("ab", b"c".to_vec())]),
        Yes("A", vec![("a", b"b".to_vec()), ("c", b"".to_vec())]),
        Yes("A", vec![("c", b"".to_vec()), ("a", b"b".to_vec())]),
        Yes("Aa", vec![("bc", b"".to_vec())]),
    ];
    let digests: BTreeSet<_> = questions
        .into_iter()
        .map(|question| *Check::new(question).digest())
        .collect();
    assert_eq!(digests.len(), 8);
}

#[test]
fn checks_are_answered_on_other_threads() {
    let host = Host::new(16);
    let checks: Vec<_> = variants().into_iter().map(Check::new).collect();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..3)
            .map(|_| {
                let (host, checks) = (&host, checks.clone());
                scope.spawn(move || {
                    checks
                        .iter()
                        .map(|check| check.answer(host).is_valid())
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        for worker in workers {
            let verdicts = worker.join().expect("it answers");
            assert_eq!(verdicts, [true, false, false, false, false, false]);
        }
    });
}
