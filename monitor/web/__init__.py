"""The pages: an application that reads and never writes, nor probes, in its own process."""
