"""What holders hold: functions for ``python -m gameday.faults.holder``, each in a module of its own."""
