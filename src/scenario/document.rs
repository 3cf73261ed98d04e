//! A TOML document with every value's place, read key by key: whoever reads a section names all keys that it knows, and
//! what nobody asked for is an error.

use std::cell::RefCell;
use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Error, one_of};
use super::quantity;

/// A value with its place.
pub(super) type Node<'d> = Spanned<DeValue<'d>>;

/// The text of a topology, and those of the overrides, with which their values' places go on.
#[derive(Clone, Debug)]
pub(super) struct Texts<'d> {
    file: &'d str,
    text: &'d str,
    /// Where each override begins, and its text `path=value`.
    overrides: Vec<(usize, String)>,
}

impl<'d> Texts<'d> {
    pub(super) fn new(file: &'d str, text: &'d str) -> Texts<'d> {
        Texts {
            file,
            text,
            overrides: Vec::new(),
        }
    }

    /// Takes an override's text in; where it begins.
    pub(super) fn add_override(&mut self, text: String) -> usize {
        let begin = self
            .overrides
            .last()
            .map_or(self.text.len(), |(begin, text)| begin + text.len())
            + 1;
        self.overrides.push((begin, text));
        begin
    }

    /// An error at a place.
    pub(super) fn error(&self, span: Range<usize>, problem: impl Into<String>) -> Error {
        match self.overrides.iter().rev().find(|(begin, _)| span.start >= *begin) {
            Some((begin, text)) => Error::at(
                "--set",
                text,
                span.start - begin..span.end.saturating_sub(*begin),
                problem,
            ),
            None => Error::at(self.file, self.text, span, problem),
        }
    }
}

/// A table that is being read.
pub(super) struct Section<'d> {
    pub(super) texts: &'d Texts<'d>,
    table: &'d DeTable<'d>,
    span: Range<usize>,
    /// How a person would name it: `[radio]`, `[[node]]`; empty for the document.
    name: String,
    known: RefCell<Vec<&'static str>>,
}

/// A value that is being read.
#[derive(Clone)]
pub(super) struct Item<'d> {
    pub(super) texts: &'d Texts<'d>,
    pub(super) value: &'d Node<'d>,
    /// How a person would name it: `radio.exponent`.
    pub(super) path: String,
}

impl<'d> Section<'d> {
    pub(super) fn root(texts: &'d Texts<'d>, root: &'d Spanned<DeTable<'d>>) -> Section<'d> {
        // The document as a whole is at its first character, or a label would cover all of it.
        Section {
            texts,
            table: root.get_ref(),
            span: 0..0,
            name: String::new(),
            known: RefCell::default(),
        }
    }

    /// The value of a key, and from now on the key is a known one.
    pub(super) fn get(&self, key: &'static str) -> Option<Item<'d>> {
        self.known.borrow_mut().push(key);
        self.table.get(key).map(|value| self.item(key, value))
    }

    /// A key that must be there.
    pub(super) fn need(&self, key: &'static str, expected: &str) -> Result<Item<'d>, Error> {
        self.get(key).ok_or_else(|| {
            self.error(format!("{} has no `{key}`", self.title()))
                .expected(format!("`{key}`: {expected}"))
        })
    }

    /// All keys with their values, for tables whose keys are names.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'d str, Range<usize>, Item<'d>)> + '_ {
        self.table
            .iter()
            .map(|(key, value)| (key.get_ref().as_ref(), key.span(), self.item(key.get_ref(), value)))
    }

    /// An error about the section as a whole.
    pub(super) fn error(&self, problem: impl Into<String>) -> Error {
        self.texts.error(self.span.clone(), problem)
    }

    /// Fails on a key that nobody asked for.
    pub(super) fn finish(&self) -> Result<(), Error> {
        let known = self.known.borrow();
        let stray = self
            .table
            .iter()
            .filter(|(key, _)| !known.contains(&key.get_ref().as_ref()));
        // The table is sorted by name; a person reads from the top.
        match stray.min_by_key(|(key, _)| key.span().start) {
            None => Ok(()),
            Some((key, _)) => {
                let found = key.get_ref().as_ref();
                let problem = format!("unknown key `{}`{}", printable(found), self.within());
                Err(self
                    .texts
                    .error(key.span(), problem)
                    .expected(one_of(known.iter().copied()))
                    .nearest(found, known.iter().copied()))
            }
        }
    }

    fn item(&self, key: &str, value: &'d Node<'d>) -> Item<'d> {
        let name = self.name.trim_matches(['[', ']']);
        let path = if name.is_empty() {
            key.to_owned()
        } else {
            format!("{name}.{key}")
        };
        Item {
            texts: self.texts,
            value,
            path,
        }
    }

    fn title(&self) -> String {
        if self.name.is_empty() {
            "the topology".to_owned()
        } else {
            self.name.clone()
        }
    }

    fn within(&self) -> String {
        if self.name.is_empty() {
            String::new()
        } else {
            format!(" in {}", self.name)
        }
    }
}

impl<'d> Item<'d> {
    /// Where it stands.
    pub(super) fn span(&self) -> Range<usize> {
        self.value.span()
    }

    /// An error about it.
    pub(super) fn error(&self, problem: impl Into<String>) -> Error {
        self.texts.error(self.span(), problem)
    }

    /// It is not what was expected.
    pub(super) fn wrong(&self, expected: impl Into<String>) -> Error {
        let found = match self.value.get_ref() {
            DeValue::String(text) => format!("\"{}\"", printable(text)),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            DeValue::Boolean(flag) => flag.to_string(),
            DeValue::Datetime(_) => "a date".to_owned(),
            DeValue::Array(array) => format!("an array of {}", array.len()),
            DeValue::Table(_) => "a table".to_owned(),
        };
        self.error(format!("`{}` is {found}", self.path)).expected(expected)
    }

    /// A word that is none of the valid ones.
    pub(super) fn unknown<'a>(
        &self,
        what: &str,
        found: &str,
        valid: impl IntoIterator<Item = &'a str> + Clone,
    ) -> Error {
        let problem = format!("unknown {what} `{}`", printable(found));
        self.error(problem)
            .expected(one_of(valid.clone()))
            .nearest(found, valid)
    }

    pub(super) fn text(&self, expected: &str) -> Result<&'d str, Error> {
        match self.value.get_ref() {
            DeValue::String(text) => Ok(text),
            _ => Err(self.wrong(expected)),
        }
    }

    pub(super) fn flag(&self) -> Result<bool, Error> {
        self.value
            .get_ref()
            .as_bool()
            .ok_or_else(|| self.wrong("true or false"))
    }

    /// A number, if it is one that a double can hold.
    pub(super) fn as_number(&self) -> Option<f64> {
        match self.value.get_ref() {
            DeValue::Float(number) => number.as_str().replace('_', "").parse().ok(),
            DeValue::Integer(_) => self.as_whole().map(|whole| whole as f64),
            _ => None,
        }
    }

    /// A whole number, if it is one.
    pub(super) fn as_whole(&self) -> Option<i128> {
        let number = self.value.get_ref().as_integer()?;
        i128::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()
    }

    /// A finite number from `min` to `max`.
    pub(super) fn number(&self, min: f64, max: f64) -> Result<f64, Error> {
        let number = self.as_number().filter(|number| (min..=max).contains(number));
        number.ok_or_else(|| self.wrong(format!("a number from {min} to {max}")))
    }

    /// A whole number from `min` to `max`.
    pub(super) fn count(&self, min: u64, max: u64) -> Result<u64, Error> {
        let whole = self
            .as_whole()
            .and_then(|whole| u64::try_from(whole).ok())
            .filter(|count| (min..=max).contains(count));
        whole.ok_or_else(|| self.wrong(format!("a whole number from {min} to {max}")))
    }

    /// A duration, zero included.
    pub(super) fn duration(&self) -> Result<Duration, Error> {
        quantity::duration(self.text(quantity::EXPECTED)?).ok_or_else(|| self.wrong(quantity::EXPECTED))
    }

    /// A duration that is not zero.
    pub(super) fn positive_duration(&self) -> Result<Duration, Error> {
        match self.duration()? {
            Duration::ZERO => Err(self.wrong("a duration of more than zero")),
            duration => Ok(duration),
        }
    }

    /// The elements of an array.
    pub(super) fn array(&self, expected: &str) -> Result<Vec<Item<'d>>, Error> {
        let DeValue::Array(array) = self.value.get_ref() else {
            return Err(self.wrong(expected));
        };
        Ok(array
            .iter()
            .map(|value| Item {
                texts: self.texts,
                value,
                path: self.path.clone(),
            })
            .collect())
    }

    /// Numbers within bounds, exactly so many.
    pub(super) fn numbers<const N: usize>(&self, limit: f64, expected: &str) -> Result<[f64; N], Error> {
        let items = self.array(expected)?;
        if items.len() != N {
            return Err(self.wrong(expected));
        }
        let mut numbers = [0.0; N];
        for (number, item) in numbers.iter_mut().zip(&items) {
            *number = item.number(-limit, limit)?;
        }
        Ok(numbers)
    }

    /// A table, by the name that a person would give it.
    pub(super) fn section(&self, name: impl Into<String>) -> Result<Section<'d>, Error> {
        let DeValue::Table(table) = self.value.get_ref() else {
            return Err(self.wrong("a table"));
        };
        let span = self.span();
        Ok(Section {
            texts: self.texts,
            table,
            span,
            name: name.into(),
            known: RefCell::default(),
        })
    }

    /// An array of tables.
    pub(super) fn sections(&self, name: &str) -> Result<Vec<Section<'d>>, Error> {
        let expected = format!("tables, each headed {name}");
        let DeValue::Array(array) = self.value.get_ref() else {
            return Err(self.wrong(expected));
        };
        array
            .iter()
            .map(|value| {
                Item {
                    texts: self.texts,
                    value,
                    path: self.path.clone(),
                }
                .section(name)
            })
            .collect()
    }
}

/// The beginning of a text that a stranger wrote, fit to print.
pub(super) fn printable(text: &str) -> String {
    clipped(text, 60)
}

/// So many characters of a text that a stranger may have written parts of, fit to print.
pub(super) fn clipped(text: &str, most: usize) -> String {
    let mut clipped: String = text
        .chars()
        .take(most)
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect()
            } else {
                vec![c]
            }
        })
        .collect();
    if text.chars().nth(most).is_some() {
        clipped.push_str("...");
    }
    clipped
}
