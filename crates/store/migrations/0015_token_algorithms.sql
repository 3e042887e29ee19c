-- By which algorithm a client has identity tokens signed, and which one a key is for.

ALTER TABLE oauth_client ADD COLUMN algorithm TEXT NOT NULL DEFAULT 'ES256';    -- ES256 | RS256
ALTER TABLE oauth_key ADD COLUMN algorithm TEXT NOT NULL DEFAULT 'ES256';       -- of RS256, the public part is the modulus
