/** Slots of QEMU/KVM guests. */
package org.openvrg.platform.kvm;
