#!/bin/bash
# Sets the booted system up, uses it, and undoes it; each line on standard output is one finding.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/
ctl=/opt/decnet/bin/decnetctl
find_out() { local name=$1; shift; "$@" >&2; echo "$name $?"; }
status_of() { sed -n "s/^$1:[[:space:]]*\([^[:space:]]*\).*/$1 \1/p" "/proc/$2/status"; }
as() { local user=$1; shift; setpriv --reuid "$(id -u "$user")" --regid "$(id -g "$user")" --init-groups "$@"; }

find_out init $ctl init
find_out active systemctl is-active decnetd
daemon=$(systemctl show -p MainPID --value decnetd)
for key in CapEff CapBnd NoNewPrivs Seccomp; do status_of $key "$daemon"; done
echo "user $(stat -c %U "/proc/$daemon")"
echo "again $($ctl init 2>/dev/null | cut -d ' ' -f 1 | sort -u | paste -sd ,)"
find_out selftest $ctl selftest
find_out doctor $ctl doctor
useradd -M -G decnet member && useradd -M outsider
find_out member as member $ctl status
find_out outsider as outsider $ctl status
find_out outsider-init as outsider $ctl init
find_out reload systemctl reload decnetd
echo 'nonsense = 1' >/etc/decnet/conf.d/90-wrong.toml
find_out wrong-reload systemctl reload decnetd
find_out still-active systemctl is-active decnetd
rm /etc/decnet/conf.d/90-wrong.toml

sed 's/decnet_actors.main/plugins.fleet_driver.namespace.netd/' /opt/decnet/bin/decnetd >/opt/decnet/bin/decnet-netd
chmod 755 /opt/decnet/bin/decnet-netd
ip link add par0 type veth peer name par1 && ip link set par0 up && ip link set par1 up
echo 'NETD_OPTIONS=--parent par0 --network 10.99.0.0/24' >/etc/decnet/netd.env
find_out helper-init $ctl init
echo "helper-socket $(stat -c '%U:%a' /run/decnet/netd.sock)"
find_out helper-start systemctl start decnet-netd.service
helper=$(systemctl show -p MainPID --value decnet-netd)
status_of CapEff "$helper" | sed s/CapEff/helper-capabilities/
echo "helper-user $(stat -c %U "/proc/$helper")"
echo "helper-place $(as decnet env LD_LIBRARY_PATH=/opt/python/lib PYTHONPATH=/opt/tree:/opt/packages PYTHONDONTWRITEBYTECODE=1 \
  /opt/decnet/bin/python /opt/tree/tests/clients/systemd_place.py)"
rm /etc/decnet/netd.env

find_out deinit $ctl init --deinit
find_out evidence test -s /var/lib/decnet/decnet.db
find_out purge $ctl init --deinit --purge --yes
echo "left $(find /etc/decnet /var/lib/decnet /run/decnet /etc/systemd/system -mindepth 1 2>/dev/null | paste -sd ,)"
find_out account getent passwd decnet
find_out ended systemctl is-active decnetd
