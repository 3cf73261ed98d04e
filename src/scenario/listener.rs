//! `[[listener]]`: who listens to the air, with which antennas, and what he goes by.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::de::DeTable;

use super::document::{Item, Section, Texts};
use super::error::Error;
use super::overrides;

/// Most listeners of a scenario.
const MAX_LISTENERS: usize = 100;
/// Longest name.
const MAX_NAME: usize = 40;
/// Longest silence between two pseudonyms of a vehicle that a listener bridges, unless it says otherwise.
const SILENCE: Duration = Duration::from_secs(30);
/// Longest that it may say.
const MAX_SILENCE: Duration = Duration::from_secs(3600);

/// What is measured of each listener, under `privacy.LISTENER` in a report.
pub const FIGURES: [&str; 11] = [
    "changes",
    "anonymity_set",
    "entropy_bits",
    "degree",
    "linked_share",
    "misled_share",
    "trips",
    "trips_with_change",
    "followed_share",
    "followed_with_change_share",
    "tracked_mean_s",
];

/// What a tracker may go by besides place and movement.
const CUES: [&str; 2] = ["power", "validity"];

/// A listener: an eavesdropper with antennas of his own, or one who runs road-side units and is curious.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its name.
    pub name: String,
    /// At which nodes it has antennas, by number; `None` for everywhere.
    pub antennas: Option<Vec<usize>>,
    /// Longest silence that it bridges.
    pub silence: Duration,
    /// Does it compare received powers?
    pub power: bool,
    /// Does it read validities of certificates?
    pub validity: bool,
}

/// Reads all listeners. `radio` says which nodes have one.
pub(super) fn read(
    item: Option<Item<'_>>,
    names: &BTreeMap<&str, usize>,
    radio: impl Fn(usize) -> bool,
) -> Result<Vec<Listener>, Error> {
    let Some(item) = item else { return Ok(Vec::new()) };
    let sections = item.sections("[[listener]]")?;
    if sections.len() > MAX_LISTENERS {
        return Err(item.wrong(format!("at most {MAX_LISTENERS} listeners")));
    }
    let mut listeners: Vec<Listener> = Vec::with_capacity(sections.len());
    for section in sections {
        let (name, listener) = read_one(&section, names, &radio)?;
        if listeners.iter().any(|other| other.name == listener.name) {
            let problem = format!("listener `{}` is there twice", listener.name);
            return Err(name.error(problem).expected("a name of its own for each"));
        }
        listeners.push(listener);
    }
    Ok(listeners)
}

fn read_one<'d>(
    section: &Section<'d>,
    names: &BTreeMap<&str, usize>,
    radio: &impl Fn(usize) -> bool,
) -> Result<(Item<'d>, Listener), Error> {
    const NAME: &str = "a name of letters, digits, `-` and `_`, such as \"ear\"";
    let name = section.need("name", NAME)?;
    let heard = section.need("antennas", EXPECTED)?;
    let (silence, cues) = (section.get("silence"), section.get("cues"));
    section.finish()?;
    let text = name.text(NAME)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if text.is_empty() || text.len() > MAX_NAME || !text.bytes().all(plain) {
        return Err(name.wrong(format!("{NAME}, at most {MAX_NAME} characters")));
    }
    let antennas = antennas(&heard, names, radio)?;
    let silence = match &silence {
        None => SILENCE,
        Some(item) => match item.positive_duration()? {
            silence if silence <= MAX_SILENCE => silence,
            _ => return Err(item.wrong(format!("at most {} s", MAX_SILENCE.as_secs()))),
        },
    };
    let (mut power, mut validity) = (false, false);
    if let Some(cues) = cues {
        for cue in cues.array("a list of cues, such as [\"power\", \"validity\"]")? {
            match cue.text("a cue")? {
                "power" if antennas.is_none() => {
                    return Err(cue
                        .error("a listener who hears everything has no antenna that receives a power")
                        .expected("`antennas` at nodes, or no `power` among the cues"));
                }
                "power" => power = true,
                "validity" => validity = true,
                other => return Err(cue.unknown("cue", other, CUES)),
            }
        }
    }
    let name_of = text.to_owned();
    Ok((
        name,
        Listener {
            name: name_of,
            antennas,
            silence,
            power,
            validity,
        },
    ))
}

const EXPECTED: &str = "\"all\", or a list of nodes such as [\"ear-1\", \"rsu-*\"]";

/// The nodes at which the antennas are; a `*` at the end of a name stands for whatever follows.
fn antennas(
    item: &Item<'_>,
    names: &BTreeMap<&str, usize>,
    radio: &impl Fn(usize) -> bool,
) -> Result<Option<Vec<usize>>, Error> {
    if item.value.get_ref().as_str() == Some("all") {
        return Ok(None);
    }
    let items = item.array(EXPECTED)?;
    if items.is_empty() {
        return Err(item.wrong(EXPECTED));
    }
    let mut nodes = Vec::new();
    for item in items {
        let pattern = item.text("the name of a node")?;
        let before = nodes.len();
        match pattern.strip_suffix('*') {
            Some(beginning) => {
                let fitting = names.iter().filter(|(name, _)| name.starts_with(beginning));
                nodes.extend(fitting.map(|(_, index)| *index).filter(|index| radio(*index)));
            }
            None => match names.get(pattern) {
                Some(index) if radio(*index) => nodes.push(*index),
                Some(_) => {
                    return Err(item
                        .error(format!("node `{pattern}` has no radio to listen with"))
                        .expected("a node with `radio = true`"));
                }
                None => {}
            },
        }
        if nodes.len() == before {
            return Err(item.unknown("node", pattern, names.keys().copied()));
        }
    }
    nodes.sort_unstable();
    nodes.dedup();
    Ok(Some(nodes))
}

/// The listeners of a log: from the topology's text and the overrides that it holds, and the names of its nodes.
///
/// # Errors
/// If the text is not what a run accepted.
pub fn listeners_of_log<'n>(
    text: &str,
    overrides: &[(String, String)],
    names: impl Iterator<Item = &'n str>,
) -> Result<Vec<Listener>, Error> {
    let label = "the log's topology";
    let mut root = DeTable::parse(text).map_err(|error| Error::of(label, format!("not TOML: {}", error.message())))?;
    let mut texts = Texts::new(label, text);
    overrides::apply(&mut root, overrides, &mut texts)?;
    let root = Section::root(&texts, &root);
    let names: BTreeMap<&str, usize> = names.zip(0..).collect();
    read(root.get("listener"), &names, |_| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<Listener>, String> {
        let names = ["rsu-1", "rsu-2", "car"].into_iter();
        listeners_of_log(text, &[], names).map_err(|error| format!("{:?}", miette::Report::new(error)))
    }

    #[test]
    fn listeners_are_read() {
        let text = "[[listener]]\nname = \"ear\"\nantennas = \"all\"\n[[listener]]\nname = \"units\"\n\
                    antennas = [\"rsu-*\", \"car\", \"rsu-1\"]\nsilence = \"5s\"\ncues = [\"power\", \"validity\"]\n";
        let listeners = of(text).expect("good");
        assert_eq!(listeners[0].antennas, None);
        assert_eq!((listeners[0].silence, listeners[0].power), (SILENCE, false));
        assert_eq!(listeners[1].antennas, Some(vec![0, 1, 2]));
        assert!(listeners[1].power && listeners[1].validity && listeners[1].silence.as_secs() == 5);
        assert_eq!(of(""), Ok(Vec::new()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let ear = |rest: &str| of(&format!("[[listener]]\nname = \"ear\"\n{rest}"));
        for (text, part) in [
            ("", "antennas"),
            ("antennas = []", "a list of nodes"),
            ("antennas = \"rsu-1\"", "a list of nodes"),
            ("antennas = [\"rsu-3\"]", "did you mean `rsu-1`"),
            ("antennas = [\"tram-*\"]", "unknown node"),
            ("antennas = \"all\"\ncues = [\"power\"]", "no antenna"),
            ("antennas = \"all\"\ncues = [\"powr\"]", "did you mean `power`"),
            ("antennas = \"all\"\nsilence = \"2h\"", "at most 3600"),
            ("antennas = \"all\"\nsilence = \"0s\"", "more than zero"),
            ("antennas = \"all\"\nantenas = 1", "unknown key"),
        ] {
            let said = ear(text).expect_err(text);
            assert!(said.contains(part), "{text}: {said}");
        }
        for name in ["", "an ear", "a.b", &"x".repeat(41)] {
            let text = format!("[[listener]]\nname = \"{name}\"\nantennas = \"all\"");
            assert!(of(&text).expect_err(name).contains("a name of"), "{name}");
        }
        let twice = "[[listener]]\nname = \"a\"\nantennas = \"all\"\n".repeat(2);
        assert!(of(&twice).expect_err("twice").contains("there twice"));
    }
}
