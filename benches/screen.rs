//! What a frame costs with a city on the screen, and what folding its stream costs. The aim: under 16 ms a frame.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on is none")]

#[path = "../tests/tui/city.rs"]
mod city;
#[path = "../tests/tui/sample.rs"]
#[expect(dead_code, reason = "only a part of it is used here")]
mod sample;

use std::io::{self, Write};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use divan::Bencher;
use divan::counter::ItemsCount;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use roadveil::event::{Event, Record};
use roadveil::metrics::scene::Scene;
use roadveil::tui::{Cache, Screen, Theme, Ui};
use roadveil_role::Time;

/// Vehicles on the map.
const VEHICLES: u32 = 800;

const SIZES: [(u16, u16); 2] = [(80, 24), (160, 48)];

fn main() {
    divan::main();
}

/// Takes what a terminal would.
struct Sink;

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(divan::black_box(bytes).len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A screen in front of two seconds of a city, of which the second comes frame by frame.
struct Show {
    scene: Scene,
    ui: Ui,
    cache: Cache,
    terminal: Terminal<CrosstermBackend<Sink>>,
    later: std::iter::Cycle<std::vec::IntoIter<Record>>,
    now: Time,
}

impl Show {
    fn new((width, height): (u16, u16), keys: &str) -> Show {
        let run = city::city(VEHICLES, 2000);
        let mut scene = Scene::new(run.cast.clone());
        let half = run.records.partition_point(|record| record.at < Time::from_secs(1));
        run.records[..half].iter().for_each(|record| scene.observe(record));
        let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
        let terminal = Terminal::with_options(CrosstermBackend::new(Sink), TerminalOptions { viewport }).unwrap();
        let mut ui = Ui::new(sample::PROTOCOLS, Theme::new(true));
        ui.resize(width, height);
        let status = sample::live(scene.now());
        for letter in keys.chars() {
            let code = if letter == '\n' {
                KeyCode::Enter
            } else {
                KeyCode::Char(letter)
            };
            ui.key(&KeyEvent::new(code, KeyModifiers::NONE), &scene, &status);
        }
        let later: Vec<_> = run.records.iter().skip(half).cloned().collect();
        Show {
            now: scene.now(),
            scene,
            ui,
            cache: Cache::default(),
            terminal,
            later: later.into_iter().cycle(),
        }
    }

    fn frame(&mut self) {
        let status = sample::live(self.scene.now());
        self.ui.refresh(&self.scene);
        let screen = Screen {
            scene: &self.scene,
            ui: &self.ui,
            status: &status,
            views: &[],
        };
        let cache = &mut self.cache;
        self.terminal
            .draw(|frame| frame.render_stateful_widget(&screen, frame.area(), cache))
            .unwrap();
    }

    /// The stream of the next thirtieth of a second.
    fn advance(&mut self) {
        let records = VEHICLES as usize * 10 / 30 * 3;
        for mut record in self.later.by_ref().take(records) {
            self.now = self.now.max(record.at);
            record.at = self.now;
            self.scene.observe(&record);
        }
    }
}

/// The whole city.
#[divan::bench(args = SIZES, sample_count = 300, sample_size = 1)]
fn frame(bencher: Bencher<'_, '_>, size: (u16, u16)) {
    let mut show = Show::new(size, "");
    bencher.bench_local(|| show.frame());
}

/// The whole city, with the stream that comes between two frames.
#[divan::bench(args = SIZES, sample_count = 300, sample_size = 1)]
fn frame_and_stream(bencher: Bencher<'_, '_>, size: (u16, u16)) {
    let mut show = Show::new(size, "");
    bencher.bench_local(|| {
        show.advance();
        show.frame();
    });
}

/// Close, so that buildings are drawn, behind a vehicle, so that the ground changes too.
#[divan::bench(args = SIZES, sample_count = 300, sample_size = 1)]
fn frame_behind_a_vehicle(bencher: Bencher<'_, '_>, size: (u16, u16)) {
    let mut show = Show::new(size, "4Gfzzzzzz");
    bencher.bench_local(|| {
        show.advance();
        show.frame();
    });
}

/// Panning: the ground of the whole city is drawn again for each frame.
#[divan::bench(args = SIZES, sample_count = 100, sample_size = 1)]
fn frame_while_panning(bencher: Bencher<'_, '_>, size: (u16, u16)) {
    let mut show = Show::new(size, "1");
    let status = sample::live(show.scene.now());
    let mut right = false;
    bencher.bench_local(|| {
        right = !right;
        let code = if right { KeyCode::Right } else { KeyCode::Left };
        show.ui
            .key(&KeyEvent::new(code, KeyModifiers::NONE), &show.scene, &status);
        show.frame();
    });
}

/// The table of nodes, by load.
#[divan::bench(args = SIZES, sample_count = 300, sample_size = 1)]
fn frame_of_nodes(bencher: Bencher<'_, '_>, size: (u16, u16)) {
    let mut show = Show::new(size, "4s\n");
    bencher.bench_local(|| {
        show.advance();
        show.frame();
    });
}

/// A filter that nothing passes: all that is remembered is looked through.
#[divan::bench(args = SIZES, sample_count = 300, sample_size = 1)]
fn frame_with_a_filter(bencher: Bencher<'_, '_>, size: (u16, u16)) {
    let mut show = Show::new(size, "/nonsense\n");
    bencher.bench_local(|| {
        show.advance();
        show.frame();
    });
}

/// A second of the city's stream, by reception.
#[divan::bench]
fn fold(bencher: Bencher<'_, '_>) {
    let run = city::city(VEHICLES, 1000);
    let receptions: usize = run
        .records
        .iter()
        .map(|record| match &record.event {
            Event::Heard { receptions, .. } => receptions.len(),
            _ => 0,
        })
        .sum();
    bencher
        .counter(ItemsCount::new(receptions))
        .with_inputs(|| Scene::new(run.cast.clone()))
        .bench_local_refs(|scene| run.records.iter().for_each(|record| scene.observe(record)));
}
