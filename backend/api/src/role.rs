//! Roles and what they may.

use crate::{Access, perm};

words! {
    /// Who a user is.
    pub enum Role {
        /// Everything.
        Admin "admin",
        /// Every read and write but system:write and user administration; decides approvals.
        Analyst "analyst",
        /// Reads the working areas; acknowledges alerts and runs enabled playbooks.
        Operator "operator",
        /// Every read but system:read.
        Viewer "viewer",
        /// Only the scopes of its key; can't log in.
        ApiService "api_service",
    }
}

/// The finer rights, which the area's `:write` includes.
pub const FINER: &[(&str, &str)] = &[("alerts:acknowledge", "alerts:write"), ("soar:execute", "soar:write")];

/// Areas that an operator reads.
const OPERATOR_READS: &[&str] =
    &["alerts", "cases", "siem", "edr", "network", "investigations", "agents", "playbooks", "soar"];

/// Whether the role holds the permission word (not `Public`, `Authenticated` or `Admin`).
pub fn grants(role: Role, word: &str) -> bool {
    let (area, right) = word.split_once(':').unwrap_or((word, ""));
    match role {
        Role::Admin => true,
        Role::Analyst => word != "system:write",
        Role::Operator => {
            (right == "read" && OPERATOR_READS.contains(&area))
                || matches!(word, "alerts:acknowledge" | "soar:execute")
        }
        Role::Viewer => right == "read" && area != "system",
        Role::ApiService => false,
    }
}

/// Every permission word that the role holds: what a key of such a user may be scoped to.
pub fn scopes_of(role: Role) -> Vec<&'static str> {
    let words = perm::ALL.iter().filter(|p| p.access == Access::Word).map(|p| p.name);
    let mut all: Vec<_> = words.chain(FINER.iter().map(|f| f.0)).filter(|w| grants(role, w)).collect();
    all.sort_unstable();
    all.dedup();
    all
}
