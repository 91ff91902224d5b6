"""What a terminal shows while a sale goes on."""
