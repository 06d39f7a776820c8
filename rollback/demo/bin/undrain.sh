#!/bin/sh
# The demo's `undrain`: nginx sends this host requests again.
"$(dirname "$0")/balance.sh" ""
