//! What a frame costs for each receiver before anything is decided there: `cargo bench --bench channel`.
//!
//! 800 vehicles on a square of 1.5 km, where each frame finds its receivers within reach; items are pairs of sender and
//! receiver. With `vehicles`, all 800 stand in each other's way.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use roadveil::radio::{Antenna, Channel, ErrorTable, Key, Obstacles, Params, PathLossLaw, Rate, VehicleObstacles};

fn main() {
    divan::main();
}

const NODES: u32 = 800;

/// The place of a node: spread evenly, in no order.
fn place(node: u32, tick: u32) -> (f64, f64) {
    let spread = |ratio: f64| (f64::from(node) * ratio).fract() * 1500.0;
    (
        spread(0.618_033_988_749_9) + f64::from(tick),
        spread(0.754_877_666_246_7),
    )
}

/// The channel with everybody there.
fn channel(params: &Params) -> Channel {
    let antenna = Antenna {
        height_m: 1.5,
        gain_db: 0.0,
    };
    let keys = (0..NODES).map(|node| Key::of(&node.to_string())).collect();
    let mut channel = Channel::new(params, Obstacles::default(), &vec![antenna; NODES as usize], keys, 1);
    put(&mut channel, 0);
    channel
}

fn put(channel: &mut Channel, tick: u32) {
    for node in 0..NODES {
        channel.place(node, place(node, tick), f64::from(node * 90), true);
    }
    channel.settle();
}

/// Receivers within 400 m of each node.
fn receivers() -> Vec<(u32, Vec<u32>)> {
    let near = |a: u32, b: u32| {
        let ((ax, ay), (bx, by)) = (place(a, 0), place(b, 0));
        a != b && (ax - bx) * (ax - bx) + (ay - by) * (ay - by) < 400.0 * 400.0
    };
    (0..NODES)
        .map(|from| (from, (0..NODES).filter(|&to| near(from, to)).collect()))
        .collect()
}

fn params(of: &str) -> Params {
    let mut params = Params::default();
    match of {
        "shadowing" => params.shadowing_db = 4.0,
        "vehicles" => params.vehicles = VehicleObstacles::KnifeEdge,
        "two-ray" => params.path_loss = PathLossLaw::TwoRay,
        "dual-slope" => params.path_loss = PathLossLaw::DualSlope,
        _ => {}
    }
    params
}

#[divan::bench(args = ["open", "two-ray", "dual-slope", "shadowing", "vehicles"])]
fn link_and_fade(bencher: Bencher<'_, '_>, of: &str) {
    let (mut channel, pairs) = (channel(&params(of)), receivers());
    let count: usize = pairs.iter().map(|(_, to)| to.len()).sum();
    let mut slot = 0;
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        slot += 1;
        let mut sum = 0.0;
        for (from, receivers) in &pairs {
            for &to in receivers {
                if let Some(link) = channel.link(*from, to) {
                    sum += link.mw * channel.fade(*from, to, slot, link.metres);
                }
            }
        }
        sum
    });
}

#[divan::bench]
fn link_alone(bencher: Bencher<'_, '_>) {
    let (mut channel, pairs) = (channel(&params("open")), receivers());
    let count: usize = pairs.iter().map(|(_, to)| to.len()).sum();
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        let mut sum = 0.0;
        for (from, receivers) in &pairs {
            for &to in receivers {
                sum += channel.link(*from, to).map_or(0.0, |link| link.mw);
            }
        }
        sum
    });
}

/// All nodes move: items are nodes.
#[divan::bench(args = ["open", "shadowing", "vehicles"])]
fn tick(bencher: Bencher<'_, '_>, of: &str) {
    let mut channel = channel(&params(of));
    let mut tick = 0;
    bencher.counter(ItemsCount::new(NODES)).bench_local(|| {
        tick = (tick + 1) % 100;
        put(&mut channel, tick);
    });
}

/// What a run begins with: one channel for 800 nodes, with its tables of gains and fading.
#[divan::bench]
fn begin() -> Channel {
    channel(&params("open"))
}

#[divan::bench]
fn error_table(bencher: Bencher<'_, '_>) {
    let table = ErrorTable::new(Rate::Qpsk12);
    let ratios: Vec<f64> = (0..1024).map(|step| 1.0 + f64::from(step) * 0.02).collect();
    bencher.counter(ItemsCount::new(ratios.len())).bench_local(|| {
        black_box(&ratios)
            .iter()
            .map(|&ratio| table.loss_per_bit(ratio))
            .sum::<f64>()
    });
}
