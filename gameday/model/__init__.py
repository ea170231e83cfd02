"""Frozen models of everything a person writes: scenario, system, experiment, runbook, rubric, playbook.

They are built from plain data (``model_validate``), so the same models read a person's YAML and the inputs
that the log's first record holds. Where a value came from in a file is the business of
``gameday.model.reading``.
"""
