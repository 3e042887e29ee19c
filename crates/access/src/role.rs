use std::fmt;

env::words! {
    /// Protection level of an organisation.
    Level "protection level" allowed "basic, enhanced, trade" {
        /// Transport encryption and rules.
        Basic = "basic",
        /// And end-to-end encryption, learned model, stronger second factors.
        Enhanced = "enhanced",
        /// And what trading across borders needs.
        Trade = "trade",
    }

    /// What a person does in the organisation; access follows from it.
    Role "role" allowed "sales, finance, management, it, auditor, admin, security" {
        /// Buys and sells.
        Sales = "sales",
        /// Pays and books.
        Finance = "finance",
        /// Leads.
        Management = "management",
        /// Keeps the machines.
        It = "it",
        /// Reads what others did.
        Auditor = "auditor",
        /// Administers accounts.
        Admin = "admin",
        /// Decides on roles, policies and what is dangerous: the security officer.
        Security = "security",
    }

    /// On whose things.
    Scope "scope" allowed "own, group, organisation, region" {
        /// One's own account.
        Own = "own",
        /// Accounts and things of a group that one is in.
        Group = "group",
        /// All that belongs to one's organisation.
        Organisation = "organisation",
        /// All that is kept in one's region, whosever it is.
        Region = "region",
    }

    /// What a row does.
    Effect "effect" allowed "allow, deny" {
        /// Allows, unless another row denies.
        Allow = "allow",
        /// Refuses, whatever other rows allow.
        Deny = "deny",
    }
}

impl Scope {
    pub(crate) const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Whom a row speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// Every person with an account.
    Everyone,
    /// Every service account, and nothing else that it is.
    Service,
    /// Whoever has the machine: the command line at the server.
    Operator,
    /// Those with this shipped role.
    Job(Role),
    /// Those with this custom role, by its identifier.
    Custom(i64),
}

impl Holder {
    /// The holders that come with the program.
    pub const SHIPPED: &'static [Self] = &[
        Self::Everyone,
        Self::Service,
        Self::Operator,
        Self::Job(Role::Sales),
        Self::Job(Role::Finance),
        Self::Job(Role::Management),
        Self::Job(Role::It),
        Self::Job(Role::Auditor),
        Self::Job(Role::Admin),
        Self::Job(Role::Security),
    ];
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::Service => f.write_str("service"),
            Self::Operator => f.write_str("operator"),
            Self::Job(role) => role.fmt(f),
            Self::Custom(id) => write!(f, "custom:{id}"),
        }
    }
}
