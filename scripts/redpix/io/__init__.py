"""Reading what users bring: one reader of tables, one reader of images."""
