#!/usr/bin/env python3
"""Rows of the `fleet` suite, the same every time (own work, CC0): gen.py OUTDIR [SCALE]. NULL is an empty field."""
import csv, json, os, random, sys
from datetime import datetime, timedelta
out = sys.argv[1]; S = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
os.makedirs(out, exist_ok=True)
R = random.Random(4711)
n = lambda x: max(1, int(x * S))
T, D, A, C, N, SS = n(800), n(60000), n(150000), n(200000), n(80000), n(40000)
T0 = datetime(2025, 1, 1)
def at(frac): return (T0 + timedelta(seconds=int(frac * 200 * 86400))).strftime('%Y-%m-%d %H:%M:%S')
def skew(m, k=2.2): return 1 + int(R.random() ** k * m)
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
L = 'pump valve fan motor relay panel meter gate belt crane mixer oven press drill lathe tank boiler chiller sorter lift'.split()
serial = lambda i: 'SN-%010d' % ((i * 104729) % 10**10)
w('tenants', ((i, 'tenant-%d' % i, pick([('basic', .7), ('team', .25), ('plant', .05)]), at(R.random())) for i in range(1, T + 1)))
tenant_of = [0] + [skew(T) for _ in range(D)]
w('devices', ((i, tenant_of[i], serial(i), 'M%d' % skew(60), 'site%d' % skew(900, 1.5), pick([('online', .88), ('offline', .1), ('faulty', .015), ('new', .005)]),
    at(1 - R.random() ** 4 * .5), json.dumps({'fw': '%d.%d' % (R.randint(1, 6), R.randint(0, 30)), 'line': 'L%d' % skew(200)}), at(R.random()) if R.random() < .55 else None) for i in range(1, D + 1)))
def samples():
    steps, per = n(1000), 600
    for s in range(steps):
        for _ in range(per): yield (skew(D, 1.6), R.randint(1, 12), at((s + R.random()) / steps * .2 + .8), round(R.gauss(50, 15), 3))
w('samples', samples())
def alarms():
    for i in range(1, A + 1):
        d = skew(D); o = i / A
        yield (i, tenant_of[d], d, 'E%03d' % skew(250, 1.8), pick([(1, .6), (2, .3), (3, .08), (4, .02)]), at(o), None if R.random() < .012 else at(min(1, o + R.random() * .02)), R.randint(1, 3000) if R.random() < .3 else None)
w('alarms', alarms())
w('commands', ((i, skew(D, 1.4), ('new' if i > C * .997 and R.random() < .7 else pick([('done', .985), ('failed', .015)])), pick([('reboot', .3), ('config', .6), ('update', .1)]),
    ' '.join(R.choice(L) for _ in range(8)), at(i / C), at(min(1, i / C + .0001)) if i < C * .997 else None, R.randint(0, 4)) for i in range(1, C + 1)))
def notes():
    for i in range(1, N + 1):
        d = skew(D)
        yield (i, tenant_of[d], d, 'user%d' % skew(2500), ' '.join(R.choice(L) for _ in range(R.randint(6, 40))), '{' + ','.join({R.choice(L) for _ in range(R.randint(0, 3))}) + '}', at(i / N), at(R.random()) if R.random() < .04 else None)
w('notes', notes())
w('sessions', (('%032x' % R.getrandbits(128), skew(T), '%s.%d@Plant.example' % (R.choice(L).title(), R.randint(1, 9000)), at(R.random() * .1 + .9), '10.%d.%d.%d' % (R.randint(0, 3), R.randint(0, 255), R.randint(1, 254))) for i in range(SS)))
w('usage_daily', ((t, (T0 + timedelta(days=d)).strftime('%Y-%m-%d'), m, R.randint(1, 10**6)) for t in range(1, n(250) + 1) for d in range(160) for m in (1, 2, 3)))
