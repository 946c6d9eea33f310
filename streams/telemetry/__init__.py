"""What a service shows of itself: metric families, the text that Prometheus reads, and HTTP to ask for it."""
