package org.openvrg.alarm.internal;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** Configuration of PID {@code org.openvrg.alarm}; names follow the OSGi mapping of annotation members. */
@ObjectClassDefinition(name = "VRG alarms", description = "How alarms are kept and sent over SNMP")
@interface Config {
    /** Folder of what outlives a restart. */
    @AttributeDefinition(name = "directory", description = "Folder of the raised alarms and of the queue")
    String directory();

    /** Version of SNMP. */
    @AttributeDefinition(name = "version", description = "v2c or v3")
    String version() default "v2c";

    /** Kind of PDU. */
    @AttributeDefinition(name = "notification", description = "inform, which is acknowledged, or trap, which is not")
    String notification() default "inform";

    /** Community of v2c. */
    @AttributeDefinition(name = "community", description = "Community of v2c, unless it is in a file", required = false)
    String community() default "";

    /** File with the community. */
    @AttributeDefinition(name = "community-file", description = "File with the community of v2c", required = false)
    String community$_$file() default "";

    /** User of v3. */
    @AttributeDefinition(name = "user", description = "User of v3, 1 to 32 characters", required = false)
    String user() default "";

    /** File with the authentication password of v3. */
    @AttributeDefinition(
            name = "auth-password-file",
            description = "File with the authentication password of v3 (SHA-256)",
            required = false)
    String auth$_$password$_$file() default "";

    /** File with the privacy password of v3. */
    @AttributeDefinition(
            name = "privacy-password-file",
            description = "File with the privacy password of v3 (AES-128)",
            required = false)
    String privacy$_$password$_$file() default "";

    /** How long an acknowledgement is awaited. */
    @AttributeDefinition(name = "timeout-millis", description = "Time for an acknowledgement, 100 to 60000")
    long timeout$_$millis() default 2_000;

    /** Pause between two attempts. */
    @AttributeDefinition(name = "retry-millis", description = "Pause before the next attempt, 100 to 3600000")
    long retry$_$millis() default 5_000;

    /** How long a notification is kept. */
    @AttributeDefinition(
            name = "expiry-seconds",
            description = "Time after which a notification is not sent any more, 10 to 2592000")
    long expiry$_$seconds() default 86_400;

    /** Most notifications that wait. */
    @AttributeDefinition(name = "queue-limit", description = "Most notifications that wait, 100 to 100000")
    int queue$_$limit() default 20_000;

    /** How long an alarm of a former run stands unconfirmed. */
    @AttributeDefinition(
            name = "confirm-seconds",
            description = "Time after a start in which an alarm from before has to be confirmed, 5 to 86400")
    long confirm$_$seconds() default 300;
}
