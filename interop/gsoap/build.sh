#!/bin/sh
# build.sh BUILD REGISTRY REPOSITORY: generate the client's code from two running services, compile it.
# What gSOAP generates is under its licence and is never committed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"
wsdl2h -s -t "$here/typemap.dat" -o xdsb.h "$2?wsdl" "$3?wsdl"
soapcpp2 -j -C -2 -x -L -I "$here:/usr/share/gsoap/import" "$here/client.h"
g++ -O0 -w -I . -I /usr/share/gsoap -o client "$here/client.cpp" \
  soapC.cpp soapDocumentRegistry_USCOREBinding_USCORESoap12Proxy.cpp /usr/share/gsoap/plugin/wsaapi.c -lgsoap++
