"""Webhooks on the wire: how they are signed, whom they may be sent to, how and when."""
