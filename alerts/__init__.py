"""Cases, the ladder they climb, and the channels that hear of it."""
