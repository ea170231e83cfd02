"""Systems under rehearsal, each behind the same port: ``local`` (embedded) and the fake that tests use."""
