//! Points of both curves.

use blst::BLST_ERROR;

macro_rules! curve {
    (
        $module:ident, $title:literal, $point:ident, $affine:ident, $encoded:literal,
        $generator:ident, $add:ident, $cneg:ident, $mult:ident,
        $is_inf:ident, $affine_is_inf:ident, $in_group:ident, $to_affine:ident,
        $from_affine:ident, $compress:ident, $uncompress:ident, $hash:ident
    ) => {
        #[doc = $title]
        pub(crate) mod $module {
            use super::*;
            pub(crate) use blst::{$affine, $point};

            /// The generator that the standard fixes.
            #[expect(unsafe_code, reason = "calls C")]
            pub(crate) fn generator() -> $point {
                // SAFETY: a non-null pointer to a static constant, copied at once.
                unsafe { *blst::$generator() }
            }

            /// `a + b`, for equal points and the identity too.
            #[expect(unsafe_code, reason = "calls C")]
            pub(crate) fn add(a: &$point, b: &$point) -> $point {
                let mut out = $point::default();
                // SAFETY: two inputs and one output by reference.
                unsafe { blst::$add(&mut out, a, b) };
                out
            }

            /// `-a`.
            #[expect(unsafe_code, reason = "calls C")]
            pub(crate) fn neg(a: &$point) -> $point {
                let mut out = *a;
                // SAFETY: one point by reference, negated in place.
                unsafe { blst::$cneg(&mut out, true) };
                out
            }

            /// `s p`, for a little-endian `s` below the order; in constant time.
            #[expect(unsafe_code, reason = "calls C")]
            pub(crate) fn mul(p: &$point, s: &[u8; 32]) -> $point {
                let mut out = $point::default();
                // SAFETY: 255 bits are read from 32 bytes, which the array's type guarantees.
                unsafe { blst::$mult(&mut out, p, s.as_ptr(), 255) };
                out
            }

            /// Whether this is the identity.
            #[expect(unsafe_code, reason = "calls C")]
            pub(crate) fn is_identity(p: &$point) -> bool {
                // SAFETY: reads one point by reference.
                unsafe { blst::$is_inf(p) }
            }

            /// The affine form; the identity becomes its all-zero convention.
            #[expect(unsafe_code, reason = "calls C")]
            pub(crate) fn to_affine(p: &$point) -> $affine {
                let mut out = $affine::default();
                // SAFETY: one input and one output by reference.
                unsafe { blst::$to_affine(&mut out, p) };
                out
            }

            /// The projective form.
            #[expect(unsafe_code, reason = "calls C")]
            pub(crate) fn from_affine(p: &$affine) -> $point {
                let mut out = $point::default();
                // SAFETY: one input and one output by reference.
                unsafe { blst::$from_affine(&mut out, p) };
                out
            }

            /// The compressed encoding.
            #[expect(unsafe_code, reason = "calls C")]
            pub(crate) fn compress(p: &$point) -> [u8; $encoded] {
                let mut out = [0; $encoded];
                // SAFETY: the output has the length of a compressed point of this curve.
                unsafe { blst::$compress(out.as_mut_ptr(), p) };
                out
            }

            /// The point of this canonical encoding, on the curve, perhaps outside the group.
            #[expect(unsafe_code, reason = "calls C")]
            pub(crate) fn uncompress(bytes: &[u8; $encoded]) -> Option<$affine> {
                let mut out = $affine::default();
                // SAFETY: the input has the length of a compressed point of this curve.
                let error = unsafe { blst::$uncompress(&mut out, bytes.as_ptr()) };
                // The points with abscissa zero are told apart early, but written all the same.
                let on_curve = matches!(
                    error,
                    BLST_ERROR::BLST_SUCCESS | BLST_ERROR::BLST_POINT_NOT_IN_GROUP
                );
                on_curve.then_some(out)
            }

            /// Whether this point of the curve lies in the group of prime order.
            #[expect(unsafe_code, reason = "calls C")]
            pub(crate) fn in_group(p: &$affine) -> bool {
                // SAFETY: reads one point by reference.
                unsafe { blst::$in_group(p) }
            }

            /// Whether this is the identity.
            #[expect(unsafe_code, reason = "calls C")]
            pub(crate) fn affine_is_identity(p: &$affine) -> bool {
                // SAFETY: reads one point by reference.
                unsafe { blst::$affine_is_inf(p) }
            }

            /// RFC 9380's `hash_to_curve` with SHA-256 and the simplified SWU map.
            #[expect(unsafe_code, reason = "calls C")]
            pub(crate) fn hash(msg: &[u8], dst: &[u8]) -> $point {
                let mut out = $point::default();
                // SAFETY: pointers and lengths are those of the slices; an empty augmentation is
                // a null pointer with length zero.
                unsafe {
                    blst::$hash(
                        &mut out,
                        msg.as_ptr(),
                        msg.len(),
                        dst.as_ptr(),
                        dst.len(),
                        std::ptr::null(),
                        0,
                    );
                }
                out
            }

            #[cfg(test)]
            mod tests {
                use super::*;

                fn number(n: u8) -> [u8; 32] {
                    let mut bytes = [0; 32];
                    bytes[0] = n;
                    bytes
                }

                #[test]
                fn every_way_to_three_points_agrees() {
                    let g = generator();
                    let affine = to_affine(&g);
                    assert!(in_group(&affine) && !affine_is_identity(&affine));
                    assert_eq!(from_affine(&affine), g);

                    let two = add(&g, &g);
                    assert_eq!(two, mul(&g, &number(2)));
                    assert_eq!(add(&two, &g), mul(&g, &number(3)));
                }

                #[test]
                fn additions_are_complete() {
                    let g = generator();
                    let identity = $point::default();
                    assert!(is_identity(&identity) && !is_identity(&g));
                    assert!(is_identity(&add(&g, &neg(&g))));
                    assert_eq!(add(&g, &identity), g);
                    assert_eq!(add(&identity, &g), g);

                    let zero = to_affine(&identity);
                    assert!(affine_is_identity(&zero));
                    assert!(is_identity(&from_affine(&zero)));
                }

                #[test]
                fn encodings_lead_back() {
                    let p = mul(&generator(), &number(77));
                    let back = uncompress(&compress(&p));
                    assert_eq!(back, Some(to_affine(&p)));
                    assert_eq!(uncompress(&[0; $encoded]), None);
                }

                #[test]
                fn hashes_lie_in_the_group() {
                    let p = hash(b"", b"ROADVEIL-TEST-V1");
                    assert!(in_group(&to_affine(&p)) && !is_identity(&p));
                    assert_ne!(p, hash(b"", b"ROADVEIL-TEST-V2"));
                    assert_ne!(p, hash(b"a", b"ROADVEIL-TEST-V1"));
                }
            }
        }
    };
}

curve!(
    g1,
    "Over the prime field.",
    blst_p1,
    blst_p1_affine,
    48,
    blst_p1_generator,
    blst_p1_add_or_double,
    blst_p1_cneg,
    blst_p1_mult,
    blst_p1_is_inf,
    blst_p1_affine_is_inf,
    blst_p1_affine_in_g1,
    blst_p1_to_affine,
    blst_p1_from_affine,
    blst_p1_compress,
    blst_p1_uncompress,
    blst_hash_to_g1
);

curve!(
    g2,
    "Over its quadratic extension.",
    blst_p2,
    blst_p2_affine,
    96,
    blst_p2_generator,
    blst_p2_add_or_double,
    blst_p2_cneg,
    blst_p2_mult,
    blst_p2_is_inf,
    blst_p2_affine_is_inf,
    blst_p2_affine_in_g2,
    blst_p2_to_affine,
    blst_p2_from_affine,
    blst_p2_compress,
    blst_p2_uncompress,
    blst_hash_to_g2
);
