//! The two faces of a role: [`Role`] for whoever runs it, [`Actor`] for whoever writes it.

use crate::cx::Cx;
use crate::inbound::Inbound;
use crate::message::Message;
use crate::service::Signer;
use crate::{Address, Reason, Time, Timer};

/// A protocol's state machine on one node, as the kernel sees it.
pub trait Role: Send {
    /// The node is switched on, for the first time or again after a failure. Its timers are gone by then; what else does
    /// not survive, the role drops here. All nodes start at the same instant: whatever is periodic needs a drawn phase.
    fn start(&mut self, cx: &mut Cx<'_>);

    /// A frame of this protocol arrived, and its turn on the processor has come.
    fn receive(&mut self, cx: &mut Cx<'_>, from: Address, frame: &Inbound);

    /// A timer is due. `due` is when it should have rung; [`Cx::now`] is when the processor got to it.
    fn wake(&mut self, cx: &mut Cx<'_>, timer: Timer, due: Time);

    /// Another role on this node says something.
    fn told(&mut self, _cx: &mut Cx<'_>, _by: &str, _message: &[u8]) {}

    /// What this role offers as a signer, if it does.
    fn signer(&mut self) -> Option<&mut dyn Signer> {
        None
    }

    /// A copy in the same state, for branches.
    fn boxed_clone(&self) -> Box<dyn Role>;
}

impl Clone for Box<dyn Role> {
    fn clone(&self) -> Self {
        self.boxed_clone()
    }
}

/// A role as its author writes it: messages are decoded, and a refusal is a value.
pub trait Actor: Clone + Send + 'static {
    /// The protocol's messages.
    type Msg: Message;

    /// The node is switched on.
    fn start(&mut self, _cx: &mut Cx<'_>) {}

    /// A message arrived; other receivers of the frame see the same one. One that is merely not for this role is no
    /// refusal: `Ok`.
    ///
    /// # Errors
    /// Why the message is refused; it becomes an event.
    fn receive(&mut self, cx: &mut Cx<'_>, from: Address, message: &Self::Msg) -> Result<(), Reason>;

    /// A timer is due.
    fn wake(&mut self, _cx: &mut Cx<'_>, _timer: Timer, _due: Time) {}

    /// Another role on this node says something.
    fn told(&mut self, _cx: &mut Cx<'_>, _by: &str, _message: &[u8]) {}

    /// What this role offers as a signer, if it does.
    fn signer(&mut self) -> Option<&mut dyn Signer> {
        None
    }
}

/// Makes an [`Actor`] a [`Role`]: decodes canonically, and records every refusal in one place.
#[derive(Clone, Debug)]
pub struct Typed<A>(pub A);

impl<A: Actor> Role for Typed<A> {
    fn start(&mut self, cx: &mut Cx<'_>) {
        self.0.start(cx);
    }

    fn receive(&mut self, cx: &mut Cx<'_>, from: Address, frame: &Inbound) {
        let outcome = frame.message(|message: &A::Msg| self.0.receive(cx, from, message));
        if let Err(why) = outcome.unwrap_or(Err(Reason::Malformed)) {
            cx.reject(why);
        }
    }

    fn wake(&mut self, cx: &mut Cx<'_>, timer: Timer, due: Time) {
        self.0.wake(cx, timer, due);
    }

    fn told(&mut self, cx: &mut Cx<'_>, by: &str, message: &[u8]) {
        self.0.told(cx, by, message);
    }

    fn signer(&mut self) -> Option<&mut dyn Signer> {
        self.0.signer()
    }

    fn boxed_clone(&self) -> Box<dyn Role> {
        Box::new(self.clone())
    }
}
