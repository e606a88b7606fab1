"""Point-spread functions: models, PSFEx and SExtractor, effective PSFs, star selection."""
