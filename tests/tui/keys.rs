//! What each key does. Scripts name keys; blanks stand between them.

use std::collections::BTreeSet;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use roadveil::event::NodeId;
use roadveil::feed::{Control, Speed};
use roadveil::tui::commands::{COMMANDS, Id, find};
use roadveil::tui::{Action, Pane};
use roadveil_role::Time;

use crate::sample::six_cars;
use crate::show::{Show, key};

fn show() -> Show {
    Show::new(six_cars())
}

fn control(keys: &str) -> Action {
    show().press(keys)
}

/// What a script leads to, in a replay at 12.2 s of 60 s.
fn in_replay(keys: &str) -> Action {
    let mut show = show();
    show.status.replay = true;
    show.press(keys)
}

fn seek(millis: u64) -> Action {
    Action::Control(Control::Seek(Time::from_millis(millis)))
}

#[test]
fn no_key_stands_in_two_rows() {
    let mut seen = BTreeSet::new();
    for key in COMMANDS.iter().flat_map(|command| command.keys) {
        assert!(seen.insert(key.name()), "{} has two meanings", key.name());
    }
}

#[test]
fn every_key_of_the_table_is_found_under_its_command() {
    for command in COMMANDS {
        for key in command.keys {
            let found = find(&KeyEvent::new(key.0, key.1)).map(|found| found.id);
            assert_eq!(found, Some(command.id), "{}", key.name());
        }
    }
}

/// One line a command: a script, and what must have come of it.
#[test]
fn every_command_does_what_the_help_says() {
    type Check = fn(Show) -> bool;
    let table: &[(Id, &str, Check)] = &[
        (Id::Pause, "space", |_| {
            control("space") == Action::Control(Control::Pause)
        }),
        (Id::Step, ".", |mut show| {
            show.status.paused = true;
            show.press(".") == Action::Control(Control::Step)
        }),
        (Id::Faster, "+", |_| {
            control("+") == Action::Control(Control::Speed(Speed::Times(2.0)))
        }),
        (Id::Slower, "-", |_| {
            control("-") == Action::Control(Control::Speed(Speed::Times(0.5)))
        }),
        (Id::MaxSpeed, "m", |_| {
            control("m") == Action::Control(Control::Speed(Speed::Max))
        }),
        (Id::RealTime, "r", |_| {
            control("r") == Action::Control(Control::Speed(Speed::Times(1.0)))
        }),
        (Id::SeekBack, "", |_| in_replay("<") == seek(7_200)),
        (Id::SeekForward, "", |_| in_replay(">") == seek(17_200)),
        (Id::NextPane, "tab", |show| show.ui.active() == Pane::Message),
        (Id::PreviousPane, "backtab", |show| show.ui.active() == Pane::Map),
        (Id::Jump, "7", |show| show.ui.active() == Pane::Events),
        (Id::Up, "up up", |show| {
            show.ui
                .selected()
                .is_some_and(|entry| entry.at == Time::from_millis(12_200))
        }),
        (Id::Down, "up up up down down", |show| {
            show.ui.selected().is_some_and(|entry| !entry.ended)
        }),
        (Id::Left, "3 right right left", |show| show.ui.active() == Pane::Nodes),
        (Id::Right, "3 right", |show| show.ui.active() == Pane::Nodes),
        (Id::PageUp, "up pgup", |show| {
            show.ui.selected().is_some_and(|entry| entry.at < Time::from_secs(12))
        }),
        (Id::PageDown, "g pgdn", |show| {
            show.ui.selected().is_some_and(|entry| entry.at > Time::ZERO)
        }),
        (Id::First, "g", |show| {
            show.ui.selected().is_some_and(|entry| entry.tx.0 == 0)
        }),
        (Id::Last, "g G", |show| show.ui.selected().is_none()),
        (Id::Open, "enter", |show| {
            show.ui.opened() == Some(Pane::Message) && show.ui.selected().is_some()
        }),
        (Id::Back, "enter esc esc", |show| {
            show.ui.opened().is_none() && show.ui.selected().is_none()
        }),
        (Id::ZoomIn, "z", |show| scale(&show) < scale(&Show::new(six_cars()))),
        (Id::ZoomOut, "z Z Z", |show| {
            scale(&show) > scale(&Show::new(six_cars()))
        }),
        (Id::Fit, "z z 1 left 0", |show| {
            scale(&show) == scale(&Show::new(six_cars()))
        }),
        (Id::Follow, "4 j f", |show| show.ui.followed() == Some(NodeId(0))),
        (Id::Filter, "/ g r a n t enter", |show| {
            show.ui.filter().text() == "grant"
        }),
        (Id::NextLoss, "g n", |show| {
            show.ui.selected().is_some_and(|entry| entry.failed() && entry.tx.0 > 0)
        }),
        (Id::PreviousLoss, "p", |show| {
            show.ui
                .selected()
                .is_some_and(|entry| entry.at == Time::from_millis(12_142))
        }),
        (Id::Sort, "4 s g", |show| show.ui.node() == Some(NodeId(9))),
        (Id::Help, "?", |show| show.ui.help_is_open()),
        (Id::Quit, "q", |_| control("q") == Action::Quit),
        (Id::Interrupt, "ctrl-c", |_| control("ctrl-c") == Action::Interrupt),
    ];
    for (id, script, check) in table {
        let mut show = show();
        show.press(script);
        assert!(check(show), "{id:?} after `{script}`");
    }
    for command in COMMANDS {
        assert!(
            table.iter().any(|(id, ..)| *id == command.id),
            "{:?} is not tried",
            command.id
        );
    }
}

fn scale(show: &Show) -> f64 {
    show.ui
        .camera()
        .viewport(&show.scene, show.ui.inner(Pane::Map).unwrap())
        .scale
}

#[test]
fn wrong_keys_do_nothing() {
    let mut show = show();
    show.press("k k");
    let before = show.buffer();
    for key in ["x", "%", "backspace", "8", "9", "ü"] {
        assert_eq!(show.press(key), Action::None, "{key}");
    }
    let alt = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::ALT);
    assert_eq!(show.ui.key(&alt, &show.scene, &show.status), Action::None);
    let mut released = key("q");
    released.kind = KeyEventKind::Release;
    assert_eq!(show.ui.key(&released, &show.scene, &show.status), Action::None);
    assert_eq!(show.buffer(), before);
}

#[test]
fn a_step_while_it_runs_pauses_first() {
    assert_eq!(control("."), Action::Control(Control::Pause));
}

#[test]
fn speeds_stay_within_reason() {
    let mut show = show();
    show.status.speed = Speed::Max;
    assert_eq!(show.press("+"), Action::None);
    assert_eq!(show.press("-"), Action::Control(Control::Speed(Speed::Times(16.0))));
    show.status.speed = Speed::Times(1024.0);
    assert_eq!(show.press("+"), Action::Control(Control::Speed(Speed::Times(1024.0))));
    show.status.speed = Speed::Times(1.0 / 64.0);
    assert_eq!(
        show.press("-"),
        Action::Control(Control::Speed(Speed::Times(1.0 / 64.0)))
    );
}

#[test]
fn a_run_under_way_cannot_be_sought_and_says_so() {
    for script in ["<", ">", "backtab backtab right", "backtab backtab g"] {
        let mut show = show();
        assert_eq!(show.press(script), Action::Redraw, "{script}");
        assert!(show.ui.note().is_some_and(|note| note.contains("replay")), "{script}");
        assert!(
            show.text()
                .lines()
                .last()
                .unwrap()
                .contains("only a replay can be sought")
        );
        show.press("j");
        assert_eq!(show.ui.note(), None);
    }
}

#[test]
fn the_timeline_of_a_replay_seeks() {
    assert_eq!(in_replay("backtab backtab right"), seek(13_200));
    assert_eq!(in_replay("backtab backtab h"), seek(11_200));
    assert_eq!(in_replay("backtab backtab g"), seek(0));
    assert_eq!(in_replay("backtab backtab end"), seek(60_000));
    let mut show = show();
    show.status.replay = true;
    show.status.now = Time::from_secs(2);
    assert_eq!(show.press("<"), seek(0));
    show.status.now = Time::from_secs(58);
    assert_eq!(show.press(">"), seek(60_000));
}

#[test]
fn what_has_ended_cannot_be_paused() {
    let mut show = show();
    show.status.finished = true;
    assert_eq!(show.press("space"), Action::Redraw);
    assert_eq!(show.ui.note(), Some("the run has ended"));
}

#[test]
fn tab_goes_around_all_places_of_each_size() {
    for (width, height, stops) in [(80, 24, 4), (120, 40, 5), (160, 48, 6)] {
        let mut show = show();
        show.resize(width, height);
        let mut seen = BTreeSet::new();
        let first = show.ui.active();
        loop {
            seen.insert(show.ui.active());
            show.press("tab");
            if show.ui.active() == first {
                break;
            }
        }
        assert_eq!(seen.len(), stops, "{width}x{height}");
        show.press("backtab tab");
        assert_eq!(show.ui.active(), first);
    }
}

#[test]
fn an_opened_pane_gives_way_to_the_next_and_back() {
    let mut show = show();
    show.press("1 enter");
    assert_eq!(show.ui.opened(), Some(Pane::Map));
    show.press("tab");
    assert_eq!(show.ui.opened(), Some(Pane::Flow));
    show.press("k enter");
    assert_eq!(show.ui.opened(), Some(Pane::Message));
    show.press("esc");
    assert_eq!(show.ui.opened(), Some(Pane::Flow));
    show.press("4");
    assert_eq!(show.ui.opened(), Some(Pane::Nodes));
    show.press("esc");
    assert_eq!(show.ui.opened(), None);
}

#[test]
fn a_selection_stands_still_while_messages_come() {
    let mut run = six_cars();
    let later = run.records.split_off(run.records.len() - 12);
    let mut show = Show::new(run);
    show.press("k k");
    let row = |show: &mut Show| {
        let tx = show.ui.selected().map(|entry| entry.tx);
        (tx, show.ui.selected_row())
    };
    let before = row(&mut show);
    for record in &later {
        show.scene.observe(record);
        show.buffer();
    }
    assert_eq!(row(&mut show), before);
}

#[test]
fn a_forgotten_message_stays_until_it_is_let_go() {
    let mut show = Show::new(six_cars());
    show.press("g");
    let first = show.ui.selected().cloned().unwrap();
    let busy = crate::city::city(100, 10_000);
    for record in busy.records.into_iter().filter(|record| record.at > Time::from_secs(1)) {
        show.scene.observe(&record);
    }
    assert!(show.scene.flow().get(first.tx).is_none());
    show.buffer();
    assert_eq!(show.ui.selected().map(|entry| entry.tx), Some(first.tx));
    show.press("j");
    assert_ne!(show.ui.selected().map(|entry| entry.tx), Some(first.tx));
}

#[test]
fn going_back_in_time_lets_go_of_what_is_yet_to_come() {
    let mut show = show();
    show.press("k");
    show.scene = roadveil::metrics::scene::Scene::new(show.scene.cast().clone());
    show.buffer();
    assert_eq!(show.ui.selected(), None);
}

#[test]
fn the_filter_is_a_line_of_text() {
    let mut show = show();
    show.press("/ q ? backtab backspace u");
    assert_eq!(show.ui.editing(), Some("qu"));
    show.press("ctrl-u");
    assert_eq!(show.ui.editing(), Some(""));
    show.press("x esc");
    assert_eq!((show.ui.editing(), show.ui.filter().is_empty()), (None, true));
    assert_eq!(show.press("/ ctrl-c"), Action::Interrupt);
}

#[test]
fn filters_match_messages_nodes_reasons_and_media() {
    let count = |text: &str| {
        let mut show = show();
        show.press("/");
        for letter in text.chars() {
            let event = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE);
            show.ui.key(&event, &show.scene, &show.status);
        }
        show.press("enter");
        show.scene
            .flow()
            .iter()
            .filter(|entry| show.ui.filter().matches(entry))
            .count()
    };
    let all = show().scene.flow().len();
    assert_eq!(count(""), all);
    assert_eq!(count("Grant"), 2);
    assert_eq!(count("demo"), all);
    assert_eq!(count("wire"), 3);
    assert_eq!(count("air") + count("wire"), all);
    assert_eq!(count("grant wire"), 1);
    assert_eq!(count("ta wire"), 3);
    assert_eq!(count("bad_signature"), 1);
    assert_eq!(count("refused"), 1);
    assert_eq!(count("queue_full car-2"), 1);
    assert_eq!(count("nonsense"), 0);
}

#[test]
fn nothing_but_help_and_leaving_works_on_a_small_terminal() {
    let mut show = show();
    show.resize(79, 23);
    for key in ["space", "tab", "z", "/", "enter", "esc"] {
        assert_eq!(show.press(key), Action::None, "{key}");
    }
    assert_eq!(show.press("?"), Action::Redraw);
    assert_eq!(show.press("esc"), Action::Redraw);
    assert_eq!(show.press("q"), Action::Quit);
}

#[test]
fn the_footer_shows_only_keys_that_work() {
    let footer = |show: &mut Show| show.text().lines().last().unwrap().to_owned();
    let mut show = show();
    show.resize(200, 50);
    assert!(!footer(&mut show).contains("5 s back"));
    show.status.replay = true;
    assert!(footer(&mut show).contains("< 5 s back"));
    show.status.paused = true;
    assert!(footer(&mut show).contains("Space go on"));
    assert!(!footer(&mut show).contains("follow"));
    show.press("k k");
    assert!(footer(&mut show).contains("f follow"));
}

#[test]
fn scrolling_ends_where_the_text_ends() {
    let mut show = show();
    show.press("6 end");
    let end = show.ui.scroll(Pane::Views);
    assert!(end > 0 && end < 100);
    show.press("down down down up");
    assert_eq!(show.ui.scroll(Pane::Views), end - 1);
    show.press("g");
    assert_eq!(show.ui.scroll(Pane::Views), 0);
}
