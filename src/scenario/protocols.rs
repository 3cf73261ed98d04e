//! `[protocols.NAME]`, `[radio]` and `[backhaul]`: parameters, checked against what their owners declare.

use std::collections::BTreeMap;

use roadveil_role::{Cardinality, ParamKind, Params, Protocol, SetupError, Value};
use serde::Deserialize;
use toml::de::{DeTable, ValueDeserializer};

use super::document::{Item, Section, Texts, clipped};
use super::error::Error;
use super::files::Files;
use super::nodes::Rule;
use super::{Configured, Invalid, Node, Scenario};
use super::{overrides, quantity};

/// A problem of a protocol is told in so many characters at most: it may quote what a topology says.
const MOST_TOLD: usize = 600;

/// The tables under `[protocols]`.
pub(super) struct Tables<'d, 'b> {
    registry: &'b [&'static Protocol],
    tables: Vec<(&'static Protocol, Params, Item<'d>)>,
}

impl<'d, 'b> Tables<'d, 'b> {
    /// Reads and checks all parameters.
    pub(super) fn read(
        item: Option<Item<'d>>,
        registry: &'b [&'static Protocol],
        files: &mut Files<'_>,
    ) -> Result<Tables<'d, 'b>, Error> {
        let mut tables = Vec::new();
        let Some(item) = item else {
            return Ok(Tables { registry, tables });
        };
        for (name, key, table) in item.section("[protocols]")?.entries() {
            let Some(protocol) = registry.iter().find(|protocol| protocol.name == name) else {
                let names = registry.iter().map(|protocol| protocol.name);
                return Err(Item {
                    value: table.value,
                    ..table.clone()
                }
                .texts_error(key, name, names));
            };
            let section = table.section(format!("[protocols.{name}]"))?;
            let mut params = Params::defaults(protocol.params);
            for spec in protocol.params {
                if let Some(item) = section.get(spec.name) {
                    let value = read_value(&item, spec.kind, files)?;
                    params
                        .set(protocol.params, spec.name, value)
                        .map_err(|expected| item.wrong(expected))?;
                }
            }
            section.finish()?;
            tables.push((*protocol, params, table));
        }
        Ok(Tables { registry, tables })
    }

    /// The protocols that nodes speak, or that have a table, each with as many of its roles as it needs.
    pub(super) fn configure(
        self,
        root: &Section<'d>,
        rules: &[Rule<'d>],
        nodes: &[Node],
    ) -> Result<Vec<Configured>, Error> {
        let mut configured = Vec::new();
        for protocol in self.registry {
            let table = self.tables.iter().find(|(other, ..)| other.name == protocol.name);
            let named = rules
                .iter()
                .flat_map(|rule| &rule.roles)
                .find(|(role, _)| role.protocol.name == protocol.name);
            // The place to show for something that is missing.
            let item = match (table, named) {
                (Some((_, _, item)), _) | (None, Some((_, item))) => item,
                (None, None) => continue,
            };
            for role in protocol.roles {
                let name = format!("{}.{}", protocol.name, role.name);
                let speaks = |node: &&Node| node.roles.iter().any(|other| other.name() == name);
                let count = nodes.iter().filter(speaks).count();
                let expected = match (role.cardinality, count) {
                    (Cardinality::One, 1) | (Cardinality::Some, 1..) | (Cardinality::Any, _) => continue,
                    (Cardinality::One, _) => "exactly one",
                    (Cardinality::Some, _) => "at least one",
                };
                let twice = rules
                    .iter()
                    .flat_map(|rule| &rule.roles)
                    .filter(|(other, _)| other.name() == name)
                    .nth(1);
                let place = if count > 1 {
                    twice.map_or(item, |(_, item)| item)
                } else {
                    item
                };
                let problem = match count {
                    0 => format!("no node has the role `{name}` ({})", role.title),
                    count => format!("{count} nodes have the role `{name}` ({})", role.title),
                };
                return Err(place.error(problem).expected(expected));
            }
            let params = table.map_or_else(|| Params::defaults(protocol.params), |(_, params, _)| params.clone());
            configured.push(Configured { protocol, params });
        }
        if configured.is_empty() {
            return Err(root.error("no node speaks a protocol"));
        }
        Ok(configured)
    }
}

impl Scenario {
    /// Why a protocol cannot be set up, shown where it stands in the topology or an override: at the first parameter that it
    /// names and that is set there, or else at the protocol's table.
    pub fn refused(&self, protocol: &Protocol, why: &SetupError) -> Error {
        let problem = format!("[protocols.{}] {}", protocol.name, clipped(&why.0, MOST_TOLD));
        let label = self.origin.to_string();
        // The topology was good a moment ago: its places are found as they were then.
        let mut texts = Texts::new(&label, &self.text);
        let root = DeTable::parse(&self.text).ok().and_then(|mut root| {
            overrides::apply(&mut root, &self.overrides, &mut texts).ok()?;
            Some(root)
        });
        let root = root.as_ref().map(|root| Section::root(&texts, root));
        let table = root.and_then(|root| root.get("protocols")?.section("[protocols]").ok()?.get(protocol.name));
        let section = table.as_ref().and_then(|table| table.section("").ok());
        let words = why.0.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let named = words.filter_map(|word| protocol.params.iter().find(|spec| spec.name == word));
        let value = named.filter_map(|spec| section.as_ref()?.get(spec.name)).next();
        match value.or(table) {
            Some(place) => place.error(problem),
            None => Error::of(label.as_str(), problem),
        }
    }
}

impl Item<'_> {
    /// An unknown name, shown where the key stands.
    fn texts_error(
        &self,
        key: std::ops::Range<usize>,
        found: &str,
        valid: impl Iterator<Item = &'static str> + Clone,
    ) -> Error {
        let problem = format!("unknown protocol `{}`", super::document::printable(found));
        self.texts
            .error(key, problem)
            .expected(super::error::one_of(valid.clone()))
            .nearest(found, valid)
    }
}

/// A parameter's value, in the shape that its kind takes.
fn read_value(item: &Item<'_>, kind: ParamKind, files: &mut Files<'_>) -> Result<Value, Error> {
    let value = match kind {
        ParamKind::Span { .. } => item
            .text(quantity::EXPECTED)
            .and_then(|_| item.duration())
            .map(Value::Span)?,
        ParamKind::Flag => Value::Bool(item.flag()?),
        ParamKind::Count { min, max } => Value::U64(item.count(min, max)?),
        ParamKind::Number { min, max } => Value::F64(item.number(min, max)?),
        ParamKind::Text => Value::Text(item.text("a text in quotes")?.to_owned()),
        ParamKind::File => Value::Text(files.text(item)?),
        ParamKind::Choice(words) => {
            let word = item.text("a word")?;
            if !words.contains(&word) {
                return Err(item.unknown("word", word, words.iter().copied()));
            }
            Value::Text(word.to_owned())
        }
    };
    Ok(value)
}

/// Reads `[radio]`.
pub(super) fn radio(item: Option<Item<'_>>) -> Result<crate::radio::Params, Error> {
    let Some(item) = item else {
        return Ok(crate::radio::Params::default());
    };
    let params = deserialize::<crate::radio::Wanted>(&item, "[radio]")?.params();
    params.validate().map_err(|invalid| out_of_range(&item, &invalid))?;
    Ok(params)
}

/// Reads `[backhaul]`.
pub(super) fn backhaul(
    item: Option<Item<'_>>,
    names: &BTreeMap<&str, usize>,
    nodes: &[Node],
) -> Result<crate::backhaul::Params, Error> {
    let Some(item) = item else {
        return Ok(crate::backhaul::Params::default());
    };
    let params: crate::backhaul::Params = deserialize(&item, "[backhaul]")?;
    params.validate().map_err(|invalid| out_of_range(&item, &invalid))?;
    let section = item.section("[backhaul]")?;
    let Some(links) = section.get("link") else {
        return Ok(params);
    };
    for link in links.sections("[[backhaul.link]]")? {
        let ends = link.need("between", "the two nodes")?;
        super::timeline::link(&ends, names, nodes)?;
    }
    Ok(params)
}

/// Reads a section whose owner declares it by deriving `Deserialize`.
fn deserialize<'d, T: Deserialize<'d>>(item: &Item<'d>, name: &str) -> Result<T, Error> {
    item.section(name)?;
    T::deserialize(ValueDeserializer::from(item.value.clone())).map_err(|error| {
        let span = error.span().unwrap_or_else(|| item.span());
        let message = error.message().lines().next().unwrap_or_default().to_owned();
        // "unknown field `x`, expected one of `a`, `b`": the names stand in backticks.
        let mut quoted = message.split('`').skip(1).step_by(2);
        let found = quoted.next().unwrap_or_default();
        let (problem, expected) = message.split_once(", expected ").unwrap_or((&message, ""));
        let expected = match expected {
            "f32" | "f64" => "a number",
            "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0 on",
            "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
            expected => expected,
        };
        let problem = problem
            .replace("unknown field", "unknown key")
            .replace("unknown variant", "unknown word");
        let error = item.texts.error(span, format!("{problem} in {name}"));
        let error = if expected.is_empty() {
            error
        } else {
            error.expected(expected)
        };
        if problem.starts_with("unknown") {
            error.nearest(found, quoted)
        } else {
            error
        }
    })
}

/// A value that its owner refuses, shown where it stands.
fn out_of_range(item: &Item<'_>, invalid: &Invalid) -> Error {
    let Ok(section) = item.section(item.path.clone()) else {
        return item.wrong(invalid.expected.clone());
    };
    let own = section.get(invalid.key).into_iter();
    let links = section
        .get("link")
        .and_then(|links| links.sections("[[backhaul.link]]").ok())
        .unwrap_or_default();
    let linked: Vec<Item<'_>> = links.iter().filter_map(|link| link.get(invalid.key)).collect();
    // The key may stand in several tables: the first whose value is not the default's is the first that is refused,
    // and its owner went through them in this order.
    let place = own.chain(linked).find(|item| refused(item, invalid));
    place.map_or_else(
        || item.wrong(invalid.expected.clone()),
        |item| item.wrong(invalid.expected.clone()),
    )
}

/// Does a number lie outside of the bounds that "a number from A to B" names?
fn refused(item: &Item<'_>, invalid: &Invalid) -> bool {
    let mut bounds = invalid
        .expected
        .split_ascii_whitespace()
        .filter_map(|word| word.parse::<f64>().ok());
    match (item.as_number(), bounds.next(), bounds.next()) {
        (Some(number), Some(min), Some(max)) => !(min..=max).contains(&number),
        _ => true,
    }
}
