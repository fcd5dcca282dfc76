//! Signing in and out, API keys; what is not configured says so.

use crate::App;
use api::{Code, Page, auth::*};
use axum::{http::HeaderName, response::Response};
use kernel::{
    Error, Result,
    auth::{Principal, keys},
    db::Actor,
    route::{Answer, Call, RawCall, Routes},
};
use serde_json::json;
use std::sync::Arc;

/// Routes of this domain.
pub fn routes() -> Routes<App> {
    Routes::default()
        .with(providers)
        .with(token)
        .with(session)
        .with(log_out)
        .with(list_keys)
        .with(create_key)
        .with(delete_key)
        .with(renew)
        .with_raw(|_, c: RawCall<OidcLogin>| not_configured(c, "oidc"))
        .with_raw(|_, c: RawCall<OidcCallback>| not_configured(c, "oidc"))
        .with_raw(|_, c: RawCall<SamlLogin>| not_configured(c, "saml"))
        .with_raw(|_, c: RawCall<SamlAcs>| not_configured(c, "saml"))
}

pub(crate) fn principal<P>(p: &Option<Arc<Principal>>, _: &P) -> Result<Arc<Principal>> {
    p.clone().ok_or_else(|| Error::new(Code::AuthRequired))
}

async fn providers(_: App, _: Call<AuthProviders>) -> Result<Answer<Providers>> {
    let local = Provider {
        id: "local".into(),
        kind: ProviderKind::Local,
        name: "Local account".into(),
        login_url: "/api/v1/auth/session".into(),
    };
    Ok(Providers { providers: vec![local] }.into())
}

async fn not_configured<R: api::Route>(_: RawCall<R>, kind: &'static str) -> Result<Response> {
    Err(Error::with(Code::NotFound, json!({"reason": format!("{kind} is not configured on this server")})))
}

async fn token(app: App, call: Call<AuthToken>) -> Result<Answer<Token>> {
    let (b, auth, by) = (call.body, &app.kernel.auth, &call.caller.actor);
    let missing = |f: &str| Error::field(f, "missing");
    let token = match b.grant_type.as_deref() {
        Some("refresh_token") => {
            let refresh = b.refresh_token.ok_or_else(|| missing("refresh_token"))?;
            auth.token_by_refresh(&refresh, by).await?
        }
        None | Some("password") => {
            let name = b.username.ok_or_else(|| missing("username"))?;
            let password = b.password.ok_or_else(|| missing("password"))?;
            auth.token_by_password(&name, &password, by, call.caller.address).await?
        }
        Some(_) => return Err(Error::field("grant_type", "known are password and refresh_token")),
    };
    Ok(token.into())
}

async fn session(app: App, call: Call<AuthSession>) -> Result<Answer<()>> {
    let (b, auth) = (call.body, &app.kernel.auth);
    let actor = Actor { request_id: call.caller.actor.request_id.clone(), ..call.caller.actor };
    let new = match (b.code, b.username, b.password) {
        (Some(code), None, None) => auth.open_by_code(&code, &actor).await?,
        (None, Some(name), Some(password)) => {
            auth.open_by_password(&name, &password, &actor, call.caller.address).await?
        }
        _ => return Err(Error::field("code", "either code, or username and password")),
    };
    Ok(Answer::from(())
        .header(axum::http::header::SET_COOKIE, &new.cookie)
        .header(HeaderName::from_static("x-csrf-token"), &new.csrf))
}

async fn log_out(app: App, call: Call<AuthLogout>) -> Result<Answer<()>> {
    let p = principal(&call.caller.principal, &())?;
    let cookie = app.kernel.auth.log_out(&call.caller.actor, &p).await?;
    Ok(Answer::from(()).header(axum::http::header::SET_COOKIE, &cookie))
}

async fn list_keys(app: App, call: Call<KeysList>) -> Result<Answer<Page<ApiKey>>> {
    let p = principal(&call.caller.principal, &())?;
    let limit = kernel::route::limit(call.query.limit)?;
    kernel::route::only_sort(call.query.sort.as_deref(), &["-created_at"])?;
    kernel::route::count_cap(call.query.count.as_deref())?;
    let skip = kernel::route::cursor::<(i64, String)>(call.query.cursor.as_deref())?;
    let all = keys::list(&app.kernel.auth, &p).await?;
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let key = |k: &ApiKey| (k.created_at.0, k.id.clone());
    let after = |k: &ApiKey| skip.as_ref().is_none_or(|s| key(k) < *s);
    let items = all.into_iter().filter(after).take(limit as usize + 1).collect();
    Ok(kernel::route::page(items, limit, total, i64::MAX, key).into())
}

async fn create_key(app: App, call: Call<KeyCreate>) -> Result<Answer<NewApiKey>> {
    let p = principal(&call.caller.principal, &())?;
    let new = keys::create(&app.kernel.auth, &call.caller.actor, &p, call.body).await?;
    let at = format!("/api/v1/auth/api-keys/{}", new.key.id);
    Ok(Answer::from(new).location(&at))
}

async fn delete_key(app: App, call: Call<KeyDelete>) -> Result<Answer<()>> {
    let p = principal(&call.caller.principal, &())?;
    let check = call.if_match();
    keys::delete(&app.kernel.auth, &call.caller.actor, &p, &call.path.key_id, &check).await?;
    Ok(().into())
}

async fn renew(app: App, call: Call<TokenKeyRenew>) -> Result<Answer<()>> {
    app.kernel.auth.renew_token_key(&call.caller.actor).await?;
    Ok(().into())
}
