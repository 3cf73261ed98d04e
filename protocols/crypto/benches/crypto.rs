//! What the primitives cost on this host: `cargo bench -p roadveil-crypto`.

use chacha20::ChaCha12Rng;
use chacha20::rand_core::SeedableRng;
use divan::{Bencher, black_box};
use roadveil_crypto::schnorr::{BatchItem, verify, verify_batch};
use roadveil_crypto::{
    ByteArray, Check, EphemeralShare, G1, G1Comb, G1Table, G2, GtTable, Host, Nonce, PreparedG2, PreparedKey, Scalar,
    SchnorrCheck, ShortScalar, SignatureR, SigningKey, derive_key, g1_generator_mul, pairing, pairing_product,
    pairing_product_prepared,
};

const DOMAIN: &str = "ROADVEIL-BENCH-V1";
/// A beacon with its certificate.
const MESSAGE: [u8; 300] = [0x5a; 300];

fn main() {
    // Not a part of whatever is measured first.
    let _ = g1_generator_mul(&Scalar::ONE);
    divan::main();
}

fn rng() -> ChaCha12Rng {
    ChaCha12Rng::from_seed([1; 32])
}

fn scalar() -> Scalar {
    Scalar::random(&mut rng())
}

fn points() -> (G1, G2) {
    let scalar = scalar();
    (G1::generator().mul(&scalar), G2::generator().mul(&scalar))
}

mod group {
    use super::*;

    #[divan::bench]
    fn g1_mul(bencher: Bencher) {
        let (scalar, (p, _)) = (scalar(), points());
        bencher.bench(|| black_box(&p).mul(black_box(&scalar)));
    }

    #[divan::bench]
    fn g1_mul_fixed_base(bencher: Bencher) {
        let scalar = scalar();
        bencher.bench(|| g1_generator_mul(black_box(&scalar)));
    }

    #[divan::bench(args = [5, 6, 7, 8])]
    fn g1_mul_short_by_comb(bencher: Bencher, teeth: usize) {
        let comb = G1Comb::new(&points().0, teeth);
        let short = ShortScalar::from([0xa7; 16]);
        bencher.bench(|| black_box(&comb).mul_short(black_box(&short)));
    }

    #[divan::bench(args = [2, 4, 8, 32, 64])]
    fn g1_msm(bencher: Bencher, n: usize) {
        let mut rng = rng();
        let terms: Vec<_> = (0..n)
            .map(|_| (g1_generator_mul(&Scalar::random(&mut rng)), Scalar::random(&mut rng)))
            .collect();
        bencher.bench(|| G1::msm(black_box(&terms)));
    }

    #[divan::bench]
    fn g1_decode(bencher: Bencher) {
        let bytes = points().0.encode();
        bencher.bench(|| G1::decode(black_box(&bytes)));
    }

    #[divan::bench]
    fn g1_encode(bencher: Bencher) {
        let point = points().0;
        bencher.bench(|| black_box(&point).encode());
    }

    #[divan::bench]
    fn g1_hash(bencher: Bencher) {
        bencher.bench(|| G1::hash(black_box(&MESSAGE), b"ROADVEIL-BENCH-V1"));
    }

    #[divan::bench]
    fn g2_mul(bencher: Bencher) {
        let (scalar, (_, q)) = (scalar(), points());
        bencher.bench(|| black_box(&q).mul(black_box(&scalar)));
    }

    #[divan::bench]
    fn g2_decode(bencher: Bencher) {
        let bytes = points().1.encode();
        bencher.bench(|| G2::decode(black_box(&bytes)));
    }

    #[divan::bench]
    fn scalar_inv(bencher: Bencher) {
        let scalar = scalar();
        bencher.bench(|| black_box(&scalar).invert());
    }

    #[divan::bench]
    fn one_pairing(bencher: Bencher) {
        let (p, q) = points();
        bencher.bench(|| pairing(black_box(&p), black_box(&q)));
    }

    #[divan::bench(args = [1, 2, 3])]
    fn product(bencher: Bencher, n: usize) {
        let terms = vec![points(); n];
        bencher.bench(|| pairing_product(black_box(&terms)));
    }

    #[divan::bench(args = [1, 2, 3])]
    fn product_prepared(bencher: Bencher, n: usize) {
        let (p, q) = points();
        let prepared = vec![PreparedG2::new(&q); n];
        let terms: Vec<_> = prepared.iter().map(|q| (p, q)).collect();
        bencher.bench(|| pairing_product_prepared(black_box(&terms)));
    }

    #[divan::bench]
    fn gt_exp(bencher: Bencher) {
        let (scalar, (p, q)) = (scalar(), points());
        let base = pairing(&p, &q);
        bencher.bench(|| black_box(&base).pow(black_box(&scalar)));
    }

    #[divan::bench(args = [4, 6, 8])]
    fn gt_exp_fixed_base(bencher: Bencher, window: usize) {
        let (scalar, (p, q)) = (scalar(), points());
        let table = GtTable::new(&pairing(&p, &q), window);
        bencher.bench(|| black_box(&table).pow(black_box(&scalar)));
    }
}

mod prepare {
    use super::*;

    #[divan::bench]
    fn g1_table(bencher: Bencher) {
        let (p, _) = points();
        bencher.bench(|| G1Table::new(black_box(&p), 8));
    }

    #[divan::bench]
    fn g2_lines(bencher: Bencher) {
        let (_, q) = points();
        bencher.bench(|| PreparedG2::new(black_box(&q)));
    }

    #[divan::bench]
    fn gt_table(bencher: Bencher) {
        let (p, q) = points();
        let base = pairing(&p, &q);
        bencher.bench(|| GtTable::new(black_box(&base), 6));
    }

    #[divan::bench]
    fn key_of_a_point(bencher: Bencher) {
        let (p, _) = points();
        bencher.bench(|| PreparedKey::from_point(black_box(p)));
    }
}

mod schnorr {
    use super::*;

    #[divan::bench]
    fn sign(bencher: Bencher) {
        let mut rng = rng();
        let key = SigningKey::random(&mut rng);
        bencher.bench_local(|| key.sign(black_box(&MESSAGE), DOMAIN, &mut rng));
    }

    #[divan::bench]
    fn verify_plain(bencher: Bencher) {
        let mut rng = rng();
        let key = SigningKey::random(&mut rng);
        let signature = key.sign(&MESSAGE, DOMAIN, &mut rng);
        let public = key.public();
        bencher.bench(|| verify(black_box(&public), DOMAIN, &MESSAGE, black_box(&signature)));
    }

    #[divan::bench]
    fn verify_prepared(bencher: Bencher) {
        let mut rng = rng();
        let key = SigningKey::random(&mut rng);
        let signature = key.sign(&MESSAGE, DOMAIN, &mut rng);
        let prepared = PreparedKey::new(&key.public().0).expect("a valid key");
        bencher.bench(|| verify(black_box(&prepared), DOMAIN, &MESSAGE, black_box(&signature)));
    }

    /// As the kernel asks: 800 signers in turn, their keys prepared on the host.
    #[divan::bench]
    fn check_of_800_signers(bencher: Bencher) {
        let mut rng = rng();
        let host = Host::new(2000);
        let checks: Vec<_> = (0..800)
            .map(|_| {
                let key = SigningKey::random(&mut rng);
                let check = Check::new(SchnorrCheck {
                    domain: DOMAIN,
                    key: key.public().0,
                    message: MESSAGE.into(),
                    signature: key.sign(&MESSAGE, DOMAIN, &mut rng),
                });
                assert!(check.answer(&host).is_valid());
                check
            })
            .collect();
        let mut turn = checks.iter().cycle();
        bencher.bench_local(|| turn.next().map(|check| check.answer(&host)));
    }

    /// The whole batch, its keys prepared: divide by its size to compare.
    #[divan::bench(args = [8, 32, 64])]
    fn batch(bencher: Bencher, n: usize) {
        let mut rng = rng();
        let signers: Vec<(PreparedKey, SignatureR)> = (0..n)
            .map(|_| {
                let key = SigningKey::random(&mut rng);
                let prepared = PreparedKey::new(&key.public().0).expect("a valid key");
                (prepared, key.sign_r(&MESSAGE, DOMAIN, &mut rng))
            })
            .collect();
        let items: Vec<_> = signers
            .iter()
            .map(|(key, signature)| BatchItem {
                key,
                domain: DOMAIN,
                msg: &MESSAGE,
                signature: *signature,
            })
            .collect();
        assert!(verify_batch(&items));
        bencher.bench(|| verify_batch(black_box(&items)));
    }
}

mod seal {
    use super::*;

    #[divan::bench]
    fn key(bencher: Bencher) {
        bencher.bench(|| derive_key(&[black_box(&[7; 32])], &[&[1; 48], &[2; 32]], "BENCH", "up"));
    }

    #[divan::bench]
    fn seal_300_bytes(bencher: Bencher) {
        bencher
            .with_inputs(|| derive_key(&[&[7; 32]], &[], "BENCH", "up"))
            .bench_values(|key| key.seal(Nonce(1), b"header", black_box(&MESSAGE)));
    }

    #[divan::bench]
    fn open_300_bytes(bencher: Bencher) {
        let key = || derive_key(&[&[7; 32]], &[], "BENCH", "up");
        let sealed = key().seal(Nonce(1), b"header", &MESSAGE);
        let key = key().into_open_key();
        bencher.bench(|| key.open(Nonce(1), b"header", black_box(&sealed)));
    }

    #[divan::bench]
    fn x25519_public(bencher: Bencher) {
        let ours = EphemeralShare::random(&mut rng());
        bencher.bench(|| black_box(&ours).public());
    }

    #[divan::bench]
    fn x25519_agree(bencher: Bencher) {
        let mut rng = rng();
        let ours = EphemeralShare::random(&mut rng);
        let theirs: ByteArray<32> = EphemeralShare::random(&mut rng).public();
        bencher.bench(|| black_box(&ours).agree(black_box(&theirs)));
    }
}
