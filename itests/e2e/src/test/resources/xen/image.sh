#!/usr/bin/env bash
# image.sh FOLDER KERNEL: makes in FOLDER what a nested Xen boots from: xen.elf, vmlinuz, dom0.img, and key, which dom0
# lets in. Everything is Debian's; packages are kept in FOLDER/packages and fetched once. KERNEL is the name of a
# package linux-image-…; its modules are taken by name.
set -euo pipefail
folder=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export LC_ALL=C
mkdir -p "$folder/packages/partial"
cd "$folder"

xen=4.17
busybox=$(command -v busybox) || { echo "busybox is missing; apt-get install busybox-static" >&2; exit 1; }

# What runs in dom0 with all its libraries, whatever this machine has: apt resolves for a machine that has nothing.
dom0_packages=(qemu-system-xen xenstore-utils libxenmisc$xen libxenhypfs1 libyajl2 libncurses6 socat dropbear-bin)

fetch() {
    : >none.status
    apt-get -qq -y --no-install-recommends --download-only -o Dir::State::status="$folder/none.status" \
        -o Dir::Cache::archives="$folder/packages" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
        -o APT::Sandbox::User=root -o Debug::NoLocking=true install "${dom0_packages[@]}"
    kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p')
    (cd packages && apt-get -qq -o APT::Sandbox::User=root download \
        "$kernel" xen-hypervisor-$xen-amd64 xen-utils-$xen)
}
if [[ ! -e packages/complete ]]; then
    fetch >fetch.log 2>&1 || { apt-get -qq update && fetch; } >fetch.log 2>&1 || { cat fetch.log >&2; exit 1; }
    touch packages/complete
fi

rm -rf system root guest
mkdir -p system
for package in packages/*.deb; do
    case $package in
        */linux-image-*) dpkg-deb --fsys-tarfile "$package" | tar -x -C system --wildcards \
            './boot/vmlinuz-*' './lib/modules/*/kernel/drivers/xen/*' './lib/modules/*/kernel/drivers/block/xen-*' \
            './lib/modules/*/kernel/drivers/net/ethernet/intel/e1000/*' ;;
        *) dpkg-deb -x "$package" system ;;
    esac
done
gunzip -c system/boot/xen-$xen-amd64.gz >xen.elf
cp system/boot/vmlinuz-* vmlinuz

# The guest: a kernel, its block front end, busybox.
mkdir -p guest/bin guest/lib
cp "$busybox" guest/bin/busybox
cp "$(find system/lib/modules -name xen-blkfront.ko)" guest/lib/
install -m 755 "$here/guest-init.sh" guest/init
(cd guest && find . | cpio -o -H newc --quiet | gzip -1) >guest.img

# dom0: the tools of Xen, the device model, an ssh server, busybox for the rest.
tools=/usr/lib/xen-$xen/bin
mkdir -p root/{bin,etc/xen,etc/dropbear,guest,lib64,modules,root/.ssh,run/xen,tmp,var/lib/xen,var/lib/xenstored} \
    root/lib/x86_64-linux-gnu root/usr/{bin,sbin,libexec,share/qemu} root/var/log/xen/console "root$tools"
ln -s ../run root/var/run
cp "$busybox" root/bin/busybox
cp system$tools/{xl,xenstored,xenconsoled,xen-init-dom0} "root$tools/"
cp -L system/usr/bin/{xenstore-read,xenstore-list,xenstore-ls,socat} root/usr/bin/
cp system/usr/sbin/dropbear root/usr/sbin/
cp system/usr/libexec/xen-qemu-system-i386 root/usr/libexec/
cp -rL system/usr/share/qemu/keymaps root/usr/share/qemu/
loader=$(find system -name 'ld-linux-x86-64.so.2' | head -n 1)
cp -L "$loader" root/lib64/
libraries=$folder/system/usr/lib/x86_64-linux-gnu:$folder/system/lib/x86_64-linux-gnu
find root/usr -type f -perm -u+x | while read -r program; do
    "$loader" --library-path "$libraries" --list "$program"
done | sed -n 's/.* => \(\/[^ ]*\) (0x.*/\1/p' | sort -u | while read -r library; do
    cp -L "$library" root/lib/x86_64-linux-gnu/
done
for module in xen-privcmd xenfs xen-evtchn xen-gntdev xen-gntalloc e1000; do
    cp "$(find system/lib/modules -name $module.ko)" root/modules/
done
cp vmlinuz guest.img root/guest/
printf 'root:x:0:0:root:/root:/bin/sh\n' >root/etc/passwd
printf 'root:x:0:\n' >root/etc/group
printf '/bin/sh\n' >root/etc/shells
touch root/etc/xen/xl.conf
rm -f key key.pub
ssh-keygen -q -t ed25519 -N '' -C nested-xen -f key
install -m 600 key.pub root/root/.ssh/authorized_keys
chmod 700 root/root root/root/.ssh
install -m 755 "$here/dom0-init.sh" root/init
(cd root && find . | cpio -o -H newc --quiet | gzip -1) >dom0.img
rm -rf system root guest
