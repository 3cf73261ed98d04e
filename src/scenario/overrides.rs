//! `--set path=value`: values put into the parsed document before anything is made of it, so that they are checked like
//! those of the file.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::document::{Node, Texts, printable};
use super::error::{Error, one_of};

/// Most overrides of one run.
const MAX_OVERRIDES: usize = 1_000;

/// Deepest path.
const MAX_DEPTH: usize = 8;

/// Puts `path=value` pairs into the document. A table that is not there is made; an element of an array is named by its
/// number, from 0, or by its `name`.
pub(super) fn apply<'d>(
    root: &mut Spanned<DeTable<'d>>,
    overrides: &'d [(String, String)],
    texts: &mut Texts<'_>,
) -> Result<(), Error> {
    if overrides.len() > MAX_OVERRIDES {
        return Err(Error::of(
            "--set",
            format!("there are more than {MAX_OVERRIDES} overrides"),
        ));
    }
    for (path, value) in overrides {
        let begin = texts.add_override(format!("{path}={value}"));
        let span = begin + path.len() + 1..begin + path.len() + 1 + value.len();
        let value = parse(value, span.clone());
        let segments = segments(path, begin);
        if segments.len() > MAX_DEPTH || segments.iter().any(|(segment, _)| segment.is_empty()) {
            let error = texts.error(
                begin..begin + path.len(),
                format!("`{}` is no path to a value", printable(path)),
            );
            return Err(error.expected("names joined by dots, such as `radio.exponent`"));
        }
        put(root.get_mut(), &segments, value, texts)?;
    }
    Ok(())
}

/// The names in a path, each with its place.
fn segments(path: &str, begin: usize) -> Vec<(String, Range<usize>)> {
    let mut at = begin;
    path.split('.')
        .map(|segment| {
            let span = at..at + segment.len();
            at += segment.len() + 1;
            (segment.to_owned(), span)
        })
        .collect()
}

/// What a person means: a TOML value, or else a word that needs no quotes on a command line.
fn parse(text: &str, span: Range<usize>) -> Node<'_> {
    match DeValue::parse(text) {
        Ok(parsed) => moved(parsed, span.start),
        Err(_) => Spanned::new(span, DeValue::String(Cow::Borrowed(text))),
    }
}

/// The value with its place, and those of all that it holds, moved by `begin`.
fn moved(node: Node<'_>, begin: usize) -> Node<'_> {
    let shift = |span: Range<usize>| span.start + begin..span.end + begin;
    let span = shift(node.span());
    let value = match node.into_inner() {
        DeValue::Array(array) => {
            let mut moved_array = DeArray::new();
            array.into_iter().for_each(|item| moved_array.push(moved(item, begin)));
            DeValue::Array(moved_array)
        }
        DeValue::Table(table) => {
            let entries = table
                .into_iter()
                .map(|(key, value)| (Spanned::new(shift(key.span()), key.into_inner()), moved(value, begin)));
            DeValue::Table(entries.collect())
        }
        value => value,
    };
    Spanned::new(span, value)
}

/// Puts `value` where the path leads.
fn put<'d>(
    table: &mut DeTable<'d>,
    path: &[(String, Range<usize>)],
    value: Node<'d>,
    texts: &Texts<'_>,
) -> Result<(), Error> {
    let Some(((name, span), rest)) = path.split_first() else {
        return Ok(());
    };
    if rest.is_empty() {
        // The key too, so that an unknown one is shown where it was written.
        table.remove(name.as_str());
        table.insert(Spanned::new(span.clone(), Cow::Owned(name.clone())), value);
        return Ok(());
    }
    if !table.contains_key(name.as_str()) {
        let made = Spanned::new(span.clone(), DeValue::Table(DeTable::new()));
        table.insert(Spanned::new(span.clone(), Cow::Owned(name.clone())), made);
    }
    match table.get_mut(name.as_str()) {
        Some(node) => put_into(node, name, rest, value, texts),
        None => Ok(()),
    }
}

/// Puts `value` into what stands under the name `parent`.
fn put_into<'d>(
    node: &mut Node<'d>,
    parent: &str,
    path: &[(String, Range<usize>)],
    value: Node<'d>,
    texts: &Texts<'_>,
) -> Result<(), Error> {
    let Some(((name, span), rest)) = path.split_first() else {
        return Ok(());
    };
    match node.get_mut() {
        DeValue::Table(table) => put(table, path, value, texts),
        DeValue::Array(array) => {
            let index = match name.parse::<usize>() {
                Ok(index) => Some(index).filter(|index| *index < array.len()),
                Err(_) => array.iter().position(|item| name_of(item) == Some(name)),
            };
            let Some(element) = index.and_then(|index| array.get_mut(index)) else {
                let names: Vec<&str> = array.iter().filter_map(name_of).collect();
                let numbers = match array.len() {
                    0 => "nothing: it is empty".to_owned(),
                    count => format!("a number from 0 to {}", count - 1),
                };
                let expected = if names.is_empty() {
                    numbers
                } else {
                    format!("{numbers}, or {}", one_of(names.iter().copied()))
                };
                let problem = format!("`{}` names no element of `{}`", printable(name), printable(parent));
                return Err(texts
                    .error(span.clone(), problem)
                    .expected(expected)
                    .nearest(name, names));
            };
            if rest.is_empty() {
                *element = value;
                return Ok(());
            }
            put_into(element, name, rest, value, texts)
        }
        other => {
            let problem = format!("`{}` is no table but a {}", printable(parent), other.type_str());
            Err(texts.error(span.clone(), problem).expected("a path to a value"))
        }
    }
}

/// The `name` of an element of an array of tables.
fn name_of<'n>(node: &'n Node<'_>) -> Option<&'n str> {
    node.get_ref().as_table()?.get("name")?.get_ref().as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A document with these overrides, as TOML's debugging text, or the error.
    fn applied(text: &str, overrides: &[(&str, &str)]) -> Result<toml::Table, String> {
        let overrides: Vec<_> = overrides
            .iter()
            .map(|(path, value)| ((*path).to_owned(), (*value).to_owned()))
            .collect();
        let mut root = DeTable::parse(text).expect("it is TOML");
        apply(&mut root, &overrides, &mut Texts::new("t.toml", text)).map_err(|error| error.to_string())?;
        let table = serde::Deserialize::deserialize(toml::Deserializer::from(root));
        Ok(table.expect("it is a table"))
    }

    #[test]
    fn values_are_set_made_and_found() {
        let text = "seed = 1\n[radio]\nexponent = 2.5\n[[node]]\nname = 'ta'\nqueue = 1\n[[node]]\nname = 'b'\n";
        let overrides = [
            ("seed", "7"),
            ("radio.exponent", "3"),
            ("protocols.ecpp.key_lifetime", "30s"),
            ("node.0.queue", "10"),
            ("node.b.at", "[1, 2.5]"),
            ("title", "\"a b\""),
        ];
        let table = applied(text, &overrides).expect("all paths lead somewhere");
        let expected = "seed = 7\ntitle = 'a b'\n[radio]\nexponent = 3\n[protocols.ecpp]\nkey_lifetime = '30s'\n\
                        [[node]]\nname = 'ta'\nqueue = 10\n[[node]]\nname = 'b'\nat = [1, 2.5]\n";
        assert_eq!(table, expected.parse().expect("it is TOML"));
    }

    #[test]
    fn paths_that_lead_nowhere_say_where() {
        let text = "seed = 1\n[[node]]\nname = 'rsu'\n";
        let cases = [
            (
                ("node.rus.queue", "1"),
                "--set:1:6: `rus` names no element of `node`: expected a number from 0 to 0, or `rsu`; did you mean `rsu`?",
            ),
            (("node.1.queue", "1"), "--set:1:6: `1` names no element of `node`"),
            (("seed.x", "1"), "--set:1:6: `seed` is no table but a integer"),
            (("a..b", "1"), "--set:1:1: `a..b` is no path to a value"),
            (("", "1"), "--set:1:1: `` is no path to a value"),
            (("a.b.c.d.e.f.g.h.i.j", "1"), "--set:1:1:"),
        ];
        for (set, expected) in cases {
            let found = applied(text, &[set]).expect_err(expected);
            assert!(found.starts_with(expected), "{found}");
        }
    }
}
