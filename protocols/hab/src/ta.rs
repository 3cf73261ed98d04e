//! The trusted authority: it certifies the keys of all pools, and tells the RSUs over the wires which are revoked.
//!
//! Published: vehicles have and update the list. How it gets to them is ours: signed pages, sent to all RSUs when they
//! change and all of them again every `list_period`; RSUs broadcast them in turn.

use std::sync::Arc;

use roadveil_crypto::Op;
use roadveil_role::{Actor, Address, Cx, HostAddr, Reason, Time, Timer};

use crate::cert::{Authority, CertId, Pool};
use crate::messages::{Msg, Page};
use crate::params::Config;

const PUBLISH: Timer = Timer(1);
/// Timers from here on are entries of the schedule.
const REVOKE: u64 = 100;

/// An OBU to revoke, and when.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The node's name, for the record.
    pub node: String,
    /// Its pool.
    pub pool: Pool,
    /// When.
    pub at: Time,
}

/// The authority's role.
#[derive(Clone, Debug)]
pub struct Ta {
    authority: Arc<Authority>,
    config: Arc<Config>,
    planned: Vec<Planned>,
    revoked: Vec<String>,
    rsus: Vec<HostAddr>,
    pages: Vec<Page>,
}

impl Ta {
    /// An authority that serves the RSUs at those addresses.
    pub fn new(authority: Arc<Authority>, config: Arc<Config>, rsus: Vec<HostAddr>, planned: Vec<Planned>) -> Ta {
        Ta {
            authority,
            config,
            planned,
            revoked: Vec::new(),
            rsus,
            pages: Vec::new(),
        }
    }

    fn revoke(&mut self, cx: &mut Cx<'_>, index: usize) {
        let known = |planned: &&Planned| !self.revoked.contains(&planned.node);
        let Some(planned) = self.planned.get(index).filter(known) else {
            return;
        };
        let ids = planned.pool.ids();
        self.revoked.push(planned.node.clone());
        let first = self.append(cx, &ids);
        let names: usize = self.pages.iter().map(|page| page.revoked.len()).sum();
        let obu = self.revoked.last().cloned().unwrap_or_default();
        cx.emit("obu_revoked", [("obu", obu.into()), ("names", (names as u64).into())]);
        cx.step("list", names as u64);
        self.send(cx, first);
    }

    /// Puts names on the list: the first page that changed.
    fn append(&mut self, cx: &mut Cx<'_>, ids: &[CertId]) -> usize {
        let mut names = match self.pages.pop_if(|page| page.revoked.len() < Page::NAMES) {
            Some(page) => page.revoked,
            None => Vec::new(),
        };
        names.extend_from_slice(ids);
        let first = self.pages.len();
        for revoked in names.chunks(Page::NAMES) {
            let index = u32::try_from(self.pages.len()).unwrap_or(u32::MAX);
            cx.meter().add(Op::EcdsaSign, 1);
            let signature = self.authority.sign_page(&Page::statement(index, revoked));
            self.pages.push(Page {
                index,
                revoked: revoked.to_vec(),
                signature,
            });
        }
        first
    }

    /// Sends pages to all RSUs, from this one on.
    fn send(&self, cx: &mut Cx<'_>, from: usize) {
        for page in self.pages.iter().skip(from) {
            for host in &self.rsus {
                cx.anticipate(page.check(self.authority.public()));
                cx.send(Address::Host(*host), &Msg::Page(page.clone()));
            }
        }
    }

    fn publish(&self, cx: &mut Cx<'_>) {
        self.send(cx, 0);
        cx.timer(self.config.list_period, PUBLISH);
    }
}

impl Actor for Ta {
    type Msg = Msg;

    fn start(&mut self, cx: &mut Cx<'_>) {
        cx.state("serving");
        self.publish(cx);
        for (index, planned) in self.planned.iter().enumerate() {
            if !self.revoked.contains(&planned.node) {
                cx.timer_at(planned.at, Timer(REVOKE + index as u64));
            }
        }
    }

    fn receive(&mut self, _: &mut Cx<'_>, _: Address, _: &Msg) -> Result<(), Reason> {
        Err(Reason::Unexpected)
    }

    fn wake(&mut self, cx: &mut Cx<'_>, timer: Timer, _: Time) {
        match timer {
            PUBLISH => self.publish(cx),
            Timer(other) => self.revoke(cx, usize::try_from(other.saturating_sub(REVOKE)).unwrap_or(usize::MAX)),
        }
    }
}
