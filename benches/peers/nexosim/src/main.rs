//! Every node beacons 300 bytes at 10 Hz to all others, over connections that lose nothing and take no time: what
//! nexosim does fastest, on one thread.
//!
//! `nexosim-beacons --nodes N --seconds T` prints `sent=... deliveries=...`.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use nexosim::Message;
use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::Output;
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

const PERIOD: Duration = Duration::from_millis(100);
const BYTES: usize = 300;

static SENT: AtomicU64 = AtomicU64::new(0);
static HEARD: AtomicU64 = AtomicU64::new(0);

#[derive(Clone, Serialize, Deserialize, Message)]
pub struct Frame(Arc<[u8]>);

#[derive(Serialize, Deserialize)]
pub struct Car {
    phase: Duration,
    air: Output<Frame>,
}

#[Model]
impl Car {
    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>) {
        if cx
            .schedule_periodic_event(self.phase, PERIOD, schedulable!(Self::beacon), ())
            .is_err()
        {
            eprintln!("nexosim-beacons: a node cannot beacon");
        }
    }

    #[nexosim(schedulable)]
    async fn beacon(&mut self) {
        SENT.fetch_add(1, Relaxed);
        self.air.send(Frame(vec![0; BYTES].into())).await;
    }

    pub async fn hear(&mut self, frame: Frame) {
        HEARD.fetch_add(u64::from(frame.0.len() == BYTES), Relaxed);
    }
}

fn flag(name: &str) -> Result<f64, Box<dyn Error>> {
    let words: Vec<String> = std::env::args().collect();
    let at = words
        .iter()
        .position(|word| word == name)
        .ok_or(format!("{name} is missing"))?;
    Ok(words.get(at + 1).ok_or(format!("{name} lacks its value"))?.parse()?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (nodes, seconds) = (flag("--nodes")? as usize, flag("--seconds")?);
    let mailboxes: Vec<Mailbox<Car>> = (0..nodes).map(|_| Mailbox::with_capacity(1024)).collect();
    let mut simulation = SimInit::with_num_threads(1);
    let mut cars = Vec::with_capacity(nodes);
    for node in 0..nodes {
        let mut air = Output::default();
        for other in (0..nodes).filter(|other| *other != node) {
            air.connect(Car::hear, &mailboxes[other]);
        }
        // Phases are spread evenly over the period; the first is not 0, which would be no later moment.
        let phase = PERIOD * (node as u32 + 1) / nodes as u32;
        cars.push(Car { phase, air });
    }
    for (node, (car, mailbox)) in cars.into_iter().zip(mailboxes).enumerate() {
        simulation = simulation.add_model(car, mailbox, &format!("n{node}"));
    }
    let mut simulation = simulation.init(MonotonicTime::EPOCH)?;
    simulation.step_until(MonotonicTime::EPOCH + Duration::from_secs_f64(seconds))?;
    println!("sent={} deliveries={}", SENT.load(Relaxed), HEARD.load(Relaxed));
    Ok(())
}
