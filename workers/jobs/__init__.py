"""What RQ calls: further attempts and replays, and the queue that both wait in."""
