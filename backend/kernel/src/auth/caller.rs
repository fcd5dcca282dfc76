//! The proof of who calls with which right.

use crate::db::Actor;
use api::{Access, FINER, Perm, Role, grants};
use std::{marker::PhantomData, net::IpAddr, sync::Arc};

/// How the caller signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Browser session; writes need the CSRF value.
    Cookie,
    /// `Authorization: Bearer`.
    Token,
    /// `X-API-Key`, or a bearer that is an API key.
    Key,
}

/// An authenticated caller.
#[derive(Clone, Debug)]
pub struct Principal {
    /// User name.
    pub username: String,
    /// Role now.
    pub role: Role,
    /// Scopes of the key.
    pub scopes: Option<Vec<String>>,
    /// `session:…`, `token:…`, `key:…`: never a secret.
    pub label: String,
    /// How.
    pub via: Via,
    /// Value that writes by cookie must carry.
    pub csrf: Option<String>,
    /// The desktop's own session.
    pub desktop: bool,
    /// When these credentials end, milliseconds since the epoch.
    pub ends: i64,
    /// Token family, session fingerprint or key id in hexadecimal, to end it.
    pub handle: String,
}

impl Principal {
    /// Whether these credentials hold a permission word now.
    pub fn holds(&self, word: &str) -> bool {
        let by_role = match (self.role, &self.scopes) {
            (Role::ApiService, Some(_)) => true,
            (role, _) => grants(role, word),
        };
        let parent = FINER.iter().find(|(fine, _)| *fine == word).map(|(_, parent)| *parent);
        let by_scope =
            self.scopes.as_ref().is_none_or(|s| s.iter().any(|s| s == word || Some(s.as_str()) == parent));
        by_role && by_scope
    }

    /// Whether these credentials open a route.
    pub fn may(&self, access: Access, word: &str, also: Option<&str>) -> bool {
        match access {
            Access::Public | Access::Authenticated => true,
            Access::Personal => self.scopes.is_none(),
            Access::Admin => self.role == Role::Admin && self.scopes.is_none(),
            Access::Word => self.holds(word) || also.is_some_and(|w| self.holds(w)),
            Access::SensorKey => false,
        }
    }

    /// All permission words that these credentials hold now.
    pub fn permissions(&self) -> Vec<String> {
        let mut all: Vec<_> =
            api::scopes_of(Role::Admin).into_iter().filter(|w| self.holds(w)).map(String::from).collect();
        if self.may(Access::Admin, "Admin", None) {
            all.push("admin".into());
        }
        all
    }
}

/// Proof that the call may use permission `P`. Only the route layer and, named, the job runner make one.
pub struct Caller<P> {
    /// For audit rows.
    pub actor: Actor,
    /// Who; none on public routes without credentials.
    pub principal: Option<Arc<Principal>>,
    /// Peer address.
    pub address: Option<IpAddr>,
    _p: PhantomData<fn() -> P>,
}

impl<P: Perm> Caller<P> {
    pub(crate) fn new(actor: Actor, principal: Option<Arc<Principal>>, address: Option<IpAddr>) -> Self {
        Caller { actor, principal, address, _p: PhantomData }
    }

    /// User name; empty for the public.
    pub fn name(&self) -> &str {
        self.principal.as_ref().map_or("", |p| &p.username)
    }
}
