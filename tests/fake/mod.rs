//! A protocol with ECPP's roles and nothing inside, so that topologies can be read without any protocol.

use std::time::Duration;

use roadveil_role::param::Default;
use roadveil_role::view::{Emitted, Fold, View};
use roadveil_role::{Cardinality, ParamKind, ParamSpec, Protocol, RoleSpec, SetupError, Value};

/// A fold over no events.
struct NoEvents;

impl Fold for NoEvents {
    fn observe(&mut self, _event: &Emitted<'_>) {}
    fn views(&self) -> Vec<View> {
        Vec::new()
    }
    fn figures(&self) -> Vec<(&'static str, Value)> {
        ["keys_issued", "keys_requested", "handovers"]
            .map(|name| (name, Value::U64(0)))
            .into()
    }
}

/// A role.
const fn role(name: &'static str, cardinality: Cardinality, radio: bool, wired: bool) -> RoleSpec {
    RoleSpec {
        name,
        title: name,
        cardinality,
        radio,
        wired,
    }
}

/// The protocol.
static FAKE: Protocol = Protocol {
    name: "ecpp",
    number: 1,
    title: "A stand-in",
    paper: "",
    summary: "",
    roles: &[
        role("ta", Cardinality::One, false, true),
        role("rsu", Cardinality::Any, true, true),
        role("obu", Cardinality::Any, true, false),
    ],
    messages: <u8 as postcard_schema::Schema>::SCHEMA,
    params: &[
        ParamSpec {
            name: "key_lifetime",
            kind: ParamKind::Span {
                min: Duration::from_secs(1),
                max: Duration::from_secs(600),
            },
            default: Default::Span(Duration::from_secs(60)),
            help: "",
        },
        ParamSpec {
            name: "batch",
            kind: ParamKind::Count { min: 1, max: 64 },
            default: Default::Count(8),
            help: "",
        },
        ParamSpec {
            name: "share",
            kind: ParamKind::Number { min: 0.0, max: 1.0 },
            default: Default::Number(0.5),
            help: "",
        },
        ParamSpec {
            name: "hardened",
            kind: ParamKind::Flag,
            default: Default::Flag(true),
            help: "",
        },
        ParamSpec {
            name: "mode",
            kind: ParamKind::Choice(&["paper", "hardened"]),
            default: Default::Choice("paper"),
            help: "",
        },
    ],
    attacks: &[],
    routine: &[],
    marks: &[],
    setup: |_| Err(SetupError("a stand-in has no roles".to_owned())),
    fold: || Box::new(NoEvents),
};

/// The registry with it alone.
pub static REGISTRY: &[&Protocol] = &[&FAKE];
