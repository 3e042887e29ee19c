//! Sensitive actions: the one list of what needs a fresh strong factor, and what a second person as well.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{Action, Level};

/// From which protection level on a second person has to approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// At no level, unless the organisation asks for it.
    Never,
    /// From this level on.
    From(Level),
}

/// Who needs a strong factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// Whoever acts.
    Always,
    /// Whoever has a factor: without one nobody could add the first.
    OnceEnrolled,
}

/// A sensitive action and what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sensitive {
    /// The action.
    pub action: Action,
    /// Who needs a strong factor for it.
    pub strength: Strength,
    /// Whether a second person has to approve.
    pub approval: Approval,
}

const fn sensitive(action: Action, approval: Approval) -> Sensitive {
    Sensitive { action, strength: Strength::Always, approval }
}

const fn once_enrolled(action: Action) -> Sensitive {
    Sensitive { action, strength: Strength::OnceEnrolled, approval: Approval::Never }
}

/// All sensitive actions. Whatever is not here needs no step-up.
pub const SENSITIVE: &[Sensitive] = &[
    sensitive(Action::ForwardingChange, Approval::From(Level::Trade)),
    sensitive(Action::SharedChange, Approval::Never),
    sensitive(Action::AccountThaw, Approval::Never),
    // A successor comes to read the mail of whoever left: somebody else agrees, at every level.
    sensitive(Action::AccountRetire, Approval::From(Level::Basic)),
    sensitive(Action::AccountDelete, Approval::From(Level::Enhanced)),
    sensitive(Action::MailExport, Approval::From(Level::Trade)),
    sensitive(Action::DirectoryExport, Approval::Never),
    sensitive(Action::PolicyChange, Approval::From(Level::Trade)),
    sensitive(Action::HoldChange, Approval::From(Level::Trade)),
    // What the law wants kept would be lost, or copies of everybody's mail go elsewhere: somebody else agrees, at every level.
    sensitive(Action::JournalChange, Approval::From(Level::Basic)),
    // Many people's mail is opened without their being asked: somebody else agrees, at every level.
    sensitive(Action::InvestigationOpen, Approval::From(Level::Basic)),
    sensitive(Action::InvestigationWork, Approval::Never),
    sensitive(Action::InvestigationExport, Approval::From(Level::Trade)),
    sensitive(Action::SubjectChange, Approval::Never),
    // What is erased does not come back: somebody else agrees, at every level.
    sensitive(Action::SubjectErase, Approval::From(Level::Basic)),
    sensitive(Action::RoleGive, Approval::From(Level::Trade)),
    sensitive(Action::RoleDefine, Approval::From(Level::Trade)),
    sensitive(Action::KeyChange, Approval::Never),
    sensitive(Action::KeyExport, Approval::From(Level::Basic)),
    sensitive(Action::ProtectionLower, Approval::From(Level::Enhanced)),
    sensitive(Action::CertificateChange, Approval::Never),
    sensitive(Action::AuditRead, Approval::Never),
    sensitive(Action::EvidenceReport, Approval::Never),
    sensitive(Action::ReportSubscribe, Approval::Never),
    sensitive(Action::ConnectorChange, Approval::Never),
    sensitive(Action::PasswordReset, Approval::Never),
    sensitive(Action::FactorReset, Approval::From(Level::Trade)),
    sensitive(Action::ProvisioningChange, Approval::From(Level::Trade)),
    // Closing a case has a second person of its own.
    sensitive(Action::GuardChange, Approval::Never),
    sensitive(Action::GrantAsk, Approval::Never),
    sensitive(Action::GrantApprove, Approval::Never),
    sensitive(Action::ApprovalDecide, Approval::Never),
    sensitive(Action::OutboundReplay, Approval::Never),
    once_enrolled(Action::OutboundDecide),
    once_enrolled(Action::DelegationChange),
    once_enrolled(Action::PasswordChange),
    once_enrolled(Action::FactorChange),
    once_enrolled(Action::ClientAdd),
];

impl Action {
    /// What the action needs beyond a row, if it is sensitive.
    #[must_use]
    pub fn sensitivity(self) -> Option<&'static Sensitive> {
        SENSITIVE.iter().find(|sensitive| sensitive.action == self)
    }
}

/// What an organisation asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepUpPolicy {
    /// Its protection level.
    pub level: Level,
    /// How long a strong factor counts after it was shown.
    pub max_age: Duration,
    /// Where the organisation departs from the level: whether a second person has to approve.
    pub approvals: BTreeMap<Action, bool>,
}

/// What an allowed action still needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepUp {
    /// How old the last show of a strong factor may be.
    pub max_age: Duration,
    /// Whether only [`Strength::OnceEnrolled`].
    pub strength: Strength,
    /// Whether a second person has to approve.
    pub approval: bool,
}

impl StepUpPolicy {
    /// What the level asks for.
    #[must_use]
    pub fn of(level: Level, max_age: Duration) -> Self {
        Self { level, max_age, approvals: BTreeMap::new() }
    }

    /// What `action` needs; none if it is not sensitive.
    #[must_use]
    pub fn need(&self, action: Action) -> Option<StepUp> {
        let sensitive = action.sensitivity()?;
        let by_level = match sensitive.approval {
            Approval::Never => false,
            Approval::From(level) => self.level >= level,
        };
        let approval = self.approvals.get(&action).copied().unwrap_or(by_level);
        Some(StepUp { max_age: self.max_age, strength: sensitive.strength, approval })
    }
}
