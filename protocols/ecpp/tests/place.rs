//! Where an OBU believes an RSU to be: who stole the key of a far place, and who only plays its beacons (A.7, row 10).

mod common;

use std::sync::Arc;

use common::{issued, obu, setup};
use roadveil_ecpp::params::Config;
use roadveil_ecpp::rsu::Rsu;
use roadveil_role::testkit::{Net, Node};
use roadveil_role::{HostAddr, Reason, Time, Typed, Value};

/// A vehicle, and beside it an attacker who holds the key of a place five kilometres away and poses as its RSU.
fn with_a_stolen_key(range: f64) -> Net {
    with_gnss(range, 10.0)
}

/// The same, and where the vehicle's receiver says that it is.
fn with_gnss(range: f64, x: f64) -> Net {
    let setup = setup(6, 26, 1, &[("rsu_range", Value::F64(range))]);
    let issued = issued(&setup);
    let config = Config::clone(issued.config());
    let stolen = issued.rsu_key("rsu-25").expect("there is one").clone();
    assert!(stolen.location().metres().0 > 4900.0);
    let posing = Rsu::new(issued.authority().system().clone(), Arc::new(config.clone()), stolen);
    let mut net = Net::new(6);
    net.add(
        Node::new("mallory")
            .at(20.0, 0.0)
            .wired(HostAddr(99))
            .role(1, "rsu", Box::new(Typed(posing))),
    );
    net.add(
        Node::new("car-0")
            .at(x, 0.0)
            .role(1, "obu", obu(&issued, "car-0", &config)),
    );
    net.run_until(Time::from_secs(20));
    net
}

/// Without a look at where it is, the vehicle asks whoever holds the key of any place, and shows its `RID_i`: the attacker
/// opens the request, and only then finds that it has no revocation list.
#[test]
fn who_does_not_compare_places_shows_itself_to_the_holder_of_any_key() {
    let net = with_a_stolen_key(100_000.0);
    let opened = net.events("key_refused").filter(|(record, _)| record.node == "mallory");
    assert!(opened.count() >= 1, "{:?}", net.rejects("car-0"));
}

/// The comparison is as good as the receiver: who spoofs GNSS leads the vehicle to the place whose key he has, in its own
/// eyes, and it asks him.
#[test]
fn whose_gnss_is_spoofed_asks_whoever_it_is_led_to() {
    let net = with_gnss(1_000.0, 5_010.0);
    let opened = net.events("key_refused").filter(|(record, _)| record.node == "mallory");
    assert!(opened.count() >= 1, "{:?}", net.rejects("car-0"));
}

/// With the comparison it asks nobody who says to be elsewhere.
#[test]
fn who_compares_places_asks_nobody_who_is_elsewhere() {
    let net = with_a_stolen_key(1_000.0);
    assert_eq!(net.events("key_requested").count(), 0);
    assert_eq!(net.events("key_refused").count(), 0);
    let whys = net.rejects("car-0");
    assert!(
        whys.len() > 10 && whys.iter().all(|why| *why == Reason::WrongLocation),
        "{whys:?}"
    );
}
