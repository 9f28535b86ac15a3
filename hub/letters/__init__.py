"""Dead letters as a tool for operators: listed, shown masked, replayed or discarded by signed orders to the running hub."""
