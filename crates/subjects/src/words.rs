//! The words of the register.

env::words! {
    /// What somebody asks for.
    Kind "kind of request" allowed "access, export, correction, restriction, erasure, objection" {
        /// To be told what is held of him (GDPR article 15, PIPL article 45).
        Access = "access",
        /// To have it in a form that machines read (GDPR article 20, PIPL article 45).
        Export = "export",
        /// To have it set right (GDPR article 16, PIPL article 46).
        Correction = "correction",
        /// To have it rest and used for nothing else (GDPR article 18).
        Restriction = "restriction",
        /// To have it erased (GDPR article 17, PIPL article 47).
        Erasure = "erasure",
        /// To have an end of uses that he never agreed to (GDPR article 21, PIPL article 44).
        Objection = "objection",
    }

    /// The law under which somebody asks; it gives the deadline.
    Regime "law" allowed "gdpr, ccpa, pipl" {
        /// The European Union's: a month, and two more with a reason (article 12 paragraph 3).
        Gdpr = "gdpr",
        /// California's: 45 days, and 45 more with a reason (section 1798.130).
        Ccpa = "ccpa",
        /// China's: timely (article 50); so many working days as the settings say.
        Pipl = "pipl",
    }

    /// How far a request is.
    State "state of a request" allowed "open, done, refused, withdrawn" {
        /// It waits for an answer.
        Open = "open",
        /// What was asked for was done.
        Done = "done",
        /// It was refused, with a reason.
        Refused = "refused",
        /// Whoever asked has taken it back.
        Withdrawn = "withdrawn",
    }

    /// Where somebody is held.
    Place "place" allowed "mailboxes, removed, quarantine, queue, portal, partners, cases, contacts, traces, message-trace, reputation, correspondents, lists, keys, rules, register" {
        /// In mail that lies in mailboxes.
        Mailboxes = "mailboxes",
        /// In mail that was removed and is still kept.
        Removed = "removed",
        /// In mail that waits in quarantine.
        Quarantine = "quarantine",
        /// In mail on its way out.
        Queue = "queue",
        /// In deliveries of the portal.
        Portal = "portal",
        /// Among the people of partners, with how they write and in which threads.
        Partners = "partners",
        /// In cases of finance.
        Cases = "cases",
        /// In people's address books.
        Contacts = "contacts",
        /// In what was found of judged mail, and what people reported of it.
        Traces = "traces",
        /// In the message trace: what happened to mail from and to him.
        MessageTrace = "message-trace",
        /// In counts of how senders behave.
        Reputation = "reputation",
        /// Among those whom people are remembered to have written to.
        Correspondents = "correspondents",
        /// On the allow and deny lists.
        Lists = "lists",
        /// In keys and certificates of correspondents.
        Keys = "keys",
        /// In groups, forwarding, and rules of protection.
        Rules = "rules",
        /// In the registers of requests and consents themselves.
        Register = "register",
    }
}
