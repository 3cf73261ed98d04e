//! What the primitives cost on this host: `cargo bench -p roadveil-crypto`.

fn main() {
    divan::main();
}
