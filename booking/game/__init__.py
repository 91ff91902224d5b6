"""The student is the scheduler: a game in which buyers move one step at a time, and a quiz about schedules."""
