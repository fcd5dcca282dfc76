//! Users: found, listed, made, changed, removed; the desktop's own user.

use super::{Auth, Principal, password, store};
use crate::{
    Error, Result,
    db::{Actor, Audit, Db},
};
use api::{
    Code, Page, Role, Time,
    users::{ChangePassword, CreateUser, PatchUser, Preferences, User, UserList},
};
use sqlx::{Row as _, sqlite::SqliteRow};

/// A user with what never leaves the server.
pub struct Stored {
    /// The user.
    pub user: User,
    /// How the UI shall be.
    pub preferences: Preferences,
    pub(crate) password_hash: Option<String>,
    /// Grows with each change; the ETag.
    pub version: i64,
    pub(crate) desktop: bool,
}

fn stored(r: &SqliteRow) -> Result<Stored> {
    let preferences: Option<String> = r.try_get("preferences")?;
    Ok(Stored {
        user: User {
            username: r.try_get("username")?,
            display_name: r.try_get("display_name")?,
            email: r.try_get("email")?,
            role: Role::parse(r.try_get("role")?).ok_or_else(|| Error::internal("a role that is none"))?,
            disabled: r.try_get("disabled")?,
            created_at: Time(r.try_get("created_at")?),
            last_login_at: r.try_get::<Option<i64>, _>("last_login_at")?.map(Time),
        },
        preferences: preferences.and_then(|p| serde_json::from_str(&p).ok()).unwrap_or_default(),
        password_hash: r.try_get("password_hash")?,
        version: r.try_get("version")?,
        desktop: r.try_get("desktop")?,
    })
}

/// By name.
pub async fn find(db: &Db, name: &str) -> Result<Option<Stored>> {
    let row = sqlx::query(store::USER_GET).bind(name).fetch_optional(db.read()).await?;
    row.as_ref().map(stored).transpose()
}

/// A page by name, or the newest first.
pub async fn page(db: &Db, q: &UserList) -> Result<Page<User>> {
    let limit = crate::route::limit(q.limit)?;
    crate::route::only_sort(q.sort.as_deref(), &["username", "-created_at"])?;
    crate::route::count_cap(q.count.as_deref())?;
    let after = crate::route::cursor::<(i64, String)>(q.cursor.as_deref())?;
    let role = q.role.map(Role::as_str);
    let query = if q.sort.as_deref() == Some("-created_at") {
        let (at, name) = after.unwrap_or((i64::MAX, String::new()));
        sqlx::query(store::USER_NEWEST).bind(at).bind(name)
    } else {
        sqlx::query(store::USER_PAGE).bind(after.unwrap_or_default().1)
    };
    let rows = query.bind(role).bind(limit + 1).fetch_all(db.read()).await?;
    let total: i64 = sqlx::query_scalar(store::USER_COUNT).bind(role).fetch_one(db.read()).await?;
    let items = rows.iter().map(|r| stored(r).map(|s| s.user)).collect::<Result<Vec<_>>>()?;
    Ok(crate::route::page(items, limit, total, i64::MAX, |u: &User| (u.created_at.0, u.username.clone())))
}

fn check_name(name: &str) -> Result<()> {
    let good = !name.is_empty()
        && name.len() <= 64
        && name.chars().all(|c| c.is_alphanumeric() || "._-@".contains(c))
        && !matches!(name, "me" | "system" | "none");
    if good {
        Ok(())
    } else {
        Err(Error::field("username", "1 to 64 letters, digits, . _ - @; not a reserved word"))
    }
}

fn check_text(field: &str, text: Option<&str>) -> Result<()> {
    match text {
        Some(t) if t.chars().count() > 200 || t.chars().any(char::is_control) => {
            Err(Error::field(field, "at most 200 characters, no control characters"))
        }
        _ => Ok(()),
    }
}

impl Auth {
    /// Makes a user. AURORA-4090 when the name is taken.
    pub async fn create_user(&self, by: &Actor, c: CreateUser) -> Result<User> {
        check_name(&c.username)?;
        check_text("display_name", c.display_name.as_deref())?;
        check_text("email", c.email.as_deref())?;
        let hash = match (&c.password, c.role) {
            (Some(_), Role::ApiService) => {
                return Err(Error::field(
                    "password",
                    "api_service can't log in: it has keys, not a password",
                ));
            }
            (None, Role::ApiService) => None,
            (None, _) => return Err(Error::field("password", "a password has 12 to 256 characters")),
            (Some(p), _) => {
                password::check_rules("password", p)?;
                Some(self.passwords.hash(p.clone()).await?)
            }
        };
        let user = User {
            display_name: c
                .display_name
                .filter(|d| !d.trim().is_empty())
                .unwrap_or_else(|| c.username.clone()),
            username: c.username,
            email: c.email,
            role: c.role,
            disabled: false,
            created_at: self.world.now(),
            last_login_at: None,
        };
        self.insert(by, &user, hash, false).await?;
        Ok(user)
    }

    async fn insert(&self, by: &Actor, user: &User, hash: Option<String>, desktop: bool) -> Result<()> {
        let mut tx = self.db.write(by).await?;
        let insert = sqlx::query(store::USER_INSERT)
            .bind(&user.username)
            .bind(&user.display_name)
            .bind(&user.email)
            .bind(user.role.as_str())
            .bind(hash)
            .bind(user.created_at.0)
            .bind(desktop)
            .execute(tx.conn())
            .await;
        if matches!(&insert, Err(sqlx::Error::Database(e)) if e.is_unique_violation()) {
            return Err(Error::with(
                Code::Conflict,
                serde_json::json!({"field": "username", "reason": "taken"}),
            ));
        }
        insert?;
        tx.commit(Audit::new("user.create", "user", &user.username).after(user), &[]).await?;
        Ok(())
    }

    /// The desktop's own user of an OS account: an admin named after it, made at its first start. Answers the name, which
    /// start codes sign in from now on. Old sessions end.
    pub async fn ensure_desktop_user(&self, account: &str) -> Result<String> {
        let mut tx = self.db.write(&Actor::system()).await?;
        let now = self.world.now().0;
        sqlx::query(store::SESSIONS_OLD_DELETE).bind(now).execute(tx.conn()).await?;
        sqlx::query(store::FAMILIES_OLD_DELETE).bind(now).execute(tx.conn()).await?;
        tx.commit_bookkeeping().await?;
        let clean: String =
            account.chars().filter(|c| c.is_alphanumeric() || "._-@".contains(*c)).take(64).collect();
        let wanted = if check_name(&clean).is_ok() { clean } else { "analyst".into() };
        // A user made on the command line may have the account's name already; the window's own is another one.
        let mut username = wanted.clone();
        for n in 1..100 {
            match find(&self.db, &username).await? {
                Some(user) if user.desktop => return Ok(self.is_desktop(username)),
                Some(_) => {}
                None => break,
            }
            let cut: String = wanted.chars().take(50).collect();
            username = if n == 1 { format!("{cut}-desktop") } else { format!("{cut}-desktop-{n}") };
        }
        let user = User {
            display_name: username.clone(),
            username,
            email: None,
            role: Role::Admin,
            disabled: false,
            created_at: self.world.now(),
            last_login_at: None,
        };
        self.insert(&Actor::system(), &user, None, true).await?;
        Ok(self.is_desktop(user.username))
    }

    /// From now on start codes sign this user in.
    fn is_desktop(&self, username: String) -> String {
        *self.desktop.write().unwrap_or_else(|p| p.into_inner()) = Some(username.clone());
        username
    }

    /// Answers the user and the new version. Changes role, state, names, or resets the password; ends sessions where the change demands it.
    pub async fn patch_user(
        &self,
        by: &Actor,
        name: &str,
        change: PatchUser,
        if_match: crate::settings::IfMatch<'_>,
    ) -> Result<(User, i64)> {
        check_text("display_name", change.display_name.as_deref())?;
        check_text("email", change.email.as_ref().and_then(|e| e.as_deref()))?;
        if let Some(p) = &change.password {
            password::check_rules("password", p)?;
        }
        let new_hash = match change.password.clone() {
            Some(p) => Some(self.passwords.hash(p).await?),
            None => None,
        };
        let mut tx = self.db.write(by).await?;
        let row = sqlx::query(store::USER_GET).bind(name).fetch_optional(tx.conn()).await?;
        let old = row.as_ref().map(stored).transpose()?.ok_or_else(|| Error::new(Code::NotFound))?;
        if_match(old.version)?;
        let mut user = old.user.clone();
        user.role = change.role.unwrap_or(user.role);
        user.disabled = change.disabled.unwrap_or(user.disabled);
        user.display_name = change.display_name.unwrap_or(user.display_name);
        user.email = change.email.unwrap_or(user.email);
        if user.role == Role::ApiService && new_hash.is_some() {
            return Err(Error::field("password", "api_service can't log in"));
        }
        if old.user.role == Role::Admin && (user.role != Role::Admin || user.disabled) {
            if by.name == name {
                return Err(Error::conflict("not oneself"));
            }
            self.not_the_last_admin(&mut tx, name).await?;
        }
        let ends = user.disabled || new_hash.is_some() || user.role != old.user.role;
        sqlx::query(store::USER_UPDATE)
            .bind(name)
            .bind(&user.display_name)
            .bind(&user.email)
            .bind(user.role.as_str())
            .bind(user.disabled)
            .bind(new_hash.clone().or(old.password_hash))
            .execute(tx.conn())
            .await?;
        if ends {
            end_all(&mut tx, name).await?;
        }
        let action = if new_hash.is_some() { "user.reset_password" } else { "user.update" };
        tx.commit(Audit::new(action, "user", name).before(&old.user).after(&user), &[]).await?;
        self.forget();
        Ok((user, old.version + 1))
    }

    async fn not_the_last_admin(&self, tx: &mut crate::db::Tx, name: &str) -> Result<()> {
        let others: i64 =
            sqlx::query_scalar(store::USER_OTHER_ADMINS).bind(name).fetch_one(tx.conn()).await?;
        if others == 0 { Err(Error::conflict("the last admin")) } else { Ok(()) }
    }

    /// Removes a user with sessions, tokens and keys. Not the last admin, not oneself, not the desktop's own.
    pub async fn delete_user(
        &self,
        by: &Actor,
        name: &str,
        if_match: crate::settings::IfMatch<'_>,
    ) -> Result<()> {
        let mut tx = self.db.write(by).await?;
        let row = sqlx::query(store::USER_GET).bind(name).fetch_optional(tx.conn()).await?;
        let old = row.as_ref().map(stored).transpose()?.ok_or_else(|| Error::new(Code::NotFound))?;
        if_match(old.version)?;
        if by.name == name {
            return Err(Error::conflict("not oneself"));
        }
        if old.desktop {
            return Err(Error::conflict("the desktop's own user"));
        }
        if old.user.role == Role::Admin {
            self.not_the_last_admin(&mut tx, name).await?;
        }
        sqlx::query(store::USER_DELETE).bind(name).execute(tx.conn()).await?;
        tx.commit(Audit::new("user.delete", "user", name).before(&old.user), &[]).await?;
        self.forget();
        Ok(())
    }

    /// One's own password. All other sessions end; the caller's own goes on.
    pub async fn change_password(&self, by: &Actor, p: &Principal, c: ChangePassword) -> Result<()> {
        if p.via == super::Via::Key {
            return Err(Error::with(
                Code::Forbidden,
                serde_json::json!({"reason": "a key can't change a password"}),
            ));
        }
        password::check_rules("new_password", &c.new_password)?;
        let old = find(&self.db, &p.username).await?.ok_or_else(|| Error::new(Code::NotFound))?;
        let desktop_without = p.desktop && old.password_hash.is_none();
        if !desktop_without {
            self.throttle.admit(&p.username, None)?;
            let given = c.current_password.unwrap_or_default();
            if !self.passwords.verify(given, old.password_hash).await? {
                self.throttle.failed(&p.username);
                self.db.refused(by, "password.change", ("user", p.username.clone()), Code::Invalid).await;
                return Err(Error::field("current_password", "not the present password"));
            }
        }
        let hash = self.passwords.hash(c.new_password).await?;
        let mut tx = self.db.write(by).await?;
        sqlx::query(store::USER_PASSWORD).bind(&p.username).bind(hash).execute(tx.conn()).await?;
        let others = sqlx::query(store::SESSIONS_OTHERS_DELETE).bind(&p.username).bind(&p.label);
        others.execute(tx.conn()).await?;
        let others = sqlx::query(store::FAMILIES_OTHERS_REVOKE).bind(&p.username).bind(&p.handle);
        others.execute(tx.conn()).await?;
        tx.commit(Audit::new("password.change", "user", &p.username), &[]).await?;
        self.forget();
        Ok(())
    }

    /// How the UI looks for one user. Answers the new version.
    pub async fn set_preferences(
        &self,
        by: &Actor,
        name: &str,
        p: &Preferences,
        if_match: crate::settings::IfMatch<'_>,
    ) -> Result<i64> {
        let mut tx = self.db.write(by).await?;
        let row = sqlx::query(store::USER_GET).bind(name).fetch_optional(tx.conn()).await?;
        let old = row.as_ref().map(stored).transpose()?.ok_or_else(|| Error::new(Code::NotFound))?;
        if_match(old.version)?;
        let body = serde_json::to_string(p).map_err(Error::internal)?;
        sqlx::query(store::USER_PREFERENCES).bind(name).bind(body).execute(tx.conn()).await?;
        let audit = Audit::new("preferences.update", "user", name).before(old.preferences).after(p);
        tx.commit(audit, &[]).await?;
        Ok(old.version + 1)
    }
}

async fn end_all(tx: &mut crate::db::Tx, name: &str) -> Result<()> {
    sqlx::query(store::SESSIONS_OF_USER_DELETE).bind(name).execute(tx.conn()).await?;
    sqlx::query(store::FAMILIES_OF_USER_REVOKE).bind(name).execute(tx.conn()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{Kernel, Options, World, auth::token_key::KeyPlace, db::Actor};
    use api::{Role, users::CreateUser};

    async fn open(dir: &std::path::Path) -> Kernel {
        let options = Options {
            world: World::real(),
            dir,
            workspace: "test".into(),
            desktop: true,
            key: KeyPlace::Memory,
            warnings: vec![],
            migrations: &[],
            works: vec![],
        };
        Kernel::open(options).await.unwrap()
    }

    async fn signed_in(kernel: &Kernel) -> String {
        kernel.auth.open_by_code(&kernel.auth.start_code(), &Actor::system()).await.unwrap();
        let page = crate::audit::verify(&kernel.db).await.unwrap().unwrap();
        crate::audit::get(&kernel.db, page).await.unwrap().unwrap().actor
    }

    #[tokio::test]
    async fn each_account_has_a_desktop_user_of_its_own_and_none_made_by_hand() {
        let dir = tempfile::tempdir().unwrap();
        let kernel = open(dir.path()).await;
        assert_eq!(kernel.auth.ensure_desktop_user("ann").await.unwrap(), "ann");
        assert_eq!(signed_in(&kernel).await, "ann");
        // The same workspace opened by another account, whose name was given to a user by hand.
        let by_hand = CreateUser {
            username: "bob".into(),
            role: Role::Viewer,
            password: Some("correct horse battery".into()),
            display_name: None,
            email: None,
        };
        kernel.auth.create_user(&Actor::system(), by_hand).await.unwrap();
        for _ in 0..2 {
            assert_eq!(kernel.auth.ensure_desktop_user("bob").await.unwrap(), "bob-desktop");
            assert_eq!(signed_in(&kernel).await, "bob-desktop");
        }
        assert_eq!(kernel.auth.ensure_desktop_user("ann").await.unwrap(), "ann");
        assert_eq!(signed_in(&kernel).await, "ann");
    }
}
