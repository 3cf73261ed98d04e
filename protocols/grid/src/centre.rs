//! The control centre: it calls for reports, estimates load and supply of each region from counts, and sets the price.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use roadveil_crypto::{Op, P256SigningKey};
use roadveil_ldp::plan::{Ask, Plan, Release, Share};
use roadveil_ldp::{Estimate, Tally as Counted};
use roadveil_role::{Actor, Address, Cx, Reason, Time, Timer, encode};

use crate::aggregator::settle;
use crate::counting::Toolbox;
use crate::elgamal::{self, Secret};
use crate::messages::{Asked, Call, Exact, Msg, Part, Taken, Tally, domain};
use crate::meter::part;
use crate::params::Config;
use crate::roster::{Roster, Stream};

const OPEN: Timer = Timer(1);
const AGAIN: Timer = Timer(2);
const SETTLE: Timer = Timer(3);

/// How many deviations, and a ramp, a mean may move before there is an alarm.
const DEVIATIONS: f64 = 4.0;

/// Of so many who are asked one must have reported, or there is no estimate.
const QUORUM: u64 = 4;

/// What is known of a round of a slot.
#[derive(Clone, Debug)]
struct Round {
    slot: u64,
    round: u8,
    frame: Arc<[u8]>,
    asks: BTreeMap<u16, Ask>,
    counted: BTreeMap<u16, BTreeMap<u8, Counted>>,
    who: BTreeMap<u16, Vec<u8>>,
    /// Whose tallies were taken.
    taken: Vec<u16>,
    /// What meters at the heads of feeders read, by region.
    feeders: BTreeMap<u16, i64>,
    exact: BTreeMap<u16, Summed>,
}

/// Sums of the comparators of a stream.
#[derive(Clone, Copy, Debug, Default)]
struct Summed {
    plain: (u64, u64),
    ciphers: (u64, u64),
    failed: bool,
}

/// The control centre's role.
#[derive(Clone, Debug)]
pub struct Centre {
    key: Arc<P256SigningKey>,
    secret: Secret,
    roster: Arc<Roster>,
    config: Arc<Config>,
    tools: Arc<Toolbox>,
    plans: Vec<Plan>,
    price: u32,
    /// What was released last of each stream.
    released: BTreeMap<u16, Estimate>,
    last_slot: Option<u64>,
    round: Option<Round>,
}

impl Centre {
    /// The centre of a roster.
    pub fn new(
        key: Arc<P256SigningKey>,
        secret: Secret,
        roster: Arc<Roster>,
        config: Arc<Config>,
        tools: Arc<Toolbox>,
    ) -> Centre {
        let plan = |stream: &Stream| Plan::new(config.way.method(), config.window, stream.meters);
        Centre {
            plans: roster.streams.iter().map(plan).collect(),
            price: config.price.first(),
            key,
            secret,
            roster,
            config,
            tools,
            released: BTreeMap::new(),
            last_slot: None,
            round: None,
        }
    }

    fn slot(&self, now: Time) -> u64 {
        (u128::from(now.0) / self.config.slot.as_nanos().max(1)) as u64
    }

    fn begin(&self, slot: u64) -> Time {
        let nanos = u128::from(slot) * self.config.slot.as_nanos() + self.config.part(20).as_nanos();
        Time(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Opens a slot: who is asked follows from the plans.
    fn open(&mut self, cx: &mut Cx<'_>, slot: u64) {
        cx.timer_at(self.begin(slot + 1), OPEN);
        // A clock that was set back: no slot is opened twice, or its meters would be asked twice.
        if self.last_slot.is_some_and(|last| slot <= last) {
            return;
        }
        self.last_slot = Some(slot);
        let everybody = self.config.way.remembers() || self.config.way == crate::way::Way::Fresh;
        let meters = self.roster.streams.iter().map(|stream| stream.meters);
        let asks = (0..)
            .zip(self.plans.iter_mut().zip(meters))
            .filter_map(|(number, (plan, meters))| {
                let all = Ask {
                    share: Share::ALL,
                    first: 0,
                    count: meters,
                };
                let ask = if everybody { Some(all) } else { plan.open(slot) };
                Some((number, ask?))
            });
        let asks = asks.collect();
        self.call(cx, slot, 0, asks);
    }

    /// Calls for reports.
    fn call(&mut self, cx: &mut Cx<'_>, slot: u64, round: u8, asks: BTreeMap<u16, Ask>) {
        let config = &self.config;
        let asked = asks.iter().map(|(stream, ask)| Asked {
            stream: *stream,
            share: ask.share.0,
            first: ask.first,
            count: ask.count,
        });
        let compares = config.plaintext || config.elgamal;
        let mut call = Call {
            slot,
            round,
            issued: cx.now().as_millis(),
            price: self.price,
            asked: asked.collect(),
            beside: compares && round == 0 && slot.is_multiple_of(config.beside_every),
            signature: roadveil_crypto::ByteArray([0; 64]),
        };
        cx.meter().add(Op::EcdsaSign, 1);
        call.signature = self.key.sign(domain::CALL, &call.statement());
        cx.anticipate(call.check(&self.roster.centre_key));
        self.round = Some(Round {
            slot,
            round,
            frame: encode(&Msg::Call(call)).into(),
            asks,
            counted: BTreeMap::new(),
            who: BTreeMap::new(),
            taken: Vec::new(),
            feeders: BTreeMap::new(),
            exact: BTreeMap::new(),
        });
        self.send(cx);
        // Wires lose packets, too.
        cx.timer(config.part(part::RETRY), AGAIN);
        cx.timer(settle(config), SETTLE);
    }

    fn send(&self, cx: &mut Cx<'_>) {
        let Some(round) = &self.round else { return };
        for aggregator in &self.roster.aggregators {
            cx.send_bytes(Address::Host(aggregator.host), round.frame.clone());
        }
    }

    fn tally(&mut self, cx: &mut Cx<'_>, from: Address, tally: &Tally) -> Result<(), Reason> {
        let aggregator = self
            .roster
            .aggregators
            .get(usize::from(tally.aggregator))
            .ok_or(Reason::UnknownKey)?;
        if from != Address::Host(aggregator.host) {
            return Err(Reason::WrongLocation);
        }
        let round = self
            .round
            .as_ref()
            .filter(|round| (round.slot, round.round) == (tally.slot, tally.round));
        let round = round.ok_or(Reason::Stale)?;
        if !cx.check(&tally.check(&aggregator.key)).is_valid() {
            return Err(Reason::BadSignature);
        }
        if !round.taken.contains(&tally.aggregator) {
            self.count(cx, tally)?;
        }
        let mut taken = Taken {
            aggregator: tally.aggregator,
            slot: tally.slot,
            round: tally.round,
            signature: roadveil_crypto::ByteArray([0; 64]),
        };
        cx.meter().add(Op::EcdsaSign, 1);
        taken.signature = self.key.sign(domain::TAKEN, &taken.statement());
        cx.send(from, &Msg::Taken(taken));
        Ok(())
    }

    /// Adds a tally to the round; all of it or nothing.
    fn count(&mut self, cx: &mut Cx<'_>, tally: &Tally) -> Result<(), Reason> {
        let Some(round) = &self.round else {
            return Err(Reason::Stale);
        };
        let mut counted = round.counted.clone();
        let mut parts: BTreeMap<(u16, u8), &Part> = BTreeMap::new();
        for part in &tally.parts {
            if parts.insert((part.stream, part.level), part).is_some() {
                return Err(Reason::Malformed);
            }
            let empty = self.empty(round, part).ok_or(Reason::Unexpected)?;
            let sum = counted
                .entry(part.stream)
                .or_default()
                .entry(part.level)
                .or_insert(empty);
            let part = Counted {
                n: part.n,
                counters: part.counters.clone(),
            };
            sum.merge(&part).map_err(|_| Reason::Malformed)?;
        }
        let mut who = round.who.clone();
        let mut twice = 0;
        for part in &tally.who {
            let count = round.asks.get(&part.stream).map_or(0, |ask| ask.count as usize);
            if part.bits.len() > count.div_ceil(8) {
                return Err(Reason::Malformed);
            }
            let all = who.entry(part.stream).or_default();
            all.resize(all.len().max(part.bits.len()), 0);
            for (all, bits) in all.iter_mut().zip(&part.bits) {
                twice += u64::from((*all & bits).count_ones());
                *all |= bits;
            }
        }
        if twice > 0 {
            // A meter with sessions at two aggregators: its owner has copied its key. Both reports are counted, and it shows.
            cx.emit(
                "reported_twice",
                [("slot", tally.slot.into()), ("meters", twice.into())],
            );
        }
        let mut exact = round.exact.clone();
        let compared: BTreeSet<u16> = tally.exact.iter().map(|part| part.stream).collect();
        let whose: BTreeSet<u16> = tally.who.iter().map(|part| part.stream).collect();
        if compared.len() < tally.exact.len() || whose.len() < tally.who.len() {
            return Err(Reason::Malformed);
        }
        for part in &tally.exact {
            let stream = self
                .roster
                .streams
                .get(usize::from(part.stream))
                .ok_or(Reason::Unexpected)?;
            if part.ciphers.max(part.plain.0) > u64::from(stream.meters) {
                return Err(Reason::Malformed);
            }
            self.sum(cx, exact.entry(part.stream).or_default(), part, stream);
        }
        if let Some(round) = &mut self.round {
            round.counted = counted;
            round.who = who;
            round.exact = exact;
            round.taken.push(tally.aggregator);
            if let Some(watts) = tally.feeder {
                round.feeders.insert(tally.aggregator, watts);
            }
        }
        Ok(())
    }

    /// Nothing counted yet, of what a part may be of: its stream was asked, and its level exists.
    fn empty(&self, round: &Round, part: &Part) -> Option<Counted> {
        let ask = round.asks.get(&part.stream)?;
        let quantity = self.roster.streams.get(usize::from(part.stream))?.quantity;
        let exists = part.level < self.tools.levels(quantity) && part.n <= u64::from(ask.count);
        let counting = self
            .tools
            .counting(quantity, part.level, ask.share)
            .filter(|_| exists)?;
        Some(counting.tally())
    }

    /// Adds sums of the comparators; the encrypted one is opened.
    fn sum(&self, cx: &mut Cx<'_>, sum: &mut Summed, part: &Exact, stream: &Stream) {
        sum.plain.0 = sum.plain.0.saturating_add(part.plain.0);
        sum.plain.1 = sum.plain.1.saturating_add(part.plain.1);
        sum.ciphers.0 = sum.ciphers.0.saturating_add(part.ciphers);
        if let Some(cipher) = &part.cipher {
            cx.meter().charge(elgamal::DECODING);
            cx.meter().charge(elgamal::DECRYPTION);
            // Readings are within their range: no search beyond. A float cast saturates.
            let most = libm::ceil(self.config.ranges[stream.quantity.index()]) as u64;
            match self.secret.open(cipher, part.ciphers.saturating_mul(most)) {
                Some(watts) => sum.ciphers.1 = sum.ciphers.1.saturating_add(watts),
                None => sum.failed = true,
            }
        }
    }

    /// Ends a round: with another, where a method asks first whether the mean has moved, or with what is known.
    fn settle(&mut self, cx: &mut Cx<'_>) {
        let Some(round) = self.round.take() else { return };
        let adaptive = self.config.way.method().is_adaptive() && !self.config.way.remembers();
        for (stream, sum) in &round.exact {
            self.compared(cx, round.slot, *stream, *sum);
        }
        let found = self.found(&round);
        if !adaptive || round.round > 0 {
            self.release(cx, &round, &found);
            return;
        }
        let (tools, streams) = (self.tools.clone(), self.roster.clone());
        let mut asks = BTreeMap::new();
        for (number, plan) in (0u16..).zip(&mut self.plans) {
            let Some(stream) = streams.streams.get(usize::from(number)) else {
                continue;
            };
            let seen = found.get(&number).copied();
            let variance = |share, count| tools.variance(stream.quantity, share, count);
            if let Some(ask) = plan.look(round.slot, seen, variance) {
                asks.insert(number, ask);
            }
        }
        if asks.is_empty() {
            let asks = Round { asks, ..round };
            self.release(cx, &asks, &BTreeMap::new());
        } else {
            self.call(cx, round.slot, 1, asks);
        }
    }

    /// Estimates of the streams that were asked.
    fn found(&self, round: &Round) -> BTreeMap<u16, Estimate> {
        let found = round.counted.iter().filter_map(|(number, tallies)| {
            let stream = self.roster.streams.get(usize::from(*number))?;
            let ask = round.asks.get(number)?;
            // A few of many may be those whom something befell, and are worth little: what was known before holds.
            let reports: u64 = tallies.values().map(|tally| tally.n).sum();
            if QUORUM * reports < u64::from(ask.count) {
                return None;
            }
            Some((*number, self.tools.pooled(stream.quantity, ask.share, tallies)?))
        });
        found.collect()
    }

    fn compared(&self, cx: &mut Cx<'_>, slot: u64, stream: u16, sum: Summed) {
        cx.emit(
            "compared",
            [
                ("slot", slot.into()),
                ("stream", u64::from(stream).into()),
                ("plain_reports", sum.plain.0.into()),
                ("plain_w", sum.plain.1.into()),
                ("cipher_reports", sum.ciphers.0.into()),
                ("cipher_w", sum.ciphers.1.into()),
                ("failed", sum.failed.into()),
            ],
        );
    }

    /// Says what is known of a slot, and sets the price of the next.
    fn release(&mut self, cx: &mut Cx<'_>, round: &Round, found: &BTreeMap<u16, Estimate>) {
        let mut net = Some(0.0);
        let roster = self.roster.clone();
        for (number, stream) in (0u16..).zip(&roster.streams) {
            let Some(plan) = self.plans.get_mut(usize::from(number)) else {
                continue;
            };
            let release = plan.settle(round.slot, found.get(&number).copied());
            let Some(estimate) = release.estimate else {
                net = None;
                continue;
            };
            let sign = if stream.quantity.is_supply() { -1.0 } else { 1.0 };
            net = net.map(|net| net + sign * estimate.mean * self.range(stream));
            self.say(cx, round, number, stream, &release, &estimate);
            if release.fresh {
                let last = self.released.insert(number, estimate);
                if last.is_some_and(|last| jumped(&last, &estimate, self.config.ramp)) {
                    cx.emit(
                        "jump_noticed",
                        [("slot", round.slot.into()), ("stream", u64::from(number).into())],
                    );
                }
            }
        }
        self.hold_against_feeders(cx, round, found);
        self.price = self.config.price.price(net, self.config.calendar.hour(round.slot + 1));
        let (slot, price) = (
            ("slot", (round.slot + 1).into()),
            ("price", u64::from(self.price).into()),
        );
        match net {
            Some(net) => cx.emit("price_set", [slot, price, ("net_w", net.into())]),
            None => cx.emit("price_set", [slot, price]),
        }
        cx.step("release", round.slot);
    }

    /// What all meters of a stream have at most, watts.
    fn range(&self, stream: &Stream) -> f64 {
        self.config.ranges[stream.quantity.index()] * f64::from(stream.meters)
    }

    /// Records what is known of a stream: of this slot, or of an earlier one that is held.
    fn say(
        &self,
        cx: &mut Cx<'_>,
        round: &Round,
        number: u16,
        stream: &Stream,
        release: &Release,
        estimate: &Estimate,
    ) {
        let reports: u64 = round
            .counted
            .get(&number)
            .map_or(0, |levels| levels.values().map(|tally| tally.n).sum());
        let region = self.roster.aggregators.get(usize::from(stream.region));
        let range = self.range(stream);
        cx.emit(
            "estimated",
            [
                ("slot", round.slot.into()),
                (
                    "region",
                    region.map_or_else(String::new, |region| region.name.clone()).into(),
                ),
                ("quantity", stream.quantity.role().into()),
                ("stream", u64::from(number).into()),
                ("watts", (estimate.mean * range).into()),
                ("radius_w", (estimate.radius() * range).into()),
                ("fresh", release.fresh.into()),
                ("reports", reports.into()),
                (
                    "asked",
                    round.asks.get(&number).map_or(0, |ask| u64::from(ask.count)).into(),
                ),
            ],
        );
    }
}

impl Centre {
    /// Holds the estimates of each region against what its feeder says: an alarm where they are apart by more than chance allows.
    fn hold_against_feeders(&self, cx: &mut Cx<'_>, round: &Round, found: &BTreeMap<u16, Estimate>) {
        for (region, read) in &round.feeders {
            let (mut net, mut variance, mut whole) = (0.0, 0.0, true);
            for (number, stream) in (0u16..)
                .zip(&self.roster.streams)
                .filter(|(_, stream)| stream.region == *region)
            {
                let Some(estimate) = found.get(&number) else {
                    whole = false;
                    continue;
                };
                let range = self.range(stream);
                let sign = if stream.quantity.is_supply() { -1.0 } else { 1.0 };
                net += sign * estimate.mean * range;
                variance += estimate.variance * range * range;
            }
            // Of estimates that are older, or missing, nothing can be said.
            if !whole {
                continue;
            }
            let (off, deviation) = (net - *read as f64, libm::sqrt(variance.max(0.0)));
            let alarm = off.abs() > DEVIATIONS * deviation;
            let region = self.roster.aggregators.get(usize::from(*region));
            cx.emit(
                "feeder_compared",
                [
                    ("slot", round.slot.into()),
                    (
                        "region",
                        region.map_or_else(String::new, |region| region.name.clone()).into(),
                    ),
                    ("off_w", off.into()),
                    ("deviation_w", deviation.into()),
                    ("alarm", alarm.into()),
                ],
            );
        }
    }
}

/// Has a mean moved by more than chance and a ramp allow?
fn jumped(last: &Estimate, now: &Estimate, ramp: f64) -> bool {
    let deviation = libm::sqrt(last.variance.max(0.0) + now.variance.max(0.0));
    (now.mean - last.mean).abs() > DEVIATIONS * deviation + ramp
}

impl Actor for Centre {
    type Msg = Msg;

    fn start(&mut self, cx: &mut Cx<'_>) {
        self.round = None;
        cx.state("estimating");
        // Slot 0 is for registrations.
        let next = self.slot(cx.now()) + 1;
        cx.timer_at(self.begin(next), OPEN);
    }

    fn receive(&mut self, cx: &mut Cx<'_>, from: Address, message: &Msg) -> Result<(), Reason> {
        match message {
            Msg::Tally(tally) => self.tally(cx, from, tally),
            _ => Err(Reason::Unexpected),
        }
    }

    fn wake(&mut self, cx: &mut Cx<'_>, timer: Timer, due: Time) {
        match timer {
            // A clock that was set ahead: no slot is opened that has passed.
            OPEN => self.open(cx, self.slot(due).max(self.slot(cx.now()))),
            AGAIN => self.send(cx),
            SETTLE => self.settle(cx),
            _ => {}
        }
    }
}
