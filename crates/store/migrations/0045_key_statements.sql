-- What an account's owner has said of keys, signed and encrypted in the owner's browser.
CREATE TABLE key_statement (
    account BIGINT PRIMARY KEY,
    detail BLOB NOT NULL                -- sealed under the account's key: what the browser gave
);
