//! What is wrong with a topology, so that a person can mend it: file, line, column, what was expected, the nearest name.

use std::fmt;
use std::ops::Range;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

use crate::world::source::ReadError;

/// A value of a section that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The key, without the section's name.
    pub key: &'static str,
    /// What was expected, as a fragment that reads after "expected".
    pub expected: String,
}

/// A topology, or a file that it names, that cannot be used.
///
/// As a [`Diagnostic`] it shows the place in the file. [`fmt::Display`] gives all of it in one line:
/// `city.toml:7:9: unknown role `ecpp.obi`: expected one of ...; did you mean `ecpp.obu`?`
#[derive(Clone)]
pub struct Error(Box<Inner>);

/// Boxed, so that a result is small.
#[derive(Clone)]
struct Inner {
    file: String,
    place: Option<(usize, usize)>,
    problem: String,
    expected: Option<String>,
    nearest: Option<String>,
    excerpt: Option<(NamedSource<String>, Range<usize>)>,
}

impl Error {
    /// A problem with an input as a whole.
    pub fn of(file: impl Into<String>, problem: impl Into<String>) -> Error {
        Error(Box::new(Inner {
            file: file.into(),
            place: None,
            problem: problem.into(),
            expected: None,
            nearest: None,
            excerpt: None,
        }))
    }

    /// A problem at a place of a text, which is shown.
    pub(super) fn at(file: &str, text: &str, span: Range<usize>, problem: impl Into<String>) -> Error {
        let span = clamp(text, span);
        let before = &text[..span.start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = text[line_start..span.start].chars().count() + 1;
        let mut error = Error::of(file, problem);
        error.0.place = Some((line, column));
        error.0.excerpt = Some((NamedSource::new(file, text.to_owned()), span));
        error
    }

    /// Says what was expected, as a fragment that reads after "expected".
    #[must_use]
    pub(super) fn expected(mut self, expected: impl Into<String>) -> Error {
        self.0.expected = Some(expected.into());
        self
    }

    /// Says which of the valid names is nearest to the one that was found, if one is near.
    #[must_use]
    pub(super) fn nearest<'a>(mut self, found: &str, valid: impl IntoIterator<Item = &'a str>) -> Error {
        self.0.nearest = nearest(found, valid).map(str::to_owned);
        self
    }

    /// The input in which the problem is: a path, a shipped name, `-`, or `--set`.
    pub fn file(&self) -> &str {
        &self.0.file
    }

    /// The line, from 1, where there is one.
    pub fn line(&self) -> Option<usize> {
        self.0.place.map(|(line, _)| line)
    }

    /// The column in characters, from 1, where there is one.
    pub fn column(&self) -> Option<usize> {
        self.0.place.map(|(_, column)| column)
    }

    /// The valid name that is nearest to the one found.
    pub fn suggestion(&self) -> Option<&str> {
        self.0.nearest.as_deref()
    }

    /// What is wrong, without place and suggestion.
    pub fn problem(&self) -> &str {
        &self.0.problem
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Error {
        let mut converted = Error::of(error.name, error.message);
        converted.0.place = error.place.map(|(line, column)| {
            (
                usize::try_from(line).unwrap_or(usize::MAX),
                usize::try_from(column).unwrap_or(usize::MAX),
            )
        });
        converted
    }
}

/// A range that lies within `text`, on character boundaries.
fn clamp(text: &str, span: Range<usize>) -> Range<usize> {
    let boundary = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = boundary(span.start);
    start..boundary(span.end).max(start)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            file,
            place,
            problem,
            expected,
            nearest,
            ..
        } = &*self.0;
        match place {
            Some((line, column)) => write!(f, "{file}:{line}:{column}: {problem}")?,
            None => write!(f, "{file}: {problem}")?,
        }
        if let Some(expected) = expected {
            write!(f, ": expected {expected}")?;
        }
        match nearest {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

impl Diagnostic for Error {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.excerpt.as_ref().map(|(source, _)| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (_, span) = self.0.excerpt.as_ref()?;
        // What was expected stands in the message, and may be long.
        let label = match &self.0.nearest {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => "here".to_owned(),
        };
        Some(Box::new(std::iter::once(LabeledSpan::new(
            Some(label),
            span.start,
            span.len(),
        ))))
    }
}

/// The valid name nearest to `found`, if one is near enough to be meant.
pub fn nearest<'a>(found: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A stranger's word may be long, and the distance takes the product of both lengths.
    if found.len() > 64 {
        return None;
    }
    let found = found.to_lowercase();
    valid
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&found, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= (found.chars().count().max(name.chars().count()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// A list for a person, cut where it would fill the screen.
pub(super) fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 24;
    let names: Vec<&str> = names.into_iter().collect();
    match names.as_slice() {
        [] => "nothing here".to_owned(),
        [only] => format!("`{only}`"),
        names if names.len() > SHOWN => format!(
            "one of `{}`, and {} more",
            names[..SHOWN].join("`, `"),
            names.len() - SHOWN
        ),
        names => format!("one of `{}`", names.join("`, `")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near() {
        let valid = ["exponent", "fading", "power_dbm", "queue"];
        assert_eq!(nearest("exponnet", valid), Some("exponent"));
        assert_eq!(nearest("Fading", valid), Some("fading"));
        assert_eq!(nearest("power", valid), None);
        assert_eq!(nearest("x", valid), None);
        assert_eq!(nearest(&"x".repeat(1_000_000), valid), None);
    }

    #[test]
    fn a_line_and_a_diagnostic_say_the_same() {
        let text = "title = \"\u{e4}\"\nx\u{e4} = 3\n";
        let error = Error::at("t.toml", text, 19..20, "unknown key `3`")
            .expected(one_of(["a", "b"]))
            .nearest("aa", ["a", "b"]);
        assert_eq!(
            error.to_string(),
            "t.toml:2:6: unknown key `3`: expected one of `a`, `b`; did you mean `a`?"
        );
        let shown = format!("{:?}", miette::Report::new(error));
        assert!(shown.contains("t.toml:2:"), "{shown}");
        assert!(shown.contains("expected one of"), "{shown}");
    }

    #[test]
    fn spans_out_of_the_text_do_no_harm() {
        for (start, end) in [(0, 99), (99, 100), (2, 1), (2, 3)] {
            let error = Error::at("t", "a\u{20ac}b", start..end, "p");
            assert_eq!(error.line(), Some(1));
        }
        assert_eq!(Error::at("t", "", 0..1, "p").column(), Some(1));
    }
}
