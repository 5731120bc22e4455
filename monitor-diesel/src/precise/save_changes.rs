//! `save_changes` on databases where the changed row has to be asked for.

use diesel::associations::{HasTable, Identifiable};
use diesel::dsl::{Find, Update};
use diesel::expression::{MixedAggregates, ValidGrouping, is_aggregate};
use diesel::query_builder::{AsChangeset, IntoUpdateTarget};
use diesel::query_dsl::UpdateAndFetchResults;
use diesel::query_dsl::methods::{ExecuteDsl, FindDsl, LoadQuery};
use diesel::{QueryResult, RunQueryDsl, Table};

use super::MonitoredConnection;

macro_rules! update_then_fetch {
    ($connection:ty) => {
        impl<'b, Changes, Output> UpdateAndFetchResults<Changes, Output>
            for MonitoredConnection<$connection>
        where
            Changes: Copy + Identifiable,
            Changes: AsChangeset<Target = <Changes as HasTable>::Table> + IntoUpdateTarget,
            Changes::Table: FindDsl<Changes::Id>,
            Update<Changes, Changes>: ExecuteDsl<Self>,
            Find<Changes::Table, Changes::Id>: LoadQuery<'b, Self, Output>,
            <Changes::Table as Table>::AllColumns: ValidGrouping<()>,
            <<Changes::Table as Table>::AllColumns as ValidGrouping<()>>::IsAggregate:
                MixedAggregates<is_aggregate::No, Output = is_aggregate::No>,
        {
            fn update_and_fetch(&mut self, changeset: Changes) -> QueryResult<Output> {
                diesel::update(changeset).set(changeset).execute(self)?;
                Changes::table().find(changeset.id()).get_result(self)
            }
        }
    };
}

#[cfg(feature = "sqlite")]
update_then_fetch!(diesel::SqliteConnection);
#[cfg(feature = "mysql")]
update_then_fetch!(diesel::MysqlConnection);
