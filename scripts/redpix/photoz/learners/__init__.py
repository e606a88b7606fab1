"""Learners of photometric redshifts: one file per learner, and what they share."""
