"""Ways to buy that need no lock, one file each."""
