"""What a student does alone: the tour, the levels of the game, and the quiz."""
