// A client of an XDS.b node in JavaScript, on the npm package `soap` and the node's ?wsdl.
//
//   client.js provide  URL SECURITY METADATA DOCUMENT-ID FILE    ITI-41, the file inline as base64
//   client.js query    URL SECURITY PATIENT                      ITI-18 FindDocuments, LeafClass
//   client.js retrieve URL SECURITY REPOSITORY DOCUMENT OUT      ITI-43, the document into the file OUT
//   client.js retrieve-mtom ...                                  the same, MTOM out and in
//
// SECURITY is a file with the wsse:Security element, METADATA one with a SubmitObjectsRequest. Prints
// `status=`, `document=`, `error=` and `fault=` lines; exits 0 when the node answered Success.

const crypto = require('crypto');
const fs = require('fs');
const soap = require('soap');

const UNIQUE_ID = 'urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab';
const FIND_DOCUMENTS = 'urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d';
const APPROVED = "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')";
const WSA = 'http://www.w3.org/2005/08/addressing';

const list = (value) => (value === undefined ? [] : [].concat(value));

function addressing(url, action) {
  return `<wsa:Action xmlns:wsa="${WSA}">${action}</wsa:Action>`
    + `<wsa:MessageID xmlns:wsa="${WSA}">urn:uuid:${crypto.randomUUID()}</wsa:MessageID>`
    + `<wsa:ReplyTo xmlns:wsa="${WSA}"><wsa:Address>${WSA}/anonymous</wsa:Address></wsa:ReplyTo>`
    + `<wsa:To xmlns:wsa="${WSA}">${url}</wsa:To>`;
}

async function call(url, security, operation, action, request, options) {
  const client = await soap.createClientAsync(`${url}?wsdl`,
    { forceSoap12Headers: true, normalizeNames: true, parseReponseAttachments: true });
  client.addSoapHeader(addressing(url, action) + fs.readFileSync(security, 'utf8'));
  const [answer] = await client[`${operation}Async`](request, options);
  return [answer, client.lastResponseAttachments];
}

function verdict(answer) {
  console.log(`status=${answer.attributes.status}`);
  for (const error of list(answer.RegistryErrorList && answer.RegistryErrorList.RegistryError)) {
    console.log(`error=${error.attributes.errorCode}: ${error.attributes.codeContext}`);
  }
  return answer.attributes.status.endsWith(':Success') ? 0 : 1;
}

const verbs = {
  // The package cannot write substitution groups, so the metadata goes in as the XML that it is.
  async provide(url, security, metadata, id, file) {
    const document = fs.readFileSync(file).toString('base64');
    const [answer] = await call(url, security, 'DocumentRepository_ProvideAndRegisterDocumentSet_b',
      'urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b',
      { _xml: '<ProvideAndRegisterDocumentSetRequest xmlns="urn:ihe:iti:xds-b:2007">'
        + fs.readFileSync(metadata, 'utf8').replace(/^<\?xml.*?\?>/, '')
        + `<Document id="${id}">${document}</Document></ProvideAndRegisterDocumentSetRequest>` });
    return verdict(answer);
  },

  async query(url, security, patient) {
    const slot = (name, value) => ({ attributes: { name }, ValueList: { Value: value } });
    const [answer] = await call(url, security, 'DocumentRegistry_RegistryStoredQuery',
      'urn:ihe:iti:2007:RegistryStoredQuery', {
        ResponseOption: { attributes: { returnType: 'LeafClass', returnComposedObjects: true } },
        AdhocQuery: {
          attributes: { id: FIND_DOCUMENTS },
          Slot: [slot('$XDSDocumentEntryPatientId', `'${patient}'`), slot('$XDSDocumentEntryStatus', APPROVED)],
        },
      });
    for (const entry of list(answer.RegistryObjectList && answer.RegistryObjectList.ExtrinsicObject)) {
      for (const id of list(entry.ExternalIdentifier)) {
        if (id.attributes.identificationScheme === UNIQUE_ID) console.log(`document=${id.attributes.value}`);
      }
    }
    return verdict(answer);
  },

  retrieve: (...args) => retrieve(args, {}),
  'retrieve-mtom': (...args) => retrieve(args, { forceMTOM: true }),
};

async function retrieve([url, security, repository, document, out], options) {
  const [answer, parts] = await call(url, security, 'DocumentRepository_RetrieveDocumentSet',
    'urn:ihe:iti:2007:RetrieveDocumentSet',
    { DocumentRequest: { RepositoryUniqueId: repository, DocumentUniqueId: document } }, options);
  if (Boolean(parts) !== Boolean(options.forceMTOM)) {
    console.log('error=the answer is not framed as the request was');
    return 1;
  }
  for (const one of list(answer.DocumentResponse)) {
    console.log(`document=${one.DocumentUniqueId}`);
    fs.writeFileSync(out, parts ? part(parts, one.Document.Include) : Buffer.from(one.Document, 'base64'));
  }
  return verdict(answer.RegistryResponse);
}

function part(attachments, include) {
  const id = `<${decodeURIComponent(include.attributes.href.replace(/^cid:/, ''))}>`;
  return attachments.parts.find((one) => one.headers['content-id'] === id).body;
}

const [verb, ...args] = process.argv.slice(2);
verbs[verb](...args).then((code) => process.exit(code), (error) => {
  console.log(`fault=${error.message}`);
  process.exit(1);
});
