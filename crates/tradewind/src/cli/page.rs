//! Long lists a page at a time.

use api::actions::{
    Action, AlikesWanted, CampaignsWanted, CasesWanted, ComplaintsWanted, EventsWanted, PulledWanted, QuarantineWanted,
    QueueWanted, SignInsWanted, UsersWanted,
};
use clap::{Args, Subcommand};

/// Which page.
#[derive(Debug, Args)]
pub(crate) struct PageOptions {
    /// Behind where the page before ended: its `next`.
    #[arg(long)]
    pub(crate) cursor: Option<String>,
    /// Items of a page, at most 500.
    #[arg(long)]
    pub(crate) limit: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PageCommand {
    /// Accounts, by main address.
    Users {
        /// The name or an address has this in it.
        #[arg(long)]
        search: Option<String>,
        /// Of this organisation.
        #[arg(long)]
        organisation: Option<String>,
        /// The main address is at this domain.
        #[arg(long)]
        domain: Option<String>,
        /// active, disabled or frozen.
        #[arg(long)]
        state: Option<String>,
        /// With this role, as the job or beside it.
        #[arg(long)]
        role: Option<String>,
        /// person, shared or service.
        #[arg(long)]
        kind: Option<String>,
        #[command(flatten)]
        page: PageOptions,
    },
    /// Sign-ins, the latest first.
    SignIns {
        /// Of the account with this address; of all if left out.
        #[arg(long)]
        address: Option<String>,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
        /// Only those that people were told of, or that were stopped.
        #[arg(long)]
        odd: bool,
        /// accepted, wrong, disabled, factor-needed, refused, frozen or throttled.
        #[arg(long)]
        outcome: Option<String>,
        /// At this moment or later: 2026-11-27, or 2026-11-27T08:30:00Z.
        #[arg(long)]
        since: Option<String>,
        /// Before this moment.
        #[arg(long)]
        until: Option<String>,
        #[command(flatten)]
        page: PageOptions,
    },
    /// What was decided on sensitive actions, the latest first.
    Audit {
        /// Brought about by the account with this address, or by `operator`.
        #[arg(long)]
        actor: Option<String>,
        /// The action of this name.
        #[arg(long)]
        action: Option<String>,
        /// On something that has this in it.
        #[arg(long)]
        object: Option<String>,
        /// allowed, refused, step-up, waiting, approved, rejected, done or failed.
        #[arg(long)]
        outcome: Option<String>,
        /// At this moment or later: 2026-11-27, or 2026-11-27T08:30:00Z.
        #[arg(long)]
        since: Option<String>,
        /// Before this moment.
        #[arg(long)]
        until: Option<String>,
        #[command(flatten)]
        page: PageOptions,
    },
    /// Messages that are not yet delivered to all recipients, the latest first.
    Queue {
        /// The sender or a recipient has this in the address.
        #[arg(long)]
        search: Option<String>,
        /// With a recipient at this domain.
        #[arg(long)]
        domain: Option<String>,
        /// That are held (true), or are not (false).
        #[arg(long)]
        held: Option<bool>,
        /// That were tried before and are tried again (true), or were not (false).
        #[arg(long)]
        deferred: Option<bool>,
        #[command(flatten)]
        page: PageOptions,
    },
    /// Messages that wait in quarantine, the latest first.
    Quarantine {
        /// For the account with this address; for all if left out.
        #[arg(long)]
        address: Option<String>,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
        /// The sender or the subject has this in it.
        #[arg(long)]
        search: Option<String>,
        #[command(flatten)]
        page: PageOptions,
    },
    /// Cases of the trade guard, the latest first.
    Cases {
        /// Also those that are closed.
        #[arg(long)]
        all: bool,
        /// open, proposed, honest or fraud.
        #[arg(long)]
        state: Option<String>,
        /// The partner, the sender or the subject has this in it.
        #[arg(long)]
        search: Option<String>,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
        #[command(flatten)]
        page: PageOptions,
    },
    /// Copies that were pulled back after delivery, the latest first.
    Pulled {
        /// The sender or the subject has this in it.
        #[arg(long)]
        search: Option<String>,
        /// The address of the mailbox has this in it.
        #[arg(long)]
        person: Option<String>,
        /// junk, quarantine or returned.
        #[arg(long)]
        place: Option<String>,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
        #[command(flatten)]
        page: PageOptions,
    },
    /// Campaigns, the largest first.
    Campaigns {
        /// Days that are looked back.
        #[arg(long)]
        days: Option<u32>,
        /// The author, the subject or what they share has this in it.
        #[arg(long)]
        search: Option<String>,
        /// Only those of which something reached an inbox.
        #[arg(long)]
        reached: bool,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
        #[command(flatten)]
        page: PageOptions,
    },
    /// Complaints, the latest first.
    Complaints {
        /// Days that are looked back.
        #[arg(long)]
        days: Option<u32>,
        /// received or sent.
        #[arg(long)]
        direction: Option<String>,
        /// The subject, the sender, or who complains or to whom has this in it.
        #[arg(long)]
        search: Option<String>,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
        #[command(flatten)]
        page: PageOptions,
    },
    /// Domains that look like ours, the latest found first.
    Alikes {
        /// The domain, or the one of ours that it is like, has this in it.
        #[arg(long)]
        search: Option<String>,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
        #[command(flatten)]
        page: PageOptions,
    },
}

impl PageCommand {
    /// What it asks for.
    pub(crate) fn action(self) -> Action {
        match self {
            Self::Users { search, organisation, domain, state, role, kind, page: PageOptions { cursor, limit } } => {
                Action::UserPage(UsersWanted { search, organisation, domain, state, role, kind, cursor, limit })
            }
            Self::SignIns { address, organisation, odd, outcome, since, until, page } => {
                let PageOptions { cursor, limit } = page;
                let wanted = SignInsWanted {
                    address,
                    organisation,
                    odd,
                    outcome,
                    since,
                    until,
                    cursor,
                    limit,
                    ..SignInsWanted::default()
                };
                Action::SignInPage(wanted)
            }
            Self::Audit { actor, action, object, outcome, since, until, page: PageOptions { cursor, limit } } => {
                Action::AuditPage(EventsWanted {
                    actor,
                    of_action: action,
                    object,
                    outcome,
                    since,
                    until,
                    cursor,
                    limit,
                })
            }
            Self::Queue { search, domain, held, deferred, page: PageOptions { cursor, limit } } => {
                Action::QueuePage(QueueWanted { search, domain, held, deferred, cursor, limit })
            }
            Self::Quarantine { address, organisation, search, page: PageOptions { cursor, limit } } => {
                Action::QuarantinePage(QuarantineWanted {
                    address,
                    organisation,
                    search,
                    language: None,
                    cursor,
                    limit,
                })
            }
            Self::Cases { all, state, search, organisation, page: PageOptions { cursor, limit } } => {
                Action::GuardCasePage(CasesWanted { all, state, search, organisation, cursor, limit })
            }
            Self::Pulled { search, person, place, organisation, page: PageOptions { cursor, limit } } => {
                Action::PulledPage(PulledWanted { search, person, place, organisation, cursor, limit })
            }
            Self::Campaigns { days, search, reached, organisation, page: PageOptions { cursor, limit } } => {
                Action::CampaignPage(CampaignsWanted { days, search, reached, organisation, cursor, limit })
            }
            Self::Complaints { days, direction, search, organisation, page: PageOptions { cursor, limit } } => {
                Action::ComplaintPage(ComplaintsWanted { days, direction, search, organisation, cursor, limit })
            }
            Self::Alikes { search, organisation, page: PageOptions { cursor, limit } } => {
                Action::GuardAlikePage(AlikesWanted { search, organisation, cursor, limit })
            }
        }
    }
}
