-- Keys with which mail of our domains is signed (RFC 6376).

CREATE TABLE dkim_key (
    domain TEXT NOT NULL,               -- canonical: lowercase A-labels
    selector TEXT NOT NULL,
    kind TEXT NOT NULL,                 -- rsa | ed25519
    state TEXT NOT NULL,                -- waiting | signing | retired
    private BLOB NOT NULL,              -- PKCS #8, sealed under the organisation's key; empty once retired
    record TEXT NOT NULL,               -- value of the TXT record
    created BIGINT NOT NULL,
    changed BIGINT NOT NULL,            -- when it came into its state
    remove_after BIGINT NOT NULL,       -- when the record of a retired key may go; 0 before
    PRIMARY KEY (domain, selector)
) WITHOUT ROWID;
