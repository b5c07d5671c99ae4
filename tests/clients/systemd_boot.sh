#!/bin/bash
# Boots a real systemd as process 1 of name spaces of its own, with no unit but a few targets and the probe.
# Arguments: a scratch folder, this tree, the interpreter's prefix, its packages. Status 77: the kernel forbids it.
scratch=$1 tree=$2 prefix=$3 packages=$4
here=$(dirname "$0")
forbidden() { echo "$1" >"$scratch/forbidden"; exit 77; }

mount -t tmpfs tmpfs "$scratch/layers" || forbidden "mount"
for place in etc usr/local/share var/lib opt; do
  layer=$scratch/layers/${place//\//-}
  mkdir -p "$layer/upper" "$layer/work" "/$place"
  mount -t overlay overlay -o "lowerdir=/$place,upperdir=$layer/upper,workdir=$layer/work" "/$place" \
    || forbidden "overlay on /$place"
done

# What the daemon's unit may see: an installation below /opt, made of what the tests run on.
mkdir -p /opt/python /opt/tree /opt/packages /opt/decnet/bin
mount --bind "$prefix" /opt/python && mount --bind "$tree" /opt/tree && mount --bind "$packages" /opt/packages \
  || forbidden "bind mounts"
printf 'home = /opt/python/bin\n' >/opt/decnet/pyvenv.cfg
ln -s /opt/python/bin/python3 /opt/decnet/bin/python
for program in decnetd:main decnetctl:ctl.main; do
  printf '#!/bin/sh\nexport LD_LIBRARY_PATH=/opt/python/lib PYTHONPATH=/opt/tree:/opt/packages PYTHONDONTWRITEBYTECODE=1\nexec /opt/decnet/bin/python -c "from decnet_actors.%s import main; main()" "$@"\n' \
    "${program#*:}" >"/opt/decnet/bin/${program%:*}"
done
chmod 755 /opt/decnet/bin/*

rm -rf /etc/systemd/system && mkdir /etc/systemd/system
mkdir "$scratch/layers/units" "$scratch/layers/none"
for unit in basic sysinit multi-user shutdown sockets network network-online; do
  printf '[Unit]\nDescription=%s\n' "$unit" >"$scratch/layers/units/$unit.target"
done
cat >"$scratch/layers/units/probe.service" <<EOF
[Unit]
DefaultDependencies=no
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
ExecStart=/bin/bash $here/systemd_probe.sh
StandardOutput=file:$scratch/output
StandardError=file:$scratch/talk
EOF
mount --bind "$scratch/layers/units" /lib/systemd/system
mount --bind "$scratch/layers/none" /lib/systemd/system-generators
mount -t tmpfs tmpfs /run && mkdir -p /run/lock /run/systemd
umount -l /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup || forbidden "cgroup2"
mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys  # the kernel's settings are everybody's
ip link set lo up
touch "$scratch/console" && mount --bind "$scratch/console" /dev/console
export container=nspawn
exec /lib/systemd/systemd --system --log-target=console --show-status=0 --unit=probe.service
