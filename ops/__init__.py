"""What a deployment needs besides Python, and the programs that write parts of it."""
