//! The road-side unit: it relays the revocation list to whoever drives by. Ours: the paper has no road.

use std::collections::BTreeMap;
use std::sync::Arc;

use roadveil_role::{Actor, Address, Cx, Reason, Time, Timer};

use crate::draw;
use crate::group::GroupKey;
use crate::messages::{Msg, Page};
use crate::notes::Heard;
use crate::params::Config;

const RELAY: Timer = Timer(1);

/// The RSU's role.
#[derive(Clone, Debug)]
pub struct Rsu {
    group: Arc<GroupKey>,
    config: Arc<Config>,
    pages: BTreeMap<u32, Page>,
    /// The page whose turn is next.
    next: u32,
}

impl Rsu {
    /// An RSU that knows of nobody revoked.
    pub fn new(group: Arc<GroupKey>, config: Arc<Config>) -> Rsu {
        Rsu {
            group,
            config,
            pages: BTreeMap::new(),
            next: 0,
        }
    }

    /// Broadcasts the next page, if there is any.
    fn relay(&mut self, cx: &mut Cx<'_>) {
        let turn = self
            .pages
            .range(self.next..)
            .next()
            .or_else(|| self.pages.iter().next());
        if let Some((index, page)) = turn {
            self.next = index.saturating_add(1);
            cx.anticipate(page.check(&self.group));
            cx.broadcast(&Msg::Page(page.clone()));
        }
    }
}

impl Actor for Rsu {
    type Msg = Heard;

    fn start(&mut self, cx: &mut Cx<'_>) {
        cx.state("serving");
        let addr = draw::link_addr(cx.rng("address", 0));
        cx.set_link_addr(addr);
        let phase = draw::below(cx.rng("phase", 0), self.config.relay_period);
        cx.timer(phase, RELAY);
    }

    /// A page that holds no more than the one that it has is no news. The list only grows, so an old page does no harm.
    fn receive(&mut self, cx: &mut Cx<'_>, from: Address, message: &Heard) -> Result<(), Reason> {
        let (Address::Host(_), Msg::Page(page)) = (from, &message.message) else {
            // What vehicles and other RSUs say on the air is not for it.
            return Ok(());
        };
        if page.tokens.len() > Page::TOKENS {
            return Err(Reason::Malformed);
        }
        let known = self.pages.get(&page.index).map_or(0, |page| page.tokens.len());
        if page.tokens.len() <= known {
            return Ok(());
        }
        if !cx.check(&page.check(&self.group)).is_valid() {
            return Err(Reason::BadSignature);
        }
        self.pages.insert(page.index, page.clone());
        Ok(())
    }

    fn wake(&mut self, cx: &mut Cx<'_>, _: Timer, due: Time) {
        self.relay(cx);
        cx.timer_at((due + self.config.relay_period).max(cx.now()), RELAY);
    }
}
