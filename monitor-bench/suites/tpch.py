#!/usr/bin/env python3
"""Rows of TPC-H at scale 0.1, by the generator that DuckDB carries (own work, CC0): tpch.py OUTDIR. Needs `pip install duckdb`, and on
releases that left the generator out of the package a network to fetch it."""
import sys
import duckdb
db = duckdb.connect()
try: db.execute('load tpch')
except duckdb.Error: db.execute('install tpch'); db.execute('load tpch')
db.execute('call dbgen(sf = 0.1)')
for (table,) in db.execute('select table_name from information_schema.tables').fetchall():
    db.execute(f"copy {table} to '{sys.argv[1]}/{table}.csv' (header false)")
