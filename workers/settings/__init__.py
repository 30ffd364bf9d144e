"""Settings: one frozen object, read from the environment, and the parts it is made of."""
