//! Joins: what their conditions ask of which side.

use std::ops::Range;

use sqlparser::ast::{Ident, Join as Joined, JoinConstraint, JoinOperator, TableWithJoins};

use super::read::Reader;
use super::reading::{ColumnRef, Join};

/// Which sides of a join keep rows that have no match; the other side's columns are NULL there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeps {
    Neither,
    Left,
    Right,
    Both,
}

impl Reader<'_> {
    pub(super) fn table_with_joins(&mut self, table: &TableWithJoins) {
        let first = self.reading.relations.len();
        self.factor(&table.relation);
        let mut sides = Vec::new();
        for join in &table.joins {
            let start = self.reading.relations.len();
            self.factor(&join.relation);
            sides.push(start..self.reading.relations.len());
        }
        for (join, right) in table.joins.iter().zip(sides) {
            self.join(join, first..right.start, right);
        }
    }

    fn join(&mut self, join: &Joined, left: Range<usize>, right: Range<usize>) {
        let Some((constraint, keeps)) = parts_of(&join.join_operator) else { return };
        let nullable: Vec<usize> = match keeps {
            Keeps::Neither => Vec::new(),
            Keeps::Left => right.collect(),
            Keeps::Right => left.collect(),
            Keeps::Both => left.chain(right).collect(),
        };
        let (relations, filters) = (self.reading.relations.len(), self.reading.filters.len());
        match constraint {
            JoinConstraint::On(condition) => self.condition(condition),
            JoinConstraint::Using(columns) => {
                for column in columns {
                    let name: Vec<Ident> =
                        column.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
                    self.join_using(&name);
                }
            }
            _ => {}
        }
        if keeps == Keeps::Neither {
            return;
        }
        // A row of the side that is kept stays whatever the condition says of it; a subquery's own rows do not.
        let mut at = 0;
        self.reading.filters.retain(|filter| {
            at += 1;
            let filters_rows = keeps != Keeps::Both && nullable.contains(&filter.relation);
            at <= filters || filter.relation >= relations || filters_rows
        });
        self.reading.rows_tell = false;
        for relation in nullable {
            self.reading.relations[relation].nullable = true;
        }
    }

    /// `using (c)`: the first source that has the column, and the last.
    fn join_using(&mut self, name: &[Ident]) {
        let Some(scope) = self.names.scopes.last() else { return };
        let sides: Vec<ColumnRef> = scope
            .sources
            .iter()
            .filter_map(|(alias, _)| {
                let mut qualified = vec![Ident::new(alias.clone())];
                qualified.extend(name.iter().cloned());
                self.names.column(&self.reading.relations, &qualified)
            })
            .collect();
        if let [left, .., right] = sides.as_slice() {
            self.add_join(left.clone(), right.clone());
        }
    }

    pub(super) fn add_join(&mut self, left: ColumnRef, right: ColumnRef) {
        self.use_column(&left);
        self.use_column(&right);
        if left.relation != right.relation {
            self.reading.joins.push(Join { left, right });
        }
    }
}

fn parts_of(operator: &JoinOperator) -> Option<(&JoinConstraint, Keeps)> {
    match operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::CrossJoin(constraint)
        | JoinOperator::StraightJoin(constraint) => Some((constraint, Keeps::Neither)),
        JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => {
            Some((constraint, Keeps::Left))
        }
        JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => {
            Some((constraint, Keeps::Right))
        }
        JoinOperator::FullOuter(constraint) => Some((constraint, Keeps::Both)),
        _ => None,
    }
}
