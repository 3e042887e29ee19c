//! The list of actions. A line is: what it does, its name and what it must be told, the right that it needs, what it concerns, and
//! the function that carries it out.

use std::path::PathBuf;

use ::access::Action as Right;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::backup::earlier::{self, EarlierDomain, EarlierMail};
use super::caller::Bounds;
use super::declare::actions;
use super::evidence::EvidenceWanted;
use super::export::MailToTakeOut;
use super::grants::{self, GrantRequest};
use super::import::{MailToImport, MailToTakeOver};
use super::on::On;
use super::{
    Controls, Refused, access, approvals, audit, backup, blocklists, clients, connectors, defence_pages, dkim, dmarc,
    domain_records, evidence, export, factors, forward, groups, guard, import, investigation, journal, judging, keys,
    leave, levels, lists, openpgp, outbound, overview_report, pages, people, portal, protection, provisioning,
    quarantine, queue, receipt, regions, rehearse, retention, retention_rules, roles, scrub, settings, shared_feeds,
    sharing, sign_ins, smime, space, store, subjects, threats, tls, trace, whole,
};

actions! {
    |controls, bounds|

    /// List organisations with their protection levels.
    OrganisationList "organisation-list": OrganisationRead on On::Within => people::list_organisations(controls, bounds);
    /// Change the protection level of an organisation.
    OrganisationLevel "organisation-level" { level: String, organisation: Option<String> }: PolicyChange
        on On::Organisation(organisation.as_deref()) => people::set_level(controls, bounds, level, organisation);

    /// Take mail for a domain.
    DomainAdd "domain-add" { domain: String, organisation: Option<String> }: DomainChange
        on On::Organisation(organisation.as_deref()) => people::add_domain(controls, bounds, domain, organisation);
    /// List domains.
    DomainList "domain-list": DomainRead on On::Within => people::list_domains(controls, bounds);
    /// Show the records that the zone of a domain is to have, as a file and one by one, and what DNS shows of them at this moment.
    DomainRecords "domain-records" { domain: String }: DomainRead on On::Domain(domain) => domain_records::list(controls, domain);
    /// Stop taking mail for a domain without addresses.
    DomainRemove "domain-remove" { domain: String }: DomainChange on On::Domain(domain) => people::remove_domain(controls, domain);

    /// Make an account.
    UserAdd "user-add" (new: people::NewUser): AccountCreate on On::DomainOf(&new.address) => people::add_user(controls, new);
    /// List accounts.
    UserList "user-list": AccountRead on On::Within => people::list_users(controls, bounds);
    /// A page of accounts, by main address.
    UserPage "user-page" (wanted: pages::UsersWanted): AccountRead on On::Within => pages::users(controls, bounds, wanted);
    /// Set a new password; a fresh one is made and told if none is given.
    UserPassword "user-password" { address: String, password: Option<String> }: PasswordReset
        on On::Account(address) => people::set_password(controls, address, password);
    /// Put an account in or out of use.
    UserState "user-state" { address: String, enabled: bool }: AccountState on On::Account(address) => people::set_state(controls, address, enabled);
    /// Set the room for mail in MiB; 0 for no limit.
    UserQuota "user-quota" { address: String, mib: u64 }: AccountChange on On::Account(address) => people::set_quota(controls, address, mib);
    /// Show an account.
    UserShow "user-show" { address: String }: AccountRead on On::Account(address) => people::show_user(controls, address);
    /// Somebody leaves: end every way in, make a shared mailbox of the account, let a successor read it for a time, hold its mail, answer
    /// who writes to it.
    UserLeave "user-leave" (leaver: leave::Leaver): AccountRetire on On::Account(&leaver.address) => leave::leave(controls, bounds, leaver);
    /// List the accounts that take the most room, the largest first.
    SpaceList "space-list" { limit: u32, organisation: Option<String> }: AccountRead
        on On::Organisation(organisation.as_deref()) => space::list(controls, bounds, limit, organisation);
    /// Show what takes the room of an account: large files, unopened ones, doubled ones, what never was mail. No word of its mail is shown.
    SpaceShow "space-show" { address: String }: AccountRead on On::Account(address) => space::show(controls, address);
    /// Destroy an account's key and with it all its mail, for ever.
    UserDelete "user-delete" { address: String }: AccountDelete on On::Account(address) => people::delete_user(controls, address);
    /// Add another address to an account.
    AliasAdd "alias-add" { address: String, alias: String }: AliasChange on On::Account(address) => people::add_alias(controls, address, alias);
    /// Remove an additional address.
    AliasRemove "alias-remove" { alias: String }: AliasChange on On::Account(alias) => people::remove_alias(controls, alias);

    /// List the second factors of an account, and what is asked of it.
    FactorList "factor-list" { address: String }: FactorRead on On::Account(address) => factors::list(controls, address);
    /// List who must have a second factor by level and role, and has none that counts.
    FactorMissing "factor-missing": FactorRead on On::Within => factors::list_missing(controls, bounds);
    /// Take a second factor from an account. From one's own, what is the last that counts stays where one is required.
    FactorRemove "factor-remove" { address: String, id: i64 }: FactorReset on On::Account(address) => factors::remove(controls, bounds, address, id);
    /// Make a new sheet of recovery codes for an account; those of an earlier sheet no longer count.
    FactorRecoveryCodes "factor-recovery-codes" { address: String }: FactorReset
        on On::Account(address) => factors::make_recovery_codes(controls, address);
    /// Trust an authority for client certificates (UKey): its certificate in PEM.
    AuthorityAdd "authority-add" { certificate: String, organisation: Option<String> }: PolicyChange
        on On::Organisation(organisation.as_deref()) => factors::add_authority(controls, bounds, certificate, organisation);
    /// List the authorities for client certificates.
    AuthorityList "authority-list" { organisation: Option<String> }: PolicyRead
        on On::Organisation(organisation.as_deref()) => factors::list_authorities(controls, bounds, organisation);
    /// Replace the revocation list of an authority: in PEM.
    AuthorityCrl "authority-crl" { id: i64, crl: String, organisation: Option<String> }: PolicyChange
        on On::Organisation(organisation.as_deref()) => factors::set_crl(controls, bounds, id, crl, organisation);
    /// Trust an authority for client certificates no longer.
    AuthorityRemove "authority-remove" { id: i64, organisation: Option<String> }: PolicyChange
        on On::Organisation(organisation.as_deref()) => factors::remove_authority(controls, bounds, id, organisation);

    /// Pass mail of an account on to another address; its owner is told.
    ForwardAdd "forward-add" (new: forward::NewTarget): ForwardingChange on On::Account(&new.address) => forward::add(controls, bounds, new);
    /// Stop passing mail of an account on to an address; its owner is told.
    ForwardRemove "forward-remove" { address: String, target: String, by: String }: ForwardingChange
        on On::Account(address) => forward::remove(controls, bounds, address, target, by);
    /// List where mail of an account, or of all, is passed on to.
    ForwardList "forward-list" { address: Option<String> }: AccountRead
        on address.as_deref().map_or(On::Within, On::Account) => forward::list(controls, bounds, address);

    /// List the web sessions of an account.
    SessionList "session-list" { address: String }: SessionRead on On::Account(address) => clients::list_sessions(controls, address);
    /// End a web session of an account; without number, everything that anybody is signed in to it with.
    SessionEnd "session-end" { address: String, id: Option<i64> }: SessionEnd on On::Account(address) => clients::end_session(controls, address, id);
    /// List the app passwords of an account.
    AppPasswordList "app-password-list" { address: String }: ClientRead on On::Account(address) => clients::list_app_passwords(controls, address);
    /// Make an app password for a device; it is told once.
    AppPasswordAdd "app-password-add" (new: clients::NewDevice): ClientAdd on On::Account(&new.address) => clients::add_app_password(controls, new);
    /// Take an app password away; what is signed in with it ends at once.
    AppPasswordRevoke "app-password-revoke" { address: String, id: i64 }: ClientRevoke
        on On::Account(address) => clients::revoke_app_password(controls, address, id);
    /// List the programs that an account has connected by OAuth.
    ProgramList "program-list" { address: String }: ClientRead on On::Account(address) => clients::list_programs(controls, address);
    /// Disconnect a program at once.
    ProgramRevoke "program-revoke" { address: String, id: i64 }: ClientRevoke
        on On::Account(address) => clients::revoke_program(controls, address, id);
    /// List the clients of the OAuth server.
    OauthClientList "oauth-client-list" { organisation: Option<String> }: PolicyRead
        on On::Organisation(organisation.as_deref()) => clients::list_clients(controls, bounds, organisation);
    /// Register a client of the OAuth server; its secret is told once.
    OauthClientAdd "oauth-client-add" (new: clients::NewProgram): PolicyChange
        on On::Organisation(new.organisation.as_deref()) => clients::add_client(controls, bounds, new);
    /// Remove a client of the OAuth server with everything that people have allowed it.
    OauthClientRemove "oauth-client-remove" { client_id: String, organisation: Option<String> }: PolicyChange
        on On::Organisation(organisation.as_deref()) => clients::remove_client(controls, bounds, client_id, organisation);

    /// Make a group.
    GroupAdd "group-add" (new: groups::GroupToMake): GroupChange on new.on() => groups::add(controls, bounds, new);
    /// List groups.
    GroupList "group-list" { organisation: Option<String> }: GroupRead
        on On::Organisation(organisation.as_deref()) => groups::list(controls, bounds, organisation);
    /// Show a group with its members and owners.
    GroupShow "group-show" (name: groups::GroupName): GroupRead on name.on() => groups::show(controls, bounds, name);
    /// Say who may write to a group.
    GroupSenders "group-senders" { name: groups::GroupName, senders: String }: GroupChange
        on name.on() => groups::set_senders(controls, bounds, name, senders);
    /// Delete a group; its members stay what they are.
    GroupRemove "group-remove" (name: groups::GroupName): GroupChange on name.on() => groups::remove(controls, bounds, name);
    /// Put somebody into a group, or let them answer for it.
    GroupMemberAdd "group-member-add" { name: groups::GroupName, member: String, owner: bool }: GroupChange
        on name.on() => groups::add_member(controls, bounds, name, member, owner);
    /// Take somebody out of a group, or no longer let them answer for it.
    GroupMemberRemove "group-member-remove" { name: groups::GroupName, member: String, owner: bool }: GroupChange
        on name.on() => groups::remove_member(controls, bounds, name, member, owner);

    /// Make a shared mailbox.
    SharedAdd "shared-add" (new: sharing::Impersonal): SharedChange on On::DomainOf(&new.address) => sharing::add_shared(controls, new);
    /// Let somebody use a shared mailbox.
    SharedPermit "shared-permit" (new: sharing::ToPermit): SharedChange on On::Account(&new.account) => sharing::permit(controls, bounds, new, true);
    /// No longer let somebody use a shared mailbox.
    SharedForbid "shared-forbid" (old: sharing::ToForbid): SharedChange on On::Account(&old.account) => sharing::forbid(controls, bounds, old, true);
    /// Let somebody read a person's mail or send in their name.
    DelegationAdd "delegation-add" (new: sharing::ToPermit): DelegationChange
        on On::Account(&new.account) => sharing::permit(controls, bounds, new, false);
    /// Take that back.
    DelegationRemove "delegation-remove" (old: sharing::ToForbid): DelegationChange
        on On::Account(&old.account) => sharing::forbid(controls, bounds, old, false);
    /// List who may do what with an account.
    DelegationList "delegation-list" { address: String }: DelegationRead on On::Account(address) => sharing::list(controls, address);
    /// Make an account for a program.
    ServiceAdd "service-add" { new: sharing::Impersonal, networks: Vec<String>, purpose: String }: AccountCreate
        on On::DomainOf(&new.address) => sharing::add_service(controls, new, networks, purpose);
    /// Say from where a program's account may be used.
    ServiceNetworks "service-networks" { address: String, networks: Vec<String>, purpose: Option<String> }: AccountChange
        on On::Account(address) => sharing::set_service(controls, address, networks, purpose);

    /// The directory as a table (CSV).
    DirectoryExport "directory-export" { organisation: Option<String> }: DirectoryExport
        on On::Organisation(organisation.as_deref()) => provisioning::export(controls, bounds, organisation);
    /// Make the directory agree with a table (CSV).
    DirectoryImport "directory-import" (new: provisioning::TableToImport): ProvisioningChange
        on On::Organisation(new.organisation.as_deref()) => provisioning::import(controls, bounds, new);
    /// Make a client of the provisioning interface; its token is told once.
    ProvisionTokenAdd "provision-token-add" { name: String, days: Option<u32>, organisation: Option<String> }: ProvisioningChange
        on On::Organisation(organisation.as_deref()) => provisioning::add_token(controls, bounds, name, days, organisation);
    /// List clients of the provisioning interface.
    ProvisionTokenList "provision-token-list" { organisation: Option<String> }: ProvisioningRead
        on On::Organisation(organisation.as_deref()) => provisioning::list_tokens(controls, bounds, organisation);
    /// End the token of a client of the provisioning interface.
    ProvisionTokenRevoke "provision-token-revoke" { name: String, organisation: Option<String> }: ProvisioningChange
        on On::Organisation(organisation.as_deref()) => provisioning::revoke_token(controls, bounds, name, organisation);

    /// Take over people and groups from an LDAP directory now.
    ProvisionSync "provision-sync" { source: String, dry_run: bool, allow_vanishing: bool }: ProvisioningChange
        on On::Installation => provisioning::sync(controls, source, dry_run, allow_vanishing);
    /// Forget who at an identity provider an account is; by its address it may become somebody else's there.
    ProvisionUnlink "provision-unlink" { provider: String, address: String }: ProvisioningChange
        on On::Account(address) => provisioning::unlink(controls, provider, address);

    /// Put something on the allow or the deny list.
    ListAdd "list-add" (new: lists::NewListed): ListChange on On::Organisation(new.organisation.as_deref()) => lists::add(controls, bounds, new);
    /// Take something off a list.
    ListRemove "list-remove" { effect: String, kind: String, value: String, organisation: Option<String> }: ListChange
        on On::Organisation(organisation.as_deref()) => lists::remove(controls, bounds, effect, kind, value, organisation);
    /// Show both lists.
    ListShow "list-show" { organisation: Option<String> }: ListRead
        on On::Organisation(organisation.as_deref()) => lists::show(controls, bounds, organisation);

    /// List messages that are not yet delivered to all recipients.
    QueueList "queue-list": QueueRead on On::Within => queue::list(controls, bounds);
    /// Show one message with each recipient's last answer.
    QueueShow "queue-show" { id: i64 }: QueueRead on On::Queued(*id) => queue::show(controls, id);
    /// Keep a message from being sent.
    QueueHold "queue-hold" { id: i64 }: QueueChange on On::Queued(*id) => queue::change(controls, "held", move |tx| ::queue::hold(tx, id));
    /// Let a held message go.
    QueueRelease "queue-release" { id: i64 }: QueueChange
        on On::Queued(*id) => queue::change(controls, "released", move |tx| outbound::release_queued(tx, id));
    /// Try a message again now; all of them if none is named.
    QueueRetry "queue-retry" { id: Option<i64> }: QueueChange on id.map_or(On::Within, On::Queued) => queue::retry(controls, bounds, id);
    /// Give a message up and tell its sender.
    QueueExpire "queue-expire" { id: i64 }: QueueChange
        on On::Queued(*id) => queue::change(controls, "expired", move |tx| outbound::expire_queued(tx, id));
    /// Remove a message without telling anybody.
    QueueCancel "queue-cancel" { id: i64 }: QueueChange on On::Queued(*id) => queue::change(controls, "cancelled", move |tx| ::queue::cancel(tx, id));

    /// A page of messages that are not yet delivered to all recipients, the latest first.
    QueuePage "queue-page" (wanted: pages::QueueWanted): QueueRead on On::Within => pages::queue(controls, bounds, wanted);

    /// A page of what happened to messages, the latest first: who wrote to whom, when, and how it stands.
    TraceList "trace-list" (wanted: trace::TracesWanted): TraceRead
        on On::Organisation(wanted.organisation.as_deref()) => trace::list(controls, bounds, wanted);
    /// Show what happened to one message, step by step, in the language zh or en. The look is recorded.
    TraceShow "trace-show" { id: String, language: String }: TraceRead on On::Traced(id) => trace::show(controls, bounds, id, language);

    /// List cases of the trade guard that wait for finance, or all.
    GuardCases "guard-cases" { all: bool, organisation: Option<String> }: GuardRead
        on On::Organisation(organisation.as_deref()) => guard::list(controls, bounds, all, organisation);
    /// A page of cases of the trade guard, the latest first.
    GuardCasePage "guard-case-page" (wanted: pages::CasesWanted): GuardRead
        on On::Organisation(wanted.organisation.as_deref()) => pages::cases(controls, bounds, wanted);
    /// Show a case: what was found, both payment details side by side, the telephone number on file, what was done.
    GuardCaseShow "guard-case-show" { id: String, language: String }: GuardRead on On::Case(id) => guard::show(controls, id, language);
    /// Note at a case that the partner was called (`phoned`, the number first), that it was told of fraud (`partner-told`), or anything (`noted`).
    GuardCaseNote "guard-case-note" { id: String, what: String, note: String }: GuardChange
        on On::Case(id) => guard::note(controls, bounds, id, what, note);
    /// Close a case as honest or as fraud. An honest message that is held is let go once a second person says the same.
    GuardCaseClose "guard-case-close" { id: String, honest: bool, note: String }: GuardChange
        on On::Case(id) => guard::close(controls, bounds, id, honest, note);
    /// List partners, behind a row.
    GuardPartners "guard-partners" { after: i64, organisation: Option<String> }: GuardRead
        on On::Organisation(organisation.as_deref()) => guard::partner_list(controls, bounds, after, organisation);
    /// Show a partner: its people, domains, telephone numbers, and its payment details with all that was changed.
    GuardPartnerShow "guard-partner-show" { name: String, organisation: Option<String> }: GuardRead
        on On::Organisation(organisation.as_deref()) => guard::partner_show(controls, bounds, name, organisation);
    /// Put a partner together with another, as after a merger.
    GuardPartnerMerge "guard-partner-merge" { name: String, into: String, organisation: Option<String> }: GuardChange
        on On::Organisation(organisation.as_deref())
        => guard::correct(controls, bounds, name, guard::Correction::Merge(into), organisation);
    /// Take a partner apart from the one that it was put together with.
    GuardPartnerSplit "guard-partner-split" { name: String, organisation: Option<String> }: GuardChange on On::Organisation(organisation.as_deref())
        => guard::correct(controls, bounds, name, guard::Correction::Split, organisation);
    /// Forget all that is known of a partner.
    GuardPartnerForget "guard-partner-forget" { name: String, organisation: Option<String> }: GuardChange on On::Organisation(organisation.as_deref())
        => guard::correct(controls, bounds, name, guard::Correction::Forget, organisation);
    /// Say of a partner's payment details that they are confirmed, disputed, retired or merely learned.
    GuardLedgerSet "guard-ledger-set"
        { partner: String, value: String, state: String, note: String, organisation: Option<String> }: GuardChange
        on On::Organisation(organisation.as_deref())
        => guard::set_state(controls, bounds, (partner, value), (state, note), organisation);

    /// Have the trade guard learn from mail that lies in mailboxes: of an account, or of a whole organisation. Again goes on where it stopped.
    GuardLearn "guard-learn" { address: Option<String>, organisation: Option<String> }: GuardChange
        on address.as_deref().map_or(On::Organisation(organisation.as_deref()), On::Account)
        => guard::learn(controls, bounds, address, organisation);
    /// Show how far the trade guard is with learning from mailboxes.
    GuardLearning "guard-learning" { organisation: Option<String> }: GuardRead
        on On::Organisation(organisation.as_deref()) => guard::learning(controls, bounds, organisation);
    /// List domains that look like ours and were named by mail, with when they were seen first and last, and how often.
    GuardAlikes "guard-alikes" { organisation: Option<String> }: GuardRead
        on On::Organisation(organisation.as_deref()) => guard::alike(controls, bounds, organisation);
    /// A page of domains that look like ours, the latest found first.
    GuardAlikePage "guard-alike-page" (wanted: defence_pages::AlikesWanted): GuardRead
        on On::Organisation(wanted.organisation.as_deref()) => defence_pages::alikes(controls, bounds, wanted);

    /// List messages that wait in quarantine: for an account, or for a whole organisation.
    QuarantineList "quarantine-list" { address: Option<String>, organisation: Option<String>, language: Option<String> }: QuarantineRead
        on address.as_deref().map_or(On::Organisation(organisation.as_deref()), On::Account)
        => quarantine::list(controls, bounds, address, organisation, language);
    /// A page of messages that wait in quarantine, the latest first: for an account, or for a whole organisation.
    QuarantinePage "quarantine-page" (wanted: pages::QuarantineWanted): QuarantineRead
        on wanted.address.as_deref().map_or(On::Organisation(wanted.organisation.as_deref()), On::Account)
        => pages::quarantine(controls, bounds, wanted);
    /// Show a message in quarantine with everything that was found of it, without its content.
    QuarantineShow "quarantine-show" { id: String, address: Option<String>, language: String }: QuarantineRead
        on address.as_deref().map_or(On::Judged(id), On::Account) => quarantine::show(controls, id, address, language);
    /// Let a message out of quarantine: for an account, or for all that it waits for; why, for the record, and with `teach` as a word for the whole
    /// organisation that it is honest.
    QuarantineRelease "quarantine-release" { id: String, address: Option<String>, reason: Option<String>, teach: Option<bool> }: QuarantineChange
        on address.as_deref().map_or(On::Judged(id), On::Account) => quarantine::release(controls, bounds, (id, address), (reason, teach));
    /// Delete a message in quarantine: for an account, or for all that it waits for.
    QuarantineDelete "quarantine-delete" { id: String, address: Option<String> }: QuarantineChange
        on address.as_deref().map_or(On::Judged(id), On::Account) => quarantine::delete(controls, id, address);
    /// Read a message in quarantine that waits for an account.
    QuarantineMessage "quarantine-message" { id: String, address: String }: MailRead
        on On::Account(address) => quarantine::message(controls, id, address);
    /// Let a message out of quarantine, and all others there that are made from the same template or come from the same sender.
    QuarantineReleaseTrain "quarantine-release-train" { id: String }: QuarantineChange on On::Judged(id) => quarantine::release_train(controls, id);
    /// Say of one's own message that it is junk, or that it is honest.
    MailReport "mail-report" { id: String, address: String, junk: bool }: MailChange
        on On::Account(address) => quarantine::report(controls, id, address, junk);
    /// Say of a message, for the whole organisation, that it is junk, or that it is honest.
    JudgedReport "judged-report" { id: String, junk: bool }: QuarantineChange
        on On::Judged(id) => quarantine::report_for_all(controls, bounds, id, junk);
    /// List messages that were pulled back, to Junk or into quarantine, after they had been delivered.
    PulledList "pulled-list" { organisation: Option<String> }: QuarantineRead
        on On::Organisation(organisation.as_deref()) => quarantine::pulled(controls, bounds, organisation);
    /// A page of copies that were pulled back after delivery, the latest first.
    PulledPage "pulled-page" (wanted: defence_pages::PulledWanted): QuarantineRead
        on On::Organisation(wanted.organisation.as_deref()) => defence_pages::pulled(controls, bounds, wanted);
    /// Bring the copies of a message that were pulled back to the inbox.
    PulledReturn "pulled-return" { id: String }: QuarantineChange on On::Judged(id) => quarantine::return_pulled(controls, id);
    /// List judged messages, the latest first, a page at a time: which way they went and what became of them, without what they say.
    JudgedList "judged-list" (wanted: judging::JudgedWanted): QuarantineRead
        on On::Organisation(wanted.organisation.as_deref()) => judging::list(controls, bounds, wanted);
    /// Show what was found of a judged message, or judge it again from the kept facts.
    JudgedShow "judged-show" { id: String, address: Option<String>, again: bool, language: String }: QuarantineRead
        on address.as_deref().map_or(On::Judged(id), On::Account)
        => quarantine::judged(controls, id, address, again, language);
    /// List messages in which something was found, a page at a time, the latest first; or those that are like one of them.
    ThreatList "threat-list" (wanted: threats::ThreatsWanted): QuarantineRead
        on On::Organisation(wanted.organisation.as_deref()) => threats::list(controls, bounds, wanted);
    /// List messages that belong together by sender, link, template or picture, with what was done with them and how many reached people.
    CampaignList "campaign-list" { days: u32, organisation: Option<String> }: QuarantineRead
        on On::Organisation(organisation.as_deref()) => threats::campaigns(controls, bounds, days, organisation);
    /// A page of campaigns, the largest first.
    CampaignPage "campaign-page" (wanted: defence_pages::CampaignsWanted): QuarantineRead
        on On::Organisation(wanted.organisation.as_deref()) => defence_pages::campaigns(controls, bounds, wanted);
    /// List what people said of their mail, a page at a time, the latest first.
    ReportList "report-list" { days: u32, cursor: Option<String>, limit: Option<u32>, organisation: Option<String> }: QuarantineRead
        on On::Organisation(organisation.as_deref()) => threats::reported(controls, bounds, days, (cursor, limit), organisation);
    /// Count what was done with mail, day by day, and how often people say that it was right.
    JudgingQuality "judging-quality" { days: u32, organisation: Option<String> }: QuarantineRead
        on On::Organisation(organisation.as_deref()) => threats::quality(controls, bounds, days, organisation);

    /// Show from which probabilities what is done with mail, and where the organisation departs from its level.
    JudgingPolicy "judging-policy" { organisation: Option<String>, history: bool }: PolicyRead
        on On::Organisation(organisation.as_deref()) => judging::show(controls, bounds, organisation, history);
    /// Set for the organisation from which probability something is done with mail; below the level only with a reason.
    JudgingPolicySet "judging-policy-set" (new: judging::NewThreshold): PolicyChange
        on On::Organisation(new.organisation.as_deref()) => judging::set(controls, bounds, new);
    /// Set it back to what the level says.
    JudgingPolicyClear "judging-policy-clear" { setting: String, organisation: Option<String> }: PolicyChange
        on On::Organisation(organisation.as_deref()) => judging::clear(controls, bounds, setting, organisation);
    /// List the rules for outbound mail, in the order in which they are asked.
    OutboundRules "outbound-rules" { organisation: Option<String> }: PolicyRead
        on On::Organisation(organisation.as_deref()) => outbound::list(controls, bounds, organisation);
    /// Set a rule for outbound mail, in JSON, in place of one of the same name.
    OutboundRuleSet "outbound-rule-set" { rule: String, organisation: Option<String> }: PolicyChange
        on On::Organisation(organisation.as_deref()) => outbound::set(controls, bounds, rule, organisation);
    /// Remove a rule for outbound mail.
    OutboundRuleRemove "outbound-rule-remove" { name: String, organisation: Option<String> }: PolicyChange
        on On::Organisation(organisation.as_deref()) => outbound::remove(controls, bounds, name, organisation);
    /// Show what the rules for outbound mail, or one that is not set yet, say of a message in a file.
    OutboundTest "outbound-test" (test: outbound::MessageToTest): PolicyRead on On::Machine => outbound::test(controls, test);
    /// Show what the rules for outbound mail, or one that is not set yet, would have done with what an account has sent; nothing is changed.
    OutboundReplay "outbound-replay" (asked: outbound::MailToReplay): OutboundReplay
        on On::Account(&asked.address) => outbound::replay(controls, asked);
    /// List the marked documents.
    OutboundMarks "outbound-marks" { organisation: Option<String> }: PolicyRead
        on On::Organisation(organisation.as_deref()) => outbound::list_marks(controls, bounds, organisation);
    /// Mark a document by hashes of its text, so that copies of it are found; the command line makes them.
    OutboundMarkAdd "outbound-mark-add" { name: String, hashes: String, organisation: Option<String> }: PolicyChange
        on On::Organisation(organisation.as_deref()) => outbound::mark(controls, bounds, (name, hashes), organisation);
    /// Take the mark of a document away.
    OutboundMarkRemove "outbound-mark-remove" { name: String, organisation: Option<String> }: PolicyChange
        on On::Organisation(organisation.as_deref()) => outbound::unmark(controls, bounds, name, organisation);
    /// List messages that wait for approval: those that are one's own or one's to approve; or all that did, too.
    OutboundWaiting "outbound-waiting" { all: bool, language: String }: OutboundRead
        on On::Within => outbound::waiting(controls, bounds, all, language);
    /// Show a message of another that waits, to somebody whom a rule names: whom it goes to, its fields, its text and the names of its files, with what
    /// rules found marked and numbers masked; no file. The look is recorded.
    OutboundWaitingShow "outbound-waiting-show" { message: String, language: String }: OutboundDecide
        on On::Within => outbound::show_waiting(controls, bounds, message, language);
    /// Allow a message of another to be sent, as somebody whom a rule names.
    OutboundApprove "outbound-approve" { message: String, note: String }: OutboundDecide
        on On::Within => outbound::decide(controls, bounds, message, (true, note));
    /// Refuse to let a message of another be sent, as somebody whom a rule names.
    OutboundRefuse "outbound-refuse" { message: String, note: String }: OutboundDecide
        on On::Within => outbound::decide(controls, bounds, message, (false, note));
    /// Begin a legal hold: mail that it covers stays, whoever removes it.
    HoldBegin "hold-begin" (new: retention::NewHold): HoldChange
        on On::Organisation(new.organisation.as_deref()) => retention::begin_hold(controls, bounds, new);
    /// End a legal hold; what it alone has kept goes within a day.
    HoldEnd "hold-end" { id: String, reason: String, organisation: Option<String> }: HoldChange
        on On::Organisation(organisation.as_deref()) => retention::end_hold(controls, bounds, id, reason, organisation);
    /// List legal holds, those that have ended included.
    HoldList "hold-list" { organisation: Option<String> }: HoldRead
        on On::Organisation(organisation.as_deref()) => retention::list_holds(controls, bounds, organisation);
    /// Show for how long removed mail is kept, and how much there is of it.
    RetentionWindow "retention-window" { organisation: Option<String> }: PolicyRead
        on On::Organisation(organisation.as_deref()) => retention::show_window(controls, bounds, organisation);
    /// Set for how many days removed mail is kept; it counts for what was removed before as well.
    RetentionWindowSet "retention-window-set" { days: u32, organisation: Option<String> }: PolicyChange
        on On::Organisation(organisation.as_deref()) => retention::set_window(controls, bounds, days, organisation);
    /// Set a rule on how long mail stays; one without a condition is refused.
    RetentionRuleSet "retention-rule-set" (new: retention_rules::NewRetentionRule): PolicyChange
        on On::Organisation(new.organisation.as_deref()) => retention_rules::set(controls, bounds, new);
    /// List the rules on how long mail stays.
    RetentionRuleList "retention-rule-list" { organisation: Option<String> }: PolicyRead
        on On::Organisation(organisation.as_deref()) => retention_rules::list(controls, bounds, organisation);
    /// Show what such a rule would remove now, whether it is off or not; nothing is removed.
    RetentionRulePreview "retention-rule-preview" { name: String, organisation: Option<String> }: PolicyRead
        on On::Organisation(organisation.as_deref()) => retention_rules::preview(controls, bounds, name, organisation);
    /// Show what a rule that is not set yet would remove now; nothing is removed or kept.
    RetentionRuleTry "retention-rule-try" (new: retention_rules::NewRetentionRule): PolicyRead
        on On::Organisation(new.organisation.as_deref()) => retention_rules::try_out(controls, bounds, new);
    /// Remove such a rule.
    RetentionRuleRemove "retention-rule-remove" { name: String, organisation: Option<String> }: PolicyChange
        on On::Organisation(organisation.as_deref()) => retention_rules::remove(controls, bounds, name, organisation);
    /// Have mail kept in the journal by a rule, or go on with one of that name as this one says. A second person has to agree.
    JournalRuleSet "journal-rule-set" (new: journal::NewJournalRule): JournalChange
        on On::Organisation(new.organisation.as_deref()) => journal::set(controls, bounds, new);
    /// List the rules of the journal of mail, those that have ended included.
    JournalRuleList "journal-rule-list" { organisation: Option<String> }: JournalRead
        on On::Organisation(organisation.as_deref()) => journal::list(controls, bounds, organisation);
    /// End a rule of the journal; what was kept by it stays for its period. A second person has to agree.
    JournalRuleEnd "journal-rule-end" { name: String, reason: String, organisation: Option<String> }: JournalChange
        on On::Organisation(organisation.as_deref()) => journal::end(controls, bounds, name, reason, organisation);
    /// Open an investigation: the mail of its custodians is held from then on, searched and read. A second person has to agree.
    InvestigationOpen "investigation-open" (new: investigation::InvestigationToOpen): InvestigationOpen
        on On::Organisation(new.organisation.as_deref()) => investigation::open(controls, bounds, new);
    /// Look into the mail of more accounts under an investigation.
    InvestigationCustodians "investigation-custodians" { id: String, custodians: Vec<String>, organisation: Option<String> }: InvestigationOpen
        on On::Organisation(organisation.as_deref())
        => investigation::add_custodians(controls, bounds, id, custodians, organisation);
    /// List investigations, those that are closed included.
    InvestigationList "investigation-list" { organisation: Option<String> }: InvestigationRead
        on On::Organisation(organisation.as_deref()) => investigation::list(controls, bounds, organisation);
    /// Show an investigation: its custodians, what was searched for and by whom, how much was found. No mail.
    InvestigationShow "investigation-show" { id: String, organisation: Option<String> }: InvestigationRead
        on On::Organisation(organisation.as_deref()) => investigation::show(controls, bounds, id, organisation);
    /// Search the mail of all custodians, removed mail that is still kept included.
    InvestigationSearch "investigation-search" (query: investigation::InvestigationQuery): InvestigationWork
        on On::Organisation(query.organisation.as_deref()) => investigation::search(controls, bounds, query);
    /// List messages that were found, two hundred at a time, with where they lie and what was thought of them.
    InvestigationItems "investigation-items" (page: investigation::InvestigationPage): InvestigationWork
        on On::Organisation(page.organisation.as_deref()) => investigation::items(controls, bounds, page);
    /// Read a message that was found.
    InvestigationMessage "investigation-message" { id: String, message: String, organisation: Option<String> }: InvestigationWork
        on On::Organisation(organisation.as_deref()) => investigation::message(controls, bounds, id, message, organisation);
    /// Mark a message that was found, with a note.
    InvestigationMark "investigation-mark" (said: investigation::InvestigationMark): InvestigationWork
        on On::Organisation(said.organisation.as_deref()) => investigation::mark(controls, bounds, said);
    /// Have what was found ready to be fetched as an archive, by whoever asks, for a day.
    InvestigationExport "investigation-export" { id: String, organisation: Option<String> }: InvestigationExport
        on On::Organisation(organisation.as_deref()) => investigation::permit(controls, bounds, id, organisation);
    /// Close an investigation; those whose mail was looked into are told.
    InvestigationClose "investigation-close" (closing: investigation::InvestigationToClose): InvestigationWork
        on On::Organisation(closing.organisation.as_deref()) => investigation::close(controls, bounds, closing);
    /// Enter what somebody, of ours or outside, asks about his data; gives its number and deadline.
    SubjectOpen "subject-open" (new: subjects::SubjectToOpen): SubjectChange
        on On::Organisation(new.organisation.as_deref()) => subjects::open(controls, bounds, new);
    /// List such requests, a hundred at a time.
    SubjectList "subject-list" (page: subjects::SubjectPage): SubjectRead
        on On::Organisation(page.organisation.as_deref()) => subjects::list(controls, bounds, page);
    /// Show a request with all that was done about it.
    SubjectShow "subject-show" { id: String, organisation: Option<String> }: SubjectRead
        on On::Organisation(organisation.as_deref()) => subjects::show(controls, bounds, id, organisation);
    /// Note how whoever asks has proved who he is, and where answers go.
    SubjectIdentify "subject-identify" { id: String, how: String, answer_to: Option<String>, organisation: Option<String> }: SubjectChange
        on On::Organisation(organisation.as_deref()) => subjects::identify(controls, bounds, (id, how, answer_to), organisation);
    /// Extend the deadline of a request, once, with a reason.
    SubjectExtend "subject-extend" { id: String, reason: String, organisation: Option<String> }: SubjectChange
        on On::Organisation(organisation.as_deref()) => subjects::extend(controls, bounds, (id, reason), organisation);
    /// Refuse a request with a reason, or because of a legal hold.
    SubjectRefuse "subject-refuse" (asked: subjects::SubjectToRefuse): SubjectChange
        on On::Organisation(asked.organisation.as_deref()) => subjects::refuse(controls, bounds, asked);
    /// Close a request as done, or as taken back by whoever asked.
    SubjectClose "subject-close" { id: String, withdrawn: bool, note: String, organisation: Option<String> }: SubjectChange
        on On::Organisation(organisation.as_deref()) => subjects::close(controls, bounds, (id, withdrawn, note), organisation);
    /// Look for the person of a request in all mailboxes and everywhere else. Nobody reads anything by it.
    SubjectSearch "subject-search" { id: String, organisation: Option<String> }: SubjectChange
        on On::Organisation(organisation.as_deref()) => subjects::search(controls, bounds, id, organisation);
    /// List messages that name the person of a request: mailbox, fields, folders and day, and nothing of what they say.
    SubjectMail "subject-mail" (page: subjects::SubjectMailPage): SubjectChange
        on On::Organisation(page.organisation.as_deref()) => subjects::mail(controls, bounds, page);
    /// Make the report of what is held of the person, as json, csv or pdf, in the language zh or en, with a signature.
    SubjectReport "subject-report" { id: String, language: String, format: String, organisation: Option<String> }: SubjectChange
        on On::Organisation(organisation.as_deref()) => subjects::report(controls, bounds, (id, language, format), organisation);
    /// Open an investigation into the mail that names the person, so that its content can be given out. A second person has to agree.
    SubjectInvestigate "subject-investigate" (asked: subjects::SubjectToInvestigate): InvestigationOpen
        on On::Organisation(asked.organisation.as_deref()) => subjects::investigate(controls, bounds, asked);
    /// Set right what a request names: a name, or an address of an account.
    SubjectCorrect "subject-correct" (asked: subjects::SubjectCorrection): SubjectChange
        on On::Organisation(asked.organisation.as_deref()) => subjects::correct(controls, bounds, asked);
    /// Have the data of the person rest and be used for nothing else, or no longer.
    SubjectRestrict "subject-restrict" { id: String, lift: bool, organisation: Option<String> }: SubjectChange
        on On::Organisation(organisation.as_deref()) => subjects::restrict(controls, bounds, (id, lift), organisation);
    /// Erase the person of a request: an account of ours with its keys, for ever; of somebody outside what is held of him. A second person has to agree.
    SubjectErase "subject-erase" (asked: subjects::SubjectToErase): SubjectErase
        on On::Organisation(asked.organisation.as_deref()) => subjects::erase(controls, bounds, asked);
    /// Prove that the keys of an erased account are gone, and from where.
    SubjectProof "subject-proof" { id: String, organisation: Option<String> }: SubjectRead
        on On::Organisation(organisation.as_deref()) => subjects::proof(controls, bounds, id, organisation);
    /// List the letters to whoever asks: drafts, and those that were sent.
    SubjectLetters "subject-letters" { id: String, organisation: Option<String> }: SubjectRead
        on On::Organisation(organisation.as_deref()) => subjects::letters(controls, bounds, id, organisation);
    /// Change a draft.
    SubjectLetterSet "subject-letter-set" (answer: subjects::SubjectAnswer): SubjectChange
        on On::Organisation(answer.organisation.as_deref()) => subjects::set_letter(controls, bounds, answer);
    /// Send a draft to whoever asks.
    SubjectLetterSend "subject-letter-send" { id: String, letter: String, organisation: Option<String> }: SubjectChange
        on On::Organisation(organisation.as_deref()) => subjects::send_letter(controls, bounds, (id, letter), organisation);
    /// Make the register of processing from what is set now, as json, csv or pdf, in the language zh or en.
    SubjectProcessing "subject-processing" { language: String, format: String, organisation: Option<String> }: SubjectRead
        on On::Organisation(organisation.as_deref()) => subjects::processing(controls, bounds, (language, format), organisation);
    /// Write a part of the register of processing in the organisation's own words; without text, the program's stand again.
    SubjectProcessingSet "subject-processing-set"
        { part: String, language: String, text: Option<String>, organisation: Option<String> }: SubjectChange
        on On::Organisation(organisation.as_deref())
        => subjects::set_processing(controls, bounds, (part, language, text), organisation);
    /// Ask about one's own data: access, export, correction, restriction, erasure or objection; it enters the register as any request does.
    SubjectRequestOwnMake "subject-request-own-make" { kind: String, law: String, language: String, note: String }: SubjectOwn
        on On::Own => subjects::make_own(controls, bounds, (kind, law, language, note));
    /// List what one has asked about one's own data: how far it is, until when it is answered, what was answered.
    SubjectRequestOwnList "subject-request-own-list": SubjectOwn on On::Own => subjects::list_own(controls, bounds);
    /// Take back what one has asked about one's own data.
    SubjectRequestOwnWithdraw "subject-request-own-withdraw" { id: String }: SubjectOwn
        on On::Own => subjects::withdraw_own(controls, bounds, id);
    /// Enter a consent: who agreed to what, when, and by which evidence.
    ConsentAdd "consent-add" (new: subjects::ConsentToAdd): SubjectChange
        on On::Organisation(new.organisation.as_deref()) => subjects::add_consent(controls, bounds, new);
    /// Note that a consent was withdrawn; it stays in the register.
    ConsentWithdraw "consent-withdraw" { id: String, evidence: String, organisation: Option<String> }: SubjectChange
        on On::Organisation(organisation.as_deref()) => subjects::withdraw_consent(controls, bounds, (id, evidence), organisation);
    /// List consents of a person or of all, two hundred at a time, as rows or as a table (CSV).
    ConsentList "consent-list"
        { address: Option<String>, after: Option<String>, csv: bool, organisation: Option<String> }: SubjectRead
        on On::Organisation(organisation.as_deref())
        => subjects::consents(controls, bounds, (address, after, csv), organisation);
    /// List removed mail of a mailbox that can be brought back.
    MailRemoved "mail-removed" (wanted: retention::RemovedMail): MailRead
        on On::Account(&wanted.address) => retention::list_removed(controls, wanted);
    /// Bring removed mail back, into a folder of its own.
    MailRecover "mail-recover" (wanted: retention::RemovedMail): MailRecover on On::Account(&wanted.address) => retention::recover(controls, wanted);

    /// List complaints (ARF) about mail that went out here, and ours to others.
    ComplaintList "complaint-list" { days: u32, organisation: Option<String> }: QuarantineRead
        on On::Organisation(organisation.as_deref()) => judging::complaints(controls, bounds, days, organisation);
    /// A page of complaints of others about our mail and of ours to others, the latest first.
    ComplaintPage "complaint-page" (wanted: defence_pages::ComplaintsWanted): QuarantineRead
        on On::Organisation(wanted.organisation.as_deref()) => defence_pages::complaints(controls, bounds, wanted);
    /// Send a complaint (ARF) about a judged message to whoever answers for its sender.
    ComplaintSend "complaint-send" { id: String, to: String }: QuarantineChange on On::Judged(id) => judging::complain(controls, bounds, id, to);
    /// Show what people have confirmed of unwanted mail, as a document for others: "stix" or "misp".
    FeedsShare "feeds-share" { format: String, days: u32, organisation: Option<String> }: QuarantineRead
        on On::Organisation(organisation.as_deref()) => shared_feeds::share(controls, bounds, format, days, organisation);
    /// Make a link under which others read what people have confirmed of unwanted mail.
    FeedsShareLink "feeds-share-link" { days: u32, organisation: Option<String> }: QuarantineChange
        on On::Organisation(organisation.as_deref()) => shared_feeds::link(controls, bounds, days, organisation);
    /// List feeds of bad addresses: what is in force of each, how old it is, what is wrong with it.
    FeedsList "feeds-list": QuarantineRead on On::Installation => threats::feeds(controls);
    /// Fetch feeds now, one or all.
    FeedsRefresh "feeds-refresh" { name: Option<String> }: ListChange on On::Installation => threats::refresh_feeds(controls, name);
    /// Put the version of a feed into force that waits as it is so much larger or smaller.
    FeedsAccept "feeds-accept" { name: String }: ListChange on On::Installation => threats::accept_feed(controls, name);
    /// Show how an address, a domain or a network has behaved.
    ReputationShow "reputation-show" { what: String, organisation: Option<String> }: QuarantineRead
        on On::Organisation(organisation.as_deref()) => judging::known(controls, bounds, what, organisation);
    /// Forget how everybody has behaved towards the organisation.
    ReputationForget "reputation-forget" { organisation: Option<String> }: ListChange
        on On::Organisation(organisation.as_deref()) => judging::forget(controls, bounds, organisation);

    /// List settings of the installation with what holds and from where, and what the protection level makes of an organisation.
    SettingList "setting-list" (wanted: settings::SettingsWanted): PolicyRead on On::Installation => settings::list(controls, bounds, wanted);
    /// Show a setting of the installation with its newest versions.
    SettingShow "setting-show" { name: String, language: Option<String> }: PolicyRead
        on On::Installation => settings::show(controls, bounds, name, language);
    /// Change a setting of the installation, on the version that was seen; to protect less only with a reason.
    SettingSet "setting-set" (new: settings::SettingToChange): PolicyChange on On::Installation => settings::set(controls, bounds, new);
    /// Undo the newest change of a setting of the installation, by a new version with the value before.
    SettingUndo "setting-undo" (new: settings::SettingToUndo): PolicyChange on On::Installation => settings::undo(controls, bounds, new);
    /// List versions of a setting of the installation, or of all, the newest first.
    SettingHistory "setting-history" (wanted: settings::HistoryWanted): PolicyRead on On::Installation => settings::history(controls, wanted);
    /// The whole configuration as a file: settings, protection levels, and what organisations set, without secrets.
    ConfigExport "config-export": PolicyRead on On::Installation => whole::export(controls, bounds);
    /// Show what a file of the whole configuration would change; nothing is changed.
    ConfigCompare "config-compare" { text: String }: PolicyRead on On::Installation => whole::compare(controls, bounds, text);
    /// Make the configuration agree with a file of it: everything or nothing.
    ConfigImport "config-import" (wanted: whole::WholeToImport): PolicyChange on On::Installation => whole::import(controls, bounds, wanted);
    /// Show what changes for an organisation when its protection level does; from its own level, if none is named.
    LevelDiff "level-diff" { from: Option<String>, to: String, organisation: Option<String> }: PolicyRead
        on On::Organisation(organisation.as_deref()) => levels::diff(controls, bounds, (from, to), organisation);

    /// Bring mail from a file or directory of the machine into a mailbox.
    Import "import" (wanted: MailToImport): MailImport on On::Machine => import::run(controls, wanted);
    /// Take mail over from another server by IMAP: what is new or changed since the last time.
    ImportImap "import-imap" (wanted: MailToTakeOver): MailImport on On::Machine => import::take_over(controls, wanted);
    /// Show what is being brought or taken out for an account, and from where mail was taken over.
    ImportShow "import-show" { user: String }: AccountRead on On::Account(user) => import::show(controls, user);
    /// Take an account's mail, or one folder of it, out to a file or directory of the machine. Its owner is told.
    Export "export" (wanted: MailToTakeOut): MailTakeOut on On::Account(&wanted.user) => export::run(controls, wanted);

    /// List signing keys with the records that DNS must show.
    DkimList "dkim-list" { domain: Option<String> }: SigningRead
        on domain.as_deref().map_or(On::Within, On::Domain) => dkim::list(controls, bounds, domain);
    /// Make the first signing keys of a domain.
    DkimAdd "dkim-add" { domain: String }: SigningChange on On::Domain(domain) => dkim::add(controls, domain);
    /// Make new signing keys, which take over once DNS shows their records.
    DkimRotate "dkim-rotate" { domain: String }: SigningChange on On::Domain(domain) => dkim::rotate(controls, domain);
    /// Stop signing at once with a key, or all keys of the domain, and destroy the private part.
    DkimRetire "dkim-retire" { domain: String, selector: Option<String> }: SigningChange
        on On::Domain(domain) => dkim::retire(controls, domain, selector);

    /// List the S/MIME keys of an account.
    SmimeKeys "smime-keys" { address: String }: SigningRead on On::Account(address) => smime::list(controls, address);
    /// Import an S/MIME key with its certificate: PKCS#12 or PEM, in base64.
    SmimeImport "smime-import" { address: String, file: String, password: Option<String> }: CertificateChange
        on On::Account(address) => smime::import(controls, address, file, password);
    /// Make an S/MIME key, certified by the organisation's own authority.
    SmimeRequest "smime-request" { address: String }: CertificateChange on On::Account(address) => smime::request(controls, address);
    /// Destroy an S/MIME key.
    SmimeRemove "smime-remove" { address: String, id: i64 }: CertificateChange on On::Account(address) => smime::remove(controls, address, id);
    /// List the certificates of partners and authorities for S/MIME, and the organisation's own authority.
    SmimeCertificates "smime-certificates" { organisation: Option<String> }: SigningRead
        on On::Organisation(organisation.as_deref()) => smime::certificates(controls, bounds, organisation);
    /// Trust an authority or a partner's certificate for S/MIME, or add an authority's list of revoked certificates; in base64.
    SmimeTrust "smime-trust" { kind: String, file: String, organisation: Option<String> }: CertificateChange
        on On::Organisation(organisation.as_deref()) => smime::trust(controls, bounds, kind, file, organisation);
    /// Ask the directories that the settings name for the S/MIME certificate of a partner.
    SmimeLookup "smime-lookup" { partner: String, organisation: Option<String> }: SigningRead
        on On::Organisation(organisation.as_deref()) => smime::look_up(controls, bounds, partner, organisation);
    /// Forget a certificate or list of S/MIME.
    SmimeForget "smime-forget" { id: i64, organisation: Option<String> }: CertificateChange
        on On::Organisation(organisation.as_deref()) => smime::forget(controls, bounds, id, organisation);
    /// List what must protect messages to partners.
    ProtectionList "protection-list" { organisation: Option<String> }: PolicyRead
        on On::Organisation(organisation.as_deref()) => protection::list(controls, bounds, organisation);
    /// Set what must protect messages to a partner, a domain or an address: one of end-to-end, smime, openpgp, portal, verified-tls as listed.
    ProtectionSet "protection-set" { partner: String, ways: Vec<String>, organisation: Option<String> }: PolicyChange
        on On::Organisation(organisation.as_deref()) => protection::set(controls, bounds, (partner, ways), organisation);
    /// Take the rule for a partner away.
    ProtectionRemove "protection-remove" { partner: String, organisation: Option<String> }: PolicyChange
        on On::Organisation(organisation.as_deref()) => protection::remove(controls, bounds, partner, organisation);
    /// List the regions that are known, our own first.
    RegionList "region-list": PolicyRead on On::Installation => regions::list(controls);
    /// Make another region known, or change it: its country, and the server that takes mail for those whose home is there.
    RegionSet "region-set" { name: String, country: String, server: Option<String> }: PolicyChange
        on On::Installation => regions::set(controls, name, country, server);
    /// Forget a region that is nobody's home.
    RegionRemove "region-remove" { name: String }: PolicyChange on On::Installation => regions::remove(controls, name);
    /// Say that the home of an address or a domain is in another region; its mail goes there from then on.
    RegionHomeSet "region-home-set" { name: String, region: String, organisation: Option<String> }: PolicyChange
        on On::Installation => regions::set_home(controls, bounds, (name, region), organisation);
    /// List the addresses and domains whose home is in another region.
    RegionHomeList "region-home-list" { organisation: Option<String> }: PolicyRead
        on On::Organisation(organisation.as_deref()) => regions::list_homes(controls, bounds, organisation);
    /// Forget that the home of an address or a domain is elsewhere.
    RegionHomeRemove "region-home-remove" { name: String, organisation: Option<String> }: PolicyChange
        on On::Installation => regions::remove_home(controls, bounds, name, organisation);
    /// Set in which country a person works who is not in that of our region; none for that of our region.
    RegionPlaceSet "region-place-set" { address: String, country: Option<String> }: PolicyChange
        on On::Account(address) => regions::set_place(controls, address, country);
    /// List the people who work in another country than that of our region.
    RegionPlaceList "region-place-list" { organisation: Option<String> }: PolicyRead
        on On::Organisation(organisation.as_deref()) => regions::list_places(controls, bounds, organisation);
    /// Set a rule that lets something cross into another region or country; one without a condition, a basis or an end is refused.
    CrossingRuleSet "crossing-rule-set" (new: regions::NewCrossingRule): ProtectionLower
        on On::Organisation(new.organisation.as_deref()) => regions::set_rule(controls, bounds, new);
    /// List the rules of crossings.
    CrossingRuleList "crossing-rule-list" { organisation: Option<String> }: PolicyRead
        on On::Organisation(organisation.as_deref()) => regions::list_rules(controls, bounds, organisation);
    /// Take a rule of crossings away.
    CrossingRuleRemove "crossing-rule-remove" { name: String, organisation: Option<String> }: PolicyChange
        on On::Organisation(organisation.as_deref()) => regions::remove_rule(controls, bounds, name, organisation);
    /// Show the register of transfers: what crossed, on which basis, and what was not let cross.
    TransferList "transfer-list" (wanted: regions::TransfersWanted): AuditRead
        on On::Organisation(wanted.organisation.as_deref()) => regions::transfers(controls, bounds, wanted);
    /// Show the register of transfers page by page, the latest first.
    TransferPage "transfer-page" (wanted: regions::TransferPageWanted): AuditRead
        on On::Organisation(wanted.organisation.as_deref()) => regions::transfer_page(controls, bounds, wanted);
    /// List the keys of OpenPGP of an account.
    OpenpgpList "openpgp-list" { address: String }: KeyRead on On::Account(address) => openpgp::list(controls, address);
    /// Make a key of OpenPGP that this server keeps for an account.
    OpenpgpMake "openpgp-make" { address: String, version: Option<String> }: KeyChange
        on On::Account(address) => openpgp::make(controls, address, version);
    /// Bring a key of OpenPGP to an account: a private one to be kept here, or a public one whose owner keeps the private one.
    OpenpgpImport "openpgp-import" (new: openpgp::KeyToImport): KeyChange on On::Account(&new.address) => openpgp::import(controls, new);
    /// Keep what a key's owner has sealed of it anew, as under another passphrase.
    OpenpgpReseal "openpgp-reseal" (given: openpgp::KeyToReseal): KeyChange on On::Account(&given.address) => openpgp::reseal(controls, given);
    /// Have the web key directory give a key of OpenPGP to everybody, or no longer.
    OpenpgpPublish "openpgp-publish" { address: String, key_id: Option<String>, on: bool }: KeyChange
        on On::Account(address) => openpgp::publish(controls, address, key_id, on);
    /// Have a key of OpenPGP open old mail alone.
    OpenpgpRetire "openpgp-retire" { address: String, key_id: String }: KeyChange
        on On::Account(address) => openpgp::retire(controls, address, key_id);
    /// Destroy a key of OpenPGP; mail that is encrypted to it can no longer be opened.
    OpenpgpRemove "openpgp-remove" { address: String, key_id: String }: KeyChange
        on On::Account(address) => openpgp::remove(controls, address, key_id);
    /// Show a public key of OpenPGP.
    OpenpgpExport "openpgp-export" { address: String, key_id: Option<String> }: KeyRead
        on On::Account(address) => openpgp::export(controls, address, key_id);
    /// Take a private key of OpenPGP out that is kept here, under a passphrase.
    OpenpgpExportPrivate "openpgp-export-private" (wanted: openpgp::KeyToExport): KeyExport
        on On::Account(&wanted.address) => openpgp::export_private(controls, wanted);
    /// Show whether mail to an account is encrypted to a key of its owner as it comes.
    ReceiptShow "receipt-show" { address: String }: KeyRead on On::Account(address) => receipt::show(controls, address);
    /// Have mail to an account encrypted as it comes: openpgp, to a key of the account whose private part its owner keeps; smime, to a
    /// certificate in base64. The server cannot search in what it has encrypted.
    ReceiptOn "receipt-on" { address: String, method: String, key_id: Option<String>, certificate: Option<String> }: KeyChange
        on On::Account(address) => receipt::switch_on(controls, address, method, key_id, certificate);
    /// Have mail to an account stored as it comes again; what was encrypted stays so.
    ReceiptOff "receipt-off" { address: String }: KeyChange on On::Account(address) => receipt::switch_off(controls, address);
    /// List the keys of OpenPGP that are known of correspondents.
    OpenpgpPartners "openpgp-partners" { partner: Option<String>, organisation: Option<String> }: KeyRead
        on On::Organisation(organisation.as_deref()) => openpgp::partners(controls, bounds, partner, organisation);
    /// Bring the public key of OpenPGP of a correspondent.
    OpenpgpPartnerAdd "openpgp-partner-add" { partner: String, key: String, organisation: Option<String> }: KeyChange
        on On::Organisation(organisation.as_deref()) => openpgp::add_partner(controls, bounds, partner, key, organisation);
    /// Ask the web key directory of a correspondent for the key.
    OpenpgpLookup "openpgp-lookup" { partner: String, organisation: Option<String> }: KeyRead
        on On::Organisation(organisation.as_deref()) => openpgp::look_up(controls, bounds, partner, organisation);
    /// Say that somebody has compared the fingerprint of a correspondent: no other key takes its place by itself.
    OpenpgpVerify "openpgp-verify" { partner: String, fingerprint: String, organisation: Option<String> }: KeyChange
        on On::Organisation(organisation.as_deref()) => openpgp::verify(controls, bounds, partner, fingerprint, organisation);
    /// Forget the keys of OpenPGP of a correspondent.
    OpenpgpForget "openpgp-forget" { partner: String, organisation: Option<String> }: KeyChange
        on On::Organisation(organisation.as_deref()) => openpgp::forget(controls, bounds, partner, organisation);

    /// List which servers send in the name of our domains, as others report it (DMARC).
    ReportDmarc "report-dmarc" { days: u32 }: ReportRead on On::Installation => dmarc::list(controls, days);
    /// List single messages in the name of our domains that failed, as others report them (DMARC).
    ReportFailures "report-failures" { days: u32 }: ReportRead on On::Installation => dmarc::failures(controls, days);
    /// Send the DMARC reports that are due now.
    ReportSend "report-send" { today: bool }: ReportSend on On::Installation => dmarc::send(controls, today);
    /// List what others report of their connections to us (TLS-RPT, RFC 8460).
    ReportTls "report-tls": ReportRead on On::Installation => tls::list(controls);
    /// Send our own reports of connections now.
    ReportTlsSend "report-tls-send": ReportSend on On::Installation => controls.elsewhere.send_tls_reports();

    /// List sign-ins of an account, or of all of an organisation, the latest first; of names that are nobody's too, where there is one
    /// organisation only.
    SignInList "sign-in-list" { address: Option<String>, organisation: Option<String>, days: u32, odd: bool }: SignInRead
        on address.as_deref().map_or(On::Organisation(organisation.as_deref()), On::Account)
        => sign_ins::list(controls, bounds, address, organisation, days, odd);
    /// A page of sign-ins of an account, or of all of an organisation, the latest first.
    SignInPage "sign-in-page" (wanted: pages::SignInsWanted): SignInRead
        on wanted.address.as_deref().map_or(On::Organisation(wanted.organisation.as_deref()), On::Account)
        => pages::sign_ins(controls, bounds, wanted);
    /// Show a sign-in of an account, and why it was taken for odd, in the language zh or en.
    SignInShow "sign-in-show" { address: String, id: i64, language: String }: SignInRead
        on On::Account(address) => sign_ins::show(controls, address, id, language);
    /// Say whose a sign-in was. One that was not the owner's freezes the account.
    SignInAnswer "sign-in-answer" { address: String, id: i64, mine: bool }: SignInAnswer
        on On::Account(address) => sign_ins::answer(controls, address, id, mine);
    /// Thaw a frozen account. Unless the password is kept, a fresh one is made and told, and app passwords are taken away.
    UserUnfreeze "user-unfreeze" { address: String, keep_password: bool }: AccountThaw
        on On::Account(address) => sign_ins::unfreeze(controls, address, keep_password);
    /// Make the review of a month's sign-ins (2026-11), as html, pdf or csv, in the language zh or en.
    SignInReview "sign-in-review" { period: String, organisation: Option<String>, language: String, format: String }:
        SignInRead on On::Organisation(organisation.as_deref())
        => sign_ins::review(controls, bounds, sign_ins::Asked { period, organisation, language, format }, ::review::Kind::SignIns);
    /// Make the review of who has access, for a quarter (2026-Q4), as html, pdf or csv, in the language zh or en.
    AccessReport "access-report" { period: String, organisation: Option<String>, language: String, format: String }:
        AccessReview on On::Organisation(organisation.as_deref())
        => sign_ins::review(controls, bounds, sign_ins::Asked { period, organisation, language, format }, ::review::Kind::Access);

    /// Check that everything in the store fits together.
    StoreCheck "store-check" { deep: bool }: StoreCheck on On::Installation => store::check(controls, deep);
    /// Look through all content for damage now, and bring back from backups what is damaged.
    StoreScrub "store-scrub": StoreCollect on On::Installation => scrub::run(controls);
    /// Give back the room of messages that are gone.
    StoreCollect "store-collect": StoreCollect on On::Installation => store::collect(controls);
    /// Give the records that wait their place in the audit log, and sign a checkpoint over it.
    AuditSeal "audit-seal": StoreCollect on On::Installation => audit::seal_now(controls);
    /// Show the audit log's public key and newest checkpoint, by which outsiders hold us to it.
    AuditHead "audit-head": AuditRead on On::Installation => audit::head(controls);
    /// Prove to an outsider that an event is recorded, and what was recorded of it; the newest, if none is named.
    AuditProve "audit-prove" { event: Option<String> }: AuditRead on On::Installation => audit::prove_one(controls, event);
    /// Write the audit log into a directory of the machine, in the layout of C2SP tlog-tiles.
    AuditExport "audit-export" { directory: PathBuf }: StoreCheck on On::Machine => audit::export_to(controls, directory);
    /// Take a backup of everything now, into every repository that is set up.
    BackupRun "backup-run": StoreCollect on On::Installation => backup::run(controls, None);
    /// Show how the backups stand: the last good one, the next, what failed.
    BackupStatus "backup-status": StoreCheck on On::Installation => backup::standing::status(controls);
    /// Show what the level asks of backups, what they lack, and which copies may not cross. No repository is asked.
    BackupNeeds "backup-needs": StoreCheck on On::Installation => backup::needs(controls);
    /// List the backups that there are.
    BackupList "backup-list": StoreCheck on On::Installation => backup::list_all(controls);
    /// Check that all backups are whole.
    BackupCheck "backup-check" { read_data: bool }: StoreCheck on On::Installation => backup::check_all(controls, read_data);
    /// List the accounts that were erased, and from where their keys are gone: the store, and what is kept beside backups.
    BackupErasures "backup-erasures": StoreCheck on On::Installation => backup::list_erasures(controls);

    /// Show which mail of an account a backup has that is not there now; nothing is changed.
    BackupMail "backup-mail" (wanted: EarlierMail): StoreCheck on On::Account(&wanted.address) => earlier::show(controls, wanted);
    /// Put mail of an account that a backup has and that is not there now back, beside what is there.
    BackupMailRestore "backup-mail-restore" (mail: EarlierMail): MailRecover on On::Account(&mail.address) => earlier::restore(controls, mail);
    /// Show how much mail of a domain's accounts a backup has that is not there now; nothing is changed.
    BackupDomain "backup-domain" (of: EarlierDomain): StoreCheck on On::Domain(&of.domain) => earlier::show_domain(controls, of);
    /// Put mail of all accounts of a domain that a backup has and that is not there now back, beside what is there.
    BackupDomainRestore "backup-domain-restore" (of: EarlierDomain): StoreCollect on On::Domain(&of.domain) => earlier::restore_domain(controls, of);
    /// Rehearse a restore: build a server from the newest backup beside this one, compare the two, and write a signed report.
    BackupRehearse "backup-rehearse": StoreCheck on On::Installation => rehearse::run(controls);
    /// Give the key of an account's mail a new generation. What is there opens as before; what comes is encrypted under the new one.
    KeyRotate "key-rotate" { address: String }: KeyRotate on On::Account(address) => keys::rotate_account(controls, address);
    /// Give the key of an organisation a new generation.
    KeyRotateOrganisation "key-rotate-organisation" { organisation: Option<String> }: KeyRotate
        on On::Organisation(organisation.as_deref()) => keys::rotate_organisation(controls, bounds, organisation);
    /// Take up the region key from its file, as after a new generation, and wrap the keys of all organisations under it.
    KeyTakeUp "key-take-up": KeyRotate on On::Machine => keys::take_up(controls);

    /// Change somebody's job role.
    UserRole "user-role" { address: String, role: String, exception: Option<String> }: RoleGive
        on On::Account(address) => roles::give(controls, bounds, address, role, exception, true);
    /// List roles, shipped and custom ones.
    RoleList "role-list" { organisation: Option<String> }: RoleRead
        on On::Organisation(organisation.as_deref()) => roles::list(controls, bounds, organisation);
    /// Make a role, or give it other rights, each written as `allow account.read organisation`.
    RoleDefine "role-define" { name: String, rights: Vec<String>, organisation: Option<String> }: RoleDefine
        on On::Organisation(organisation.as_deref()) => roles::define(controls, bounds, name, rights, organisation);
    /// Remove a custom role that nobody has.
    RoleRemove "role-remove" { name: String, organisation: Option<String> }: RoleDefine
        on On::Organisation(organisation.as_deref()) => roles::remove(controls, bounds, name, organisation);
    /// Give somebody a role beside the job; an exception says why duties that are kept apart may lie in one hand.
    RoleGive "role-give" { address: String, role: String, exception: Option<String> }: RoleGive
        on On::Account(address) => roles::give(controls, bounds, address, role, exception, false);
    /// Take a role away that somebody has beside the job.
    RoleTake "role-take" { address: String, role: String }: RoleGive on On::Account(address) => roles::take(controls, address, role);

    /// Show who one is, and which rights one has over one's organisation.
    AccessOwn "access-own": MailRead on On::Own => access::own(controls, bounds);
    /// Show every row of the table of rights.
    AccessTable "access-table" { organisation: Option<String> }: AccessReview
        on On::Organisation(organisation.as_deref()) => access::table(controls, bounds, organisation);
    /// Show who has which roles, duties and grants.
    AccessReview "access-review" { organisation: Option<String> }: AccessReview
        on On::Organisation(organisation.as_deref()) => access::review(controls, bounds, organisation);
    /// Sign off that one has looked at who has which rights in a quarter (2026-Q4), and what came of it.
    AccessSignOff "access-sign-off" { period: String, note: String, organisation: Option<String> }: AccessReview
        on On::Organisation(organisation.as_deref()) => access::sign_off(controls, bounds, period, note, organisation);
    /// List who has signed such reviews off.
    AccessSignOffs "access-sign-offs" { organisation: Option<String> }: AccessReview
        on On::Organisation(organisation.as_deref()) => access::sign_offs(controls, bounds, organisation);
    /// Say what the table answers if somebody wants something, and by which rows.
    AccessExplain "access-explain" { who: String, what: String, on: Option<String> }: AccessReview
        on On::Account(who) => access::explain(controls, who, what, on);
    /// Show what was decided on sensitive actions in the last days.
    AccessLog "access-log" { days: u32 }: AuditRead on On::Within => access::log(controls, bounds, days);
    /// Show what needs attention, area by area, and live numbers, in the language zh or en.
    Overview "overview" { language: String }: EvidenceRead on On::Within => evidence::overview(controls, bounds, language);
    /// List who gets the overview as a report by mail, how often, and what was sent last.
    OverviewReportList "overview-report-list" { organisation: Option<String> }: ReportRead
        on On::Organisation(organisation.as_deref()) => overview_report::list(controls, bounds, organisation);
    /// Have the overview sent as a PDF by mail: daily, weekly or monthly, to people here or elsewhere.
    OverviewReportSet "overview-report-set" (new: overview_report::OverviewReportToSet): ReportSubscribe
        on On::Organisation(new.organisation.as_deref()) => overview_report::set(controls, bounds, new);
    /// Have a report of the overview sent no longer.
    OverviewReportRemove "overview-report-remove" { id: String, organisation: Option<String> }: ReportSubscribe
        on On::Organisation(organisation.as_deref()) => overview_report::remove(controls, bounds, id, organisation);
    /// Send a report of the overview now, of the last whole day, week or month.
    OverviewReportSend "overview-report-send" { id: String, organisation: Option<String> }: ReportSubscribe
        on On::Organisation(organisation.as_deref()) => overview_report::send(controls, bounds, id, organisation);
    /// List by which servers mail leaves and who may hand mail in: routes of the settings, then connectors in the order in which they are tried.
    ConnectorList "connector-list": DomainRead on On::Installation => connectors::list(controls);
    /// Set by which server mail to certain domains leaves, or who may hand mail in and how. It holds at once.
    ConnectorSet "connector-set" (new: connectors::ConnectorToSet): ConnectorChange on On::Installation => connectors::set(controls, new);
    /// Take a connector away.
    ConnectorRemove "connector-remove" { id: String }: ConnectorChange on On::Installation => connectors::remove(controls, id);
    /// Open a connection by a connector as for a message: greeting, TLS, certificate, sign-in. No message is sent.
    ConnectorTest "connector-test" { id: String, domain: Option<String> }: ConnectorChange
        on On::Installation => connectors::test(controls, id, domain);
    /// List the blocklists that are asked about our addresses and domains, how they answered, and on which we stand, since when.
    BlocklistList "blocklist-list": EvidenceRead on On::Installation => blocklists::list(controls);
    /// Ask the blocklists about our addresses and domains now.
    BlocklistLook "blocklist-look": EvidenceRead on On::Installation => blocklists::look(controls);
    /// List how checks come out, or items of a standard or a law by them, a page at a time.
    EvidenceList "evidence-list" (wanted: EvidenceWanted): EvidenceRead on On::Within => evidence::list(controls, bounds, wanted);
    /// Show an item of a standard or a law, or one of the checks, with what was read and how it came out before.
    EvidenceShow "evidence-show" { framework: String, item: String, language: String }: EvidenceRead
        on On::Within => evidence::show(controls, bounds, framework, item, language);
    /// Look at DNS and the machine now, for the checks that go by what was seen.
    EvidenceLook "evidence-look": EvidenceRead on On::Within => evidence::look_at_world(controls);
    /// Make a report of all checks and of a standard or a law, as pdf or json, signed with the audit log's key.
    EvidenceReport "evidence-report" { framework: Option<String>, language: String, format: String }: EvidenceReport
        on On::Within => evidence::make_report(controls, bounds, (framework, language, format));
    /// A page of what was decided on sensitive actions, the latest first.
    AuditPage "audit-page" (wanted: pages::EventsWanted): AuditRead on On::Within => pages::events(controls, bounds, wanted);
    /// Ask for a second person for a sensitive action, or no longer.
    AccessApproval "access-approval" { right: String, wanted: bool, organisation: Option<String> }: PolicyChange
        on On::Organisation(organisation.as_deref()) => access::set_approval(controls, bounds, right, wanted, organisation);

    /// Ask to read another's mail for a while.
    GrantAsk "grant-ask" (new: GrantRequest): GrantAsk on On::Account(&new.address) => grants::ask(controls, bounds, new);
    /// Say, as the second person, that another may read somebody's mail for a while.
    GrantApprove "grant-approve" { grant: i64 }: GrantApprove
        on On::Grant(*grant) => grants::decide(controls, bounds, grant, true);
    /// Say, as the second person, that another may not.
    GrantRefuse "grant-refuse" { grant: i64 }: GrantApprove
        on On::Grant(*grant) => grants::decide(controls, bounds, grant, false);
    /// End a grant early, or take a request for one back.
    GrantRevoke "grant-revoke" { grant: i64 }: GrantRevoke on On::Grant(*grant) => grants::revoke(controls, bounds, grant);
    /// Say that the legal hold is over, so that the owner is told.
    GrantLiftHold "grant-lift-hold" { grant: i64 }: GrantRevoke
        on On::Grant(*grant) => grants::lift_hold(controls, bounds, grant);
    /// List grants.
    GrantList "grant-list" { organisation: Option<String> }: GrantRead
        on On::Organisation(organisation.as_deref()) => grants::list(controls, bounds, organisation);
    /// List the grants that one has asked for oneself.
    GrantOwn "grant-own": MailRead on On::Own => grants::list_own(controls, bounds);
    /// List the mailboxes that a grant opens, or the messages in one of them.
    GrantMail "grant-mail" { grant: i64, mailbox: Option<String> }: MailRead
        on On::MailOfGrant(*grant) => grants::mail(controls, bounds, grant, mailbox);
    /// Read one message that a grant opens.
    GrantMessage "grant-message" { grant: i64, mailbox: String, uid: u32 }: MailRead
        on On::MailOfGrant(*grant) => grants::message(controls, bounds, grant, mailbox, uid);

    /// Tell of recipients whether mail to them stays here and must be encrypted, and what the portal for partners offers.
    PortalRecipients "portal-recipients" { addresses: Vec<String> }: MailSend
        on On::Own => portal::recipients(controls, addresses);
    /// Make a delivery for a partner that one's browser encrypts; its chunks follow.
    PortalCreate "portal-create" (new: portal::NewPortalDelivery): MailSend
        on On::Own => portal::create(controls, bounds, new);
    /// Let the partner open a delivery whose chunks are all there, and write to him.
    PortalSend "portal-send" { name: String, chunks: Vec<u32>, notify: bool }: MailSend
        on On::Own => portal::send(controls, bounds, name, chunks, notify);
    /// List one's own deliveries.
    PortalList "portal-list": MailRead on On::Own => portal::list(controls, bounds);
    /// Show one's own delivery with the replies to it, as ciphertext and wrapped keys.
    PortalShow "portal-show" { name: String }: MailRead on On::Own => portal::show(controls, bounds, name);
    /// Take a delivery back: nobody opens it any more, and its ciphertext is removed.
    PortalRevoke "portal-revoke" { name: String }: MailSend
        on On::Own => portal::change(controls, bounds, name, ::portal::Change::Revoke);
    /// Let a delivery be opened longer and more often; 0 for as long and as often as usual.
    PortalExtend "portal-extend" { name: String, days: u32, openings: u32 }: MailSend
        on On::Own => portal::change(controls, bounds, name, ::portal::Change::Extend { days, openings });

    /// List requests that wait for a second person; with `own`, one's own.
    ApprovalList "approval-list" { own: bool }: ApprovalRead
        on if *own { On::Own } else { On::Within } => approvals::list(controls, bounds, own);
    /// Say yes or no, as the second person, to what another asked for.
    ApprovalDecide "approval-decide" { request: i64, approve: bool }: ApprovalDecide
        on On::Request(*request) => approvals::decide(controls, bounds, request, approve);
}
