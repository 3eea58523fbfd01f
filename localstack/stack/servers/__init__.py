"""Real servers on loopback: PostgreSQL, Valkey (Redis) and an SMTP catcher."""
