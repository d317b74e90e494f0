"""Syslog over TLS: the messages (RFC 5424), the way they stand in a stream and the connection (RFC 5425)."""
