//! The loop without its terminal: what makes it draw, and what does not.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use roadveil_role::Time;

use super::*;
use crate::event::{Cast, Event as Happened, Map, Record};
use crate::feed::Speed;

/// A feed that gives what a test puts in, and keeps what it is asked.
#[derive(Clone)]
struct Told {
    cast: Arc<Cast>,
    state: Arc<Mutex<State>>,
}

/// What it will give, how it stands, what it was asked.
type State = (VecDeque<Portion>, Status, Vec<Control>);

impl Feed for Told {
    fn cast(&self) -> &Arc<Cast> {
        &self.cast
    }

    fn poll(&mut self) -> Vec<Portion> {
        self.state.lock().expect("state").0.drain(..).collect()
    }

    fn status(&self) -> Status {
        self.state.lock().expect("state").1.clone()
    }

    fn control(&mut self, control: Control) {
        self.state.lock().expect("state").2.push(control);
    }
}

fn told() -> Told {
    let cast = Cast {
        scenario: "told".to_owned(),
        title: String::new(),
        seed: 1,
        duration: Time::from_secs(9),
        nodes: Vec::new(),
        protocols: Vec::new(),
        map: Map::default(),
    };
    let status = Status {
        now: Time::ZERO,
        end: Time::from_secs(9),
        paused: false,
        finished: false,
        speed: Speed::Times(1.0),
        rate: 1.0,
        replay: false,
        note: None,
    };
    Told {
        cast: Arc::new(cast),
        state: Arc::new(Mutex::new((VecDeque::new(), status, Vec::new()))),
    }
}

fn app(told: &Told) -> App {
    let options = Options {
        listeners: Vec::new(),
        protocols: &[],
        theme: Theme::new(true),
        frame: FRAME,
    };
    let mut app = App::new(Box::new(told.clone()), options);
    app.dirty = false;
    app
}

fn records() -> Portion {
    let event = Happened::Command("hello".to_owned());
    Portion::Records(
        [Record {
            at: Time::from_secs(1),
            event,
        }]
        .into(),
    )
}

#[test]
fn what_comes_is_folded_and_drawn() {
    let told = told();
    let mut app = app(&told);
    told.state.lock().expect("state").0.push_back(records());
    app.drain();
    assert!(app.dirty);
    assert_eq!((app.scene.now(), app.scene.lines().len()), (Time::from_secs(1), 1));
    told.state
        .lock()
        .expect("state")
        .0
        .extend([Portion::Restart, records(), records()]);
    app.drain();
    assert_eq!(app.scene.lines().len(), 2);
}

#[test]
fn a_paused_feed_leaves_nothing_to_draw() {
    let told = told();
    let mut app = app(&told);
    told.state.lock().expect("state").1.paused = true;
    app.drain();
    assert!(app.dirty, "that it is paused is shown");
    app.dirty = false;
    for rate in [0.9, 0.5, 0.0] {
        told.state.lock().expect("state").1.rate = rate;
        app.drain();
        assert!(!app.dirty, "a pace that fades while nothing moves is not");
    }
}

#[test]
fn keys_reach_the_feed_and_wrong_keys_nothing() {
    let told = told();
    let mut app = app(&told);
    let key = |letter| Event::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE));
    assert_eq!(app.take(&key('x')), Action::None);
    assert_eq!(app.take(&Event::FocusGained), Action::None);
    assert!(!app.dirty);
    assert_eq!(app.take(&key(' ')), Action::Control(Control::Pause));
    assert_eq!(told.state.lock().expect("state").2, [Control::Pause]);
    assert!(app.dirty);
    app.dirty = false;
    assert_eq!(app.take(&Event::Resize(100, 30)), Action::Redraw);
    assert!(app.dirty);
    assert_eq!((app.ui.area().width, app.ui.area().height), (100, 30));
}
