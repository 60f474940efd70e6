"""The kinds of record of sales/, in the order of the side bar."""
