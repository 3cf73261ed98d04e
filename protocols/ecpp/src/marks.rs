//! What is published, and what is ours.

use roadveil_role::{Mark, Source};

const fn mark(part: &'static str, source: Source, note: &'static str) -> Mark {
    Mark { part, source, note }
}

/// Each part of the protocol with its source. *Published* means seen in published text: a chapter by the same authors
/// (Lin and Lu, Vehicular Ad Hoc Network Security and Privacy, Wiley, chapter 3), abstracts and follow-up papers.
pub const MARKS: &[Mark] = &[
    mark(
        "roles TA, RSU, OBU; four parts of the protocol",
        Source::Published,
        "abstract; chapter, section 3.3",
    ),
    mark(
        "tracking of the source of a disputed message",
        Source::Published,
        "fourth part; that there is one: section 3.3.4 of the chapter was not readable",
    ),
    mark(
        "tracking: open B_j = T_2 - xi T_1, ask that RSU for its record of Y_i, verify sigma_1, RID_i -> ID_i, list",
        Source::Reconstruction,
        "an RSU that lies frames nobody and is named; the authority could make every sigma_1",
    ),
    mark(
        "reports, the rule of plausibility (100 m/s, position_slack), evidence that convicts by itself",
        Source::Reconstruction,
        "published is a disputed message, not what makes it disputed; reach is no evidence, for it would need belief in the reporter",
    ),
    mark(
        "pool of pairs (RID_i, S_i), used in turn, revoked together",
        Source::Reconstruction,
        "off by default (pseudonym_pool = 1); the paper's OBU has one pseudo-identity, which every RSU that it asks can link",
    ),
    mark(
        "emergency list: tracked certificates are refused before they end",
        Source::Reconstruction,
        "off by default (revocation = issue, as published); signed by the TA, broadcast by RSUs",
    ),
    mark(
        "joint changes, mix zones",
        Source::Reconstruction,
        "off by default; published is that unlinkability is the aim, not when to change",
    ),
    mark(
        "which messages are verified (relevance, batches with R sent), flooder",
        Source::Reconstruction,
        "off by default; a batch's verdicts are computed one by one and shared, and charged as one sum",
    ),
    mark(
        "groups of prime order with a pairing, P, P', hash h, cipher under a key from G_T",
        Source::Published,
        "here BLS12-381, whose pairing has no isomorphism psi: G' -> G (that psi exists in the paper is literature, unconfirmed)",
    ),
    mark(
        "master u and U' = uP'",
        Source::Forced,
        "from R1 = r1(h(L_j)P' + U') and its expansion",
    ),
    mark(
        "RSU key B_j = 1/(u + h(L_j)) P",
        Source::Forced,
        "its name, location-sensitive private key, is published; the formula follows from e(B_j, R1) = e(P, P')^r1",
    ),
    mark(
        "pseudo-identity RID_i, whose owner only the TA can tell",
        Source::Published,
        "that it exists; here a random scalar with a table at the TA (reconstruction)",
    ),
    mark(
        "one TA-issued member key for each OBU",
        Source::Published,
        "that it exists; that it depends on RID_i is a reading",
    ),
    mark(
        "member key S_i = 1/(v + RID_i) P",
        Source::Reconstruction,
        "the equation's image is lost",
    ),
    mark(
        "separate masters u and v",
        Source::Literature,
        "with one master an OBU certifies itself (derived here, kept as a test)",
    ),
    mark(
        "checks on issue of B_j and S_i",
        Source::Reconstruction,
        "pairing relations; the TA draws again where a key does not exist",
    ),
    mark(
        "req1 R1, R2 = e(B_j, R1), res1 Enc_R2(R1), R2' = g^r1",
        Source::Published,
        "steps 1 to 3; the exact comparison in step 3 is forced",
    ),
    mark(
        "req2 Enc_R2'(RID_i, T_i, Y_i, sigma_1)",
        Source::Published,
        "its structure",
    ),
    mark(
        "revocation check at issue time only, by the newest list fetched from the TA",
        Source::Published,
        "chapter, section 3.3.2; a listed OBU gets no answer",
    ),
    mark(
        "validity check of T_i",
        Source::Published,
        "the text breaks off after it",
    ),
    mark(
        "sigma_1: BLMQ signature under S_i",
        Source::Reconstruction,
        "identity-based: the TA can make it for any OBU, an RSU cannot",
    ),
    mark(
        "Cert_i: group-type signature that hides L_j",
        Source::Reconstruction,
        "its 9 multiplications and 3 pairings, with 2 for a message, match the literature's 3 T_pair + 11 T_pmul: evidence, not proof",
    ),
    mark(
        "plain certificate: BLMQ under B_j on (Y_i, T_i, L_j)",
        Source::Reconstruction,
        "off by default (certificate = hidden); cheaper, and shows L_j in every message",
    ),
    mark(
        "ZSS message signature, with the key in G1",
        Source::Reconstruction,
        "off by default (signature = schnorr); the scheme is of 2004, on a symmetric pairing; that the paper has it is not known",
    ),
    mark(
        "bases H0 and H1 = xi H0, opening with xi",
        Source::Reconstruction,
        "for the location-hiding certificate",
    ),
    mark(
        "res2 Enc_R2(Cert_i), storing (RID_i, Y_i, T_i, sigma_1)",
        Source::Reconstruction,
        "step 4c",
    ),
    mark(
        "safety messages: Schnorr under Y_i, verification order",
        Source::Reconstruction,
        "section 3.3.3 of the chapter was not readable",
    ),
    mark(
        "certificate attachment, digests, requests for certificates",
        Source::Reconstruction,
        "as IEEE 1609.2 does",
    ),
    mark(
        "RSU beacon signed under B_j",
        Source::Reconstruction,
        "in the paper an OBU takes L_j from its own position",
    ),
    mark(
        "X25519 shares, RSU nonce (issue = hardened)",
        Source::Reconstruction,
        "R2 alone has no forward secrecy and req2 no freshness (derived here); issue = paper does without",
    ),
    mark(
        "session name; key schedule; nonce per message in paper mode",
        Source::Reconstruction,
        "published is a cipher under R2 and no more; with these a key seals one message, in both modes",
    ),
    mark(
        "proof of possession of x_i, refusal of a key recorded for another RID_i",
        Source::Reconstruction,
        "hardened mode only; without it a key can be registered twice and tracking is ambiguous (derived here)",
    ),
    mark(
        "epochs of the parameters",
        Source::Reconstruction,
        "off by default (epoch_length = 0); certificates hide L_j, so a stolen B_j is good until u changes",
    ),
    mark(
        "handing over of keys under an installation secret, overlap, exclusion of RSUs that cannot be traced",
        Source::Reconstruction,
        "v, xi and member keys stay; who has the installation secret, too, has every later key of that RSU",
    ),
    mark(
        "T_i on common boundaries, renewal at a random moment, link address by pseudonym",
        Source::Reconstruction,
        "exact validities and fixed addresses would link keys",
    ),
    mark(
        "signed, numbered, acknowledged revocation list over the wires",
        Source::Reconstruction,
        "published is that RSUs fetch the newest list",
    ),
    mark(
        "list_max_age: no issue without a list, with an old one, or after a failure until the next",
        Source::Reconstruction,
        "published is the look-up in the newest list, not what an RSU does without it",
    ),
    mark(
        "refusal notice (refusal = notice)",
        Source::Reconstruction,
        "published is silence; the notice is as good as some B_j and binds for that RSU and a minute",
    ),
    mark(
        "signatures for other roles of the node, with their certificate",
        Source::Reconstruction,
        "Schnorr under Y_i in a domain of its own, over the payload and the certificate's name",
    ),
    mark(
        "retries, back-off, rate limits of RSUs and OBUs, bounded sessions, records and keys by RID_i",
        Source::Reconstruction,
        "the paper has no lossy links",
    ),
    mark(
        "RSU-TA link trusted, RSUs may be compromised, TA may not",
        Source::Published,
        "in the follow-up MECPP; assumed alike here",
    ),
];
