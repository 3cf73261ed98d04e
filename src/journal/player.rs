//! Plays a log as if the run were under way: paced, paused, stepped, and sought in both directions.

use std::iter::Peekable;
use std::sync::Arc;
use std::time::Duration;
use std::vec;

use roadveil_role::Time;

use super::batches::Records;
use super::error::LogError;
use super::info;
use super::reader::Log;
use super::wall::Moment;
use crate::event::{Cast, Event, Record};
use crate::feed::{Control, Feed, Portion, Speed, Status};

/// Records given in one poll. Seeking and full speed take several, so that a screen stays alive meanwhile and no more
/// than this is in memory.
const AT_ONCE: usize = 20_000;

/// Over which time the pace is measured.
const MEASURE: Duration = Duration::from_millis(500);

/// A log as a feed.
#[derive(Debug)]
pub struct Player {
    log: Log,
    records: Records,
    current: Peekable<vec::IntoIter<Record>>,
    now: Time,
    end: Time,
    mode: Mode,
    paused: bool,
    finished: bool,
    restart: bool,
    speed: Speed,
    /// Where virtual time stood at which moment, since when it runs at its speed.
    paced_from: (Moment, Time),
    /// The same, since when the pace is measured.
    measured_from: (Moment, Time),
    rate: f64,
    damaged: u64,
    note: Option<String>,
}

/// What the next poll does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// What the pace says.
    Pace,
    /// Everything up to a moment, as fast as it can.
    Seek(Time),
    /// Everything up to the next transmission.
    Step,
}

impl Player {
    /// Plays `log` from its start, at the pace of the wall clock.
    ///
    /// # Errors
    ///
    /// If the log cannot be opened again.
    pub fn new(log: Log) -> Result<Player, LogError> {
        let start = (Moment::now(), Time::ZERO);
        Ok(Player {
            records: log.records_from(Time::ZERO)?,
            current: Vec::new().into_iter().peekable(),
            now: Time::ZERO,
            end: log.reached(),
            mode: Mode::Pace,
            paused: false,
            finished: false,
            restart: false,
            speed: Speed::Times(1.0),
            paced_from: start,
            measured_from: start,
            rate: 0.0,
            damaged: 0,
            note: info::note(&log),
            log,
        })
    }

    /// The log that it plays.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Makes sure that the next record is at hand. False: there is none.
    fn load(&mut self) -> bool {
        while self.current.peek().is_none() {
            match self.records.next() {
                Some(Ok(portion)) => self.current = portion.records.into_iter().peekable(),
                Some(Err(LogError::Damaged { damage, .. })) => {
                    self.damaged += 1;
                    let more = if self.damaged > 1 {
                        format!(" (and {} more)", self.damaged - 1)
                    } else {
                        String::new()
                    };
                    self.note = Some(format!("{damage}{more}"));
                }
                Some(Err(error)) => {
                    self.note = Some(error.to_string());
                    self.end = self.now;
                    return false;
                }
                None => return false,
            }
        }
        true
    }

    /// Takes the next record if it is not after `until`.
    fn take(&mut self, until: Time) -> Option<Record> {
        let record = if self.load() {
            self.current.next_if(|record| record.at <= until)
        } else {
            None
        }?;
        // The end of a log without an end record is known only roughly.
        self.end = self.end.max(record.at);
        Some(record)
    }

    /// Takes records up to `until`, some at a time. True: all of them are taken.
    fn take_until(&mut self, until: Time, out: &mut Vec<Record>) -> bool {
        while out.len() < AT_ONCE {
            match self.take(until) {
                Some(record) => out.push(record),
                None => return true,
            }
        }
        false
    }

    fn run(&mut self, out: &mut Vec<Record>) {
        match self.mode {
            Mode::Seek(target) => {
                if self.take_until(target, out) {
                    self.mode = Mode::Pace;
                    self.arrive(target);
                } else {
                    self.arrive(out.last().map_or(self.now, |record| record.at));
                }
            }
            Mode::Step => {
                while let Some(record) = self.take(Time::MAX) {
                    self.now = record.at;
                    let transmission = matches!(record.event, Event::Frame(_) | Event::Packet(_));
                    out.push(record);
                    if transmission {
                        self.mode = Mode::Pace;
                        break;
                    }
                    if out.len() == AT_ONCE {
                        return;
                    }
                }
                if self.mode == Mode::Step {
                    // There is no further transmission.
                    self.mode = Mode::Pace;
                    self.arrive(self.end);
                }
                self.arrive(self.now);
            }
            Mode::Pace if self.paused => {}
            Mode::Pace => {
                let target = match self.speed {
                    Speed::Max => Time::MAX,
                    Speed::Times(times) => {
                        let (moment, time) = self.paced_from;
                        // Saturates: no pace is so fast that it would wrap.
                        let passed = Moment::now().since(moment).as_nanos() as f64 * times;
                        Time(time.0.saturating_add(passed as u64))
                    }
                };
                if self.take_until(target, out) {
                    self.now = target.min(self.end);
                } else {
                    // It cannot keep the pace: it goes on from where it is, and does not run after the time lost.
                    self.arrive(out.last().map_or(self.now, |record| record.at));
                }
            }
        }
        if self.now >= self.end && !self.load() {
            self.finished = true;
        }
    }

    /// Virtual time stands there, and its pace counts from here.
    fn arrive(&mut self, at: Time) {
        self.now = at.min(self.end);
        self.paced_from = (Moment::now(), self.now);
    }

    fn measure(&mut self) {
        let (moment, time) = self.measured_from;
        let now = Moment::now();
        let passed = now.since(moment);
        if passed >= MEASURE {
            self.rate = self.now.since(time).as_secs_f64() / passed.as_secs_f64();
            self.measured_from = (now, self.now);
        }
    }

    fn seek(&mut self, target: Time) {
        let target = target.min(self.end);
        if target < self.now {
            match self.log.records_from(Time::ZERO) {
                Ok(records) => self.records = records,
                Err(error) => {
                    self.note = Some(error.to_string());
                    return;
                }
            }
            self.current = Vec::new().into_iter().peekable();
            self.damaged = 0;
            self.note = info::note(&self.log);
            self.restart = true;
            self.now = Time::ZERO;
        }
        self.finished = false;
        self.mode = Mode::Seek(target);
        self.measured_from = (Moment::now(), target);
    }
}

impl Feed for Player {
    fn cast(&self) -> &Arc<Cast> {
        self.log.cast()
    }

    fn poll(&mut self) -> Vec<Portion> {
        let mut portions = Vec::new();
        if std::mem::take(&mut self.restart) {
            portions.push(Portion::Restart);
        }
        if !self.finished {
            let mut records = Vec::new();
            self.run(&mut records);
            if !records.is_empty() {
                portions.push(Portion::Records(records.into()));
            }
        }
        self.measure();
        portions
    }

    fn status(&self) -> Status {
        Status {
            now: self.now,
            end: self.end,
            paused: self.paused,
            finished: self.finished,
            speed: self.speed,
            rate: self.rate,
            replay: true,
            note: self.note.clone(),
        }
    }

    fn control(&mut self, control: Control) {
        match control {
            Control::Pause => self.paused = true,
            Control::Resume => {
                self.paused = false;
                self.arrive(self.now);
            }
            Control::Step => {
                self.paused = true;
                // A step while it seeks would end somewhere on the way.
                if self.mode == Mode::Pace && !self.finished {
                    self.mode = Mode::Step;
                }
            }
            Control::Speed(speed) => {
                if let Speed::Times(times) = speed
                    && (!times.is_finite() || times <= 0.0)
                {
                    return;
                }
                self.speed = speed;
                self.arrive(self.now);
            }
            Control::Seek(target) => self.seek(target),
            Control::Stop => self.finished = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    fn player(records: &[Record]) -> Player {
        Player::new(sample::open(sample::log_bytes(records).0).expect("it opens")).expect("it opens again")
    }

    /// Polls until nothing more comes, as a screen would, and keeps what a screen would have.
    fn poll_all(player: &mut Player, seen: &mut Vec<Record>) -> u32 {
        let mut restarts = 0;
        for _ in 0..1_000 {
            let portions = player.poll();
            if portions.is_empty() && (player.paused || player.finished) && player.mode == Mode::Pace {
                return restarts;
            }
            for portion in portions {
                match portion {
                    Portion::Restart => {
                        seen.clear();
                        restarts += 1;
                    }
                    Portion::Records(records) => seen.extend_from_slice(&records),
                }
            }
        }
        panic!("it does not come to rest");
    }

    #[test]
    fn at_full_speed_it_gives_the_whole_run() {
        let records = sample::run(300);
        let mut player = player(&records);
        player.control(Control::Speed(Speed::Max));
        let mut seen = Vec::new();
        poll_all(&mut player, &mut seen);
        assert_eq!(seen, records);
        let status = player.status();
        assert!(status.finished && status.replay && status.note.is_none());
        assert_eq!(status.now, records[records.len() - 1].at);
        assert!(player.poll().is_empty());
    }

    #[test]
    fn it_keeps_the_pace_of_the_wall_clock() {
        let records = sample::run(300);
        let mut player = player(&records);
        player.control(Control::Speed(Speed::Times(2.0)));
        let start = Moment::now();
        let mut seen = 0;
        for _ in 0..5 {
            std::thread::sleep(Duration::from_millis(10));
            for portion in player.poll() {
                if let Portion::Records(records) = portion {
                    seen += records.len();
                }
            }
            // Never ahead of the clock; how far behind is the machine's affair.
            let now = player.status().now;
            assert!(now <= Time::ZERO + Moment::now().since(start) * 2);
            let due = records.iter().filter(|record| record.at <= now).count();
            assert_eq!(seen, due);
        }
        assert!(seen > 0 && !player.status().finished);
    }

    #[test]
    fn seeking_goes_anywhere() {
        let records = sample::run(300);
        let mut player = player(&records);
        player.control(Control::Pause);
        let mut seen = Vec::new();
        let until = |at: Time| records.iter().filter(|record| record.at <= at).count();
        for (target, restarts) in [
            (700, 0),
            (1_200, 0),
            (300, 1),
            (300, 0),
            (0, 1),
            (99_999, 0),
            (1_400, 1),
        ] {
            let target = Time::from_millis(target);
            player.control(Control::Seek(target));
            assert_eq!(poll_all(&mut player, &mut seen), restarts, "to {target}");
            assert_eq!(seen, &records[..until(target)], "to {target}");
            let status = player.status();
            assert_eq!(status.now, target.min(status.end));
            assert_eq!(status.finished, target >= status.end);
            assert!(status.paused);
        }
    }

    #[test]
    fn a_step_goes_to_the_next_transmission() {
        let records = sample::run(4);
        let mut player = player(&records);
        player.control(Control::Pause);
        let mut seen = Vec::new();
        for number in 0..4 {
            player.control(Control::Step);
            poll_all(&mut player, &mut seen);
            let Some(Record {
                event: Event::Frame(frame),
                at,
            }) = seen.last()
            else {
                panic!("{:?}", seen.last())
            };
            assert_eq!((frame.tx.0, player.status().now), (number, *at));
        }
        player.control(Control::Step);
        poll_all(&mut player, &mut seen);
        assert!(player.status().finished);
        assert_eq!(seen, records);
    }

    #[test]
    fn it_tells_of_damage_and_plays_on() {
        let records = sample::run(600);
        let (mut bytes, _) = sample::log_bytes(&records);
        let summary = mcap::Summary::read(&bytes).expect("a summary").expect("there is one");
        let chunk = &summary.chunk_indexes[4];
        bytes[(chunk.chunk_start_offset + chunk.chunk_length / 2) as usize] ^= 1;
        let mut player = Player::new(sample::open(bytes).expect("it opens")).expect("it opens again");
        player.control(Control::Speed(Speed::Max));
        let mut seen = Vec::new();
        poll_all(&mut player, &mut seen);
        assert!(seen.len() < records.len() && seen.last() == records.last());
        assert!(player.status().note.is_some_and(|note| note.contains("checksum")));
    }

    #[test]
    fn nonsense_speeds_are_ignored_and_stop_ends_it() {
        let mut player = player(&sample::run(10));
        for times in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            player.control(Control::Speed(Speed::Times(times)));
            assert_eq!(player.status().speed, Speed::Times(1.0));
        }
        player.control(Control::Stop);
        assert!(player.status().finished && player.poll().is_empty());
    }
}
