//! An aggregator: it has a session with each meter of its region, passes calls on, opens reports and counts them, and tells the
//! control centre the counts, and who reported, but not what.

use core::time::Duration;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use roadveil_crypto::{EphemeralShare, Op, P256SigningKey};
use roadveil_ldp::plan::{Ask, Share};
use roadveil_ldp::{Report as Bits, Tally as Counted};
use roadveil_role::{Actor, Address, Cx, LinkAddr, Reason, Time, Timer, encode};

use crate::counting::Toolbox;
use crate::curious::Curious;
use crate::elgamal::{self, Cipher, Sum};
use crate::feeder::Feeder;
use crate::messages::{
    Ack, Asked, Beside, Call, Exact, Msg, Part, Register, Registered, Report, Taken, Tally, Who, domain,
};
use crate::meter::part;
use crate::params::Config;
use crate::roster::{Installed, Roster};
use crate::session::{Place, Session, What};

const CLOSE: Timer = Timer(1);
const AGAIN: Timer = Timer(2);
const RETRY: Timer = Timer(3);

/// How often a tally is sent until the control centre has it.
const TALLIES: u32 = 3;

/// A session with a meter.
#[derive(Clone, Debug)]
struct Open {
    session: Session,
    from: Address,
    /// What it said of itself.
    word: u64,
}

/// A round that is open.
#[derive(Clone, Debug)]
struct Round {
    call: Call,
    until: Time,
    counted: BTreeMap<(u16, u8), Counted>,
    who: BTreeMap<u16, Vec<u8>>,
    /// What each meter said: once.
    said: BTreeMap<u32, Bits>,
    /// Readings of the comparators.
    plain: BTreeMap<u32, u64>,
    ciphers: BTreeMap<u32, Sum>,
    repeated: u64,
}

/// A tally that the control centre has not taken yet.
#[derive(Clone, Debug)]
struct Outgoing {
    slot: u64,
    round: u8,
    frame: Arc<[u8]>,
    tries: u32,
}

/// The aggregator's role.
#[derive(Clone, Debug)]
pub struct Aggregator {
    number: u16,
    link: Option<LinkAddr>,
    key: Arc<P256SigningKey>,
    roster: Arc<Roster>,
    config: Arc<Config>,
    tools: Arc<Toolbox>,
    curious: Option<Curious>,
    feeder: Option<Feeder>,
    /// When each meter registered last: stored, so that no registration is taken twice.
    registered: BTreeMap<u32, u64>,
    sessions: BTreeMap<u32, Open>,
    round: Option<Round>,
    outgoing: Option<Outgoing>,
}

impl Aggregator {
    /// An aggregator of the roster. Nothing if it is not there.
    pub fn new(
        number: u16,
        key: Arc<P256SigningKey>,
        roster: Arc<Roster>,
        config: Arc<Config>,
        tools: Arc<Toolbox>,
        curious: Option<Curious>,
        feeder: Option<Feeder>,
    ) -> Option<Aggregator> {
        Some(Aggregator {
            number,
            link: roster.aggregators.get(usize::from(number))?.link,
            key,
            roster,
            config,
            tools,
            curious,
            feeder,
            registered: BTreeMap::new(),
            sessions: BTreeMap::new(),
            round: None,
            outgoing: None,
        })
    }

    fn register(&mut self, cx: &mut Cx<'_>, from: Address, register: &Register) -> Result<(), Reason> {
        if register.aggregator != self.number {
            // Heard on the air: another's.
            return Ok(());
        }
        let meter = self.roster.meter(register.meter).ok_or(Reason::UnknownKey)?;
        if Time::from_millis(register.time).distance(cx.now()) > self.config.part(part::FRESH) {
            return Err(Reason::Stale);
        }
        if self
            .registered
            .get(&register.meter)
            .is_some_and(|last| register.time <= *last)
        {
            return Err(Reason::Duplicate);
        }
        if !cx.check(&register.check(&meter.key)).is_valid() {
            return Err(Reason::BadSignature);
        }
        let secret = EphemeralShare::random(cx.rng("session", 0));
        cx.meter().add(Op::X25519, 2);
        let shared = secret.agree(&register.share).map_err(|_| Reason::BadElement)?;
        let mut answer = Registered {
            meter: register.meter,
            share: secret.public(),
            signature: roadveil_crypto::ByteArray([0; 64]),
        };
        let statement = answer.statement(register);
        cx.meter().add(Op::EcdsaSign, 1);
        answer.signature = self.key.sign(domain::REGISTERED, &statement);
        self.registered.insert(register.meter, register.time);
        let open = Open {
            session: Session::new(shared, statement),
            from,
            word: register.word,
        };
        self.sessions.insert(register.meter, open);
        cx.send(from, &Msg::Registered(answer));
        // Who comes while a round is open may still take part.
        if let Some(round) = self.round.as_ref().filter(|round| cx.now() < round.until) {
            cx.send(from, &Msg::Call(round.call.clone()));
        }
        Ok(())
    }

    fn call(&mut self, cx: &mut Cx<'_>, from: Address, call: &Call) -> Result<(), Reason> {
        if from != Address::Host(self.roster.centre) {
            // Another aggregator passes it on to its meters.
            return Ok(());
        }
        let here = (call.slot, call.round);
        match self.round.as_ref().map(|round| (round.call.slot, round.call.round)) {
            Some(last) if last == here => return Ok(()),
            Some(last) if here < last => return Err(Reason::Stale),
            _ => {}
        }
        if Time::from_millis(call.issued).distance(cx.now()) > self.config.part(part::FRESH) {
            return Err(Reason::Stale);
        }
        if !cx.check(&call.check(&self.roster.centre_key)).is_valid() {
            return Err(Reason::BadSignature);
        }
        self.close(cx);
        let round = self.config.part(part::ROUND);
        self.round = Some(Round {
            call: call.clone(),
            until: cx.now() + round,
            counted: BTreeMap::new(),
            who: BTreeMap::new(),
            said: BTreeMap::new(),
            plain: BTreeMap::new(),
            ciphers: BTreeMap::new(),
            repeated: 0,
        });
        cx.timer(round, CLOSE);
        let frame: Arc<[u8]> = encode(&Msg::Call(call.clone())).into();
        for open in self
            .sessions
            .values()
            .filter(|open| matches!(open.from, Address::Host(_)))
        {
            cx.send_bytes(open.from, frame.clone());
        }
        if self.link.is_some() {
            cx.send_bytes(Address::Link(LinkAddr::BROADCAST), frame);
            // A broadcast is not acknowledged: once more.
            cx.timer(self.config.part(part::RETRY), AGAIN);
        }
        Ok(())
    }

    /// The meter of a message, its session, and the open round; refused if there is none of them.
    fn opened(&self, meter: u32, slot: u64) -> Result<(&Installed, &Open, &Round), Reason> {
        let installed = self.roster.meter(meter).ok_or(Reason::UnknownKey)?;
        let open = self.sessions.get(&meter).ok_or(Reason::UnknownKey)?;
        let round = self.round.as_ref().ok_or(Reason::Stale)?;
        if round.call.slot != slot {
            return Err(Reason::Stale);
        }
        Ok((installed, open, round))
    }

    fn report(&mut self, cx: &mut Cx<'_>, from: Address, report: &Report) -> Result<(), Reason> {
        if !self.is_mine(cx, report.meter) {
            return Ok(());
        }
        let (installed, open, round) = self.opened(report.meter, report.slot)?;
        if report.round != round.call.round || cx.now() > round.until {
            return Err(Reason::Stale);
        }
        let stream = self.roster.stream_of(installed).copied().ok_or(Reason::UnknownKey)?;
        let asked = *round.call.asks(installed.stream).ok_or(Reason::Unexpected)?;
        let place = Place {
            meter: report.meter,
            slot: report.slot,
            round: report.round,
            what: What::Report,
        };
        let index = place_of(&asked, installed.rank, stream.meters).ok_or(Reason::Unexpected)?;
        let counting = self
            .tools
            .counting(stream.quantity, installed.level, Share(asked.share));
        let counting = counting.ok_or(Reason::Unexpected)?;
        let text = open
            .session
            .open(cx.meter(), place, &report.sealed, counting.bits().div_ceil(8) as usize)
            .map_err(|_| Reason::BadCiphertext)?;
        let bits = counting.from_bytes(&text).ok_or(Reason::Malformed)?;
        let (word, session, key) = (open.word, open.session.clone(), (installed.stream, installed.level));
        let Some(round) = &mut self.round else {
            return Err(Reason::Stale);
        };
        match round.said.get(&report.meter) {
            // The acknowledgement was lost.
            Some(said) if *said == bits => round.repeated += 1,
            Some(_) => return Err(Reason::Duplicate),
            None => {
                let counted = round.counted.entry(key).or_insert_with(|| counting.tally());
                counting.count(word, bits, counted).map_err(|_| Reason::Malformed)?;
                round.said.insert(report.meter, bits);
                let who = round.who.entry(key.0).or_default();
                set(who, index);
                if let (Some(curious), Some(mechanism)) = (&mut self.curious, counting.fresh()) {
                    curious.observe(cx, report.meter, report.slot, stream.quantity, mechanism, bits);
                }
            }
        }
        let sealed = session.seal(
            cx.meter(),
            Place {
                what: What::Ack,
                ..place
            },
            &[],
        );
        let ack = Ack {
            meter: report.meter,
            slot: report.slot,
            round: report.round,
            sealed,
        };
        cx.send(from, &Msg::Ack(ack));
        Ok(())
    }

    /// Has this meter a session here? On the air, messages for other aggregators are heard, too; on the wires nobody else's
    /// come, and what is unknown is refused.
    fn is_mine(&self, cx: &Cx<'_>, meter: u32) -> bool {
        let on_air = self.link.is_some() && cx.host().is_some();
        self.sessions.contains_key(&meter) || !on_air || self.roster.meter(meter).is_none()
    }

    fn beside(&mut self, cx: &mut Cx<'_>, beside: &Beside) -> Result<(), Reason> {
        if !self.is_mine(cx, beside.meter) {
            return Ok(());
        }
        let (_, open, round) = self.opened(beside.meter, beside.slot)?;
        if !round.call.beside || cx.now() > round.until {
            return Err(Reason::Stale);
        }
        let place = Place {
            meter: beside.meter,
            slot: beside.slot,
            round: 0,
            what: if beside.cipher { What::Cipher } else { What::Plain },
        };
        let length = if beside.cipher { Cipher::BYTES } else { 4 };
        let text = open
            .session
            .open(cx.meter(), place, &beside.sealed, length)
            .map_err(|_| Reason::BadCiphertext)?;
        let Some(round) = &mut self.round else {
            return Err(Reason::Stale);
        };
        if beside.cipher {
            let cipher = Cipher::from_bytes(&text).ok_or(Reason::Malformed)?;
            cx.meter().charge(elgamal::DECODING);
            let mut sum = Sum::default();
            sum.add(&cipher).map_err(|_| Reason::BadElement)?;
            once(&mut round.ciphers, beside.meter, sum)
        } else {
            let watts = u32::from_le_bytes(text.try_into().map_err(|_| Reason::Malformed)?);
            once(&mut round.plain, beside.meter, u64::from(watts))
        }
    }

    /// Sums of the comparators over those meters of whom all came that was to come: so that the sums are of the same readings.
    fn exact(&self, round: &Round) -> Vec<Exact> {
        let (plain, elgamal) = (self.config.plaintext, self.config.elgamal);
        let whole = |meter: &u32| {
            (!plain || round.plain.contains_key(meter)) && (!elgamal || round.ciphers.contains_key(meter))
        };
        let meters: BTreeSet<u32> = round
            .plain
            .keys()
            .chain(round.ciphers.keys())
            .copied()
            .filter(whole)
            .collect();
        let mut sums: BTreeMap<u16, (Exact, Sum)> = BTreeMap::new();
        for meter in meters {
            let Some(stream) = self.roster.meter(meter).map(|meter| meter.stream) else {
                continue;
            };
            let none = Exact {
                stream,
                plain: (0, 0),
                ciphers: 0,
                cipher: None,
            };
            let (exact, sum) = sums.entry(stream).or_insert_with(|| (none, Sum::default()));
            if let Some(watts) = round.plain.get(&meter) {
                exact.plain = (exact.plain.0 + 1, exact.plain.1 + watts);
            }
            if let Some(cipher) = round.ciphers.get(&meter) {
                exact.ciphers += 1;
                sum.merge(cipher);
            }
        }
        let ended = |(exact, sum): (Exact, Sum)| Exact {
            cipher: sum.cipher(),
            ..exact
        };
        sums.into_values().map(ended).collect()
    }

    /// Ends the round, and tells the control centre what was counted.
    fn close(&mut self, cx: &mut Cx<'_>) {
        let Some(mut round) = self.round.take_if(|round| round.until != Time::ZERO) else {
            return;
        };
        let exact = self.exact(&round);
        let (slot, price) = (round.call.slot, round.call.price);
        let parts = round.counted.iter().map(|((stream, level), counted)| Part {
            stream: *stream,
            level: *level,
            n: counted.n,
            counters: counted.counters.clone(),
        });
        let who = round.who.iter().map(|(stream, bits)| Who {
            stream: *stream,
            bits: bits.clone(),
        });
        let mut tally = Tally {
            aggregator: self.number,
            slot: round.call.slot,
            round: round.call.round,
            parts: parts.collect(),
            who: who.collect(),
            feeder: self.feeder.as_mut().map(|feeder| feeder.read(slot, price)),
            exact,
            signature: roadveil_crypto::ByteArray([0; 64]),
        };
        cx.emit(
            "round_closed",
            [
                ("slot", tally.slot.into()),
                ("reports", (round.said.len() as u64).into()),
                ("repeated", round.repeated.into()),
            ],
        );
        cx.meter().add(Op::EcdsaSign, 1);
        tally.signature = self.key.sign(domain::TALLY, &tally.statement());
        self.outgoing = Some(Outgoing {
            slot: tally.slot,
            round: tally.round,
            frame: encode(&Msg::Tally(tally)).into(),
            tries: 0,
        });
        // It stays, so that what comes late is known for late.
        round.until = Time::ZERO;
        self.round = Some(round);
        self.tell(cx);
    }

    fn tell(&mut self, cx: &mut Cx<'_>) {
        let Some(outgoing) = self.outgoing.as_mut().filter(|outgoing| outgoing.tries < TALLIES) else {
            return;
        };
        outgoing.tries += 1;
        cx.send_bytes(Address::Host(self.roster.centre), outgoing.frame.clone());
        cx.timer(self.config.part(part::RETRY), RETRY);
    }

    fn taken(&mut self, cx: &mut Cx<'_>, taken: &Taken) -> Result<(), Reason> {
        let here = |outgoing: &Outgoing| (outgoing.slot, outgoing.round) == (taken.slot, taken.round);
        if taken.aggregator != self.number || !self.outgoing.as_ref().is_some_and(here) {
            return Ok(());
        }
        if !cx.check(&taken.check(&self.roster.centre_key)).is_valid() {
            return Err(Reason::BadSignature);
        }
        self.outgoing = None;
        cx.cancel(RETRY);
        Ok(())
    }
}

/// The place of a rank among those that are asked.
fn place_of(asked: &Asked, rank: u32, of: u32) -> Option<usize> {
    let ask = Ask {
        share: Share(asked.share),
        first: asked.first,
        count: asked.count,
    };
    ask.asks(rank, of)
        .then(|| ((u64::from(rank) + u64::from(of) - u64::from(asked.first)) % u64::from(of)) as usize)
}

/// Takes what a meter may say once.
fn once<T>(said: &mut BTreeMap<u32, T>, meter: u32, what: T) -> Result<(), Reason> {
    match said.entry(meter) {
        Entry::Occupied(_) => Err(Reason::Duplicate),
        Entry::Vacant(place) => {
            place.insert(what);
            Ok(())
        }
    }
}

/// Sets a bit.
fn set(bits: &mut Vec<u8>, index: usize) {
    if bits.len() <= index / 8 {
        bits.resize(index / 8 + 1, 0);
    }
    bits[index / 8] |= 1 << (index % 8);
}

impl Actor for Aggregator {
    type Msg = Msg;

    fn start(&mut self, cx: &mut Cx<'_>) {
        self.sessions.clear();
        self.round = None;
        self.outgoing = None;
        if let Some(link) = self.link {
            cx.set_link_addr(link);
        }
        cx.state("serving");
    }

    fn receive(&mut self, cx: &mut Cx<'_>, from: Address, message: &Msg) -> Result<(), Reason> {
        match message {
            Msg::Register(register) => self.register(cx, from, register),
            Msg::Call(call) => self.call(cx, from, call),
            Msg::Report(report) => self.report(cx, from, report),
            Msg::Beside(beside) => self.beside(cx, beside),
            Msg::Taken(taken) => self.taken(cx, taken),
            // What other aggregators say to their meters is heard by all; a tally is for the centre.
            Msg::Registered(_) | Msg::Ack(_) => Ok(()),
            Msg::Tally(_) => Err(Reason::Unexpected),
        }
    }

    fn wake(&mut self, cx: &mut Cx<'_>, timer: Timer, _: Time) {
        match timer {
            CLOSE => self.close(cx),
            AGAIN => {
                if let Some(round) = self.round.as_ref().filter(|round| cx.now() < round.until) {
                    cx.broadcast(&Msg::Call(round.call.clone()));
                }
            }
            RETRY => self.tell(cx),
            _ => {}
        }
    }
}

/// How long after a call the centre waits for tallies.
pub(crate) fn settle(config: &Config) -> Duration {
    config.part(part::ROUND + 3 * part::RETRY)
}
