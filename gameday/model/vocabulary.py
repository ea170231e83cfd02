"""The closed lists of words that people's files share with the desk: levers, topics, roles, states.

What a lever's arguments mean is the stack's to say; which levers there can be is said here, so that a
misspelt one is found before anything runs.
"""

from __future__ import annotations

LEVERS: dict[str, str] = {
    "rollback": "bring a service back to the release before",
    "disable-flag": "switch a feature off",
    "restart": "replace a service's replicas by new ones of the same release",
    "scale": "change how many replicas a service has",
    "set-config": "change a setting of a service",
    "terminate-connections": "end database sessions that have been idle for some time",
    "breaker": "stop asking a dependency",
    "fail-over": "promote a database's standby and fence the server that led",
    "start": "start what was stopped, or let it go on",
}

TOPICS: dict[str, str] = {
    "deploys": "which releases went out when, and by whom",
    "config": "which settings and flags changed when, and by whom",
    "metrics": "what the system exports about itself",
    "logs": "what the services wrote",
    "dependencies": "how the parts that a service depends on answer",
    "connections": "who holds how many database sessions, and since when",
}

ROLES: dict[str, str] = {
    "incident-commander": "coordinates, decides",
    "technical-lead": "drives investigation and fixes",
    "communications-lead": "keeps stakeholders informed",
    "scribe": "keeps the incident's log",
}

UPDATE_STATES = ("investigating", "identified", "monitoring", "resolved")
