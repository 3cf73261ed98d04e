//! The parameters as a scenario may set them: name, bounds, default, help.

use core::time::Duration;

use roadveil_role::{ParamSpec, plan};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// All parameters, as `roadveil protocol show ecpp` lists them.
pub const PARAMS: &[ParamSpec] = &[
    ParamSpec::choice(
        "issue",
        &["hardened", "paper"],
        "hardened",
        "hardened has X25519 shares, an RSU nonce and a proof of possession (ours); paper is without our additions to steps 1 to 3",
    ),
    ParamSpec::choice(
        "certificate",
        &["hidden", "plain"],
        "hidden",
        "hidden does not show which RSU issued it; plain is that RSU's signature, shorter and cheaper, with its place in the open (ours)",
    ),
    ParamSpec::choice(
        "signature",
        &["schnorr", "zss"],
        "schnorr",
        "of safety messages: schnorr costs two multiplications to check, zss one and a pairing, and 48 bytes more (both ours: the paper's was not readable)",
    ),
    ParamSpec::span(
        "key_lifetime",
        secs(1),
        secs(3600),
        secs(60),
        "how long an OBU wants a short-time key to hold",
    ),
    ParamSpec::span(
        "max_lifetime",
        secs(1),
        secs(7200),
        secs(120),
        "longest validity that an RSU certifies (step 4b)",
    ),
    ParamSpec::span(
        "validity_quantum",
        millis(0),
        secs(600),
        secs(10),
        "validities begin and end on multiples of this, so that they do not name their key; 0s for exact ones (ours)",
    ),
    ParamSpec::span(
        "renewal_earliest",
        millis(0),
        secs(3600),
        secs(30),
        "renewal starts at a random moment, at most this long before expiry, and at most half of key_lifetime (ours)",
    ),
    ParamSpec::span(
        "renewal_latest",
        millis(0),
        secs(3600),
        secs(10),
        "and at least this long before expiry, but never more than a quarter of key_lifetime",
    ),
    ParamSpec::span(
        "silence",
        millis(0),
        secs(600),
        millis(0),
        "after a change of key nothing is said for a random time of at most this, so that the next place does not tell whose key it is (ours)",
    ),
    ParamSpec::choice(
        "phase",
        &["redrawn", "kept"],
        "redrawn",
        "the moments at which an OBU speaks are drawn anew with each key; kept goes on in the old rhythm, which links the keys (ours)",
    ),
    ParamSpec::span(
        "joint_change",
        millis(0),
        secs(600),
        millis(0),
        "a new key is used from the next multiple of this on, by the vehicle's clock, so that vehicles change together; 0s for at once (ours)",
    ),
    ParamSpec::text(
        "mix_zones",
        "circles in which OBUs say nothing and ask for a new key, X/Y/RADIUS in metres: \"120/240/30, 0/120/30\" (ours)",
    ),
    ParamSpec::span(
        "beacon_period",
        millis(10),
        secs(60),
        millis(100),
        "time between an OBU's safety messages, if beaconing is fixed",
    ),
    ParamSpec::choice(
        "beaconing",
        &["fixed", "cam"],
        "fixed",
        "fixed is one safety message each beacon_period; cam follows the vehicle's movement, by the rules of ETSI EN 302 637-2",
    ),
    ParamSpec::count(
        "body_bytes",
        32,
        1400,
        300,
        "length of a safety message before its security fields",
    ),
    ParamSpec::choice(
        "attach",
        &["every-second", "always", "new-neighbour"],
        "every-second",
        "when a safety message carries its certificate instead of its digest; asked-for certificates always travel",
    ),
    ParamSpec::span(
        "freshness",
        millis(10),
        secs(60),
        secs(1),
        "how far a message's time may be from the receiver's clock",
    ),
    ParamSpec::span(
        "rsu_beacon_period",
        millis(50),
        secs(60),
        secs(1),
        "time between an RSU's beacons",
    ),
    ParamSpec::number(
        "rsu_range",
        0.0,
        100_000.0,
        1000.0,
        "an OBU neither believes nor asks an RSU farther away than this, metres",
    ),
    ParamSpec::number(
        "handover_hysteresis",
        0.0,
        10_000.0,
        30.0,
        "another RSU is asked if it is nearer by more than this, metres",
    ),
    ParamSpec::span(
        "retry_timeout",
        millis(10),
        secs(60),
        millis(300),
        "wait before a request is sent again; doubles with each try, with jitter",
    ),
    ParamSpec::count(
        "retry_limit",
        0,
        20,
        5,
        "how often a request is sent again before its RSU is given up",
    ),
    ParamSpec::span(
        "retry_rest",
        millis(0),
        secs(600),
        secs(3),
        "how long an RSU that was given up is left in peace",
    ),
    ParamSpec::count(
        "request_rate",
        1,
        1_000_000,
        50,
        "key requests that an RSU takes up in a second; more are rejected as rate_limited",
    ),
    ParamSpec::count(
        "certificate_rate",
        1,
        1_000_000,
        100,
        "certificates, and apart from them RSU beacons, that an OBU checks in a second; more are rejected as rate_limited (ours)",
    ),
    ParamSpec::choice(
        "refusal",
        &["silent", "notice"],
        "silent",
        "a listed OBU gets no answer, as published, or a sealed notice (ours)",
    ),
    ParamSpec::span(
        "list_period",
        millis(100),
        secs(3600),
        secs(10),
        "time between revocation lists from the authority to the RSUs",
    ),
    ParamSpec::span(
        "list_max_age",
        secs(1),
        secs(86_400),
        secs(300),
        "an RSU whose revocation list is older issues no keys (ours)",
    ),
    ParamSpec::count(
        "pseudonym_pool",
        1,
        1000,
        1,
        "pairs of pseudo-identity and member key that an OBU has and uses in turn, so that RSUs cannot tell whose keys they issue; all are revoked together (ours)",
    ),
    plan::REVOKE,
    ParamSpec::choice(
        "reporting",
        &["off", "on"],
        "off",
        "on has OBUs report what breaks the rule of plausibility, and the authority track and revoke who signed it (ours)",
    ),
    ParamSpec::choice(
        "revocation",
        &["issue", "emergency"],
        "issue",
        "issue refuses further keys, as published; emergency also has vehicles refuse certificates that were tracked, by a list that RSUs broadcast (ours)",
    ),
    ParamSpec::text(
        "misbehave",
        "OBUs that lie in their safety messages, from when on, and how: \"car-2@20s, car-7@1500ms:speed\"; \
               scatter (each time elsewhere, the default), offset (400 m beside) or speed",
    ),
    ParamSpec::text(
        "lying_rsus",
        "RSUs that lie in tracking, and how: \"rsu-2, rsu-3:forged\"; another (another OBU's record, the default), \
               forged (its pseudo-identity on the true signature), none (no record) or silent",
    ),
    ParamSpec::span(
        "epoch_length",
        millis(0),
        secs(31_536_000),
        millis(0),
        "the master u, and with it the keys of all RSUs, is drawn anew each time that this has passed; 0s for never (ours)",
    ),
    ParamSpec::span(
        "epoch_overlap",
        secs(1),
        secs(86_400),
        secs(10),
        "how long before an epoch begins RSUs get their keys for it, and how long after its end its certificates still count (ours)",
    ),
    ParamSpec::count(
        "exclude_after",
        0,
        1_000_000,
        0,
        "an RSU of whose certificates so many led to nobody gets no key for the next epoch; 0 for never (ours)",
    ),
    ParamSpec::text(
        "steal",
        "OBUs that have the key of an RSU from a moment of the first epoch on, and certify themselves: \"car-9@30s:rsu-2\"",
    ),
    ParamSpec::number(
        "position_slack",
        0.0,
        100_000.0,
        100.0,
        "how much farther apart than 100 m/s allow two places of one OBU may be, for errors of its receiver, metres (ours)",
    ),
    ParamSpec::count(
        "report_rate",
        1,
        1_000_000,
        20,
        "reports that an OBU sends in a second, and that an RSU takes up; more are put off or rejected as rate_limited (ours)",
    ),
    ParamSpec::choice(
        "verification",
        &["all", "relevant", "batch"],
        "all",
        "which safety messages an OBU verifies: all, those from relevant_within, or all in batches, which sends them in a longer form (ours)",
    ),
    ParamSpec::number(
        "relevant_within",
        0.0,
        100_000.0,
        150.0,
        "if verification is relevant: farther away than this a message is refused as irrelevant, metres",
    ),
    ParamSpec::span(
        "batch_window",
        millis(1),
        secs(10),
        millis(50),
        "if verification is batch: how long a message waits at most for others, of which 64 make a batch",
    ),
    ParamSpec::choice(
        "ages",
        &["off", "on"],
        "off",
        "on records for each accepted message how old it was when its verification ended: an event each, for studies of load",
    ),
    ParamSpec::count(
        "flood_rate",
        1,
        10_000,
        100,
        "key requests that a node with the role ecpp.flooder sends in a second",
    ),
];
