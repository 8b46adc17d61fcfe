#!/bin/sh
# build.sh BUILD CLIENT SERVICE...: generate code from running services, compile CLIENT.cpp into BUILD/client.
# What gSOAP generates is under its licence and is never committed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$1 client=$2
shift 2
mkdir -p "$build"
cd "$build"
for service in "$@"; do
  set -- "$@" "$service?wsdl"
  shift
done
wsdl2h -s -t "$here/typemap.dat" -o xdsb.h "$@"
soapcpp2 -j -C -2 -x -L -I "$here:/usr/share/gsoap/import" "$here/client.h"
g++ -O0 -w -I . -I /usr/share/gsoap -o client "$here/$client.cpp" \
  soapC.cpp soapDocumentRegistry_USCOREBinding_USCORESoap12Proxy.cpp /usr/share/gsoap/plugin/wsaapi.c -lgsoap++
