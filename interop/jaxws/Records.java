import asip.ci_sis.gdp._2010.PatientsPortType;
import asip.ci_sis.gdp._2010.PatientsService;
import com.sun.xml.ws.api.message.Headers;
import com.sun.xml.ws.developer.WSBindingProvider;
import habilitations.dmp.si.Action;
import habilitations.dmp.si.HabilitationsPortType;
import habilitations.dmp.si.HabilitationsService;
import habilitations.dmp.si.Output;
import habilitations.dmp.si.Professional;
import habilitations.dmp.si.ProfessionalsOutput;
import java.io.File;
import java.net.URL;
import java.util.UUID;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.ws.soap.AddressingFeature;
import javax.xml.ws.soap.SOAPFaultException;
import org.hl7.v3.*;

/**
 * Practice software on JAX-WS RI (Metro), generated from /patients?wsdl and /habilitations?wsdl.
 *
 * <pre>
 * Records exists    URL SECURITY AUTHORITY ID    TD0.2; URL is that of /patients
 * Records authorise URL SECURITY                 TD0.3; URL is that of /habilitations
 * Records list      URL SECURITY                 TD1.6; likewise
 * </pre>
 *
 * Prints `status=`, `found=` and `fault=` lines; exits 0 when the answer is no refusal.
 */
public class Records {
    private static final String CLIENT = "1.3.6.1.4.1.21367.4.1", REGISTRY = "1.2.250.1.213.4.1.1.1";

    public static void main(String[] args) throws Exception {
        try {
            System.exit(run(args));
        } catch (SOAPFaultException refused) {
            System.out.println("fault=" + refused.getMessage());
            System.exit(1);
        }
    }

    private static int run(String[] args) throws Exception {
        URL wsdl = new URL(args[1] + "?wsdl");
        AddressingFeature addressing = new AddressingFeature(true, true);
        if (args[0].equals("exists")) {
            PatientsPortType port = new PatientsService(wsdl).getPatientsPortSoap12(addressing);
            secure(port, args[2]);
            return exists(port.patientGetDemographicsPRPAIN201307UV02(question(args[3], args[4])));
        }
        HabilitationsPortType port = new HabilitationsService(wsdl).getHabilitationsPortSoap12(addressing);
        secure(port, args[2]);
        if (args[0].equals("authorise")) {
            Output said = port.setAuthorization(Action.AJOUT, null);
            System.out.println("status=" + said.getStatus());
            System.out.println("found=" + said.getContext());
            return said.getStatus().equals("DMPOk") ? 0 : 1;
        }
        ProfessionalsOutput said = port.listAuthorizationByPatient(null);
        System.out.println("status=" + said.getStatus());
        for (Professional one : said.getListOfAuthorizationByPatient()) {
            System.out.println("found=" + one.getNationalId() + " " + one.getMode().value());
        }
        return said.getStatus().equals("DMPOk") ? 0 : 1;
    }

    private static int exists(PRPAIN201308UV02 answer) {
        String code = answer.getControlActProcess().getQueryAck().getQueryResponseCode().getCode();
        System.out.println("status=" + code);
        for (AttentionLine line : answer.getAttentionLine()) {
            Object value = line.getValue();
            String shown = value instanceof CD ? ((CD) value).getCode() : ((BL) value).getValue();
            System.out.println("found=" + line.getKeyWordText().getCode() + " " + shown);
        }
        return code.equals("AE") ? 1 : 0;
    }

    private static PRPAIN201307UV02 question(String authority, String id) {
        PRPAIN201307UV02 message = new PRPAIN201307UV02();
        message.setITSVersion("XML_1.0");
        message.setId(ii(UUID.randomUUID().toString(), null));
        message.setCreationTime(new TS());
        message.getCreationTime().setValue("20260301120000");
        message.setInteractionId(ii("2.16.840.1.113883.1.6", "PRPA_IN201307UV02"));
        message.setProcessingCode(cs("T"));
        message.setProcessingModeCode(cs("T"));
        message.setAcceptAckCode(cs("AL"));
        message.getReceiver().add(party("RCV", REGISTRY));
        message.setSender(party("SND", CLIENT));

        IdentifierParameter patient = new IdentifierParameter();
        patient.getValue().add(ii(authority, id));
        patient.setSemanticsText(new ST());
        ParameterList parameters = new ParameterList();
        parameters.getPatientIdentifier().add(patient);
        QueryByParameter query = new QueryByParameter();
        query.setQueryId(ii(UUID.randomUUID().toString(), null));
        query.setStatusCode(cs("new"));
        query.setParameterList(parameters);
        QuestionAct act = new QuestionAct();
        act.setClassCode("CACT");
        act.setMoodCode("EVN");
        CE reason = new CE();
        reason.setCode("TEST_EXST");
        reason.setCodeSystem("1.2.250.1.213.1.1.4.11");
        act.getReasonCode().add(reason);
        act.setQueryByParameter(new ObjectFactory().createQuestionActQueryByParameter(query));
        message.setControlActProcess(act);
        return message;
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

    private static void secure(Object port, String security) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        ((WSBindingProvider) port).setOutboundHeaders(
            Headers.create(factory.newDocumentBuilder().parse(new File(security)).getDocumentElement()));
    }
}
