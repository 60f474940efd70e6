"""Mail of support/: read, understood, threaded into cases, fetched, sent and counted."""
