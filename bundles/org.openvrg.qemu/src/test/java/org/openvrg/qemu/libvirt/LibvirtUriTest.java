package org.openvrg.qemu.libvirt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.openvrg.qemu.libvirt.LibvirtUri.Transport;

class LibvirtUriTest {
    @ParameterizedTest
    @CsvSource({
        "qemu:///system, qemu+unix:///system",
        "qemu+unix:///system?socket=/run/a b, ",
        "qemu+unix:///system?socket=/run/x-sock, qemu+unix:///system?socket=/run/x-sock",
        "qemu://host/system, qemu+tls://host/system",
        "qemu+tls://host.example:1/system, qemu+tls://host.example:1/system",
        "qemu+tls://[::1]/system, qemu+tls://[::1]/system",
        "qemu+ssh://host/system, qemu+ssh://host/system",
        "qemu+ssh://me@host:22/system?keyfile=/k/id, qemu+ssh://me@host:22/system?keyfile=/k/id",
        "qemu+ssh://host/system?known_hosts=/h&keyfile=/k, qemu+ssh://host/system?keyfile=/k&known_hosts=/h"
    })
    void takesLibvirtsForms(String text, String shown) {
        if (shown == null) {
            assertThrows(IllegalArgumentException.class, () -> LibvirtUri.parse(text));
            return;
        }
        assertEquals(shown, LibvirtUri.parse(text).toString());
        assertEquals(LibvirtUri.parse(text), LibvirtUri.parse(shown));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "system",
                "qemu:/system/",
                "qemu:///session",
                "qemu:///system#x",
                "xen:///system",
                "qemu+tcp://host/system",
                "qemu+tls:///system",
                "qemu+ssh:///system",
                "qemu+unix://host/system",
                "qemu+tls://me@host/system",
                "qemu+ssh://me:secret@host/system",
                "qemu+ssh://-oProxyCommand=x/system",
                "qemu+ssh://-l@host/system",
                "qemu+ssh://a$(x)@host/system",
                "qemu+ssh://host;x/system",
                "qemu+ssh://host/system?command=/bin/x",
                "qemu+ssh://host/system?keyfile=/k&command=/bin/x",
                "qemu+ssh://host/system?keyfile=k",
                "qemu+ssh://host/system?keyfile=/k&keyfile=/k",
                "qemu+ssh://host/system?known_hosts=/k%20-oProxyCommand",
                "qemu+ssh://host/system?known_hosts=/k%25h",
                "qemu+ssh://host/system?socket=/k",
                "qemu+tls://host/system?no_verify=1",
                "qemu:///system?socket=relative"
            })
    void refusesAllElse(String text) {
        assertThrows(IllegalArgumentException.class, () -> LibvirtUri.parse(text));
    }

    @Test
    void anAddressIsOneWord() {
        UUID domain = UUID.randomUUID();
        for (Map.Entry<String, Transport> one : Map.of(
                        "qemu:///system", Transport.UNIX,
                        "qemu+unix:///system?socket=/run/a+b", Transport.UNIX,
                        "qemu+ssh://me@host:22/system?keyfile=/k", Transport.SSH)
                .entrySet()) {
            LibvirtUri uri = LibvirtUri.parse(one.getKey());
            assertEquals(one.getValue(), uri.transport());
            LibvirtAddress address = LibvirtAddress.ofAnyRun(uri, domain);
            assertTrue(address.word().matches("\\S+") && LibvirtAddress.isWord(address.word()), address.word());
            assertEquals(address, LibvirtAddress.parse(address.word()));
        }
        assertThrows(IllegalArgumentException.class, () -> LibvirtAddress.parse("libvirt:x"));
        assertThrows(IllegalArgumentException.class, () -> LibvirtAddress.parse("libvirt:x,y"));
    }
}
