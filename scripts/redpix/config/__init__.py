"""The configuration and the tables that a user writes: schema, checks, plan of the run."""
