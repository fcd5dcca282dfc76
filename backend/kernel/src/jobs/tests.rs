//! What a resume point writes, and what a job tells before, at and after it.

use super::*;
use crate::Options;
use api::jobs::Skip;
use serde_json::json;

const PARTS: usize = 500;

/// Tells many parts, then one more, and notes how many rows that one's resume point wrote.
struct Teller;

async fn rows_written(tx: &mut Tx) -> i64 {
    sqlx::query_scalar("SELECT total_changes()").fetch_one(tx.conn()).await.unwrap()
}

impl Work for Teller {
    fn kind(&self) -> &'static str {
        "teller"
    }
    fn unit(&self) -> &'static str {
        "parts"
    }
    fn needs(&self) -> (&'static str, &'static str) {
        ("siem:read", "siem:write")
    }
    fn parts(&self) -> Option<&'static str> {
        Some("list")
    }
    fn run(&self, ctx: JobCtx) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> {
        Box::pin(async move {
            let skip = |n: usize| Skip {
                source: format!("file {n}"),
                member: None,
                record: None,
                offset: None,
                reason: "test".into(),
                note: false,
            };
            ctx.result(&json!({"rows": 0}));
            for n in 0..PARTS {
                ctx.part(n, &json!({"n": n, "state": "new"}));
                ctx.skip(skip(n));
            }
            ctx.save(&json!(1)).await?;
            ctx.part(7, &json!({"n": 7, "state": "changed"}));
            ctx.part(PARTS, &json!({"n": PARTS, "state": "new"}));
            ctx.skip(skip(PARTS));
            let mut tx = ctx.kernel.db.write(&ctx.actor()).await?;
            let before = rows_written(&mut tx).await;
            ctx.checkpoint(&mut tx, &json!(2)).await?;
            ctx.result(&json!({"rows": rows_written(&mut tx).await - before}));
            tx.commit_checkpoint().await
        })
    }
}

/// Runs until it is stopped.
struct Endless;

impl Work for Endless {
    fn kind(&self) -> &'static str {
        "endless"
    }
    fn unit(&self) -> &'static str {
        "turns"
    }
    fn needs(&self) -> (&'static str, &'static str) {
        ("siem:read", "siem:write")
    }
    fn run(&self, ctx: JobCtx) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> {
        Box::pin(async move {
            while ctx.stop() == Stop::No {
                tokio::task::yield_now().await;
            }
            ctx.kept("what was there".into());
            Ok(())
        })
    }
}

fn admin() -> Principal {
    Principal {
        username: "root".into(),
        role: api::Role::Admin,
        scopes: None,
        label: "token:t".into(),
        via: crate::auth::Via::Token,
        csrf: None,
        desktop: false,
        ends: i64::MAX,
        handle: "t".into(),
    }
}

#[tokio::test]
async fn what_a_steer_answers_is_what_becomes_of_the_job_whenever_it_comes() {
    let dir = tempfile::tempdir().unwrap();
    let kernel = open(dir.path()).await;
    kernel.start().await.unwrap();
    let (me, by) = (admin(), Actor { name: "root".into(), ..Actor::default() });
    for n in 0..200 {
        let mut tx = kernel.db.write(&by).await.unwrap();
        let id = kernel.jobs.enqueue(&mut tx, "endless", 0, &json!({})).await.unwrap();
        tx.commit(Audit::new("test.start", "job", &id), &[]).await.unwrap();
        kernel.jobs.wake();
        for _ in 0..n % 40 {
            tokio::task::yield_now().await;
        }
        if n % 3 == 0 {
            kernel.jobs.pause(&by, &me, &id).await.unwrap();
            let paused = kernel.jobs.wait(&id).await.unwrap().unwrap();
            assert_eq!(paused.status, JobStatus::Paused);
            kernel.jobs.resume(&by, &me, &id).await.unwrap();
        }
        let said = kernel.jobs.cancel(&by, &me, &id).await.unwrap();
        let ended = kernel.jobs.wait(&id).await.unwrap().unwrap();
        assert_eq!((said.status, ended.status), (JobStatus::Cancelled, JobStatus::Cancelled), "{n}");
        assert!(ended.kept.is_some(), "{n}: it says what was kept");
        let again = kernel.jobs.cancel(&by, &me, &id).await.unwrap_err();
        assert_eq!(again.code, Code::Invalid);
    }
    kernel.close().await;
}

async fn open(dir: &std::path::Path) -> Kernel {
    let options = Options {
        world: World::real(),
        dir,
        workspace: "test".into(),
        desktop: false,
        key: crate::auth::token_key::KeyPlace::File,
        warnings: vec![],
        migrations: &[],
        works: vec![Arc::new(Teller), Arc::new(Endless)],
    };
    Kernel::open(options).await.unwrap()
}

#[tokio::test]
async fn a_resume_point_writes_what_is_new_and_the_job_has_it_all() {
    let dir = tempfile::tempdir().unwrap();
    let kernel = open(dir.path()).await;
    kernel.start().await.unwrap();
    let mut tx = kernel.db.write(&Actor::system()).await.unwrap();
    let id = kernel.jobs.enqueue(&mut tx, "teller", 0, &json!({})).await.unwrap();
    tx.commit(Audit::new("test.start", "job", &id), &[]).await.unwrap();
    kernel.jobs.wake();
    let done = kernel.jobs.wait(&id).await.unwrap().unwrap();
    assert_eq!((done.status, done.error.as_deref()), (JobStatus::Done, None));
    assert_eq!(done.result["rows"], 4, "the job's own row, two parts, one skip");
    kernel.close().await;
    // From the database alone.
    let kernel = open(dir.path()).await;
    let job = kernel.jobs.get_unchecked(&id).await.unwrap().unwrap();
    let list = job.result["list"].as_array().unwrap();
    assert_eq!((list.len(), job.skipped.len(), job.skipped_total), (PARTS + 1, PARTS + 1, PARTS as u64 + 1));
    assert!(list.iter().enumerate().all(|(n, part)| part["n"] == n), "in order");
    assert_eq!((list[7]["state"].as_str(), list[8]["state"].as_str()), (Some("changed"), Some("new")));
    assert_eq!(job.skipped[PARTS].source, format!("file {PARTS}"));
    kernel.close().await;
}
