"""Alerts: subscriptions, and the messages that follow from the record.

What is told to whom is decided in `core/notices`; here it is stored, written out and delivered.
"""
