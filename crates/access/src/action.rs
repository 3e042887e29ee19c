env::words! {
    /// What somebody may do or not: the left column of the table of rights. Several requests of the API may need the same one.
    Action "action" allowed "those that `tradewind access table` lists" {
        /// Read the mail of a mailbox.
        MailRead = "mail.read",
        /// Flag, move and delete mail.
        MailChange = "mail.change",
        /// Send in an account's name.
        MailSend = "mail.send",
        /// Bring mail from elsewhere into a mailbox.
        MailImport = "mail.import",
        /// Take much mail out at once: export and mass download.
        MailExport = "mail.export",
        /// Take an account's mail out to files of the machine, as its operator.
        MailTakeOut = "mail.take-out",
        /// Bring removed mail back into the mailbox that it was removed from.
        MailRecover = "mail.recover",
        /// Have mail passed on to another address, whatever the protocol: rule, Sieve redirect, IMAP or JMAP.
        ForwardingChange = "forwarding.change",
        /// Change rules for arriving mail that pass nothing on.
        FilterChange = "filter.change",
        /// See who may act for an account.
        DelegationRead = "delegation.read",
        /// Let others read an account's mail or send in its name.
        DelegationChange = "delegation.change",
        /// See an account: names, addresses, role, size.
        AccountRead = "account.read",
        /// Make an account.
        AccountCreate = "account.create",
        /// Change an account's name, language or quota.
        AccountChange = "account.change",
        /// Put an account in or out of use.
        AccountState = "account.state",
        /// Put a frozen account in use again.
        AccountThaw = "account.thaw",
        /// Turn the account of somebody who leaves into a shared mailbox that a successor reads for a time.
        AccountRetire = "account.retire",
        /// Destroy an account with all its mail.
        AccountDelete = "account.delete",
        /// Add or remove further addresses of an account.
        AliasChange = "alias.change",
        /// Change one's own password.
        PasswordChange = "password.change",
        /// Set another's password.
        PasswordReset = "password.reset",
        /// See which factors an account has.
        FactorRead = "factor.read",
        /// Add or remove one's own factors.
        FactorChange = "factor.change",
        /// Remove another's factors.
        FactorReset = "factor.reset",
        /// See who is signed in where.
        SessionRead = "session.read",
        /// End sessions.
        SessionEnd = "session.end",
        /// See the app passwords and connected programs of an account.
        ClientRead = "client.read",
        /// Make app passwords and connect programs.
        ClientAdd = "client.add",
        /// Revoke app passwords and connected programs.
        ClientRevoke = "client.revoke",
        /// See which roles there are and who has them.
        RoleRead = "role.read",
        /// Give roles to people and take them away.
        RoleGive = "role.give",
        /// Make and change custom roles.
        RoleDefine = "role.define",
        /// See groups and who is in them.
        GroupRead = "group.read",
        /// Make groups and change who is in them.
        GroupChange = "group.change",
        /// Make shared mailboxes and say who uses them.
        SharedChange = "shared.change",
        /// Look people of the organisation up.
        DirectoryRead = "directory.read",
        /// Take the whole directory out.
        DirectoryExport = "directory.export",
        /// See where people come from: directories, identity providers, files.
        ProvisioningRead = "provisioning.read",
        /// Change where people come from, and take them over.
        ProvisioningChange = "provisioning.change",
        /// See domains.
        DomainRead = "domain.read",
        /// Host a domain or stop to.
        DomainChange = "domain.change",
        /// Say by which servers mail leaves, and who may hand mail in; try it.
        ConnectorChange = "connector.change",
        /// See an organisation and its protection level.
        OrganisationRead = "organisation.read",
        /// See policies.
        PolicyRead = "policy.read",
        /// Change policies and the protection level.
        PolicyChange = "policy.change",
        /// See legal holds.
        HoldRead = "hold.read",
        /// Begin and end legal holds, which keep mail whoever removes it.
        HoldChange = "hold.change",
        /// See the rules of the journal of mail.
        JournalRead = "journal.read",
        /// Change which mail is kept in the journal, for how long, and where reports of it go.
        JournalChange = "journal.change",
        /// See investigations: whose mail is looked into and why, what was searched for, how much was found.
        InvestigationRead = "investigation.read",
        /// Open an investigation, or look into the mail of more people under one.
        InvestigationOpen = "investigation.open",
        /// Search, read and mark the mail of those whom an open investigation names, and close it.
        InvestigationWork = "investigation.work",
        /// Take out what an investigation has found.
        InvestigationExport = "investigation.export",
        /// See requests of people about their data, their deadlines and answers, and the registers of consents and of processing.
        SubjectRead = "subject.read",
        /// Enter and work on such requests: look for the person, report, correct, restrict, answer; write in the registers.
        SubjectChange = "subject.change",
        /// Erase what is held of whoever asks for it.
        SubjectErase = "subject.erase",
        /// Ask about one's own data, and see what becomes of it.
        SubjectOwn = "subject.own",
        /// Lower a protection.
        ProtectionLower = "protection.lower",
        /// See allow and deny lists.
        ListRead = "list.read",
        /// Change allow and deny lists.
        ListChange = "list.change",
        /// See messages on their way out.
        QueueRead = "queue.read",
        /// Hold, release, retry, expire and cancel messages on their way out.
        QueueChange = "queue.change",
        /// See what happened to messages: who wrote to whom, when, and what became of it. No content.
        TraceRead = "trace.read",
        /// See what was found of judged mail, and what waits in quarantine.
        QuarantineRead = "quarantine.read",
        /// Release and delete what waits in quarantine.
        QuarantineChange = "quarantine.change",
        /// See cases of the trade guard, partners, and payment details on file.
        GuardRead = "guard.read",
        /// Close cases of the trade guard, confirm and dispute payment details, correct partners.
        GuardChange = "guard.change",
        /// See the public part of signing keys.
        SigningRead = "signing.read",
        /// Make, rotate and retire signing keys.
        SigningChange = "signing.change",
        /// Make, import and destroy S/MIME keys of accounts; say which certificates of others are trusted.
        CertificateChange = "certificate.change",
        /// See keys of people and of correspondents with which mail is encrypted.
        KeyRead = "key.read",
        /// Make, bring, publish, verify and destroy such keys.
        KeyChange = "key.change",
        /// Take a private key out of the system.
        KeyExport = "key.export",
        /// Give keys at rest a new generation.
        KeyRotate = "key.rotate",
        /// Read reports about our domains.
        ReportRead = "report.read",
        /// Have reports sent now.
        ReportSend = "report.send",
        /// Say who gets the overview as a report by mail, here or elsewhere.
        ReportSubscribe = "report.subscribe",
        /// Check the store.
        StoreCheck = "store.check",
        /// Give back room of what is gone.
        StoreCollect = "store.collect",
        /// See sign-ins and what was thought of them.
        SignInRead = "sign-in.read",
        /// Say of a sign-in whether it was genuine.
        SignInAnswer = "sign-in.answer",
        /// Read the record of what others did.
        AuditRead = "audit.read",
        /// Read the table of rights, explain a decision, review who has what.
        AccessReview = "access.review",
        /// See how checks come out, what they show of standards and laws, and the overview.
        EvidenceRead = "evidence.read",
        /// Make a signed report of that.
        EvidenceReport = "evidence.report",
        /// See break-glass grants.
        GrantRead = "grant.read",
        /// Ask to read another's mail for a while.
        GrantAsk = "grant.ask",
        /// Allow another to read somebody's mail for a while.
        GrantApprove = "grant.approve",
        /// End such a grant early.
        GrantRevoke = "grant.revoke",
        /// See messages that wait for approval and are one's own, or one's to approve.
        OutboundRead = "outbound.read",
        /// Allow or refuse a message of another for which a rule for outbound mail names one.
        OutboundDecide = "outbound.decide",
        /// Have others' sent mail looked at by rules for outbound mail, to see what they would have done.
        OutboundReplay = "outbound.replay",
        /// See what waits for a second person.
        ApprovalRead = "approval.read",
        /// Approve or refuse, as the second person, what another asked for.
        ApprovalDecide = "approval.decide",
    }
}

impl Action {
    /// How many there are.
    pub(crate) const COUNT: usize = Self::ALL.len();

    /// Whether the owner of an account is told when another does it to the account: it changes who can use it.
    #[must_use]
    pub const fn tells_owner(self) -> bool {
        matches!(
            self,
            Self::ForwardingChange
                | Self::DelegationChange
                | Self::ClientAdd
                | Self::KeyChange
                | Self::KeyExport
                | Self::MailRecover
                | Self::MailTakeOut
                | Self::AccountThaw
                | Self::PasswordReset
                | Self::FactorReset
        )
    }

    /// Whether no role may hold it beyond the own account: another's mail opens only by its owner's delegation or a grant.
    #[must_use]
    pub const fn is_personal(self) -> bool {
        matches!(
            self,
            Self::MailRead
                | Self::MailChange
                | Self::MailSend
                | Self::MailExport
                | Self::ForwardingChange
                | Self::FilterChange
                | Self::DelegationChange
                | Self::PasswordChange
                | Self::FactorChange
                | Self::ClientAdd
        )
    }
}
