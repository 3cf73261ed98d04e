//! A real run on the screen, and the pictures of the documents, drawn from it.
//!
//! `ROADVEIL_DRAW=1 cargo test --test tui_pictures` draws the pictures anew.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::StatefulWidget;
use roadveil::feed::{Control, Feed, Portion, Speed};
use roadveil::kernel::Options;
use roadveil::metrics::scene::Scene;
use roadveil::registry::PROTOCOLS;
use roadveil::scenario::Scenario;
use roadveil::session::{Plan, start};
use roadveil::tui::{Cache, Folds, Screen, Theme, Ui, picture};
use roadveil_role::Time;

/// Runs a topology up to a moment, presses keys, and draws.
fn draw(topology: &str, until: Time, (width, height): (u16, u16), keys: &str) -> Buffer {
    let scenario = Scenario::load(topology, &[], None).unwrap();
    let plan = Plan {
        origin: scenario.origin.to_string(),
        overrides: Vec::new(),
        scenario: Arc::new(scenario),
        options: Options::default(),
        log: None,
        load_s: 0.0,
    };
    let (mut feed, handle) = start(plan, Speed::Max).unwrap();
    let mut scene = Scene::new(feed.cast().clone());
    let mut folds = Folds::new(PROTOCOLS, &[], feed.cast());
    'run: loop {
        for portion in feed.poll() {
            let Portion::Records(records) = portion else { continue };
            for record in records.iter() {
                if record.at > until {
                    break 'run;
                }
                scene.observe(record);
                folds.observe(record, scene.cast());
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let mut status = feed.status();
    feed.control(Control::Stop);
    drop(feed);
    handle.finish().unwrap();
    (status.now, status.speed, status.paused, status.finished) = (scene.now(), Speed::Times(1.0), true, false);

    let mut ui = Ui::new(PROTOCOLS, Theme::new(true));
    ui.resize(width, height);
    for letter in keys.chars() {
        let code = if letter == '\n' {
            KeyCode::Enter
        } else {
            KeyCode::Char(letter)
        };
        ui.key(&KeyEvent::new(code, KeyModifiers::NONE), &scene, &status);
    }
    let views = folds.views();
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    let screen = Screen {
        scene: &scene,
        ui: &ui,
        status: &status,
        views: &views,
    };
    (&screen).render(area, &mut buffer, &mut Cache::default());
    buffer
}

fn text(buffer: &Buffer) -> String {
    let area = buffer.area;
    let row = |y| (0..area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>() + "\n";
    (0..area.height).map(row).collect()
}

/// Writes a picture where the documents have it, if that was asked for; it must be there in any case.
fn picture(name: &str, draw: impl FnOnce() -> Buffer) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs/pictures")
        .join(format!("{name}.svg"));
    if std::env::var_os("ROADVEIL_DRAW").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, picture::svg(&draw(), "roadveil")).unwrap();
    }
    assert!(
        std::fs::read_to_string(&file).unwrap().starts_with("<svg "),
        "{}",
        file.display()
    );
}

#[test]
fn a_real_run_is_named_decoded_and_counted() {
    let buffer = draw("three-cars", Time::from_millis(4000), (120, 40), "/safety\nk");
    let text = text(&buffer);
    for word in [
        "three-cars",
        "rsu-west",
        "anna",
        "keyed",
        "Safety",
        "body",
        "time",
        "received it",
    ] {
        assert!(text.contains(word), "no `{word}` on the screen:\n{text}");
    }
}

#[test]
fn a_message_of_three_cars_has_its_picture() {
    picture("three-cars", || {
        draw("three-cars", Time::from_millis(4000), (120, 40), "/safety\nk\njjjjj")
    });
}

#[test]
fn the_city_has_its_picture() {
    picture("city", || draw("city", Time::from_millis(9_950), (160, 48), "kkkk"));
}

#[test]
fn the_grid_has_its_picture() {
    picture("grid", || draw("grid", Time::from_millis(290_000), (120, 44), "6\n"));
}
