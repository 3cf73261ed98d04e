//! Random keys at random sizes: nothing makes the screen fail.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use roadveil::feed::Control;
use roadveil::tui::Action;
use roadveil::tui::commands::COMMANDS;

use crate::sample::six_cars;
use crate::show::Show;

fn key() -> impl Strategy<Value = KeyEvent> {
    let known: Vec<KeyEvent> = COMMANDS
        .iter()
        .flat_map(|command| command.keys)
        .map(|key| KeyEvent::new(key.0, key.1))
        .collect();
    prop_oneof![
        8 => prop::sample::select(known),
        2 => any::<char>().prop_map(|letter| KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE)),
        1 => prop::sample::select(vec![KeyCode::Backspace, KeyCode::Delete, KeyCode::F(5), KeyCode::Insert, KeyCode::Null])
            .prop_map(|code| KeyEvent::new(code, KeyModifiers::ALT)),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Key(KeyEvent),
    Size(u16, u16),
    Record,
    Replay(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => key().prop_map(Step::Key),
        1 => (1u16..300, 1u16..100).prop_map(|(width, height)| Step::Size(width, height)),
        1 => (80u16..170, 24u16..50).prop_map(|(width, height)| Step::Size(width, height)),
        2 => Just(Step::Record),
        1 => any::<bool>().prop_map(Step::Replay),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn no_keys_at_no_size_make_the_screen_fail(steps in prop::collection::vec(step(), 1..60)) {
        let mut run = six_cars();
        let mut later = run.records.split_off(run.records.len() / 2).into_iter();
        let mut show = Show::new(run);
        for step in steps {
            match step {
                Step::Key(key) => {
                    let action = show.ui.key(&key, &show.scene, &show.status);
                    match action {
                        Action::Control(Control::Pause) => show.status.paused = true,
                        Action::Control(Control::Resume) => show.status.paused = false,
                        Action::Control(Control::Speed(speed)) => show.status.speed = speed,
                        Action::Control(Control::Seek(to)) => {
                            prop_assert!(show.status.replay && to <= show.status.end);
                            show.status.now = to;
                        }
                        _ => {}
                    }
                }
                Step::Size(width, height) => show.resize(width, height),
                Step::Record => later.by_ref().take(5).for_each(|record| show.scene.observe(&record)),
                Step::Replay(replay) => show.status.replay = replay,
            }
            show.buffer();
        }
    }
}
