//! The pairing, and products of pairings with one final exponentiation.

use std::fmt;

use blst::{blst_fp6, blst_fp12};

use super::{G1, G2, Gt};
use crate::ops::Op;
use crate::raw::target as raw;
use crate::tally;

/// The pairing of two points.
///
/// # Cost
///
/// One [`Op::Pairing`].
///
/// # Leaks
///
/// Whether a point is the identity.
#[must_use]
pub fn pairing(p: &G1, q: &G2) -> Gt {
    let _span = tally::add(Op::Pairing, 1);
    product(&[(*p, *q)])
}

/// The product of the pairings of all terms; the identity if there is none.
///
/// # Cost
///
/// One [`Op::MillerLoop`] a term and one [`Op::FinalExp`] for all.
///
/// # Leaks
///
/// Which points are the identity.
#[must_use]
pub fn pairing_product(terms: &[(G1, G2)]) -> Gt {
    let _span = tally::add(Op::MillerLoop, terms.len());
    let _spans = tally::add(Op::FinalExp, 1);
    product(terms)
}

fn product(terms: &[(G1, G2)]) -> Gt {
    // A term with the identity is a factor of one, which the Miller loop does not know.
    let (points, others): (Vec<_>, Vec<_>) = terms
        .iter()
        .filter(|(p, q)| !p.is_identity() && !q.is_identity())
        .map(|(p, q)| (p.to_affine(), q.to_affine()))
        .unzip();
    if points.is_empty() {
        return Gt::identity();
    }
    Gt(blst_fp12::miller_loop_n(&others, &points).final_exp())
}

/// A fixed point of G2 with the lines of its Miller loop: 19 KiB, for which a Miller loop no longer
/// steps along the curve. A product of two takes a fifth less time, of three a quarter.
#[derive(Clone)]
pub struct PreparedG2 {
    /// `None` for the identity.
    lines: Option<Box<[blst_fp6; raw::LINES]>>,
}

impl PreparedG2 {
    /// Precomputes the lines of `q`.
    #[must_use]
    pub fn new(q: &G2) -> PreparedG2 {
        PreparedG2 {
            lines: (!q.is_identity()).then(|| raw::lines(&q.to_affine())),
        }
    }
}

impl fmt::Debug for PreparedG2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedG2").finish_non_exhaustive()
    }
}

/// [`pairing_product`] over prepared points.
///
/// # Cost
///
/// Counted like [`pairing_product`]; less time, the more terms the better.
///
/// # Leaks
///
/// Which points are the identity.
#[must_use]
pub fn pairing_product_prepared(terms: &[(G1, &PreparedG2)]) -> Gt {
    let _span = tally::add(Op::MillerLoop, terms.len());
    let _spans = tally::add(Op::FinalExp, 1);
    let terms: Vec<_> = terms
        .iter()
        .filter(|(p, _)| !p.is_identity())
        .filter_map(|(p, q)| Some((p.to_affine(), q.lines.as_deref()?)))
        .collect();
    if terms.is_empty() {
        return Gt::identity();
    }
    Gt(raw::miller_loop_lines(&terms).final_exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::Scalar;

    fn points(n: u64) -> (G1, G2) {
        let scalar = Scalar::from_u64(n);
        (G1::generator().mul(&scalar), G2::generator().mul(&scalar))
    }

    #[test]
    fn products_equal_the_product_of_pairings() {
        let mut terms = vec![points(2), points(3), points(5)];
        terms.push((G1::identity(), G2::generator()));
        terms.push((G1::generator(), G2::identity()));
        // More than the 16 that the library takes in one loop.
        terms.extend((10..24).map(points));
        for n in 0..=terms.len() {
            let terms = &terms[..n];
            let expected: Gt = terms.iter().map(|(p, q)| pairing(p, q)).product();
            assert_eq!(pairing_product(terms), expected);
            let prepared: Vec<_> = terms.iter().map(|(_, q)| PreparedG2::new(q)).collect();
            let terms: Vec<_> = terms.iter().map(|(p, _)| *p).zip(&prepared).collect();
            assert_eq!(pairing_product_prepared(&terms), expected);
        }
    }

    #[test]
    fn opposite_terms_cancel() {
        let (p, q) = points(7);
        assert!(pairing_product(&[(p, q), (-p, q)]).is_identity());
        let prepared = PreparedG2::new(&q);
        assert!(pairing_product_prepared(&[(p, &prepared), (-p, &prepared)]).is_identity());
        assert!(!pairing(&p, &q).is_identity());
    }

    #[test]
    fn each_kind_is_tallied_by_its_name() {
        let (p, q) = points(3);
        let prepared = PreparedG2::new(&q);
        tally::take();
        let _ = pairing(&p, &q);
        let _ = pairing_product(&[(p, q), (p, q)]);
        let _ = pairing_product_prepared(&[(p, &prepared)]);
        let tally = tally::take();
        assert_eq!(tally.get(Op::Pairing), 1);
        assert_eq!(tally.get(Op::MillerLoop), 3);
        assert_eq!(tally.get(Op::FinalExp), 2);
    }
}
