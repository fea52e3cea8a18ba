"""The ledger's atomic steps, one script each; ``rows.lua`` goes before every one of them."""
