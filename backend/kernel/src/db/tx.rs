//! The one write: check, change, audit row, outbox rows, in one commit.

use super::{Db, store};
use crate::{Error, Result, audit, world::hex};
use api::{Code, LiveKind};
use serde_json::Value;
use sqlx::{Row as _, Sqlite, SqliteConnection, Transaction};

/// Who writes, for the audit row.
#[derive(Clone, Debug, Default)]
pub struct Actor {
    /// User name, or `system`.
    pub name: String,
    /// Session, token or key.
    pub session: Option<String>,
    /// As in the answer.
    pub request_id: Option<String>,
    /// Of a POST that creates.
    pub idempotency: Option<IdempotencyKey>,
}

impl Actor {
    /// The product itself: jobs, start-up.
    pub fn system() -> Self {
        Actor { name: "system".into(), ..Actor::default() }
    }
}

/// Makes a repeated POST harmless.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    /// From the header.
    pub key: String,
    /// Method and pattern.
    pub route: String,
    /// SHA-256 of path, query and body.
    pub request_hash: [u8; 32],
}

/// What the audit row says beside actor and time.
#[derive(Clone, Debug)]
pub struct Audit {
    /// `alert.update`, …
    pub action: &'static str,
    /// Type and id.
    pub object: (&'static str, String),
    /// Record before; secrets are masked when it is written.
    pub before: Option<Value>,
    /// Record after.
    pub after: Option<Value>,
    /// `ok`, or a code.
    pub result: &'static str,
}

impl Audit {
    /// A row with nothing but what and about what.
    pub fn new(action: &'static str, kind: &'static str, id: impl Into<String>) -> Self {
        Audit { action, object: (kind, id.into()), before: None, after: None, result: "ok" }
    }

    /// With the record before.
    pub fn before(mut self, v: impl serde::Serialize) -> Self {
        self.before = serde_json::to_value(v).ok();
        self
    }

    /// With the record after.
    pub fn after(mut self, v: impl serde::Serialize) -> Self {
        self.after = serde_json::to_value(v).ok();
        self
    }
}

/// A live event: kind and the record after the change.
pub type Change = (LiveKind, Value);

/// A write that is not committed yet. Dropping it rolls back.
pub struct Tx {
    inner: Transaction<'static, Sqlite>,
    actor: Actor,
    db: Db,
}

impl Db {
    /// Begins a write. One at a time for the whole file; reads go on.
    pub async fn write(&self, actor: &Actor) -> Result<Tx> {
        let inner = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Tx { inner, actor: actor.clone(), db: self.clone() })
    }

    /// One audit row for something that was refused.
    pub async fn refused(
        &self,
        actor: &Actor,
        action: &'static str,
        object: (&'static str, String),
        code: Code,
    ) {
        let audit = Audit { result: code.as_str(), ..Audit::new(action, object.0, object.1) };
        let actor = Actor { idempotency: None, ..actor.clone() };
        let done = async { self.write(&actor).await?.commit(audit, &[]).await }.await;
        if let Err(e) = done {
            tracing::error!(error = %e, "a refusal could not be written to the audit log");
        }
    }
}

impl Tx {
    /// For queries of the stores.
    pub fn conn(&mut self) -> &mut SqliteConnection {
        &mut self.inner
    }

    /// Who writes.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The next number of a named series, without gaps unless the write is rolled back.
    pub async fn next(&mut self, series: &str) -> Result<i64> {
        Ok(sqlx::query_scalar(store::COUNTER_NEXT).bind(series).fetch_one(self.conn()).await?)
    }

    /// Commits with one audit row. Answers its number.
    pub async fn commit(self, audit: Audit, live: &[Change]) -> Result<i64> {
        let seqs = self.commit_all(vec![audit], live).await?;
        Ok(seqs.first().copied().unwrap_or_default())
    }

    /// Commits with an audit row for each record that was changed. At least one.
    pub async fn commit_all(mut self, audits: Vec<Audit>, live: &[Change]) -> Result<Vec<i64>> {
        if audits.is_empty() {
            return Err(Error::internal("a write without an audit row"));
        }
        let at = self.db.world.now().0;
        let last = sqlx::query(store::AUDIT_LAST).fetch_optional(self.conn()).await?;
        let (mut seq, mut prev) = match last {
            Some(row) => (row.try_get::<i64, _>("seq")?, row.try_get::<Vec<u8>, _>("hash")?),
            None => (0, vec![0; 32]),
        };
        let mut seqs = Vec::with_capacity(audits.len());
        for audit in audits {
            seq += 1;
            let row = audit::Row::new(seq, at, &self.actor, audit, &hex(&prev));
            let hash = row.hash();
            sqlx::query(store::AUDIT_INSERT)
                .bind(seq)
                .bind(at)
                .bind(&row.actor)
                .bind(&row.session)
                .bind(&row.request_id)
                .bind(&row.action)
                .bind(&row.object_type)
                .bind(&row.object_id)
                .bind(&row.before)
                .bind(&row.after)
                .bind(&row.result)
                .bind(&prev)
                .bind(&hash[..])
                .execute(self.conn())
                .await?;
            prev = hash.to_vec();
            seqs.push(seq);
        }
        for (kind, data) in live {
            let insert =
                sqlx::query(store::OUTBOX_INSERT).bind(at).bind(kind.as_str()).bind(data.to_string());
            insert.execute(self.conn()).await?;
        }
        self.note_idempotency(at).await?;
        self.inner.commit().await?;
        self.db.memory.changed();
        if !live.is_empty() {
            self.db.outbox.notify_one();
        }
        Ok(seqs)
    }

    /// Commits a job's resume point when its batch turned out to change no record.
    pub async fn commit_checkpoint(self) -> Result<()> {
        self.commit_bookkeeping().await
    }

    /// Commits what is not a change of a record that users see: a job's progress, the time of a key's last use.
    /// Kept to the kernel.
    pub(crate) async fn commit_bookkeeping(self) -> Result<()> {
        Ok(self.inner.commit().await?)
    }

    async fn note_idempotency(&mut self, at: i64) -> Result<()> {
        let Some(key) = self.actor.idempotency.clone() else { return Ok(()) };
        let insert = sqlx::query(store::IDEMPOTENCY_PUT)
            .bind(self.actor.name.clone())
            .bind(key.key)
            .bind(key.route)
            .bind(&key.request_hash[..])
            .bind(at)
            .execute(self.conn())
            .await;
        match insert {
            Err(sqlx::Error::Database(e)) if e.is_unique_violation() => {
                Err(Error::conflict("the same Idempotency-Key is being used at this moment"))
            }
            other => other.map(drop).map_err(Error::from),
        }
    }
}
