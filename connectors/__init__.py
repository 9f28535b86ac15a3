"""What joins an agency to the hub: one folder per partner's protocol, the court's side, and simulators to try it on."""
