//! What a call runs: a statement that is known by the type of its query, or by its text.

use std::any::TypeId;

use diesel::backend::Backend;
use diesel::query_builder::{QueryBuilder, QueryFragment, QueryId};
use monitor_core::capture::{ParameterHasher, System};
use monitor_core::identify::Kind;
use monitor_core::{CallTimer, KeptText, Statement};

use crate::link::{Link, Told};
use crate::text;

/// What a call runs.
#[derive(Debug)]
pub(super) struct Query {
    /// `None` where the call is a pool's own look at the connection.
    pub(super) known: Option<Known>,
    /// Boxed, as few calls have any, and the size of a query is felt wherever it is moved.
    pub(super) more: Option<Box<More>>,
}

/// A statement that was identified before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) statement: Statement,
    /// Whether the driver's count of affected rows is about this statement.
    pub(super) tells_rows: bool,
}

/// What few queries have.
#[derive(Debug, Default)]
pub(super) struct More {
    /// What the text tells beside the statement, where it was built: a query that is known by its
    /// type has none.
    sent: KeptText,
    /// Of its values, in a unit of work.
    values: Option<ParameterHasher>,
}

/// The type that stands for a query's SQL, if there is one.
///
/// It does where diesel itself keeps a prepared statement by it: it has an id, and this very query
/// says that it may be kept (module documentation of `diesel::connection::statement_cache`). One
/// connection has one backend, so that need not be part of it.
pub(super) fn type_of<DB, T>(query: &T) -> Option<TypeId>
where
    DB: Backend + Default,
    T: QueryFragment<DB> + QueryId,
{
    let id = T::query_id()?;
    matches!(query.is_safe_to_cache_prepared(&DB::default()), Ok(true)).then_some(id)
}

/// The SQL of a query; `None` where it cannot be built.
pub(super) fn sql_of<DB, T>(query: &T) -> Option<String>
where
    DB: Backend + Default,
    DB::QueryBuilder: Default,
    T: QueryFragment<DB>,
{
    let mut builder = DB::QueryBuilder::default();
    query.to_sql(&mut builder, &DB::default()).ok()?;
    Some(builder.finish())
}

// === impl Told ===

impl Told {
    #[inline]
    pub(super) fn is_off(&self) -> bool {
        self.source.is_off()
    }

    /// Whether what was identified before is what a query of its type runs.
    #[inline]
    pub(super) fn follows(&self, known: Known, link: &Link) -> bool {
        // A pool's own look is told from a call by its text.
        self.source.follows(known.statement) && !link.may_be_check()
    }

    pub(super) fn identify(&self, sql: Option<&str>, link: &Link) -> Query {
        match sql {
            Some(sql) if link.is_check(sql) => Query::none(),
            Some(sql) => {
                let sent = self.source.kept_text(sql);
                let more = sent.says_more().then(|| Box::new(More { sent, values: None }));
                Query { more, ..Query::of(self.known(sql)) }
            }
            None => Query::of(self.known(text::UNBUILDABLE)),
        }
    }

    fn known(&self, sql: &str) -> Known {
        let statement = self.source.statement(sql);
        let system = self.source.database().map(|database| database.system);
        // PostgreSQL counts for every statement. SQLite and MySQL leave what the last write has
        // changed standing, or say nothing of use, where a statement changes no rows.
        let tells_rows =
            system == Some(System::PostgreSql) || statement.kind().is_some_and(Kind::is_write);
        Known { statement, tells_rows }
    }
}

// === impl Query ===

impl Query {
    /// Nothing that counts as a call.
    pub(super) fn none() -> Self {
        Self { known: None, more: None }
    }

    #[inline]
    pub(super) fn of(known: Known) -> Self {
        Self { known: Some(known), more: None }
    }

    #[inline]
    pub(super) fn with(self, values: Option<ParameterHasher>) -> Self {
        if values.is_some() { self.with_values(values) } else { self }
    }

    #[cold]
    fn with_values(self, values: Option<ParameterHasher>) -> Self {
        let sent = self.more.map(|more| more.sent).unwrap_or_default();
        Self { more: Some(Box::new(More { sent, values })), ..self }
    }
}

// === impl More ===

impl More {
    /// Tells it to the call that has it.
    #[inline(always)]
    pub(super) fn tell(more: Option<Box<Self>>, timer: CallTimer<'_>) -> CallTimer<'_> {
        match more {
            Some(more) => more.told(timer),
            None => timer,
        }
    }

    #[cold]
    #[expect(clippy::boxed_local, reason = "as a box it is one word")]
    fn told<'a>(self: Box<Self>, timer: CallTimer<'a>) -> CallTimer<'a> {
        let Self { sent, values } = *self;
        let timer = timer.sent_as(sent);
        match values {
            Some(known) => timer.with_parameters(|hasher| {
                *hasher = known;
                true
            }),
            None => timer,
        }
    }
}
