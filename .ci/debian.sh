#!/bin/sh
# debian.sh TEST PACKAGE…: when the shell command TEST fails, install the Debian packages (as root), or say which are missing.
test_command=$1
shift
sh -c "$test_command" >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing from Debian: $*"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null && exit 0
fi
echo "Missing on this machine: $*. Install with: sudo apt-get install $*" >&2
exit 1
