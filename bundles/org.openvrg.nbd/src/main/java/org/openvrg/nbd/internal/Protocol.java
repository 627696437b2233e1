package org.openvrg.nbd.internal;

/** Numbers of the NBD protocol, under the names that its public document gives them. */
public final class Protocol {
    /** Start of the greeting, {@code NBDMAGIC}. */
    public static final long NBD_MAGIC = 0x4e42_444d_4147_4943L;
    /** Start of the greeting's second half and of every option, {@code IHAVEOPT}. */
    public static final long OPTION_MAGIC = 0x4948_4156_454f_5054L;
    /** Start of every option reply. */
    public static final long OPTION_REPLY_MAGIC = 0x0003_e889_0455_65a9L;
    /** Start of every request. */
    public static final int REQUEST_MAGIC = 0x2560_9513;
    /** Start of a simple reply. */
    public static final int SIMPLE_REPLY_MAGIC = 0x6744_6698;
    /** Start of a structured reply chunk. */
    public static final int STRUCTURED_REPLY_MAGIC = 0x668e_33ef;

    /** Handshake and client flag. */
    public static final int FLAG_FIXED_NEWSTYLE = 1;
    /** Handshake and client flag: no padding after EXPORT_NAME. */
    public static final int FLAG_NO_ZEROES = 1 << 1;

    public static final int OPT_EXPORT_NAME = 1;
    public static final int OPT_ABORT = 2;
    public static final int OPT_LIST = 3;
    public static final int OPT_STARTTLS = 5;
    public static final int OPT_INFO = 6;
    public static final int OPT_GO = 7;
    public static final int OPT_STRUCTURED_REPLY = 8;
    public static final int OPT_LIST_META_CONTEXT = 9;
    public static final int OPT_SET_META_CONTEXT = 10;

    public static final int REP_ACK = 1;
    public static final int REP_SERVER = 2;
    public static final int REP_INFO = 3;
    public static final int REP_META_CONTEXT = 4;
    public static final int REP_ERROR_BIT = 1 << 31;
    public static final int REP_ERR_UNSUP = REP_ERROR_BIT + 1;
    public static final int REP_ERR_POLICY = REP_ERROR_BIT + 2;
    public static final int REP_ERR_INVALID = REP_ERROR_BIT + 3;
    public static final int REP_ERR_TLS_REQD = REP_ERROR_BIT + 5;
    public static final int REP_ERR_UNKNOWN = REP_ERROR_BIT + 6;

    public static final int INFO_EXPORT = 0;
    public static final int INFO_NAME = 1;
    public static final int INFO_DESCRIPTION = 2;
    public static final int INFO_BLOCK_SIZE = 3;

    public static final int SEND_HAS_FLAGS = 1;
    public static final int SEND_READ_ONLY = 1 << 1;
    public static final int SEND_FLUSH = 1 << 2;
    public static final int SEND_FUA = 1 << 3;
    public static final int SEND_TRIM = 1 << 5;
    public static final int SEND_WRITE_ZEROES = 1 << 6;
    public static final int SEND_DF = 1 << 7;
    public static final int SEND_CAN_MULTI_CONN = 1 << 8;
    public static final int SEND_CACHE = 1 << 10;

    public static final int CMD_READ = 0;
    public static final int CMD_WRITE = 1;
    public static final int CMD_DISC = 2;
    public static final int CMD_FLUSH = 3;
    public static final int CMD_TRIM = 4;
    public static final int CMD_CACHE = 5;
    public static final int CMD_WRITE_ZEROES = 6;
    public static final int CMD_BLOCK_STATUS = 7;

    public static final int CMD_FLAG_FUA = 1;
    public static final int CMD_FLAG_NO_HOLE = 1 << 1;
    public static final int CMD_FLAG_DF = 1 << 2;
    public static final int CMD_FLAG_REQ_ONE = 1 << 3;

    public static final int CHUNK_FLAG_DONE = 1;
    public static final int CHUNK_NONE = 0;
    public static final int CHUNK_OFFSET_DATA = 1;
    public static final int CHUNK_OFFSET_HOLE = 2;
    public static final int CHUNK_BLOCK_STATUS = 5;
    /** Chunk types with this bit are errors. */
    public static final int CHUNK_ERROR_BIT = 1 << 15;

    public static final int CHUNK_ERROR = CHUNK_ERROR_BIT + 1;

    public static final int STATE_HOLE = 1;
    public static final int STATE_ZERO = 1 << 1;

    public static final int OK = 0;
    public static final int EPERM = 1;
    public static final int EIO = 5;
    public static final int EINVAL = 22;
    public static final int ENOSPC = 28;
    public static final int ESHUTDOWN = 108;

    /** Longest string in the protocol, in bytes of UTF-8. */
    public static final int MAX_STRING_BYTES = 4096;
    /** The one metadata context that is served. */
    public static final String BASE_ALLOCATION = "base:allocation";
    /** Its number on every connection. */
    public static final int BASE_ALLOCATION_ID = 1;
    /** Zeroes after an EXPORT_NAME reply, unless the client declined them. */
    public static final int EXPORT_NAME_PADDING_BYTES = 124;
    /** Length of a request without payload. */
    public static final int REQUEST_BYTES = 28;

    private Protocol() {}
}
