//! Users and their own preferences.

use crate::{Empty, Page, Role, Time, present};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

words! {
    /// Colours.
    pub enum Theme { System "system", Dark "dark", Light "light", }
}
words! {
    /// Language of the UI.
    pub enum Language { En "en", Ar "ar", }
}
words! {
    /// Row height.
    pub enum Density { Compact "compact", Default "default", Relaxed "relaxed", }
}
words! {
    /// How times are shown.
    pub enum TimeZone { Utc "utc", Local "local", }
}

/// A user.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct User {
    /// Unique, 1 to 64 characters.
    pub username: String,
    /// For people.
    pub display_name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// What the user may.
    pub role: Role,
    /// Can't sign in.
    pub disabled: bool,
    /// When made.
    pub created_at: Time,
    /// Last sign-in.
    pub last_login_at: Option<Time>,
}

/// How one user wants the UI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preferences {
    /// Colours.
    pub theme: Theme,
    /// Language.
    pub language: Language,
    /// Row height.
    pub density: Density,
    /// Times.
    pub time_zone: TimeZone,
}

impl Default for Preferences {
    fn default() -> Self {
        Preferences {
            theme: Theme::System,
            language: Language::En,
            density: Density::Default,
            time_zone: TimeZone::Utc,
        }
    }
}

/// The caller.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Me {
    /// Who.
    #[serde(flatten)]
    pub user: User,
    /// Permission words that these credentials hold now.
    pub permissions: Vec<String>,
    /// How the UI shall be.
    pub preferences: Preferences,
    /// Whether this is the desktop's own session, which has no password.
    pub desktop: bool,
}

/// Body of POST /users.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// 1 to 64 characters: letters, digits, `.`, `_`, `-`, `@`.
    pub username: String,
    /// 12 to 256 characters; none for `api_service`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// What the user may.
    pub role: Role,
    /// For people; the user name if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// Body of PATCH /users/{username}.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PatchUser {
    /// New role.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Role")]
    pub role: Option<Role>,
    /// Ends all sessions when true.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub disabled: Option<bool>,
    /// A reset: ends all sessions.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub password: Option<String>,
    /// For people.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub display_name: Option<String>,
    /// null clears.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub email: Option<Option<String>>,
}

/// Body of POST /users/me/password.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The present one; left out by the desktop's own session, which has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_password: Option<String>,
    /// 12 to 256 characters.
    pub new_password: String,
}

/// Path of one user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserPath {
    /// User name.
    pub username: String,
}

list_query! {
    /// Query of GET /users.
    UserList {
        /// Only this role.
        role: Role,
    }
}

routes! {
    #[doc = "Current user profile"]
    UserMe: GET "/api/v1/users/me", Authenticated, path Empty, query Empty, body None () => 200 Json Me;
    #[doc = "Change own password"]
    PasswordChange: POST "/api/v1/users/me/password", Personal, path Empty, query Empty, body Json ChangePassword => 204 Empty ();
    #[doc = "Change how the UI looks for the caller"]
    PreferencesPut: PUT "/api/v1/users/me/preferences", Personal, path Empty, query Empty, body Json Preferences => 200 Json Preferences;
    #[doc = "List users"]
    UsersList: GET "/api/v1/users", Admin, path Empty, query UserList, body None () => 200 Json Page<User>;
    #[doc = "Create user"]
    UserCreate: POST "/api/v1/users", Admin, path Empty, query Empty, body Json CreateUser => 201 Json User;
    #[doc = "One user"]
    UserGet: GET "/api/v1/users/{username}", Admin, path UserPath, query Empty, body None () => 200 Json User;
    #[doc = "Change role, disable, reset"]
    UserPatch: PATCH "/api/v1/users/{username}", Admin, path UserPath, query Empty, body Json PatchUser => 200 Json User;
    #[doc = "Delete user"]
    UserDelete: DELETE "/api/v1/users/{username}", Admin, path UserPath, query Empty, body None () => 204 Empty ();
}
