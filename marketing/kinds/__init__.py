"""The kinds of record of marketing/, in the order of the side bar."""
