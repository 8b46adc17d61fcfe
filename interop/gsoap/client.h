// What soapcpp2 reads: the types of the two services, WS-Addressing, and one more header that is
// sent as the bytes that it was given, so that the signature in it stays whole.
#import "wsa5.h"
#import "xdsb.h"
mutable struct SOAP_ENV__Header { _XML __any 0; };
