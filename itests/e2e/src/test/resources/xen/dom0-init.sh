#!/bin/busybox sh
# The first process of dom0: what Debian's scripts start on a Xen host, network by QEMU's user mode, and an ssh server.
for applet in $(/bin/busybox --list); do
    [ "$applet" = busybox ] || /bin/busybox ln -s /bin/busybox "/bin/$applet"
done
export PATH=/bin:/usr/bin:/usr/sbin:/usr/lib/xen-4.17/bin
mkdir -p /proc /sys /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /tmp
for module in xen-privcmd xenfs xen-evtchn xen-gntdev xen-gntalloc e1000; do
    insmod "/modules/$module.ko"
done
mount -t xenfs xenfs /proc/xen
ifconfig lo 127.0.0.1
ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up
route add default gw 10.0.2.2
xenstored --pid-file /run/xenstored.pid
xen-init-dom0
xenconsoled --pid-file=/run/xenconsoled.pid --log=guest --log-dir=/var/log/xen/console
echo "PATH=$PATH; export PATH" >/etc/profile
dropbear -R -E -p 22
echo "dom0 is up"
while true; do sleep 3600; done
