//! Signing in and out, providers, API keys.

use crate::{Empty, Page, Time, users::User};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

words! {
    /// Kind of sign-in.
    pub enum ProviderKind { Local "local", Oidc "oidc", Saml "saml", }
}

/// One way to sign in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Provider {
    /// Stable id.
    pub id: String,
    /// Kind.
    pub kind: ProviderKind,
    /// For people.
    pub name: String,
    /// Where to start.
    pub login_url: String,
}

/// The ways to sign in that are configured.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Providers {
    /// At least `local`.
    pub providers: Vec<Provider>,
}

/// Body of POST /auth/token.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// `password` (the default) or `refresh_token`.
    #[serde(default)]
    pub grant_type: Option<String>,
    /// For `password`.
    #[serde(default)]
    pub username: Option<String>,
    /// For `password`.
    #[serde(default)]
    pub password: Option<String>,
    /// For `refresh_token`.
    #[serde(default)]
    pub refresh_token: Option<String>,
    /// Accepted and ignored.
    #[serde(default)]
    pub scope: Option<String>,
    /// Accepted and ignored.
    #[serde(default)]
    pub client_id: Option<String>,
    /// Accepted and ignored.
    #[serde(default)]
    pub client_secret: Option<String>,
}

/// An access token and the refresh token that goes with it.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct Token {
    /// JWT.
    pub access_token: String,
    /// `bearer`.
    pub token_type: String,
    /// Seconds.
    pub expires_in: u32,
    /// One use.
    pub refresh_token: String,
    /// Who.
    pub user: User,
}

/// Body of POST /auth/session: a start code, or a name and a password.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionRequest {
    /// The shell's start code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// User name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// An API key without its secret.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ApiKey {
    /// Id, part of the secret.
    pub id: String,
    /// For people.
    pub name: String,
    /// Start of the secret, to recognise it.
    pub prefix: String,
    /// Permission words.
    pub scopes: Vec<String>,
    /// Whose.
    pub owner: String,
    /// When made.
    pub created_at: Time,
    /// When it ends.
    pub expires_at: Time,
    /// Last use, to the minute.
    pub last_used_at: Option<Time>,
}

/// A new API key.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct NewApiKey {
    /// The key.
    #[serde(flatten)]
    pub key: ApiKey,
    /// `aurora_key_<id>_<random>`: shown once.
    pub secret: String,
}

/// Body of POST /auth/api-keys.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApiKey {
    /// 1 to 100 characters.
    pub name: String,
    /// A subset of one's own rights.
    pub scopes: Vec<String>,
    /// 1 to 365 days (90).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_days: Option<u32>,
    /// For an admin: a user of role api_service whose key it shall be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// Path of one key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyPath {
    /// Id of the key.
    pub key_id: String,
}

/// Query of OIDC and SAML routes: whatever the identity provider sends.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct FederationQuery {}

list_query! {
    /// Query of GET /auth/api-keys.
    KeyList {}
}

routes! {
    #[doc = "List configured auth providers"]
    AuthProviders: GET "/api/v1/auth/providers", Public, path Empty, query Empty, body None () => 200 Json Providers;
    #[doc = "Obtain JWT access token"]
    AuthToken: POST "/api/v1/auth/token", Public, path Empty, query Empty, body JsonOrForm TokenRequest => 200 Json Token;
    #[doc = "Cookie session by start code or password"]
    AuthSession: POST "/api/v1/auth/session", Public, path Empty, query Empty, body Json SessionRequest => 204 Empty ();
    #[doc = "Initiate OIDC login flow"]
    OidcLogin: GET "/api/v1/auth/oidc/login", Public, path Empty, query FederationQuery, body None () => 302 Raw ();
    #[doc = "OIDC callback handler"]
    OidcCallback: GET "/api/v1/auth/oidc/callback", Public, path Empty, query FederationQuery, body None () => 302 Raw ();
    #[doc = "Initiate SAML login"]
    SamlLogin: GET "/api/v1/auth/saml/login", Public, path Empty, query FederationQuery, body None () => 302 Raw ();
    #[doc = "SAML assertion consumer"]
    SamlAcs: POST "/api/v1/auth/saml/acs", Public, path Empty, query FederationQuery, body Stream () => 302 Raw ();
    #[doc = "Invalidate session"]
    AuthLogout: POST "/api/v1/auth/logout", Personal, path Empty, query Empty, body None () => 204 Empty ();
    #[doc = "List API keys"]
    KeysList: GET "/api/v1/auth/api-keys", Authenticated, path Empty, query KeyList, body None () => 200 Json Page<ApiKey>;
    #[doc = "Create API key"]
    KeyCreate: POST "/api/v1/auth/api-keys", Personal, path Empty, query Empty, body Json CreateApiKey => 201 Json NewApiKey;
    #[doc = "Revoke API key"]
    KeyDelete: DELETE "/api/v1/auth/api-keys/{key_id}", Personal, path KeyPath, query Empty, body None () => 204 Empty ();
    #[doc = "Make a new token key: every access token and refresh token ends"]
    TokenKeyRenew: POST "/api/v1/auth/token-key/renew", Admin, path Empty, query Empty, body None () => 204 Empty ();
}
