"""Writes ecpp.json: keys, sigma_1 and a certificate of ECPP, computed apart from the Rust code.

    pip install py_ecc && python make.py > ecpp.json

Curve, pairing and hashing to the curve are py_ecc's; transcripts and formulas are written here from their documentation.
Secrets are hashes of their names. An element of the target group is only hashed, in the order of blst, whose pairing is
the power -3 of py_ecc's.
"""
import hashlib
import json

from py_ecc.bls.hash_to_curve import hash_to_G1
from py_ecc.bls.point_compression import compress_G1, compress_G2
from py_ecc.optimized_bls12_381 import G1, G2, add, curve_order as q, field_modulus, multiply, neg, pairing


def secret(name):
    return int.from_bytes(hashlib.sha512(b"ECPP test vector " + name.encode()).digest(), "big") % q


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


def inverse(s):
    return pow(s % q, -1, q)


EPOCH = 1
X_CM, Y_CM = 12345, -678
FROM, UNTIL = 10_000, 80_000
P, PP = G1, G2

u, v, xi, w = (secret(n) for n in ("u", "v", "xi", "list"))
U, V = m(PP, u), m(PP, v)
H0 = hash_to_G1(b"H0", b"ROADVEIL-ECPP-V1-H0_BLS12381G1_XMD:SHA-256_SSWU_RO_", hashlib.sha256)
H1 = m(H0, xi)

parameters = Transcript("ROADVEIL-ECPP-V1-PARAMETERS").append("epoch", EPOCH)
parameters.append("P", g1_bytes(P)).append("P'", g2_bytes(PP)).append("U'", g2_bytes(U)).append("V'", g2_bytes(V))
parameters.append("H0", g1_bytes(H0)).append("H1", g1_bytes(H1)).append("list key", g1_bytes(m(P, w)))
DIGEST = parameters.digest()


def transcript(domain):
    return Transcript(domain).append("parameters", DIGEST)


# The RSU's key.
location = X_CM.to_bytes(4, "big", signed=True) + Y_CM.to_bytes(4, "big", signed=True)
y = transcript("ROADVEIL-ECPP-V1-LOCATION").append("location", location).scalar()
B = m(P, inverse(u + y))
assert e(B, add(m(PP, y), U)) == e(P, PP)

# The OBU's key, and its short-time key.
rid = secret("RID")
S = m(P, inverse(v + rid))
x = secret("x")
Y = m(P, x)

# Step 1.
r1 = secret("r1")
R1 = m(add(m(PP, y), U), r1)
assert e(B, R1) == e(P, PP) ** r1

# sigma_1.
k = secret("k")


def sigma1_challenge(commitment):
    t = transcript("ROADVEIL-ECPP-V1-SIGMA1").append("w", gt_bytes(commitment)).append("RID", scalar_bytes(rid))
    return t.append("from", FROM).append("until", UNTIL).append("Y", g1_bytes(Y)).scalar()


c1 = sigma1_challenge(e(P, PP) ** k)
Z = m(S, k + c1)
assert c1 == sigma1_challenge(e(Z, add(m(PP, rid), V)) * e(P, PP) ** (q - c1))

# The certificate, signed and verified in the paper's form.
a, r_a, r_y, r_d = (secret(n) for n in ("a", "r_a", "r_y", "r_d"))
T1, T2, d = m(H0, a), add(B, m(H1, a)), a * y
D1, D2 = m(H0, r_a), sub(m(T1, r_y), m(H0, r_d))
D3 = e(sub(m(T2, r_y), m(H1, r_d)), PP) * e(neg(m(H1, r_a)), U)


def certificate_challenge(d1, d2, d3):
    t = transcript("ROADVEIL-ECPP-V1-CERTIFICATE").append("epoch", EPOCH).append("Y", g1_bytes(Y))
    t.append("from", FROM).append("until", UNTIL).append("T1", g1_bytes(T1)).append("T2", g1_bytes(T2))
    return t.append("D1", g1_bytes(d1)).append("D2", g1_bytes(d2)).append("D3", gt_bytes(d3)).scalar()


c = certificate_challenge(D1, D2, D3)
s_a, s_y, s_d = (r_a + c * a) % q, (r_y + c * y) % q, (r_d + c * d) % q
V1, V2 = sub(m(H0, s_a), m(T1, c)), sub(m(T1, s_y), m(H0, s_d))
V3 = e(T2, add(m(PP, s_y), m(U, c))) * e(H1, neg(add(m(U, s_a), m(PP, s_d)))) * e(neg(m(P, c)), PP)
assert c == certificate_challenge(V1, V2, V3)
assert g1_bytes(sub(T2, m(T1, xi))) == g1_bytes(B)

proof = [g1_bytes(T1), g1_bytes(T2), scalar_bytes(c), scalar_bytes(s_a), scalar_bytes(s_y), scalar_bytes(s_d)]
name = Transcript("ROADVEIL-ECPP-V1-CERTIFICATE-ID").append("epoch", EPOCH).append("Y", g1_bytes(Y))
name.append("from", FROM).append("until", UNTIL).append("proof", b"".join(proof))

vectors = {
    "epoch": EPOCH, "x_cm": X_CM, "y_cm": Y_CM, "from": FROM, "until": UNTIL,
    "u": scalar_bytes(u), "v": scalar_bytes(v), "xi": scalar_bytes(xi), "list": scalar_bytes(w),
    "U'": g2_bytes(U), "V'": g2_bytes(V), "H0": g1_bytes(H0), "H1": g1_bytes(H1), "parameters": DIGEST,
    "h(L)": scalar_bytes(y), "B": g1_bytes(B), "RID": scalar_bytes(rid), "S": g1_bytes(S),
    "x": scalar_bytes(x), "Y": g1_bytes(Y), "r1": scalar_bytes(r1), "R1": g2_bytes(R1),
    "k": scalar_bytes(k), "sigma1.c": scalar_bytes(c1), "sigma1.Z": g1_bytes(Z),
    "a": scalar_bytes(a), "r_a": scalar_bytes(r_a), "r_y": scalar_bytes(r_y), "r_d": scalar_bytes(r_d),
    "T1": proof[0], "T2": proof[1], "c": proof[2], "s_a": proof[3], "s_y": proof[4], "s_d": proof[5],
    "id": name.digest()[:8],
}
print(json.dumps({k: w.hex() if isinstance(w, bytes) else w for k, w in vectors.items()}, indent=1))
