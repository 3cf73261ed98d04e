//! What `roadveil bench radio` is asked for, with flags or in the order in which ns3-radio takes it.

use std::time::Duration;

use crate::cli::{BenchRadio, RadioMode};
use crate::command::Failure;
use crate::command::bench::beacon::MAX_BYTES;
use crate::radio::Fading;

/// Most nodes of a clique or highway: each frame of a clique has as many receivers.
const MAX_NODES: u64 = 10_000;
/// Most frames of a curve.
const MAX_FRAMES: u64 = 10_000_000;
/// Longest run of a clique or highway, seconds.
const MAX_SECONDS: f64 = 3600.0;

/// Largest first seed: a topology's seed has 63 bits, and the others follow it.
const MAX_SEED: u64 = 1_000_000_000_000_000_000;

/// What is laid out, and what is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Which layout.
    pub mode: RadioMode,
    /// Fading.
    pub fading: Fading,
    /// Bytes of a frame above the link layer.
    pub bytes: u64,
    /// Exponent of the path loss.
    pub exponent: f64,
    /// Frames of a curve.
    pub frames: u64,
    /// Nodes of a clique or highway.
    pub nodes: u64,
    /// Virtual seconds of a clique or highway.
    pub seconds: f64,
    /// Metres from node to node of a highway.
    pub spacing: f64,
    /// The first seed.
    pub seed: u64,
    /// The last part of the run is silent, so that no frame is cut off by its end.
    pub tail: Duration,
}

impl Setting {
    /// The defaults: those of ns3-radio.
    pub fn new(mode: RadioMode) -> Setting {
        Setting {
            mode,
            fading: match mode {
                RadioMode::Clique => Fading::None,
                RadioMode::Curve | RadioMode::Highway => Fading::Nakagami,
            },
            bytes: 300,
            exponent: 2.5,
            frames: 4000,
            nodes: if mode == RadioMode::Highway { 200 } else { 50 },
            seconds: 10.0,
            spacing: 10.0,
            seed: 1,
            tail: Duration::from_millis(200),
        }
    }

    /// What the command line says: one setting, or one for each number of nodes of a clique.
    ///
    /// # Errors
    /// If a value makes no sense, is given twice, or is not one of this layout's.
    pub(super) fn read(args: &BenchRadio) -> Result<Vec<Setting>, Failure> {
        let flags = [
            ("fading", &args.fading),
            ("bytes", &args.bytes),
            ("exponent", &args.exponent),
            ("frames", &args.frames),
            ("nodes", &args.nodes),
            ("seconds", &args.seconds),
            ("spacing", &args.spacing),
            ("seed", &args.seed),
        ];
        let (words, others) = keys(args.mode);
        if let Some(word) = args.values.get(words.len()) {
            return Err(refused(
                format!("one value too many: {word}"),
                format!("expected {}", words.join(", ")),
            ));
        }
        let mut settings = vec![Setting::new(args.mode)];
        for (name, text) in words.iter().zip(&args.values) {
            if flags.iter().any(|(flag, given)| flag == name && given.is_some()) {
                return Err(refused(
                    format!("{name} is given twice"),
                    format!("as {text} and with --{name}"),
                ));
            }
            set(&mut settings, name, text)?;
        }
        for (name, text) in flags {
            let Some(text) = text else { continue };
            if !words.contains(&name) && !others.contains(&name) {
                let known: Vec<String> = words.iter().chain(others).map(|name| format!("--{name}")).collect();
                return Err(refused(
                    format!("--{name} means nothing here"),
                    format!("expected {}", known.join(", ")),
                ));
            }
            set(&mut settings, name, text)?;
        }
        Ok(settings)
    }

    fn set(&mut self, name: &str, text: &str) -> Result<(), Failure> {
        match name {
            "fading" => {
                self.fading = match text {
                    "nakagami" => Fading::Nakagami,
                    "none" => Fading::None,
                    _ => return Err(wrong(name, text, "nakagami or none")),
                }
            }
            "bytes" => self.bytes = whole(name, text, 1, MAX_BYTES)?,
            "exponent" => self.exponent = number(name, text, 1.5, 8.0)?,
            "frames" => self.frames = whole(name, text, 1, MAX_FRAMES)?,
            "nodes" => self.nodes = whole(name, text, 2, MAX_NODES)?,
            "seconds" => self.seconds = number(name, text, 0.3, MAX_SECONDS)?,
            "spacing" => self.spacing = number(name, text, 0.1, 10_000.0)?,
            _ => self.seed = whole(name, text, 0, MAX_SEED)?,
        }
        Ok(())
    }
}

/// Sets a value everywhere; a clique may have several numbers of nodes.
fn set(settings: &mut Vec<Setting>, name: &str, text: &str) -> Result<(), Failure> {
    let Some(first) = settings
        .first()
        .filter(|first| name == "nodes" && first.mode == RadioMode::Clique)
    else {
        return settings.iter_mut().try_for_each(|setting| setting.set(name, text));
    };
    let several: Result<Vec<Setting>, Failure> = text
        .split(',')
        .map(|text| {
            let mut setting = first.clone();
            setting.set(name, text)?;
            Ok(setting)
        })
        .collect();
    *settings = several?;
    Ok(())
}

/// The values of a layout: those that come without flags, in their order, and the others.
fn keys(mode: RadioMode) -> (&'static [&'static str], &'static [&'static str]) {
    match mode {
        RadioMode::Curve => (&["fading", "bytes", "exponent", "frames"], &["seed"]),
        RadioMode::Clique => (&["nodes", "bytes", "seconds", "seed"], &["fading", "exponent"]),
        RadioMode::Highway => (
            &["nodes", "spacing", "bytes", "seconds", "seed", "fading"],
            &["exponent"],
        ),
    }
}

fn whole(name: &str, text: &str, min: u64, max: u64) -> Result<u64, Failure> {
    let found = text.parse().ok().filter(|number| (min..=max).contains(number));
    found.ok_or_else(|| wrong(name, text, &format!("a whole number from {min} to {max}")))
}

fn number(name: &str, text: &str, min: f64, max: f64) -> Result<f64, Failure> {
    let found = text.parse().ok().filter(|number| (min..=max).contains(number));
    found.ok_or_else(|| wrong(name, text, &format!("a number from {min} to {max}")))
}

fn wrong(name: &str, text: &str, expected: &str) -> Failure {
    refused(format!("{name} cannot be {text}"), format!("expected {expected}"))
}

fn refused(problem: String, help: String) -> Failure {
    Failure::Input(miette::miette!(help = help, "{problem}"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{BenchCommand, Cli, Command};

    fn read(words: &str) -> Result<Vec<Setting>, String> {
        let line = ["roadveil", "bench", "radio"].into_iter().chain(words.split(' '));
        let cli = Cli::try_parse_from(line).map_err(|error| error.to_string())?;
        let Some(Command::Bench(bench)) = cli.command else {
            panic!("another command")
        };
        let Some(BenchCommand::Radio(args)) = bench.what else {
            panic!("another bench")
        };
        Setting::read(&args).map_err(|failure| match failure {
            Failure::Input(report) | Failure::Stuck(report) => format!("{report:?}"),
        })
    }

    #[test]
    fn words_in_the_order_of_ns3_radio_and_flags_say_the_same() {
        for (words, flags) in [
            (
                "curve none 100 2.2 50",
                "curve --fading none --bytes 100 --exponent 2.2 --frames 50",
            ),
            (
                "clique 25 800 4 3",
                "clique --nodes 25 --bytes 800 --seconds 4 --seed 3",
            ),
            (
                "highway 100 20 400 5 2 none",
                "highway --spacing 20 --nodes 100 --seed 2 --fading none --bytes 400 --seconds 5",
            ),
            ("curve none", "curve --fading none"),
        ] {
            assert_eq!(read(words).expect(words), read(flags).expect(flags));
        }
        assert_eq!(read("highway").expect("defaults"), [Setting::new(RadioMode::Highway)]);
    }

    #[test]
    fn a_clique_may_have_several_numbers_of_nodes() {
        let settings = read("clique --seed 7 --nodes 25,50,100 --bytes 800").expect("good");
        let nodes: Vec<u64> = settings.iter().map(|setting| setting.nodes).collect();
        assert_eq!(nodes, [25, 50, 100]);
        assert!(settings.iter().all(|setting| setting.bytes == 800 && setting.seed == 7));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_what_was_expected() {
        for (words, named) in [
            ("curve --bytes 0", "1 to 2304"),
            ("curve --bytes 2305", "1 to 2304"),
            ("curve --frames 0", "whole number from 1"),
            ("curve --frames 99999999999999999999", "10000000"),
            ("curve --exponent NaN", "1.5 to 8"),
            ("curve --exponent inf", "1.5 to 8"),
            ("curve --fading rayleigh", "nakagami or none"),
            ("clique --nodes 0", "2 to 10000"),
            ("clique --nodes 1", "2 to 10000"),
            ("clique --nodes 1000000", "2 to 10000"),
            ("clique --nodes 25,", "2 to 10000"),
            ("highway --nodes 25,50", "2 to 10000"),
            ("clique --seconds 0", "0.3 to 3600"),
            ("clique --seconds 1e9", "0.3 to 3600"),
            ("clique --seed=-1", "whole number from 0"),
            ("highway --spacing 0", "0.1 to 10000"),
            ("clique --frames 10", "--frames means nothing here"),
            ("curve --nodes 10", "--nodes means nothing here"),
            ("curve none 300 2.5 10 10", "one value too many"),
            ("curve none --fading none", "given twice"),
        ] {
            let error = read(words).expect_err(words);
            assert!(error.contains(named), "{words}: {error}");
        }
        assert!(read("curve --seeds 0").is_err());
        assert!(read("triangle").is_err());
        assert!(read("curve --with x.csv").is_err(), "nothing to draw on");
    }
}
