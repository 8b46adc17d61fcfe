import com.sun.xml.ws.api.message.Headers;
import com.sun.xml.ws.developer.WSBindingProvider;
import ihe.iti.xds_b._2007.DocumentRegistryPortType;
import ihe.iti.xds_b._2007.DocumentRegistryService;
import java.io.File;
import java.net.URL;
import java.util.UUID;
import javax.xml.bind.JAXBElement;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.ws.soap.AddressingFeature;
import javax.xml.ws.soap.SOAPFaultException;
import org.hl7.v3.*;

/**
 * A Patient Identity Source on JAX-WS RI (Metro), generated from /patients?wsdl.
 *
 * <pre>
 * Feed add    URL SECURITY AUTHORITY ID             PRPA_IN201301UV02
 * Feed revise URL SECURITY AUTHORITY ID             PRPA_IN201302UV02
 * Feed merge  URL SECURITY AUTHORITY ID SUBSUMED    PRPA_IN201304UV02
 * </pre>
 *
 * Prints `status=` (CA, CE, CR), `error=` and `fault=` lines; exits 0 for CA.
 */
public class Feed {
    private static final ObjectFactory MAKE = new ObjectFactory();
    private static final String SOURCE = "1.3.6.1.4.1.21367.4.1", REGISTRY = "1.3.6.1.4.1.21367.4.2";

    public static void main(String[] args) throws Exception {
        try {
            System.exit(run(args));
        } catch (SOAPFaultException refused) {
            System.out.println("fault=" + refused.getMessage());
            System.exit(1);
        }
    }

    private static int run(String[] args) throws Exception {
        DocumentRegistryPortType port = port(args[1], args[2]);
        switch (args[0]) {
            case "add":
                return verdict(port.documentRegistryPRPAIN201301UV02(message("301", args[3], args[4], null)));
            case "revise":
                return verdict(port.documentRegistryPRPAIN201302UV02(message("302", args[3], args[4], null)));
            case "merge":
                return verdict(port.documentRegistryPRPAIN201304UV02(message("304", args[3], args[4], args[5])));
            default: throw new IllegalArgumentException(args[0]);
        }
    }

    private static PatientRegistryMessage message(String number, String authority, String id, String subsumed) {
        PatientRegistryMessage message = new PatientRegistryMessage();
        message.setITSVersion("XML_1.0");
        message.setId(ii(UUID.randomUUID().toString(), null));
        message.setCreationTime(new TS());
        message.getCreationTime().setValue("20260301120000");
        message.setInteractionId(ii("2.16.840.1.113883.1.6", "PRPA_IN201" + number + "UV02"));
        message.setProcessingCode(cs("T"));
        message.setProcessingModeCode(cs("T"));
        message.setAcceptAckCode(cs("AL"));
        message.getReceiver().add(party("RCV", REGISTRY));
        message.setSender(party("SND", SOURCE));

        Person person = new Person();
        PN name = new PN();
        name.getContent().add(MAKE.createENFamily(part("ESSAI")));
        name.getContent().add(MAKE.createENGiven(part("Alix")));
        person.getName().add(name);
        Organization clinic = new Organization();
        clinic.setClassCode("ORG");
        clinic.setDeterminerCode("INSTANCE");
        clinic.getId().add(ii(authority, null));
        Patient patient = new Patient();
        patient.setClassCode("PAT");
        patient.getId().add(ii(authority, id));
        patient.setStatusCode(cs("active"));
        patient.setPatientPerson(MAKE.createPatientPatientPerson(person));
        patient.setProviderOrganization(MAKE.createPatientProviderOrganization(clinic));
        PatientSubject about = new PatientSubject();
        about.setTypeCode("SBJ");
        about.setPatient(patient);

        AssignedEntity keeper = new AssignedEntity();
        keeper.setClassCode("ASSIGNED");
        keeper.getId().add(ii(SOURCE, null));
        Custodian custodian = new Custodian();
        custodian.setTypeCode("CST");
        custodian.setAssignedEntity(keeper);
        RegistrationEvent event = new RegistrationEvent();
        event.setClassCode("REG");
        event.setMoodCode("EVN");
        event.setStatusCode(cs("active"));
        event.setSubject1(about);
        event.setCustodian(custodian);
        if (subsumed != null) {
            event.getReplacementOf().add(replacement(authority, subsumed));
        }
        ActSubject subject = new ActSubject();
        subject.setTypeCode("SUBJ");
        subject.setRegistrationEvent(event);
        ControlActProcess act = new ControlActProcess();
        act.setClassCode("CACT");
        act.setMoodCode("EVN");
        act.setCode(new CD());
        act.getCode().setCode("PRPA_TE201" + number + "UV02");
        act.getSubject().add(subject);
        message.setControlActProcess(act);
        return message;
    }

    private static ReplacementOf replacement(String authority, String subsumed) {
        PriorRegisteredRole role = new PriorRegisteredRole();
        role.setClassCode("PAT");
        role.getId().add(ii(authority, subsumed));
        PriorSubject subject = new PriorSubject();
        subject.setTypeCode("SBJ");
        subject.setPriorRegisteredRole(role);
        PriorRegistration prior = new PriorRegistration();
        prior.setClassCode("REG");
        prior.setMoodCode("EVN");
        prior.setStatusCode(cs("obsolete"));
        prior.setSubject1(MAKE.createPriorRegistrationSubject1(subject));
        ReplacementOf replacement = new ReplacementOf();
        replacement.setTypeCode("RPLC");
        replacement.setPriorRegistration(prior);
        return replacement;
    }

    private static Party party(String typeCode, String oid) {
        Device device = new Device();
        device.setClassCode("DEV");
        device.setDeterminerCode("INSTANCE");
        device.getId().add(ii(oid, null));
        Party party = new Party();
        party.setTypeCode(typeCode);
        party.setDevice(device);
        return party;
    }

    private static II ii(String root, String extension) {
        II ii = new II();
        ii.setRoot(root);
        ii.setExtension(extension);
        return ii;
    }

    private static CS cs(String code) {
        CS cs = new CS();
        cs.setCode(code);
        return cs;
    }

    private static NamePart part(String text) {
        NamePart part = new NamePart();
        part.getContent().add(text);
        return part;
    }

    private static DocumentRegistryPortType port(String url, String security) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        DocumentRegistryPortType port = new DocumentRegistryService(new URL(url + "?wsdl"))
            .getDocumentRegistryPortSoap12(new AddressingFeature(true, true));
        ((WSBindingProvider) port).setOutboundHeaders(
            Headers.create(factory.newDocumentBuilder().parse(new File(security)).getDocumentElement()));
        return port;
    }

    private static int verdict(AcceptAcknowledgement answer) {
        Acknowledgement said = answer.getAcknowledgement().get(0);
        System.out.println("status=" + said.getTypeCode().getCode());
        for (AcknowledgementDetail detail : said.getAcknowledgementDetail()) {
            System.out.println("error=" + detail.getText().getContent().get(0));
        }
        return said.getTypeCode().getCode().equals("CA") ? 0 : 1;
    }
}
