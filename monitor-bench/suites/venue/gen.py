#!/usr/bin/env python3
"""Rows of the `venue` suite, the same every time (own work, CC0): gen.py OUTDIR [SCALE]. NULL is an empty field."""
import csv, os, random, sys
from datetime import datetime, timedelta
out = sys.argv[1]; S = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
os.makedirs(out, exist_ok=True)
R = random.Random(77)
n = lambda x: max(1, int(x * S))
V, O, G, B, K, SE, SC, W = n(800), n(1500), n(24000), n(70000), n(220000), n(450000), n(260000), n(60000)
T0 = datetime(2024, 3, 1)
def at(frac): return (T0 + timedelta(seconds=int(frac * 500 * 86400))).strftime('%Y-%m-%d %H:%M:%S')
def skew(m, k=2.5): return 1 + int(R.random() ** k * m)
def pick(ws):
    x = R.random()
    for v, p in ws:
        if x < p: return v
        x -= p
    return ws[0][0]
def w(name, rows):
    with open(os.path.join(out, name + '.csv'), 'w', newline='') as f:
        c = csv.writer(f)
        for r in rows: c.writerow(['' if v is None else v for v in r])
L = 'amber birch coral dune elm fern gale heron iris juno kite lark moss nova opal pike quill reef sage tarn'.split()
code = lambda i: 'B%010d' % ((i * 7919) % 10**10)
w('venues', ((i, 'venue ' + R.choice(L), 'town%d' % skew(120), R.randint(80, 9000)) for i in range(1, V + 1)))
w('organisers', ((i, 'org ' + R.choice(L), pick([('free', .8), ('pro', .18), ('max', .02)])) for i in range(1, O + 1)))
w('gigs', ((i, skew(V), skew(O), ' '.join(R.choice(L) for _ in range(3)), pick([('rock', .4), ('jazz', .2), ('folk', .2), ('opera', .15), ('noise', .05)]),
    pick([('done', .9), ('onsale', .07), ('draft', .02), ('void', .01)]), at(R.random()), at(R.random()) if R.random() < .97 else None) for i in range(1, G + 1)))
w('buyers', ((i, 'b%d@%s.example' % (i, R.choice(L)), pick([('de', .35), ('fr', .25), ('it', .2), ('at', .12), ('be', .06), ('lu', .02)]), at(i / B), 't' if R.random() < .3 else 'f',
    '+4%09d' % R.randint(0, 999999999) if R.random() < .4 else None) for i in range(1, B + 1)))
w('bookings', ((i, skew(B), skew(G, 2), pick([('paid', .955), ('refunded', .03), ('held', .01), ('disputed', .005)]), round(R.random() ** 2 * 400 + 5, 2),
    ('P%d' % R.randint(1, 400) if R.random() < .04 else None), at(i / K), (at(min(1, i / K + .01)) if R.random() < .03 else None)) for i in range(1, K + 1)))
w('seats', ((i, 1 + int(i * (K - 1) / SE), R.randint(1, 40), R.randint(1, 60), code(i), (at(R.random()) if R.random() < .6 else None)) for i in range(1, SE + 1)))
w('gate_scans', ((i, skew(G, 2), R.randint(1, 8), code(R.randint(1, SE)), at(i / SC), 'f' if R.random() < .02 else 't') for i in range(1, SC + 1)))
seen = set()
def wait():
    while len(seen) < W:
        k = (skew(G, 3), R.randint(1, B))
        if k not in seen:
            seen.add(k); yield (*k, at(R.random()), 't' if R.random() < .1 else 'f')
w('waitlist', wait())
