//! The one typed list of permissions. A permission is a type, so that a route carries it and a service can demand it.

/// How a permission is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nobody is asked.
    Public,
    /// Any valid credentials.
    Authenticated,
    /// Any valid credentials but an API key: what belongs to the person.
    Personal,
    /// Role admin.
    Admin,
    /// The word, by role or key scope.
    Word,
    /// A sensor's own key.
    SensorKey,
}

/// A permission as a type.
pub trait Perm: Send + Sync + 'static {
    /// As in the contract's table.
    const NAME: &'static str;
    /// How it is checked.
    const ACCESS: Access;
    /// A finer right that this route also accepts (see [`crate::FINER`]).
    const ALSO: Option<&'static str> = None;
}

/// One entry of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermInfo {
    /// As in the contract's table.
    pub name: &'static str,
    /// How it is checked.
    pub access: Access,
}

macro_rules! perms {
    ($($name:ident $text:literal $access:ident $(also $also:literal)?,)*) => {
        /// The permission types.
        pub mod perm {
            $(#[doc = concat!("`", $text, "`")] #[derive(Debug)] pub struct $name;
            impl super::Perm for $name {
                const NAME: &'static str = $text;
                const ACCESS: super::Access = super::Access::$access;
                $(const ALSO: Option<&'static str> = Some($also);)?
            })*
            /// All of them.
            pub const ALL: &[super::PermInfo] = &[$(super::PermInfo { name: $text, access: super::Access::$access }),*];
        }
    };
}
perms! {
    Public "Public" Public,
    Authenticated "Authenticated" Authenticated,
    Personal "Authenticated" Personal,
    Admin "Admin" Admin,
    SensorKey "sensor key" SensorKey,
    AlertsRead "alerts:read" Word,
    AlertsWrite "alerts:write" Word,
    AlertsAcknowledge "alerts:write" Word also "alerts:acknowledge",
    CasesRead "cases:read" Word,
    CasesWrite "cases:write" Word,
    SiemRead "siem:read" Word,
    SiemWrite "siem:write" Word,
    EdrRead "edr:read" Word,
    EdrWrite "edr:write" Word,
    PlaybooksRead "playbooks:read" Word,
    SoarRead "soar:read" Word,
    SoarWrite "soar:write" Word,
    SoarExecute "soar:write" Word also "soar:execute",
    InvestigationsRead "investigations:read" Word,
    InvestigationsWrite "investigations:write" Word,
    NetworkRead "network:read" Word,
    NetworkWrite "network:write" Word,
    AgentsRead "agents:read" Word,
    ChatRead "chat:read" Word,
    ChatWrite "chat:write" Word,
    ApprovalsRead "approvals:read" Word,
    ApprovalsDecide "approvals:decide" Word,
    ReportsRead "reports:read" Word,
    ReportsWrite "reports:write" Word,
    IocsRead "iocs:read" Word,
    IocsWrite "iocs:write" Word,
    SystemRead "system:read" Word,
    SystemWrite "system:write" Word,
}
