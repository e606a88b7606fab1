"""Tools for every room: exceptions, jobs, provenance, code versions, atomic files, programs."""
