// A Patient Identity Source in C++, on code that gSOAP generates from /patients?wsdl.
//
//   client VERB URL SECURITY MESSAGE    VERB: add (PRPA_IN201301UV02), revise (…302…), merge (…304…)
//
// MESSAGE is a file with the message, which gSOAP reads into its classes and writes again. Prints `status=`
// (CA, CE, CR), `error=` and `fault=` lines; exits 0 for CA.

#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include "soapDocumentRegistry_USCOREBinding_USCORESoap12Proxy.h"
#include "DocumentRegistry_USCOREBinding_USCORESoap12.nsmap"
#include "plugin/wsaapi.h"

typedef DocumentRegistry_USCOREBinding_USCORESoap12Proxy Proxy;

static int failed(Proxy &proxy) {
    const char *subcode = proxy.soap_fault_subcode(), *reason = proxy.soap_fault_string();
    std::cout << "fault=" << (subcode ? subcode : "") << " " << (reason ? reason : "") << std::endl;
    return 1;
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    std::string verb = argv[1];
    const char *url = argv[2];
    std::ifstream file(argv[3], std::ios::binary), in(argv[4], std::ios::binary);
    std::ostringstream security;
    security << file.rdbuf();

    Proxy proxy(SOAP_XML_INDENT);
    soap_register_plugin(proxy.soap, soap_wsa);
    hl7__PatientRegistryMessage message;
    proxy.soap->is = &in;
    if (soap_read_hl7__PatientRegistryMessage(proxy.soap, &message)) return failed(proxy);
    proxy.soap->is = NULL;

    std::string number = verb == "add" ? "301" : verb == "revise" ? "302" : "304";
    std::string action = "urn:hl7-org:v3:PRPA_IN201" + number + "UV02";
    soap_wsa_request(proxy.soap, soap_wsa_rand_uuid(proxy.soap), url, action.c_str());
    soap_wsa_add_ReplyTo(proxy.soap, "http://www.w3.org/2005/08/addressing/anonymous");
    proxy.soap->header->__any = soap_strdup(proxy.soap, security.str().c_str());
    hl7__AcceptAcknowledgement answer;
    int error = verb == "add" ? proxy.DocumentRegistry_USCOREPRPA_USCOREIN201301UV02(url, NULL, &message, answer)
        : verb == "revise" ? proxy.DocumentRegistry_USCOREPRPA_USCOREIN201302UV02(url, NULL, &message, answer)
        : proxy.DocumentRegistry_USCOREPRPA_USCOREIN201304UV02(url, NULL, &message, answer);
    // The answer must say which request it answers, and be what its action says.
    if (error || soap_wsa_check(proxy.soap)) return failed(proxy);
    hl7__Acknowledgement &said = *answer.acknowledgement[0];
    std::string status = said.typeCode->code;
    std::cout << "status=" << status << std::endl;
    for (int i = 0; i < said.__sizeacknowledgementDetail; i++) {
        const char *text = said.acknowledgementDetail[i]->text->__mixed;
        std::cout << "error=" << (text ? text : "") << std::endl;
    }
    return status != "CA";
}
