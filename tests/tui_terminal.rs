//! The terminal is as it was found, however the program ends: the screen runs in a terminal of its own, made by `script`.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "tui/sample.rs"]
mod sample;

use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};
use std::sync::Arc;

use roadveil::event::Cast;
use roadveil::feed::{Control, Feed, Portion, Status};
use roadveil::tui::{Exit, show};
use roadveil_role::Time;

/// Says which way out the child process takes; without it, the child's test has nothing to do.
const WAY: &str = "ROADVEIL_TEST_WAY_OUT";

/// A feed that gives a small run, and ends the program in the way it was told once the screen is up.
struct Small {
    run: sample::Run,
    way: String,
    polls: u32,
    paused: bool,
}

impl Feed for Small {
    fn cast(&self) -> &Arc<Cast> {
        &self.run.cast
    }

    fn poll(&mut self) -> Vec<Portion> {
        self.polls += 1;
        match (self.polls, self.way.as_str()) {
            (1, _) => return vec![Portion::Records(self.run.records.clone().into())],
            (3, "panic") => panic!("as asked"),
            (3, "thread") => drop(std::thread::spawn(|| panic!("as asked, elsewhere"))),
            (3, signal @ ("TERM" | "HUP" | "INT")) => {
                let own = std::process::id().to_string();
                Command::new("kill")
                    .args([&format!("-{signal}"), &own])
                    .status()
                    .unwrap();
            }
            // Long enough to see whether a paused screen writes anything.
            (30, "paused") => println!("\x1b]paused-end\x07"),
            (3, "paused") => {
                self.paused = true;
            }
            (10, "paused") => println!("\x1b]paused-begin\x07"),
            (40, "paused") => {
                let own = std::process::id().to_string();
                Command::new("kill").args(["-INT", &own]).status().unwrap();
            }
            _ => {}
        }
        Vec::new()
    }

    fn status(&self) -> Status {
        Status {
            paused: self.paused,
            ..sample::live(Time::from_millis(12_200))
        }
    }

    fn control(&mut self, _: Control) {}
}

/// How the terminal is set.
fn settings() -> String {
    let output = Command::new("stty").arg("-g").stdin(Stdio::inherit()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs in the terminal that a test below has made.
#[test]
fn child() {
    let Ok(way) = std::env::var(WAY) else { return };
    let before = settings();
    let feed = Small {
        run: sample::six_cars(),
        way,
        polls: 0,
        paused: false,
    };
    match catch_unwind(AssertUnwindSafe(|| show(Box::new(feed), sample::PROTOCOLS, &[]))) {
        Ok(Ok(Exit::Quit)) => println!("left: quit"),
        Ok(Ok(Exit::Interrupted)) => println!("left: interrupted"),
        Ok(Err(error)) => println!("left: {error}"),
        Err(_) => println!("left: panic"),
    }
    println!(
        "settings: {}",
        if settings() == before { "as before" } else { "changed" }
    );
}

/// Runs the child in a terminal and types `keys` once the screen is up; everything that it wrote. `None` where there is no
/// `script` to make a terminal with.
fn output(way: &str, keys: &str) -> Option<String> {
    let this = std::env::current_exe().unwrap();
    let command = format!(
        "stty rows 30 cols 100; '{}' child --exact --nocapture --test-threads=1",
        this.display()
    );
    let mut script = Command::new("script")
        .args(["-qefc", &command, "/dev/null"])
        .env(WAY, way)
        .env("TERM", "xterm-256color")
        .env("SHELL", "/bin/sh")
        .env_remove("NO_COLOR")
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut input = script.stdin.take().unwrap();
    let mut from = script.stdout.take().unwrap();
    let (mut output, mut buffer, mut typed) = (Vec::new(), [0; 4096], false);
    loop {
        let count = from.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        output.extend_from_slice(&buffer[..count]);
        if !typed && String::from_utf8_lossy(&output).contains("six-cars") {
            typed = true;
            input.write_all(keys.as_bytes()).unwrap();
            input.flush().unwrap();
        }
    }
    script.wait().unwrap();
    Some(String::from_utf8_lossy(&output).into_owned())
}

/// Leaves in a way, and checks that the terminal is as it was and shows that `left` is how the screen was left.
fn leaves(way: &str, keys: &str, left: &str) {
    let Some(output) = output(way, keys) else { return };
    let mut terminal = vt100::Parser::new(30, 100, 0);
    terminal.process(output.as_bytes());
    let screen = terminal.screen();
    assert!(
        output.contains("\x1b[?1049h"),
        "{way}: the screen was never up\n{output}"
    );
    assert!(!screen.alternate_screen(), "{way}: the alternate screen is still there");
    assert!(!screen.hide_cursor(), "{way}: the cursor is still hidden");
    let text = screen.contents();
    assert!(text.contains(left), "{way}: `{left}` is not on the screen:\n{text}");
    assert!(text.contains("settings: as before"), "{way}:\n{text}");
}

#[test]
fn q_leaves_the_terminal_as_it_was() {
    leaves("keys", "q", "left: quit");
}

#[test]
fn ctrl_c_leaves_it_too_and_says_interrupted() {
    leaves("keys", "\x03", "left: interrupted");
}

#[test]
fn signals_leave_it_too() {
    for signal in ["TERM", "HUP", "INT"] {
        leaves(signal, "", "left: interrupted");
    }
}

#[test]
fn a_panic_leaves_it_too_and_is_read_on_the_screen_that_stays() {
    leaves("panic", "", "left: panic");
    leaves("panic", "", "as asked");
}

#[test]
fn a_panic_elsewhere_ends_the_screen() {
    leaves("thread", "", "left: a part of the program has failed; see above");
    leaves("thread", "", "as asked, elsewhere");
}

#[test]
fn a_paused_screen_writes_not_one_byte() {
    let Some(output) = output("paused", "") else { return };
    let (_, rest) = output.split_once("\x1b]paused-begin\x07").unwrap();
    let (between, _) = rest.split_once("\x1b]paused-end\x07").unwrap();
    assert_eq!(between.trim(), "", "bytes were written while nothing moved");
}
