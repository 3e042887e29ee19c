//! Which second factors count and for whom one is required, by level and role: a table, which settings can only raise.

use std::collections::BTreeSet;
use std::time::Duration;

use ::factors::FactorKind;
use ::factors::ocsp::OcspMode;
use env::Timestamp;

use crate::{Level, Role};

env::settings! {
    /// Second factors: who must have one. The level of an organisation says so; what stands here can only ask for more.
    pub struct FactorSettings in "factors" {
        /// Ask everybody for a second factor, at every level.
        required_for_all: bool = false,
        /// Kinds that do not count although the level allows them: "sms", "totp", "passkey", "hardware-key", "ukey".
        refused: Vec<String> = Vec::new(),
        /// Days in which people go on with their password alone in mail clients until they have enrolled, from when the level asks for it or the account was made. On the web they are asked to enrol at once.
        grace_days: u64 = 14,
        /// Whether a client certificate's authority is asked (OCSP) if it is revoked: "off"; "if_named": where the certificate names a responder, for whose answer a current revocation list may stand in; "required": always.
        ocsp: OcspMode = OcspMode::IfNamed,
        /// Name of this service in authenticator apps; empty for the host name of the server.
        issuer: String = String::new(),
    }
}

/// What a level asks of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorRule {
    /// Kinds that count, the weakest first.
    pub allowed: BTreeSet<FactorKind>,
    /// Whether one of them is required.
    pub required: bool,
}

/// Kinds that the row names, and whether one is required; the first row that fits holds.
struct Row {
    level: Level,
    /// No roles: all.
    roles: &'static [Role],
    allowed: &'static [FactorKind],
    required: bool,
}

use FactorKind::{HardwareKey, Passkey, Sms, Totp, Ukey};

/// The table (M4). At `trade` those who can change settings or pay need a key that cannot be copied and that answers no forged page.
const TABLE: &[Row] = &[
    Row { level: Level::Basic, roles: &[], allowed: &[Sms, Totp, Passkey, HardwareKey, Ukey], required: false },
    Row { level: Level::Enhanced, roles: &[], allowed: &[Totp, Passkey, HardwareKey, Ukey], required: true },
    Row {
        level: Level::Trade,
        roles: &[Role::Admin, Role::Security, Role::Finance],
        allowed: &[HardwareKey, Ukey],
        required: true,
    },
    Row { level: Level::Trade, roles: &[], allowed: &[Totp, Passkey, HardwareKey, Ukey], required: true },
];

/// Words in `factors.refused` that name no kind of factor, or all that a role would have left; to be shown at start.
///
/// # Errors
/// A sentence that names the setting.
pub fn check_settings(settings: &FactorSettings) -> Result<(), String> {
    for word in &settings.refused {
        word.parse::<FactorKind>().map_err(|error| format!("factors.refused: {error}"))?;
    }
    for row in TABLE {
        if factor_rule(settings, row.level, row.roles.first().copied().unwrap_or(Role::Sales)).allowed.is_empty() {
            return Err(format!(
                "factors.refused leaves no kind of second factor at the level {}; nobody could sign in",
                row.level
            ));
        }
    }
    Ok(())
}

/// What holds for `role` at `level`.
#[must_use]
pub fn factor_rule(settings: &FactorSettings, level: Level, role: Role) -> FactorRule {
    let row = TABLE.iter().find(|row| row.level == level && (row.roles.is_empty() || row.roles.contains(&role)));
    let allowed = row.map_or(&[][..], |row| row.allowed).iter().copied();
    let is_refused = |kind: &FactorKind| settings.refused.iter().any(|word| word == kind.as_str());
    FactorRule {
        allowed: allowed.filter(|kind| !is_refused(kind)).collect(),
        required: settings.required_for_all || row.is_none_or(|row| row.required),
    }
}

/// What is asked of an account besides its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactorDemand {
    /// Nothing.
    Nothing,
    /// One of the enrolled factors, or a recovery code.
    Show {
        /// Kinds that are enrolled and count.
        kinds: BTreeSet<FactorKind>,
    },
    /// One must be enrolled that counts.
    Enrol {
        /// Kinds that count.
        kinds: BTreeSet<FactorKind>,
        /// Enrolled kinds that no longer count, one of which is to be shown before another is enrolled.
        weaker: BTreeSet<FactorKind>,
        /// Until when mail clients still go on with the password alone.
        grace_until: Timestamp,
    },
}

impl FactorDemand {
    /// Whether the account's password alone opens IMAP, POP and SMTP.
    #[must_use]
    pub fn password_opens_mail(&self, now: Timestamp) -> bool {
        match self {
            Self::Nothing => true,
            Self::Show { .. } => false,
            Self::Enrol { weaker, grace_until, .. } => weaker.is_empty() && now < *grace_until,
        }
    }

    /// Of an account with `enrolled` factors, which exists under the demand since `since`.
    #[must_use]
    pub fn new(
        settings: &FactorSettings,
        rule: &FactorRule,
        enrolled: &BTreeSet<FactorKind>,
        since: Timestamp,
    ) -> Self {
        let kinds: BTreeSet<_> = enrolled.intersection(&rule.allowed).copied().collect();
        let weaker: BTreeSet<_> = enrolled.difference(&rule.allowed).copied().collect();
        if !kinds.is_empty() {
            // Who has a strong factor is not let in by a weak one.
            return Self::Show { kinds };
        }
        if !rule.required && weaker.is_empty() {
            return Self::Nothing;
        }
        let grace = Duration::from_secs(settings.grace_days.saturating_mul(86_400));
        Self::Enrol { kinds: rule.allowed.clone(), weaker, grace_until: since.plus(grace) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(kinds: &[FactorKind]) -> BTreeSet<FactorKind> {
        kinds.iter().copied().collect()
    }

    #[test]
    fn every_level_and_role_has_a_rule() {
        let settings = FactorSettings::default();
        for &level in Level::ALL {
            for &role in Role::ALL {
                let rule = factor_rule(&settings, level, role);
                assert!(!rule.allowed.is_empty(), "{level} {role}");
                assert!(rule.allowed.contains(&HardwareKey) && rule.allowed.contains(&Ukey), "{level} {role}");
                assert_eq!(rule.allowed.contains(&Sms), level == Level::Basic, "{level} {role}");
                assert_eq!(rule.required, level != Level::Basic, "{level} {role}");
                let wants_hardware =
                    level == Level::Trade && matches!(role, Role::Admin | Role::Security | Role::Finance);
                assert_eq!(rule.allowed.contains(&Totp), !wants_hardware, "{level} {role}");
                assert_eq!(rule.allowed.contains(&Passkey), !wants_hardware, "{level} {role}");
            }
        }
    }

    #[test]
    fn settings_only_raise() {
        let raised = FactorSettings {
            required_for_all: true,
            refused: vec!["sms".to_owned(), "totp".to_owned()],
            ..FactorSettings::default()
        };
        for &level in Level::ALL {
            for &role in Role::ALL {
                let (before, after) =
                    (factor_rule(&FactorSettings::default(), level, role), factor_rule(&raised, level, role));
                assert!(after.allowed.is_subset(&before.allowed) && after.required, "{level} {role}");
            }
        }
        assert_eq!(check_settings(&raised), Ok(()));
        let refusing = |words: &[&str]| FactorSettings {
            refused: words.iter().map(|&word| word.to_owned()).collect(),
            ..FactorSettings::default()
        };
        assert!(check_settings(&refusing(&["mail"])).unwrap_err().contains("no kind of second factor"));
        assert!(check_settings(&refusing(&["hardware-key", "ukey"])).unwrap_err().contains("level trade"));
    }

    #[test]
    fn what_is_asked_follows_from_what_is_enrolled() {
        let settings = FactorSettings::default();
        let since = Timestamp::from_seconds(1_800_000_000);
        let demand = |level, role, enrolled: &[FactorKind]| {
            FactorDemand::new(&settings, &factor_rule(&settings, level, role), &kinds(enrolled), since)
        };
        assert_eq!(demand(Level::Basic, Role::Sales, &[]), FactorDemand::Nothing);
        // Who has enrolled one is asked for it, also where none is required.
        assert_eq!(demand(Level::Basic, Role::Sales, &[Sms]), FactorDemand::Show { kinds: kinds(&[Sms]) });
        assert_eq!(demand(Level::Enhanced, Role::Sales, &[Sms, Totp]), FactorDemand::Show { kinds: kinds(&[Totp]) });
        let late = since.plus(Duration::from_secs(15 * 86_400));
        let none = demand(Level::Trade, Role::Finance, &[]);
        assert!(none.password_opens_mail(since) && !none.password_opens_mail(late));
        // A weaker factor is still more than none.
        let weaker = demand(Level::Trade, Role::Finance, &[Totp]);
        assert!(matches!(&weaker, FactorDemand::Enrol { weaker, .. } if *weaker == kinds(&[Totp])));
        assert!(!weaker.password_opens_mail(since));
        assert!(!demand(Level::Basic, Role::Sales, &[Totp]).password_opens_mail(since));
    }
}
