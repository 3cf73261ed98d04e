//! Readers for SUMO's XML: networks, floating car data, polygons. Streaming, bounded, and never trusting.

pub mod fcd;
pub mod net;
pub mod poly;

use std::borrow::Cow;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::source::{ReadError, Source};

/// The deepest nesting of elements that is read.
const MAX_DEPTH: usize = 32;

/// Farthest that anything may lie from the origin, metres: centimetres then fit 32 bits.
pub const MAX_COORDINATE: f64 = 2e7;

/// The longest name of a vehicle, junction or edge, bytes.
const MAX_NAME: usize = 128;

/// Most points of one shape.
const MAX_SHAPE: usize = 100_000;

/// Something wrong at a byte of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    at: u64,
    message: String,
}

/// An opening tag.
#[derive(Debug)]
pub struct Element<'a> {
    /// How many elements it is in.
    pub depth: usize,
    at: u64,
    start: &'a BytesStart<'a>,
}

/// What is to be done with each element.
pub trait Visitor {
    /// The name of the outermost element.
    fn root(&self) -> &'static [&'static str];

    /// An element begins.
    ///
    /// # Errors
    /// If it is not as it must be.
    fn open(&mut self, element: &Element<'_>) -> Result<(), Fault>;

    /// The element of that name and depth ends.
    ///
    /// # Errors
    /// If what it held is not as it must be.
    fn close(&mut self, _name: &str, _depth: usize, _at: u64) -> Result<(), Fault> {
        Ok(())
    }
}

/// Leads `visitor` through the document.
///
/// # Errors
/// If the document cannot be read, is not well-formed, is too large, or if the visitor says so.
pub fn walk(source: &Source, visitor: &mut impl Visitor) -> Result<(), ReadError> {
    let mut reader = Reader::from_reader(source.open()?);
    let mut buffer = Vec::new();
    let mut depth = 0;
    let mut seen_root = false;
    loop {
        buffer.clear();
        reader.get_mut().new_piece();
        let at = reader.buffer_position();
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(error) => return Err(source.fault(reader.error_position().max(at), ill_formed(&error))),
        };
        let outcome = match &event {
            Event::Start(start) | Event::Empty(start) => {
                let element = Element { depth, at, start };
                let begun = enter(&element, visitor, &mut seen_root);
                match &event {
                    Event::Start(_) => depth += 1,
                    _ if begun.is_ok() => {
                        if let Err(fault) = visitor.close(element.name(), depth, at) {
                            return Err(source.fault(fault.at, fault.message));
                        }
                    }
                    _ => {}
                }
                begun
            }
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                visitor.close(end.name().as_ref(), depth, at)
            }
            Event::Eof if depth > 0 => Err(Fault {
                at,
                message: "the file ends inside an element: was it cut off?".to_owned(),
            }),
            Event::Eof if !seen_root => Err(Fault {
                at,
                message: format!(
                    "the file holds no element: expected <{}>",
                    visitor.root().join("> or <")
                ),
            }),
            Event::Eof => return Ok(()),
            _ => Ok(()),
        };
        outcome.map_err(|fault| source.fault(fault.at, fault.message))?;
    }
}

/// An element begins: is it allowed here at all?
fn enter(element: &Element<'_>, visitor: &mut impl Visitor, seen_root: &mut bool) -> Result<(), Fault> {
    if element.depth >= MAX_DEPTH {
        return Err(element.fault(format!("elements are nested more than {MAX_DEPTH} deep")));
    }
    if element.depth == 0 {
        let roots = visitor.root();
        if *seen_root || !roots.contains(&element.name()) {
            let found = element.name();
            return Err(element.fault(format!("found <{}>: expected <{}>", clip(found), roots.join("> or <"))));
        }
        *seen_root = true;
    }
    visitor.open(element)
}

/// What is wrong with the XML, without the parser's words for an error of the decompressor.
fn ill_formed(error: &quick_xml::Error) -> String {
    match error {
        quick_xml::Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            "the compressed file ends too early: was it cut off?".to_owned()
        }
        quick_xml::Error::Io(error) => format!("cannot be read on: {error}"),
        error => format!("not well-formed XML: {}", clip(&error.to_string())),
    }
}

impl<'a> Element<'a> {
    /// Its name.
    pub fn name(&self) -> &str {
        self.start.name().into_inner()
    }

    /// Something wrong with it.
    pub fn fault(&self, message: impl Into<String>) -> Fault {
        Fault {
            at: self.at,
            message: message.into(),
        }
    }

    /// The attributes of these names, in that order, with entities resolved. One pass over the tag.
    ///
    /// # Errors
    /// If the tag is not well-formed.
    pub fn attributes<const N: usize>(&self, names: [&str; N]) -> Result<[Option<Cow<'a, str>>; N], Fault> {
        let mut values = [const { None }; N];
        for attribute in self.start.attributes() {
            let attribute = attribute.map_err(|error| self.fault(format!("not well-formed XML: {error}")))?;
            if let Some(index) = names.iter().position(|name| *name == attribute.key.as_ref()) {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0);
                values[index] = Some(value.map_err(|error| self.fault(format!("not well-formed XML: {error}")))?);
            }
        }
        Ok(values)
    }

    /// An attribute that must be there.
    ///
    /// # Errors
    /// If it is not.
    pub fn required<'v>(&self, name: &str, value: &'v Option<Cow<'a, str>>) -> Result<&'v str, Fault> {
        value
            .as_deref()
            .ok_or_else(|| self.fault(format!("<{}> has no attribute `{name}`", self.name())))
    }

    /// An attribute that is a name.
    ///
    /// # Errors
    /// If it is missing, empty, too long, or would disturb a terminal.
    pub fn id<'v>(&self, name: &str, value: &'v Option<Cow<'a, str>>) -> Result<&'v str, Fault> {
        let id = self.required(name, value)?;
        if id.is_empty() || id.len() > MAX_NAME || id.chars().any(char::is_control) {
            return Err(self.wrong(name, id, &format!("1 to {MAX_NAME} printable characters")));
        }
        Ok(id)
    }

    /// An attribute that is a finite number within bounds.
    ///
    /// # Errors
    /// If it is missing, no number, or out of bounds.
    pub fn number(&self, name: &str, value: &Option<Cow<'a, str>>, min: f64, max: f64) -> Result<f64, Fault> {
        let text = self.required(name, value)?;
        match text.trim().parse::<f64>() {
            Ok(number) if (min..=max).contains(&number) => Ok(number),
            _ => Err(self.wrong(name, text, &format!("a number from {min} to {max}"))),
        }
    }

    /// An attribute that is a coordinate, metres.
    ///
    /// # Errors
    /// If it is missing, no finite number, or too far out.
    pub fn coordinate(&self, name: &str, value: &Option<Cow<'a, str>>) -> Result<f64, Fault> {
        self.number(name, value, -MAX_COORDINATE, MAX_COORDINATE)
    }

    /// A shape: points `x,y` or `x,y,z` separated by spaces.
    ///
    /// # Errors
    /// If it is no list of finite points, or has too many.
    pub fn shape(&self, text: &str) -> Result<Vec<(f64, f64)>, Fault> {
        let mut points = Vec::with_capacity(text.len() / 16);
        for point in text.split_ascii_whitespace() {
            let mut parts = point.split(',').map(str::parse::<f64>);
            let (Some(Ok(x)), Some(Ok(y)), None | Some(Ok(_)), None) =
                (parts.next(), parts.next(), parts.next(), parts.next())
            else {
                return Err(self.wrong("shape", point, "points such as `12.50,-3.00`"));
            };
            if x.abs().max(y.abs()) > MAX_COORDINATE || x.is_nan() || y.is_nan() {
                return Err(self.wrong(
                    "shape",
                    point,
                    &format!("coordinates within {MAX_COORDINATE} m of the origin"),
                ));
            }
            if points.len() == MAX_SHAPE {
                return Err(self.fault(format!("a shape has more than {MAX_SHAPE} points")));
            }
            points.push((x, y));
        }
        Ok(points)
    }

    /// An attribute whose value is not what was expected.
    pub fn wrong(&self, name: &str, value: &str, expected: &str) -> Fault {
        self.fault(format!(
            "attribute `{name}` of <{}> is \"{}\": expected {expected}",
            self.name(),
            clip(value)
        ))
    }
}

/// The beginning of a text that a stranger wrote, fit to print.
fn clip(text: &str) -> String {
    let mut clipped: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    if text.chars().nth(80).is_some() {
        clipped.push_str("...");
    }
    clipped
}

/// Nanoseconds in a decimal number of seconds such as `500.00`, exactly. `None` if it is none, negative, or too large.
pub fn seconds(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) {
        return None;
    }
    let nanos: String = part.chars().chain("000000000".chars()).take(9).collect();
    whole
        .parse::<u64>()
        .ok()?
        .checked_mul(1_000_000_000)?
        .checked_add(nanos.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts elements.
    struct Counter(usize, usize);

    impl Visitor for Counter {
        fn root(&self) -> &'static [&'static str] {
            &["net", "additional"]
        }
        fn open(&mut self, element: &Element<'_>) -> Result<(), Fault> {
            self.0 += 1;
            let [x] = element.attributes(["x"])?;
            if x.is_some() {
                element.number("x", &x, 0.0, 9.0)?;
            }
            Ok(())
        }
        fn close(&mut self, _name: &str, _depth: usize, _at: u64) -> Result<(), Fault> {
            self.1 += 1;
            Ok(())
        }
    }

    /// What comes of walking through `text`.
    fn walked(text: &str) -> Result<(usize, usize), String> {
        let mut counter = Counter(0, 0);
        walk(&Source::memory("t.xml", text.as_bytes().to_vec()), &mut counter).map_err(|error| error.to_string())?;
        Ok((counter.0, counter.1))
    }

    #[test]
    fn elements_open_and_close() {
        assert_eq!(
            walked("<?xml version='1.0'?><!-- c --><net><a x='1'/><b><c/></b></net>\n"),
            Ok((4, 4))
        );
        assert_eq!(walked("<additional/>"), Ok((1, 1)));
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        let cases = [
            (
                "",
                "t.xml:1:1: the file holds no element: expected <net> or <additional>",
            ),
            (
                "<fcd-export/>",
                "t.xml:1:1: found <fcd-export>: expected <net> or <additional>",
            ),
            ("<net>\n <a>", "t.xml:2:5: the file ends inside an element"),
            (
                "<net>\n <a x='ten'/></net>",
                "t.xml:2:2: attribute `x` of <a> is \"ten\": expected a number from 0 to 9",
            ),
            ("<net>\n <a x='nan'/></net>", "t.xml:2:2: attribute `x`"),
            ("<net>\n <a x='10'/></net>", "t.xml:2:2: attribute `x`"),
            ("<net>\n <a x='1' x='2'/></net>", "t.xml:2:2: not well-formed XML"),
            ("<net>\n <a x='&bomb;'/></net>", "t.xml:2:2: not well-formed XML"),
            ("<net>\n <a x=1/></net>", "t.xml:2:2: not well-formed XML"),
            ("<net></a></net>", "t.xml:1:6: not well-formed XML"),
            ("<net/><net/>", "t.xml:1:7: found <net>"),
            ("<net>\n\n  <a", "t.xml:3:3: not well-formed XML"),
        ];
        for (text, expected) in cases {
            let found = walked(text).expect_err(text);
            assert!(found.starts_with(expected), "{text}: {found}");
        }
        let deep = "<net>".to_owned() + &"<a>".repeat(40) + &"</a>".repeat(40) + "</net>";
        assert!(walked(&deep).is_err_and(|error| error.contains("nested more than 32 deep")));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let source = Source::memory("t.xml", b"<net>\n<a x='\xff\xfe'/></net>".to_vec());
        assert!(walk(&source, &mut Counter(0, 0)).is_err());
    }

    #[test]
    fn seconds_are_exact() {
        assert_eq!(seconds("500.00"), Some(500_000_000_000));
        assert_eq!(seconds("0.1"), Some(100_000_000));
        assert_eq!(seconds("7"), Some(7_000_000_000));
        assert_eq!(seconds("1.0000000019"), Some(1_000_000_001));
        for text in ["", ".", "-1", "1e3", "nan", "1.2.3", "99999999999999999999", "0:08:20"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
