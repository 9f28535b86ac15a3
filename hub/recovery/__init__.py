"""Keeping the store: what it is, bringing it forward, copies of it, and what follows when an old one is put back."""
