"""Read users' files: one reader of tables, one reader of images."""
