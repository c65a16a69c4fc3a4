"""The journal as a C2SP log: tree, tiles, signed checkpoints, keys, and copies of it."""
