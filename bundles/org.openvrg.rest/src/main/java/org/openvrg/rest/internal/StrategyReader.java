package org.openvrg.rest.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Pattern;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.model.ProductionDisk;
import org.openvrg.api.model.Slots;
import org.openvrg.api.model.StandbyDisk;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.model.VolumeId;

/**
 * Reads the body of {@code POST /vmstrategy}. With {@code agentIp} and {@code agentPort} it is the DR form, without
 * both the production form.
 */
final class StrategyReader {
    /** Most volumes of one VM. */
    static final int MAX_VOLUMES = 256;

    /** Most members of {@code drExtParams}. */
    static final int MAX_EXT_PARAMS = 32;

    /** Kind of storage where {@code volType} is absent. */
    static final String DEFAULT_VOL_TYPE = "LOCALPOME";

    private static final int MAX_NAME_CHARS = 256;
    private static final int MAX_URL_CHARS = 1024;
    private static final int MAX_TYPE_CHARS = 32;
    private static final Pattern VM_ID = Pattern.compile("i-[0-9a-fA-F]{8}");
    private static final Pattern VOL_TYPE = Pattern.compile("[A-Za-z0-9_.-]{1," + MAX_TYPE_CHARS + "}");

    private StrategyReader() {}

    /** The strategy of a body. */
    static VmStrategy read(JsonNode body) throws RequestException {
        Members members = Members.ofBody(body);
        UUID vmUuid = Requests.vmUuid(members.rawText("vmUuid"));
        Optional<String> vmId = members.text(MAX_NAME_CHARS, "vmId");
        if (vmId.isPresent() && !VM_ID.matcher(vmId.get()).matches()) {
            throw Requests.invalid("vmId", vmId.get(), "is i- and 8 hex digits", "应为 i- 加 8 位十六进制数字");
        }
        Optional<String> vmName = members.text(MAX_NAME_CHARS, "vmName");
        boolean standby = members.has("agentIp");
        if (standby != members.has("agentPort")) {
            throw Requests.invalid(
                    standby ? "agentPort" : "agentIp",
                    "is missing: agentIp and agentPort are both there (DR side) or both absent (production side)",
                    "缺少该参数:agentIp 和 agentPort 应同时携带(容灾端)或同时不携带(生产端)");
        }
        return standby ? standby(members, vmUuid, vmId, vmName) : production(members, vmUuid, vmId, vmName);
    }

    private static VmStrategy.Production production(
            Members members, UUID vmUuid, Optional<String> vmId, Optional<String> vmName) throws RequestException {
        boolean encrypt = option(members, "encryptOption", "encryptMethod");
        boolean compress = option(members, "compressOption", "compressMethod");
        List<ProductionDisk> disks = new ArrayList<>();
        Distinct distinct = new Distinct();
        for (Members disk : members.requiredObjects(MAX_VOLUMES, "volList")) {
            VolumeId volume = distinct.volume(disk);
            disks.add(new ProductionDisk(volume, distinct.slot(disk)));
        }
        return new VmStrategy.Production(vmUuid, vmId, vmName, encrypt, compress, disks);
    }

    private static VmStrategy.Standby standby(
            Members members, UUID vmUuid, Optional<String> vmId, Optional<String> vmName) throws RequestException {
        String agentIp = Requests.hostAddress("agentIp", members.rawText("agentIp"));
        int agentPort = Requests.port("agentPort", members.requiredNumber("agentPort"));
        Optional<String> hostUrn = members.text(MAX_URL_CHARS, "hostUrn");
        List<StandbyDisk> disks = new ArrayList<>();
        Distinct distinct = new Distinct();
        for (Members disk : members.requiredObjects(MAX_VOLUMES, "volList")) {
            VolumeId volume = distinct.volume(disk);
            String volumeUrl = disk.requiredText(MAX_URL_CHARS, "volumeUrl");
            Optional<String> dsUrn = disk.text(MAX_URL_CHARS, "dsUrn");
            disks.add(new StandbyDisk(volume, volumeUrl, dsUrn, volType(disk), distinct.slot(disk), extParams(disk)));
            // The contract's sample has the host in the disks, its table in the VM.
            if (hostUrn.isEmpty()) {
                hostUrn = disk.text(MAX_URL_CHARS, "hostUrn");
            }
        }
        return new VmStrategy.Standby(vmUuid, vmId, vmName, hostUrn, agentIp, agentPort, disks);
    }

    private static boolean option(Members members, String... names) throws RequestException {
        return members.number(0, 1, names).orElse(0) == 1;
    }

    /** Any name: which types there are depends on the storage providers that are deployed, now or later. */
    private static String volType(Members disk) throws RequestException {
        String type = disk.text(MAX_TYPE_CHARS, "volType").orElse(DEFAULT_VOL_TYPE);
        if (!VOL_TYPE.matcher(type).matches()) {
            throw Requests.invalid(
                    disk.name("volType"),
                    type,
                    "is the name of a kind of storage: LOCALPOME, LUNPOME, NAS, DSWARE or that of a plug-in",
                    "应为存储类型:LOCALPOME、LUNPOME、NAS、DSWARE 或插件提供的类型");
        }
        return type;
    }

    private static Map<String, String> extParams(Members disk) throws RequestException {
        Optional<JsonNode> member = disk.find("drExtParams");
        if (member.isEmpty()) {
            return Map.of();
        }
        String name = disk.name("drExtParams");
        JsonNode object = member.get().isTextual() ? parsed(name, member.get().textValue()) : member.get();
        if (object.isMissingNode()) {
            return Map.of();
        }
        if (!object.isObject()) {
            throw wrongExtParams(name, object);
        }
        if (object.size() > MAX_EXT_PARAMS) {
            throw Requests.invalid(
                    name,
                    "has " + object.size() + " members; it has at most " + MAX_EXT_PARAMS,
                    "有 " + object.size() + " 个成员,最多 " + MAX_EXT_PARAMS + " 个");
        }
        Map<String, String> params = new TreeMap<>();
        for (Map.Entry<String, JsonNode> entry : object.properties()) {
            JsonNode value = entry.getValue();
            if (!value.isValueNode()
                    || entry.getKey().length() > MAX_NAME_CHARS
                    || value.asText().length() > MAX_URL_CHARS) {
                throw wrongExtParams(name + "." + Requests.cut(entry.getKey()), value);
            }
            if (!value.isNull()) {
                params.put(entry.getKey(), value.asText());
            }
        }
        return params;
    }

    private static JsonNode parsed(String name, String text) throws RequestException {
        try {
            return JsonProvider.parse(text);
        } catch (JsonProcessingException e) {
            throw wrongExtParams(name, TextNode.valueOf(text));
        }
    }

    private static RequestException wrongExtParams(String name, JsonNode value) {
        return Members.wrongType(
                name, value, "a JSON object of short texts, or a string that holds one", "由短文本组成的 JSON 对象,或包含该对象的字符串");
    }

    /** Volumes and slots that were seen in one request. */
    private static final class Distinct {
        private final Set<VolumeId> volumes = new HashSet<>();
        private final Set<Integer> slots = new HashSet<>();

        VolumeId volume(Members disk) throws RequestException {
            String text = disk.rawText("volUuid");
            if (!VolumeId.isValid(text)) {
                throw Requests.invalid(
                        disk.name("volUuid"), text, "has 1 to 64 letters, digits or '-'", "应为 1 到 64 个字母、数字或“-”");
            }
            VolumeId volume = new VolumeId(text);
            if (!volumes.add(volume)) {
                throw new RequestException(
                        ErrorCode.VOLUME_DUPLICATE,
                        disk.name("volUuid") + " " + text + " is there twice",
                        disk.name("volUuid") + " " + text + " 重复");
            }
            return volume;
        }

        OptionalInt slot(Members disk) throws RequestException {
            OptionalLong slot = disk.number(Slots.FIRST, Slots.LAST, "seqNum");
            if (slot.isEmpty()) {
                return OptionalInt.empty();
            }
            int number = (int) slot.getAsLong();
            if (!slots.add(number)) {
                throw new RequestException(
                        ErrorCode.SLOT_DUPLICATE,
                        disk.name("seqNum") + " " + number + " is there twice",
                        disk.name("seqNum") + " " + number + " 重复");
            }
            return OptionalInt.of(number);
        }
    }
}
