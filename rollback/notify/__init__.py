"""Tells people what happens, from threads of its own: nothing here holds an operation up or makes it fail."""
