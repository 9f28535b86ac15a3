"""Pure decisions: (state, message or timer, now) → (new state, effects). No I/O, no clock, no randomness."""
