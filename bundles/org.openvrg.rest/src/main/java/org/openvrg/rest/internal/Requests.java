package org.openvrg.rest.internal;

import java.util.UUID;
import java.util.regex.Pattern;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;

/** The forms of values in requests, and the errors of those that do not have them. */
final class Requests {
    private static final Pattern UUID_FORM =
            Pattern.compile("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}");
    private static final Pattern UNFIT = Pattern.compile("[\\p{Cc}\\p{Cs}\"<>]");
    private static final int MAX_ECHO_CHARS = 64;

    private Requests() {}

    /** The UUID of a VM, 8-4-4-4-12 hex digits. */
    static UUID vmUuid(String text) throws RequestException {
        if (!UUID_FORM.matcher(text).matches()) {
            throw new RequestException(
                    ErrorCode.VM_UUID_INVALID,
                    "vmUuid " + echo(text) + " is not valid: it has hex digits in the form 8-4-4-4-12",
                    "vmUuid " + echo(text) + " 不合法:应为 8-4-4-4-12 形式的十六进制数字");
        }
        return UUID.fromString(text);
    }

    /** The IP literal of another machine; names are not resolved. */
    static String hostAddress(String field, String text) throws RequestException {
        if (!IpLiterals.isHost(text)) {
            throw new RequestException(
                    ErrorCode.IP_INVALID,
                    field + " " + echo(text) + " is not valid: it is the IPv4 or IPv6 address of one machine, no name",
                    field + " " + echo(text) + " 不合法:应为一台主机的 IPv4 或 IPv6 地址,不支持主机名");
        }
        return text;
    }

    /** A TCP port. */
    static int port(String field, long value) throws RequestException {
        if (value < 1 || value > 65_535) {
            throw new RequestException(
                    ErrorCode.PORT_INVALID,
                    field + " " + value + " is not valid: it is 1 to 65535",
                    field + " " + value + " 不合法:取值范围为 1 到 65535");
        }
        return (int) value;
    }

    /** The error of a parameter. */
    static RequestException invalid(String field, String english, String chinese) {
        return new RequestException(ErrorCode.PARAMETER_INVALID, field + ": " + english, field + ":" + chinese);
    }

    /**
     * The error of a value.
     *
     * @param english what would be right, after "it"
     * @param chinese the same
     */
    static RequestException invalid(String field, String value, String english, String chinese) {
        return new RequestException(
                ErrorCode.PARAMETER_INVALID,
                field + " " + echo(value) + " is not valid: it " + english,
                field + " " + echo(value) + " 不合法:" + chinese);
    }

    /** A VM that is not configured here. */
    static RequestException unknownVm(UUID vmUuid) {
        return new RequestException(ErrorCode.VM_UNKNOWN, "VM " + vmUuid + " does not exist", "虚拟机 " + vmUuid + " 不存在");
    }

    /** A service of the appliance that is not there right now. */
    static RequestException unavailable(String english, String chinese) {
        return new RequestException(
                ErrorCode.UNAVAILABLE, english + " is not running; try again", chinese + "未运行,请稍后重试");
    }

    /** What a client sent, cut and without control characters, in quotes. */
    static String echo(String text) {
        return "\"" + cut(text) + "\"";
    }

    /** As {@link #echo}, without quotes. */
    static String cut(String text) {
        String cut = text.length() > MAX_ECHO_CHARS ? text.substring(0, MAX_ECHO_CHARS) + "…" : text;
        return UNFIT.matcher(cut).replaceAll("?");
    }
}
