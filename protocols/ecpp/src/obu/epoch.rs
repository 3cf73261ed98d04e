//! The OBU's part in the change of epochs: it learns the next `U'`, turns, and asks for a key of the new epoch.

use roadveil_role::{Cx, Reason};

use super::issue::Asking;
use super::{EPOCH, JOINT, Obu, RENEW, RETRY};
use crate::draw;
use crate::epochs::Announcement;

impl Obu {
    /// An RSU tells of an epoch. Forged announcements cost their sender nothing: so many are checked in a second.
    pub(super) fn take_epoch(&mut self, cx: &mut Cx<'_>, announcement: &Announcement) -> Result<(), Reason> {
        let news = self.epochs.calendar().turns() && self.epochs.is_news(announcement);
        if news && !self.lists.take(cx.now()) {
            return Err(Reason::RateLimited);
        }
        if self.epochs.learn(cx, announcement, self.config.freshness)? {
            self.turn(cx);
        }
        Ok(())
    }

    /// The beginning of an epoch by its own clock: it turns, if it knows that epoch, and waits for the next.
    pub(super) fn tend_epochs(&mut self, cx: &mut Cx<'_>) {
        let calendar = self.epochs.calendar();
        if calendar.turns() {
            self.turn(cx);
            cx.timer_at(calendar.begins(calendar.at(cx.now()).saturating_add(1)), EPOCH);
        }
    }

    fn turn(&mut self, cx: &mut Cx<'_>) {
        if !self.epochs.turn(cx.now()) {
            return;
        }
        let epoch = self.epochs.current().epoch();
        cx.emit("epoch_turned", [("epoch", epoch.into())]);
        // Who has the old key of an RSU can still play its beacons.
        self.rsus.forget();
        if let Some(need) = self.asking.need() {
            cx.cancel(RETRY);
            self.asking = Asking::Looking(need);
            self.rest_address(cx);
        }
        let had_next = self.next.take().is_some();
        cx.cancel(JOINT);
        // Not all at once; what was certified before counts for another overlap.
        let calendar = self.epochs.calendar();
        let ends_with_epoch =
            |own: &super::Pseudonym| own.certificate.validity.end() >= calendar.expires(own.certificate.epoch);
        if had_next || self.pseudonym.as_ref().is_some_and(ends_with_epoch) {
            let pause = draw::below(cx.rng("epoch", 0), calendar.overlap / 2);
            cx.timer(pause, RENEW);
        }
    }
}
