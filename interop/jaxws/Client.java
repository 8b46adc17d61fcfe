import com.sun.xml.ws.api.message.Headers;
import com.sun.xml.ws.developer.WSBindingProvider;
import ihe.iti.xds_b._2007.DocumentRegistryPortType;
import ihe.iti.xds_b._2007.DocumentRegistryService;
import ihe.iti.xds_b._2007.DocumentRepositoryPortType;
import ihe.iti.xds_b._2007.DocumentRepositoryService;
import ihe.iti.xds_b._2007.ProvideAndRegisterDocumentSetRequestType;
import ihe.iti.xds_b._2007.RetrieveDocumentSetRequestType;
import ihe.iti.xds_b._2007.RetrieveDocumentSetResponseType;
import java.io.File;
import java.math.BigInteger;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import javax.xml.bind.JAXBContext;
import javax.xml.bind.JAXBElement;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.ws.soap.AddressingFeature;
import javax.xml.ws.soap.MTOMFeature;
import javax.xml.ws.soap.SOAPFaultException;
import oasis.names.tc.ebxml_regrep.xsd.lcm._3.SubmitObjectsRequest;
import oasis.names.tc.ebxml_regrep.xsd.query._3.AdhocQueryRequest;
import oasis.names.tc.ebxml_regrep.xsd.query._3.AdhocQueryResponse;
import oasis.names.tc.ebxml_regrep.xsd.query._3.ResponseOptionType;
import oasis.names.tc.ebxml_regrep.xsd.rim._3.AdhocQueryType;
import oasis.names.tc.ebxml_regrep.xsd.rim._3.AssociationType1;
import oasis.names.tc.ebxml_regrep.xsd.rim._3.ClassificationType;
import oasis.names.tc.ebxml_regrep.xsd.rim._3.ExternalIdentifierType;
import oasis.names.tc.ebxml_regrep.xsd.rim._3.ExtrinsicObjectType;
import oasis.names.tc.ebxml_regrep.xsd.rim._3.IdentifiableType;
import oasis.names.tc.ebxml_regrep.xsd.rim._3.InternationalStringType;
import oasis.names.tc.ebxml_regrep.xsd.rim._3.LocalizedStringType;
import oasis.names.tc.ebxml_regrep.xsd.rim._3.ObjectFactory;
import oasis.names.tc.ebxml_regrep.xsd.rim._3.RegistryObjectListType;
import oasis.names.tc.ebxml_regrep.xsd.rim._3.RegistryPackageType;
import oasis.names.tc.ebxml_regrep.xsd.rim._3.SlotType1;
import oasis.names.tc.ebxml_regrep.xsd.rim._3.ValueListType;
import oasis.names.tc.ebxml_regrep.xsd.rs._3.RegistryError;
import oasis.names.tc.ebxml_regrep.xsd.rs._3.RegistryResponseType;

/**
 * A client of an XDS.b node on JAX-WS RI (Metro), with MTOM and WS-Addressing by its own features.
 *
 * <pre>
 * Client provide  URL SECURITY METADATA DOCUMENT-ID FILE    ITI-41, the file as an MTOM part
 * Client query    URL SECURITY PATIENT                      ITI-18 FindDocuments, LeafClass
 * Client mask     URL SECURITY PATIENT METADATA VERSION     ITI-57, the patient's one document masked
 * Client retrieve URL SECURITY REPOSITORY DOCUMENT OUT      ITI-43, the document into the file OUT
 * </pre>
 *
 * SECURITY is a file with the wsse:Security element, METADATA one with a SubmitObjectsRequest, of which
 * an update takes the SubmissionSet under another uniqueId; VERSION is the one that it changes. Prints
 * `status=`, `document=`, `error=` and `fault=` lines; exits 0 when the node answered Success.
 */
public class Client {
    private static final String UNIQUE_ID = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab";
    private static final String SET_UNIQUE_ID = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8";
    private static final String CONFIDENTIALITY = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f";
    private static final String HAS_MEMBER = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember";
    private static final String FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d";
    private static final String APPROVED = "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')";

    public static void main(String[] args) throws Exception {
        try {
            System.exit(run(args));
        } catch (SOAPFaultException refused) {
            System.out.println("fault=" + refused.getMessage());
            System.exit(1);
        }
    }

    private static int run(String[] args) throws Exception {
        switch (args[0]) {
            case "provide": return provide(args[1], args[2], args[3], args[4], args[5]);
            case "query": return query(args[1], args[2], args[3]);
            case "mask": return mask(args[1], args[2], args[3], args[4], args[5]);
            case "retrieve": return retrieve(args[1], args[2], args[3], args[4], args[5]);
            default: throw new IllegalArgumentException(args[0]);
        }
    }

    private static int provide(String url, String security, String metadata, String id, String file)
            throws Exception {
        ProvideAndRegisterDocumentSetRequestType request = new ProvideAndRegisterDocumentSetRequestType();
        request.setSubmitObjectsRequest((SubmitObjectsRequest) JAXBContext
            .newInstance(SubmitObjectsRequest.class).createUnmarshaller().unmarshal(new File(metadata)));
        ProvideAndRegisterDocumentSetRequestType.Document document =
            new ProvideAndRegisterDocumentSetRequestType.Document();
        document.setId(id);
        document.setValue(Files.readAllBytes(Path.of(file)));
        request.getDocument().add(document);
        return verdict(repository(url, security).documentRepositoryProvideAndRegisterDocumentSetB(request));
    }

    private static int query(String url, String security, String patient) throws Exception {
        AdhocQueryResponse answer = find(url, security, patient);
        for (JAXBElement<? extends IdentifiableType> one : answer.getRegistryObjectList().getIdentifiable()) {
            ExtrinsicObjectType entry = (ExtrinsicObjectType) one.getValue();
            for (ExternalIdentifierType id : entry.getExternalIdentifier()) {
                if (UNIQUE_ID.equals(id.getIdentificationScheme())) {
                    System.out.println("document=" + id.getValue());
                }
            }
            for (ClassificationType code : entry.getClassification()) {
                if (CONFIDENTIALITY.equals(code.getClassificationScheme())) {
                    System.out.println("confidentiality=" + code.getNodeRepresentation());
                }
            }
        }
        return verdict(answer);
    }

    private static AdhocQueryResponse find(String url, String security, String patient) throws Exception {
        AdhocQueryType stored = new AdhocQueryType();
        stored.setId(FIND_DOCUMENTS);
        stored.getSlot().add(slot("$XDSDocumentEntryPatientId", "'" + patient + "'"));
        stored.getSlot().add(slot("$XDSDocumentEntryStatus", APPROVED));
        ResponseOptionType option = new ResponseOptionType();
        option.setReturnType("LeafClass");
        option.setReturnComposedObjects(true);
        AdhocQueryRequest request = new AdhocQueryRequest();
        request.setResponseOption(option);
        request.setAdhocQuery(stored);
        return registry(url, security).documentRegistryRegistryStoredQuery(request);
    }

    private static int mask(String url, String security, String patient, String metadata, String version)
            throws Exception {
        RegistryObjectListType list = new RegistryObjectListType();
        RegistryPackageType set = submissionSet(metadata);
        ExtrinsicObjectType entry = (ExtrinsicObjectType) find(url, security, patient)
            .getRegistryObjectList().getIdentifiable().get(0).getValue();
        entry.setId("Masked01");
        entry.getExternalIdentifier().forEach(id -> id.setRegistryObject("Masked01"));
        entry.getClassification().forEach(code -> code.setClassifiedObject("Masked01"));
        ClassificationType masked = new ClassificationType();
        masked.setId("Mask01");
        masked.setClassifiedObject("Masked01");
        masked.setClassificationScheme(CONFIDENTIALITY);
        masked.setNodeRepresentation("MASQUE_PS");
        masked.getSlot().add(slot("codingScheme", "1.2.250.1.213.1.1.4.13"));
        masked.setName(named("Masqué aux professionnels de santé"));
        entry.getClassification().add(masked);
        AssociationType1 member = new AssociationType1();
        member.setId("Member01");
        member.setAssociationType(HAS_MEMBER);
        member.setSourceObject(set.getId());
        member.setTargetObject("Masked01");
        member.getSlot().add(slot("SubmissionSetStatus", "Original"));
        member.getSlot().add(slot("PreviousVersion", version));
        ObjectFactory rim = new ObjectFactory();
        list.getIdentifiable().add(rim.createRegistryPackage(set));
        list.getIdentifiable().add(rim.createExtrinsicObject(entry));
        list.getIdentifiable().add(rim.createAssociation(member));
        SubmitObjectsRequest request = new SubmitObjectsRequest();
        request.setRegistryObjectList(list);
        return verdict(registry(url, security).documentRegistryUpdateDocumentSet(request));
    }

    /** The SubmissionSet of a submission, as one that was never sent. */
    private static RegistryPackageType submissionSet(String metadata) throws Exception {
        SubmitObjectsRequest sent = (SubmitObjectsRequest) JAXBContext
            .newInstance(SubmitObjectsRequest.class).createUnmarshaller().unmarshal(new File(metadata));
        for (JAXBElement<? extends IdentifiableType> one : sent.getRegistryObjectList().getIdentifiable()) {
            if (one.getValue() instanceof RegistryPackageType) {
                RegistryPackageType set = (RegistryPackageType) one.getValue();
                for (ExternalIdentifierType id : set.getExternalIdentifier()) {
                    if (SET_UNIQUE_ID.equals(id.getIdentificationScheme())) {
                        id.setValue("2.25." + new BigInteger(96, new SecureRandom()));
                    }
                }
                return set;
            }
        }
        throw new IllegalArgumentException(metadata);
    }

    private static int retrieve(String url, String security, String repository, String document, String out)
            throws Exception {
        RetrieveDocumentSetRequestType.DocumentRequest wanted =
            new RetrieveDocumentSetRequestType.DocumentRequest();
        wanted.setRepositoryUniqueId(repository);
        wanted.setDocumentUniqueId(document);
        RetrieveDocumentSetRequestType request = new RetrieveDocumentSetRequestType();
        request.getDocumentRequest().add(wanted);
        RetrieveDocumentSetResponseType answer =
            repository(url, security).documentRepositoryRetrieveDocumentSet(request);
        for (RetrieveDocumentSetResponseType.DocumentResponse one : answer.getDocumentResponse()) {
            System.out.println("document=" + one.getDocumentUniqueId());
            Files.write(Path.of(out), one.getDocument());
        }
        return verdict(answer.getRegistryResponse());
    }

    private static DocumentRegistryPortType registry(String url, String security) throws Exception {
        return secured(new DocumentRegistryService(new URL(url + "?wsdl"))
            .getDocumentRegistryPortSoap12(new AddressingFeature(true, true)), security);
    }

    private static DocumentRepositoryPortType repository(String url, String security) throws Exception {
        return secured(new DocumentRepositoryService(new URL(url + "?wsdl"))
            .getDocumentRepositoryPortSoap12(new AddressingFeature(true, true), new MTOMFeature(true)), security);
    }

    /** Adds the security header as it was given; the address is the one that the served WSDL names. */
    private static <P> P secured(P port, String security) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        ((WSBindingProvider) port).setOutboundHeaders(
            Headers.create(factory.newDocumentBuilder().parse(new File(security)).getDocumentElement()));
        return port;
    }

    private static SlotType1 slot(String name, String value) {
        SlotType1 slot = new SlotType1();
        slot.setName(name);
        slot.setValueList(new ValueListType());
        slot.getValueList().getValue().add(value);
        return slot;
    }

    private static InternationalStringType named(String text) {
        LocalizedStringType one = new LocalizedStringType();
        one.setValue(text);
        InternationalStringType name = new InternationalStringType();
        name.getLocalizedString().add(one);
        return name;
    }

    private static int verdict(RegistryResponseType answer) {
        System.out.println("status=" + answer.getStatus());
        if (answer.getRegistryErrorList() != null) {
            for (RegistryError error : answer.getRegistryErrorList().getRegistryError()) {
                System.out.println("error=" + error.getErrorCode() + ": " + error.getCodeContext());
            }
        }
        return answer.getStatus().endsWith(":Success") ? 0 : 1;
    }
}
