//! The questions, in SQL. All columns are text.

/// Version, extensions, path, collation, since when it counts, and who follows it.
///
/// From version 15 on a database's own moment is empty until somebody resets it. A crash empties all counters and leaves
/// its moment only with the background writer's, whose counters are older than the database or as old.
pub(super) const SERVER: &str = "\
select current_setting('server_version_num'), \
  (select coalesce(string_agg(extname, ' '), '') from pg_catalog.pg_extension), \
  array_to_string(current_schemas(false), ' '), \
  (select datcollate from pg_catalog.pg_database where datname = current_database()), \
  (select extract(epoch from greatest(d.stats_reset, b.stats_reset))::bigint::text \
   from pg_catalog.pg_stat_database d, pg_catalog.pg_stat_bgwriter b \
   where d.datname = current_database()), \
  ((select count(*) from pg_catalog.pg_stat_replication r where not exists \
     (select 1 from pg_catalog.pg_replication_slots s \
      where s.active_pid = r.pid and s.slot_type = 'logical')) + \
  (select count(*) from pg_catalog.pg_replication_slots \
   where slot_type = 'physical' and active_pid is null))::text, \
  pg_is_in_recovery()::text";

/// The tables with their sizes, the largest first. `pg_relation_size` would need no right but waits for a lock, so
/// sizes are those of the last vacuum or analyze.
pub(super) const TABLES: &str = "\
select c.oid::text, n.nspname, c.relname, c.relkind::text, c.reltuples::text, c.relpages::text, \
  c.relallvisible::text, s.n_dead_tup::text, s.n_mod_since_analyze::text, \
  extract(epoch from greatest(s.last_analyze, s.last_autoanalyze))::bigint::text, \
  s.n_tup_ins::text, s.n_tup_upd::text, s.n_tup_del::text, s.n_tup_hot_upd::text \
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
left join pg_catalog.pg_stat_all_tables s on s.relid = c.oid \
where c.relkind in ('r', 'p', 'm', 'v', 'f') and not c.relispartition \
  and n.nspname <> 'information_schema' and n.nspname !~ '^pg_' \
order by c.relpages desc, c.oid limit ";

/// The columns, with the most common values and bounds as JSON.
pub(super) const COLUMNS: &str = "\
select a.attrelid::text, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), \
  a.attnotnull::text, \
  (select co.collname from pg_catalog.pg_collation co \
   where co.oid = a.attcollation and co.collname <> 'default'), \
  s.null_frac::text, s.n_distinct::text, s.avg_width::text, s.correlation::text, \
  array_to_json(s.most_common_vals::text::text[])::text, \
  array_to_json(s.most_common_freqs)::text, \
  array_to_json(s.histogram_bounds::text::text[])::text \
from pg_catalog.pg_attribute a \
join pg_catalog.pg_class c on c.oid = a.attrelid \
join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
left join pg_catalog.pg_stats s \
  on s.schemaname = n.nspname and s.tablename = c.relname and s.attname = a.attname \
  and not (s.inherited and c.relkind <> 'p') \
where a.attnum > 0 and not a.attisdropped and a.attrelid in (";

/// The end of [`COLUMNS`].
pub(super) const COLUMNS_ORDER: &str = ") order by a.attrelid, a.attnum";

/// The indexes, one row for each part of a key and each column beside it.
pub(super) const INDEXES: &str = "\
select i.indrelid::text, i.indexrelid::text, c.relname, m.amname, i.indisunique::text, \
  i.indisprimary::text, i.indisvalid::text, i.indisreplident::text, \
  exists (select 1 from pg_catalog.pg_constraint k where k.conindid = i.indexrelid \
          and k.contype in ('p', 'u', 'x'))::text, \
  pg_catalog.pg_get_expr(i.indpred, i.indrelid), c.relpages::text, s.idx_scan::text, \
  (io.idx_blks_read + io.idx_blks_hit)::text, \
  pg_catalog.pg_get_indexdef(i.indexrelid), \
  (k.n > i.indnkeyatts)::text, a.attname, \
  pg_catalog.pg_get_indexdef(i.indexrelid, k.n::int, true), \
  (i.indoption[k.n - 1] & 1)::text, \
  (select o.opcname from pg_catalog.pg_opclass o \
   where o.oid = i.indclass[k.n - 1] and not o.opcdefault), \
  (select co.collname from pg_catalog.pg_collation co where co.oid = i.indcollation[k.n - 1] \
   and i.indcollation[k.n - 1] <> a.attcollation), \
  ((i.indoption[k.n - 1] & 3) in (1, 2))::text \
from pg_catalog.pg_index i \
join pg_catalog.pg_class c on c.oid = i.indexrelid \
join pg_catalog.pg_am m on m.oid = c.relam \
left join pg_catalog.pg_stat_all_indexes s on s.indexrelid = i.indexrelid \
left join pg_catalog.pg_statio_all_indexes io on io.indexrelid = i.indexrelid \
cross join lateral generate_series(1, i.indnatts) as k(n) \
left join pg_catalog.pg_attribute a \
  on a.attrelid = i.indrelid and a.attnum = i.indkey[k.n - 1] and a.attnum > 0 \
where i.indislive and i.indrelid in (";

/// The end of [`INDEXES`].
pub(super) const INDEXES_ORDER: &str = ") order by i.indrelid, i.indexrelid, k.n";

/// The foreign keys, one row for each column.
pub(super) const FOREIGN_KEYS: &str = "\
select k.oid::text, k.conname, cn.nspname, cc.relname, pn.nspname, pc.relname, ca.attname, pa.attname \
from pg_catalog.pg_constraint k \
join pg_catalog.pg_class cc on cc.oid = k.conrelid \
join pg_catalog.pg_namespace cn on cn.oid = cc.relnamespace \
join pg_catalog.pg_class pc on pc.oid = k.confrelid \
join pg_catalog.pg_namespace pn on pn.oid = pc.relnamespace \
cross join lateral generate_subscripts(k.conkey, 1) as p(n) \
join pg_catalog.pg_attribute ca on ca.attrelid = k.conrelid and ca.attnum = k.conkey[p.n] \
join pg_catalog.pg_attribute pa on pa.attrelid = k.confrelid and pa.attnum = k.confkey[p.n] \
where k.contype = 'f' and k.conrelid in (";

/// The end of [`FOREIGN_KEYS`].
pub(super) const FOREIGN_KEYS_ORDER: &str = ") order by k.oid, p.n";
