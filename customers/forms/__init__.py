"""Forms of customers/, one module a noun."""
