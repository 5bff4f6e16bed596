#!/bin/sh
# Its greeting lies beside it.
echo "$(cat "$(dirname "$0")/greeting.txt"), $1"
