//! Names for what stands in frames as numbers.

use std::borrow::Cow;

use roadveil_role::{LinkAddr, Protocol, Time};

use crate::event::NodeId;
use crate::metrics::scene::{Entry, Medium, Scene};

/// The protocols that a screen knows.
pub type Protocols = &'static [&'static Protocol];

/// The protocol with that number on the wire.
pub fn protocol(protocols: Protocols, number: u8) -> Option<&'static Protocol> {
    protocols.iter().copied().find(|protocol| protocol.number == number)
}

/// The message's name, or its numbers where the protocol is not known.
pub fn message(protocols: Protocols, head: [u8; 2]) -> Cow<'static, str> {
    match protocol(protocols, head[0]).and_then(|protocol| protocol.message_name(&head)) {
        Some(name) => name.into(),
        None => format!("{}/{}", head[0], head[1]).into(),
    }
}

/// The end of a link address: enough to tell addresses apart, short enough for a column.
pub fn short(addr: LinkAddr) -> String {
    let [.., d, e, f] = addr.0;
    format!("…{d:02x}{e:02x}{f:02x}")
}

/// Who sent it.
pub fn sender<'a>(scene: &'a Scene, entry: &Entry) -> Cow<'a, str> {
    match (entry.sender, entry.medium) {
        (Some(node), _) => scene.name(node),
        (None, Medium::Air { from, .. }) => short(from).into(),
        (None, Medium::Wire { .. }) => "?".into(),
    }
}

/// Whom it is for.
pub fn addressee<'a>(scene: &'a Scene, entry: &Entry) -> Cow<'a, str> {
    match (entry.to, entry.medium) {
        (Some(node), _) => scene.name(node),
        (None, Medium::Air { to, .. }) if to.is_broadcast() => "all".into(),
        (None, Medium::Air { to, .. }) => short(to).into(),
        (None, Medium::Wire { .. }) => "?".into(),
    }
}

/// The role's name as the scenario has it, `protocol.role`; empty where the cast does not know it.
pub fn role(scene: &Scene, node: NodeId, role: u8) -> &str {
    scene
        .cast()
        .nodes
        .get(node.index())
        .and_then(|node| node.roles.get(usize::from(role)))
        .map_or("", String::as_str)
}

/// Seconds with milliseconds.
pub fn seconds(time: Time) -> String {
    format!("{}.{:03}", time.0 / 1_000_000_000, time.0 % 1_000_000_000 / 1_000_000)
}

/// A count, short enough for a column: `1234`, `12.3k`, `4.5M`.
pub fn count(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..1_000_000 => format!("{}.{}k", count / 1000, count % 1000 / 100),
        _ => format!("{}.{}M", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

/// A share in per cent; a dash where there is nothing to share.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        "–".to_owned()
    } else {
        format!("{:.1} %", part as f64 / whole as f64 * 100.0)
    }
}
