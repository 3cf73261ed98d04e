//! Encodings of points: the published ones, and everything that must not decode.

use bls12_381::{G1Affine, G2Affine};
use proptest::prelude::*;
use roadveil_crypto::{DecodeError, G1, G1Bytes, G2, G2Bytes, Scalar};
use sha2::{Digest, Sha256};

const G1_GENERATOR: &str = "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905\
                            a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";
const G2_GENERATOR: &str = "93e02b6052719f607dacd3a088274f65596bd0d09920b61a\
                            b5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e\
                            024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02\
                            b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8";

/// The characteristic of the field, big-endian.
const MODULUS: &str = "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf\
                       6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";

const COMPRESSED: u8 = 0x80;
const INFINITY: u8 = 0x40;
const SIGN: u8 = 0x20;

fn modulus() -> [u8; 48] {
    G1Bytes::from_hex(MODULUS).expect("hexadecimal").0
}

/// The encoding of the abscissa `x`, with the flags of a finite point.
fn g1_of(x: [u8; 48]) -> G1Bytes {
    let mut bytes = G1Bytes::from(x);
    bytes.0[0] |= COMPRESSED;
    bytes
}

/// The encoding of the abscissa `x1 u + x0`, with the flags of a finite point.
fn g2_of(x1: [u8; 48], x0: [u8; 48]) -> G2Bytes {
    let mut bytes = G2Bytes::default();
    bytes.0[..48].copy_from_slice(&x1);
    bytes.0[48..].copy_from_slice(&x0);
    bytes.0[0] |= COMPRESSED;
    bytes
}

fn small(n: u8) -> [u8; 48] {
    let mut bytes = [0; 48];
    bytes[47] = n;
    bytes
}

#[test]
fn generators_have_their_published_encodings() {
    let (g1, g2) = (G1::generator().encode(), G2::generator().encode());
    assert_eq!(g1.to_string(), G1_GENERATOR);
    assert_eq!(g2.to_string(), G2_GENERATOR);
    assert_eq!(G1::decode(&g1), Ok(G1::generator()));
    assert_eq!(G2::decode(&g2), Ok(G2::generator()));
}

/// The files `g1_compressed_valid_test_vectors.dat` and `g2_...` that zkcrypto publishes: the
/// multiples 0 to 999 of the generator, held by the digest of the whole file.
#[test]
fn a_thousand_multiples_have_their_published_encodings() {
    let (mut p, mut q) = (G1::identity(), G2::identity());
    let (mut g1, mut g2) = (Sha256::new(), Sha256::new());
    for n in 0..1000 {
        g1.update(p.encode());
        g2.update(q.encode());
        if n > 0 {
            assert_eq!(G1::decode(&p.encode()), Ok(p));
            assert_eq!(G2::decode(&q.encode()), Ok(q));
        }
        p += G1::generator();
        q += G2::generator();
    }
    let digest = |hash: Sha256| roadveil_crypto::Digest::from(<[u8; 32]>::from(hash.finalize()));
    assert_eq!(
        digest(g1).to_string(),
        "8acaa1d512b4cf96f4740e4c9afc19ba4618d48fe251c452a19382395bcd0929"
    );
    assert_eq!(
        digest(g2).to_string(),
        "b75bc2e41289adda41e448e56a1ea39b11009a27b02e8676c8b86defedc05deb"
    );
}

#[test]
fn the_identity_encodes_but_does_not_decode() {
    let (g1, g2) = (G1::identity().encode(), G2::identity().encode());
    assert_eq!(g1.0[0], COMPRESSED | INFINITY);
    assert_eq!(g2.0[0], COMPRESSED | INFINITY);
    assert!(g1.0[1..].iter().all(|&b| b == 0) && g2.0[1..].iter().all(|&b| b == 0));
    assert_eq!(G1::decode(&g1), Err(DecodeError::Identity));
    assert_eq!(G2::decode(&g2), Err(DecodeError::Identity));
}

#[test]
fn other_encodings_of_the_identity_are_malformed() {
    for (place, value) in [(0, SIGN), (0, 0x10), (0, 1), (1, 1), (24, 0x80), (47, 1)] {
        let mut bytes = G1::identity().encode();
        bytes.0[place] |= value;
        assert_eq!(G1::decode(&bytes), Err(DecodeError::NotOnCurve));
        let mut bytes = G2::identity().encode();
        bytes.0[place] |= value;
        assert_eq!(G2::decode(&bytes), Err(DecodeError::NotOnCurve));
        bytes = G2::identity().encode();
        bytes.0[48 + place] |= value;
        assert_eq!(G2::decode(&bytes), Err(DecodeError::NotOnCurve));
    }
}

#[test]
fn flags_have_to_fit() {
    let (g1, g2) = (G1::generator().encode(), G2::generator().encode());
    for flag in [COMPRESSED, INFINITY] {
        let (mut p, mut q) = (g1, g2);
        p.0[0] ^= flag;
        q.0[0] ^= flag;
        assert_eq!(G1::decode(&p), Err(DecodeError::NotOnCurve));
        assert_eq!(G2::decode(&q), Err(DecodeError::NotOnCurve));
    }
    // The sign is a flag with two meanings: the point, and its negative.
    let (mut p, mut q) = (g1, g2);
    p.0[0] ^= SIGN;
    q.0[0] ^= SIGN;
    assert_eq!(G1::decode(&p), Ok(-G1::generator()));
    assert_eq!(G2::decode(&q), Ok(-G2::generator()));
    // A second element of the field has no flags.
    let mut q = g2;
    q.0[48] |= COMPRESSED;
    assert_eq!(G2::decode(&q), Err(DecodeError::NotOnCurve));
    assert_eq!(G1::decode(&G1Bytes::default()), Err(DecodeError::NotOnCurve));
    assert_eq!(G2::decode(&G2Bytes::default()), Err(DecodeError::NotOnCurve));
}

#[test]
fn abscissas_have_to_be_below_the_modulus() {
    // Where x is one of a point, x + p is another encoding of it, if it were accepted.
    let mut found = 0;
    for n in 0..30 {
        let mut shifted = modulus();
        shifted[47] += n;
        assert_eq!(G1::decode(&g1_of(shifted)), Err(DecodeError::NotOnCurve));
        assert_eq!(G2::decode(&g2_of(shifted, small(n))), Err(DecodeError::NotOnCurve));
        assert_eq!(G2::decode(&g2_of(small(n), shifted)), Err(DecodeError::NotOnCurve));
        found += usize::from(G1::decode(&g1_of(small(n))) != Err(DecodeError::NotOnCurve));
    }
    assert!(found > 5, "{found} small abscissas are on the curve");
}

#[test]
fn small_abscissas_are_classified_as_by_the_second_library() {
    let (mut outside, mut off) = (0, 0);
    for n in 0..=255 {
        let bytes = g1_of(small(n));
        let theirs = Option::<G1Affine>::from(G1Affine::from_compressed_unchecked(&bytes.0));
        let expected = match theirs {
            None => Err(DecodeError::NotOnCurve),
            Some(point) if bool::from(point.is_torsion_free()) => Ok(()),
            Some(_) => Err(DecodeError::NotInGroup),
        };
        assert_eq!(G1::decode(&bytes).map(drop), expected, "{n}");
        outside += usize::from(expected == Err(DecodeError::NotInGroup));
        off += usize::from(expected == Err(DecodeError::NotOnCurve));

        for high in [0, 1] {
            let bytes = g2_of(small(high), small(n));
            let theirs = Option::<G2Affine>::from(G2Affine::from_compressed_unchecked(&bytes.0));
            let expected = match theirs {
                None => Err(DecodeError::NotOnCurve),
                Some(point) if bool::from(point.is_torsion_free()) => Ok(()),
                Some(_) => Err(DecodeError::NotInGroup),
            };
            assert_eq!(G2::decode(&bytes).map(drop), expected, "{high} u + {n}");
        }
    }
    // Both kinds are well represented.
    assert!(outside > 100 && off > 100, "{outside} outside, {off} off the curve");
}

proptest! {
    #[test]
    fn whatever_decodes_encodes_to_the_same_bytes(mut bytes: [u8; 32], sign: bool) {
        // Multiples of the generator under a random sign: points, of which each has one encoding.
        bytes[0] &= 0x3f;
        let scalar = Scalar::from_bytes(&bytes.into()).expect("below the order");
        prop_assume!(!scalar.is_zero());
        let mut p = G1::generator().mul(&scalar).encode();
        p.0[0] ^= if sign { SIGN } else { 0 };
        prop_assert_eq!(G1::decode(&p).map(|point| point.encode()), Ok(p));
        let mut q = G2::generator().mul(&scalar).encode();
        q.0[0] ^= if sign { SIGN } else { 0 };
        prop_assert_eq!(G2::decode(&q).map(|point| point.encode()), Ok(q));
    }

    #[test]
    fn random_bytes_never_make_a_point(head: [u8; 32], tail: [u8; 16]) {
        // The cofactor has 125 bits, so no random point of the curve is in the group.
        let mut bytes = G1Bytes::default();
        bytes.0[..32].copy_from_slice(&head);
        bytes.0[32..].copy_from_slice(&tail);
        prop_assert!(G1::decode(&bytes).is_err());
        bytes.0[0] = bytes.0[0] & 0x1f | COMPRESSED;
        prop_assert!(G1::decode(&bytes).is_err());
    }

    #[test]
    fn an_altered_encoding_is_no_point_but_the_negative(seed in 1u64.., bit in 0usize..384) {
        let point = G1::generator().mul(&Scalar::from_u64(seed));
        let mut bytes = point.encode();
        bytes.0[bit / 8] ^= 1 << (bit % 8);
        if bit == 5 {
            prop_assert_eq!(G1::decode(&bytes), Ok(-point));
        } else {
            prop_assert!(G1::decode(&bytes).is_err());
        }
    }
}
