package org.openvrg.rest.internal;

import java.security.Principal;
import javax.ws.rs.core.SecurityContext;

/** The user of the session that a request came with. */
record Caller(String user, boolean secure) implements SecurityContext {
    @Override
    public Principal getUserPrincipal() {
        return () -> user;
    }

    /** There are no roles: who is logged in may do everything. */
    @Override
    public boolean isUserInRole(String role) {
        return false;
    }

    @Override
    public boolean isSecure() {
        return secure;
    }

    @Override
    public String getAuthenticationScheme() {
        return SessionFilter.TOKEN;
    }
}
