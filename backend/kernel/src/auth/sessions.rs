//! Browser sessions: a random cookie, its fingerprint in the database.

use super::{Auth, Principal, Via, fingerprint, store, users};
use crate::{
    Error, Result,
    db::{Actor, Audit},
    world::hex,
};
use api::{Code, Role};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use sqlx::Row as _;
use std::{net::IpAddr, sync::Arc};

/// A new session: what goes into `Set-Cookie` and the CSRF header.
pub struct NewSession {
    /// Value of `Set-Cookie`.
    pub cookie: String,
    /// Value of `X-CSRF-Token`.
    pub csrf: String,
}

const PASSWORD_SESSION_MS: i64 = 12 * 3_600_000;
const DESKTOP_SESSION_MS: i64 = 30 * 24 * 3_600_000;

impl Auth {
    /// A session of the desktop's own user for a start code. AURORA-4012 for a used, late or guessed one.
    pub async fn open_by_code(&self, code: &str, actor: &Actor) -> Result<NewSession> {
        if !self.codes.take(code) {
            self.db
                .refused(actor, "session.open", ("session", "start code".into()), Code::BadCredentials)
                .await;
            return Err(Error::new(Code::BadCredentials));
        }
        let name = self.desktop.read().unwrap_or_else(|p| p.into_inner()).clone();
        let name = name.ok_or_else(|| Error::new(Code::BadCredentials))?;
        self.open(&name, true, actor).await
    }

    /// A session for a name and a password.
    pub async fn open_by_password(
        &self,
        name: &str,
        password: &str,
        actor: &Actor,
        address: Option<IpAddr>,
    ) -> Result<NewSession> {
        let user = self.check_password(name, password, actor, address).await?;
        self.open(&user.user.username, false, actor).await
    }

    async fn open(&self, name: &str, desktop: bool, actor: &Actor) -> Result<NewSession> {
        let secret = self.world.secret::<32>();
        let hash = fingerprint(&secret);
        let label = format!("session:{}", hex(&hash[..6]));
        let now = self.world.now().0;
        let actor = Actor { name: name.into(), session: Some(label.clone()), ..actor.clone() };
        let mut tx = self.db.write(&actor).await?;
        let good_for = if desktop { DESKTOP_SESSION_MS } else { PASSWORD_SESSION_MS };
        sqlx::query(store::SESSION_INSERT)
            .bind(&hash[..])
            .bind(name)
            .bind(&label)
            .bind(now)
            .bind(now + good_for)
            .bind(desktop)
            .execute(tx.conn())
            .await?;
        sqlx::query(store::USER_LOGIN).bind(name).bind(now).execute(tx.conn()).await?;
        tx.commit(Audit::new("session.open", "session", label), &[]).await?;
        Ok(NewSession { cookie: self.set_cookie(Some(&secret)), csrf: csrf(&secret) })
    }

    /// The caller by cookie.
    pub(super) async fn by_session(&self, cookie: &str) -> Result<Arc<Principal>> {
        let hash = fingerprint(cookie);
        self.look_up(hash, async {
            let row = sqlx::query(store::SESSION_GET).bind(&hash[..]).fetch_optional(self.db.read()).await?;
            let row = row.ok_or_else(|| Error::new(Code::BadCredentials))?;
            let ends: i64 = row.try_get("expires_at")?;
            if ends <= self.world.now().0 {
                return Err(Error::new(Code::TokenExpired));
            }
            if row.try_get::<bool, _>("disabled")? {
                return Err(Error::new(Code::BadCredentials));
            }
            Ok(Principal {
                username: row.try_get("username")?,
                role: Role::parse(row.try_get("role")?)
                    .ok_or_else(|| Error::internal("a role that is none"))?,
                scopes: None,
                label: row.try_get("label")?,
                via: Via::Cookie,
                csrf: Some(csrf(cookie)),
                desktop: row.try_get("desktop")?,
                ends,
                handle: hex(&hash),
            })
        })
        .await
    }

    /// Ends what the caller signed in with. Answers the cookie that clears the browser's.
    pub async fn log_out(&self, by: &Actor, p: &Principal) -> Result<String> {
        let mut tx = self.db.write(by).await?;
        match p.via {
            Via::Cookie => {
                sqlx::query(store::SESSION_DELETE).bind(unhex(&p.handle)).execute(tx.conn()).await?
            }
            Via::Token => sqlx::query(store::FAMILY_REVOKE).bind(&p.handle).execute(tx.conn()).await?,
            Via::Key => return Err(Error::field("authorization", "an API key is revoked, not logged out")),
        };
        tx.commit(Audit::new("session.close", "session", &p.label), &[]).await?;
        self.forget();
        Ok(self.set_cookie(None))
    }

    /// Checks name and password with throttle, the same time for all, and an audit row for a refusal.
    pub(super) async fn check_password(
        &self,
        name: &str,
        password: &str,
        actor: &Actor,
        address: Option<IpAddr>,
    ) -> Result<users::Stored> {
        self.throttle.admit(name, address)?;
        let user = users::find(&self.db, name).await?;
        let usable = user.as_ref().filter(|u| !u.user.disabled && u.user.role != Role::ApiService);
        let hash = usable.and_then(|u| u.password_hash.clone());
        let good = self.passwords.verify(password.chars().take(1024).collect(), hash).await?;
        match user.filter(|_| good) {
            Some(user) => {
                self.throttle.succeeded(name);
                Ok(user)
            }
            None => {
                self.throttle.failed(name);
                let tried: String = name.chars().take(64).collect();
                let actor = Actor { name: tried.clone(), ..actor.clone() };
                self.db.refused(&actor, "login", ("user", tried), Code::BadCredentials).await;
                Err(Error::new(Code::BadCredentials))
            }
        }
    }
}

/// Follows from the cookie, so that nothing more needs to be stored.
fn csrf(cookie: &str) -> String {
    // HMAC takes a key of any length.
    Hmac::<Sha256>::new_from_slice(cookie.as_bytes())
        .map(|m| hex(&m.chain_update(b"csrf").finalize().into_bytes()))
        .unwrap_or_default()
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .filter_map(|c| std::str::from_utf8(c).ok().and_then(|c| u8::from_str_radix(c, 16).ok()))
        .collect()
}

impl Auth {
    /// Whether the session, token family or key behind a principal still stands.
    pub(crate) async fn alive(&self, p: &Principal) -> bool {
        // An access token ends long before its family.
        if p.ends <= self.world.now().0 {
            return false;
        }
        let db = self.db.read();
        let row = match p.via {
            Via::Cookie => sqlx::query(store::SESSION_GET).bind(unhex(&p.handle)).fetch_optional(db).await,
            Via::Token => sqlx::query(store::FAMILY_GET).bind(&p.handle).fetch_optional(db).await,
            Via::Key => sqlx::query(store::KEY_WITH_OWNER).bind(&p.handle).fetch_optional(db).await,
        };
        let Ok(row) = row else { return true };
        row.is_some_and(|r| {
            let ended = r.try_get::<i64, _>("expires_at").is_ok_and(|e| e <= self.world.now().0);
            let off = r.try_get::<bool, _>("disabled").unwrap_or(true)
                || r.try_get::<bool, _>("revoked").unwrap_or(false);
            let role = r.try_get::<String, _>("role").ok().and_then(|r| Role::parse(&r));
            !ended && !off && role == Some(p.role)
        })
    }
}
