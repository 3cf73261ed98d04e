//! Many group signatures at once: what a batch would cost, if their commitments were known.
//!
//! Ours, after Ferrara, Green, Hohenberger and Pedersen, CT-RSA 2009, who batch group signatures of this kind by sending the
//! commitments in place of the challenge. **There is no wire form of it here, and no role uses it**: `R1` and `R3` would
//! be 192 bytes and `R2`, an element of the target group, 576 bytes, which its receiver would have to show to be of the
//! right subgroup, for about what the pairings cost. It is here to be measured, and what is measured is without that.
//!
//! The list of revoked members is checked for each signature by itself: it is the larger part.

use roadveil_crypto::{G1, G2, Gt, Host, Scalar, Transcript, g1_generator_mul, pairing_product_prepared};

use crate::signature::{Claim, Commitments};

/// Whether some members of the group signed all of them, by three sums with random weights of 128 bits. All are of one
/// group. A batch with a signature that does not hold passes with probability 2^-128.
pub fn verify(claims: &[(&Claim, Commitments)], host: Option<&Host>) -> bool {
    let Some((first, _)) = claims.first() else {
        return true;
    };
    let group = first.group();
    let same_group = claims.iter().all(|(claim, _)| claim.group().digest() == group.digest());
    let challenged = |(claim, made): &(&Claim, Commitments)| claim.is_challenged_by(&made.r1, &made.r2, &made.r3);
    if !same_group || !claims.iter().all(challenged) {
        return false;
    }
    let seed = seed(claims);
    let mut in_g2: Vec<(G2, Scalar)> = Vec::with_capacity(4 * claims.len());
    let (mut on_p, mut on_w) = (Vec::new(), Vec::new());
    let mut generator = Scalar::ZERO;
    let mut target = Gt::identity();
    for (index, (claim, made)) in (0..).zip(claims) {
        // One weight for the two equations in G2 each, and one for that in the target group.
        let [one, two, three] = [0, 1, 2].map(|equation| weight(&seed, 3 * index + equation));
        let (bases, (t1, t2), [c, s_alpha, s_x, s_delta]) = claim.parts(host);
        in_g2.push((bases.u_hat, one * s_alpha - two * s_delta));
        in_g2.push((t1, two * s_x - one * c));
        in_g2.push((-made.r1, one));
        in_g2.push((-made.r3, two));
        on_p.extend([(t2, three * s_x), (-bases.v, three * s_delta)]);
        on_w.extend([(t2, three * c), (-bases.v, three * s_alpha)]);
        generator += three * c;
        target = target.mul(&made.r2.pow(&three));
    }
    let pairs = [
        (G1::msm(&on_p) - g1_generator_mul(&generator), group.p_lines()),
        (G1::msm(&on_w), group.w_lines()),
    ];
    G2::msm(&in_g2).is_identity() && pairing_product_prepared(&pairs) == target
}

fn seed(claims: &[(&Claim, Commitments)]) -> [u8; 32] {
    let mut transcript = Transcript::new("ROADVEIL-GSB-V1-BATCH");
    for (claim, made) in claims {
        claim.append_to(&mut transcript);
        transcript
            .append("R1", made.r1.encode().as_ref())
            .append("R2", &made.r2.digest_bytes())
            .append("R3", made.r3.encode().as_ref());
    }
    transcript.digest().0
}

/// 128 bits of a hash of the batch and the place in it.
fn weight(seed: &[u8; 32], place: u64) -> Scalar {
    let mut transcript = Transcript::new("ROADVEIL-GSB-V1-WEIGHT");
    Scalar::from(transcript.append("batch", seed).append_u64("place", place).short())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, Signer};

    fn claims(mode: crate::params::Mode) -> Vec<std::sync::Arc<Claim>> {
        let signer = Signer::new(mode, 5);
        (0..4u8).map(|n| signer.claim(&[n; 20])).collect()
    }

    fn with(claims: &[std::sync::Arc<Claim>]) -> Vec<(&Claim, Commitments)> {
        claims.iter().map(|claim| (&**claim, claim.commitments(None))).collect()
    }

    #[test]
    fn batches_hold_if_all_members_do() {
        assert!(verify(&[], None));
        for mode in testing::MODES {
            let claims = claims(mode);
            let good = with(&claims);
            for n in 1..=good.len() {
                assert!(verify(&good[..n], None), "{n}");
            }
        }
    }

    #[test]
    fn no_commitment_may_be_another() {
        for mode in testing::MODES {
            let claims = claims(mode);
            for place in 0..3 {
                let mut bad = with(&claims);
                let other = bad[(place + 1) % 4].1;
                let made = &mut bad[place].1;
                match place {
                    0 => made.r1 = other.r1,
                    1 => made.r2 = other.r2,
                    _ => made.r3 = other.r3,
                }
                assert!(!verify(&bad, None), "R{}", place + 1);
            }
        }
    }

    /// The challenge fits the commitments, and the responses do not: what the sums are for.
    #[test]
    fn responses_that_do_not_fit_are_found() {
        for mode in testing::MODES {
            let signer = Signer::new(mode, 5);
            let claims: Vec<_> = (0..3u8).map(|n| signer.claim(&[n; 20])).collect();
            let made = claims[1].commitments(None);
            for part in 0..3 {
                let wrong = claims[1].altered(part);
                assert!(wrong.is_challenged_by(&made.r1, &made.r2, &made.r3));
                let mut bad = with(&claims);
                bad[1] = (&wrong, made);
                assert!(!verify(&bad, None), "{part}");
            }
        }
    }
}
