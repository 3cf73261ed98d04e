//! Comparison with `bls12_381`, which shares no code with `blst`.

use bls12_381::hash_to_curve::{ExpandMsgXmd, HashToCurve};
use bls12_381::{
    G1Affine, G1Projective, G2Affine, G2Prepared, G2Projective, Gt as TheirGt, Scalar as Theirs, multi_miller_loop,
};
use proptest::prelude::*;
use roadveil_crypto::{
    G1, G1Comb, G1Table, G2, Gt, GtTable, PreparedG2, Scalar, g1_generator_mul, pairing, pairing_product,
    pairing_product_prepared,
};
use sha2_0_10::Sha256;

/// The same number in both libraries.
fn both(bytes: [u8; 64]) -> (Scalar, Theirs) {
    let theirs = Theirs::from_bytes_wide(&bytes);
    let mut canonical = theirs.to_bytes();
    canonical.reverse();
    let ours = Scalar::from_bytes(&canonical.into()).expect("canonical");
    (ours, theirs)
}

fn scalar() -> impl Strategy<Value = (Scalar, Theirs)> {
    let small = |n: u8| {
        let mut bytes = [0; 64];
        bytes[0] = n;
        bytes
    };
    prop_oneof![
        1 => any::<u8>().prop_map(move |n| both(small(n))),
        1 => any::<u8>().prop_map(move |n| {
            let (ours, theirs) = both(small(n));
            (-ours, -theirs)
        }),
        8 => any::<([u8; 32], [u8; 32])>().prop_map(|(low, high)| {
            let mut bytes = [0; 64];
            bytes[..32].copy_from_slice(&low);
            bytes[32..].copy_from_slice(&high);
            both(bytes)
        }),
    ]
}

fn same_scalar(ours: &Scalar, theirs: &Theirs) -> bool {
    let mut bytes = ours.to_bytes().0;
    bytes.reverse();
    bytes == theirs.to_bytes()
}

fn same_g1(ours: &G1, theirs: &G1Projective) -> bool {
    ours.encode().0 == G1Affine::from(theirs).to_compressed()
}

fn same_g2(ours: &G2, theirs: &G2Projective) -> bool {
    ours.encode().0 == G2Affine::from(theirs).to_compressed()
}

/// The second library prints the twelve coordinates of an element, lowest first, and has no other
/// way to see them; ours are those of the canonical bytes.
fn same_gt(ours: &Gt, theirs: &TheirGt) -> bool {
    let mut printed = format!("{theirs:?}");
    printed.retain(|c| c.is_ascii_hexdigit() || c == 'x');
    let coordinates: Vec<&str> = printed.split("0x").skip(1).map(|rest| &rest[..96]).collect();
    let bytes = ours.digest_bytes();
    let ours: Vec<String> = bytes
        .chunks(48)
        .map(|chunk| chunk.iter().map(|b| format!("{b:02x}")).collect())
        .collect();
    // Theirs are grouped by the power of `w`, then of `v`; ours the other way round.
    let place = |i: usize| 2 * (i / 2 % 2 * 3 + i / 4) + i % 2;
    coordinates.len() == 12 && (0..12).all(|i| ours[i] == coordinates[place(i)])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn scalars((a, x) in scalar(), (b, y) in scalar()) {
        prop_assert!(same_scalar(&(a + b), &(x + y)));
        prop_assert!(same_scalar(&(a - b), &(x - y)));
        prop_assert!(same_scalar(&(a * b), &(x * y)));
        prop_assert!(same_scalar(&-a, &-x));
        match (a.invert(), Option::<Theirs>::from(x.invert())) {
            (Some(ours), Some(theirs)) => prop_assert!(same_scalar(&ours, &theirs)),
            (ours, theirs) => prop_assert!(ours.is_none() && theirs.is_none()),
        }
    }

    #[test]
    fn wide_reduction_is_theirs(low: [u8; 32], high: [u8; 32], short: [u8; 16]) {
        // A draw of 64 bytes is read as a big-endian number; theirs is little-endian.
        struct Fixed([u8; 64]);
        impl rand_core::TryRng for Fixed {
            type Error = std::convert::Infallible;
            fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
                Ok(0)
            }
            fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
                Ok(0)
            }
            fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
                out.copy_from_slice(&self.0);
                Ok(())
            }
        }
        impl rand_core::TryCryptoRng for Fixed {}
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&low);
        bytes[32..].copy_from_slice(&high);
        let ours = Scalar::random(&mut Fixed(bytes));
        bytes.reverse();
        prop_assert!(same_scalar(&ours, &Theirs::from_bytes_wide(&bytes)));

        let mut wide = [0; 64];
        wide[..16].copy_from_slice(&short);
        wide[..16].reverse();
        prop_assert!(same_scalar(&Scalar::from_short(&short), &Theirs::from_bytes_wide(&wide)));
    }

    #[test]
    fn points_of_g1((a, x) in scalar(), (b, y) in scalar(), short: [u8; 16]) {
        let (p, q) = (G1::generator().mul(&a), G1::generator().mul(&b));
        let (u, v) = (G1Projective::generator() * x, G1Projective::generator() * y);
        prop_assert!(same_g1(&p, &u));
        prop_assert!(same_g1(&g1_generator_mul(&a), &u));
        prop_assert!(same_g1(&p.mul(&b), &(u * y)));
        prop_assert!(same_g1(&G1Table::new(&p, 5).mul(&b), &(u * y)));
        prop_assert!(same_g1(&(p + q), &(u + v)));
        prop_assert!(same_g1(&(p - q), &(u - v)));
        prop_assert!(same_g1(&-p, &-u));
        let mut wide = [0; 64];
        wide[..16].copy_from_slice(&short);
        wide[..16].reverse();
        let multiple = u * Theirs::from_bytes_wide(&wide);
        prop_assert!(same_g1(&G1Comb::new(&p, 6).mul_short(&short.into()), &multiple));
    }

    #[test]
    fn points_of_g2((a, x) in scalar(), (b, y) in scalar()) {
        let (p, q) = (G2::generator().mul(&a), G2::generator().mul(&b));
        let (u, v) = (G2Projective::generator() * x, G2Projective::generator() * y);
        prop_assert!(same_g2(&p, &u));
        prop_assert!(same_g2(&p.mul(&b), &(u * y)));
        prop_assert!(same_g2(&(p + q), &(u + v)));
        prop_assert!(same_g2(&(p - q), &(u - v)));
        prop_assert!(same_g2(&-p, &-u));
    }

    #[test]
    fn sums_of_products(terms in prop::collection::vec((scalar(), scalar()), 0..12)) {
        let g1: Vec<_> = terms.iter().map(|((a, _), (b, _))| (G1::generator().mul(a), *b)).collect();
        let g2: Vec<_> = terms.iter().map(|((a, _), (b, _))| (G2::generator().mul(a), *b)).collect();
        let sum: Theirs = terms.iter().map(|((_, x), (_, y))| x * y).sum();
        prop_assert!(same_g1(&G1::msm(&g1), &(G1Projective::generator() * sum)));
        prop_assert!(same_g2(&G2::msm(&g2), &(G2Projective::generator() * sum)));
    }

    #[test]
    fn pairings((a, x) in scalar(), (b, y) in scalar(), (c, z) in scalar()) {
        let (p, q) = (G1::generator().mul(&a), G2::generator().mul(&b));
        let u = G1Affine::from(G1Projective::generator() * x);
        let v = G2Affine::from(G2Projective::generator() * y);
        let expected = bls12_381::pairing(&u, &v);
        let ours = pairing(&p, &q);
        prop_assert!(same_gt(&ours, &expected));
        prop_assert!(same_gt(&ours.pow(&c), &(expected * z)));
        prop_assert!(same_gt(&GtTable::new(&ours, 4).pow(&c), &(expected * z)));
        prop_assert!(same_gt(&ours.invert(), &-expected));

        let r = G1::generator().mul(&c);
        let w = G1Affine::from(G1Projective::generator() * z);
        let expected = multi_miller_loop(&[
            (&u, &G2Prepared::from(v)),
            (&w, &G2Prepared::from(G2Affine::generator())),
        ])
        .final_exponentiation();
        let terms = [(p, q), (r, G2::generator())];
        prop_assert!(same_gt(&pairing_product(&terms), &expected));
        let prepared = terms.map(|(_, q)| PreparedG2::new(&q));
        let terms = [(p, &prepared[0]), (r, &prepared[1])];
        prop_assert!(same_gt(&pairing_product_prepared(&terms), &expected));
    }

    #[test]
    fn hashes_to_the_curves(msg: Vec<u8>, tag in prop::collection::vec(any::<u8>(), 1..300)) {
        let theirs = <G1Projective as HashToCurve<ExpandMsgXmd<Sha256>>>::hash_to_curve(
            [msg.as_slice()],
            &tag,
        );
        prop_assert!(same_g1(&G1::hash(&msg, &tag), &theirs));
        let theirs = <G2Projective as HashToCurve<ExpandMsgXmd<Sha256>>>::hash_to_curve(
            [msg.as_slice()],
            &tag,
        );
        prop_assert!(same_g2(&G2::hash(&msg, &tag), &theirs));
    }
}

#[test]
fn the_generators_pair_to_theirs() {
    let ours = pairing(&G1::generator(), &G2::generator());
    let theirs = bls12_381::pairing(&G1Affine::generator(), &G2Affine::generator());
    assert!(same_gt(&ours, &theirs));
    assert!(same_gt(&Gt::identity(), &TheirGt::identity()));
}
