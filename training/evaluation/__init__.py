"""What the cast can do, measured on films that nobody trained on."""
