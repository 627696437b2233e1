package org.openvrg.itests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.openvrg.itests.Await;

/**
 * The description that the appliance serves, against what it answers: no answer has a member that its schema lacks
 * (every call of these tests is held to that), and here, no schema has a member that no answer has.
 */
@ExtendWith(SharedPair.class)
class DescriptionTest {
    private static final String SCHEMAS = "#/components/schemas/";

    private final Client client;
    private final Client dr;
    private final Description description;
    private final Vms vms;

    DescriptionTest(SharedPair.Contract contract) throws Exception {
        this.client = contract.production();
        this.dr = contract.dr();
        this.description = client.description();
        this.vms = new Vms(client);
    }

    @AfterEach
    void removeVms() throws Exception {
        vms.close();
    }

    @Test
    void everyMemberOfTheSchemasIsAnswered() throws Exception {
        String here = vms.next();
        String there = vms.next();
        ObjectNode production = vms.production(here);
        production.put("vmId", "i-0000000a").put("vmName", "a").put("encryptOption", 1);
        vms.post(production).ok();
        ObjectNode standby = vms.standby(there);
        standby.put("vmId", "i-0000000b").put("vmName", "b").put("hostUrn", "urn:h");
        ObjectNode volume = (ObjectNode) standby.path("volList").path(0);
        volume.put("dsUrn", "urn:d").putObject("drExtParams").put("dsMgntIp", "1.1.1.1");
        vms.post(standby).ok();

        same("Error", client.get("/vmdrstatus/x"));
        same("Versions", client.get("/versions"));
        same("Session", client.login("admin", client.key()));
        same("Status", client.get("/vrgstatus"));
        same("Pairing", client.get("/vrgmap"));
        same("VmList", client.get("/vmstrategy?vmUuid=" + here), client.get("/vmstrategy?vmUuid=" + there));
        same("VmState", client.get("/vmdrstatus/" + here));
        same("VmReports", client.get("/ext/vms"));
        same("VmReport", client.get("/ext/vms/" + here));
        same("Identity", client.get("/ext/identity"));
        client.post("/trapinfo", "{\"ip\":\"127.0.0.1\",\"port\":65001}").ok();
        same("TrapReceiver", client.get("/trapinfo"));
        client.post("/trapinfo", "{\"ip\":\"0.0.0.0\",\"port\":65001}").ok();
        Await.until(
                Duration.ofMinutes(2),
                () -> "an alarm for the VMs that lack disks and agent",
                () -> client.get("/ext/alarms").ok().json().path("alarms").size() > 0);
        same("Alarms", client.get("/ext/alarms"));
        same("NetInfos", dr.get("/netinfos"));
        same("Removed", client.post("/vmstrategy/" + here, "{\"delFlag\":1}"));
    }

    @Test
    void requestsThatTheSchemasAllowAreTaken() throws Exception {
        String vm = vms.next();
        for (ObjectNode body :
                Arrays.asList(vms.production(vm), vms.production(vm).put("other", "member"))) {
            assertTrue(description.accepts(SCHEMAS + "Strategy", body), body.toString());
            vms.post(body).ok();
        }
        for (ObjectNode body : Arrays.asList(
                vms.production(vm).put("encryptOption", 2),
                vms.production(vm).put("vmId", "5"),
                vms.production(vm).put("agentIp", "127.0.0.1"),
                vms.standby(vm).put("agentPort", "9"),
                vms.production(vm).put("vmName", ""))) {
            assertTrue(!description.accepts(SCHEMAS + "Strategy", body), body.toString());
            vms.post(body).refused(400, "10440101");
        }
    }

    /** Fails unless the answers together have exactly the members of a schema, at every depth. */
    private void same(String schema, Answer... answers) {
        Set<String> described = new TreeSet<>();
        members(description.at("/components/schemas/" + schema), "", described);
        Set<String> answered = new TreeSet<>();
        for (Answer answer : answers) {
            assertTrue(description.accepts(SCHEMAS + schema, answer.json()), answer::toString);
            answered(answer.json(), "", answered);
        }
        answered.removeIf(path -> path.contains(".volumes.")); // keys of a map, not members
        assertEquals(String.join("\n", described), String.join("\n", answered), schema);
    }

    private void members(JsonNode node, String path, Set<String> found) {
        JsonNode schema = description.resolved(node);
        for (String choice : new String[] {"oneOf", "allOf"}) {
            schema.path(choice).forEach(part -> members(part, path, found));
        }
        for (Map.Entry<String, JsonNode> member : schema.path("properties").properties()) {
            found.add(path + "." + member.getKey());
            members(member.getValue(), path + "." + member.getKey(), found);
        }
        if (schema.has("items")) {
            members(schema.path("items"), path, found);
        }
    }

    private static void answered(JsonNode node, String path, Set<String> found) {
        for (Map.Entry<String, JsonNode> member : node.properties()) {
            found.add(path + "." + member.getKey());
            answered(member.getValue(), path + "." + member.getKey(), found);
        }
        if (node.isArray()) {
            node.forEach(entry -> answered(entry, path, found));
        }
    }
}
