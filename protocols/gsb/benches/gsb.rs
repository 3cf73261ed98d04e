//! What GSB costs on this host: signing, checking by the length of the revocation list, tables, opening.
//!
//! `cargo bench -p roadveil-gsb`

use std::sync::Arc;

use divan::{Bencher, black_box};
use roadveil_crypto::{ByteArray, Host, Scalar, SecretBytes};
use roadveil_gsb::keys::{Manager, MemberKey};
use roadveil_gsb::params::Mode;
use roadveil_gsb::revocation::{Revoked, Token, Tokens};
use roadveil_gsb::signature::{Bases, Claim, Proof, Scope, sign};
use roadveil_role::Streams;

fn main() {
    divan::main();
}

const MESSAGE: [u8; 300] = [7; 300];
const LINEAR: Mode = Mode::Linear;
const FAST: Mode = Mode::Fast { period_ms: 60_000 };

struct Group {
    manager: Manager,
    key: MemberKey,
    scope: Scope,
    proof: Proof,
}

impl Group {
    fn new(mode: Mode) -> Group {
        let manager = Manager::new(mode, &mut Streams::new(1, "ta", "bench"));
        let key = manager.member(Scalar::from_u64(1_000_000)).expect("a key");
        let scope = match mode {
            Mode::Linear => Scope::Message(ByteArray([1; 16])),
            Mode::Fast { .. } => Scope::Period(1),
        };
        let bases = Bases::new(manager.group(), scope, &MESSAGE);
        let draw = SecretBytes::new([1; 32]);
        let proof = sign(manager.group(), &key, scope, &bases, &MESSAGE, &draw);
        Group {
            manager,
            key,
            scope,
            proof,
        }
    }

    fn claim(&self) -> Arc<Claim> {
        let claim = Claim::new(self.manager.group().clone(), self.scope, MESSAGE.to_vec(), self.proof);
        Arc::new(claim.expect("decodes"))
    }

    fn tokens(&self, n: u64) -> Vec<Token> {
        let token = |x| self.manager.member(Scalar::from_u64(x)).expect("a key").token();
        (1..=n).map(token).collect()
    }

    /// Decodes a signature, checks its proof, and that its signer is none of `n`.
    fn bench(&self, bencher: Bencher, n: u64) {
        let revoked = Revoked::new(Arc::new(Tokens::new(self.tokens(n))));
        let host = Host::new(64);
        let check = || {
            let claim = self.claim();
            claim.check().answer(&host).is_valid() && revoked.check(&claim).answer(&host).is_valid()
        };
        // The table, if any, is there.
        assert!(check());
        bencher.bench_local(|| assert!(black_box(check())));
    }
}

#[divan::bench(sample_count = 30)]
fn sign_linear(bencher: Bencher) {
    let group = Group::new(LINEAR);
    bencher.bench_local(|| {
        let bases = Bases::new(group.manager.group(), group.scope, &MESSAGE);
        let draw = SecretBytes::new([1; 32]);
        sign(group.manager.group(), &group.key, group.scope, &bases, &MESSAGE, &draw)
    });
}

#[divan::bench(sample_count = 30)]
fn sign_fast(bencher: Bencher) {
    let group = Group::new(FAST);
    let bases = Bases::new(group.manager.group(), group.scope, &[]);
    bencher.bench_local(|| {
        let draw = SecretBytes::new([1; 32]);
        sign(group.manager.group(), &group.key, group.scope, &bases, &MESSAGE, &draw)
    });
}

#[divan::bench(args = [0, 10, 100, 1000, 10_000], sample_count = 5, sample_size = 1)]
fn verify_linear(bencher: Bencher, n: u64) {
    Group::new(LINEAR).bench(bencher, n);
}

#[divan::bench(args = [0, 10, 100, 1000, 10_000], sample_count = 30)]
fn verify_fast(bencher: Bencher, n: u64) {
    Group::new(FAST).bench(bencher, n);
}

/// The proofs alone, decoded and their bases hashed: one by one, and in a batch whose commitments are known (they do not
/// travel). The list is not looked at.
#[divan::bench(args = [1, 8, 32], sample_count = 10)]
fn proofs_linear(bencher: Bencher, n: usize) {
    proofs(bencher, LINEAR, n, false);
}

#[divan::bench(args = [8, 32], sample_count = 10)]
fn proofs_linear_batch(bencher: Bencher, n: usize) {
    proofs(bencher, LINEAR, n, true);
}

#[divan::bench(args = [8, 32], sample_count = 10)]
fn proofs_fast_batch(bencher: Bencher, n: usize) {
    proofs(bencher, FAST, n, true);
}

fn proofs(bencher: Bencher, mode: Mode, n: usize, batched: bool) {
    let group = Group::new(mode);
    let claims: Vec<_> = (0..n).map(|_| group.claim()).collect();
    let with: Vec<_> = claims.iter().map(|claim| (&**claim, claim.commitments(None))).collect();
    bencher
        .counter(divan::counter::ItemsCount::new(n))
        .bench_local(|| match batched {
            true => assert!(roadveil_gsb::batch::verify(black_box(&with), None)),
            false => assert!(black_box(&claims).iter().all(|claim| claim.verify(None))),
        });
}

/// What is done once in a period, with the first look-up.
#[divan::bench(args = [10, 100, 1000, 10_000], sample_count = 5, sample_size = 1)]
fn table(bencher: Bencher, n: u64) {
    let group = Group::new(FAST);
    let revoked = Revoked::new(Arc::new(Tokens::new(group.tokens(n))));
    let claim = group.claim();
    bencher
        .with_inputs(|| Host::new(64))
        .bench_local_refs(|host| revoked.check(&claim).answer(host));
}

#[divan::bench(args = [100, 1000], sample_count = 5, sample_size = 1)]
fn open(bencher: Bencher, members: u64) {
    let group = Group::new(LINEAR);
    let tokens = group.tokens(members);
    let claim = group.claim();
    bencher.bench_local(|| group.manager.open(&claim, &tokens));
}
