"""Responders: the desk as the one door for every act, its client, and the scripted responder."""
