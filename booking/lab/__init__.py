"""The lab in the browser: explorer, game, lessons and proofs in a pupil's own sandbox, without any installation."""
