//! A curious RSU, and several that collude: what they make of the pseudo-identities that they are shown (A.7, row 4).

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{count, issued, secs, setup, town};
use roadveil_ecpp::setup::Issued;
use roadveil_role::testkit::Net;
use roadveil_role::{Reason, Time, Value};

const POOL: u64 = 6;

/// Keys that live short, so that a minute sees several.
fn changes(pool: u64) -> Vec<(&'static str, Value)> {
    vec![
        ("pseudonym_pool", Value::U64(pool)),
        ("key_lifetime", Value::Span(secs(12))),
        ("validity_quantum", Value::Span(secs(1))),
    ]
}

fn bytes(fields: &[(&'static str, Value)], name: &str) -> Vec<u8> {
    match fields.iter().find(|(key, _)| *key == name) {
        Some((_, Value::Bytes(bytes))) => bytes.to_vec(),
        other => panic!("{other:?}"),
    }
}

/// What the RSUs recorded together: pseudo-identities in the order of their keys.
fn recorded(net: &Net) -> Vec<Vec<u8>> {
    net.events("key_issued")
        .map(|(_, fields)| bytes(fields, "rid"))
        .collect()
}

/// Truth: whose a pseudo-identity is.
fn owner(issued: &Issued, rid: &[u8]) -> String {
    let cars = (0..3).map(|car| format!("car-{car}"));
    let mut owners = cars.filter(|car| issued.obu_keys(car).iter().any(|key| key.rid_bytes().as_ref() == rid));
    owners.next().expect("somebody's")
}

/// Of each vehicle, the share of successive keys that the RSUs see to be of one vehicle, and how many pairs there are.
fn linked(issued: &Issued, rids: &[Vec<u8>]) -> (usize, usize) {
    let mut last: BTreeMap<String, &Vec<u8>> = BTreeMap::new();
    let (mut alike, mut pairs) = (0, 0);
    for rid in rids {
        if let Some(before) = last.insert(owner(issued, rid), rid) {
            pairs += 1;
            alike += usize::from(before == rid);
        }
    }
    (alike, pairs)
}

/// All RSUs together rebuild every vehicle's sequence of keys from one `RID_i`; from a pool, no two successive ones.
#[test]
fn colluding_units_link_all_keys_of_one_identity_and_no_successive_ones_of_a_pool() {
    for (pool, all) in [(1, true), (POOL, false)] {
        let setup = setup(4, 2, 3, &changes(pool));
        let mut net = town(4, 2, 3, &changes(pool));
        net.run_until(Time::from_secs(60));
        let issued = issued(&setup);
        let rids = recorded(&net);
        let (alike, pairs) = linked(&issued, &rids);
        assert!(pairs > 9, "{pairs}");
        assert_eq!(alike, if all { pairs } else { 0 }, "of {pairs} with a pool of {pool}");
        // What the pool does not hide: after a round it begins anew.
        let different: BTreeSet<_> = rids.iter().collect();
        assert!(different.len() <= 3 * usize::try_from(pool).expect("small"));
        assert!(count(&net, "car-1", "accepted") > 500);
    }
}

#[test]
fn the_first_pair_of_a_pool_is_the_only_one_without() {
    let key = |pool| {
        issued(&setup(4, 1, 1, &changes(pool)))
            .obu_key("car-0")
            .map(|key| key.rid_bytes())
    };
    assert_eq!(key(1), key(POOL));
    let many = issued(&setup(4, 1, 2, &changes(POOL)));
    let rids: BTreeSet<_> = ["car-0", "car-1"]
        .into_iter()
        .flat_map(|car| many.obu_keys(car).iter().map(|key| key.rid_bytes()))
        .collect();
    assert_eq!(rids.len() as u64, 2 * POOL, "no two are alike");
    assert!(many.obu_keys("nobody").is_empty());
}

/// Whichever pair a vehicle used when it lied: it is found, listed with all its pairs, and gets no key under any.
#[test]
fn all_pairs_of_a_liar_are_revoked_together() {
    let lies = [("reporting", "on".into()), ("misbehave", "car-0@30s".into())];
    let mut net = town(7, 2, 3, &[&changes(POOL)[..], &lies].concat());
    net.run_until(Time::from_secs(75));
    let revoked: Vec<_> = net.events("obu_revoked").collect();
    assert_eq!(revoked.len(), 1);
    let (record, fields) = revoked[0];
    let since = record.at;
    assert_eq!(
        fields.iter().find(|(key, _)| *key == "obu"),
        Some(&("obu", "car-0".into()))
    );
    assert!(fields.contains(&("revoked", POOL.into())), "{fields:?}");
    let issued = issued(&setup(7, 2, 3, &changes(POOL)));
    let later = net
        .events("key_issued")
        .filter(|(record, _)| record.at > since + secs(1));
    assert!(
        later
            .into_iter()
            .all(|(_, fields)| owner(&issued, &bytes(fields, "rid")) != "car-0")
    );
    let refused = ["rsu-0", "rsu-1"].map(|rsu| net.rejects(rsu)).concat();
    let refusals = refused.iter().filter(|why| **why == Reason::Revoked).count();
    // It tries more of its pairs than one.
    assert!(refusals >= 2, "{refused:?}");
    assert_eq!(net.events("list_updated").count(), 2);
}

#[test]
fn a_scheduled_revocation_lists_the_whole_pool() {
    let mut net = town(
        7,
        1,
        2,
        &[&changes(POOL)[..], &[("revoke", "car-1@20s".into())]].concat(),
    );
    net.run_until(Time::from_secs(50));
    let revoked = net.events("obu_revoked").next().expect("it is revoked");
    assert!(revoked.1.contains(&("revoked", POOL.into())));
    let issued = issued(&setup(7, 1, 2, &changes(POOL)));
    let later = net
        .events("key_issued")
        .filter(|(record, _)| record.at > Time::from_secs(21));
    assert!(
        later
            .into_iter()
            .all(|(_, fields)| owner(&issued, &bytes(fields, "rid")) == "car-0")
    );
}
