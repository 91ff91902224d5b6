"""Real processes: started, held at the gate, watched, and always ended."""
