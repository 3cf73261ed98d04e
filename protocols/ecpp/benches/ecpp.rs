//! What ECPP costs on this host: the key issue by side and step, certificates, messages, and a role's own work.
//!
//! `cargo bench -p roadveil-ecpp`

use std::sync::Arc;

use divan::{Bencher, black_box};
use rand_core::SeedableRng;
use roadveil_crypto::schnorr::{self, BatchItem, verify_batch};
use roadveil_crypto::{Check, G1Bytes, Host, PreparedKey, SecretBytes, Signature, SigningKey, Verdict, zss};
use roadveil_ecpp::PROTOCOL;
use roadveil_ecpp::cert::{Certificate, Masks};
use roadveil_ecpp::messages::{Credential, Msg};
use roadveil_ecpp::setup::Issued;
use roadveil_ecpp::sigma1::Claim;
use roadveil_ecpp::system::{Validity, domain};
use roadveil_role::cx::Loan;
use roadveil_role::service::Peers;
use roadveil_role::testkit::{Net, What};
use roadveil_role::{
    Address, Checker, Cx, Effect, Fix, HostAddr, Inbound, LinkAddr, NodeSpec, Params, Role, Setup, Streams, Time,
};
use roadveil_role::{Deployment, decode, encode};

fn main() {
    divan::main();
}

fn setup() -> Setup {
    let node = |name: &str, role: &str, host, x| NodeSpec {
        name: name.to_owned(),
        host,
        radio: role != "ta",
        place: Some((x, 0.0)),
        roles: vec![role.to_owned()],
    };
    let nodes = vec![
        node("ta", "ta", Some(HostAddr(1)), 0.0),
        node("rsu-0", "rsu", Some(HostAddr(2)), 0.0),
        node("car-0", "obu", None, 10.0),
        node("car-1", "obu", None, 20.0),
    ];
    Setup {
        seed: 1,
        params: Params::defaults(PROTOCOL.params),
        nodes,
    }
}

const LASTS: Validity = Validity { from: 0, until: 60_000 };

/// Keys, and a stream.
struct Keys {
    issued: Issued,
    short: SigningKey,
    rng: roadveil_role::Stream,
}

fn keys() -> Keys {
    let mut rng = roadveil_role::Stream::from_seed([1; 32]);
    Keys {
        issued: Issued::new(&setup()).expect("sets up"),
        short: SigningKey::random(&mut rng),
        rng,
    }
}

/// Answers checks as the emulator does for the first who asks, or as it does for all others.
enum Desk<'a> {
    Computes(&'a Host),
    Knows,
}

impl Checker for Desk<'_> {
    fn check(&mut self, check: &Check) -> Verdict {
        match self {
            Desk::Computes(host) => check.answer(host),
            Desk::Knows => Verdict::Valid,
        }
    }
}

/// One callback of a role, with the jobs that it hands over.
fn receive(
    role: &mut dyn Role,
    streams: &mut Streams,
    desk: &mut Desk<'_>,
    now: Time,
    from: Address,
    frame: &Inbound,
) -> Vec<Effect> {
    let mut effects = Vec::new();
    let fix = Fix::default();
    let loan = Loan {
        now,
        fix: &fix,
        link_addr: LinkAddr::local([1; 6]),
        host: None,
        streams,
    };
    let mut cx = Cx::new(loan, desk, &mut effects, Peers::default());
    role.receive(&mut cx, from, frame);
    cx.finish();
    for effect in &effects {
        match effect {
            Effect::Send { frame, .. } => assert!(frame.bytes().is_ok()),
            Effect::EmitLater { fields, .. } => assert!(!fields.get().is_empty()),
            _ => {}
        }
    }
    effects
}

/// The frames that reached a node in a run, with their times.
struct Tape(Vec<(Time, Address, Arc<[u8]>)>);

impl Tape {
    fn of(node: &str) -> Tape {
        let mut net = Net::deploy(&PROTOCOL, &setup()).expect("sets up");
        net.run_until(Time::from_secs(8));
        let frames = net
            .records()
            .iter()
            .filter(|record| record.node == node)
            .filter_map(|record| match &record.what {
                What::Received { from, frame } => Some((record.at, *from, frame.clone())),
                _ => None,
            });
        Tape(frames.collect())
    }

    fn first(&self, wanted: fn(&Msg) -> bool) -> usize {
        let is = |frame: &Arc<[u8]>| decode(frame).is_ok_and(|message| wanted(&message));
        self.0.iter().position(|(_, _, frame)| is(frame)).expect("it arrived")
    }
}

/// A role that has heard everything on its tape before `frame`.
fn prepared(node: &str, role: &str, tape: &Tape, frame: usize, host: &Host) -> (Box<dyn Role>, Streams) {
    let mut issued = Issued::new(&setup()).expect("sets up");
    let mut role_of = issued.role(node, role).expect("has the role");
    let mut streams = Streams::new(1, node, role);
    for (at, from, frame) in &tape.0[..frame] {
        receive(
            role_of.as_mut(),
            &mut streams,
            &mut Desk::Computes(host),
            *at,
            *from,
            &Inbound::new(frame.clone()),
        );
    }
    (role_of, streams)
}

#[divan::bench(sample_count = 30)]
fn rsu_step_2_res1(bencher: Bencher) {
    step(bencher, "rsu-0", "rsu", |message| matches!(message, Msg::Req1(_)));
}

#[divan::bench(sample_count = 30)]
fn rsu_step_4_res2(bencher: Bencher) {
    step(bencher, "rsu-0", "rsu", |message| matches!(message, Msg::Req2(_)));
}

fn step(bencher: Bencher, node: &'static str, role: &'static str, wanted: fn(&Msg) -> bool) {
    let host = Host::new(1024);
    let tape = Tape::of(node);
    let index = tape.first(wanted);
    let (role, streams) = prepared(node, role, &tape, index, &host);
    let (at, from, frame) = tape.0[index].clone();
    bencher
        .with_inputs(|| (role.clone(), streams.clone(), Host::new(1024)))
        .bench_local_values(|(mut role, mut streams, host)| {
            let effects = receive(
                role.as_mut(),
                &mut streams,
                &mut Desk::Computes(&host),
                at,
                from,
                &Inbound::new(frame.clone()),
            );
            assert!(effects.iter().any(|effect| matches!(effect, Effect::Send { .. })));
            effects
        });
}

#[divan::bench]
fn obu_step_1_r1(bencher: Bencher) {
    use roadveil_crypto::{EphemeralShare, G2, Scalar};
    use roadveil_ecpp::system::Master;
    let Keys { issued, mut rng, .. } = keys();
    let system = issued.authority().system().clone();
    let location = issued.rsu_key("rsu-0").expect("an rsu").location();
    bencher.bench_local(|| {
        let base = G2::generator().mul(&location.scalar(&system)) + *system.public(Master::Rsu);
        let r1 = base.mul(&Scalar::random(&mut rng)).encode();
        (r1, EphemeralShare::random(&mut rng).public())
    });
}

#[divan::bench]
fn obu_step_3_g_to_the_r1(bencher: Bencher) {
    use roadveil_crypto::{Scalar, g1_generator_mul, pairing_product_prepared};
    let Keys { issued, mut rng, .. } = keys();
    let system = issued.authority().system().clone();
    bencher
        .bench_local(|| pairing_product_prepared(&[(g1_generator_mul(&Scalar::random(&mut rng)), system.p_lines())]));
}

#[divan::bench]
fn sigma1_sign(bencher: Bencher) {
    let Keys { issued, short, mut rng } = keys();
    let member = issued.obu_key("car-0").expect("a car");
    let claim = Claim {
        rid: member.rid_bytes(),
        validity: LASTS,
        y: *short.public().bytes(),
    };
    bencher.bench_local(|| claim.sign(issued.authority().system(), member, &SecretBytes::random(&mut rng)));
}

#[divan::bench]
fn sigma1_verify(bencher: Bencher) {
    let Keys { issued, short, mut rng } = keys();
    let member = issued.obu_key("car-0").expect("a car");
    let claim = Claim {
        rid: member.rid_bytes(),
        validity: LASTS,
        y: *short.public().bytes(),
    };
    let sigma1 = claim.sign(issued.authority().system(), member, &SecretBytes::random(&mut rng));
    bencher.bench_local(|| assert!(black_box(&claim).verify(issued.authority().system(), &sigma1)));
}

fn certificate(keys: &mut Keys) -> Certificate {
    let rsu = keys.issued.rsu_key("rsu-0").expect("an rsu");
    let y = *keys.short.public().bytes();
    Certificate::issue(
        keys.issued.authority().system(),
        rsu,
        y,
        LASTS,
        &Masks::random(&mut keys.rng),
    )
}

#[divan::bench]
fn certificate_sign(bencher: Bencher) {
    let mut keys = keys();
    bencher.bench_local(|| certificate(&mut keys));
}

#[divan::bench]
fn certificate_verify(bencher: Bencher) {
    let mut keys = keys();
    let certificate = certificate(&mut keys);
    let system = keys.issued.authority().system();
    bencher.bench_local(|| assert!(black_box(&certificate).verify(system)));
}

fn plain_certificate(keys: &mut Keys) -> Certificate {
    let rsu = keys.issued.rsu_key("rsu-0").expect("an rsu");
    let y = *keys.short.public().bytes();
    let draw = SecretBytes::random(&mut keys.rng);
    Certificate::issue_plain(keys.issued.authority().system(), rsu, y, LASTS, &draw)
}

#[divan::bench]
fn plain_certificate_sign(bencher: Bencher) {
    let mut keys = keys();
    bencher.bench_local(|| plain_certificate(&mut keys));
}

#[divan::bench]
fn plain_certificate_verify(bencher: Bencher) {
    let mut keys = keys();
    let certificate = plain_certificate(&mut keys);
    let system = keys.issued.authority().system();
    bencher.bench_local(|| assert!(black_box(&certificate).verify(system)));
}

#[divan::bench]
fn zss_sign(bencher: Bencher) {
    let Keys { short, .. } = keys();
    let message = [7; 309];
    bencher.bench_local(|| zss::sign(&short, domain::ZSS, black_box(&message)));
}

#[divan::bench]
fn zss_verify(bencher: Bencher) {
    let Keys { short, .. } = keys();
    let message = [7; 309];
    let signature = zss::sign(&short, domain::ZSS, &message).expect("has one");
    let key: G1Bytes = *short.public().bytes();
    bencher.bench_local(|| assert!(zss::verify(&key, domain::ZSS, black_box(&message), &signature)));
}

#[divan::bench]
fn message_sign(bencher: Bencher) {
    let Keys { short, mut rng, .. } = keys();
    let message = [7; 309];
    bencher.bench_local(|| short.sign(black_box(&message), domain::MESSAGE, &mut rng));
}

#[divan::bench]
fn message_verify_known_key(bencher: Bencher) {
    let Keys { short, mut rng, .. } = keys();
    let message = [7; 309];
    let signature: Signature = short.sign(&message, domain::MESSAGE, &mut rng);
    let prepared = PreparedKey::new(short.public().bytes()).expect("a key");
    bencher.bench_local(|| {
        assert!(schnorr::verify(
            &prepared,
            domain::MESSAGE,
            black_box(&message),
            &signature
        ))
    });
}

#[divan::bench]
fn message_verify_new_key(bencher: Bencher) {
    let Keys { short, mut rng, .. } = keys();
    let message = [7; 309];
    let signature: Signature = short.sign(&message, domain::MESSAGE, &mut rng);
    let key: G1Bytes = *short.public().bytes();
    bencher.bench_local(|| assert!(schnorr::verify(&key, domain::MESSAGE, black_box(&message), &signature)));
}

#[divan::bench(args = [8, 32, 64])]
fn messages_verify_batch(bencher: Bencher, n: usize) {
    let Keys { mut rng, .. } = keys();
    let message = [7; 309];
    let signed: Vec<_> = (0..n)
        .map(|_| {
            let key = SigningKey::random(&mut rng);
            let signature = key.sign_r(&message, domain::MESSAGE, &mut rng);
            (PreparedKey::new(key.public().bytes()).expect("a key"), signature)
        })
        .collect();
    let item = |(key, signature)| BatchItem {
        key,
        domain: domain::MESSAGE,
        msg: &message,
        signature,
    };
    let items: Vec<_> = signed.iter().map(|(key, signature)| item((key, *signature))).collect();
    bencher
        .counter(divan::counter::ItemsCount::new(n))
        .bench_local(|| assert!(verify_batch(black_box(&items))));
}

/// What grows with the revocation list in ECPP: the RSU's look-up at issue. A message's receiver has no list.
#[divan::bench(args = [0, 10, 100, 1000, 10_000])]
fn rsu_look_up(bencher: Bencher, n: u64) {
    let name = |k: u64| roadveil_crypto::Scalar::from_u64(k.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_bytes();
    let mut list: Vec<_> = (1..=n).map(name).collect();
    list.sort_unstable();
    let rid = name(0);
    bencher.bench_local(|| black_box(&list).binary_search(black_box(&rid)).is_ok());
}

/// A vehicle hears a message under a key that it knows, and somebody has already asked the check: what is left is
/// decoding, the check's digest and the vehicle's own books.
#[divan::bench]
fn hear_known_key_shared_verdict(bencher: Bencher) {
    hear(bencher, false);
}

/// The same with the certificate attached.
#[divan::bench]
fn hear_attached_shared_verdict(bencher: Bencher) {
    hear(bencher, true);
}

fn hear(bencher: Bencher, attached: bool) {
    let host = Host::new(1024);
    let tape = Tape::of("car-0");
    let (mut role, mut streams) = prepared("car-0", "obu", &tape, tape.0.len(), &host);
    let last = tape.0.iter().rev().find(|(_, _, frame)| match decode(frame) {
        Ok(Msg::Safety(message)) => matches!(message.credential, Credential::Certificate(_)) == attached,
        _ => false,
    });
    let (at, from, frame) = last.expect("it was heard").clone();
    let Ok(Msg::Safety(mut message)) = decode(&frame) else {
        panic!("not a safety message")
    };
    let mut sequence = 1000;
    bencher
        .with_inputs(|| {
            sequence += 1;
            message.body.cam.sequence = sequence;
            Inbound::new(encode(&Msg::Safety(message.clone())).into())
        })
        .bench_local_values(|frame| {
            let effects = receive(role.as_mut(), &mut streams, &mut Desk::Knows, at, from, &frame);
            assert!(effects.is_empty(), "{effects:?}");
        });
}
