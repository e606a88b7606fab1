"""What every room needs: errors, jobs, provenance, code versions, atomic files, programs."""
