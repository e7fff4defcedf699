"""What several tests share: samples, oracles, damage, drivers."""
