#!/bin/sh
# build.sh BUILD: install the npm package soap, at the version that package.json names, into BUILD.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cp "$here/package.json" "$here/client.js" "$1"
cd "$1"
npm install --no-fund --no-audit --silent
