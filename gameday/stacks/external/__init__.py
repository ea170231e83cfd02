"""Somebody's own staging system, reached as its file says: nothing of it is known but what that file tells."""
