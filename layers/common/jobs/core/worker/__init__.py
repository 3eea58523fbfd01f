"""What the poller does, top down: `drain` is the loop, the others are its parts."""
