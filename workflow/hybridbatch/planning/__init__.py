"""From a configuration to jobs: which there are, with which options, on which machine."""
