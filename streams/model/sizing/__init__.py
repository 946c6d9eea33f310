"""How wide the link must be: bandwidth, paths and time, from the bytes that changed."""
