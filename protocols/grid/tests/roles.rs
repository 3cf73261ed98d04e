//! Meters report, aggregators count, the centre estimates; and everything that a receiver must refuse.

mod common;

use core::time::Duration;

use common::{HOMES, SLOT, Size, field, figure, grid, number, sent, setup, slots, within};
use roadveil_grid::PROTOCOL;
use roadveil_grid::messages::{Msg, Report, Tally, domain};
use roadveil_grid::setup::Issued;
use roadveil_grid::way::Way;
use roadveil_ldp::Kind;
use roadveil_role::testkit::{Channel, Fate, Net, Transit, changing};
use roadveil_role::{Address, HostAddr, Reason, Time, Value, decode, encode};

fn reports(net: &Net, node: &str) -> Vec<Report> {
    let reports = sent(net, node).into_iter();
    reports
        .filter_map(|message| match message {
            Msg::Report(report) => Some(report),
            _ => None,
        })
        .collect()
}

/// No refusals anywhere.
fn quiet(net: &Net, size: Size) {
    let names = (0..size.homes).map(|n| format!("home-{n}"));
    let aggregators = (0..size.aggregators).map(|n| format!("agg-{n}"));
    for node in names.chain(aggregators).chain(["centre".to_owned()]) {
        let refused = net.rejects(&node);
        assert!(
            refused.is_empty(),
            "{node} refused {}, the first {:?}",
            refused.len(),
            refused[0]
        );
    }
}

#[test]
fn each_meter_reports_once_a_window_and_spends_no_more_than_its_budget() {
    let mut net = grid(1, HOMES, &[]);
    slots(&mut net, 13);
    quiet(&net, HOMES);
    for home in 0..HOMES.homes {
        let home = format!("home-{home}");
        let slots: Vec<u64> = reports(&net, &home).iter().map(|report| report.slot).collect();
        assert_eq!(slots.len(), 3, "{home}: {slots:?}");
        assert!(slots.windows(2).all(|pair| pair[1] - pair[0] >= 4), "{home}: {slots:?}");
    }
    assert_eq!(field(&net, "estimated", "reports"), vec![Value::U64(3); 12]);
    assert_eq!(figure(&net, "budget_spent_max"), Value::F64(2.0));
    assert_eq!(field(&net, "price_set", "slot").len(), 12);
    // A bit in a byte, and a tag.
    assert!(reports(&net, "home-0").iter().all(|report| report.sealed.len() == 17));
}

#[test]
fn every_mechanism_and_every_way_estimates_the_load() {
    let size = Size {
        homes: 60,
        solar: 8,
        stations: 6,
        ..HOMES
    };
    let mechanisms = Kind::ALL.map(|kind| ("mechanism", kind.name()));
    let ways = Way::NAMES.iter().map(|way| ("method", *way));
    for (name, value) in mechanisms.into_iter().chain(ways) {
        let changes = [(name, value.into()), ("epsilon", 4.0.into()), ("levels", 8u64.into())];
        let mut net = grid(2, size, &changes);
        slots(&mut net, 9);
        println!("{name} {value}");
        quiet(&net, size);
        let (intervals, held) = (
            number(&figure(&net, "intervals")),
            number(&figure(&net, "intervals_held")),
        );
        assert!(intervals >= 3.0, "{value}: {intervals}");
        assert!(held >= 0.6 * intervals, "{value}: {held} of {intervals}");
        if value != "fresh" {
            let spent = number(&figure(&net, "budget_spent_max"));
            let memory = ["1bit-mean", "l-sue", "l-osue", "l-grr", "dbitflip", "loloha"].contains(&value);
            assert!(spent <= 6.0 || memory, "{value}: {spent}");
        }
        assert_eq!(figure(&net, "budgets_exhausted"), Value::U64(0), "{value}");
    }
}

/// What not to do: each slot costs, and it shows.
#[test]
fn fresh_reports_have_no_bound_and_say_so() {
    let mut net = grid(21, HOMES, &[("method", "fresh".into())]);
    slots(&mut net, 8);
    assert_eq!(
        (figure(&net, "budget_used_max"), figure(&net, "budget_spent_max")),
        (Value::F64(4.0), Value::F64(8.0))
    );
}

/// Fewer meters than slots in a window: each has its turn, and between them the last estimate holds, and is no new interval.
#[test]
fn a_few_meters_are_asked_in_turn_and_what_is_known_holds() {
    let mut net = grid(22, Size { homes: 3, ..HOMES }, &[]);
    slots(&mut net, 13);
    let fresh = field(&net, "estimated", "fresh")
        .into_iter()
        .filter(|fresh| *fresh == Value::Bool(true))
        .count();
    assert!((8..=9).contains(&fresh), "{fresh}");
    assert_eq!(figure(&net, "intervals"), Value::U64(fresh as u64));
    let (held, partial) = (
        number(&figure(&net, "slots_held")),
        number(&figure(&net, "slots_partial")),
    );
    assert_eq!(held + partial + fresh as f64, 12.0);
    let few = setup(22, Size { homes: 3, ..HOMES }, &[("method", "lpd".into())]);
    let refused = (PROTOCOL.setup)(&few).err().map(|error| error.0).expect("refused");
    assert!(
        refused.contains("`agg-0` has 3 with the role `meter`: expected 4 at least"),
        "{refused}"
    );
}

#[test]
fn a_retry_has_the_same_bytes_and_is_counted_once() {
    let mut net = grid(3, HOMES, &[("tries", 10u64.into())]).wires(Channel::lossy(0.25));
    slots(&mut net, 41);
    let mut repeated = 0;
    for home in 0..HOMES.homes {
        let mut all = reports(&net, &format!("home-{home}"));
        let before = all.len();
        all.dedup();
        repeated += before - all.len();
        let mut slots: Vec<u64> = all.iter().map(|report| report.slot).collect();
        slots.dedup();
        // A slot may be answered anew in another session, after a registration: with the same bits, so that no more is counted.
        assert!(slots.len() >= 4, "home-{home}: {slots:?}");
    }
    assert!(repeated > 20, "{repeated}");
    assert!(!net.rejects("agg-0").contains(&Reason::Duplicate));
    let counted = field(&net, "estimated", "reports");
    assert!(counted.iter().all(|n| number(n) <= 3.0) && counted.len() > 20);
    assert!(number(&figure(&net, "budget_spent_max")) <= 2.0);
}

#[test]
fn a_meter_that_restarts_says_the_same_again_for_nothing() {
    let mut net = grid(4, HOMES, &[("method", "fresh".into()), ("window", 1u64.into())]);
    within(&mut net, 2, 200);
    let home = "home-3";
    net.restart(home);
    // It registers within half a slot, while the round is open for some time still.
    slots(&mut net, 3);
    let spent = field(&net, "reported", "spent");
    assert!(spent.iter().all(|spent| number(spent) <= 2.0));
    assert_eq!(field(&net, "meter_registered", "aggregator").len(), 13);
    assert!(
        !net.rejects("agg-0").contains(&Reason::Duplicate),
        "{:?}",
        net.rejects("agg-0")
    );
    assert_eq!(figure(&net, "budgets_exhausted"), Value::U64(0));
    slots(&mut net, 6);
    assert!(reports(&net, home).iter().any(|report| report.slot == 5));
}

#[test]
fn what_is_sent_again_by_another_is_not_counted_twice() {
    let mut net = grid(5, HOMES, &[("method", "fresh".into())]);
    within(&mut net, 1, 350);
    let replayed = reports(&net, "home-1").remove(0);
    let from = Address::Host(HostAddr(1001));
    net.inject("agg-0", from, &encode(&Msg::Report(replayed.clone())), Duration::ZERO);
    slots(&mut net, 2);
    assert_eq!(field(&net, "round_closed", "repeated"), [Value::U64(1)]);
    assert_eq!(field(&net, "estimated", "reports"), [Value::U64(12)]);
    // After its round, and in another slot, it is late.
    within(&mut net, 2, 300);
    net.inject("agg-0", from, &encode(&Msg::Report(replayed.clone())), Duration::ZERO);
    let moved = Report { slot: 2, ..replayed };
    net.inject("agg-0", from, &encode(&Msg::Report(moved)), Duration::ZERO);
    within(&mut net, 2, 310);
    assert_eq!(net.rejects("agg-0"), [Reason::Stale, Reason::BadCiphertext]);
}

#[test]
fn reports_of_strangers_and_of_those_who_were_not_asked_are_refused() {
    let mut net = grid(6, HOMES, &[]);
    within(&mut net, 1, 350);
    let asked: Vec<u32> = (0..12)
        .filter(|n| !reports(&net, &format!("home-{n}")).is_empty())
        .collect();
    assert_eq!(asked.len(), 3);
    let stranger = (0..12).find(|n| !asked.contains(n)).expect("nine");
    for (meter, why) in [
        (99, Reason::UnknownKey),
        (stranger, Reason::Unexpected),
        (asked[0], Reason::BadCiphertext),
    ] {
        let report = Report {
            meter,
            slot: 1,
            round: 0,
            sealed: vec![0; 17],
        };
        net.inject(
            "agg-0",
            Address::Host(HostAddr(1000 + meter)),
            &encode(&Msg::Report(report)),
            Duration::ZERO,
        );
        within(&mut net, 1, 360);
        assert_eq!(net.rejects("agg-0").last(), Some(&why), "{meter}");
    }
}

#[test]
fn registrations_are_signed_fresh_and_taken_once() {
    let size = HOMES;
    let mut net = grid(7, size, &[]).tamper(changing("agg-0", |message: &mut Msg| {
        if let Msg::Register(register) = message
            && register.meter == 2
        {
            register.share.0[0] ^= 1;
        }
    }));
    slots(&mut net, 1);
    let refused = net.rejects("agg-0");
    assert!(
        !refused.is_empty() && refused.iter().all(|why| *why == Reason::BadSignature),
        "{refused:?}"
    );
    assert_eq!(field(&net, "meter_registered", "aggregator").len(), 11);

    let mut net = grid(7, size, &[]);
    slots(&mut net, 1);
    let register = sent(&net, "home-4")
        .into_iter()
        .find(|message| matches!(message, Msg::Register(_)));
    let frame = encode(&register.expect("registered"));
    net.inject("agg-0", Address::Host(HostAddr(1005)), &frame, Duration::ZERO);
    slots(&mut net, 2);
    net.inject("agg-0", Address::Host(HostAddr(1005)), &frame, Duration::ZERO);
    slots(&mut net, 3);
    assert_eq!(net.rejects("agg-0"), [Reason::Duplicate, Reason::Stale]);
}

/// A key that its owner copied: two devices register as one meter, and one report a slot is counted.
#[test]
fn an_identity_that_is_used_twice_has_one_report_a_slot() {
    let planned = setup(8, HOMES, &[("method", "fresh".into())]);
    let issued = Issued::new(&planned).expect("sets up");
    let key = issued.key("home-0");
    let mut net = Net::deploy(&PROTOCOL, &planned).expect("sets up");
    within(&mut net, 1, 25);
    let share = roadveil_crypto::EphemeralShare::from(roadveil_crypto::SecretBytes::new([9; 32]));
    let mut register = roadveil_grid::messages::Register {
        meter: 0,
        aggregator: 0,
        word: 0,
        share: share.public(),
        time: net.now().as_millis(),
        signature: roadveil_crypto::ByteArray([0; 64]),
    };
    register.signature = key.sign(domain::REGISTER, &register.statement());
    net.inject(
        "agg-0",
        Address::Host(HostAddr(77)),
        &encode(&Msg::Register(register)),
        Duration::ZERO,
    );
    slots(&mut net, 2);
    // The first device's session is gone, and its report does not open; it registers again, and is back.
    let refused = net.rejects("agg-0");
    assert!(refused.contains(&Reason::BadCiphertext), "{refused:?}");
    let counted = number(&field(&net, "estimated", "reports")[0]);
    assert!((11.0..=12.0).contains(&counted), "{counted}");
    slots(&mut net, 3);
    assert_eq!(field(&net, "estimated", "reports").last(), Some(&Value::U64(12)));
}

#[test]
fn calls_are_signed_fresh_and_in_order() {
    let tampered = changing("home-5", |message: &mut Msg| {
        if let Msg::Call(call) = message {
            call.price = 1;
        }
    });
    let mut net = grid(9, HOMES, &[]).tamper(tampered);
    slots(&mut net, 2);
    assert_eq!(net.rejects("home-5"), [Reason::BadSignature]);

    let mut net = grid(9, HOMES, &[]);
    slots(&mut net, 3);
    let calls: Vec<Msg> = sent(&net, "centre")
        .into_iter()
        .filter(|message| matches!(message, Msg::Call(_)))
        .collect();
    net.inject(
        "home-5",
        Address::Host(HostAddr(10)),
        &encode(&calls[0]),
        Duration::ZERO,
    );
    net.inject("agg-0", Address::Host(HostAddr(1)), &encode(&calls[0]), Duration::ZERO);
    slots(&mut net, 4);
    assert_eq!(
        (net.rejects("home-5"), net.rejects("agg-0")),
        (vec![Reason::Stale], vec![Reason::Stale])
    );
}

#[test]
fn tallies_are_signed_and_of_their_aggregator() {
    let tampered = changing("centre", |message: &mut Msg| {
        if let Msg::Tally(tally) = message
            && tally.slot == 1
        {
            tally.parts[0].counters[0] += 1;
        }
    });
    let mut net = grid(10, HOMES, &[]).tamper(tampered);
    slots(&mut net, 2);
    assert_eq!(net.rejects("centre"), [Reason::BadSignature; 3]);
    assert!(field(&net, "estimated", "slot").is_empty());
    slots(&mut net, 3);
    assert_eq!(field(&net, "estimated", "slot"), [Value::U64(2)]);
    let tally = sent(&net, "agg-0")
        .into_iter()
        .find(|message| matches!(message, Msg::Tally(_)))
        .expect("a tally");
    net.inject("centre", Address::Host(HostAddr(1003)), &encode(&tally), Duration::ZERO);
    net.inject("centre", Address::Host(HostAddr(10)), &encode(&tally), Duration::ZERO);
    slots(&mut net, 4);
    assert_eq!(net.rejects("centre")[3..], [Reason::WrongLocation, Reason::Stale]);
}

/// An aggregator whose key somebody has: nothing that it signs makes the centre count what cannot be, or search for long.
#[test]
fn a_dishonest_tally_is_all_or_nothing() {
    let planned = setup(23, HOMES, &[("beside", "both".into()), ("beside_every", 1u64.into())]);
    let key = Issued::new(&planned).expect("sets up").key("agg-0");
    type Bend = fn(&mut Tally);
    let bent: [(Bend, Option<Reason>); 8] = [
        (|_| {}, None),
        (
            |tally| tally.parts.push(tally.parts[0].clone()),
            Some(Reason::Malformed),
        ),
        (|tally| tally.parts[0].n = 1000, Some(Reason::Unexpected)),
        (|tally| tally.parts[0].counters.push(1), Some(Reason::Malformed)),
        (|tally| tally.parts[0].level = 9, Some(Reason::Unexpected)),
        (|tally| tally.who[0].bits = vec![255; 100], Some(Reason::Malformed)),
        (
            |tally| tally.exact = vec![tally.exact[0].clone(); 1000],
            Some(Reason::Malformed),
        ),
        (|tally| tally.exact[0].ciphers = u64::MAX, Some(Reason::Malformed)),
    ];
    for (bend, why) in bent {
        let key = key.clone();
        let mut net = Net::deploy(&PROTOCOL, &planned).expect("sets up");
        net = net.tamper(changing("centre", move |message: &mut Msg| {
            if let Msg::Tally(tally) = message {
                bend(tally);
                tally.signature = key.sign(domain::TALLY, &tally.statement());
            }
        }));
        slots(&mut net, 2);
        assert_eq!(net.rejects("centre").first().copied(), why);
        assert_eq!(field(&net, "estimated", "slot").is_empty(), why.is_some(), "{why:?}");
    }
}

#[test]
fn meters_of_an_aggregator_that_fails_turn_to_another() {
    let size = Size {
        aggregators: 2,
        ..HOMES
    };
    let dead = Time::from_secs(3 * SLOT);
    let mut net = grid(11, size, &[("method", "fresh".into()), ("window", 1u64.into())]).tamper(
        move |transit: &mut Transit<'_>| {
            let gone = transit.sender == "agg-0" || transit.receiver == "agg-0";
            if gone && transit.at >= dead {
                Fate::Drop
            } else {
                Fate::Pass
            }
        },
    );
    slots(&mut net, 9);
    assert_eq!(field(&net, "aggregator_changed", "to").len(), 12);
    let counted: Vec<f64> = field(&net, "estimated", "reports").iter().map(number).collect();
    assert_eq!(counted[..2], [12.0, 12.0]);
    assert_eq!(counted.last(), Some(&12.0));
    // Nobody is counted twice, and no budget overrun.
    assert!(counted.iter().all(|n| *n <= 12.0) && field(&net, "reported_twice", "slot").is_empty());
    assert_eq!(figure(&net, "budget_spent_max"), Value::F64(2.0));
}

#[test]
fn a_clock_that_jumps_costs_reports_and_no_budget() {
    let mut net = grid(12, HOMES, &[]);
    slots(&mut net, 4);
    net.node("home-0").set_clock(3_600_000_000_000);
    net.node("home-1").set_clock(-25_000_000_000);
    slots(&mut net, 12);
    for home in ["home-0", "home-1"] {
        assert!(net.rejects(home).contains(&Reason::Stale), "{home}");
        net.node(home).set_clock(0);
    }
    slots(&mut net, 24);
    for home in ["home-0", "home-1"] {
        assert!(reports(&net, home).iter().any(|report| report.slot > 16), "{home}");
    }
    assert!(number(&figure(&net, "budget_spent_max")) <= 2.0);
}

/// The centre's clock is set ahead by an hour: the slots between are not opened all at once.
#[test]
fn a_centre_that_jumps_opens_the_slot_that_it_is() {
    let mut net = grid(20, HOMES, &[]);
    slots(&mut net, 3);
    net.node("centre").set_clock(3_600_000_000_000);
    slots(&mut net, 8);
    let opened = field(&net, "price_set", "slot").len();
    assert!((5..=9).contains(&opened), "{opened}");
    assert!(number(&figure(&net, "budget_spent_max")) <= 2.0);
}

#[test]
fn a_budget_that_is_spent_is_an_event_and_no_silence() {
    for method in ["1bit-mean", "l-sue", "l-osue", "l-grr", "dbitflip", "loloha"] {
        let changes = [
            ("method", method.into()),
            ("life_budget", 2.0.into()),
            ("levels", 12u64.into()),
        ];
        let mut net = grid(13, HOMES, &changes);
        slots(&mut net, 40);
        assert!(number(&figure(&net, "budgets_exhausted")) > 20.0, "{method}");
        assert!(number(&figure(&net, "budget_spent_max")) <= 2.0, "{method}");
        let counted = field(&net, "estimated", "reports");
        assert_eq!((counted.len(), counted.last()), (39, Some(&Value::U64(12))), "{method}");
    }
}

#[test]
fn comparators_agree_and_cost_more() {
    let changes = [("beside", "both".into()), ("beside_every", 2u64.into())];
    let size = Size { solar: 3, ..HOMES };
    let mut net = grid(14, size, &changes);
    slots(&mut net, 5);
    quiet(&net, size);
    // Slots 2 and 4, of two streams.
    assert_eq!(
        (figure(&net, "sums_compared"), figure(&net, "sums_agree")),
        (Value::U64(4), Value::U64(4))
    );
    let bytes = ["report_bytes", "plain_bytes", "elgamal_bytes"].map(|name| number(&figure(&net, name)));
    assert!(bytes[0] < bytes[1] && bytes[1] + 80.0 < bytes[2], "{bytes:?}");
    let sums: Vec<f64> = field(&net, "compared", "plain_w").iter().map(number).collect();
    assert!(
        sums[0] > 500.0 && field(&net, "compared", "plain_reports")[0] == Value::U64(12),
        "{sums:?}"
    );
}

#[test]
fn meters_report_over_the_air_and_through_loss() {
    let size = Size {
        aggregators: 2,
        air: true,
        ..HOMES
    };
    let mut net = grid(15, size, &[]).air(Channel::lossy(0.2).jittering(Duration::from_millis(20)));
    slots(&mut net, 21);
    let counted: f64 = field(&net, "estimated", "reports").iter().map(number).sum();
    assert!(counted > 45.0, "{counted}");
    assert!(number(&figure(&net, "budget_spent_max")) <= 2.0);
}

#[test]
fn charging_stations_respond_to_the_price() {
    let size = Size { stations: 10, ..HOMES };
    let energy = |base: u64| {
        let changes = [
            ("price", "time-of-use".into()),
            ("base_price", base.into()),
            ("peak_price", 900u64.into()),
            ("peak_from", 0.0.into()),
            ("peak_until", 24.0.into()),
        ];
        let mut net = grid(16, size, &changes);
        slots(&mut net, 60);
        net.events("metered")
            .filter(|(record, _)| record.node.starts_with("charger"))
            .map(|(_, fields)| number(&fields[1].1))
            .sum::<f64>()
    };
    // The same price as the base, and three times as much.
    let (cheap, dear) = (energy(900), energy(300));
    assert!(dear < 0.9 * cheap && dear > 0.0, "{dear} {cheap}");
}

#[test]
fn users_choose_how_private_they_are() {
    let size = Size { homes: 80, ..HOMES };
    let mut net = grid(
        17,
        size,
        &[
            ("privacy_levels", "50%@1, 50%@4".into()),
            ("method", "fresh".into()),
            ("window", 1u64.into()),
        ],
    );
    slots(&mut net, 4);
    let spent: Vec<f64> = field(&net, "reported", "spent").iter().map(number).collect();
    let private = spent.iter().filter(|spent| **spent == 1.0).count();
    assert!(
        private > 60 && spent.iter().filter(|spent| **spent == 4.0).count() > 60,
        "{private}"
    );
    // With levels the interval is narrower than with the most private alone, and wider than with the least.
    let radius = |levels: &str| {
        let mut net = grid(
            17,
            size,
            &[
                ("privacy_levels", levels.into()),
                ("method", "fresh".into()),
                ("window", 1u64.into()),
            ],
        );
        slots(&mut net, 4);
        number(&field(&net, "estimated", "radius_w")[1])
    };
    let (one, four, both) = (
        radius("100%@1"),
        radius("100%@4"),
        number(&field(&net, "estimated", "radius_w")[1]),
    );
    assert!(four < both && both < one, "{four} {both} {one}");
}

#[test]
fn liars_move_the_mean_and_are_the_truth_of_the_log() {
    let run = |lies: &str| {
        let size = Size { homes: 100, ..HOMES };
        let changes = [
            ("false_reports", lies.into()),
            ("false_share", 0.3.into()),
            ("method", "fresh".into()),
        ];
        let mut net = grid(18, size, &changes);
        slots(&mut net, 6);
        let watts: f64 = field(&net, "estimated", "watts").iter().map(number).sum();
        assert_eq!(figure(&net, "feeder_checks"), Value::U64(5));
        let alarms = number(&figure(&net, "feeder_alarms"));
        (watts / 5.0, number(&figure(&net, "false_reports")), alarms)
    };
    let ((honest, none, quiet), (false_, many, loud)) = (run("none"), run("largest"));
    assert!(none == 0.0 && many > 100.0, "{none} {many}");
    // The feeder's head knows better.
    assert!(quiet == 0.0 && loud == 5.0, "{quiet} {loud}");
    assert!(false_ > honest + 30_000.0, "{false_} {honest}");
}

#[test]
fn what_cannot_be_set_up_says_why() {
    let refused = |size: Size, changes: &[(&str, Value)]| {
        let planned = setup(1, size, changes);
        (PROTOCOL.setup)(&planned).err().map(|error| error.0).expect("refused")
    };
    let nobody = Size { homes: 0, ..HOMES };
    assert!(refused(nobody, &[]).contains("no node is a meter"));
    let small = [("method", "lbu".into()), ("window", 1000u64.into())];
    assert!(refused(HOMES, &small).starts_with("window: 1000 slots leave less than 0.01"));
    let single = [("method", "l-grr".into()), ("single_epsilon", 3.0.into())];
    assert!(refused(HOMES, &single).contains("expected less than that of all"));
    let many = [("mechanism", "oue".into()), ("levels", 100u64.into())];
    assert!(refused(HOMES, &many).contains("expected at most 64"));
    assert!(refused(HOMES, &[("profile", "time,a\n0:00,-1\n".into())]).starts_with("profile: line 2, column `a`"));
    assert!(refused(HOMES, &[("profile_columns", "H0-A".into())]).contains("there is none"));
    assert!(refused(HOMES, &[("sessions", "a,b\n1,2\n".into())]).starts_with("sessions: line 1: there is no column"));
    for (name, value) in [
        ("epsilon", 0.0),
        ("epsilon", f64::NAN),
        ("epsilon", 1e9),
        ("single_epsilon", -1.0),
    ] {
        let mut params = roadveil_role::Params::defaults(PROTOCOL.params);
        assert!(
            params.set(PROTOCOL.params, name, Value::F64(value)).is_err(),
            "{name} {value}"
        );
    }
    let mut params = roadveil_role::Params::defaults(PROTOCOL.params);
    assert!(params.set(PROTOCOL.params, "levels", Value::U64(1)).is_err());
}

/// Bytes from outside: whatever arrives is refused or taken, and nobody falls.
#[test]
fn any_bytes_are_borne() {
    let mut net = grid(19, HOMES, &[("beside", "both".into()), ("beside_every", 1u64.into())]);
    let mut flips = 0u64;
    net = net.tamper(move |transit: &mut Transit<'_>| {
        flips += 1;
        if flips.is_multiple_of(3) && !transit.frame.is_empty() {
            let place = (flips as usize * 7919) % (8 * transit.frame.len());
            transit.frame[place / 8] ^= 1 << (place % 8);
        }
        Fate::Pass
    });
    slots(&mut net, 12);
    let heard = sent(&net, "centre");
    assert!(!heard.is_empty() && !net.rejects("agg-0").is_empty() && !net.rejects("centre").is_empty());
    assert!(decode::<Msg>(&[4]).is_err() && decode::<Msg>(&[4, 200]).is_err());
}
