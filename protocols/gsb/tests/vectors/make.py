"""Writes gsb.json: a member key, bases and group signatures of both modes, computed apart from the Rust code.

    pip install py_ecc && python make.py > gsb.json

Curve, pairing and hashing to the curve are py_ecc's; transcripts and formulas are written here from their documentation.
Secrets are hashes of their names. An element of the target group is only hashed, in the order of blst, whose pairing is
the power -3 of py_ecc's. The signature is verified in the paper's form, and the token found by the paper's test.
"""
import hashlib
import json

from py_ecc.bls.hash_to_curve import hash_to_G1, hash_to_G2
from py_ecc.bls.point_compression import compress_G1, compress_G2
from py_ecc.optimized_bls12_381 import G1, G2, add, curve_order as q, field_modulus, multiply, neg, pairing


def secret(name):
    return int.from_bytes(hashlib.sha512(b"GSB test vector " + name.encode()).digest(), "big") % q


def scalar_bytes(s):
    return (s % q).to_bytes(32, "big")


def g1_bytes(p):
    return compress_G1(p).to_bytes(48, "big")


def g2_bytes(p):
    z1, z2 = compress_G2(p)
    return z1.to_bytes(48, "big") + z2.to_bytes(48, "big")


def gt_bytes(f):
    c = [int(x) for x in (f ** (q - 3)).coeffs]
    out = b""
    for i in range(6):
        real, imaginary = (c[i] + c[i + 6]) % field_modulus, c[i + 6] % field_modulus
        out += real.to_bytes(48, "big") + imaginary.to_bytes(48, "big")
    return out


def e(p, p2):
    return pairing(p2, p)


def m(p, s):
    return multiply(p, s % q)


def sub(a, b):
    return add(a, neg(b))


class Transcript:
    """SHA-512 over frames: an 8-byte little-endian length, then the bytes."""

    def __init__(self, domain):
        self.data = b""
        self.frame(domain.encode())

    def frame(self, data):
        self.data += len(data).to_bytes(8, "little") + data

    def append(self, label, data):
        if isinstance(data, int):
            data = data.to_bytes(8, "little")
        self.frame(label.encode())
        self.frame(data)
        return self

    def output(self, name):
        other = Transcript.__new__(Transcript)
        other.data = self.data
        other.frame(name.encode())
        return hashlib.sha512(other.data).digest()

    def scalar(self):
        # Reduced as Scalar::reduce does.
        return int.from_bytes(self.output("scalar"), "big") % q

    def digest(self):
        return self.output("digest")[:32]


P, PP = G1, G2
MESSAGE = b"a vehicle says where it is"
NONCE = hashlib.sha512(b"GSB test vector nonce").digest()[:16]
PERIOD, PERIOD_MS = 29, 60_000

gamma, list_key, x = secret("gamma"), secret("list"), secret("x")
W = m(PP, gamma)
A = m(P, pow((gamma + x) % q, -1, q))
assert e(A, add(W, m(PP, x))) == e(P, PP)


def vector(mode):
    group = Transcript("ROADVEIL-GSB-V1-GROUP").append("P", g1_bytes(P)).append("P'", g2_bytes(PP)).append("w", g2_bytes(W))
    group.append("mode", mode.encode())
    if mode == "fast":
        group.append("period", PERIOD_MS)
    digest = group.append("list key", g1_bytes(m(P, list_key))).digest()

    def transcript(domain):
        return Transcript(domain).append("group", digest)

    bases = transcript("ROADVEIL-GSB-V1-BASES")
    if mode == "fast":
        bases.append("period", PERIOD)
    else:
        bases.append("message", MESSAGE).append("nonce", NONCE)
    seed = bases.digest()
    u_hat = hash_to_G2(seed, b"ROADVEIL-GSB-V1-U-HAT_BLS12381G2_XMD:SHA-256_SSWU_RO_", hashlib.sha256)
    v = hash_to_G1(seed, b"ROADVEIL-GSB-V1-V_BLS12381G1_XMD:SHA-256_SSWU_RO_", hashlib.sha256)

    alpha, r_alpha, r_x, r_delta = (secret(mode + " " + n) for n in ("alpha", "r_alpha", "r_x", "r_delta"))
    delta = x * alpha
    T1, T2 = m(u_hat, alpha), add(A, m(v, alpha))

    def challenge(r1, r2, r3):
        t = transcript("ROADVEIL-GSB-V1-SIGNATURE").append("bases", seed).append("message", MESSAGE)
        t.append("T1", g2_bytes(T1)).append("T2", g1_bytes(T2))
        return t.append("R1", g2_bytes(r1)).append("R2", gt_bytes(r2)).append("R3", g2_bytes(r3)).scalar()

    R1 = m(u_hat, r_alpha)
    R2 = e(T2, PP) ** r_x * e(v, W) ** (q - r_alpha) * e(v, PP) ** (q - r_delta)
    R3 = sub(m(T1, r_x), m(u_hat, r_delta))
    c = challenge(R1, R2, R3)
    s_alpha, s_x, s_delta = (r_alpha + c * alpha) % q, (r_x + c * x) % q, (r_delta + c * delta) % q

    V1 = sub(m(u_hat, s_alpha), m(T1, c))
    V2 = e(T2, PP) ** s_x * e(v, W) ** (q - s_alpha) * e(v, PP) ** (q - s_delta)
    V2 = V2 * (e(T2, W) * e(P, PP) ** (q - 1)) ** c
    V3 = sub(m(T1, s_x), m(u_hat, s_delta))
    assert c == challenge(V1, V2, V3)
    assert e(sub(T2, A), u_hat) == e(v, T1)

    fields = {
        "digest": digest, "t1": g2_bytes(T1), "t2": g1_bytes(T2), "c": scalar_bytes(c),
        "s_alpha": scalar_bytes(s_alpha), "s_x": scalar_bytes(s_x), "s_delta": scalar_bytes(s_delta),
        "alpha": scalar_bytes(alpha), "r_alpha": scalar_bytes(r_alpha), "r_x": scalar_bytes(r_x),
        "r_delta": scalar_bytes(r_delta),
    }
    return {f"{mode}_{name}": value.hex() for name, value in fields.items()}


print(json.dumps({
    "gamma": scalar_bytes(gamma).hex(), "list": scalar_bytes(list_key).hex(), "x": scalar_bytes(x).hex(),
    "w": g2_bytes(W).hex(), "a": g1_bytes(A).hex(), "message": MESSAGE.hex(), "nonce": NONCE.hex(),
    "period": PERIOD, "period_ms": PERIOD_MS, **vector("linear"), **vector("fast"),
}, indent=1))
