//! What is published, and what is ours.

use roadveil_role::{Mark, Source};

const fn mark(part: &'static str, source: Source, note: &'static str) -> Mark {
    Mark { part, source, note }
}

/// Each part of the protocol with its source. The paper itself was not at hand: *literature* are its formulas as they are
/// known and as others quote them.
pub const MARKS: &[Mark] = &[
    mark(
        "GSB as ECPP's rival: group signatures with a revocation list at each vehicle, S_GSB = n + 1 units",
        Source::Published,
        "Lin and Lu, Vehicular Ad Hoc Network Security and Privacy, section 3.5.1; that the scheme is Boneh and Shacham's is a reading",
    ),
    mark(
        "member key (A, x) with A = 1/(gamma + x) P, w = gamma P', token A",
        Source::Literature,
        "Boneh and Shacham, section 5",
    ),
    mark(
        "T1 = alpha u, T2 = A + alpha v, proof of (alpha, x, x alpha), challenge over R1, R2, R3",
        Source::Literature,
        "Boneh and Shacham, section 5; the test e(T2 - A, u^) = e(T1, v^) is quoted in public",
    ),
    mark(
        "Type 3: u^ hashed to G2 and v to G1, T1 = alpha u^ in G2, test e(T2 - A, u^) = e(v, T1)",
        Source::Reconstruction,
        "the paper has u = psi(u^), v = psi(v^) by an isomorphism that BLS12-381 lacks; a signature is 48 bytes longer for it",
    ),
    mark(
        "unlinkable under DDH in G2 and the random oracle",
        Source::Derived,
        "in the place of the paper's decision linear assumption; a sketch is in docs/protocols/gsb.md, no proof",
    ),
    mark(
        "charge for a check: 6 T_pmul + (4 + n) T_pair",
        Source::Literature,
        "3 pairings for the proof, 1 + n for the list; hashing to the groups is not in the form and not charged",
    ),
    mark(
        "charge for a signature: 8 T_pmul + 2 T_pair",
        Source::Literature,
        "two of the multiplications stand for psi",
    ),
    mark(
        "fast check: bases of a period, table of e(A, u^), linkable within a period",
        Source::Literature,
        "section 6 has bases by a small number; that this number is a period of time is ours",
    ),
    mark(
        "the table's entries for what was brought are brought as well; for what is learnt, one pairing each in each period",
        Source::Reconstruction,
        "",
    ),
    mark(
        "opening: the manager tries all tokens",
        Source::Literature,
        "section 4; the exchange for tracking is not there",
    ),
    mark(
        "revocation list in signed pages over the wires, broadcast by RSUs in turn",
        Source::Reconstruction,
        "the paper says only that verifiers have the list; a vehicle cannot tell that pages are kept from it",
    ),
    mark(
        "link address and station number of each message's, or each period's, own",
        Source::Reconstruction,
        "fixed ones would link what the signature does not",
    ),
    mark(
        "safety messages: order of checks, freshness, no message twice",
        Source::Reconstruction,
        "as for ECPP",
    ),
];
