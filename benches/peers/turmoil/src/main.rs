//! Every host broadcasts a datagram of 300 bytes at 10 Hz to all others, over links that lose nothing and take a
//! millisecond, in ticks of a millisecond: turmoil's own defaults.
//!
//! `turmoil-beacons --nodes N --seconds T` prints `sent=... deliveries=...`.

use std::error::Error;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use turmoil::net::UdpSocket;

const PERIOD: Duration = Duration::from_millis(100);
const TICK: Duration = Duration::from_millis(1);
const BYTES: usize = 300;
const PORT: u16 = 5900;

static SENT: AtomicU64 = AtomicU64::new(0);
static HEARD: AtomicU64 = AtomicU64::new(0);

async fn car(name: String, phase: Duration) -> turmoil::Result {
    let socket = Arc::new(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?);
    socket.set_broadcast(true)?;
    tokio::spawn(listen(Arc::clone(&socket), turmoil::lookup(name)));
    tokio::time::sleep(phase).await;
    let mut interval = tokio::time::interval(PERIOD);
    loop {
        interval.tick().await;
        socket.send_to(&[0; BYTES], (Ipv4Addr::BROADCAST, PORT)).await?;
        SENT.fetch_add(1, Relaxed);
    }
}

/// A broadcast comes back to its sender, too; that is no delivery.
async fn listen(socket: Arc<UdpSocket>, own: std::net::IpAddr) {
    let mut buffer = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        HEARD.fetch_add(u64::from(length == BYTES && from.ip() != own), Relaxed);
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
    let (nodes, seconds) = (flag("--nodes")? as u32, flag("--seconds")?);
    let mut simulation = turmoil::Builder::new()
        .rng_seed(1)
        .simulation_duration(Duration::from_secs(1 << 20))
        .tick_duration(TICK)
        .min_message_latency(TICK)
        .max_message_latency(TICK)
        .udp_capacity(1 << 16)
        .ip_version(turmoil::IpVersion::V4)
        .build();
    for node in 0..nodes {
        let name = format!("n{node}");
        simulation.host(name.clone(), move || car(name.clone(), PERIOD * node / nodes));
    }
    let end = Duration::from_secs_f64(seconds);
    while simulation.elapsed() < end {
        simulation.step().map_err(|error| error.to_string())?;
    }
    println!("sent={} deliveries={}", SENT.load(Relaxed), HEARD.load(Relaxed));
    Ok(())
}
