"""What gameday's own experiments call: actions and probes for Chaos Toolkit's python provider.

They run in the child that plays one experiment, or under plain ``chaos run`` with the stack's variables in the
environment. Each checks its answer and raises when what was asked did not happen, so an activity that Chaos
Toolkit calls succeeded has succeeded.
"""
