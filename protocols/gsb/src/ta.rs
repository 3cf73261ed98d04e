//! The trusted authority: the group's manager, who tells the RSUs over the wires who is revoked.
//!
//! Published: verifiers have the revocation list. How it gets to them is ours: signed pages, sent to all RSUs when they
//! change and all of them again every `list_period`; RSUs broadcast them in turn.

use std::sync::Arc;

use roadveil_crypto::{G1Bytes, Op};
use roadveil_role::{Actor, Address, Cx, HostAddr, Reason, Time, Timer};

use crate::group::domain;
use crate::keys::Manager;
use crate::messages::{Msg, Page};
use crate::notes::Heard;
use crate::params::Config;

const PUBLISH: Timer = Timer(1);
/// Timers from here on are entries of the schedule.
const REVOKE: u64 = 100;

/// An OBU to revoke, and when.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The node's name, for the record.
    pub node: String,
    /// Its token.
    pub token: G1Bytes,
    /// When.
    pub at: Time,
}

/// The authority's role.
#[derive(Clone, Debug)]
pub struct Ta {
    manager: Arc<Manager>,
    config: Arc<Config>,
    planned: Vec<Planned>,
    rsus: Vec<HostAddr>,
    pages: Vec<Page>,
}

impl Ta {
    /// An authority that serves the RSUs at those addresses.
    pub fn new(manager: Arc<Manager>, config: Arc<Config>, rsus: Vec<HostAddr>, planned: Vec<Planned>) -> Ta {
        Ta {
            manager,
            config,
            planned,
            rsus,
            pages: Vec::new(),
        }
    }

    fn has(&self, token: &G1Bytes) -> bool {
        self.pages.iter().any(|page| page.tokens.contains(token))
    }

    fn revoke(&mut self, cx: &mut Cx<'_>, index: usize) {
        let Some(planned) = self.planned.get(index).filter(|planned| !self.has(&planned.token)) else {
            return;
        };
        let mut tokens = match self.pages.pop_if(|page| page.tokens.len() < Page::TOKENS) {
            Some(page) => page.tokens,
            None => Vec::new(),
        };
        tokens.push(planned.token);
        let index = u32::try_from(self.pages.len()).unwrap_or(u32::MAX);
        let revoked = (self.pages.len() * Page::TOKENS + tokens.len()) as u64;
        cx.emit(
            "obu_revoked",
            [
                ("obu", planned.node.as_str().into()),
                ("token", planned.token.as_ref().into()),
                ("revoked", revoked.into()),
            ],
        );
        cx.meter().add(Op::G1Mul, 1);
        let group = self.manager.group();
        let statement = Page::statement(group, index, &tokens);
        let signature = self
            .manager
            .list_key()
            .sign(&statement, domain::PAGE, cx.rng("list", 0));
        self.pages.push(Page {
            index,
            tokens,
            signature,
        });
        cx.step("list", revoked);
        self.send(cx, self.pages.len() - 1);
    }

    /// Sends pages to all RSUs, from this one on.
    fn send(&self, cx: &mut Cx<'_>, from: usize) {
        for page in self.pages.iter().skip(from) {
            for host in &self.rsus {
                cx.anticipate(page.check(self.manager.group()));
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
    type Msg = Heard;

    fn start(&mut self, cx: &mut Cx<'_>) {
        cx.state("serving");
        self.publish(cx);
        for (index, planned) in self.planned.iter().enumerate() {
            if !self.has(&planned.token) {
                cx.timer_at(planned.at, Timer(REVOKE + index as u64));
            }
        }
    }

    fn receive(&mut self, _: &mut Cx<'_>, _: Address, _: &Heard) -> Result<(), Reason> {
        Err(Reason::Unexpected)
    }

    fn wake(&mut self, cx: &mut Cx<'_>, timer: Timer, _: Time) {
        match timer {
            PUBLISH => self.publish(cx),
            Timer(other) => self.revoke(cx, usize::try_from(other.saturating_sub(REVOKE)).unwrap_or(usize::MAX)),
        }
    }
}
