//! Connections for reads.
//!
//! A general pool tests a connection before and after each use, and each test is a visit to the thread that SQLite's
//! connection lives on. Ours are to a file that we own and are never lost, so they are handed round as they are: a
//! read is one visit.

use futures::{
    StreamExt as _, TryStreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use sqlx::{
    ConnectOptions as _, Connection as _, Describe, Either, Error, Execute, Executor, SqlStr, Sqlite,
    SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteQueryResult, SqliteRow, SqliteStatement, SqliteTypeInfo},
};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

/// Reading connections of one file. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Reader(Arc<Idle>);

#[derive(Debug)]
struct Idle {
    /// The one used last is taken first: its pages are still in the processor's cache.
    connections: Mutex<Vec<SqliteConnection>>,
    /// A permit for each connection that is not in use.
    free: Semaphore,
    all: u32,
}

/// A connection in use. Its thread does one query after the other, so that one that was given up while it ran
/// only makes the next wait.
struct Lease {
    connection: Option<SqliteConnection>,
    home: Arc<Idle>,
}

impl Reader {
    pub(super) async fn open(options: SqliteConnectOptions, all: u32) -> Result<Self, Error> {
        let mut connections = Vec::new();
        for _ in 0..all {
            connections.push(options.connect().await?);
        }
        Ok(Reader(Arc::new(Idle {
            connections: Mutex::new(connections),
            free: Semaphore::new(all as usize),
            all,
        })))
    }

    async fn lease(&self) -> Result<Lease, Error> {
        let permit = self.0.free.acquire().await.map_err(|_| Error::PoolClosed)?;
        let connection = self.0.connections.lock().unwrap_or_else(|p| p.into_inner()).pop();
        permit.forget();
        Ok(Lease { connection, home: self.0.clone() })
    }

    /// Waits for the reads under way, then closes.
    pub(super) async fn close(&self) {
        if let Ok(permits) = self.0.free.acquire_many(self.0.all).await {
            permits.forget();
        }
        self.0.free.close();
        let all = std::mem::take(&mut *self.0.connections.lock().unwrap_or_else(|p| p.into_inner()));
        for c in all {
            if let Err(e) = c.close().await {
                tracing::warn!(error = %e, "a reading connection did not close cleanly");
            }
        }
    }
}

impl Lease {
    fn connection(&mut self) -> Result<&mut SqliteConnection, Error> {
        self.connection.as_mut().ok_or(Error::PoolClosed)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let back = self.connection.take();
        self.home.connections.lock().unwrap_or_else(|p| p.into_inner()).extend(back);
        self.home.free.add_permits(1);
    }
}

type Step = Result<Either<SqliteQueryResult, SqliteRow>, Error>;

impl<'p> Executor<'p> for &'_ Reader {
    type Database = Sqlite;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Step>
    where
        'p: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        let reader = self.clone();
        let all = async move {
            let mut lease = reader.lease().await?;
            let steps: Vec<_> = lease.connection()?.fetch_many(query).try_collect().await?;
            Ok::<_, Error>(stream::iter(steps.into_iter().map(Ok)))
        };
        stream::once(all).try_flatten().boxed()
    }

    fn fetch_all<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Vec<SqliteRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        let reader = self.clone();
        Box::pin(async move {
            let mut lease = reader.lease().await?;
            lease.connection()?.fetch_all(query).await
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<SqliteRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        let reader = self.clone();
        Box::pin(async move {
            let mut lease = reader.lease().await?;
            lease.connection()?.fetch_optional(query).await
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [SqliteTypeInfo],
    ) -> BoxFuture<'e, Result<SqliteStatement, Error>>
    where
        'p: 'e,
    {
        let reader = self.clone();
        Box::pin(async move {
            let mut lease = reader.lease().await?;
            lease.connection()?.prepare_with(sql, parameters).await
        })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Sqlite>, Error>>
    where
        'p: 'e,
    {
        let reader = self.clone();
        Box::pin(async move {
            let mut lease = reader.lease().await?;
            lease.connection()?.describe(sql).await
        })
    }
}
