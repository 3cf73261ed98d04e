//! The on-board unit: it asks RSUs for short-time keys, signs safety messages under them, and checks those of others.

mod batch;
mod epoch;
mod issue;
mod neighbours;
mod petition;
mod places;
mod rsus;
mod safety;
pub(crate) mod signature;
mod thief;
mod watch;

use core::time::Duration;
use std::sync::Arc;

use roadveil_crypto::{Op, SigningKey};
use roadveil_role::service::Signer;
use roadveil_role::{Actor, Address, Cx, LinkAddr, Reason, Time, Timer, encode};

use crate::bucket::Bucket;
use crate::cert::{CertId, Certificate};
use crate::draw;
use crate::emergency::{Emergency, Refused};
use crate::epochs::Epochs;
use crate::keys::{ObuKey, RsuKey};
use crate::messages::{Msg, Safety, SafetyZ, Sigma};
use crate::notes::Heard;
use crate::params::{Config, Lie};
use crate::signed::{self, Signed};
use crate::system::{System, domain};
use crate::view::Standing;
use batch::Waiting;
use issue::{Asking, Next};
use neighbours::Neighbours;
use rsus::Rsus;
use safety::Talk;
use thief::Loot;
use watch::{Lying, Watch};

const BEACON: Timer = Timer(1);
const RETRY: Timer = Timer(2);
const RENEW: Timer = Timer(3);
const EXPIRE: Timer = Timer(4);
const TICK: Timer = Timer(5);
const BATCH: Timer = Timer(6);
const JOINT: Timer = Timer(7);
const EPOCH: Timer = Timer(8);
const STEAL: Timer = Timer(9);

/// Time between two records of what was counted.
const TICK_PERIOD: Duration = Duration::from_secs(1);

/// The OBU's role. What every message that it hears asks for stands first and together, for it is rarely in a cache.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Obu {
    config: Arc<Config>,
    epochs: Epochs,
    neighbours: Neighbours,
    counts: Counts,
    watch: Option<Box<Watch>>,
    talk: Talk,
    pseudonym: Option<Pseudonym>,
    /// For checks of certificates and of RSUs' beacons: forgeries cost their sender nothing, and each check much.
    admissions: Bucket,
    beacons: Bucket,
    /// Its member keys, which it uses in turn.
    members: Vec<Arc<ObuKey>>,
    rsus: Rsus,
    asking: Asking,
    /// The last RSU that was asked said no.
    denied: bool,
    exchanges: u64,
    state: &'static str,
    lying: Option<Lying>,
    /// Messages that wait to be verified together.
    waiting: Vec<Waiting>,
    /// Certificates that are refused before they end.
    emergency: Refused,
    /// For checks of such lists, and of announcements of epochs.
    lists: Bucket,
    /// A key that is used from the next common moment on.
    next: Option<Box<Next>>,
    /// Is it in a mix zone?
    mixing: bool,
    /// A moment of its rhythm.
    beat: Option<Time>,
    /// The key of an RSU, if it has one.
    loot: Option<Box<Loot>>,
}

/// A short-time key with its certificate.
#[derive(Clone, Debug)]
struct Pseudonym {
    key: Arc<SigningKey>,
    certificate: Arc<Certificate>,
    /// The parameters under which it is certified.
    system: Arc<System>,
    id: CertId,
    addr: LinkAddr,
    sequence: u32,
}

/// What is counted, and recorded once a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    sent: u64,
    accepted: u64,
    refused: u64,
    certificates: u64,
}

impl Obu {
    /// An OBU with its member keys: at least one, or it asks for nothing.
    pub fn new(system: Arc<System>, config: Arc<Config>, members: Vec<Arc<ObuKey>>) -> Obu {
        let bucket = Bucket::new(config.certificate_rate);
        let watch = config.reporting.then(|| Box::new(Watch::new(&config)));
        Obu {
            epochs: Epochs::new(system, config.epochs),
            config,
            members,
            rsus: Rsus::default(),
            pseudonym: None,
            asking: Asking::Content,
            denied: false,
            exchanges: 0,
            neighbours: Neighbours::default(),
            admissions: bucket.clone(),
            beacons: bucket.clone(),
            talk: Talk::default(),
            counts: Counts::default(),
            state: "",
            watch,
            lying: None,
            waiting: Vec::new(),
            emergency: Refused::default(),
            lists: bucket,
            next: None,
            mixing: false,
            beat: None,
            loot: None,
        }
    }

    /// An OBU that holds the key of an RSU from then on.
    #[must_use]
    pub fn stealing(mut self, from: Time, key: Arc<RsuKey>) -> Obu {
        let system = self.epochs.current().clone();
        self.loot = Some(Box::new(Loot { from, system, key }));
        self
    }

    /// An OBU that lies in its safety messages from then on.
    #[must_use]
    pub fn lying(mut self, from: Time, lie: Lie) -> Obu {
        let began = false;
        self.lying = Some(Lying { from, lie, began });
        self
    }

    /// Says in which state it is, if that is another than before.
    fn say_state(&mut self, cx: &mut Cx<'_>) {
        let standing = Standing {
            keyed: self.pseudonym.is_some(),
            asking: matches!(self.asking, Asking::Exchanging(_)),
            denied: self.denied,
        };
        let state = standing.name();
        if state != self.state {
            self.state = state;
            cx.state(state);
        }
    }

    fn expire(&mut self, cx: &mut Cx<'_>) {
        if self.next.is_some() {
            // Before the common moment: it cannot go on under the old one.
            return self.use_next(cx);
        }
        if self.pseudonym.take().is_some() {
            cx.cancel(BEACON);
            cx.emit("key_expired", []);
            if matches!(self.asking, Asking::Content) {
                self.want_key(cx);
            }
        }
    }

    /// The pseudonym, if it is valid now.
    fn valid_pseudonym(&mut self, now: Time) -> Option<&mut Pseudonym> {
        self.pseudonym
            .as_mut()
            .filter(|pseudonym| now < pseudonym.certificate.validity.end())
    }

    /// An emergency list. Forged ones cost their sender nothing: so many are checked in a second.
    fn take_emergency(&mut self, cx: &mut Cx<'_>, list: &Emergency) -> Result<(), Reason> {
        if !self.config.emergency {
            return Err(Reason::Unexpected);
        }
        if list.sequence > self.emergency.sequence() && !self.lists.take(cx.now()) {
            return Err(Reason::RateLimited);
        }
        if let Some(entries) = list.accept(cx, &self.epochs, self.emergency.sequence())? {
            self.emergency.take(list.sequence, entries);
            cx.emit("emergency_learnt", [("listed", (entries.len() as u64).into())]);
        }
        Ok(())
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let Counts {
            sent,
            accepted,
            refused,
            certificates,
        } = core::mem::take(&mut self.counts);
        if sent + accepted + refused + certificates > 0 {
            cx.emit(
                "counts",
                [
                    ("sent", sent.into()),
                    ("accepted", accepted.into()),
                    ("refused", refused.into()),
                    ("certificates", certificates.into()),
                ],
            );
        }
        self.neighbours.forget_expired(cx.now());
        self.emergency.forget_over(cx.now(), self.config.freshness);
        self.tend_watch(cx);
        cx.timer(TICK_PERIOD, TICK);
    }
}

impl Actor for Obu {
    type Msg = Heard;

    fn start(&mut self, cx: &mut Cx<'_>) {
        let addr = draw::link_addr(cx.rng("address", 0));
        cx.set_link_addr(addr);
        let phase = draw::below(cx.rng("phase", 0), TICK_PERIOD);
        cx.timer(phase, TICK);
        // After a failure, what was under way is lost, and so is the key.
        self.asking = Asking::Content;
        self.denied = false;
        self.watch = self.watch.take().map(|_| Box::new(Watch::new(&self.config)));
        if self.pseudonym.take().is_some() {
            cx.emit("key_lost", []);
        }
        self.waiting.clear();
        self.next = None;
        self.mixing = false;
        self.talk.renew();
        self.tend_epochs(cx);
        self.await_theft(cx);
        self.want_key(cx);
        self.say_state(cx);
    }

    fn receive(&mut self, cx: &mut Cx<'_>, from: Address, message: &Heard) -> Result<(), Reason> {
        let result = match (from, &message.message) {
            (
                Address::Link(_),
                Msg::Safety(Safety {
                    body,
                    credential,
                    signature,
                }),
            ) => {
                let signature = Sigma::Schnorr(*signature);
                return self.hear(cx, body, credential, signature, &message.notes);
            }
            (
                Address::Link(_),
                Msg::SafetyZ(SafetyZ {
                    body,
                    credential,
                    signature,
                }),
            ) => {
                return self.hear(cx, body, credential, Sigma::Zss(*signature), &message.notes);
            }
            (Address::Link(_), Msg::SafetyR(safety)) => {
                // What is good so far is counted when its batch is verified.
                let result = self.hear_r(cx, safety, &message.notes);
                self.counts.refused += u64::from(result.is_err());
                return result;
            }
            (Address::Link(_), Msg::Beacon(beacon)) => self.rsu_beacon(cx, *beacon),
            (Address::Link(_), Msg::Res1(response)) => self.res1(cx, response),
            (Address::Link(_), Msg::Res2(response)) => self.res2(cx, response),
            (Address::Link(_), Msg::Settled { accused }) => self.report_settled(accused),
            (Address::Link(_), Msg::Emergency(list)) => self.take_emergency(cx, list),
            (Address::Link(_), Msg::Epoch(announcement)) => self.take_epoch(cx, announcement),
            _ => Err(Reason::Unexpected),
        };
        self.say_state(cx);
        result
    }

    fn wake(&mut self, cx: &mut Cx<'_>, timer: Timer, due: Time) {
        match timer {
            BEACON => self.talk(cx, due),
            RETRY => self.retry(cx),
            RENEW => self.want_key(cx),
            EXPIRE => self.expire(cx),
            BATCH => self.verify_batch(cx),
            JOINT => self.use_next(cx),
            EPOCH => self.tend_epochs(cx),
            STEAL => self.certify_itself(cx),
            _ => self.tick(cx),
        }
        self.say_state(cx);
    }

    fn signer(&mut self) -> Option<&mut dyn Signer> {
        Some(self)
    }
}

impl Signer for Obu {
    /// Signs under the short-time key of the moment, apart from safety messages. The result is a [`Signed`], which
    /// brings its certificate: a verifier learns the pseudonym, and nothing else.
    fn sign(&mut self, cx: &mut Cx<'_>, payload: &[u8]) -> Option<Vec<u8>> {
        let now = cx.now();
        let pseudonym = self.valid_pseudonym(now)?;
        cx.meter().add(Op::G1Mul, 1);
        let statement = signed::statement(&pseudonym.id, payload);
        let signature = pseudonym.key.sign(&statement, domain::SERVICE, cx.rng("service", 0));
        Some(encode(&Signed {
            certificate: *pseudonym.certificate,
            signature,
        }))
    }
}
