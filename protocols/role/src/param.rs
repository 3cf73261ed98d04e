//! Parameters of a protocol: declared once, validated by the scenario, listed by `roadveil protocol show`.

use core::time::Duration;
use std::collections::BTreeMap;

use crate::Value;

/// What a parameter may hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ParamKind {
    /// A duration such as `"60s"` or `"250ms"`, inclusive bounds.
    Span {
        /// Shortest.
        min: Duration,
        /// Longest.
        max: Duration,
    },
    /// A whole number, inclusive bounds.
    Count {
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
    },
    /// A real number, inclusive bounds.
    Number {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
    },
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Free text in a form that the help describes; the protocol's setup checks it.
    Text,
    /// The path of a file, or `builtin:NAME`. The protocol is given what the file holds, as text.
    File,
}

/// The value that holds where a scenario says nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Default {
    /// A duration.
    Span(Duration),
    /// A whole number.
    Count(u64),
    /// A real number.
    Number(f64),
    /// A truth value.
    Flag(bool),
    /// A word.
    Choice(&'static str),
    /// A text.
    Text(&'static str),
}

/// One parameter of a protocol.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParamSpec {
    /// Its key under `[protocols.NAME]`.
    pub name: &'static str,
    /// What it may hold.
    pub kind: ParamKind,
    /// What it holds unless set.
    pub default: Default,
    /// One line for a person: what it changes, and how that stands to the paper.
    pub help: &'static str,
}

impl ParamSpec {
    /// A duration from `min` to `max`, both included.
    pub const fn span(
        name: &'static str,
        min: Duration,
        max: Duration,
        default: Duration,
        help: &'static str,
    ) -> ParamSpec {
        ParamSpec {
            name,
            kind: ParamKind::Span { min, max },
            default: Default::Span(default),
            help,
        }
    }

    /// A whole number from `min` to `max`, both included.
    pub const fn count(name: &'static str, min: u64, max: u64, default: u64, help: &'static str) -> ParamSpec {
        ParamSpec {
            name,
            kind: ParamKind::Count { min, max },
            default: Default::Count(default),
            help,
        }
    }

    /// A real number from `min` to `max`, both included.
    pub const fn number(name: &'static str, min: f64, max: f64, default: f64, help: &'static str) -> ParamSpec {
        ParamSpec {
            name,
            kind: ParamKind::Number { min, max },
            default: Default::Number(default),
            help,
        }
    }

    /// One of `words`.
    pub const fn choice(
        name: &'static str,
        words: &'static [&'static str],
        default: &'static str,
        help: &'static str,
    ) -> ParamSpec {
        ParamSpec {
            name,
            kind: ParamKind::Choice(words),
            default: Default::Choice(default),
            help,
        }
    }

    /// `true` or `false`.
    pub const fn flag(name: &'static str, default: bool, help: &'static str) -> ParamSpec {
        ParamSpec {
            name,
            kind: ParamKind::Flag,
            default: Default::Flag(default),
            help,
        }
    }

    /// Free text, empty unless set.
    pub const fn text(name: &'static str, help: &'static str) -> ParamSpec {
        ParamSpec {
            name,
            kind: ParamKind::Text,
            default: Default::Text(""),
            help,
        }
    }

    /// A file that the protocol reads; none unless set.
    pub const fn file(name: &'static str, help: &'static str) -> ParamSpec {
        ParamSpec {
            name,
            kind: ParamKind::File,
            default: Default::Text(""),
            help,
        }
    }

    /// The default as a value.
    pub fn default_value(&self) -> Value {
        match self.default {
            Default::Span(span) => Value::Span(span),
            Default::Count(count) => Value::U64(count),
            Default::Number(number) => Value::F64(number),
            Default::Flag(flag) => Value::Bool(flag),
            Default::Choice(text) | Default::Text(text) => Value::Text(text.to_owned()),
        }
    }

    /// Checks a value against the kind and its bounds.
    ///
    /// # Errors
    /// What was expected, as a fragment that reads after "expected".
    pub fn accept(&self, value: Value) -> Result<Value, String> {
        match (self.kind, value) {
            (ParamKind::Span { min, max }, Value::Span(span)) => {
                if span < min || span > max {
                    return Err(format!("a duration from {min:?} to {max:?}"));
                }
                Ok(Value::Span(span))
            }
            (ParamKind::Count { min, max }, Value::U64(count)) => {
                if count < min || count > max {
                    return Err(format!("a whole number from {min} to {max}"));
                }
                Ok(Value::U64(count))
            }
            (ParamKind::Number { min, max }, value @ (Value::F64(_) | Value::U64(_))) => {
                let number = match value {
                    Value::U64(count) => count as f64,
                    Value::F64(number) => number,
                    _ => f64::NAN,
                };
                if !(min..=max).contains(&number) {
                    return Err(format!("a number from {min} to {max}"));
                }
                Ok(Value::F64(number))
            }
            (ParamKind::Flag, value @ Value::Bool(_)) => Ok(value),
            (ParamKind::Text | ParamKind::File, value @ Value::Text(_)) => Ok(value),
            (ParamKind::Choice(words), Value::Text(word)) => {
                if !words.contains(&word.as_str()) {
                    return Err(format!("one of {}", words.join(", ")));
                }
                Ok(Value::Text(word))
            }
            (ParamKind::Span { .. }, _) => Err("a duration such as \"60s\" or \"250ms\"".to_owned()),
            (ParamKind::Count { .. }, _) => Err("a whole number".to_owned()),
            (ParamKind::Number { .. }, _) => Err("a number".to_owned()),
            (ParamKind::Flag, _) => Err("true or false".to_owned()),
            (ParamKind::Choice(words), _) => Err(format!("one of {}", words.join(", "))),
            (ParamKind::Text, _) => Err("a text in quotes".to_owned()),
            (ParamKind::File, _) => Err("the path of a file, or `builtin:NAME`".to_owned()),
        }
    }
}

/// The parameters of one protocol in one run: every declared name has a value of its kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    values: BTreeMap<&'static str, Value>,
}

impl Params {
    /// All defaults.
    pub fn defaults(specs: &[ParamSpec]) -> Params {
        Params {
            values: specs.iter().map(|spec| (spec.name, spec.default_value())).collect(),
        }
    }

    /// Sets a declared parameter.
    ///
    /// # Errors
    /// What was expected instead, as [`ParamSpec::accept`] says it; an unknown name is an error too.
    pub fn set(&mut self, specs: &[ParamSpec], name: &str, value: Value) -> Result<(), String> {
        let spec = specs.iter().find(|spec| spec.name == name).ok_or_else(|| {
            format!(
                "one of {}",
                specs.iter().map(|spec| spec.name).collect::<Vec<_>>().join(", ")
            )
        })?;
        self.values.insert(spec.name, spec.accept(value)?);
        Ok(())
    }

    /// All values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.values.iter().map(|(name, value)| (*name, value))
    }

    /// The duration called `name`.
    ///
    /// # Panics
    /// If the protocol did not declare it: a fault in the protocol, found by its first test.
    pub fn span(&self, name: &str) -> Duration {
        match self.values.get(name) {
            Some(Value::Span(span)) => *span,
            other => undeclared(name, other),
        }
    }

    /// The whole number called `name`. Panics as [`Params::span`] does.
    pub fn count(&self, name: &str) -> u64 {
        match self.values.get(name) {
            Some(Value::U64(count)) => *count,
            other => undeclared(name, other),
        }
    }

    /// The real number called `name`. Panics as [`Params::span`] does.
    pub fn number(&self, name: &str) -> f64 {
        match self.values.get(name) {
            Some(Value::F64(number)) => *number,
            other => undeclared(name, other),
        }
    }

    /// The flag called `name`. Panics as [`Params::span`] does.
    pub fn flag(&self, name: &str) -> bool {
        match self.values.get(name) {
            Some(Value::Bool(flag)) => *flag,
            other => undeclared(name, other),
        }
    }

    /// The word called `name`. Panics as [`Params::span`] does.
    pub fn choice(&self, name: &str) -> &str {
        self.text(name)
    }

    /// The text called `name`. Panics as [`Params::span`] does.
    pub fn text(&self, name: &str) -> &str {
        match self.values.get(name) {
            Some(Value::Text(text)) => text,
            other => undeclared(name, other),
        }
    }
}

/// A protocol asked for a parameter that it did not declare, or of another kind.
fn undeclared<T>(name: &str, found: Option<&Value>) -> T {
    panic!("parameter `{name}` is not declared with this kind (found {found:?})")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPECS: &[ParamSpec] = &[
        ParamSpec {
            name: "lifetime",
            kind: ParamKind::Span {
                min: Duration::from_secs(1),
                max: Duration::from_secs(600),
            },
            default: Default::Span(Duration::from_secs(60)),
            help: "",
        },
        ParamSpec {
            name: "mode",
            kind: ParamKind::Choice(&["paper", "hardened"]),
            default: Default::Choice("hardened"),
            help: "",
        },
        ParamSpec {
            name: "note",
            kind: ParamKind::Text,
            default: Default::Text(""),
            help: "",
        },
        ParamSpec {
            name: "share",
            kind: ParamKind::Number { min: 0.0, max: 1.0 },
            default: Default::Number(0.5),
            help: "",
        },
    ];

    #[test]
    fn bounds_and_kinds_are_held() {
        let mut params = Params::defaults(SPECS);
        assert_eq!(params.span("lifetime"), Duration::from_secs(60));
        params
            .set(SPECS, "lifetime", Value::Span(Duration::from_secs(5)))
            .expect("in range");
        assert_eq!(params.span("lifetime"), Duration::from_secs(5));
        assert!(
            params
                .set(SPECS, "lifetime", Value::Span(Duration::from_secs(601)))
                .is_err()
        );
        assert!(params.set(SPECS, "lifetime", Value::Bool(true)).is_err());
        assert!(params.set(SPECS, "share", Value::F64(f64::NAN)).is_err());
        params
            .set(SPECS, "share", Value::U64(1))
            .expect("a whole number is a number");
        assert!(params.set(SPECS, "mode", Value::Text("papers".into())).is_err());
        assert!(params.set(SPECS, "modes", Value::Text("paper".into())).is_err());
        assert_eq!(params.choice("mode"), "hardened");
        assert_eq!(params.text("note"), "");
        params
            .set(SPECS, "note", Value::Text("any words".into()))
            .expect("free text");
        assert!(params.set(SPECS, "note", Value::U64(1)).is_err());
        assert_eq!(params.text("note"), "any words");
    }
}
