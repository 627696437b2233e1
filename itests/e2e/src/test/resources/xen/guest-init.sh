#!/bin/busybox sh
# The only process of the guest: a shell on the console of a PV guest with its disks.
/bin/busybox mkdir -p /proc /sys /dev
for applet in $(/bin/busybox --list); do
    [ "$applet" = busybox ] || /bin/busybox ln -s busybox "/bin/$applet"
done
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
insmod /lib/xen-blkfront.ko
echo "guest is up"
exec setsid cttyhack sh
