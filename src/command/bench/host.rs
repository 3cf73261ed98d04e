//! `roadveil bench` alone: what the cryptography costs on this machine, beside the device profiles.

use core::fmt::Write;
use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use chacha20::ChaCha12Rng;
use rand::SeedableRng;
use roadveil_crypto::{
    EphemeralShare, G1, G2, Nonce, Op, P256SigningKey, Scalar, SecretBytes, Transcript, derive_key, ecdsa,
    hash_to_scalar, pairing, pairing_product,
};
use serde_json::json;

use super::{Exit, Failure, print};
use crate::cli::Bench;
use crate::command::output::{Kind, may_write};
use crate::scenario::profile;

/// How long each operation is measured.
const SPAN: Duration = Duration::from_millis(200);

/// Measures every operation, prints the figures, and writes a profile where asked to.
pub(super) fn bench(args: &Bench) -> Result<Exit, Failure> {
    if let Some(path) = &args.output {
        may_write(path, Kind::Profile, &[])?;
    }
    let figures = measure();
    if args.json {
        let figures: serde_json::Map<_, _> = figures
            .iter()
            .map(|(op, micros)| (op.name().to_owned(), json!(micros)))
            .collect();
        let profiles: serde_json::Map<_, _> = profile::shipped()
            .iter()
            .map(|profile| {
                let micros = |op: &Op| (op.name().to_owned(), json!(profile.nanos(*op) as f64 / 1e3));
                let figures: serde_json::Map<_, _> = Op::ALL.iter().map(micros).collect();
                (profile.name.clone(), json!({ "source": profile.source, "us": figures }))
            })
            .collect();
        print(&format!(
            "{:#}\n",
            json!({ "unit": "us", "host": figures, "profiles": profiles })
        ))?;
    } else {
        print(&table(&figures))?;
    }
    if let Some(path) = &args.output {
        fs::write(path, profile_text(&figures))
            .map_err(|error| Failure::io(format!("cannot write {}", path.display()), &error))?;
        say!(
            "wrote {}: copy it into a topology and name it there, profile = \"host\"",
            path.display()
        );
    }
    Ok(Exit::Done)
}

fn table(figures: &[(Op, f64)]) -> String {
    let shipped = profile::shipped();
    let mut text = format!("{:16}{:>12}", "us", "this host");
    // Writing to a string cannot fail.
    let _ = shipped
        .iter()
        .try_for_each(|profile| write!(text, "{:>12}", profile.name));
    text.push('\n');
    for &(op, micros) in figures {
        let _ = write!(text, "{:16}{micros:>12.2}", op.name());
        let _ = shipped
            .iter()
            .try_for_each(|profile| write!(text, "{:>12.2}", profile.nanos(op) as f64 / 1e3));
        text.push('\n');
    }
    text.push_str("\nWhere the profiles' figures come from:\n");
    let _ = shipped
        .iter()
        .try_for_each(|profile| writeln!(text, "  {:10} {}", profile.name, profile.source));
    text
}

fn profile_text(figures: &[(Op, f64)]) -> String {
    let mut text = format!(
        "[profile.host]\nsource = \"measured with `roadveil bench`, {}, one thread\"\n",
        std::env::consts::ARCH
    );
    // Writing to a string cannot fail.
    let _ = figures
        .iter()
        .try_for_each(|(op, micros)| writeln!(text, "{} = {micros:.3}", op.name()));
    text
}

/// Microseconds of each operation: the best of many short rounds, which a busy machine disturbs least.
fn measure() -> Vec<(Op, f64)> {
    let mut rng = ChaCha12Rng::from_seed([7; 32]);
    let scalar = Scalar::random(&mut rng);
    let (p, q) = (G1::generator().mul(&scalar), G2::generator().mul(&scalar));
    let gt = pairing(&p, &q);
    let (p_bytes, q_bytes) = (p.encode(), q.encode());
    let (share, other) = (
        EphemeralShare::random(&mut rng),
        EphemeralShare::random(&mut rng).public(),
    );
    let ecdsa_key = P256SigningKey::derive(&SecretBytes::random(&mut rng), "ROADVEIL-BENCH-V1", 0);
    let ecdsa_signature = ecdsa_key.sign("ROADVEIL-BENCH-V1", b"message");
    let block = [0x5a; 4096];
    let seal =
        |length: usize| derive_key(&[b"shared"], &[b"salt"], "bench", "there").seal(Nonce(0), b"", &block[..length]);
    let hkdf = micros(|| derive_key(&[b"shared"], &[b"salt"], "bench", "there"));
    let one = micros(|| pairing_product(&[(p, q)]));
    let five = micros(|| pairing_product(&[(p, q), (p, q), (p, q), (p, q), (p, q)]));
    let miller = (five - one) / 4.0;
    Op::ALL
        .iter()
        .map(|&op| {
            let figure = match op {
                Op::G1Mul => micros(|| p.mul(&scalar)),
                Op::G2Mul => micros(|| q.mul(&scalar)),
                Op::GtExp => micros(|| gt.pow(&scalar)),
                Op::GtMul => micros(|| gt.mul(&gt)),
                Op::Pairing => one,
                // A product's terms share squarings, so the marginal term is what a Miller loop costs in a product.
                Op::MillerLoop => miller,
                Op::FinalExp => (one - miller).max(0.0),
                Op::HashToCurve => micros(|| G1::hash(b"message", b"ROADVEIL-BENCH-V1")),
                Op::HashToScalar => micros(|| hash_to_scalar("ROADVEIL-BENCH-V1", &[b"message"])),
                Op::DecodeG1 => micros(|| G1::decode(&p_bytes)),
                Op::DecodeG2 => micros(|| G2::decode(&q_bytes)),
                Op::X25519 => micros(|| share.agree(&other)),
                Op::AesGcmBlock => (micros(|| seal(4096)) - micros(|| seal(0))).max(0.0) / 256.0,
                Op::Hkdf => hkdf,
                Op::Sha256Block => {
                    let hash = |length: usize| {
                        Transcript::new("ROADVEIL-BENCH-V1")
                            .append("data", &block[..length])
                            .digest()
                    };
                    (micros(|| hash(4096)) - micros(|| hash(0))).max(0.0) / 64.0
                }
                Op::ScalarInv => micros(|| scalar.invert()),
                Op::EcdsaSign => micros(|| ecdsa_key.sign("ROADVEIL-BENCH-V1", b"message")),
                Op::EcdsaVerify => {
                    micros(|| ecdsa::verify(ecdsa_key.public(), "ROADVEIL-BENCH-V1", b"message", &ecdsa_signature))
                }
                Op::G1MsmTerm => micros(|| G1::msm(&[(p, scalar); 32])) / 32.0,
            };
            (op, figure)
        })
        .collect()
}

/// Microseconds that `work` takes.
#[expect(
    clippy::disallowed_methods,
    reason = "measuring the host is what this command is for"
)]
fn micros<T>(work: impl Fn() -> T) -> f64 {
    black_box(work());
    let begin = Instant::now();
    let mut best = f64::MAX;
    let mut times = 1u32;
    while begin.elapsed() < SPAN {
        let round = Instant::now();
        for _ in 0..times {
            black_box(work());
        }
        let passed = round.elapsed();
        best = best.min(passed.as_secs_f64() * 1e6 / f64::from(times));
        // Rounds long enough for the clock, short enough for many of them.
        if passed < Duration::from_micros(500) {
            times = times.saturating_mul(2);
        }
    }
    best
}
