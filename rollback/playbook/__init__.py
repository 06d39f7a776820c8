"""YAML -> Playbook: `load.load`, `find.find`; every fault at once. Knows nothing of git or the network."""
