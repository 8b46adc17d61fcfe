#!/bin/sh
# build.sh BUILD CLIENT SERVICE...: wsimport from running services, compile CLIENT.java, write BUILD/classpath.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$1 client=$2
shift 2
jars=
for name in jaxws-tools jaxws-rt jaxws-api jaxb-api jaxb-core jaxb-impl jaxb-runtime jaxb-xjc \
    javax.activation javax.xml.soap-api saaj-impl stax-ex streambuffer mimepull metro-policy gmbal \
    istack-commons-runtime istack-commons-tools jws-api xml-resolver FastInfoset woodstox-core \
    stax2-api geronimo-annotation-1.3-spec txw2 rngom xsom dtd-parser codemodel relaxngDatatype; do
  if [ -e "/usr/share/java/$name.jar" ]; then jars="$jars:/usr/share/java/$name.jar"; fi
done
mkdir -p "$build/generated" "$build/classes"
cd "$build"
for service in "$@"; do
  # -extension: SOAP 1.2 is an extension to JAX-WS, as is all of SOAP but 1.1.
  java -cp "$jars" com.sun.tools.ws.WsImport -quiet -extension -Xnocompile -d generated "$service?wsdl"
done
find generated -name '*.java' > sources
javac -nowarn -proc:none -cp "$jars" -d classes @sources "$here/$client.java"
echo "$PWD/classes$jars" > classpath
