"""The sample system: a sign-in service and the identity provider it asks, as programs of their own.

Imports nothing of gameday, and nothing imports it: a stack starts ``python -m gameday.staging.auth`` and
``python -m gameday.staging.identity``, runs ``schema.sql`` in the database and reads ``releases.json``.

What users see, through the gateway (JSON in, JSON out; an error is ``{"error": "..."}``)::

    POST /login    {"user": "user007", "password": "pw-user007"}
                   200 {"token": "...", "identity_checked": true}     401 wrong user or password
                   503 a dependency refused or could not be reached
    POST /refresh  Authorization: Bearer TOKEN      200 {"token": "..."}     the old token is void
    GET  /profile  Authorization: Bearer TOKEN      200 {"user": "user007", "name": "...", "email": "..."}
    POST /logout   Authorization: Bearer TOKEN      200 {"signed_out": true}

A token that is unknown, void or missing answers 401. Users are ``user000`` to ``user299``, the password is
``pw-`` and the user's name. ``identity_checked`` is false where the login went on without the identity
provider (its breaker is open, or the time-out passed).

On each replica's own port, not through the gateway: ``GET /healthz``, ``GET /readyz`` (503 while draining;
neither uses the pool), ``GET /metrics``, and ``/admin/...`` for whoever holds the admin token.
"""
