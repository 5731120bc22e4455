//! The SQL of a query, without its bind values.

use std::fmt::{self, Write};

use diesel::connection::DebugQuery;

/// The statement that stands for queries whose SQL cannot be built. They never reach the database;
/// each is a failed call.
pub(crate) const UNBUILDABLE: &str = "unbuildable query";

/// What a query shows of itself.
pub(crate) struct Text<T> {
    /// What was made of its SQL.
    pub(crate) made: T,
    /// Whether bind values would have followed. They were neither formatted nor copied.
    pub(crate) shows_binds: bool,
}

/// Makes something of a query's SQL; `None` when its SQL cannot be built.
///
/// diesel shows a query as `SQL -- binds: [..]`, the SQL in one piece. Cutting the text at that
/// mark would be wrong, as both SQL and values may contain it; so this takes the first piece and
/// refuses the rest, which spares formatting the values too. `to_string` is out of the question:
/// it panics where SQL cannot be built, such as for an empty changeset.
pub(crate) fn of<T>(query: &dyn DebugQuery, make: impl FnOnce(&str) -> T) -> Option<Text<T>> {
    let mut first = FirstPiece { make: Some(make), made: None, more: false };
    // Stops with an error whenever there is more than the first piece; that is the point.
    let _ = write!(first, "{query}");
    let shows_binds = first.more;
    first.made.map(|made| Text { made, shows_binds })
}

struct FirstPiece<T, F> {
    make: Option<F>,
    made: Option<T>,
    more: bool,
}

impl<T, F: FnOnce(&str) -> T> Write for FirstPiece<T, F> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        match self.make.take() {
            Some(make) => {
                self.made = Some(make(piece));
                Ok(())
            }
            None => {
                self.more = true;
                Err(fmt::Error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;
    use diesel::sql_types::Text;
    use diesel::sqlite::Sqlite;

    use super::*;

    diesel::table! {
        users (id) {
            id -> Integer,
            name -> Text,
        }
    }

    #[derive(AsChangeset)]
    #[diesel(table_name = users)]
    struct Change {
        name: Option<String>,
    }

    fn check(query: &dyn DebugQuery, sql: &str) {
        let text = of(query, str::to_owned).map(|text| (text.made, text.shows_binds));
        assert_eq!(text, Some((sql.to_owned(), true)));
    }

    // These hold for the diesel they were written for. Should one fail with a newer diesel, values
    // may get into texts: mend `of` before using it.
    #[test]
    fn the_first_piece_is_the_sql_and_nothing_else() {
        let query = users::table.filter(users::name.eq("secret")).select(users::id);
        check(
            &diesel::debug_query::<Sqlite, _>(&query),
            "SELECT `users`.`id` FROM `users` WHERE (`users`.`name` = ?)",
        );
        let query = diesel::sql_query("select ? -- binds: [1]").bind::<Text, _>("secret");
        check(&diesel::debug_query::<Sqlite, _>(&query), "select ? -- binds: [1]");
    }

    #[test]
    fn sql_that_cannot_be_built_is_no_text_and_no_panic() {
        let query = diesel::update(users::table).set(Change { name: None });
        assert!(of(&diesel::debug_query::<Sqlite, _>(&query), str::len).is_none());
    }
}
