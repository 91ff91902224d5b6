"""What people ask: answers to real questions with the command that shows each, and what works on this machine."""
