//! Access tokens (JWT, RFC 7519, HS256, typ `at+jwt` of RFC 9068) and rotating refresh tokens.

use super::{Auth, Principal, Via, fingerprint, store, users};
use crate::{
    Error, Result,
    db::{Actor, Audit},
};
use api::{Code, Role, auth::Token};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode};
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use std::{net::IpAddr, sync::Arc};

/// Claims of an access token.
#[derive(Debug, Serialize, Deserialize)]
pub struct Claims {
    /// `aurorasoc`.
    pub iss: String,
    /// `aurorasoc-api`.
    pub aud: String,
    /// User name.
    pub sub: String,
    /// Role when it was made; the present one counts.
    pub role: String,
    /// Ends, seconds since the epoch. No leeway.
    pub exp: i64,
    /// Not before.
    pub nbf: i64,
    /// Made.
    pub iat: i64,
    /// Id of the token.
    pub jti: String,
    /// Its refresh family.
    pub fam: String,
}

const ISSUER: &str = "aurorasoc";
const AUDIENCE: &str = "aurorasoc-api";
const TYPE: &str = "at+jwt";
const ACCESS_S: i64 = 900;
const FAMILY_MS: i64 = 30 * 24 * 3_600_000;

/// Checks a compact JWS (RFC 7515) with a key that stands for one algorithm (HS256), and gives its header and payload.
/// Other algorithms are refused by name, whatever the header says, and so is a critical header member: none is known.
pub fn verify_jws(
    token: &str,
    algorithm: &str,
    key: &[u8],
) -> std::result::Result<(serde_json::Value, Vec<u8>), String> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
    if algorithm != "HS256" {
        return Err(format!("algorithm {algorithm} is not used here"));
    }
    let mut parts = token.split('.');
    let (Some(h), Some(p), Some(s), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err("not three parts".into());
    };
    let header: serde_json::Value = B64
        .decode(h)
        .ok()
        .and_then(|h| serde_json::from_slice(&h).ok())
        .ok_or("the header is not base64url of JSON")?;
    if header.get("alg").and_then(|a| a.as_str()) != Some("HS256") {
        return Err("the header names another algorithm than the key's".into());
    }
    if header.get("crit").is_some() {
        return Err("critical header parameters are not understood".into());
    }
    let message = token.get(..h.len() + 1 + p.len()).unwrap_or_default();
    let good =
        jsonwebtoken::crypto::verify(s, message.as_bytes(), &DecodingKey::from_secret(key), Algorithm::HS256);
    if !good.map_err(|e| e.to_string())? {
        return Err("the signature does not fit".into());
    }
    B64.decode(p).map(|payload| (header, payload)).map_err(|e| e.to_string())
}

impl Auth {
    /// Token for a name and a password.
    pub async fn token_by_password(
        &self,
        name: &str,
        password: &str,
        actor: &Actor,
        address: Option<IpAddr>,
    ) -> Result<Token> {
        let user = self.check_password(name, password, actor, address).await?;
        let now = self.world.now().0;
        let family = self.world.id();
        let label = format!("token:{family}");
        let actor = Actor { name: name.into(), session: Some(label), ..actor.clone() };
        let mut tx = self.db.write(&actor).await?;
        let insert =
            sqlx::query(store::FAMILY_INSERT).bind(&family).bind(name).bind(now).bind(now + FAMILY_MS);
        insert.execute(tx.conn()).await?;
        sqlx::query(store::USER_LOGIN).bind(name).bind(now).execute(tx.conn()).await?;
        let refresh = self.world.secret::<32>();
        let insert = sqlx::query(store::REFRESH_INSERT).bind(fingerprint(&refresh).to_vec()).bind(&family);
        insert.execute(tx.conn()).await?;
        tx.commit(Audit::new("token.issue", "token", &family), &[]).await?;
        self.token(user, family, refresh)
    }

    /// Token for a refresh token; a reused one revokes its family.
    pub async fn token_by_refresh(&self, refresh: &str, actor: &Actor) -> Result<Token> {
        let hash = fingerprint(refresh).to_vec();
        let now = self.world.now().0;
        let row = sqlx::query(store::REFRESH_GET).bind(&hash).fetch_optional(self.db.read()).await?;
        let Some(row) = row else {
            return Err(self.refused_refresh(actor, "unknown").await);
        };
        let family: String = row.try_get("family")?;
        let name: String = row.try_get("username")?;
        let actor = Actor { name: name.clone(), session: Some(format!("token:{family}")), ..actor.clone() };
        if row.try_get::<bool, _>("revoked")? {
            return Err(self.refused_refresh(&actor, &family).await);
        }
        if row.try_get::<i64, _>("expires_at")? <= now {
            return Err(Error::new(Code::TokenExpired));
        }
        let mut tx = self.db.write(&actor).await?;
        let used = sqlx::query(store::REFRESH_USE).bind(&hash).bind(now).execute(tx.conn()).await?;
        if used.rows_affected() == 0 {
            sqlx::query(store::FAMILY_REVOKE).bind(&family).execute(tx.conn()).await?;
            let audit = Audit {
                result: Code::BadCredentials.as_str(),
                ..Audit::new("token.reused", "token", &family)
            };
            tx.commit(audit, &[]).await?;
            self.forget();
            return Err(Error::new(Code::BadCredentials));
        }
        let user = users::find(&self.db, &name).await?.filter(|u| !u.user.disabled);
        let user = user.ok_or_else(|| Error::new(Code::BadCredentials))?;
        let next = self.world.secret::<32>();
        let insert = sqlx::query(store::REFRESH_INSERT).bind(fingerprint(&next).to_vec()).bind(&family);
        insert.execute(tx.conn()).await?;
        tx.commit(Audit::new("token.refresh", "token", &family), &[]).await?;
        self.token(user, family, next)
    }

    /// A refusal with its audit row, of which anybody can cause so many a minute only.
    async fn refused_refresh(&self, actor: &Actor, family: &str) -> Error {
        if self.may_note_refusal() {
            self.db.refused(actor, "token.refresh", ("token", family.into()), Code::BadCredentials).await;
        }
        Error::new(Code::BadCredentials)
    }

    fn token(&self, user: users::Stored, family: String, refresh: String) -> Result<Token> {
        let now = self.world.now().0.div_euclid(1000);
        let claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: user.user.username.clone(),
            role: user.user.role.as_str().into(),
            exp: now + ACCESS_S,
            nbf: now,
            iat: now,
            jti: self.world.id(),
            fam: family,
        };
        let header = Header { typ: Some(TYPE.into()), ..Header::new(Algorithm::HS256) };
        let token =
            encode(&header, &claims, &EncodingKey::from_secret(&self.key())).map_err(Error::internal)?;
        Ok(Token {
            access_token: token,
            token_type: "bearer".into(),
            expires_in: u32::try_from(ACCESS_S).unwrap_or(900),
            refresh_token: refresh,
            user: user.user,
        })
    }

    /// The caller by access token.
    pub(super) async fn by_token(&self, token: &str) -> Result<Arc<Principal>> {
        self.look_up(fingerprint(token), async {
            let claims = self.check(token)?;
            let row = sqlx::query(store::FAMILY_GET).bind(&claims.fam).fetch_optional(self.db.read()).await?;
            let row = row.ok_or_else(|| Error::new(Code::BadCredentials))?;
            let wrong = row.try_get::<bool, _>("revoked")?
                || row.try_get::<bool, _>("disabled")?
                || row.try_get::<String, _>("username")? != claims.sub;
            if wrong {
                return Err(Error::new(Code::BadCredentials));
            }
            Ok(Principal {
                username: claims.sub,
                role: Role::parse(row.try_get("role")?)
                    .ok_or_else(|| Error::internal("a role that is none"))?,
                scopes: None,
                label: format!("token:{}", claims.fam),
                via: Via::Token,
                csrf: None,
                desktop: false,
                ends: claims.exp * 1000,
                handle: claims.fam,
            })
        })
        .await
    }

    /// Signature, type, issuer, audience, times. The clock is the World's, so times are checked here.
    fn check(&self, token: &str) -> Result<Claims> {
        let bad = || Error::new(Code::BadCredentials);
        let (header, payload) = verify_jws(token, "HS256", &self.key()).map_err(|_| bad())?;
        // Just what is issued: a member more (kid, jku, x5c, b64, zip, …) would ask for something that is not done.
        if header != serde_json::json!({"alg": "HS256", "typ": TYPE}) {
            return Err(bad());
        }
        let claims: Claims = serde_json::from_slice(&payload).map_err(|_| bad())?;
        if claims.iss != ISSUER || claims.aud != AUDIENCE {
            return Err(bad());
        }
        let now = self.world.now().0.div_euclid(1000);
        if claims.exp <= now {
            return Err(Error::new(Code::TokenExpired));
        }
        let sane = claims.nbf <= now && claims.iat <= now && claims.exp - claims.iat <= ACCESS_S;
        if sane { Ok(claims) } else { Err(bad()) }
    }
}
