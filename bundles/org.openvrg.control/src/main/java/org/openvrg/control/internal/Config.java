package org.openvrg.control.internal;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** Configuration of PID {@code org.openvrg.control}; names follow the OSGi mapping of annotation members. */
@ObjectClassDefinition(
        name = "VRG control",
        description = "Where the configuration is kept and how the first user gets its password")
@interface Config {
    /** Path of the SQLite file. */
    @AttributeDefinition(name = "database", description = "Path of the SQLite file with the configuration")
    String database();

    /** File with the first user's password. */
    @AttributeDefinition(
            name = "admin-password-file",
            description = "File with the first password of the user admin; empty: one is made at random and left in the"
                    + " file admin-password beside the database",
            required = false)
    String admin$_$password$_$file() default "";
}
