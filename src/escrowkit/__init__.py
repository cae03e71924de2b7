"""escrowkit."""
