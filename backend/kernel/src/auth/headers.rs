//! Credentials out of request headers.

use super::{Auth, Principal, Via, fingerprint};
use crate::{Error, Result};
use api::Code;
use axum::http::{HeaderMap, Method, header};
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// Header that writes by cookie must carry.
pub const CSRF: &str = "x-csrf-token";

/// Whether the page that calls is of the host that it calls. The scheme is a proxy's matter.
fn from_here(h: &HeaderMap) -> bool {
    let text = |name| h.get(name).and_then(|v| v.to_str().ok());
    let origin = text(header::ORIGIN).and_then(|o| o.split_once("://")).map(|(_, host)| host);
    origin.is_some_and(|o| text(header::HOST).is_some_and(|host| o.eq_ignore_ascii_case(host)))
}

impl Auth {
    /// Who calls. `None` without any credentials; more than one kind at once is refused (AURORA-4012).
    pub(crate) async fn authenticate(&self, h: &HeaderMap) -> Result<Option<Arc<Principal>>> {
        let bearer = match h.get_all(header::AUTHORIZATION).iter().collect::<Vec<_>>()[..] {
            [] => None,
            [one] => Some(
                one.to_str()
                    .ok()
                    .and_then(|v| v.split_once(' '))
                    .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
                    .map(|(_, token)| token.trim())
                    .ok_or_else(|| Error::new(Code::BadCredentials))?,
            ),
            _ => return Err(Error::new(Code::BadCredentials)),
        };
        let key = match h.get_all("x-api-key").iter().collect::<Vec<_>>()[..] {
            [] => None,
            [one] => Some(one.to_str().map_err(|_| Error::new(Code::BadCredentials))?),
            _ => return Err(Error::new(Code::BadCredentials)),
        };
        match (bearer, key, self.cookie(h)) {
            (Some(_), Some(_), _) => Err(Error::new(Code::BadCredentials)),
            (Some(secret), None, _) | (None, Some(secret), _) => self.by_secret(secret).await.map(Some),
            (None, None, Some(cookie)) => self.by_session(&cookie).await.map(Some),
            (None, None, None) => Ok(None),
        }
    }

    /// By access token or API key.
    pub(crate) async fn by_secret(&self, secret: &str) -> Result<Arc<Principal>> {
        if secret.starts_with("aurora_key_") {
            self.by_key(secret).await
        } else {
            self.by_token(secret).await
        }
    }

    /// Writes by cookie need the CSRF value, and the page that they come from must be ours.
    pub(crate) fn check_csrf(&self, p: &Principal, method: &Method, h: &HeaderMap) -> Result<()> {
        if p.via != Via::Cookie || method.is_safe() {
            return Ok(());
        }
        let sent = h.get(CSRF).map_or(&b""[..], |v| v.as_bytes());
        let good = p.csrf.as_deref().is_some_and(|c| bool::from(c.as_bytes().ct_eq(sent)));
        let reason = match good {
            false => "a write by cookie needs the header X-CSRF-Token",
            true if !from_here(h) => "a write by cookie needs an Origin that is this server's",
            true => return Ok(()),
        };
        Err(Error::with(Code::Forbidden, serde_json::json!({"reason": reason})))
    }

    fn cookie(&self, h: &HeaderMap) -> Option<String> {
        let (name, _) = self.cookie.read().unwrap_or_else(|p| p.into_inner()).clone();
        let pairs =
            h.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
        pairs.filter_map(|p| p.trim().split_once('=')).find(|(n, _)| *n == name).map(|(_, v)| v.to_owned())
    }

    /// `Set-Cookie` for a new session, or the one that ends it.
    pub(crate) fn set_cookie(&self, value: Option<&str>) -> String {
        let (name, secure) = self.cookie.read().unwrap_or_else(|p| p.into_inner()).clone();
        let secure = if secure { "; Secure" } else { "" };
        match value {
            Some(v) => format!("{name}={v}; Path=/; HttpOnly; SameSite=Strict{secure}"),
            None => format!("{name}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0{secure}"),
        }
    }

    /// The caller by API key, checked against its owner's present rights.
    async fn by_key(&self, secret: &str) -> Result<Arc<Principal>> {
        self.look_up(fingerprint(secret), super::keys::find(self, secret)).await
    }
}
