"""From a checkout to a running site: standard library only, since nothing is installed when it starts."""
