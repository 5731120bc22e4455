//! Values to ask for a plan with, taken from the database's own statistics.
//!
//! Nobody's values are kept, so a `?` gets one that fits: its frequency explains the rows that were seen, or it is an
//! ordinary one. PostgreSQL's generic plans assume a third of a table for each `>= ?`, which hides what an index is
//! good for.

use std::collections::BTreeMap;

use super::lean::Lean;
use super::scale::between;
use super::workload::Statement;
use crate::inquire::{Catalogue, Column, Spread, Table};
use crate::judge::advice::query::{Filling, Filter, Reading, Test, ValueUse};

/// Share of the rows a lone `<` or `>` is taken to keep where nothing else is known: PostgreSQL's own
/// `DEFAULT_INEQ_SEL`.
pub(super) const HALF_OPEN_SHARE: f64 = 1.0 / 3.0;
/// Share of the rows that `between`, or `>=` and `<` together, are taken to keep where nothing else is known.
pub(super) const CLOSED_SHARE: f64 = 0.05;
/// Share of the rows a `like` with text first is taken to keep.
const PREFIX_SHARE: f64 = 0.01;
/// Share where a column has no statistics; PostgreSQL's `DEFAULT_EQ_SEL`.
const UNKNOWN_SHARE: f64 = 0.005;
/// Share of `<>`.
const NOT_EQUAL_SHARE: f64 = 0.95;
/// How many values a list is taken to have where nothing else is known.
const LIST_LEN: usize = 3;
/// The most values a list is written out with.
const LIST_LEN_MAX: usize = 200;
/// How many characters of a word a pattern is taken to look for.
const WORD_CHARS: usize = 6;
/// How many rows a `limit ?` is taken to ask for, and an `offset ?` to skip, where nothing else is known.
pub(super) const LIMIT_ROWS: f64 = 20.0;
const OFFSET_ROWS: f64 = 100.0;

/// Values for a statement, and the share of rows each filter keeps with them.
#[derive(Clone, Debug, Default)]
pub(super) struct Guess {
    /// The values by their places.
    pub(super) filling: Filling,
    /// Shares by the places of [`Reading::filters`].
    pub(super) shares: Vec<f64>,
    /// Whether a range was filled in, so that another one could fit the rows seen better.
    pub(super) has_range: bool,
    /// Whether something was filled in that may as well keep many rows as few: one of a few common values, or a lone
    /// bound.
    pub(super) is_open: bool,
}

/// What is known about the statement that values are wanted for.
pub(super) struct Guesser<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) reading: &'a Reading,
    pub(super) statement: &'a Statement,
    /// What the usual share of each range is multiplied by.
    pub(super) range_scale: f64,
    pub(super) lean: Lean,
}

impl<'a> Guesser<'a> {
    /// A value for everything open.
    pub(super) fn values(&self) -> Guess {
        let mut guess = Guess { filling: self.bounds(), ..Guess::default() };
        let usual: Vec<f64> =
            self.reading.filters.iter().map(|filter| self.usual_share(filter)).collect();
        for (at, filter) in self.reading.filters.iter().enumerate() {
            let share = self.fill(filter, at, &usual, &mut guess);
            guess.shares.push(share);
        }
        guess
    }

    /// Only what no plan can do without: how many rows, and how long a list is.
    pub(super) fn bounds_only(&self) -> Guess {
        let mut guess = Guess { filling: self.bounds(), ..Guess::default() };
        for filter in &self.reading.filters {
            guess.shares.push(self.usual_share(filter));
            if filter.operand.is_list
                && let [open] = filter.operand.sql.as_slice()
                && let Some(spread) = self.spread(filter)
            {
                let values = self.list(filter, spread, filter.operand.sql.len());
                guess.filling.values.insert(open.clone(), values);
            }
        }
        guess
    }

    fn bounds(&self) -> Filling {
        let rows = self.statement.rows.map_or(LIMIT_ROWS, |rows| rows.ceil().max(1.0));
        let values = self.reading.values.iter().map(|(text, what)| {
            let number = |value: f64| format!("{value:.0}");
            let value = match what {
                ValueUse::Limit => number(rows),
                ValueUse::Offset => number(OFFSET_ROWS),
                ValueUse::Number => number(1.0),
                ValueUse::Position(at) => number(*at as f64),
                ValueUse::TextSearch => "'simple'".to_owned(),
            };
            (text.clone(), vec![value])
        });
        let compared = self.reading.compared.iter().filter_map(|(text, column)| {
            let table = self.reading.relations.get(column.relation)?.table;
            let column = self.catalogue.tables.get(table)?.column(&column.column)?;
            let value = column.spread.as_ref()?.quantile(0.5)?;
            Some((text.clone(), vec![column.literal(&value)?]))
        });
        let values = compared.chain(values);
        Filling { values: values.collect::<BTreeMap<_, _>>(), rest: None }
    }

    fn table(&self, filter: &Filter) -> Option<&'a Table> {
        let relation = self.reading.relations.get(filter.relation)?;
        self.catalogue.tables.get(relation.table)
    }

    fn column(&self, filter: &Filter) -> Option<&'a Column> {
        self.table(filter)?.column(filter.columns.first()?)
    }

    fn spread(&self, filter: &Filter) -> Option<&'a Spread> {
        self.column(filter)?.spread.as_ref()
    }

    /// The share of rows a filter keeps, where its value is an ordinary one or in the text.
    fn usual_share(&self, filter: &Filter) -> f64 {
        let Some(spread) = self.spread(filter) else {
            return match filter.test {
                Test::Equal | Test::In => UNKNOWN_SHARE,
                test => self.range_share(filter, test),
            };
        };
        match filter.test {
            Test::Equal => self.constant_share(filter, spread),
            Test::In => {
                (self.constant_share(filter, spread) * self.list_len(filter) as f64).min(1.0)
            }
            Test::IsNull => spread.nulls,
            Test::NotNull => 1.0 - spread.nulls,
            test => self.range_share(filter, test),
        }
    }

    /// The share of the value in the text, or of an ordinary one.
    fn constant_share(&self, filter: &Filter, spread: &Spread) -> f64 {
        let constant = match filter.operand.constants.as_deref() {
            Some([one]) => Some(one.trim_matches('\'').replace("''", "'")),
            _ => None,
        };
        let is_common = constant.as_deref().and_then(|constant| {
            let same = |value: &str| {
                value == constant
                    || (value == "t" && constant == "true")
                    || (value == "f" && constant == "false")
            };
            spread.common.iter().find(|(value, _)| same(value)).map(|(_, share)| *share)
        });
        match (is_common, constant) {
            (Some(share), _) => share,
            (None, Some(_)) if spread.has_bounds() => spread.rare_share(),
            (None, None) if !spread.has_bounds() => {
                self.lean.common(spread).map_or(spread.ordinary_share(), |(_, share)| share)
            }
            (None, _) => spread.ordinary_share(),
        }
    }

    fn range_share(&self, filter: &Filter, test: Test) -> f64 {
        let usual = match test {
            Test::Less | Test::Greater if self.opposite(filter).is_some() => CLOSED_SHARE,
            Test::Less | Test::Greater if self.lean == Lean::Many => HALF_OPEN_SHARE,
            Test::Less | Test::Greater => CLOSED_SHARE,
            Test::Between => CLOSED_SHARE,
            Test::LikePrefix => PREFIX_SHARE,
            Test::NotEqual => return NOT_EQUAL_SHARE,
            _ => return 1.0,
        };
        // What is NULL lies in no range.
        let there = self.spread(filter).map_or(1.0, |spread| 1.0 - spread.nulls);
        (usual * self.range_scale).clamp(0.0005, 0.95) * there
    }

    /// The other bound of the same column.
    fn opposite(&self, filter: &Filter) -> Option<&Filter> {
        let wanted = filter.test.flipped();
        self.reading.filters.iter().find(|other| {
            other.test == wanted && other.relation == filter.relation && other.of == filter.of
        })
    }

    fn list_len(&self, filter: &Filter) -> usize {
        match (filter.operand.is_list, filter.operand.sql.len()) {
            (false, len) if len > 1 => len,
            _ => self.statement.list_len.unwrap_or(LIST_LEN).clamp(1, LIST_LEN_MAX),
        }
    }

    /// Fills in one filter's values; the share of rows it keeps then.
    fn fill(&self, filter: &Filter, at: usize, usual: &[f64], guess: &mut Guess) -> f64 {
        let usual_share = usual[at];
        if !filter.operand.is_open || filter.operand.is_computed {
            return usual_share;
        }
        if let (true, [place], Some(column)) =
            (filter.test.is_inside(), filter.operand.sql.as_slice(), self.column(filter))
        {
            self.fill_inside(column, place, guess);
            return usual_share;
        }
        let (Some(column), Some(spread)) = (self.column(filter), self.spread(filter)) else {
            return usual_share;
        };
        let places = filter.operand.sql.as_slice();
        let literal = |at: f64| -> Vec<String> {
            spread.quantile(at).and_then(|value| column.literal(&value)).into_iter().collect()
        };
        let mut put = |place: &String, values: Vec<String>| {
            if !values.is_empty() {
                guess.filling.values.insert(place.clone(), values);
            }
        };
        match (filter.test, places) {
            (Test::Equal, [place]) => {
                let (value, share) = self.equal(filter, spread, usual, at);
                guess.is_open |= spread.common.len() > 1
                    && !spread.has_bounds()
                    && self.share_seen(filter, usual, at).is_none();
                put(place, value.and_then(|value| column.literal(&value)).into_iter().collect());
                return share;
            }
            (Test::In, places) => {
                let values = self.list(filter, spread, places.len());
                match places {
                    [place] => put(place, values),
                    places => {
                        for (place, value) in places.iter().zip(values) {
                            put(place, vec![value]);
                        }
                    }
                }
            }
            (Test::NotEqual, places) => {
                let values = self.list(filter, spread, places.len());
                for (place, value) in places.iter().zip(values) {
                    put(place, vec![value]);
                }
            }
            (Test::Between, [low, high]) => {
                guess.has_range = true;
                let (from, to) = self.lean.around(usual_share);
                put(low, literal(from));
                put(high, literal(to));
            }
            (Test::Less | Test::Greater, [place]) => {
                guess.has_range = true;
                let is_closed = self.opposite(filter).is_some();
                guess.is_open |= !is_closed;
                let at = match (filter.test, is_closed) {
                    (Test::Less, true) => self.lean.around(usual_share).1,
                    (Test::Less, false) => usual_share,
                    (_, true) => self.lean.around(usual_share).0,
                    (_, false) => 1.0 - usual_share,
                };
                put(place, literal(at));
            }
            (Test::LikePrefix | Test::Like, [place]) => {
                let value = spread.quantile(self.lean.place());
                let pattern = value.and_then(|value| pattern(&value, filter.test));
                put(place, pattern.into_iter().collect());
            }
            _ => {}
        }
        usual_share
    }

    /// What is looked for inside an array: one thing, written as an array. Whatever else is understood as it is.
    fn fill_inside(&self, column: &Column, place: &str, guess: &mut Guess) {
        let is_bare = place.starts_with(['$', '?']);
        if is_bare && column.type_name.ends_with("[]") {
            guess.filling.values.insert(place.to_owned(), vec!["'{1}'".to_owned()]);
        }
    }

    /// The value for `=`, and its share of the rows.
    fn equal(
        &self,
        filter: &Filter,
        spread: &Spread,
        usual: &[f64],
        at: usize,
    ) -> (Option<String>, f64) {
        // Where the common values are all there are, no other is rare.
        let rare = spread.quantile(self.lean.place()).filter(|_| spread.has_bounds());
        let wanted = self.share_seen(filter, usual, at).or_else(|| {
            self.share_least(filter, usual, at).filter(|&least| least > spread.rare_share())
        });
        let choices = spread
            .common
            .iter()
            .map(|(value, share)| (value.clone(), *share))
            .chain(rare.clone().map(|value| (value, spread.rare_share())));
        let chosen = match wanted {
            Some(wanted) => choices.min_by(|a, b| {
                let far = |share: f64| (share.max(1e-9) / wanted.max(1e-9)).ln().abs();
                far(a.1).total_cmp(&far(b.1))
            }),
            // An ordinary value; where every value is a common one, one of those.
            None => {
                rare.map(|value| (value, spread.rare_share())).or_else(|| self.lean.common(spread))
            }
        };
        match chosen {
            Some((value, share)) => (Some(value), share),
            None => (None, usual[at]),
        }
    }

    /// The share an equality has to have for the rows that were seen, where they tell.
    fn share_seen(&self, filter: &Filter, usual: &[f64], at: usize) -> Option<f64> {
        self.reading.rows_tell.then(|| self.share_for_rows(filter, usual, at)).flatten()
    }

    /// The share it has at least, where only the first rows were asked for: that many there were.
    fn share_least(&self, filter: &Filter, usual: &[f64], at: usize) -> Option<f64> {
        let is_limited = self.reading.sorts.iter().any(|sort| sort.limited);
        let is_grouped = !self.reading.groups.is_empty();
        (is_limited && !is_grouped).then(|| self.share_for_rows(filter, usual, at)).flatten()
    }

    fn share_for_rows(&self, filter: &Filter, usual: &[f64], at: usize) -> Option<f64> {
        if self.reading.relations.len() != 1 {
            return None;
        }
        let seen = self.statement.rows?.max(0.5);
        let rows = self.table(filter)?.rows.filter(|&rows| rows > 0.0)?;
        let others: f64 = usual
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at)
            .map(|(_, share)| share)
            .product();
        Some((seen / rows / others.max(1e-9)).min(1.0))
    }

    fn list(&self, filter: &Filter, spread: &Spread, places: usize) -> Vec<String> {
        let Some(column) = self.column(filter) else { return Vec::new() };
        let wanted = if places > 1 { places } else { self.list_len(filter) };
        let values = (1..=wanted).filter_map(|n| spread.quantile(n as f64 / (wanted + 1) as f64));
        let mut values: Vec<String> = values.filter_map(|value| column.literal(&value)).collect();
        values.dedup();
        values
    }
}

/// A pattern that starts with most of a value, or one that could stand anywhere: people look for a word there.
fn pattern(value: &str, test: Test) -> Option<String> {
    if test == Test::LikePrefix {
        let len = value.chars().count();
        let start: String = value.chars().take((len * 2).div_ceil(3)).collect();
        return text(&format!("{}%", start.replace(['%', '_'], "")));
    }
    let words = value.split(|c: char| !c.is_alphanumeric());
    let word = words.max_by_key(|word| word.len()).unwrap_or_default();
    text(&format!("%{}%", word.chars().take(WORD_CHARS).collect::<String>()))
}

/// A text as SQL; `None` for one with a backslash or a control character.
///
/// A backslash escapes what follows on MySQL and MariaDB, and on PostgreSQL where `standard_conforming_strings` is off.
/// Whoever writes a row could end the literal with one, and go on with SQL of their own.
fn text(value: &str) -> Option<String> {
    let is_safe = !value.contains(|c: char| c == '\\' || c.is_control());
    is_safe.then(|| format!("'{}'", value.replace('\'', "''")))
}

// === impl Spread ===

impl Spread {
    /// Share of rows an ordinary value has.
    pub(super) fn mean_share(&self) -> f64 {
        ((1.0 - self.nulls) / self.distinct.max(1.0)).min(1.0)
    }

    /// Share of rows an ordinary value may have: the mean, or the most common value's where the common ones are all.
    pub(super) fn ordinary_share(&self) -> f64 {
        let most = self.common.first().map_or(0.0, |(_, share)| *share);
        if self.has_bounds() { self.mean_share() } else { self.mean_share().max(most) }
    }

    /// Whether there are values beside the common ones.
    fn has_bounds(&self) -> bool {
        self.bounds.len() >= 2
    }

    /// Share of rows a value has that is not among the common ones.
    pub(super) fn rare_share(&self) -> f64 {
        let common: f64 = self.common.iter().map(|(_, share)| share).sum();
        let others = self.distinct - self.common.len() as f64;
        if others < 1.0 {
            return self.common.last().map_or(1.0, |(_, share)| *share).min(self.mean_share());
        }
        ((1.0 - self.nulls - common) / others).clamp(0.0, 1.0)
    }

    /// The value below which a share `at` of the rows is, as far as the bounds tell; the common values' where there
    /// are no bounds.
    fn quantile(&self, at: f64) -> Option<String> {
        if !self.has_bounds() {
            return self.common_at(at);
        }
        let place = at.clamp(0.0, 1.0) * (self.bounds.len() - 1) as f64;
        let below = (place.floor() as usize).min(self.bounds.len() - 2);
        between(&self.bounds[below], &self.bounds[below + 1], place - below as f64)
    }

    /// The same from the common values, in their order.
    fn common_at(&self, at: f64) -> Option<String> {
        let mut values: Vec<&(String, f64)> = self.common.iter().collect();
        let as_number = |value: &str| value.parse::<f64>().ok();
        values.sort_by(|a, b| match (as_number(&a.0), as_number(&b.0)) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => a.0.cmp(&b.0),
        });
        let total: f64 = values.iter().map(|(_, share)| share).sum();
        let mut sum = 0.0;
        for (value, share) in &values {
            sum += share;
            if sum >= at * total {
                return Some(value.clone());
            }
        }
        values.last().map(|(value, _)| value.clone())
    }
}

// === impl Column ===

impl Column {
    /// A value of this column as SQL; `None` for one that is not [safe](text) to write out.
    fn literal(&self, value: &str) -> Option<String> {
        const NUMBERS: [&str; 12] = [
            "smallint",
            "integer",
            "bigint",
            "int",
            "numeric",
            "decimal",
            "real",
            "double",
            "float",
            "tinyint",
            "mediumint",
            "boolean",
        ];
        let type_name = self.type_name.to_ascii_lowercase();
        let is_number = NUMBERS.iter().any(|number| type_name.starts_with(number))
            && !type_name.ends_with("[]");
        match value {
            "t" if type_name == "boolean" => Some("true".to_owned()),
            "f" if type_name == "boolean" => Some("false".to_owned()),
            value if is_number && value.parse::<f64>().is_ok_and(f64::is_finite) => {
                Some(value.to_owned())
            }
            value => text(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, Spread, Test, pattern};

    fn text() -> Column {
        Column { type_name: "varchar(40)".into(), ..Column::default() }
    }

    #[test]
    fn a_value_that_could_end_its_literal_is_not_written_out() {
        for value in ["\\' ; drop table orders; -- ", "ends in \\", "a\0b", "a\nb"] {
            assert_eq!(text().literal(value), None, "{value}");
            assert_eq!(pattern(&value.repeat(3), Test::LikePrefix), None, "{value}");
        }
        assert_eq!(text().literal("O'Hara; --").as_deref(), Some("'O''Hara; --'"));
        assert_eq!(pattern("o'ha_a%", Test::LikePrefix).as_deref(), Some("'o''ha%'"));
    }

    #[test]
    fn where_every_value_is_common_none_counts_as_rare() {
        let common = vec![("paid".to_owned(), 0.98), ("new".to_owned(), 0.02)];
        let spread = Spread { distinct: 2.0, common, ..Spread::default() };
        assert!(spread.ordinary_share() >= 0.98);
    }
}
