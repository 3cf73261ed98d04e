//! Laws that hold for all scalars, points and pairings.

use proptest::prelude::*;
use roadveil_crypto::{
    G1, G1Comb, G1Table, G2, Gt, GtTable, Op, PreparedG2, Scalar, ShortScalar, g1_generator_mul, pairing,
    pairing_product, pairing_product_prepared, tally,
};

fn scalar() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        1 => (0u64..4).prop_map(Scalar::from_u64),
        1 => (0u64..4).prop_map(|n| -Scalar::from_u64(n)),
        8 => any::<[u8; 32]>().prop_map(|mut bytes| {
            bytes[0] &= 0x3f;
            Scalar::from_bytes(&bytes.into()).expect("below the order")
        }),
    ]
}

fn g1() -> impl Strategy<Value = G1> {
    scalar().prop_map(|s| G1::generator().mul(&s))
}

fn g2() -> impl Strategy<Value = G2> {
    scalar().prop_map(|s| G2::generator().mul(&s))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn scalars_are_a_field(a in scalar(), b in scalar(), c in scalar()) {
        prop_assert_eq!((a + b) + c, a + (b + c));
        prop_assert_eq!((a * b) * c, a * (b * c));
        prop_assert_eq!(a + b, b + a);
        prop_assert_eq!(a * b, b * a);
        prop_assert_eq!(a * (b + c), a * b + a * c);
        prop_assert_eq!(a - b, a + -b);
        prop_assert_eq!(a + Scalar::ZERO, a);
        prop_assert_eq!(a * Scalar::ONE, a);
        prop_assert_eq!(a.invert().map(|i| a * i), (!a.is_zero()).then_some(Scalar::ONE));
        prop_assert_eq!(Scalar::from_bytes(&a.to_bytes()), Ok(a));
    }

    #[test]
    fn multiplication_is_a_homomorphism(a in scalar(), b in scalar(), p in g1(), q in g2()) {
        prop_assert_eq!(p.mul(&(a + b)), p.mul(&a) + p.mul(&b));
        prop_assert_eq!(p.mul(&(a * b)), p.mul(&a).mul(&b));
        prop_assert_eq!(p.mul(&-a), -p.mul(&a));
        prop_assert_eq!(q.mul(&(a + b)), q.mul(&a) + q.mul(&b));
        prop_assert_eq!(q.mul(&(a * b)), q.mul(&a).mul(&b));
        prop_assert_eq!(q.mul(&-a), -q.mul(&a));
        prop_assert!((p - p).is_identity() && (q - q).is_identity());
        prop_assert!(p.mul(&Scalar::ZERO).is_identity());
    }

    #[test]
    fn encodings_lead_back(p in g1(), q in g2()) {
        prop_assume!(!p.is_identity() && !q.is_identity());
        prop_assert_eq!(G1::decode(&p.encode()), Ok(p));
        prop_assert_eq!(G2::decode(&q.encode()), Ok(q));
    }

    #[test]
    fn the_pairing_is_bilinear(a in scalar(), b in scalar(), p in g1(), q in g2()) {
        let base = pairing(&p, &q);
        prop_assert_eq!(pairing(&p.mul(&a), &q.mul(&b)), base.pow(&(a * b)));
        prop_assert_eq!(pairing(&p.mul(&a), &q), pairing(&p, &q.mul(&a)));
        prop_assert_eq!(base.pow(&a) * base.pow(&b), base.pow(&(a + b)));
        prop_assert_eq!(base.pow(&a).invert(), base.pow(&-a));
        prop_assert_eq!(base.is_identity(), p.is_identity() || q.is_identity());
    }

    #[test]
    fn products_cancel_when_exponents_do(a in scalar(), b in scalar(), p in g1(), q in g2()) {
        let terms = [(p.mul(&a), q), (p.mul(&b), q), (-p, q.mul(&(a + b)))];
        prop_assert!(pairing_product(&terms).is_identity());
        let prepared = terms.map(|(_, q)| PreparedG2::new(&q));
        let terms: Vec<_> = terms.map(|(p, _)| p).into_iter().zip(&prepared).collect();
        prop_assert!(pairing_product_prepared(&terms).is_identity());
    }

    #[test]
    fn tables_equal_the_plain_path(
        a in scalar(), p in g1(), q in g2(), short: [u8; 16], window in 2usize..8,
    ) {
        prop_assert_eq!(g1_generator_mul(&a), G1::generator().mul(&a));
        let table = G1Table::new(&p, window);
        prop_assert_eq!(table.mul(&a), p.mul(&a));
        let expected = p.mul(&Scalar::from_short(&short));
        let short = ShortScalar::from(short);
        prop_assert_eq!(table.mul_short(&short), expected);
        prop_assert_eq!(G1Comb::new(&p, window).mul_short(&short), expected);
        let base = pairing(&p, &q);
        prop_assert_eq!(GtTable::new(&base, window).pow(&a), base.pow(&a));
    }

    #[test]
    fn sums_of_products_are_sums_of_multiples(
        terms in prop::collection::vec((scalar(), scalar()), 0..40),
    ) {
        let points: Vec<_> = terms.iter().map(|(a, b)| (g1_generator_mul(a), *b)).collect();
        let expected: G1 = points.iter().map(|(p, s)| p.mul(s)).sum();
        prop_assert_eq!(G1::msm(&points), expected);
        let points: Vec<_> = terms.iter().map(|(a, b)| (G2::generator().mul(a), *b)).collect();
        let expected: G2 = points.iter().map(|(p, s)| p.mul(s)).sum();
        prop_assert_eq!(G2::msm(&points), expected);
    }
}

/// The multi-scalar multiplication of the library, where it is most likely to go wrong: identities,
/// equal and opposite points, scalars of zero and at both ends.
#[test]
fn sums_of_products_of_odd_terms() {
    let p = g1_generator_mul(&Scalar::from_u64(7));
    let q = G2::generator().mul(&Scalar::from_u64(7));
    let scalars = [Scalar::ZERO, Scalar::ONE, -Scalar::ONE, Scalar::from_u64(2)];
    let terms: Vec<_> = [p, -p, p, G1::identity(), p + p]
        .into_iter()
        .flat_map(|point| scalars.map(|scalar| (point, scalar)))
        .collect();
    for n in 0..=terms.len() {
        let expected: G1 = terms[..n].iter().map(|(p, s)| p.mul(s)).sum();
        assert_eq!(G1::msm(&terms[..n]), expected, "{n} terms");
    }
    let terms: Vec<_> = [q, -q, q, G2::identity(), q + q]
        .into_iter()
        .flat_map(|point| scalars.map(|scalar| (point, scalar)))
        .collect();
    for n in 0..=terms.len() {
        let expected: G2 = terms[..n].iter().map(|(p, s)| p.mul(s)).sum();
        assert_eq!(G2::msm(&terms[..n]), expected, "{n} terms");
    }
    for point in [G1::identity(), p] {
        assert_eq!(
            G1::msm(&vec![(point, Scalar::ONE); 64]),
            point.mul(&Scalar::from_u64(64))
        );
    }
}

#[test]
fn hashing_depends_on_message_and_tag() {
    let base = G1::hash(b"message", b"ROADVEIL-TEST-V1");
    assert_eq!(base, G1::hash(b"message", b"ROADVEIL-TEST-V1"));
    assert_ne!(base, G1::hash(b"messagf", b"ROADVEIL-TEST-V1"));
    assert_ne!(base, G1::hash(b"message", b"ROADVEIL-TEST-V2"));
    assert_eq!(G1::decode(&base.encode()), Ok(base));
    let base = G2::hash(b"message", b"ROADVEIL-TEST-V1");
    assert_ne!(base, G2::hash(b"message", b"ROADVEIL-TEST-V2"));
    assert_eq!(G2::decode(&base.encode()), Ok(base));
}

#[test]
fn points_are_wiped_to_the_identity() {
    use zeroize::Zeroize;
    let (mut p, mut q) = (G1::generator(), G2::generator());
    let mut t = pairing(&p, &q);
    p.zeroize();
    q.zeroize();
    t.zeroize();
    assert!(p.is_identity() && q.is_identity());
    assert_eq!(t.digest_bytes(), [0; 576]);
}

#[test]
fn operations_are_tallied_whatever_table_does_them() {
    let scalar = Scalar::from_u64(12345);
    let (p, q) = (G1::generator(), G2::generator());
    let table = G1Table::new(&p, 4);
    let base = pairing(&p, &q);
    let powers = GtTable::new(&base, 2);
    let (p_bytes, q_bytes) = (p.encode(), q.encode());
    tally::take();
    let _ = (p.mul(&scalar), table.mul(&scalar), g1_generator_mul(&scalar));
    let _ = (G1::msm(&[(p, scalar); 5]), G2::msm(&[(q, scalar); 2]), q.mul(&scalar));
    let _ = (base.pow(&scalar), powers.pow(&scalar), base * base);
    let _ = (G1::decode(&p_bytes), G2::decode(&q_bytes), G1::hash(b"", b"T"));
    let _ = scalar.invert();
    let tally = tally::take();
    let expected = [
        (Op::G1Mul, 8),
        (Op::G2Mul, 3),
        (Op::GtExp, 2),
        (Op::GtMul, 1),
        (Op::HashToCurve, 1),
        (Op::DecodeG1, 1),
        (Op::DecodeG2, 1),
        (Op::ScalarInv, 1),
    ];
    assert_eq!(tally.iter().collect::<Vec<_>>(), expected);
    assert!(Gt::identity().is_identity());
}
