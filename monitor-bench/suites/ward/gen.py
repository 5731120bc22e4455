#!/usr/bin/env python3
"""Rows of the `ward` suite, the same every time (own work, CC0): gen.py OUTDIR [SCALE]. NULL is an empty field."""
import csv, json, os, random, sys
from datetime import datetime, timedelta
out = sys.argv[1]; S = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
os.makedirs(out, exist_ok=True)
R = random.Random(1859)
n = lambda x: max(1, int(x * S))
O, P, ST, V, CO, RES, VT, B, AP, OB, AU, D = n(400), n(100000), n(12000), n(160000), n(260000), n(500000), n(500000), n(8000), n(130000), n(120000), n(260000), n(50000)
T0 = datetime(2024, 1, 1)
def at(frac, days=600): return (T0 + timedelta(seconds=int(frac * days * 86400))).strftime('%Y-%m-%d %H:%M:%S')
def skew(m, k=2.0): return 1 + int(R.random() ** k * m)
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
A = 'ba de fi go lu ma ne po ri sa ti vo za ker lin mon ras tel vin zor'.split()
name = lambda: (R.choice(A) + R.choice(A) + R.choice(A)).title()
WORDS = [a + b for a in A for b in A]
word = lambda: WORDS[int(R.random() ** 3 * len(WORDS))]
WARDS = ['W%02d' % i for i in range(1, 31)]
badge = lambda i: 'B%07d' % ((i * 7919) % 10**7)
w('orgs', ((i, 'org-%d' % i, pick([('free', .6), ('pro', .35), ('max', .05)]), pick([('eu', .5), ('us', .3), ('ap', .2)])) for i in range(1, O + 1)))
org_of = [0] + [skew(O) for _ in range(P)]
def tags(): return '{' + ','.join({pick([('vip', .02), ('diabetes', .18), ('allergy', .3), ('trial-%d' % R.randint(1, 300), .1), ('asthma', .4)]) for _ in range(R.randint(0, 3))}) + '}'
w('Patient', ((i, org_of[i], 'MRN%09d' % ((i * 15485863) % 10**9), name(), (datetime(1930, 1, 1) + timedelta(days=R.randint(0, 34000))).strftime('%Y-%m-%d'),
    't' if R.random() < .97 else 'f', at(R.random()) if R.random() < .05 else None, tags(), json.dumps({'insurer': 'I%d' % skew(400, 3), 'lang': pick([('en', .7), ('es', .2), ('fr', .1)]), 'gp': R.randint(1, 5000)})) for i in range(1, P + 1)))
w('staff', ((i, skew(O), '%s.%d@Care.example' % (name(), i), pick([('nurse', .6), ('doctor', .3), ('clerk', .1)]), badge(i), at(R.random()) if R.random() < .2 else None) for i in range(1, ST + 1)))
visits = []
nos = [0] * (O + 1)
for i in range(1, V + 1):
    p = R.randint(1, P); o = org_of[p]; nos[o] += 1; visits.append((o, nos[o], p))
def visit_rows():
    for i, (o, no, p) in enumerate(visits, 1):
        inside = i > V * .985 and R.random() < .9
        yield (o, no, p, R.choice(WARDS), 'admitted' if inside else pick([('closed', .9), ('cancelled', .08), ('transfer', .02)]), at(i / V), None if inside else at(min(1, i / V + R.random() * .01)), badge(skew(ST, 1.5)))
w('visit', visit_rows())
def orders():
    for i in range(1, CO + 1):
        o, no, _ = visits[min(V - 1, int(i / CO * V * R.uniform(.97, 1)))]
        late = i > CO * .99 and R.random() < .6
        yield (i, o, no, pick([('lab', .55), ('drug', .3), ('image', .1), ('diet', .05)]), 'open' if late else pick([('done', .96), ('void', .04)]), pick([(1, .8), (2, .17), (3, .03)]), at(i / CO), at(i / CO + .002 * R.random()), skew(ST, 1.3))
w('care.orders', orders())
w('care.results', ((max(1, int(i / RES * CO)), 'A%03d' % skew(220, 1.7), round(R.gauss(10, 3), 3), pick([('N', .9), ('H', .06), ('L', .036), ('C', .004)]), at(i / RES)) for i in range(1, RES + 1)))
w('vitals', (('D%06d' % skew(5000, 1.3), R.randint(1, 8), at(.99 + i / VT * .01), round(R.gauss(80, 12), 2)) for i in range(1, VT + 1)))
w('beds', ((i, skew(O), R.choice(WARDS), 'b%d' % R.randint(1, 60), 't' if R.random() < .85 else 'f') for i in range(1, B + 1)))
def appointments():
    for i in range(1, AP + 1):
        s = R.random() * 1.05
        p = R.randint(1, P)
        yield (i, org_of[p], skew(ST, 1.2), p, at(s), at(s + .00005 * R.randint(1, 3)), ('booked' if R.random() < .85 else 'cancelled') if s > 1 else pick([('kept', .9), ('missed', .06), ('cancelled', .04)]), ' '.join(word() for _ in range(6)))
w('appointments', appointments())
w('outbox', ((i, pick([('mail', .5), ('sms', .3), ('hl7', .15), ('bill', .05)]), 'ready' if i > OB * .995 and R.random() < .6 else pick([('done', .97), ('dead', .03)]), at(i / OB), R.randint(0, 5), ' '.join(word() for _ in range(12))) for i in range(1, OB + 1)))
w('audit', ((i, skew(O), skew(ST, 1.4), pick([('patient', .5), ('visit', .3), ('order', .2)]), R.randint(1, P), at(i / AU), ' '.join(word() for _ in range(5))) for i in range(1, AU + 1)))
def documents():
    for i in range(1, D + 1):
        p = R.randint(1, P); text = [word() for _ in range(R.randint(20, 60))]
        meta = {'pages': R.randint(1, 40), 'source': pick([('fax', .2), ('portal', .5), ('scan', .3)])}
        if R.random() < .002: meta['legal_hold'] = True
        yield (i, org_of[p], p, pick([('letter', .5), ('report', .4), ('consent', .1)]), ' '.join(name() for _ in range(4)), ' '.join(text), ' '.join("'%s':1" % x for x in sorted(set(text))),
            '{' + ','.join({pick([('signed', .6), ('draft', .3), ('batch-%d' % R.randint(1, 900), .1)]) for _ in range(2)}) + '}', json.dumps(meta), at(i / D), at(R.random()) if R.random() < .04 else None)
w('documents', documents())
