//! A run at a pace, for a screen: on a thread of its own, steered by [`Control`]s.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use roadveil_role::Time;

use super::{Engine, Finished, Plan, RunError};
use crate::event::{Cast, Record};
use crate::feed::{Control, Feed, Portion, Speed, Status};

/// Records between two looks at the controls.
const PORTION: usize = 1024;
/// Portions that wait for the screen before the run waits for it.
const WAITING: usize = 256;
/// How far virtual time may lag behind its pace before it is forgiven.
const LAG: Duration = Duration::from_millis(250);

/// The screen's end of a run under way.
#[derive(Debug)]
pub struct LiveFeed {
    cast: Arc<Cast>,
    portions: Receiver<Arc<[Record]>>,
    controls: Sender<Control>,
    status: Arc<Mutex<Status>>,
}

/// The other end: what is left of the run once it is over.
#[derive(Debug)]
pub struct LiveHandle {
    thread: JoinHandle<Result<Finished, RunError>>,
}

/// Starts a run; it goes on until it ends, the feed is dropped or told to stop.
///
/// # Errors
/// If the run cannot begin.
pub fn start(plan: Plan, speed: Speed) -> Result<(LiveFeed, LiveHandle), RunError> {
    let engine = Engine::new(plan)?;
    let status = Arc::new(Mutex::new(Status {
        now: Time::ZERO,
        end: engine.end(),
        paused: false,
        finished: false,
        speed,
        rate: 0.0,
        replay: false,
        note: None,
    }));
    let (send_portion, portions) = sync_channel(WAITING);
    let (controls, receive_control) = channel();
    let cast = Arc::clone(engine.cast());
    let driver = Driver {
        engine,
        controls: receive_control,
        portions: send_portion,
        status: Arc::clone(&status),
        speed,
        paused: false,
        hurry_to: None,
        ahead: false,
        pace: Pace::at(Time::ZERO),
    };
    let thread = std::thread::Builder::new()
        .name("kernel".to_owned())
        .spawn(move || driver.drive())
        .map_err(|source| {
            RunError::Journal(crate::journal::JournalError::Thread {
                source: Arc::new(source),
            })
        })?;
    Ok((
        LiveFeed {
            cast,
            portions,
            controls,
            status,
        },
        LiveHandle { thread },
    ))
}

impl Feed for LiveFeed {
    fn cast(&self) -> &Arc<Cast> {
        &self.cast
    }

    fn poll(&mut self) -> Vec<Portion> {
        self.portions.try_iter().map(Portion::Records).collect()
    }

    fn status(&self) -> Status {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn control(&mut self, control: Control) {
        // A run that is over needs no more controls.
        let _ = self.controls.send(control);
    }
}

impl LiveHandle {
    /// Waits for the run to be over.
    ///
    /// # Errors
    /// If its log could not be written.
    pub fn finish(self) -> Result<Finished, RunError> {
        match self.thread.join() {
            Ok(finished) => finished,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

/// Where virtual time stands against the wall clock.
#[derive(Clone, Copy, Debug)]
struct Pace {
    wall: Instant,
    virtual_time: Time,
    measured: (Instant, Time),
    rate: f64,
}

#[expect(
    clippy::disallowed_methods,
    reason = "pacing is what the wall clock is for; it decides no outcome"
)]
impl Pace {
    fn at(now: Time) -> Pace {
        let wall = Instant::now();
        Pace {
            wall,
            virtual_time: now,
            measured: (wall, now),
            rate: 0.0,
        }
    }

    /// Starts counting anew, from `now`.
    fn anchor(&mut self, now: Time) {
        (self.wall, self.virtual_time) = (Instant::now(), now);
    }

    /// Up to where the run may go by now.
    fn target(&mut self, speed: f64, now: Time) -> Time {
        let target = self.virtual_time + self.wall.elapsed().mul_f64(speed);
        if target.since(now) > LAG.mul_f64(speed) {
            // The machine cannot keep up: go on from here instead of hurrying after the clock.
            self.anchor(now);
            return now + LAG.mul_f64(speed);
        }
        target
    }

    /// Virtual seconds a second, over about the last half second.
    fn rate(&mut self, now: Time) -> f64 {
        let passed = self.measured.0.elapsed();
        if passed >= Duration::from_millis(500) {
            self.rate = now.since(self.measured.1).as_secs_f64() / passed.as_secs_f64();
            self.measured = (Instant::now(), now);
        }
        self.rate
    }
}

/// What the run's thread works with.
struct Driver {
    engine: Engine,
    controls: Receiver<Control>,
    portions: SyncSender<Arc<[Record]>>,
    status: Arc<Mutex<Status>>,
    speed: Speed,
    paused: bool,
    hurry_to: Option<Time>,
    /// Has it come as far as its pace allows?
    ahead: bool,
    pace: Pace,
}

impl Driver {
    fn drive(mut self) -> Result<Finished, RunError> {
        let result = self.drive_until_stopped();
        if let Err(error) = &result {
            self.status.lock().unwrap_or_else(PoisonError::into_inner).note = Some(error.to_string());
        }
        self.publish();
        result?;
        self.engine.finish()
    }

    fn drive_until_stopped(&mut self) -> Result<(), RunError> {
        loop {
            let wait = if self.paused || self.engine.is_ended() {
                Some(Duration::from_millis(100))
            } else {
                // Short, so that what is shown flows; long enough that waiting costs nothing.
                self.ahead.then_some(Duration::from_millis(4))
            };
            match self.next_control(wait) {
                Ok(Some(Control::Stop)) | Err(()) => return Ok(()),
                Ok(Some(control)) => {
                    self.obey(&control)?;
                    continue;
                }
                Ok(None) => {}
            }
            if !self.paused && !self.engine.is_ended() && !self.go_on()? {
                return Ok(());
            }
            self.publish();
        }
    }

    /// The next control, if there is one; waits for it as long as said. An error: nobody steers any more.
    fn next_control(&self, wait: Option<Duration>) -> Result<Option<Control>, ()> {
        match wait {
            None => match self.controls.try_recv() {
                Ok(control) => Ok(Some(control)),
                Err(TryRecvError::Empty) => Ok(None),
                Err(TryRecvError::Disconnected) => Err(()),
            },
            Some(wait) => match self.controls.recv_timeout(wait) {
                Ok(control) => Ok(Some(control)),
                Err(RecvTimeoutError::Timeout) => Ok(None),
                Err(RecvTimeoutError::Disconnected) => Err(()),
            },
        }
    }

    fn obey(&mut self, control: &Control) -> Result<(), RunError> {
        match control {
            Control::Pause => (self.paused, self.hurry_to) = (true, None),
            Control::Resume => self.paused = false,
            Control::Step if self.paused => {
                let records = self.engine.step()?;
                self.hand_over(records);
            }
            Control::Step => self.paused = true,
            Control::Speed(speed) => self.speed = *speed,
            Control::Seek(time) if *time > self.engine.now() => (self.hurry_to, self.paused) = (Some(*time), false),
            Control::Seek(_) => {
                let note = "a run under way can only go forward; replay its log to go back".to_owned();
                self.status.lock().unwrap_or_else(PoisonError::into_inner).note = Some(note);
            }
            Control::Stop => {}
        }
        self.pace.anchor(self.engine.now());
        self.publish();
        Ok(())
    }

    /// Goes on for a little while. False: the screen is gone.
    fn go_on(&mut self) -> Result<bool, RunError> {
        let now = self.engine.now();
        if self.hurry_to.is_some_and(|time| now >= time) {
            self.hurry_to = None;
            self.pace.anchor(now);
        }
        let target = match (self.hurry_to, self.speed) {
            (Some(time), _) => time,
            (None, Speed::Max) => self.engine.end(),
            (None, Speed::Times(speed)) => self.pace.target(speed, now),
        };
        let records = self.engine.advance(target, PORTION)?;
        self.ahead = self.engine.now() >= target;
        Ok(self.hand_over(records))
    }

    fn hand_over(&self, records: Arc<[Record]>) -> bool {
        records.is_empty() || self.portions.send(records).is_ok()
    }

    fn publish(&mut self) {
        let now = self.engine.now();
        let rate = if self.paused { 0.0 } else { self.pace.rate(now) };
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        status.now = now;
        status.paused = self.paused;
        status.finished = self.engine.is_ended();
        status.speed = self.speed;
        status.rate = rate;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::kernel::Options;
    use crate::scenario::Scenario;

    fn plan(duration: Duration) -> Plan {
        let mut scenario = Scenario::load("three-cars", &[], None).expect("it ships");
        scenario.duration = duration;
        Plan {
            origin: scenario.origin.to_string(),
            overrides: Vec::new(),
            scenario: Arc::new(scenario),
            options: Options {
                threads: 2,
                share: true,
            },
            log: None,
            load_s: 0.0,
        }
    }

    /// Polls until `done` says so; what came meanwhile.
    fn poll_until(feed: &mut LiveFeed, mut done: impl FnMut(&Status, &[Record]) -> bool) -> Vec<Record> {
        let mut records = Vec::new();
        for _ in 0..2000 {
            for portion in feed.poll() {
                if let Portion::Records(portion) = portion {
                    records.extend(portion.iter().cloned());
                }
            }
            if done(&feed.status(), &records) {
                return records;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("nothing came of it: {:?}", feed.status());
    }

    #[test]
    fn a_live_run_has_the_stream_of_a_headless_one_however_it_is_steered() {
        let never = std::sync::atomic::AtomicBool::new(false);
        let headless = crate::session::run(plan(Duration::from_secs(4)), true, &never).expect("runs");
        let (mut feed, handle) = start(plan(Duration::from_secs(4)), Speed::Times(20.0)).expect("starts");
        feed.control(Control::Pause);
        poll_until(&mut feed, |status, _| status.paused);
        for _ in 0..5 {
            feed.control(Control::Step);
        }
        feed.control(Control::Resume);
        feed.control(Control::Seek(Time::from_secs(2)));
        feed.control(Control::Speed(Speed::Max));
        poll_until(&mut feed, |status, _| status.finished);
        feed.control(Control::Stop);
        let live = handle.finish().expect("ends");
        assert!(live.whole);
        assert_eq!(live.stream_hash, headless.stream_hash);
        assert_eq!(
            live.summary.figure("frames.sent"),
            headless.summary.figure("frames.sent")
        );
    }

    #[test]
    fn a_paused_run_stands_still_and_a_step_goes_to_the_next_transmission() {
        let (mut feed, handle) = start(plan(Duration::from_secs(600)), Speed::Times(1.0)).expect("starts");
        feed.control(Control::Pause);
        poll_until(&mut feed, |status, _| status.paused);
        // What was on its way when it was paused.
        feed.poll();
        std::thread::sleep(Duration::from_millis(50));
        feed.poll();
        let before = feed.status().now;
        std::thread::sleep(Duration::from_millis(100));
        assert!(feed.poll().is_empty());
        assert_eq!(feed.status().now, before);
        feed.control(Control::Step);
        let sends = |event: &Event| matches!(event, Event::Frame(_) | Event::Packet(_));
        let stepped = poll_until(&mut feed, |_, records| {
            records.iter().any(|record| sends(&record.event))
        });
        // One callback may send to several at once.
        let mut moments: Vec<Time> = stepped
            .iter()
            .filter(|record| sends(&record.event))
            .map(|record| record.at)
            .collect();
        moments.dedup();
        assert_eq!(moments.len(), 1);
        feed.control(Control::Stop);
        assert!(!handle.finish().expect("ends").whole);
    }

    #[test]
    fn a_run_whose_screen_is_gone_ends() {
        let (feed, handle) = start(plan(Duration::from_secs(600)), Speed::Max).expect("starts");
        drop(feed);
        assert!(!handle.finish().expect("ends").whole);
    }
}
