//! Values of backends to which they are sent as bytes.

#[cfg(any(feature = "postgres", feature = "async-postgres"))]
use std::any::Any;
use std::fmt;

use diesel::backend::Backend;
use diesel::query_builder::QueryFragment;
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use monitor_core::capture::ParameterHasher;

/// Gives every type of the application the same number.
///
/// Asking the database for the true one would be a call of ours, and values differ without it.
#[cfg(any(feature = "postgres", feature = "async-postgres"))]
pub(super) struct NoLookup;

#[cfg(any(feature = "postgres", feature = "async-postgres"))]
impl diesel::pg::PgMetadataLookup for NoLookup {
    fn lookup_type(&mut self, _: &str, _: Option<&str>) -> diesel::pg::PgTypeMetadata {
        diesel::pg::PgTypeMetadata::new(0, 0)
    }

    fn as_any<'a>(&mut self) -> &mut (dyn Any + 'a)
    where
        Self: 'a,
    {
        self
    }
}

/// Ours again, of which a derived `MultiConnection` only knows that it is something.
#[cfg(any(feature = "postgres", feature = "async-postgres"))]
pub(super) fn postgres_lookup(
    lookup: &mut dyn Any,
) -> Option<&mut (dyn diesel::pg::PgMetadataLookup + 'static)> {
    lookup.downcast_mut::<NoLookup>().map(|ours| ours as _)
}

#[cfg(any(feature = "postgres", feature = "async-postgres"))]
pub(super) fn postgres(
    query: &(dyn QueryFragment<diesel::pg::Pg> + '_),
    hasher: &mut ParameterHasher,
) -> bool {
    let mut values = RawBytesBindCollector::new();
    query.collect_binds(&mut values, &mut NoLookup, &diesel::pg::Pg).is_ok() && add(&values, hasher)
}

#[cfg(any(feature = "mysql", feature = "async-mysql"))]
pub(super) fn mysql(
    query: &(dyn QueryFragment<diesel::mysql::Mysql> + '_),
    hasher: &mut ParameterHasher,
) -> bool {
    let mut values = RawBytesBindCollector::new();
    query.collect_binds(&mut values, &mut (), &diesel::mysql::Mysql).is_ok() && add(&values, hasher)
}

/// Adds each with its type, and what tells nothing from the empty.
fn add<DB>(values: &RawBytesBindCollector<DB>, hasher: &mut ParameterHasher) -> bool
where
    DB: Backend,
    DB::TypeMetadata: fmt::Debug,
{
    values.metadata.iter().zip(&values.binds).all(|(of, value)| {
        hasher.values(&[u8::from(value.is_some())]);
        hasher.values(value.as_deref().unwrap_or_default());
        hasher.values_shown(of)
    })
}
