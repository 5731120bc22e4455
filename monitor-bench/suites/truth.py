#!/usr/bin/env python3
"""Ground truth of a suite, by trying (own work, CC0): truth.py ADMIN_DSN SUITE_DIR [ID ..]

Reads queries.json (id, sql, values, calls an hour, and the answer somebody reasoned out beforehand), gen.py and schema.pg.sql; writes
workload.json and expected.json. Every index over one to three of the columns a statement names is tried with HypoPG (PostgreSQL), GIN
indexes by building them, and pairs of the best on several tables; the cheapest set is then really built and timed. `index`: cost 100 or more
now, and cost and time both fall by 30 % or more; `none`: no set saves 15 %, or keeping it would cost more than it saves (4 units for a row
written, of GIN 6 times that, 0.3 of it for an update of other columns); everything between is `grey`. With ids it only tries those anew."""
import itertools, json, os, re, subprocess, sys, tempfile, time
import psycopg2
dsn, folder, only = sys.argv[1], sys.argv[2], sys.argv[3:]
suite = json.load(open(folder + '/queries.json'))
name = 'truth_' + suite['suite']
GIN_FACTOR = 6
admin = psycopg2.connect(dsn); admin.autocommit = True
a = admin.cursor()
a.execute('drop database if exists ' + name)
a.execute(f"create database {name} template template0 lc_collate 'C' lc_ctype 'C'")
for s in ["jit = off", "max_parallel_workers_per_gather = 0", "work_mem = '16MB'", "effective_cache_size = '4GB'", "random_page_cost = 4"]:
    a.execute(f'alter database {name} set {s}')
db = psycopg2.connect(dsn.rsplit('/', 1)[0] + '/' + name); db.autocommit = True
c = db.cursor()
c.execute('create extension hypopg')
schema = [s.strip() for s in open(folder + '/schema.pg.sql').read().split(';') if s.strip()]
tables = {}
for s in schema:
    if s.startswith(('create table', 'create schema')): c.execute(s)
    if s.startswith('create table'): tables[re.match(r'create table ([\w."]+)', s).group(1)] = None
with tempfile.TemporaryDirectory() as tmp:
    subprocess.run([sys.executable, folder + '/gen.py', tmp, '1.0'], check=True)
    for t in tables:
        c.execute(f'alter table {t} set (autovacuum_enabled = off)')
        with open(f'{tmp}/{t.replace(chr(34), "")}.csv') as f: c.copy_expert(f'copy {t} from stdin (format csv)', f)
for s in schema:
    if not s.startswith(('create table', 'create schema')): c.execute(s)
c.execute('vacuum (freeze, analyze)'); c.execute('vacuum analyze')
types = {}
for t in tables:
    c.execute("select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = %s::regclass and attnum > 0", (t,))
    types[t] = dict(c.fetchall())
    tables[t] = list(types[t])
def literal(sql, values):
    return re.sub(r'\$(\d+)', lambda m: c.mogrify('%s', (values[int(m.group(1)) - 1],)).decode(), sql)
def cost(sql):
    c.execute('explain (format json) ' + sql)
    return c.fetchone()[0][0]['Plan']['Total Cost']
def is_gin(i): return ' using gin ' in i
def with_(sql, idx):
    c.execute('select hypopg_reset()')
    for i in idx:
        if not is_gin(i): c.execute("select hypopg_create_index(%s)", (i,))
    c.execute('begin')
    for i in idx:
        if is_gin(i): c.execute(i)
        if 'to_tsvector(' in i: c.execute('analyze ' + table_of(i))
    r = cost(sql); c.execute('rollback'); c.execute('select hypopg_reset()'); return r
def ms(sql):
    best, n = 1e9, None
    for _ in range(4):
        c.execute('savepoint s'); t = time.perf_counter(); c.execute(sql);
        n = c.rowcount if sql.startswith(('select', 'with')) else None
        best = min(best, (time.perf_counter() - t) * 1e3); c.execute('rollback to s')
    return round(best, 3), n
def quoted(x): return x if re.fullmatch(r'[a-z_][a-z0-9_]*', x) else f'"{x}"'
def table_of(i): return re.match(r'create index on ([\w."]+)', i).group(1)
writes = suite['write_rates_per_hour']
workload = dict(suite=suite['suite'], licence=suite['licence'], write_rates_per_hour=writes, queries=[])
expected = {}; surprises = []
if only:
    workload = json.load(open(folder + '/workload.json')); expected = json.load(open(folder + '/expected.json'))
for qid, sql, values, calls, *guess in suite['queries']:
    if only and qid not in only: continue
    lit = literal(sql, values)
    c.execute('begin'); c0 = cost(lit); m0, rows = ms(lit); c.execute('rollback')
    words = set(re.findall(r'\w+', sql))
    named = [t for t in tables if t.replace('"', '').split('.')[-1] in words]
    cands = []
    for t in named:
        cols = [quoted(x) for x in tables[t] if x in words]
        keys = [', '.join(p) for k in (1, 2, 3) for p in itertools.permutations(cols, k)]
        m = re.search(r'lower\(("?\w+"?)\)', sql)
        if m and m.group(1) in cols: keys += [f'lower({m.group(1)})'] + [f'{x}, lower({m.group(1)})' for x in cols]
        keys = [k for k in keys if not any(types[t][x.strip('"')] in ('jsonb', 'tsvector') or types[t][x.strip('"')].endswith('[]') for x in cols if re.search(rf'(^|\W){re.escape(x)}($|\W)', k))]
        cands += [(t, f'create index on {t} ({k})', k.count(',')) for k in keys]
        if re.search(r'@>|@@|&&', sql):
            for x in cols:
                if types[t][x.strip('"')] == 'jsonb': cands += [(t, f'create index on {t} using gin ({x} jsonb_path_ops)', 0), (t, f'create index on {t} using gin ({x})', 0)]
                elif f"to_tsvector('simple', {x})" in sql: cands.append((t, f"create index on {t} using gin (to_tsvector('simple', {x}))", 0))
                elif types[t][x.strip('"')] == 'tsvector' or types[t][x.strip('"')].endswith('[]'): cands.append((t, f'create index on {t} using gin ({x})', 0))
    singles = sorted((with_(lit, [i]), w, i, t) for t, i, w in cands)
    best = [(singles[0][0], [singles[0][2]])] if singles else []
    top = {t: [i for co, w, i, tt in singles if tt == t][:12] for t in named}
    # What is of use only beside another index costs alone no less: the short ones of each table too.
    for t in named: top[t] += [i for tt, i, w in cands if tt == t and w < 2 and i not in top[t]][:20]
    if len(named) > 1:
        for x, y in itertools.combinations(named, 2):
            for i, j in itertools.product(top[x], top[y]):
                best.append((with_(lit, [i, j]), [i, j]))
    best.sort(key=lambda b: b[0])
    if not best: best = [(c0, [])]
    bc, bi = best[0]
    # The narrowest within 2 % of the cost now.
    near = [b for b in best + [(s[0], [s[2]]) for s in singles] if b[0] <= bc + .02 * c0]
    near.sort(key=lambda b: (len(b[1]), sum(i.count(',') + 1 for i in b[1]), b[0]))
    mc, mi = near[0]
    c.execute('begin')
    for i in mi: c.execute(i)
    if any('lower(' in i or 'to_tsvector(' in i for i in mi): c.execute('analyze ' + table_of(mi[0]))
    real = cost(lit); m1, _ = ms(lit); c.execute('rollback')
    saved = (c0 - mc) / c0; msaved = (m0 - m1) / m0
    price = 0
    for i in mi:
        w = writes.get(table_of(i).replace('"', ''), {})
        price += 4 * (GIN_FACTOR if is_gin(i) else 1) * (w.get('insert', 0) + .3 * w.get('update', 0) + .3 * w.get('delete', 0))
    if c0 >= 100 and saved >= .3 and msaved >= .3: label = 'index'
    elif saved < .15 or c0 < 100: label = 'none'
    else: label = 'grey'
    neg = None
    if label != 'none' and price > calls * (c0 - mc) * 1.5: label, neg = 'none', 'written'
    elif label == 'index' and price > calls * (c0 - mc) / 1.5: label = 'grey'
    if m0 < .25 and label == 'index': label = 'grey'
    q = dict(id=qid, sql=sql, params=values, calls_per_hour=calls, label=label, mean_ms=m0)
    if rows is not None: q['rows_observed'] = rows
    if neg: q['neg'] = neg
    if ' like $' in sql: q['param_shapes'] = {sql.split(' like $')[1].split()[0]: 'prefix'}
    workload['queries'] = [q if one['id'] == qid else one for one in workload['queries']] if only else workload['queries'] + [q]
    expected[qid] = dict(label=label, c0=c0, best_cost=min(bc, c0), reduction=round((c0 - bc) / c0, 4), minimal_best=mi if saved > 0 else [], minimal_best_cost=mc,
                         measured=dict(ms_before=m0, ms_after=m1, real_cost_after=real))
    if guess and label != 'grey' and guess[0] != label: surprises.append(qid)
    print(qid, label, neg or '', *guess, round(c0, 1), '->', round(bc, 1), mi, m0, m1, rows, flush=True)
json.dump(workload, open(folder + '/workload.json', 'w'), indent=1)
json.dump(expected, open(folder + '/expected.json', 'w'), indent=1)
print('otherwise than reasoned beforehand:', *surprises)
