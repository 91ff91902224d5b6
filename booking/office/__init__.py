"""The ticket office: a TCP server whose processes buy for clients, and the client that asks it."""
