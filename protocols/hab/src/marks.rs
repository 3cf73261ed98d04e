//! What is published, and what is ours.

use roadveil_role::{Mark, Source};

const fn mark(part: &'static str, source: Source, note: &'static str) -> Mark {
    Mark { part, source, note }
}

/// Each part of the protocol with its source. Raya's and Hubaux's own text was not at hand: *literature* is what others say of it.
pub const MARKS: &[Mark] = &[
    mark(
        "HAB as ECPP's rival: N_okey = 10^4 anonymous keys a vehicle, a list at each, S_HAB = (n + 1) N_okey units",
        Source::Published,
        "Lin and Lu, Vehicular Ad Hoc Network Security and Privacy, section 3.5.1",
    ),
    mark(
        "many anonymous certificates, used one after the other, each attached to its messages",
        Source::Literature,
        "Raya and Hubaux, Securing vehicular ad hoc networks, Journal of Computer Security 15, 2007",
    ),
    mark(
        "ECDSA over P-256 with SHA-256",
        Source::Reconstruction,
        "as IEEE 1609.2 and ETSI TS 103 097 have it; the cost of a check is not among the recovered figures",
    ),
    mark(
        "all certificates of a revoked vehicle on the list, by the first 8 bytes of a digest of the key",
        Source::Reconstruction,
        "that the list has all of them is in S_HAB; their form is ours, and no certificate ends by itself",
    ),
    mark(
        "keys derived from a seed, certificates signed when they are first used",
        Source::Reconstruction,
        "the same bytes as if they had been in store; storage is computed from the size of the pool",
    ),
    mark(
        "revocation list in signed pages over the wires, broadcast by RSUs in turn",
        Source::Reconstruction,
        "published is that vehicles keep and update it; a vehicle cannot tell that pages are kept from it",
    ),
    mark(
        "change of keys every change_period, with a link address of the key's own",
        Source::Reconstruction,
        "no silence and no mix zone: position and time link the keys",
    ),
    mark(
        "safety messages: order of checks, freshness, rising times under a key, certificates checked once",
        Source::Reconstruction,
        "as for ECPP",
    ),
];
