//! `[[timeline]]`: what happens to nodes and links, and when.

use std::collections::BTreeMap;

use roadveil_role::Time;

use super::Node;
use super::document::Item;
use super::error::Error;

/// Most entries of a timeline.
const MAX_ENTRIES: usize = 100_000;

/// Something that happens to the network itself. Nodes are named by their number in the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A node is switched off.
    NodeDown(usize),
    /// A node is switched on again.
    NodeUp(usize),
    /// A wired link breaks.
    LinkDown(usize, usize),
    /// A wired link works again.
    LinkUp(usize, usize),
}

/// A fault with its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// When, on the kernel's clock.
    pub at: Time,
    /// What.
    pub fault: Fault,
}

/// Reads the timeline; entries of the same time stay in the order of the file.
pub(super) fn read(
    item: Option<Item<'_>>,
    names: &BTreeMap<&str, usize>,
    nodes: &[Node],
) -> Result<Vec<Planned>, Error> {
    let Some(item) = item else { return Ok(Vec::new()) };
    let sections = item.sections("[[timeline]]")?;
    if sections.len() > MAX_ENTRIES {
        return Err(item.wrong(format!("at most {MAX_ENTRIES} entries")));
    }
    let mut planned = Vec::with_capacity(sections.len());
    for section in sections {
        let at = Time::ZERO + section.need("at", "a time such as \"10s\"")?.duration()?;
        let (down, up) = (section.get("down"), section.get("up"));
        let (link_down, link_up) = (section.get("link_down"), section.get("link_up"));
        section.finish()?;
        let expected = "one of `down`, `up`, `link_down`, `link_up`";
        let fault = match (down, up, link_down, link_up) {
            (Some(item), None, None, None) => Fault::NodeDown(node(&item, names)?),
            (None, Some(item), None, None) => Fault::NodeUp(node(&item, names)?),
            (None, None, Some(item), None) => {
                let (a, b) = link(&item, names, nodes)?;
                Fault::LinkDown(a, b)
            }
            (None, None, None, Some(item)) => {
                let (a, b) = link(&item, names, nodes)?;
                Fault::LinkUp(a, b)
            }
            (None, None, None, None) => {
                return Err(section
                    .error("an entry of [[timeline]] does nothing")
                    .expected(expected));
            }
            _ => {
                return Err(section
                    .error("an entry of [[timeline]] does several things")
                    .expected(expected));
            }
        };
        planned.push(Planned { at, fault });
    }
    planned.sort_by_key(|planned| planned.at);
    Ok(planned)
}

/// The number of a node that is named.
fn node(item: &Item<'_>, names: &BTreeMap<&str, usize>) -> Result<usize, Error> {
    let name = item.text("the name of a node")?;
    names
        .get(name)
        .copied()
        .ok_or_else(|| item.unknown("node", name, names.keys().copied()))
}

/// The numbers of two wired nodes that are named.
pub(super) fn link(item: &Item<'_>, names: &BTreeMap<&str, usize>, nodes: &[Node]) -> Result<(usize, usize), Error> {
    let expected = "the names of two wired nodes, such as [\"rsu-1\", \"ta\"]";
    let items = item.array(expected)?;
    let [a, b] = items.as_slice() else {
        return Err(item.wrong(expected));
    };
    let end = |item: &Item<'_>| {
        let index = node(item, names)?;
        match nodes.get(index).is_some_and(|node| node.wired) {
            true => Ok(index),
            false => Err(item
                .error(format!("`{}` is not wired", item.text("")?))
                .expected("a wired node")),
        }
    };
    let (first, second) = (end(a)?, end(b)?);
    if first == second {
        return Err(b.error("a link joins two different nodes").expected("another node"));
    }
    Ok((first, second))
}
