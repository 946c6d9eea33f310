"""Where writes come from: embedded publishers, replayed traces, block layers, synthetic fleets."""
