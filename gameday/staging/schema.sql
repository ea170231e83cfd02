-- Users and their sessions. The digest is a plain SHA-256: this is a sample, and the CPU should stay idle.
CREATE TABLE users (
    name text PRIMARY KEY,
    full_name text NOT NULL,
    email text NOT NULL,
    digest bytea NOT NULL
);

CREATE TABLE sessions (
    token text PRIMARY KEY,
    user_name text NOT NULL REFERENCES users (name),
    opened timestamptz NOT NULL DEFAULT now(),
    refreshed timestamptz NOT NULL DEFAULT now()
);

INSERT INTO users (name, full_name, email, digest)
SELECT name, 'User ' || name, name || '@staging.example', sha256(convert_to('pw-' || name, 'UTF8'))
FROM (SELECT 'user' || to_char(n, 'FM000') AS name FROM generate_series(0, 299) AS n) AS seeds;
