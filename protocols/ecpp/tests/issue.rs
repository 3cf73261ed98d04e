//! The key issue and the safety messages, when everything goes well.

mod common;

use common::{count, field, town};
use roadveil_ecpp::PROTOCOL;
use roadveil_role::testkit::What;
use roadveil_role::{Time, Value};

#[test]
fn vehicles_get_keys_and_believe_each_other() {
    let mut net = town(1, 1, 3, &[]);
    net.run_until(Time::from_secs(6));
    for car in ["car-0", "car-1", "car-2"] {
        assert_eq!(net.state(car), Some("keyed"));
        assert!(count(&net, car, "sent") > 20);
        assert!(count(&net, car, "accepted") > 40, "{}", count(&net, car, "accepted"));
    }
    assert_eq!(net.events("key_issued").count(), 3);
    assert_eq!(net.events("key_obtained").count(), 3);
    assert!(matches!(
        field(&net, "key_obtained", "renewal"),
        Some(Value::Bool(false))
    ));
}

#[test]
fn the_steps_come_in_the_papers_order() {
    let mut net = town(1, 1, 1, &[]);
    net.run_until(Time::from_secs(3));
    let steps = net.records().iter().filter_map(|record| match &record.what {
        What::Step { name, .. } if record.role != "ta" => Some((record.role.as_str(), *name)),
        _ => None,
    });
    let expected = [
        ("obu", "req1"),
        ("rsu", "res1"),
        ("obu", "req2"),
        ("rsu", "res2"),
        ("obu", "key"),
    ];
    assert_eq!(steps.collect::<Vec<_>>(), expected);
    println!("{}", net.transcript(&PROTOCOL));
}
