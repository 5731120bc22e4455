//! LISTEN of PostgreSQL on a connection of a watched pool.

use std::fmt;
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{Stream, StreamExt};
use monitor_core::{Checkout, LastCall};
use sqlx::postgres::{PgListener, PgNotification};
use sqlx::{Error, Postgres};

use crate::call::timed;
use crate::checkout::Wait;
use crate::pool::MonitoredPool;
use crate::seat::{InCall, Notes};
use crate::watch::{Arrival, Watch, call_site};

/// Listens for notifications on a connection of a watched pool; stands in for [`PgListener`].
///
/// The connection it keeps is a checkout like any other: whoever asks who holds connections finds it, with the
/// line that made it. As long as it has a channel it shows the newest LISTEN for one as running, so it is taken for no
/// leak, however long it lives. `LISTEN` and `UNLISTEN` are calls; waiting for notifications is none.
///
/// After a lost connection [`PgListener`] takes another from the pool by itself, and listens again: that wait and
/// that LISTEN are not seen.
pub struct MonitoredPgListener {
    raw: PgListener,
    watch: Arc<Watch>,
    notes: Notes,
    checkout: Checkout,
    listens: Listens,
}

/// Texts that it listens by, newest last, each with the channels that are left of it.
#[derive(Default)]
struct Listens(Vec<(String, Vec<String>)>);

/// Shows the LISTEN that still holds, once a call of the listener has ended, however it did.
struct ShowsAgain<'a> {
    watch: &'a Watch,
    listens: &'a Listens,
    last_call: LastCall,
}

// === impl MonitoredPgListener ===

impl MonitoredPgListener {
    /// Takes a connection to listen on; see [`PgListener::connect_with`].
    ///
    /// # Errors
    ///
    /// Those of [`MonitoredPool::acquire`].
    #[track_caller]
    pub fn connect_with(
        pool: &MonitoredPool<Postgres>,
    ) -> impl Future<Output = Result<Self, Error>> + Send + use<> {
        let (pool, site) = (pool.clone(), call_site(Location::caller()));
        async move {
            let mut wait = Wait::start(&pool, site);
            let end = wait.until(pin!(PgListener::connect_with(pool.inner()))).await;
            let (raw, timer) = wait.ended(end)?;
            let notes = Notes::default();
            let checkout = timer.taken_showing(&notes.last_call);
            let (watch, listens) = (pool.watch.clone(), Listens::default());
            Ok(Self { raw, watch, notes, checkout, listens })
        }
    }

    /// See [`PgListener::listen`].
    ///
    /// # Errors
    ///
    /// Those of [`PgListener::listen`].
    pub async fn listen(&mut self, channel: &str) -> Result<(), Error> {
        let text = format!("LISTEN {}", quoted(channel));
        self.run(&text, |raw| Box::pin(raw.listen(channel))).await?;
        self.listens.add(text, vec![channel.to_owned()]);
        self.show();
        Ok(())
    }

    /// See [`PgListener::listen_all`]. One call, of one text with a LISTEN for each channel.
    ///
    /// # Errors
    ///
    /// Those of [`PgListener::listen_all`].
    pub async fn listen_all<'a>(
        &mut self,
        channels: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), Error> {
        let channels: Vec<_> = channels.into_iter().collect();
        let listen = |channel: &&str| format!("LISTEN {}", quoted(channel));
        let text = channels.iter().map(listen).collect::<Vec<_>>().join("; ");
        let heard = channels.iter().map(|&channel| channel.to_owned()).collect();
        self.run(&text, |raw| Box::pin(raw.listen_all(channels))).await?;
        self.listens.add(text, heard);
        self.show();
        Ok(())
    }

    /// See [`PgListener::unlisten`].
    ///
    /// # Errors
    ///
    /// Those of [`PgListener::unlisten`].
    pub async fn unlisten(&mut self, channel: &str) -> Result<(), Error> {
        let text = format!("UNLISTEN {}", quoted(channel));
        self.run(&text, |raw| Box::pin(raw.unlisten(channel))).await?;
        self.listens.remove(channel);
        self.show();
        Ok(())
    }

    /// See [`PgListener::unlisten_all`].
    ///
    /// # Errors
    ///
    /// Those of [`PgListener::unlisten_all`].
    pub async fn unlisten_all(&mut self) -> Result<(), Error> {
        self.run("UNLISTEN *", |raw| Box::pin(raw.unlisten_all())).await?;
        self.listens.0.clear();
        self.show();
        Ok(())
    }

    /// See [`PgListener::recv`].
    ///
    /// # Errors
    ///
    /// Those of [`PgListener::recv`].
    pub async fn recv(&mut self) -> Result<PgNotification, Error> {
        self.raw.recv().await
    }

    /// See [`PgListener::try_recv`].
    ///
    /// # Errors
    ///
    /// Those of [`PgListener::try_recv`].
    pub async fn try_recv(&mut self) -> Result<Option<PgNotification>, Error> {
        self.raw.try_recv().await
    }

    /// See [`PgListener::next_buffered`].
    pub fn next_buffered(&mut self) -> Option<PgNotification> {
        self.raw.next_buffered()
    }

    /// See [`PgListener::into_stream`]. The checkout lasts as long as the stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<PgNotification, Error>> + Send + Unpin {
        let Self { raw, checkout, notes, .. } = self;
        raw.into_stream().map(move |notification| {
            let _ = (&checkout, &notes);
            notification
        })
    }

    /// See [`PgListener::ignore_pool_close_event`].
    pub fn ignore_pool_close_event(&mut self, ignore: bool) {
        self.raw.ignore_pool_close_event(ignore);
    }

    /// See [`PgListener::eager_reconnect`].
    pub fn eager_reconnect(&mut self, eager: bool) {
        self.raw.eager_reconnect(eager);
    }

    /// sqlx's own listener, to run queries on. They are not seen.
    pub fn inner_mut(&mut self) -> &mut PgListener {
        &mut self.raw
    }

    /// From now on it listens, whatever else it does, unless no channel is left.
    fn show(&self) {
        self.listens.show(&self.watch, &self.notes.last_call);
    }

    async fn run<'a>(
        &'a mut self,
        text: &str,
        work: impl FnOnce(&'a mut PgListener) -> BoxFuture<'a, Result<(), Error>>,
    ) -> Result<(), Error> {
        let Self { raw, watch, notes, listens, .. } = self;
        let last_call = notes.last_call.clone();
        let _again = ShowsAgain { watch, listens, last_call };
        let call = InCall::start(watch, notes, text, Arrival::default());
        timed::<Postgres, _>(call, work(raw), |call, ()| call.add_returned(0)).await
    }
}

impl fmt::Debug for MonitoredPgListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredPgListener")
            .field("source", &self.watch.source)
            .finish_non_exhaustive()
    }
}

// === impl Listens ===

impl Listens {
    fn add(&mut self, text: String, channels: Vec<String>) {
        channels.iter().for_each(|channel| self.remove(channel));
        self.0.push((text, channels));
    }

    fn remove(&mut self, channel: &str) {
        self.0.iter_mut().for_each(|(_, channels)| channels.retain(|one| one != channel));
        self.0.retain(|(_, channels)| !channels.is_empty());
    }

    fn show(&self, watch: &Watch, last_call: &LastCall) {
        match self.0.last() {
            Some((text, _)) => last_call.begins(watch.source.statement(text), watch.clock.now()),
            None => last_call.ends(),
        }
    }
}

impl Drop for ShowsAgain<'_> {
    fn drop(&mut self) {
        self.listens.show(self.watch, &self.last_call);
    }
}

/// A name as sqlx's listener quotes it.
fn quoted(channel: &str) -> String {
    format!("\"{}\"", channel.replace('"', "\"\""))
}
