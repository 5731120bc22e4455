//! `AsRef` and `AsMut`, for what takes a connection by value and needs sqlx's own.

use crate::connection::MonitoredConnection;
use crate::database::MonitoredDatabase;
use crate::pool_connection::MonitoredPoolConnection;
use crate::transaction::MonitoredTransaction;

macro_rules! holds_sqlxs_own {
    ($of:ty) => {
        /// sqlx's own connection, to look at.
        impl<DB: MonitoredDatabase> AsRef<DB::Connection> for $of {
            fn as_ref(&self) -> &DB::Connection {
                self.as_raw()
            }
        }

        /// sqlx's own connection, for what asks for it: an advisory lock of PostgreSQL.
        ///
        /// Nothing that runs on it is seen, as with [`MonitoredConnection::as_raw_mut`]; what it is lent from still
        /// is a checkout, and a transaction.
        impl<DB: MonitoredDatabase> AsMut<DB::Connection> for $of {
            fn as_mut(&mut self) -> &mut DB::Connection {
                self.as_raw_mut()
            }
        }
    };
}

holds_sqlxs_own!(MonitoredConnection<DB>);
holds_sqlxs_own!(MonitoredPoolConnection<DB>);
holds_sqlxs_own!(MonitoredTransaction<'_, DB>);
