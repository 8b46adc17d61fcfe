<?php
// A client of an XDS.b node in PHP, on the extension `soap` and the node's ?wsdl.
//
//   client.php query    URL SECURITY PATIENT                    ITI-18 FindDocuments, LeafClass
//   client.php retrieve URL SECURITY REPOSITORY DOCUMENT OUT    ITI-43, the document into the file OUT
//
// The extension has neither MTOM nor WS-Addressing: it sends and reads plain SOAP 1.2, with the headers
// written here. SECURITY is a file with the wsse:Security element. Prints `status=`, `document=`,
// `error=` and `fault=` lines; exits 0 when the node answered Success.

const UNIQUE_ID = 'urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab';
const FIND_DOCUMENTS = 'urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d';
const APPROVED = "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')";
const WSA = 'http://www.w3.org/2005/08/addressing';
const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';

function client(string $url, string $security, string $action): SoapClient {
    $client = new SoapClient("$url?wsdl", [
        'soap_version' => SOAP_1_2,
        'cache_wsdl' => WSDL_CACHE_NONE,
        'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
        'trace' => true,
    ]);
    $anonymous = new SoapVar('<wsa:ReplyTo xmlns:wsa="' . WSA . '"><wsa:Address>' . WSA
        . '/anonymous</wsa:Address></wsa:ReplyTo>', XSD_ANYXML);
    $client->__setSoapHeaders([
        new SoapHeader(WSA, 'Action', $action, true),
        new SoapHeader(WSA, 'MessageID', 'urn:uuid:' . uuid()),
        new SoapHeader(WSA, 'ReplyTo', $anonymous),
        new SoapHeader(WSA, 'To', $url),
        new SoapHeader(WSSE, 'Security', new SoapVar(file_get_contents($security), XSD_ANYXML)),
    ]);
    return $client;
}

function uuid(): string {
    $hex = bin2hex(random_bytes(16));
    $hex[12] = '4';
    $hex[16] = '89ab'[hexdec($hex[16]) % 4];
    return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split($hex, 4));
}

function verdict(object $answer): int {
    echo "status=$answer->status\n";
    foreach ($answer->RegistryErrorList->RegistryError ?? [] as $error) {
        echo "error=$error->errorCode: $error->codeContext\n";
    }
    return str_ends_with($answer->status, ':Success') ? 0 : 1;
}

function query(string $url, string $security, string $patient): int {
    $slot = fn (string $name, string $value) => ['name' => $name, 'ValueList' => ['Value' => $value]];
    $client = client($url, $security, 'urn:ihe:iti:2007:RegistryStoredQuery');
    $answer = $client->__soapCall(
        'DocumentRegistry_RegistryStoredQuery',
        [[
            'ResponseOption' => ['returnType' => 'LeafClass', 'returnComposedObjects' => true],
            'AdhocQuery' => [
                'id' => FIND_DOCUMENTS,
                'Slot' => [
                    $slot('$XDSDocumentEntryPatientId', "'$patient'"),
                    $slot('$XDSDocumentEntryStatus', APPROVED),
                ],
            ],
        ]],
    );
    // The extension knows no substitution groups: what they stand for is read from the answer's XML.
    $xml = new DOMDocument();
    $xml->loadXML($client->__getLastResponse());
    $path = "//*[local-name()='ExternalIdentifier'][@identificationScheme='" . UNIQUE_ID . "']/@value";
    foreach ((new DOMXPath($xml))->query($path) as $value) {
        echo "document=$value->value\n";
    }
    return verdict($answer);
}

function retrieve(string $url, string $security, string $repository, string $document, string $out): int {
    $answer = client($url, $security, 'urn:ihe:iti:2007:RetrieveDocumentSet')->__soapCall(
        'DocumentRepository_RetrieveDocumentSet',
        [['DocumentRequest' => [['RepositoryUniqueId' => $repository, 'DocumentUniqueId' => $document]]]],
    );
    foreach ($answer->DocumentResponse ?? [] as $one) {
        echo "document=$one->DocumentUniqueId\n";
        file_put_contents($out, $one->Document);
    }
    return verdict($answer->RegistryResponse);
}

[, $verb] = $argv;
try {
    exit($verb(...array_slice($argv, 2)));
} catch (SoapFault $fault) {
    echo "fault=$fault->faultstring\n";
    exit(1);
}
