//! API keys: shown once, stored hashed; the right is scope and what the owner may now.

use super::{Auth, Principal, Via, fingerprint, store, users};
use crate::{
    Error, Result,
    db::{Actor, Audit},
};
use api::{
    Code, Role, Time,
    auth::{ApiKey, CreateApiKey, NewApiKey},
};
use sqlx::{Row as _, sqlite::SqliteRow};
use subtle::ConstantTimeEq as _;

const DAY_MS: i64 = 24 * 3_600_000;

fn key(r: &SqliteRow) -> Result<ApiKey> {
    Ok(ApiKey {
        id: r.try_get("id")?,
        name: r.try_get("name")?,
        prefix: r.try_get("prefix")?,
        scopes: serde_json::from_str(r.try_get("scopes")?).map_err(Error::internal)?,
        owner: r.try_get("owner")?,
        created_at: Time(r.try_get("created_at")?),
        expires_at: Time(r.try_get("expires_at")?),
        last_used_at: r.try_get::<Option<i64>, _>("last_used_at")?.map(Time),
    })
}

/// One's own, or all for an admin; newest first. A key finds itself.
pub async fn list(auth: &Auth, p: &Principal) -> Result<Vec<ApiKey>> {
    let rows = match p.role {
        _ if p.via == Via::Key => {
            sqlx::query(store::KEY_GET).bind(&p.handle).fetch_all(auth.db.read()).await?
        }
        Role::Admin => sqlx::query(store::KEY_PAGE_ALL).fetch_all(auth.db.read()).await?,
        _ => sqlx::query(store::KEY_PAGE_OF).bind(&p.username).fetch_all(auth.db.read()).await?,
    };
    rows.iter().map(key).collect()
}

/// Makes a key for the caller, or, by an admin, for a user of role api_service.
pub async fn create(auth: &Auth, by: &Actor, p: &Principal, c: CreateApiKey) -> Result<NewApiKey> {
    let name = c.name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(Error::field("name", "1 to 100 characters"));
    }
    let days = i64::from(c.expires_in_days.unwrap_or(90));
    if !(1..=365).contains(&days) {
        return Err(Error::field("expires_in_days", "must be from 1 to 365"));
    }
    let known = api::scopes_of(Role::Admin);
    let mut scopes = c.scopes;
    scopes.sort();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(Error::field("scopes", "at least one"));
    }
    for (i, s) in scopes.iter().enumerate() {
        if !known.contains(&s.as_str()) {
            return Err(Error::field(format!("scopes[{i}]"), "not a permission"));
        }
        if !p.holds(s) {
            return Err(Error::field(format!("scopes[{i}]"), "more than you may yourself"));
        }
    }
    let owner = owner(auth, p, c.owner).await?;
    let (id, random) = (auth.world.secret::<8>(), auth.world.secret::<32>());
    let secret = format!("aurora_key_{id}_{random}");
    let now = auth.world.now();
    let key = ApiKey {
        prefix: format!("aurora_key_{id}"),
        id,
        name: name.into(),
        scopes,
        owner,
        created_at: now,
        expires_at: Time(now.0 + days * DAY_MS),
        last_used_at: None,
    };
    let mut tx = auth.db.write(by).await?;
    sqlx::query(store::KEY_INSERT)
        .bind(&key.id)
        .bind(&key.name)
        .bind(fingerprint(&secret).to_vec())
        .bind(&key.prefix)
        .bind(serde_json::to_string(&key.scopes).map_err(Error::internal)?)
        .bind(&key.owner)
        .bind(key.created_at.0)
        .bind(key.expires_at.0)
        .execute(tx.conn())
        .await?;
    tx.commit(Audit::new("api_key.create", "api_key", &key.id).after(&key), &[]).await?;
    Ok(NewApiKey { key, secret })
}

async fn owner(auth: &Auth, p: &Principal, asked: Option<String>) -> Result<String> {
    let Some(name) = asked.filter(|n| *n != p.username) else { return Ok(p.username.clone()) };
    if p.role != Role::Admin {
        return Err(Error::field("owner", "only an admin makes keys for others"));
    }
    match users::find(&auth.db, &name).await? {
        Some(u) if u.user.role == Role::ApiService => Ok(name),
        _ => Err(Error::field("owner", "not a user of role api_service")),
    }
}

/// Revokes one's own key, or any as an admin. AURORA-4040 for others'.
pub async fn delete(
    auth: &Auth,
    by: &Actor,
    p: &Principal,
    id: &str,
    if_match: crate::settings::IfMatch<'_>,
) -> Result<()> {
    let mut tx = auth.db.write(by).await?;
    let row = sqlx::query(store::KEY_GET).bind(id).fetch_optional(tx.conn()).await?;
    let found = row.as_ref().map(key).transpose()?.filter(|k| p.role == Role::Admin || k.owner == p.username);
    let found = found.ok_or_else(|| Error::new(Code::NotFound))?;
    // A key never changes once it is made.
    if_match(1)?;
    sqlx::query(store::KEY_DELETE).bind(id).execute(tx.conn()).await?;
    tx.commit(Audit::new("api_key.revoke", "api_key", id).before(&found), &[]).await?;
    auth.forget();
    Ok(())
}

/// Looks a key up; its last use is noted to the minute.
pub(super) async fn find(auth: &Auth, secret: &str) -> Result<Principal> {
    let bad = || Error::new(Code::BadCredentials);
    let id = secret
        .strip_prefix("aurora_key_")
        .and_then(|s| s.split_once('_'))
        .map(|(id, _)| id)
        .ok_or_else(bad)?;
    let row = sqlx::query(store::KEY_WITH_OWNER).bind(id).fetch_optional(auth.db.read()).await?;
    let row = row.ok_or_else(bad)?;
    let hash: Vec<u8> = row.try_get("hash")?;
    if !bool::from(hash.ct_eq(&fingerprint(secret)[..])) || row.try_get::<bool, _>("disabled")? {
        return Err(bad());
    }
    let key = key(&row)?;
    let now = auth.world.now().0;
    if key.expires_at.0 <= now {
        return Err(Error::new(Code::TokenExpired));
    }
    let mut tx = auth.db.write(&Actor::system()).await?;
    sqlx::query(store::KEY_USED).bind(&key.id).bind(now).execute(tx.conn()).await?;
    tx.commit_bookkeeping().await?;
    Ok(Principal {
        username: key.owner,
        role: Role::parse(row.try_get("role")?).ok_or_else(|| Error::internal("a role that is none"))?,
        scopes: Some(key.scopes),
        label: format!("key:{}", key.id),
        via: Via::Key,
        csrf: None,
        desktop: false,
        ends: key.expires_at.0,
        handle: key.id,
    })
}
