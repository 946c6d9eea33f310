"""What reports consist of: reading a range, computing its sections, and showing them as text, data, page."""
