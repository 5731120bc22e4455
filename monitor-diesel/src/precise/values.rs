//! What the values of a query hash to, of backends that give them as they are sent.

#[cfg(any(
    feature = "postgres",
    feature = "async-postgres",
    feature = "mysql",
    feature = "async-mysql"
))]
mod bytes;

use std::any::Any;

use diesel::backend::Backend;
use diesel::query_builder::QueryFragment;
#[cfg(any(feature = "postgres", feature = "async-postgres"))]
use diesel::sql_types::TypeMetadata;
use monitor_core::Scope;
use monitor_core::capture::ParameterHasher;

use super::query::sql_of;

/// Adds the values of a query of one backend to a hash; says whether all of them are in it.
///
/// As a pointer, whose type says which backend it is for: so a connection of any backend can look for the one of its own.
type Tell<DB> = for<'q> fn(&'q (dyn QueryFragment<DB> + 'q), &mut ParameterHasher) -> bool;

/// Knows a backend's lookup again in what a derived `MultiConnection` hands on.
#[cfg(any(feature = "postgres", feature = "async-postgres"))]
type Lookup<DB> =
    for<'a> fn(&'a mut dyn Any) -> Option<&'a mut <DB as TypeMetadata>::MetadataLookup>;

/// What a query's text and values hash to, in a unit of work; `None` in none, and where they cannot be told.
///
/// The values are taken as diesel makes them for the database, never by their `Debug`: a type of the application's own
/// may show two values as one, such as one that hides what it holds. Costs the building of the SQL and of the values once more.
#[inline]
pub(super) fn of<DB, T>(query: &T) -> Option<ParameterHasher>
where
    DB: Backend + Default + 'static,
    DB::QueryBuilder: Default,
    T: QueryFragment<DB>,
{
    if Scope::current().is_off() { None } else { hashed(query) }
}

#[cold]
fn hashed<DB, T>(query: &T) -> Option<ParameterHasher>
where
    DB: Backend + Default + 'static,
    DB::QueryBuilder: Default,
    T: QueryFragment<DB>,
{
    let mut hasher = ParameterHasher::new();
    hasher.text(&sql_of(query)?);
    tell_of::<DB>()?(query, &mut hasher).then_some(hasher)
}

/// The same of a text, which nothing is bound to.
pub(super) fn of_text(sql: &str) -> Option<ParameterHasher> {
    if Scope::current().is_off() {
        return None;
    }
    let mut hasher = ParameterHasher::new();
    hasher.text(sql);
    Some(hasher)
}

/// How to have back what values were told with here instead of a connection; `None` where it was a connection.
#[cfg(any(feature = "postgres", feature = "async-postgres"))]
pub(super) fn lookup_of<DB: TypeMetadata + 'static>(lookup: &dyn Any) -> Option<Lookup<DB>> {
    let back: &dyn Any = &(bytes::postgres_lookup as Lookup<diesel::pg::Pg>);
    if lookup.is::<bytes::NoLookup>() { back.downcast_ref().copied() } else { None }
}

/// How values of this backend are told; `None` for one that is not known here, or whose feature is off.
fn tell_of<DB: 'static>() -> Option<Tell<DB>> {
    let known: &[&dyn Any] = &[
        #[cfg(any(feature = "postgres", feature = "async-postgres"))]
        &(bytes::postgres as Tell<diesel::pg::Pg>),
        #[cfg(any(feature = "mysql", feature = "async-mysql"))]
        &(bytes::mysql as Tell<diesel::mysql::Mysql>),
        #[cfg(feature = "sqlite")]
        &(sqlite as Tell<diesel::sqlite::Sqlite>),
    ];
    known.iter().find_map(|tell| tell.downcast_ref()).copied()
}

#[cfg(feature = "sqlite")]
fn sqlite(
    query: &(dyn QueryFragment<diesel::sqlite::Sqlite> + '_),
    hasher: &mut ParameterHasher,
) -> bool {
    use diesel::query_builder::MoveableBindCollector;
    use diesel::sqlite::Sqlite;

    type Values<'q> = <Sqlite as Backend>::BindCollector<'q>;

    let mut values = Values::default();
    if query.collect_binds(&mut values, &mut (), &Sqlite).is_err() {
        return false;
    }
    // They have no accessor. These are diesel's own words for numbers, texts and bytes, which show all of them.
    let mut shown = Vec::new();
    Values::push_debug_binds(&values.moveable(), &mut shown);
    shown.is_empty() || hasher.values_shown(&shown)
}
