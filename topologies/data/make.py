#!/usr/bin/env python3
"""Makes the small city that ships: a network, a minute of traffic, buildings. Needs Debian's `sumo` (1.15).

    python3 make.py FOLDER

Everything is drawn with fixed seeds, so the same version of SUMO makes the same files.
"""
import gzip
import pathlib
import random
import subprocess
import sys
import xml.etree.ElementTree as ET

COLUMNS, ROWS, LENGTH = 7, 6, 130
TRIPS, WARM_UP, SECONDS = 90, 120, 60


def run(*command):
    subprocess.run([str(part) for part in (*command, "-X", "never")], check=True, stdout=subprocess.DEVNULL)


def network(work):
    """A grid whose junctions are moved about, so that no two blocks are alike."""
    net = work / "city.net.xml"
    run("netgenerate", "--grid", "--grid.x-number", COLUMNS, "--grid.y-number", ROWS, "--grid.length", LENGTH,
        "--perturb-x", "norm(0,14)", "--perturb-y", "norm(0,14)", "--seed", 11, "--default.lanenumber", 1,
        "--default.speed", 13.89, "--tls.guess", "true", "--no-turnarounds", "true", "--output.street-names", "false",
        "--no-internal-links", "false", "-o", net)
    return net


def traffic(work, net):
    """Random trips between edges; the minute after the warm-up is kept."""
    dice = random.Random(2026)
    edges = sorted(edge.get("id") for edge in ET.parse(net).getroot().iter("edge") if edge.get("function") is None)
    trips = work / "trips.xml"
    with trips.open("w") as out:
        out.write("<routes>\n")
        for number in range(TRIPS):
            source, target = dice.sample(edges, 2)
            out.write(f'  <trip id="{number}" depart="{number * 2.1:.2f}" from="{source}" to="{target}"/>\n')
        out.write("</routes>\n")
    routes = work / "routes.xml"
    run("duarouter", "-n", net, "--route-files", trips, "-o", routes, "--ignore-errors", "--no-warnings", "true", "--seed", 3)
    fcd = work / "city.fcd.xml"
    run("sumo", "-n", net, "-r", routes, "--begin", 0, "--end", WARM_UP + SECONDS, "--fcd-output", fcd,
        "--device.fcd.begin", WARM_UP, "--fcd-output.attributes", "x,y,angle,type,speed", "--seed", 5,
        "--no-step-log", "true", "--no-warnings", "true")
    return fcd


def buildings(work, net):
    """Two or four buildings in each block, some blocks left open; and a park, which is no building."""
    dice = random.Random(7)
    points = {}
    for junction in ET.parse(net).getroot().iter("junction"):
        if junction.get("type") != "internal":
            points[junction.get("id")] = (float(junction.get("x")), float(junction.get("y")))
    poly = work / "city.poly.xml"
    with poly.open("w") as out:
        out.write('<additional>\n')
        for column in range(COLUMNS - 1):
            for row in range(ROWS - 1):
                corners = [points[f"{chr(65 + column + dx)}{row + dy}"] for dx, dy in ((0, 0), (1, 0), (1, 1), (0, 1))]
                kind = "park" if dice.random() < 0.12 else "building"
                parts = (1, 2) if kind == "building" and dice.random() < 0.6 else (1, 1) if kind == "park" else (2, 2)
                for number, shape in enumerate(split(corners, *parts)):
                    text = " ".join(f"{x:.2f},{y:.2f}" for x, y in shape + shape[:1])
                    out.write(f'  <poly id="{column}/{row}/{number}" type="{kind}" shape="{text}"/>\n')
        out.write("</additional>\n")
    return poly


def split(corners, across, up, street=0.11, yard=0.05):
    """The block between four junctions, without the streets, cut into parts with yards between."""
    def at(u, v):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
        return ((1 - u) * (1 - v) * ax + u * (1 - v) * bx + u * v * cx + (1 - u) * v * dx,
                (1 - u) * (1 - v) * ay + u * (1 - v) * by + u * v * cy + (1 - u) * v * dy)

    def span(index, count):
        size = (1 - 2 * street - (count - 1) * yard) / count
        start = street + index * (size + yard)
        return start, start + size

    for i in range(across):
        for j in range(up):
            (u0, u1), (v0, v1) = span(i, across), span(j, up)
            yield [at(u0, v0), at(u1, v0), at(u1, v1), at(u0, v1)]


def pack(path, folder):
    """Compresses a file, without a time stamp and without the comment that names the maker's folders."""
    text = path.read_text()
    while "<!--" in text:
        start, end = text.index("<!--"), text.index("-->") + 3
        text = text[:start] + text[end:].lstrip("\n")
    with (folder / (path.name + ".gz")).open("wb") as raw:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=raw, mtime=0) as out:
            out.write(text.encode())


def main():
    folder = pathlib.Path(sys.argv[1])
    work = folder / "work"
    work.mkdir(parents=True, exist_ok=True)
    net = network(work)
    for path in (net, traffic(work, net), buildings(work, net)):
        pack(path, folder)


main()
