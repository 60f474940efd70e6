"""A large made-up company: the same shapes at ten thousand contacts and at a million, for measuring."""
