//! A statement of the workload as each driver wants it: `$1` with its type, `?`, or the value itself.

use super::value::write_sql_text;
use super::{Dialect, Param, Query};

/// For a driver that declares parameters' types itself, as sqlx does: texts that are moments are cast.
///
/// Without the cast PostgreSQL says `operator does not exist: timestamp without time zone >= text`. The other numbers
/// and texts fit without.
pub fn for_postgres(query: &Query) -> (String, Vec<Param>) {
    let params = query.typed_params();
    let sql = rewrite(&query.sql, |at, out| {
        out.push('$');
        out.push_str(&(at + 1).to_string());
        match &params[at] {
            Param::Timestamp(_) => out.push_str("::timestamp"),
            Param::Date(_) => out.push_str("::date"),
            Param::Float(_) | Param::Int(_) | Param::Text(_) => {}
        }
    });
    (sql, params)
}

/// With `?`, and the parameters in the order of the marks: one used twice is there twice.
pub fn for_mysql(query: &Query) -> (String, Vec<Param>) {
    marked(query)
}

/// With `?`, and the parameters in the order of the marks: one used twice is there twice.
pub fn for_sqlite(query: &Query) -> (String, Vec<Param>) {
    marked(query)
}

/// With the values in place of the parameters, for `EXPLAIN` and for code that binds nothing.
pub fn inlined(query: &Query, dialect: Dialect) -> String {
    let params = query.typed_params();
    rewrite(&query.sql, |at, out| match &params[at] {
        Param::Date(text) | Param::Text(text) | Param::Timestamp(text) => {
            write_sql_text(text, dialect, out);
        }
        Param::Float(number) => out.push_str(&number.to_string()),
        Param::Int(number) => out.push_str(&number.to_string()),
    })
}

fn marked(query: &Query) -> (String, Vec<Param>) {
    let params = query.typed_params();
    let mut in_order = Vec::new();
    let sql = rewrite(&query.sql, |at, out| {
        out.push('?');
        in_order.push(params[at].clone());
    });
    (sql, in_order)
}

/// Replaces each `$n` outside a literal; `replace` gets the parameter's index, counted from zero.
fn rewrite(sql: &str, mut replace: impl FnMut(usize, &mut String)) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    let mut quoted = false;
    while let Some(c) = rest.chars().next() {
        let digits = digits_after_dollar(rest);
        if quoted || digits == 0 {
            quoted ^= c == '\'';
            out.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            let number: usize = rest[1..=digits].parse().expect("digits are a number");
            replace(number - 1, &mut out);
            rest = &rest[1 + digits..];
        }
    }
    out
}

fn digits_after_dollar(text: &str) -> usize {
    text.strip_prefix('$').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count())
}

#[cfg(test)]
mod tests {
    use super::{for_mysql, for_postgres, for_sqlite, inlined};
    use crate::shop::{Dialect, Param, Query, query, workload};

    fn asking(sql: &str, params: &str) -> Query {
        let mut query = query("s01");
        query.sql = sql.to_owned();
        query.params = serde_json::from_str(params).unwrap();
        query
    }

    #[test]
    fn marks_carry_their_parameters_in_order_of_use() {
        let query = asking("select '$1', a from t where b = $2 or c = $1 or d = $2", "[1, \"x\"]");
        let (sql, params) = for_sqlite(&query);
        assert_eq!(sql, "select '$1', a from t where b = ? or c = ? or d = ?");
        let text = || Param::Text("x".into());
        assert_eq!(params, [text(), Param::Int(1), text()]);
        assert_eq!(for_mysql(&query).0, sql);
    }

    #[test]
    fn ten_is_not_one_and_nought() {
        let query = asking("a = $10", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 77]");
        assert_eq!(for_sqlite(&query), ("a = ?".to_owned(), vec![Param::Int(77)]));
    }

    #[test]
    fn moments_are_cast_for_postgres_and_nothing_else_is() {
        let (sql, _) = for_postgres(&query("s04"));
        assert!(sql.ends_with(
            "status = $1 and created_at >= $2::timestamp and created_at < $3::timestamp"
        ));
        assert!(for_postgres(&query("s30")).0.ends_with("date(created_at) = $1::date"));
    }

    #[test]
    fn values_are_inlined_as_literals() {
        let query = asking("a = $1 and b = $2 and c = $3", "[1, \"it's\", 2.5]");
        assert_eq!(inlined(&query, Dialect::Postgres), "a = 1 and b = 'it''s' and c = 2.5");
    }

    #[test]
    fn no_statement_keeps_a_dollar_where_it_means_nothing() {
        for query in workload() {
            let (sql, params) = for_mysql(&query);
            assert!(!sql.contains('$'), "{sql}");
            assert_eq!(sql.matches('?').count(), params.len(), "{sql}");
            assert!(!inlined(&query, Dialect::Mysql).contains('$'));
        }
    }
}
