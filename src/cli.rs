//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::feed::Speed;
use crate::journal::audit::FEWEST_PERMUTATIONS;
use crate::scenario::quantity;

/// Emulates vehicular networks to study security and privacy protocols.
///
/// Without a command: the topology `city`, live in a terminal; without a terminal, 30 s of it headless, with a summary.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 110,
    after_help = "Exit codes: 0 done; 1 an expectation failed, or a difference or a leak was found; 2 bad usage or input; 3 could not go on; 130 interrupted."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a topology, live in this terminal or headless
    Run(Run),
    /// Show a log as if its run were under way
    Replay(Replay),
    /// Run a log's scenario again and compare the stream, event by event
    Verify(Verify),
    /// Look into logs
    #[command(subcommand)]
    Log(LogCommand),
    /// List, show, check, write and import topologies
    #[command(subcommand)]
    Topology(TopologyCommand),
    /// What the protocols are, and what of them is reconstruction
    #[command(subcommand)]
    Protocol(ProtocolCommand),
    /// Attacks and mechanisms by themselves, beside what theory says of them
    #[command(subcommand)]
    Lab(LabCommand),
    /// Run a topology many times, over seeds and parameters, on all cores: a table of figures with confidence intervals
    Study(Study),
    /// Measure this machine's cryptography beside the device profiles, the air beside ns-3, the speed beside others
    Bench(Bench),
}

/// `roadveil run`
#[derive(Debug, Args)]
pub struct Run {
    /// A topology file, `-` for stdin, or the name of a shipped one (`roadveil topology list`)
    #[arg(default_value = "city")]
    pub topology: String,
    /// No screen: run to the end, then print a summary
    #[arg(long)]
    pub headless: bool,
    /// Seed of all randomness [default: the topology's]
    #[arg(long, value_name = "N", value_parser = seed)]
    pub seed: Option<u64>,
    /// How much virtual time to run, such as 60s [default: the topology's]
    #[arg(long, value_name = "SPAN", value_parser = duration)]
    pub duration: Option<Duration>,
    /// Pace of a live run: virtual seconds a second, such as 1x or 0.2x, or max
    #[arg(long, value_name = "PACE", default_value = "1x", value_parser = speed)]
    pub speed: Speed,
    /// Threads that compute; the event stream is the same for any number [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
    /// Compute each check for each receiver, instead of once; the event stream is the same
    #[arg(long)]
    pub no_share: bool,
    /// Change a value of the topology, such as radio.exponent=3
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = setting)]
    pub set: Vec<(String, String)>,
    /// Where to write the log [default: a new file in logs/]
    #[arg(long, value_name = "FILE", conflicts_with = "no_log")]
    pub log: Option<PathBuf>,
    /// Write no log
    #[arg(long)]
    pub no_log: bool,
    /// Write the report as JSON; `-` for stdout
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// No progress and no summary
    #[arg(long, short)]
    pub quiet: bool,
}

/// `roadveil lab`
#[derive(Debug, Subcommand)]
pub enum LabCommand {
    /// The labs that there are
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Run one: a table beside closed forms; exit code 1 if they part by more than chance allows
    Run {
        /// Its name
        name: String,
        /// As JSON: an object with `rows`
        #[arg(long)]
        json: bool,
    },
}

/// `roadveil study`
#[derive(Debug, Args)]
#[command(
    after_help = "Without a name, the studies that ship are listed. Each line of the table is a point: values of what varies, runs, runs \
                  in which an expectation of the topology failed (exit code 1 if there is any), and for each figure its mean and the \
                  half width of its 95 % confidence interval over the seeds (Student's t). `study ecpp` is of another kind: it \
                  measures ECPP beside its rivals, and prints the paper's comparisons as tables."
)]
pub struct Study {
    /// A study file, or the name of a shipped one
    pub study: Option<String>,
    /// List the studies that ship
    #[arg(long, exclusive = true)]
    pub list: bool,
    /// A topology instead of a study: a file or a shipped name
    #[arg(long, value_name = "TOPOLOGY", conflicts_with = "study")]
    pub topology: Option<String>,
    /// Seeds 1 to N, instead of the study's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub seeds: Option<u32>,
    /// Virtual time of a run, instead of the study's
    #[arg(long, value_name = "SPAN", value_parser = duration)]
    pub duration: Option<Duration>,
    /// Change a value for all runs, such as radio.exponent=3
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = setting)]
    pub set: Vec<(String, String)>,
    /// Vary a value, such as radio.exponent=2,2.5,3
    #[arg(long = "vary", value_name = "PATH=VALUE,...", value_parser = setting)]
    pub vary: Vec<(String, String)>,
    /// A figure of the report to look at, besides the study's, such as frames.delivered
    #[arg(long = "figure", value_name = "PATH")]
    pub figures: Vec<String>,
    /// Runs at once; the table is the same for any number [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
    /// As JSON, every run's figures included, instead of CSV
    #[arg(long)]
    pub json: bool,
    /// Of `study ecpp`: a folder for its pictures, SVG, and its tables
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Of `study ecpp`: fewer points, a look
    #[arg(long)]
    pub quick: bool,
    /// No progress
    #[arg(long, short)]
    pub quiet: bool,
}

/// `roadveil replay`
#[derive(Debug, Args)]
pub struct Replay {
    /// A log file, `latest`, or the beginning of a run's name in logs/
    #[arg(default_value = "latest")]
    pub log: String,
    /// No screen: read the log to its end, then print its summary
    #[arg(long)]
    pub headless: bool,
    /// Begin at this moment, such as 12.5s
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub from: Option<Duration>,
    /// Pace: virtual seconds a second, such as 1x or 0.2x, or max
    #[arg(long, value_name = "PACE", default_value = "1x", value_parser = speed)]
    pub speed: Speed,
}

/// `roadveil verify`
#[derive(Debug, Args)]
pub struct Verify {
    /// A log file, `latest`, or the beginning of a run's name in logs/
    #[arg(default_value = "latest")]
    pub log: String,
    /// Where the topology's input files are, if not where they were
    #[arg(long, value_name = "DIR")]
    pub base: Option<PathBuf>,
    /// Threads that compute [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
    /// Only the exit code
    #[arg(long, short)]
    pub quiet: bool,
}

/// `roadveil log ...`
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// The logs in logs/, oldest first
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// What a log is of, how it ended, and whether it is whole
    Info {
        /// A log file, `latest`, or the beginning of a run's name in logs/
        #[arg(default_value = "latest")]
        log: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a log's events, a line each
    Cat {
        /// A log file, `latest`, or the beginning of a run's name in logs/
        #[arg(default_value = "latest")]
        log: String,
        /// A JSON object a line
        #[arg(long)]
        json: bool,
        /// First moment, such as 12.5s
        #[arg(long, value_name = "TIME", value_parser = duration)]
        from: Option<Duration>,
        /// Last moment
        #[arg(long, value_name = "TIME", value_parser = duration)]
        to: Option<Duration>,
    },
    /// What a listener who tracks vehicles over their changes of pseudonym learns: anonymity, linking, trips followed
    Privacy(LogPrivacy),
    /// Hand a log on as JSON, whole or without its truth
    ///
    /// With --strip-truth only what an antenna could have recorded is left: of each frame its moment, link addresses,
    /// airtime, bytes, and which message it says that it is. Gone are real senders, receivers and outcomes, positions, the
    /// packets on the wires, node names, the scenario and its seed; frames are counted anew, and those of one moment are
    /// put in an order that says nothing. An export is no log: it cannot be verified or replayed.
    Export {
        /// A log file, `latest`, or the beginning of a run's name in logs/
        #[arg(default_value = "latest")]
        log: String,
        /// The form: a JSON object a line
        #[arg(long, value_enum, default_value_t = ExportFormat::Jsonl)]
        format: ExportFormat,
        /// Only what was public on the air
        #[arg(long)]
        strip_truth: bool,
        /// Where to write it; `-` for stdout
        #[arg(short, long, value_name = "FILE", default_value = "-")]
        output: PathBuf,
    },
    /// Try whether order, numbers and addresses in a log betray who is who
    ///
    /// Simple predictors choose, for each link address that a vehicle left, the one that it took: by the order of records
    /// of one moment, by transmission numbers, by the bytes of addresses. How often they are right is compared with
    /// chance: with the new addresses dealt out anew among the vehicles that changed theirs within the same ten seconds.
    /// One that is right too often (p < 0.001, all of them together) is a leak of the stream, and exit code 1. What the air
    /// itself shows, such as the phase of beacons, is measured in the same way and fails nothing. A log with too few
    /// changes is `insufficient`, and exit code 0.
    Audit {
        /// A log file, `latest`, or the beginning of a run's name in logs/
        #[arg(default_value = "latest")]
        log: String,
        /// As JSON
        #[arg(long)]
        json: bool,
        /// Seed of the ways in which new addresses are dealt out
        #[arg(long, value_name = "N", default_value_t = 1)]
        seed: u64,
        /// In how many ways; fewer than 12001 could call nothing a leak
        #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(FEWEST_PERMUTATIONS..=10_000_000))]
        permutations: u64,
    },
}

/// `roadveil log privacy`
#[derive(Debug, Args)]
#[command(
    after_help = "The listener knows the frames that its antennas received, and what stands in them in the open; he predicts each \
                  vehicle's movement (Kalman), gates, and takes the likeliest assignment of new pseudonyms to old ones. Truth \
                  is used to judge him, never to infer."
)]
pub struct LogPrivacy {
    /// A log file, `latest`, or the beginning of a run's name in logs/
    #[arg(default_value = "latest")]
    pub log: String,
    /// Where he listens: `all` (everywhere), or nodes whose radios he has, such as rsu-1,rsu-3 or rsu-*
    #[arg(long, value_name = "NODES", default_value = "all")]
    pub antennas: String,
    /// Longest silence over which he links, such as 10s
    #[arg(long, value_name = "SPAN", value_parser = duration, default_value = "30s")]
    pub silence: Duration,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// In which form a log is handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// A JSON object a line
    Jsonl,
}

/// `roadveil topology ...`
#[derive(Debug, Subcommand)]
pub enum TopologyCommand {
    /// The topologies that ship
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a shipped topology's TOML
    Show {
        /// Its name
        name: String,
    },
    /// Check a topology and the files that it names, without running it
    Check {
        /// A topology file, `-` for stdin, or a shipped one's name
        topology: String,
        /// Change a value of it, such as radio.exponent=3
        #[arg(long = "set", value_name = "PATH=VALUE", value_parser = setting)]
        set: Vec<(String, String)>,
    },
    /// Print a topology to start from, with comments
    New,
    /// Make a topology of SUMO files: ECPP on every vehicle, road-side units at the busiest junctions
    Import(Import),
}

/// `roadveil topology import`
#[derive(Debug, Args)]
pub struct Import {
    /// SUMO network, plain or gzip
    #[arg(long, value_name = "N.net.xml[.gz]")]
    pub net: PathBuf,
    /// Floating car data, plain or gzip
    #[arg(long, value_name = "F.xml[.gz]")]
    pub fcd: PathBuf,
    /// Building outlines, plain or gzip
    #[arg(long, value_name = "P.xml[.gz]")]
    pub poly: Option<PathBuf>,
    /// How many road-side units
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    pub rsu: u32,
    /// First second of the trace to use, counted from its first sample
    #[arg(long, value_name = "S")]
    pub begin: Option<f64>,
    /// Last second of the trace to use
    #[arg(long, value_name = "S")]
    pub end: Option<f64>,
    /// Part of the map to use, metres: west, south, east, north
    #[arg(long, value_name = "x0,y0,x1,y1", value_parser = bbox, allow_hyphen_values = true)]
    pub bbox: Option<[f64; 4]>,
    /// Where to write the topology; `-` for stdout
    #[arg(short, long, value_name = "T.toml")]
    pub output: PathBuf,
}

/// `roadveil protocol ...`
#[derive(Debug, Subcommand)]
pub enum ProtocolCommand {
    /// The protocols
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Roles, messages, parameters with defaults, paper, what is reconstruction
    Show {
        /// Its name
        name: String,
    },
}

/// `roadveil bench`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Bench {
    /// What to measure [default: this machine's cryptography beside the device profiles]
    #[command(subcommand)]
    pub what: Option<BenchCommand>,
    /// Where to write this machine's device profile, to be copied into a topology
    #[arg(short, long, value_name = "FILE.toml")]
    pub output: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `roadveil bench ...`
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Delivery ratios of broadcasts, computed as ns-3 computes 802.11p, as CSV like that of benches/peers/ns3
    Radio(BenchRadio),
    /// Deliveries a processor second beside other simulators, growth with the number of nodes, where the time goes
    Peers(BenchPeers),
}

/// What `roadveil bench radio` lays out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RadioMode {
    /// One sender, a receiver every 25 m up to 1 km, a frame each 10 ms: ratio by distance
    Curve,
    /// Nodes in a box of 70 m, 10 Hz each, without fading: ratio among all
    Clique,
    /// Nodes along a line, 10 Hz each: ratio by distance, for senders in the middle half
    Highway,
}

/// `roadveil bench radio`
#[derive(Debug, Args)]
pub struct BenchRadio {
    /// What to lay out
    pub mode: RadioMode,
    /// The values without flags, as ns3-radio takes them: FADING BYTES EXPONENT FRAMES for a curve, NODES BYTES SECONDS SEED for a clique, NODES SPACING BYTES SECONDS SEED FADING for a highway
    pub values: Vec<String>,
    /// Fading: nakagami or none [default: nakagami; none in a clique]
    #[arg(long, value_name = "MODEL")]
    pub fading: Option<String>,
    /// Bytes of a frame above the link layer, 1 to 2304 [default: 300]
    #[arg(long, value_name = "B")]
    pub bytes: Option<String>,
    /// Exponent of the path loss, 1.5 to 8 [default: 2.5]
    #[arg(long, value_name = "X")]
    pub exponent: Option<String>,
    /// Frames of a curve's sender; 21 more are sent, as by ns3-radio [default: 4000]
    #[arg(long, value_name = "F")]
    pub frames: Option<String>,
    /// Nodes of a clique or highway, 2 to 10000; of a clique also several, such as 25,50 [default: 50; 200 on a highway]
    #[arg(long, value_name = "N")]
    pub nodes: Option<String>,
    /// Virtual seconds of a clique or highway; the last 0.2 s are silent [default: 10]
    #[arg(long, value_name = "T")]
    pub seconds: Option<String>,
    /// Metres from node to node on a highway [default: 10]
    #[arg(long, value_name = "D")]
    pub spacing: Option<String>,
    /// Seed, or the first of several [default: 1]
    #[arg(long, value_name = "S")]
    pub seed: Option<String>,
    /// How many seeds to run and to sum over
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub seeds: u32,
    /// Threads that run seeds; the counts are the same for any number [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// Draw the ratios as a picture, too
    #[arg(long, value_name = "FILE.svg")]
    pub svg: Option<PathBuf>,
    /// Another's counts, in the CSV that this command prints, to draw beside ours
    #[arg(long = "with", value_name = "FILE.csv", requires = "svg")]
    pub with: Option<PathBuf>,
}

/// A part of `roadveil bench peers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PeersPart {
    /// This simulator and others on the same work
    Simulators,
    /// What a virtual second costs with more nodes
    Growth,
    /// Where the time of a run goes
    Parts,
}

/// `roadveil bench peers`
#[derive(Debug, Args)]
pub struct BenchPeers {
    /// Where the other simulators' programs were built (benches/peers/build.sh)
    #[arg(long, value_name = "DIR", default_value = "benches/peers")]
    pub peers: PathBuf,
    /// Numbers of nodes at which simulators are compared
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_values_t = [50, 100, 200], value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub nodes: Vec<u32>,
    /// Measure only some of it
    #[arg(long, value_name = "PART,...", value_delimiter = ',')]
    pub only: Vec<PeersPart>,
    /// Shorter runs, fewer of them: a look, no measurement
    #[arg(long)]
    pub quick: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    quantity::duration(text).ok_or_else(|| "expected a span such as 60s, 1.5s, 250ms or 2m".to_owned())
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("expected a whole number from 0 to {}", u64::MAX))
}

fn bbox(text: &str) -> Result<[f64; 4], String> {
    let numbers: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    numbers
        .and_then(|numbers| numbers.try_into().ok())
        .ok_or_else(|| "expected four numbers, west,south,east,north in metres, such as 0,0,800,600".to_owned())
}

fn speed(text: &str) -> Result<Speed, String> {
    if text == "max" {
        return Ok(Speed::Max);
    }
    let number = text.strip_suffix('x').unwrap_or(text).parse::<f64>().ok();
    match number.filter(|speed| (0.001..=1000.0).contains(speed)) {
        Some(speed) => Ok(Speed::Times(speed)),
        None => Err("expected a pace from 0.001x to 1000x, or max".to_owned()),
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, value)) if !path.trim().is_empty() => Ok((path.trim().to_owned(), value.trim().to_owned())),
        _ => Err("expected PATH=VALUE, such as radio.exponent=3".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_names_the_fewest_permutations() {
        let mut cli = Cli::command();
        let log = cli.find_subcommand_mut("log").expect("it is there");
        let audit = log.find_subcommand_mut("audit").expect("it is there");
        let help = audit.render_long_help().to_string();
        assert!(help.contains(&format!("fewer than {FEWEST_PERMUTATIONS} ")), "{help}");
    }

    #[test]
    fn paces_and_settings() {
        assert_eq!(speed("0.5x"), Ok(Speed::Times(0.5)));
        assert_eq!(speed("max"), Ok(Speed::Max));
        assert!(speed("0").is_err() && speed("NaNx").is_err() && speed("fast").is_err());
        assert_eq!(setting("a.b=c=d"), Ok(("a.b".to_owned(), "c=d".to_owned())));
        assert_eq!(bbox("0, -1,2.5,3"), Ok([0.0, -1.0, 2.5, 3.0]));
        assert!(bbox("1,2,3").is_err() && bbox("a,b,c,d").is_err());
        assert!(setting("a").is_err() && setting("=x").is_err());
    }
}
