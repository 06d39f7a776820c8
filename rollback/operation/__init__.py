"""Carries out plans through ports: the only orchestration. Core decides, the ports reach; this joins them."""
