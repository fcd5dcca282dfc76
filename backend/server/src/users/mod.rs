//! Users and one's own preferences.

use crate::{App, auth::principal};
use api::{Code, Page, users::*};
use axum::http::HeaderName;
use kernel::{
    Error, Result,
    auth::users,
    route::{Answer, Call, Routes},
};

/// Routes of this domain.
pub fn routes() -> Routes<App> {
    Routes::default()
        .with(me)
        .with(change_password)
        .with(set_preferences)
        .with(list)
        .with(create)
        .with(get)
        .with(patch)
        .with(delete)
}

async fn me(app: App, call: Call<UserMe>) -> Result<Answer<Me>> {
    let p = principal(&call.caller.principal, &())?;
    let stored = users::find(&app.kernel.db, &p.username).await?.ok_or_else(|| Error::new(Code::NotFound))?;
    let me = Me {
        user: stored.user,
        permissions: p.permissions(),
        preferences: stored.preferences,
        desktop: p.desktop,
    };
    let answer = Answer::from(me).version(stored.version);
    Ok(match &p.csrf {
        Some(csrf) => answer.header(HeaderName::from_static("x-csrf-token"), csrf),
        None => answer,
    })
}

async fn change_password(app: App, call: Call<PasswordChange>) -> Result<Answer<()>> {
    let p = principal(&call.caller.principal, &())?;
    app.kernel.auth.change_password(&call.caller.actor, &p, call.body).await?;
    Ok(().into())
}

async fn set_preferences(app: App, call: Call<PreferencesPut>) -> Result<Answer<Preferences>> {
    let (caller, check) = (&call.caller, call.if_match());
    let auth = &app.kernel.auth;
    let version = auth.set_preferences(&caller.actor, caller.name(), &call.body, &check).await?;
    Ok(Answer::from(call.body).version(version))
}

async fn list(app: App, call: Call<UsersList>) -> Result<Answer<Page<User>>> {
    Ok(users::page(&app.kernel.db, &call.query).await?.into())
}

async fn create(app: App, call: Call<UserCreate>) -> Result<Answer<User>> {
    let user = app.kernel.auth.create_user(&call.caller.actor, call.body).await?;
    let at = format!("/api/v1/users/{}", user.username);
    Ok(Answer::from(user).location(&at).version(1))
}

async fn get(app: App, call: Call<UserGet>) -> Result<Answer<User>> {
    let stored = users::find(&app.kernel.db, &call.path.username).await?;
    let stored = stored.ok_or_else(|| Error::new(Code::NotFound))?;
    Ok(Answer::from(stored.user).version(stored.version))
}

async fn patch(app: App, call: Call<UserPatch>) -> Result<Answer<User>> {
    let check = call.if_match();
    let name = &call.path.username;
    let (user, version) = app.kernel.auth.patch_user(&call.caller.actor, name, call.body, &check).await?;
    Ok(Answer::from(user).version(version))
}

async fn delete(app: App, call: Call<UserDelete>) -> Result<Answer<()>> {
    let check = call.if_match();
    app.kernel.auth.delete_user(&call.caller.actor, &call.path.username, &check).await?;
    Ok(().into())
}
