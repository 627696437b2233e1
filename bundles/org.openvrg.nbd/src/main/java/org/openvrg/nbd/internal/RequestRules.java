package org.openvrg.nbd.internal;

import org.openvrg.nbd.NbdLimits;

/**
 * What a request may say. Checked before any memory is taken for it. Past the end, writes fail with ENOSPC and all else
 * with EINVAL, which is also what nbdkit answers.
 */
final class RequestRules {
    private RequestRules() {}

    /** The NBD error of a request, 0 if it is in order. */
    static int check(RequestHeader request, Session session) {
        int allowed =
                switch (request.type()) {
                    case Protocol.CMD_READ -> session.structured() ? Protocol.CMD_FLAG_DF : 0;
                    case Protocol.CMD_WRITE_ZEROES -> Protocol.CMD_FLAG_NO_HOLE;
                    case Protocol.CMD_BLOCK_STATUS -> Protocol.CMD_FLAG_REQ_ONE;
                    default -> 0;
                };
        if ((request.flags() & ~(allowed | Protocol.CMD_FLAG_FUA)) != 0) {
            return Protocol.EINVAL;
        }
        return switch (request.type()) {
            case Protocol.CMD_READ -> payload(request, session, Protocol.EINVAL);
            case Protocol.CMD_WRITE -> writable(session, payload(request, session, Protocol.ENOSPC));
            case Protocol.CMD_WRITE_ZEROES -> writable(session, range(request, session, Protocol.ENOSPC));
            case Protocol.CMD_TRIM -> writable(session, range(request, session, Protocol.EINVAL));
            case Protocol.CMD_CACHE -> range(request, session, Protocol.EINVAL);
            case Protocol.CMD_BLOCK_STATUS ->
                session.allocation() ? range(request, session, Protocol.EINVAL) : Protocol.EINVAL;
            case Protocol.CMD_FLUSH ->
                request.offsetBytes() == 0 && request.lengthBytes() == 0 ? Protocol.OK : Protocol.EINVAL;
            default -> Protocol.EINVAL;
        };
    }

    private static int payload(RequestHeader request, Session session, int pastEnd) {
        return request.lengthBytes() > NbdLimits.MAX_PAYLOAD_BYTES ? Protocol.EINVAL : range(request, session, pastEnd);
    }

    private static int writable(Session session, int error) {
        return session.export().readOnly() ? Protocol.EPERM : error;
    }

    private static int range(RequestHeader request, Session session, int pastEnd) {
        if (request.lengthBytes() == 0) {
            return Protocol.EINVAL;
        }
        long offset = request.offsetBytes();
        boolean inside =
                offset >= 0 && offset <= session.sizeBytes() && request.lengthBytes() <= session.sizeBytes() - offset;
        return inside ? Protocol.OK : pastEnd;
    }
}
