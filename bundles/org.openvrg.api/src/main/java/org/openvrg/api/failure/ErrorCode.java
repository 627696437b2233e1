package org.openvrg.api.failure;

/** Error codes of the REST contract, with their HTTP status. */
public enum ErrorCode {
    /** The appliance can't do what was asked, through no fault of the request: its database can't be written. */
    INTERNAL(400, "10440000"),
    /** A parameter is not valid. */
    PARAMETER_INVALID(400, "10440101"),
    /** Not logged in, or the session timed out. */
    NOT_LOGGED_IN(400, "10440102"),
    /** Malformed key, or a new password that policy refuses. */
    PASSWORD_INVALID(400, "10440200"),
    /** No such user. */
    USER_UNKNOWN(400, "10440201"),
    /** Wrong password. */
    PASSWORD_WRONG(400, "10440202"),
    /** Logout failed. */
    LOGOUT_FAILED(400, "10440205"),
    /** Third wrong password in a row: locked now. */
    ACCOUNT_NOW_LOCKED(400, "10440207"),
    /** The account is locked. */
    ACCOUNT_LOCKED(400, "10440208"),
    /** IP address not valid. */
    IP_INVALID(400, "10440301"),
    /** Port not valid. */
    PORT_INVALID(400, "10440302"),
    /** The management interface does not exist. */
    MANAGEMENT_INTERFACE_MISSING(400, "10440305"),
    /** The same volume twice, or already protected for another VM. */
    VOLUME_DUPLICATE(400, "10440306"),
    /** No VM is configured at all. */
    NO_VM(400, "10440308"),
    /** The same slot twice. */
    SLOT_DUPLICATE(400, "10440309"),
    /** No such VM. */
    VM_UNKNOWN(400, "10440400"),
    /** VM UUID not valid. */
    VM_UUID_INVALID(400, "10440401"),
    /** No alarm server is configured. */
    NO_ALARM_SERVER(400, "10440402"),
    /** No such resource. */
    NOT_FOUND(404, "10440101"),
    /** The resource has no such method. */
    METHOD_NOT_ALLOWED(405, "10440101"),
    /** The state does not allow it now. */
    CONFLICT(409, "10440101"),
    /** The body is not JSON. */
    MEDIA_TYPE(415, "10440101"),
    /** A programming error. */
    FAILURE(500, "10440000"),
    /** Not served by this appliance. */
    NOT_IMPLEMENTED(501, "10440101"),
    /** Not possible right now. */
    UNAVAILABLE(503, "10440000");

    private final int httpStatus;
    private final String code;

    ErrorCode(int httpStatus, String code) {
        this.httpStatus = httpStatus;
        this.code = code;
    }

    /** HTTP status. */
    public int httpStatus() {
        return httpStatus;
    }

    /** {@code errorCode} of the contract, 8 digits. */
    public String code() {
        return code;
    }
}
