"""What tests of faults are made of: real pollers that die, a cloud, proxies, and an oracle."""
