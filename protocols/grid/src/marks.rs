//! What is published, and what is ours.

use roadveil_role::{Mark, Source};

const fn mark(part: &'static str, source: Source, note: &'static str) -> Mark {
    Mark { part, source, note }
}

/// Each part of the protocol with its source. The text of Gai et al. was not at hand in full.
pub const MARKS: &[Mark] = &[
    mark(
        "meters report to a control centre by randomised response under local differential privacy; it assesses supply and \
         demand, and adjusts supply and price",
        Source::Published,
        "Gai, Xue, Zhu, Yang, Liu, He: An efficient data aggregation scheme with local differential privacy in smart grid, Digital \
         Communications and Networks 8(3), 2022; conference version at MSN 2020",
    ),
    mark(
        "encoding of a reading, chances, error bound",
        Source::Reconstruction,
        "not public: RR-1 (one bit) is the standard form; RR-k and the others are of the papers named in docs/ldp.md",
    ),
    mark(
        "aggregators between meters and the control centre",
        Source::Reconstruction,
        "the successor EDAS-PLDP (2026) has a gateway; of the 2022 paper it is not known",
    ),
    mark(
        "registration, X25519 sessions with AES-256-GCM, signed calls and tallies, one report a slot for each meter",
        Source::Reconstruction,
        "ours; the paper says that no keys are needed for the mechanism",
    ),
    mark(
        "users choose a privacy level; groups are combined by inverse variance",
        Source::Reconstruction,
        "after the abstract of EDAS-PLDP; the weights are ours, and do not depend on reports",
    ),
    mark(
        "w-event methods LBU, LSP, LBD, LPU, LPD",
        Source::Literature,
        "Ren, Shi, Yu, Yang, Zhao, Xu: LDP-IDS, SIGMOD 2022",
    ),
    mark(
        "LBA, LPA",
        Source::Reconstruction,
        "of the same paper; details of absorption are ours",
    ),
    mark(
        "remembered answers: L-SUE, L-OSUE, L-GRR, 1BitMean, dBitFlipPM, LOLOHA",
        Source::Literature,
        "as in docs/ldp.md; L-GRR with the second round that spends what it says",
    ),
    mark(
        "price: linear in the load, or two tiers by the hour; charging stations draw less where it is high",
        Source::Reconstruction,
        "published is that the price is adjusted, not how",
    ),
    mark(
        "comparators: readings in the clear, and exponential ElGamal over G1 of BLS12-381",
        Source::Reconstruction,
        "ours; what the paper compares with is not known",
    ),
    mark(
        "generated homes, roofs and charging sessions",
        Source::Reconstruction,
        "shapes that look like a weekday, no measurements: `profile` and `sessions` read real ones",
    ),
];
