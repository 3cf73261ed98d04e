//! What each side is charged, against the counts of the paper's form.

mod common;

use common::{obu, one_rsu, secs, setup};
use roadveil_crypto::{Charge, Op};
use roadveil_ecpp::params::Config;
use roadveil_role::testkit::Node;
use roadveil_role::{Time, Value};

/// What RSU and OBU are charged for one key issue, beacons aside.
fn issue(mode: &str) -> (Charge, Charge) {
    // No safety messages and no second beacon in between.
    let quiet = [
        ("issue", Value::from(mode)),
        ("beacon_period", Value::Span(secs(60))),
        ("rsu_beacon_period", Value::Span(secs(20))),
        ("retry_timeout", Value::Span(secs(1))),
    ];
    let issued = common::issued(&setup(8, 1, 1, &quiet));
    let config = Config::clone(issued.config());
    let mut net = one_rsu(&issued, 8, &config);
    net.add(
        Node::new("car-0")
            .at(10.0, 0.0)
            .role(1, "obu", obu(&issued, "car-0", &config)),
    );
    let requested = |net: &roadveil_role::testkit::Net| net.events("key_requested").count() == 1;
    assert!(net.run_until_or(Time::from_secs(40), |net| net.sent().any(|(_, _, frame)| frame[1] == 0)));
    net.run_until(net.now() + core::time::Duration::from_millis(1));
    net.charged("rsu-0");
    net.charged("car-0");
    assert!(net.run_until_or(Time::from_secs(40), requested));
    assert!(net.run_until_or(Time::from_secs(40), |net| net.events("key_obtained").count() == 1));
    (net.charged("rsu-0"), net.charged("car-0"))
}

/// 13 multiplications and 3 pairings for the OBU, 9 and 4 for the RSU, and exponentiations in the target group.
#[test]
fn a_key_issue_costs_what_the_reconstruction_says() {
    let (rsu, obu) = issue("paper");
    assert_eq!((rsu.get(Op::G1Mul) + rsu.get(Op::G2Mul), rsu.get(Op::Pairing)), (9, 4));
    assert_eq!(rsu.get(Op::GtExp), 1);
    assert_eq!((obu.get(Op::G1Mul) + obu.get(Op::G2Mul), obu.get(Op::Pairing)), (13, 3));
    assert_eq!(obu.get(Op::GtExp), 2);
    assert_eq!((rsu.get(Op::X25519), obu.get(Op::X25519)), (0, 0));
    assert_eq!((rsu.get(Op::Hkdf), obu.get(Op::Hkdf)), (3, 3));
    assert_eq!(
        rsu.get(Op::AesGcmBlock),
        obu.get(Op::AesGcmBlock),
        "opening costs what sealing does"
    );
}

/// Hardened mode adds two X25519 operations a side and the proof of possession: one multiplication and two.
#[test]
fn hardening_costs_what_it_says() {
    let ((rsu, obu), (paper_rsu, paper_obu)) = (issue("hardened"), issue("paper"));
    assert_eq!((rsu.get(Op::X25519), obu.get(Op::X25519)), (2, 2));
    assert_eq!(rsu.get(Op::G1Mul), paper_rsu.get(Op::G1Mul) + 2);
    assert_eq!(obu.get(Op::G1Mul), paper_obu.get(Op::G1Mul) + 1);
    assert_eq!((rsu.get(Op::Pairing), obu.get(Op::Pairing)), (4, 3));
}

/// With a certificate, a message costs its receiver 3 pairings and 11 multiplications; without, 2 multiplications.
#[test]
fn a_message_costs_its_receiver_what_literature_quotes() {
    let mut net = common::town(8, 1, 2, &[]);
    net.run_until(Time::from_secs(10));
    let records = net.records().to_vec();
    let asked = |scheme: &str| {
        let of = |what: &roadveil_role::testkit::What| matches!(what, roadveil_role::testkit::What::Asked { scheme: found, .. } if *found == scheme);
        records
            .iter()
            .filter(|record| record.node == "car-1" && of(&record.what))
            .count() as u32
    };
    let (certificates, messages, beacons) = (
        asked("ROADVEIL-ECPP-V1-CERTIFICATE"),
        asked("ROADVEIL-ECPP-V1-MESSAGE"),
        asked("ROADVEIL-ECPP-V1-BEACON"),
    );
    assert_eq!(certificates, 2, "its own, and the other vehicle's once");
    assert!(messages > 80);
    let sent = net
        .sent()
        .filter(|(record, _, frame)| record.node == "car-1" && frame[1] == 5)
        .count() as u32;
    let charged = net.charged("car-1");
    // Its own key issue: `Y`, `sigma_1` and the proof of possession. The certificate that it got is among the two.
    let issue = 3;
    assert_eq!(charged.get(Op::G1Mul), 9 * certificates + 2 * messages + sent + issue);
    assert_eq!(charged.get(Op::Pairing), 3 * certificates + beacons);
}
