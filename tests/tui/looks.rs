//! Pictures of the screen. `cargo insta review` shows what changed.

use roadveil::event::{Event, Map, NodeId};
use roadveil::feed::Speed;
use roadveil::tui::Theme;
use roadveil::tui::picture;
use roadveil_role::Time;

use crate::city::city;
use crate::sample::{Run, cast, place, six_cars};
use crate::show::Show;

fn at(width: u16, height: u16) -> Show {
    let mut show = Show::new(six_cars());
    show.resize(width, height);
    show
}

fn look(name: &str, text: &str) {
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn first_look_at_several_sizes() {
    for (width, height) in [(80, 24), (120, 40), (160, 48)] {
        look(&format!("first_{width}x{height}"), &at(width, height).text());
    }
}

#[test]
fn too_small_a_terminal_says_so_and_still_helps() {
    look("too_small_79x23", &at(79, 23).text());
    look("too_small_20x3", &at(20, 3).text());
    let mut show = at(79, 23);
    show.press("?");
    look("too_small_79x23_help", &show.text());
}

#[test]
fn help_lists_every_key() {
    for (width, height) in [(80, 24), (160, 48)] {
        let mut show = at(width, height);
        show.press("?");
        look(&format!("help_{width}x{height}"), &show.text());
    }
    let mut show = at(80, 24);
    show.press("? end");
    look("help_80x24_scrolled", &show.text());
}

#[test]
fn a_message_is_decoded_with_its_outcomes() {
    let mut show = at(80, 24);
    show.press("k k k k");
    look("message_80x24", &show.text());
    show.press("enter");
    look("message_80x24_open", &show.text());
    let mut show = at(120, 40);
    show.press("/ r e q u e s t enter g enter j j");
    look("message_120x40_open_field", &show.text());
}

#[test]
fn an_unknown_protocol_is_shown_by_its_bytes() {
    let mut run = six_cars();
    run.at(12_300);
    run.push(Event::Frame(roadveil::event::Frame {
        tx: roadveil::event::TxId(1000),
        from: crate::sample::addr(4),
        to: crate::sample::addr(77),
        airtime: 1000,
        bytes: b"\xffhello, unknown world".as_slice().into(),
    }));
    let mut show = Show::new(run);
    show.press("k enter");
    look("message_unknown", &show.text());
}

#[test]
fn nodes_and_one_of_them() {
    let mut show = at(120, 40);
    show.press("4 j j j j j s s");
    look("nodes_120x40_by_queue", &show.text());
    show.press("enter");
    look("node_120x40", &show.text());
}

#[test]
fn losses_views_and_events() {
    for (key, name) in [("5", "losses"), ("6", "views"), ("7", "events")] {
        let mut show = at(80, 24);
        show.press(key);
        show.press("enter");
        look(&format!("{name}_80x24_open"), &show.text());
    }
}

#[test]
fn filtered_and_while_the_filter_is_typed() {
    let mut show = at(80, 24);
    show.press("/ l o s t");
    look("filter_typed", &show.text());
    show.press("enter");
    look("filter_applied", &show.text());
}

#[test]
fn paused_ended_and_replayed() {
    let mut show = at(80, 24);
    show.status.paused = true;
    look("paused", &show.text());
    show.status.finished = true;
    show.status.replay = true;
    show.status.now = show.status.end;
    show.status.speed = Speed::Max;
    show.press("backtab backtab");
    look("replay_at_its_end", &show.text());
}

#[test]
fn a_run_without_anything() {
    let mut cast = cast();
    cast.nodes.clear();
    cast.protocols.clear();
    cast.map = Map::default();
    let mut show = Show::new(Run::new(cast));
    look("empty", &show.text());
    for key in ["3", "4", "5", "6", "7"] {
        show.press(key);
        show.press("enter esc");
    }
}

#[test]
fn two_thousand_nodes() {
    let mut show = Show::new(city(2000, 200));
    look("crowd_80x24", &show.text());
    show.resize(160, 48);
    show.press("4 j j 1 f z z z z z z");
    look("crowd_160x48_close", &show.text());
}

#[test]
fn only_what_an_antenna_hears() {
    let mut run = six_cars();
    run.records.retain(|record| record.event.is_public());
    let mut show = Show::new(run);
    show.press("k k");
    look("public_half", &show.text());
}

#[test]
fn colours_say_what_words_say() {
    let mut show = at(80, 24);
    show.press("k k k k");
    look("colours_80x24", &show.styled());
    let mut show = Show::themed(six_cars(), Theme::new(false));
    show.press("k k k k");
    look("no_colour_80x24", &show.styled());
}

#[test]
fn without_colour_no_cell_has_one() {
    let mut show = Show::themed(six_cars(), Theme::new(false));
    for (width, height) in [(80, 24), (160, 48), (79, 23)] {
        show.resize(width, height);
        for keys in ["k k", "4 j", "5", "6", "7", "1 f", "?"] {
            show.press(keys);
            let buffer = show.buffer();
            let plain = ratatui::style::Color::Reset;
            assert!(buffer.content().iter().all(|cell| cell.fg == plain && cell.bg == plain));
        }
        show.press("?");
    }
}

#[test]
fn a_paused_screen_stands_still() {
    let mut show = at(120, 40);
    show.status.paused = true;
    let first = show.buffer();
    assert_eq!(first, show.buffer());
}

#[test]
fn rings_grow_with_virtual_time_and_fade() {
    let map = |millis: u64| {
        let mut run = Run::new(cast());
        run.push(Event::Joined {
            node: NodeId(4),
            at: place(300.0, 200.0),
        });
        run.frame(4, None, &crate::sample::beacon(1), Vec::new());
        run.at(millis);
        run.push(Event::Command("look".to_owned()));
        let mut show = Show::new(run);
        show.resize(120, 40);
        let text = show.text();
        text.lines()
            .skip(3)
            .take(21)
            .map(|line| line.chars().take(68).collect::<String>() + "\n")
            .collect::<String>()
    };
    assert_ne!(map(20), map(150));
    assert_eq!(map(300), map(900));
}

#[test]
fn a_picture_has_every_row_and_is_always_the_same() {
    let mut show = at(120, 40);
    show.press("k k k k");
    let svg = picture::svg(&show.buffer(), "six-cars");
    assert_eq!(svg, picture::svg(&show.buffer(), "six-cars"));
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
    // The last row's text, well inside the picture.
    assert!(svg.contains("y=\"666\""));
    assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
}

#[test]
fn time_at_the_end_of_time_is_drawn() {
    let mut show = at(80, 24);
    show.status.now = Time::MAX;
    show.status.end = Time::MAX;
    show.text();
    show.status.end = Time::ZERO;
    show.text();
}
