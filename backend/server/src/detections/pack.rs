//! Packs: imported as a job, updated in one write that keeps what was set here.

use super::{
    Rules,
    content::{Content, Target},
    files::{self, Item},
    store::{
        packs, pipelines,
        write::{self, NewRule, Step},
    },
    text,
};
use api::{
    Code,
    detections::{NotLoaded, PackReport, PackRule, RuleOrigin, pipeline_id},
};
use evidence::{ContentStore, Sha256Hex};
use kernel::{
    Error, Kernel, Result,
    db::{Actor, Audit, Tx},
    jobs::{JobCtx, Work},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    pin::Pin,
    sync::Arc,
};

/// The kind of job.
pub const KIND: &str = "pack_import";
/// The program's own pack.
pub const BUILTIN: &str = "builtin";
/// Rules that a report lists; all are counted.
pub const LISTED: usize = 1_000;

/// What is imported.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Input {
    /// Name of the pack.
    pub name: String,
    /// Whether its new rules shall run.
    pub enabled: bool,
    /// Files and folders of this machine: only from the shell and the command line.
    #[serde(default, with = "kernel::platform::path_bytes")]
    pub paths: Vec<PathBuf>,
    /// Uploads, already in the content store: (label, SHA-256).
    #[serde(default)]
    pub kept: Vec<(String, String)>,
}

/// Queues an import: the one way from files to a pack.
pub async fn start(kernel: &Kernel, by: &Actor, input: &Input) -> Result<String> {
    let name = input.name.trim();
    if !(1..=200).contains(&name.chars().count()) {
        return Err(Error::field("name", "1 to 200 characters"));
    }
    let id = pack_id(name);
    if id == BUILTIN {
        return Err(Error::field("name", "the program's own pack has this name"));
    }
    let value = serde_json::to_value(input).map_err(Error::internal)?;
    let mut tx = kernel.db.write(by).await?;
    let job = kernel.jobs.enqueue(&mut tx, KIND, 0, &value).await?;
    let sources: Vec<_> = input.kept.iter().map(|k| k.0.clone()).collect();
    let paths: Vec<_> = input.paths.iter().map(|p| p.to_string_lossy().into_owned()).collect();
    let sources = [sources, paths].concat();
    let after = json!({"pack": id, "name": name, "sources": sources});
    tx.commit(Audit::new("pack.import.start", "job", &job).after(after), &[]).await?;
    kernel.jobs.wake();
    Ok(job)
}

/// Letters and digits of the name in lower case, `-` between words.
pub fn pack_id(name: &str) -> String {
    let id: String = pipeline_id(name).chars().take(60).collect();
    if id.is_empty() { format!("pack-{}", text::hash(name).chars().take(8).collect::<String>()) } else { id }
}

/// The kind of work.
pub struct PackImport {
    /// Kept uploads.
    pub content: Arc<ContentStore>,
    /// Compiled rules.
    pub rules: Arc<Rules>,
}

impl Work for PackImport {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn unit(&self) -> &'static str {
        "files"
    }

    fn needs(&self) -> (&'static str, &'static str) {
        ("siem:read", "siem:write")
    }

    fn run(&self, ctx: JobCtx) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> {
        Box::pin(import(ctx, self.content.clone(), self.rules.clone()))
    }
}

async fn import(ctx: JobCtx, content: Arc<ContentStore>, rules: Arc<Rules>) -> Result<()> {
    let input: Input = serde_json::from_value(ctx.input.clone()).map_err(Error::internal)?;
    // A resume point stands in the same commit as the pack: what is left is to wait for the rule set.
    if ctx.resume.is_none() {
        let (id, reading) = (pack_id(&input.name), input.clone());
        let (to, watch) = (id.clone(), ctx.clone());
        let read = move || read(&reading, &content, &to, &watch);
        let (found, broke) = tokio::task::spawn_blocking(read).await.map_err(Error::internal)??;
        if let Some(reason) = broke {
            return Err(Error::with(Code::Invalid, json!({"field": "file", "reason": reason})));
        }
        if ctx.stop() != kernel::jobs::Stop::No {
            ctx.kept("nothing was imported".into());
            return Ok(());
        }
        if found.loaded == 0 && found.pipelines.is_empty() {
            let at = |n: &NotLoaded| format!(": {}: {}", n.file, n.problem);
            let first = found.not_loaded.first().map(at).unwrap_or_default();
            let reason = format!("no Sigma rule in it{first}");
            return Err(Error::with(Code::Invalid, json!({"field": "file", "reason": reason})));
        }
        let there = pipelines::all(ctx.kernel.db.read()).await?;
        let settle = move || {
            let mut found = found;
            found.settle(there);
            found
        };
        let mut found = tokio::task::spawn_blocking(settle).await.map_err(Error::internal)?;
        let version = found.version();
        let own = std::mem::take(&mut found.pipelines);
        let mut tx = ctx.kernel.db.write(&ctx.actor()).await?;
        let mut report = match found.loaded {
            // Pipelines are the workspace's: without a rule there is no pack to bring up to date.
            0 => only_pipelines(&input, found),
            _ => apply(&ctx.kernel, &mut tx, (&id, input.name.trim()), &version, found).await?,
        };
        let written_over =
            super::pipelines::import(&mut tx, &own, ctx.kernel.world.now(), &mut report).await?;
        report.documents += u64::try_from(own.len()).unwrap_or(0);
        let number = write::next_set(&mut tx).await?;
        ctx.result(&report);
        ctx.progress(report.files, report.files);
        ctx.checkpoint(&mut tx, &json!({"rule_set": number})).await?;
        tx.commit(audit(&report, &id, &written_over), &[]).await?;
        rules.changed(number);
    }
    let set = rules.fresh().await;
    let mut report: PackReport = serde_json::from_value(ctx.last_result()).map_err(Error::internal)?;
    let id = pack_id(&input.name);
    let blocked = set.not_run.iter().filter(|n| set.in_pack(&n.rule_id, &id));
    report.cannot_run_total = u64::try_from(blocked.count()).unwrap_or(0);
    ctx.result(&report);
    Ok(())
}

/// The audit row of an import; pipelines that were written over stand in it with their texts.
fn audit(r: &PackReport, id: &str, written_over: &[Value]) -> Audit {
    let mut before = json!({"version": r.previous_version});
    let mut after = json!({
        "version": r.version, "new": r.new, "changed": r.changed, "gone": r.gone, "unchanged": r.unchanged,
        "kept_local": r.kept_local, "elsewhere": r.elsewhere, "not_loaded": r.not_loaded_total,
    });
    if !written_over.is_empty() {
        before["pipelines"] = json!(written_over);
    }
    if !r.pipelines_new.is_empty() || !r.pipelines_changed.is_empty() {
        after["pipelines"] = json!({"new": r.pipelines_new, "changed": r.pipelines_changed});
    }
    Audit::new("pack.import", "pack", id).before(before).after(after)
}

/// The report of an import that touches no pack.
fn only_pipelines(input: &Input, content: Content) -> PackReport {
    PackReport {
        name: input.name.trim().into(),
        files: content.files,
        not_loaded_total: u64::try_from(content.not_loaded.len()).unwrap_or(0),
        not_loaded: content.not_loaded.into_iter().take(LISTED).collect(),
        ..PackReport::default()
    }
}

/// Reads every file; the second value says what could not be opened at all.
fn read(
    input: &Input,
    content: &ContentStore,
    pack: &str,
    ctx: &JobCtx,
) -> Result<(Content, Option<String>)> {
    let to = Target { pack, origin: RuleOrigin::Imported, enabled: input.enabled };
    let mut found = Content::default();
    let mut broke = None;
    let mut take = |item: Item| {
        found.take(item, &to);
        ctx.progress(found.files, 0);
    };
    if let Err(e) = files::of_paths(&input.paths, &mut take) {
        broke = Some(e.to_string());
    }
    let mut total = 0;
    for (label, sha256) in &input.kept {
        let hash = Sha256Hex::parse(sha256).map_err(Error::internal)?;
        let file = content.open_kept(&hash).map_err(crate::siem::content_error)?;
        if let Err(e) = files::of_file(file, label, true, &mut total, &mut take) {
            broke = Some(format!("{label}: {e}"));
        }
    }
    found.finish();
    Ok((found, broke))
}

/// Brings a pack to this content inside a write. What was switched, tuned or edited here stays.
pub async fn apply(
    kernel: &Kernel,
    tx: &mut Tx,
    (id, name): (&str, &str),
    version: &str,
    content: Content,
) -> Result<PackReport> {
    let now = kernel.world.now();
    let by = tx.actor().name.clone();
    let mut report = PackReport {
        pack_id: id.into(),
        name: name.into(),
        version: version.into(),
        previous_version: packs::version(tx, id).await?,
        files: content.files,
        documents: u64::try_from(content.rules.len()).unwrap_or(0),
        not_loaded_total: u64::try_from(content.not_loaded.len()).unwrap_or(0),
        needs_configuration_total: u64::try_from(content.needs_configuration.len()).unwrap_or(0),
        not_loaded: content.not_loaded.into_iter().take(LISTED).collect(),
        needs_configuration: content.needs_configuration.into_iter().take(LISTED).collect(),
        ..PackReport::default()
    };
    packs::put(tx, id, name, version, &by, now).await?;
    let ids: Vec<_> = content.rules.iter().map(|r| r.rule_id.as_str()).collect();
    let elsewhere: HashSet<_> = packs::elsewhere(tx, id, &ids).await?.into_iter().collect();
    let mut there: HashMap<_, _> =
        packs::members(tx, id).await?.into_iter().map(|m| (m.rule_id.clone(), m)).collect();
    let label = format!("{name} {version}");
    let mut new = vec![];
    for mut r in content.rules {
        if elsewhere.contains(&r.rule_id) {
            note(&mut report.elsewhere, &mut report.elsewhere_rules, &r);
            continue;
        }
        let Some(m) = there.remove(&r.rule_id) else {
            note(&mut report.new, &mut report.new_rules, &r);
            new.push(r);
            continue;
        };
        let upstream = m.pack_body.as_ref().map_or_else(|| m.hash.clone(), |b| text::hash(b));
        if r.hash == upstream {
            report.unchanged += 1;
            write::file(tx, &r.rule_id, r.file.as_deref().unwrap_or_default()).await?;
            continue;
        }
        (r.level, r.rank) = text::level(&m.settings, &r.own_level);
        if m.edited && r.hash != m.hash {
            report.kept_local += 1;
            write::pack_text(tx, &r.rule_id, &r.body).await?;
            continue;
        }
        note(&mut report.changed, &mut report.changed_rules, &r);
        write::replace(tx, &r, None, now).await?;
        let step = Step { body: Some(&m.body), ..Step::plain(&r.rule_id, "updated") };
        write::changed(tx, &[step], &label, now).await?;
    }
    write::insert(tx, &new, now).await?;
    let steps: Vec<_> = new.iter().map(|r| Step::plain(&r.rule_id, "imported")).collect();
    write::changed(tx, &steps, &label, now).await?;
    let mut gone: Vec<_> = there.into_values().collect();
    gone.sort_by(|a, b| a.title.cmp(&b.title));
    for m in &gone {
        report.gone += 1;
        if report.gone_rules.len() < LISTED {
            let (rule_id, title, file) = (m.rule_id.clone(), m.title.clone(), m.file.clone());
            report.gone_rules.push(PackRule { rule_id, title, file });
        }
    }
    let of = |edited: bool| gone.iter().filter(move |m| m.edited == edited).map(|m| m.rule_id.as_str());
    let (own, removed): (Vec<_>, Vec<_>) = (of(true).collect(), of(false).collect());
    let steps: Vec<_> = gone.iter().map(|m| Step::plain(&m.rule_id, "gone")).collect();
    write::changed(tx, &steps, &label, now).await?;
    write::make_own(tx, &own, now).await?;
    write::delete(tx, &removed).await?;
    Ok(report)
}

fn note(n: &mut u64, list: &mut Vec<PackRule>, r: &NewRule) {
    *n += 1;
    if list.len() < LISTED {
        let file = r.file.clone().unwrap_or_default();
        list.push(PackRule { rule_id: r.rule_id.clone(), title: r.title.clone(), file });
    }
}

/// Brings the program's own pack to what is embedded, when it is not; answers whether it was changed.
pub async fn builtin(kernel: &Kernel) -> Result<bool> {
    let to = Target { pack: BUILTIN, origin: RuleOrigin::Builtin, enabled: true };
    let mut content = Content::default();
    for f in detect::builtin_files() {
        content.take(Item::Rules { name: f.path.into(), bytes: f.text.as_bytes().into() }, &to);
    }
    for r in &mut content.rules {
        r.license.get_or_insert_with(|| "Apache-2.0".into());
    }
    let version = format!("{}+{}", env!("CARGO_PKG_VERSION"), content.version());
    if packs::version_now(kernel.db.read(), BUILTIN).await?.as_deref() == Some(&version) {
        return Ok(false);
    }
    let mut tx = kernel.db.write(&Actor::system()).await?;
    let report = apply(kernel, &mut tx, (BUILTIN, "AuroraSOC"), &version, content).await?;
    write::next_set(&mut tx).await?;
    tx.commit(audit(&report, BUILTIN, &[]), &[]).await?;
    Ok(true)
}

/// Removes an imported pack with its rules; rules that were edited here become one's own.
pub async fn delete(app: &crate::App, by: &Actor, id: &str) -> Result<()> {
    let mut tx = app.kernel.db.write(by).await?;
    let version = packs::version(&mut tx, id).await?.ok_or_else(|| Error::new(Code::NotFound))?;
    if id == BUILTIN {
        return Err(Error::conflict("the program's own pack stays; its rules can be disabled"));
    }
    let content = Content::default();
    let report = apply(&app.kernel, &mut tx, (id, id), &version, content).await?;
    packs::delete(&mut tx, id).await?;
    let number = write::next_set(&mut tx).await?;
    let audit =
        Audit::new("pack.delete", "pack", id).before(json!({"version": version, "rules": report.gone}));
    tx.commit(audit, &[]).await?;
    app.rules.changed(number);
    Ok(())
}
