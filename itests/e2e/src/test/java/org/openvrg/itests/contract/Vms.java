package org.openvrg.itests.contract;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** The VMs that one test configures at one appliance; their disks need not exist. */
final class Vms {
    private final Client client;
    private final List<String> known = new ArrayList<>();

    Vms(Client client) {
        this.client = client;
    }

    /** The UUID of a VM that {@link #close} removes again if it is configured by then. */
    String next() {
        String vm = UUID.randomUUID().toString();
        known.add(vm);
        return vm;
    }

    String volume() {
        return UUID.randomUUID().toString();
    }

    /** A request for the production side; without volumes it has one. */
    ObjectNode production(String vm, String... volumes) {
        ObjectNode body = Answer.JSON.createObjectNode().put("vmUuid", vm);
        ArrayNode list = body.putArray("volList");
        for (String volume : volumes.length == 0 ? new String[] {volume()} : volumes) {
            list.addObject().put("volUuid", volume).put("seqNum", list.size());
        }
        return body;
    }

    /** A request for the DR side, with an agent that nobody is. */
    ObjectNode standby(String vm, String... volumes) {
        ObjectNode body = production(vm, volumes).put("agentIp", "127.0.0.1").put("agentPort", 9);
        body.withArray("/volList").forEach(disk -> ((ObjectNode) disk)
                .put("volumeUrl", disk.path("volUuid").asText() + ".raw"));
        return body;
    }

    Answer post(ObjectNode body) throws IOException, InterruptedException {
        return client.post("/vmstrategy", body.toString());
    }

    /** The VM of {@code GET /vmstrategy}. */
    com.fasterxml.jackson.databind.JsonNode find(String vm) throws IOException, InterruptedException {
        return client.get("/vmstrategy?vmUuid=" + vm).ok().json().path("vmList").path(0);
    }

    void close() throws IOException, InterruptedException {
        for (String vm : known) {
            Answer answer = client.post("/vmstrategy/" + vm, "{\"delFlag\":2}");
            if (answer.status() != 200) {
                answer.refused(400, "10440400");
            }
        }
        known.clear();
    }
}
