/**
 * QEMU guests that run a real kernel and a real file system, protected through their hypervisor: the gateway, the link
 * and the guests are killed, stopped and started again.
 */
package org.openvrg.itests.kvm;
