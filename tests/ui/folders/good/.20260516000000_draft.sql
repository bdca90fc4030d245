this is no SQL and nobody reads it '
