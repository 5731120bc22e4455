#!/usr/bin/env python3
"""Rows of the `ledger` suite, the same every time (own work, CC0): gen.py OUTDIR [SCALE]. NULL is an empty field."""
import csv, os, random, sys
from datetime import date, datetime, timedelta
out = sys.argv[1]; S = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
os.makedirs(out, exist_ok=True)
R = random.Random(4242)
n = lambda x: max(1, int(x * S))
T, A, J, E, I, P, F, L = n(400), n(30000), n(160000), n(500000), n(120000), n(25000), n(90000), n(200000)
D0 = date(2022, 1, 1); M0 = datetime(2022, 1, 1)
day = lambda f: (D0 + timedelta(days=int(f * 1090))).isoformat()
at = lambda f: (M0 + timedelta(seconds=int(f * 1090 * 86400))).strftime('%Y-%m-%d %H:%M:%S')
def skew(m, k=3): return 1 + int(R.random() ** k * m)
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
N = 'acorn basil cumin dill endive fennel garlic hops indigo jasmin kale lemon mint nettle onion parsley quince rye sorrel thyme'.split()
tenant_of_account = [skew(T) for _ in range(A)]
w('tenants', ((i, 'tenant-%d' % i, pick([('basic', .7), ('plus', .25), ('corp', .05)]), day(i / T)) for i in range(1, T + 1)))
w('accounts', ((i, tenant_of_account[i - 1], 'A%05d' % i, pick([('asset', .3), ('cost', .4), ('income', .25), ('equity', .05)]), (day(R.random()) if R.random() < .03 else None),
    R.choice(N) + ' ' + R.choice(N)) for i in range(1, A + 1)))
jt = [skew(T) for _ in range(J)]
w('journals', ((i, jt[i - 1], pick([('posted', .96), ('draft', .03), ('failed', .01)]), pick([('api', .6), ('bank', .3), ('manual', .1)]), day(i / J), 'REF%09d' % R.randint(0, 10**9 - 1),
    ' '.join(R.choice(N) for _ in range(9))) for i in range(1, J + 1)))
def entry(i):
    j = 1 + int(i * (J - 1) / E)
    return (i, j, jt[j - 1], skew(A, 2), day(j / J), round((R.random() - .5) * 5000, 2), 't' if R.random() < .9 else 'f')
w('entries', (entry(i) for i in range(1, E + 1)))
w('parties', ((i, skew(T), R.choice(N) + ' ' + R.choice(N) + ' ltd', ('V%08d' % R.randint(0, 10**8 - 1) if R.random() < .5 else None), pick([('nl', .5), ('de', .3), ('dk', .15), ('is', .05)])) for i in range(1, P + 1)))
w('invoices', ((i, skew(T), R.randint(1, P), 'INV-%07d' % i, s, day(min(1, i / I + .03)), round(R.random() ** 2 * 9000 + 10, 2), (day(i / I) if s == 'paid' else None))
    for i in range(1, I + 1) for s in [pick([('paid', .93), ('open', .05), ('void', .02)])]))
w('attachments', ((i, (R.randint(1, J) if R.random() < .7 else None), (R.randint(1, I) if R.random() < .3 else None), '%040x' % R.getrandbits(160), R.randint(900, 900000), at(i / F)) for i in range(1, F + 1)))
w('trail', ((i, skew(T), R.randint(1, 900), pick([('read', .7), ('post', .2), ('void', .099), ('purge', .001)]), at(i / L), ' '.join(R.choice(N) for _ in range(10))) for i in range(1, L + 1)))
