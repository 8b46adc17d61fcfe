// A client of an XDS.b node in C++, on code that gSOAP generates from the node's ?wsdl.
//
//   client provide  URL SECURITY METADATA DOCUMENT-ID FILE    ITI-41, the file as an MTOM part
//   client query    URL SECURITY PATIENT                      ITI-18 FindDocuments, LeafClass
//   client retrieve URL SECURITY REPOSITORY DOCUMENT OUT      ITI-43, the document into the file OUT
//
// SECURITY is a file with the wsse:Security element, METADATA one with a SubmitObjectsRequest. Prints
// `status=`, `document=` and `fault=` lines; exits 0 when the node answered Success.

#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include "soapDocumentRegistry_USCOREBinding_USCORESoap12Proxy.h"
#include "DocumentRegistry_USCOREBinding_USCORESoap12.nsmap"
#include "plugin/wsaapi.h"

typedef DocumentRegistry_USCOREBinding_USCORESoap12Proxy Proxy;

static const char *const UNIQUE_ID = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab";
static const char *const FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d";
static const char *const APPROVED = "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')";

static std::string contents(const char *path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) { std::cerr << "cannot read " << path << std::endl; std::exit(2); }
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

static char *mine(struct soap *soap, const std::string &text) { return soap_strdup(soap, text.c_str()); }

static int failed(Proxy &proxy) {
    const char *subcode = proxy.soap_fault_subcode(), *reason = proxy.soap_fault_string();
    std::cout << "fault=" << (subcode ? subcode : "") << " " << (reason ? reason : "") << std::endl;
    return 1;
}

static int verdict(Proxy &proxy, const rs__RegistryResponseType &answer) {
    // The answer must say which request it answers, and be what its action says.
    if (soap_wsa_check(proxy.soap)) return failed(proxy);
    std::cout << "status=" << answer.status << std::endl;
    if (answer.RegistryErrorList) {
        const _rs__RegistryErrorList &list = *answer.RegistryErrorList;
        for (int i = 0; i < list.__sizeRegistryError; i++)
            std::cout << "error=" << list.RegistryError_[i]->errorCode << ": "
                      << list.RegistryError_[i]->codeContext << std::endl;
    }
    return std::string(answer.status).find(":Success") == std::string::npos;
}

// The WS-Addressing headers by gSOAP's own plugin, then the security header verbatim.
static void address(Proxy &proxy, const char *url, const char *action, const std::string &security) {
    soap_wsa_request(proxy.soap, soap_wsa_rand_uuid(proxy.soap), url, action);
    soap_wsa_add_ReplyTo(proxy.soap, "http://www.w3.org/2005/08/addressing/anonymous");
    proxy.soap->header->__any = mine(proxy.soap, security);
}

static int provide(Proxy &proxy, const char *url, const std::string &security, char **argv) {
    _lcm__SubmitObjectsRequest *metadata = soap_new__lcm__SubmitObjectsRequest(proxy.soap);
    std::ifstream in(argv[0], std::ios::binary);
    proxy.soap->is = &in;
    if (soap_read__lcm__SubmitObjectsRequest(proxy.soap, metadata)) return failed(proxy);
    proxy.soap->is = NULL;

    std::string bytes = contents(argv[2]);
    __xds__ProvideAndRegisterDocumentSetRequestType_sequence documents;
    _xds__ProvideAndRegisterDocumentSetRequestType_Document document;
    documents.__sizeDocument = 1;
    documents.Document = &document;
    document.id = argv[1];
    document.__item.__ptr = (unsigned char *)bytes.data();
    document.__item.__size = (int)bytes.size();
    document.__item.id = NULL;
    document.__item.type = (char *)"application/octet-stream";
    document.__item.options = NULL;

    xds__ProvideAndRegisterDocumentSetRequestType request;
    request.lcm__SubmitObjectsRequest = metadata;
    request.__ProvideAndRegisterDocumentSetRequestType_sequence = &documents;
    rs__RegistryResponseType answer;
    address(proxy, url, "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b", security);
    if (proxy.DocumentRepository_USCOREProvideAndRegisterDocumentSet_b(url, NULL, &request, answer))
        return failed(proxy);
    return verdict(proxy, answer);
}

static rim__SlotType1 *slot(struct soap *soap, const char *name, const std::string &value) {
    rim__SlotType1 *slot = soap_new_rim__SlotType1(soap);
    slot->name = mine(soap, name);
    slot->ValueList = soap_new_rim__ValueListType(soap);
    slot->ValueList->__size_ValueListType_sequence = 1;
    slot->ValueList->__ValueListType_sequence = soap_new___rim__ValueListType_sequence(soap, 1);
    slot->ValueList->__ValueListType_sequence[0].Value = mine(soap, value);
    return slot;
}

static int query(Proxy &proxy, const char *url, const std::string &security, char **argv) {
    struct soap *soap = proxy.soap;
    rim__SlotType1 *slots[] = {
        slot(soap, "$XDSDocumentEntryPatientId", "'" + std::string(argv[0]) + "'"),
        slot(soap, "$XDSDocumentEntryStatus", APPROVED),
    };
    query__ResponseOptionType option;
    option.returnType = _query__ResponseOptionType_returnType__LeafClass;
    option.returnComposedObjects = true;
    rim__AdhocQueryType stored;
    stored.id = (char *)FIND_DOCUMENTS;
    stored.__sizeSlot = 2;
    stored.Slot_ = slots;
    _query__AdhocQueryRequest request;
    request.ResponseOption = &option;
    request.rim__AdhocQuery = &stored;
    _query__AdhocQueryResponse answer;
    address(proxy, url, "urn:ihe:iti:2007:RegistryStoredQuery", security);
    if (proxy.DocumentRegistry_USCORERegistryStoredQuery(url, NULL, &request, answer)) return failed(proxy);
    rim__RegistryObjectListType *found = answer.rim__RegistryObjectList;
    for (int i = 0; found && i < found->__size_RegistryObjectListType; i++) {
        rim__ExtrinsicObjectType *entry =
            found->__union_RegistryObjectListType[i].union_RegistryObjectListType.ExtrinsicObject;
        __rim__RegistryObjectType_sequence *parts = entry->__RegistryObjectType_sequence;
        for (int j = 0; j < parts->__sizeExternalIdentifier; j++)
            if (UNIQUE_ID == std::string(parts->ExternalIdentifier_[j]->identificationScheme))
                std::cout << "document=" << parts->ExternalIdentifier_[j]->value << std::endl;
    }
    return verdict(proxy, answer);
}

static int retrieve(Proxy &proxy, const char *url, const std::string &security, char **argv) {
    _xds__RetrieveDocumentSetRequestType_DocumentRequest wanted;
    wanted.RepositoryUniqueId = argv[0];
    wanted.DocumentUniqueId = argv[1];
    xds__RetrieveDocumentSetRequestType request;
    request.__sizeDocumentRequest = 1;
    request.DocumentRequest = &wanted;
    xds__RetrieveDocumentSetResponseType answer;
    address(proxy, url, "urn:ihe:iti:2007:RetrieveDocumentSet", security);
    soap_set_mime(proxy.soap, NULL, NULL);  // MTOM although nothing is attached: ask for an MTOM answer
    if (proxy.DocumentRepository_USCORERetrieveDocumentSet(url, NULL, &request, answer)) return failed(proxy);
    if (answer.__RetrieveDocumentSetResponseType_sequence) {
        std::ofstream out(argv[2], std::ios::binary);
        for (int i = 0; i < answer.__RetrieveDocumentSetResponseType_sequence->__sizeDocumentResponse; i++) {
            _xds__RetrieveDocumentSetResponseType_DocumentResponse &one =
                answer.__RetrieveDocumentSetResponseType_sequence->DocumentResponse[i];
            std::cout << "document=" << one.DocumentUniqueId << std::endl;
            out.write((const char *)one.Document.__ptr, one.Document.__size);
        }
    }
    return verdict(proxy, *answer.rs__RegistryResponse);
}

int main(int argc, char **argv) {
    const std::string verb = argc > 4 ? argv[1] : "";
    Proxy proxy(SOAP_C_UTFSTRING | SOAP_ENC_MTOM | SOAP_IO_CHUNK);
    soap_register_plugin(proxy.soap, soap_wsa);
    if (verb == "provide" && argc == 7) return provide(proxy, argv[2], contents(argv[3]), argv + 4);
    if (verb == "query" && argc == 5) return query(proxy, argv[2], contents(argv[3]), argv + 4);
    if (verb == "retrieve" && argc == 7) return retrieve(proxy, argv[2], contents(argv[3]), argv + 4);
    std::cerr << "usage: client provide|query|retrieve ..." << std::endl;
    return 2;
}
