//! Runs of the key issue that an RSU has open, bounded.

use core::time::Duration;
use std::collections::BTreeMap;

use roadveil_role::{Built, Deferred, Reason, Time};

use crate::messages::Req2;
use crate::schedule::{Secrets, SessionId};

/// How many runs an RSU keeps; the oldest goes first.
pub const CAPACITY: usize = 1024;

/// How long it keeps a run: its secrets open what was said, so they go when nobody can be waiting any more.
pub const LIFETIME: Duration = Duration::from_secs(60);

/// One run.
#[derive(Clone, Debug)]
pub struct Session {
    /// Which run of this RSU it is.
    pub number: u64,
    /// When `req1` came.
    pub began: Time,
    /// The frame of `res1`: what a repeated `req1` gets again.
    pub res1: Deferred<Built>,
    /// How far it is.
    pub stage: Stage,
}

impl Session {
    fn lasts(&self, now: Time) -> bool {
        now.since(self.began) < LIFETIME
    }
}

/// How far a run is.
#[derive(Clone, Debug)]
pub enum Stage {
    /// `res1` was sent.
    AwaitsReq2(Deferred<Secrets>),
    /// `req2` was answered.
    Answered {
        /// The `req2`.
        request: Req2,
        /// The frame of `res2`, which a repeated `req2` gets again; or why there is none.
        answer: Result<Deferred<Built>, Reason>,
    },
}

/// All open runs.
#[derive(Clone, Debug, Default)]
pub struct Sessions(BTreeMap<SessionId, Session>);

impl Sessions {
    /// The run of that name, unless it is over.
    pub fn get(&self, now: Time, id: &SessionId) -> Option<&Session> {
        self.0.get(id).filter(|session| session.lasts(now))
    }

    /// The run of that name, to change it.
    pub fn get_mut(&mut self, id: &SessionId) -> Option<&mut Session> {
        self.0.get_mut(id)
    }

    /// Forgets what is over.
    pub fn purge(&mut self, now: Time) {
        self.0.retain(|_, session| session.lasts(now));
    }

    /// Opens a run. What is over is forgotten, and the oldest run if there are too many.
    pub fn open(&mut self, now: Time, id: SessionId, session: Session) {
        if self.0.len() >= CAPACITY {
            self.purge(now);
        }
        if self.0.len() >= CAPACITY {
            let oldest = self
                .0
                .iter()
                .min_by_key(|(id, session)| (session.began, **id))
                .map(|(id, _)| *id);
            if let Some(oldest) = oldest {
                self.0.remove(&oldest);
            }
        }
        self.0.insert(id, session);
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Is none open?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::Msg;
    use roadveil_crypto::ByteArray;

    fn session(began: Time) -> Session {
        let request = Req2 {
            session: ByteArray([0; 8]),
            nonce: None,
            sealed: Default::default(),
        };
        Session {
            number: 0,
            began,
            res1: Deferred::new(|| Built::of(&Msg::Ack { sequence: 0 })),
            stage: Stage::Answered {
                request,
                answer: Err(Reason::Revoked),
            },
        }
    }

    fn id(n: usize) -> SessionId {
        ByteArray((n as u64).to_be_bytes())
    }

    #[test]
    fn the_oldest_run_makes_room() {
        let mut sessions = Sessions::default();
        for n in 0..CAPACITY + 10 {
            sessions.open(Time(n as u64), id(n), session(Time(n as u64)));
        }
        assert_eq!(sessions.len(), CAPACITY);
        let now = Time(CAPACITY as u64 + 10);
        assert!(sessions.get(now, &id(9)).is_none() && sessions.get(now, &id(10)).is_some());
        let later = Time(20) + LIFETIME;
        sessions.open(later, id(0), session(later));
        assert_eq!(sessions.len(), CAPACITY - 10, "those that are over went too");
    }

    #[test]
    fn a_run_is_over_after_its_time() {
        let mut sessions = Sessions::default();
        sessions.open(Time::ZERO, id(1), session(Time::ZERO));
        let last = Time(Time::from_secs(60).0 - 1);
        sessions.purge(last);
        assert!(sessions.get(last, &id(1)).is_some());
        let over = Time::ZERO + LIFETIME;
        assert!(sessions.get(over, &id(1)).is_none());
        sessions.purge(over);
        assert!(sessions.is_empty(), "its secrets are gone");
    }
}
