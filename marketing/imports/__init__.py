"""What of this app can be imported."""
