package org.openvrg.network.internal;

import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.service.NetworkService;

/**
 * Checked settings of the management network. Immutable.
 *
 * <p>Networks of /31 and /32 are refused: the first has no network and broadcast address (RFC 3021), which half of the
 * tools round a gateway take for granted, and in the second no gateway can be reached.
 *
 * @param ip number of the address
 * @param prefixLength 1 to 30
 * @param gateway number of the gateway's address, in the same network
 */
record ManagementSettings(long ip, int prefixLength, long gateway) {
    private static final int LONGEST_PREFIX = 30;
    private static final int MAX_ECHO_CHARS = 64;

    /**
     * Checks what a request asks for.
     *
     * @throws RequestException {@code IP_INVALID} for what is no dotted quad, {@code PARAMETER_INVALID} for the rest
     */
    static ManagementSettings of(NetworkService.Management wanted) throws RequestException {
        long ip = address("newIp", wanted.ip());
        long gateway = address("newGateway", wanted.gateway());
        int prefixLength = prefixLength(wanted.netmask());
        long mask = Ipv4.mask(prefixLength);
        checkHost("newIp", ip, mask);
        if ((gateway & mask) != (ip & mask)) {
            throw invalid(
                    "newGateway",
                    Ipv4.format(gateway),
                    "it is in the network of newIp, " + Ipv4.format(ip & mask) + "/" + prefixLength,
                    "应在 newIp 所属网段 " + Ipv4.format(ip & mask) + "/" + prefixLength + " 内");
        }
        checkHost("newGateway", gateway, mask);
        if (gateway == ip) {
            throw invalid("newGateway", Ipv4.format(gateway), "it is another address than newIp", "不能与 newIp 相同");
        }
        return new ManagementSettings(ip, prefixLength, gateway);
    }

    /** Address with prefix, as {@code ip} takes and gives it. */
    String cidr() {
        return Ipv4.format(ip) + "/" + prefixLength;
    }

    /** Address. */
    String ipText() {
        return Ipv4.format(ip);
    }

    /** Address of the gateway. */
    String gatewayText() {
        return Ipv4.format(gateway);
    }

    /** As the service gives it. */
    NetworkService.Management toManagement() {
        return new NetworkService.Management(ipText(), Ipv4.format(Ipv4.mask(prefixLength)), gatewayText());
    }

    private static long address(String field, String text) throws RequestException {
        return Ipv4.parse(text)
                .orElseThrow(() -> new RequestException(
                        ErrorCode.IP_INVALID,
                        field + " " + echo(text) + " is not valid: it is an IPv4 address in dotted quads",
                        field + " " + echo(text) + " 不合法:应为点分十进制 IPv4 地址"));
    }

    private static int prefixLength(String text) throws RequestException {
        int length = -1;
        if (Ipv4.parse(text).isPresent()) {
            length = Ipv4.prefixLength(Ipv4.parse(text).getAsLong()).orElse(-1);
        }
        if (length < 1 || length > LONGEST_PREFIX) {
            throw invalid(
                    "newMask",
                    text,
                    "it is a dotted quad of contiguous ones, 128.0.0.0 to 255.255.255.252",
                    "应为连续掩码,取值范围为 128.0.0.0 到 255.255.255.252");
        }
        return length;
    }

    /** One machine's address: 1.0.0.0 to 223.255.255.255, neither loopback nor the first or last of its network. */
    private static void checkHost(String field, long address, long mask) throws RequestException {
        long first = address >> 24;
        String english;
        String chinese;
        if (first == 127) {
            english = "a loopback address reaches nobody";
            chinese = "不能为环回地址";
        } else if (first >= 224 && first < 240) {
            english = "a multicast address names no single machine";
            chinese = "不能为组播地址";
        } else if (first == 0 || first >= 240) {
            english = "it is 1.0.0.0 to 223.255.255.255";
            chinese = "取值范围为 1.0.0.0 到 223.255.255.255";
        } else if ((address & ~mask & Ipv4.ALL_ONES) == 0) {
            english = "it is the network's own address; take one between the first and the last";
            chinese = "不能为网络地址";
        } else if ((address | mask) == Ipv4.ALL_ONES) {
            english = "it is the network's broadcast address; take one between the first and the last";
            chinese = "不能为广播地址";
        } else {
            return;
        }
        throw invalid(field, Ipv4.format(address), english, chinese);
    }

    private static RequestException invalid(String field, String text, String english, String chinese) {
        return new RequestException(
                ErrorCode.PARAMETER_INVALID,
                field + " " + echo(text) + " is not valid: " + english,
                field + " " + echo(text) + " 不合法:" + chinese);
    }

    private static String echo(String text) {
        String cut = text.length() > MAX_ECHO_CHARS ? text.substring(0, MAX_ECHO_CHARS) + "…" : text;
        return "\"" + cut.replaceAll("[\\p{Cntrl}\"<>]", "?") + "\"";
    }
}
