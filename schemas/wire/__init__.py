"""What CometChat writes, declared as Marshmallow schemas: one module a kind of thing."""
