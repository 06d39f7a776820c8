#!/bin/sh
# The demo's `drain`: nginx sends this host no more requests; answers when the last one has been answered.
"$(dirname "$0")/balance.sh" " down"
