"""This module lists the programs of a server install, with the sizes their binaries have in bytes."""

from decnet_actors.machine.table import sized

# coreutils, util-linux, procps and the like: in /usr/bin on every release (sizes: Debian 12, rounded by us).
BIN = sized("""
ss=140136 netstat=155008 nc.traditional=35088 busctl=100352 htpasswd=31000 mountpoint=22832 getfacl=35816 vmstat=39448
apropos=51512 apt=18752 apt-cache=88544 apt-get=51680 apt-key=28098 apt-mark=59904 arch=35480 awk=125560 b2sum=60248
base32=39832 base64=39832 basename=39704 bash=1265648 bunzip2=39224 bzip2=39224 bzcat=39224 bzgrep=3642 c_rehash=6841
captoinfo=92464 cat=44016 chage=72672 chattr=14640 chcon=60312 chfn=52880 chgrp=64376 chmod=60344 chown=68472
chrt=31056 chsh=48896 cksum=104952 clear=14640 cmp=56040 column=55720 comm=44024 cp=151152 cpio=160328 crontab=43568
csplit=113472 curl=281912 cut=44088 dash=125640 date=121904 dbus-daemon=244464 dd=89024 deb-systemd-helper=25026
df=138632 diff=150768 diff3=64136 dir=151344 dircolors=48184 dirname=35480 dmesg=84320 dpkg=309048 dpkg-deb=166616
dpkg-query=146232 du=158968 echo=43856 ed=59232 egrep=41 env=48280 expand=39768 expiry=31464 expr=113496 factor=72448
faillog=23160 fallocate=35128 false=35480 fgrep=41 file=27240 find=224848 findmnt=72360 flock=35152 fmt=43832
fold=39768 free=27200 fuser=44920 getconf=35128 getent=43632 getopt=22840 gpasswd=88544 gpgv=293904 grep=203152
groups=39704 gunzip=2346 gzexe=6447 gzip=98136 head=44056 hexdump=55680 hostid=35480 hostname=26832 hostnamectl=30984
iconv=67592 id=44056 infocmp=63944 install=155376 ionice=31032 ip=731352 ipcrm=35192 ipcs=59816 ischroot=14568
join=56344 journalctl=76128 kill=31032 killall=35880 last=59584 lastb=59584 lastlog=31848 less=203280 lesspipe=8616
link=35480 ln=72576 locale=59224 localectl=30976 localedef=342328 logger=47640 login=53024 loginctl=64096
logname=35480 ls=151344 lsattr=14640 lsblk=154672 lscpu=105016 lsipc=96784 lslocks=43640 lslogins=76424 lsmem=59840
lsmod=174424 lsns=51848 lspci=95448 man=125144 mandb=145440 mawk=125560 mcookie=35120 md5sum=47960 mesg=14640
mkdir=93208 mkfifo=64376 mknod=68472 mktemp=44024 more=64144 mount=59704 mountpoint=22832 mt=68472 mv=147064
namei=35104 nano=279656 nc.openbsd=43664 newgrp=44632 nice=39768 nl=109288 nohup=39704 nproc=39768 nsenter=39280
numfmt=64568 od=76856 openssl=989528 partx=121752 passwd=68248 paste=39768 pathchk=35512 pgrep=30952 pidof=26952
ping=90568 pinky=39800 pkill=30952 pmap=35048 pr=68952 printenv=35480 printf=56248 prlimit=43312 ps=141184 ptx=76984
pwd=39832 pwdx=14640 readlink=48184 realpath=48184 renice=22840 reset=31024 resizepart=59568 rev=22832 rm=72752
rmdir=48120 run-parts=27472 runcon=39832 savelog=10489 scp=153712 screen=482312 script=52032 scriptreplay=39464
sdiff=51880 sed=126424 select-editor=2443 seq=52280 setarch=39192 setpriv=47352 setsid=22840 setterm=43400 sftp=166544
sg=44632 sha1sum=47960 sha224sum=56152 sha256sum=56152 sha384sum=56152 sha512sum=56152 shred=60472 shuf=60376
slabtop=22872 sleep=39768 sort=113816 split=64504 ssh=866128 ssh-add=199592 ssh-agent=187080 ssh-copy-id=12676
ssh-keygen=498552 ssh-keyscan=228928 stat=93176 stdbuf=52192 strace=1641976 stty=84280 su=72000 sudo=281624 sum=48024
sync=39736 systemctl=1221848 tabs=18736 tac=113416 tail=77016 tar=530944 taskset=31024 tee=44024 tempfile=14568
test=56280 tic=92464 timedatectl=51432 timeout=44440 tload=18776 toe=22864 top=134064 touch=97352 tput=27056 tr=56344
true=35480 truncate=39800 tset=31024 tsort=56216 tty=35480 ucf=40452 udevadm=595296 ul=39336 umount=35128 uname=39704
uncompress=2346 unexpand=43896 uniq=47992 unlink=35480 unshare=80312 update-alternatives=59984 uptime=14568
users=39768 utmpdump=27128 vdir=151344 vi=1391360 vim.tiny=1391360 vmstat=39448 w=22904 wall=39472 watch=35416
wc=56152 wdctl=39424 wget=516952 whatis=51512 whereis=35440 which.debianutils=946 who=60248 whoami=35480 write=22880
xargs=72656 xxd=18712 xz=87456 yes=39736 zcat=1983 zgrep=8103 zless=2206 zmore=1841 bc=92848 dig=154632 host=138040
lsof=175864 telnet=114488 ftp=113320 tcpdump=1261264 tmux=1100184 unzip=186664 zip=216016 git=3713312
perl=3812424 socat=417928 nslookup=142104 htop=300936 jq=30936 nmap=2969352 patch=190888 make=248120
""")
SBIN = sized("""
adduser=38024 addgroup=38024 agetty=68472 arp=65184 arptables-nft=226576 badblocks=35328 blkdiscard=35096 blkid=124704
blockdev=64128 bridge=106408 capsh=30880 chcpu=35096 chgpasswd=60392 chpasswd=56256 chroot=44024 cron=59880
ctrlaltdel=14640 debugfs=238096 delgroup=19508 deluser=19508 depmod=174424 dhclient=499664 dmsetup=174328
dumpe2fs=35160 e2fsck=371736 ebtables-nft=226576 fdisk=154976 findfs=14640 fsck=51936 fsck.ext4=371736 fsfreeze=14640
fstrim=72296 getcap=14568 getty=68472 groupadd=93328 groupdel=89080 groupmod=93360 grpck=60264 halt=1221848
hwclock=68744 ifconfig=90504 ifdown=78264 ifup=78264 init=100208 insmod=174424 installkernel=2648 invoke-rc.d=16883
ip=731352 iptables-nft=226576 isosize=31048 ldconfig=387 ldattach=35544 logrotate=101624 losetup=121136 lsmod=174424
lvm=2846024 mkfs=14640 mkfs.ext4=138248 mkhomedir_helper=22784 mkswap=100024 modinfo=174424 modprobe=174424
mount.nfs=129736 netplan=1005 newusers=88928 nologin=14568 pam-auth-update=20658 parted=92496 pivot_root=14640
poweroff=1221848 pwck=56072 pwconv=47992 rarp=36144 reboot=1221848 resize2fs=68144 rmmod=174424 route=69400
rtmon=61240 runlevel=1221848 runuser=55704 service=9047 setcap=14568 sfdisk=113536 shadowconfig=885 shutdown=1221848
slattach=40280 sshd=1292944 start-stop-daemon=47816 sulogin=56224 swapoff=22840 swapon=47408 switch_root=22840
sysctl=31136 syslogd=47664 tc=651152 telinit=1221848 tune2fs=117312 tzconfig=106 udevd=595296 update-rc.d=19126
useradd=149184 userdel=101648 usermod=142696 vcstime=4096 vigr=68288 vipw=68288 visudo=225104 wipefs=43296
xtables-nft-multi=226576 zic=68680 zramctl=64128 dnsmasq=445496 rsyslogd=823248 ufw=4938
""")
LINKS_BIN = {
    "awk": "/etc/alternatives/awk", "dnsdomainname": "hostname", "domainname": "hostname",
    "nisdomainname": "hostname", "ypdomainname": "hostname", "lsmod": "kmod", "nc": "/etc/alternatives/nc",
    "netcat": "/etc/alternatives/netcat", "pager": "/etc/alternatives/pager", "pidof": "/sbin/killall5",
    "rbash": "bash", "sh": "dash", "editor": "/etc/alternatives/editor", "vi": "/etc/alternatives/vi",
    "which": "/etc/alternatives/which", "lastb": "last", "bzcat": "bunzip2", "slogin": "ssh", "reset": "tset",
    "sg": "newgrp", "pkill": "pgrep", "view": "/etc/alternatives/view", "write": "/etc/alternatives/write",
}  # fmt: skip
LINKS_SBIN = {
    "halt": "/bin/systemctl", "init": "/lib/systemd/systemd", "poweroff": "/bin/systemctl", "reboot": "/bin/systemctl",
    "runlevel": "/bin/systemctl", "shutdown": "/bin/systemctl", "telinit": "/bin/systemctl", "depmod": "/bin/kmod",
    "insmod": "/bin/kmod", "lsmod": "/bin/kmod", "modinfo": "/bin/kmod", "modprobe": "/bin/kmod", "rmmod": "/bin/kmod",
    "getty": "agetty", "iptables": "/etc/alternatives/iptables", "ip6tables": "/etc/alternatives/ip6tables",
    "addgroup": "adduser", "delgroup": "deluser", "vigr": "vipw", "fsck.ext4": "e2fsck", "mkfs.ext4": "mke2fs",
    "udevd": "/bin/udevadm", "ifdown": "ifup",
}  # fmt: skip
ALTERNATIVES = {
    "awk": "/usr/bin/mawk", "nc": "/bin/nc.openbsd", "netcat": "/bin/nc.openbsd", "pager": "/usr/bin/less",
    "editor": "/bin/nano", "vi": "/usr/bin/vim.tiny", "which": "/usr/bin/which.debianutils",
    "view": "/usr/bin/vim.tiny", "write": "/usr/bin/write.ul", "iptables": "/usr/sbin/iptables-nft",
    "ip6tables": "/usr/sbin/ip6tables-nft",
}  # fmt: skip
SETUID = frozenset({"chfn", "chsh", "gpasswd", "mount", "newgrp", "passwd", "su", "sudo", "umount"})
# Present on some machines only; the persona's chance decides.
OPTIONAL = frozenset({
    "strace", "screen", "tmux", "htop", "jq", "nmap", "socat", "zip", "unzip", "tcpdump", "git", "lsof",
    "ftp", "telnet", "dig", "host", "nslookup", "bc", "ed", "patch", "make", "ufw", "dnsmasq", "lvm", "cpio",
})  # fmt: skip
BUSYBOX = 763032

LIBRARIES = sized("""
libacl.so.1.1.2301=35160 libapt-pkg.so.6.0.0=1998792 libattr.so.1.1.2501=22864 libaudit.so.1.0.0=129096
libblkid.so.1.1.0=231640 libbz2.so.1.0.4=74568 libc.so.6=1922136 libcap-ng.so.0.0.0=30864 libcap.so.2.66=43672
libcom_err.so.2.1=18728 libcrypt.so.1.1.0=206776 libcrypto.so.3=4709400 libcurl.so.4.8.0=718528 libdb-5.3.so=1778208
libdbus-1.so.3.32.4=338520 libdl.so.2=14480 libe2p.so.2.3=43328 libexpat.so.1.8.10=170096 libext2fs.so.2.4=434760
libffi.so.8.1.2=43576 libgcc_s.so.1=125312 libgcrypt.so.20.4.1=1373208 libgmp.so.10.4.1=519216
libgnutls.so.30.34.3=2151664 libgpg-error.so.0.33.1=149576 libgssapi_krb5.so.2.2=336512 libidn2.so.0.3.8=199224
libk5crypto.so.3.1=182856 libkeyutils.so.1.10=22736 libkmod.so.2.4.0=108776 libkrb5.so.3.3=894456
liblz4.so.1.9.4=137440 liblzma.so.5.4.1=182400 libm.so.6=907784 libmagic.so.1.0.0=166376 libmnl.so.0.2.0=22736
libmount.so.1.1.0=298144 libncursesw.so.6.4=260104 libnettle.so.8.6=309664 libnftables.so.1.1.0=846528
libnghttp2.so.14.24.1=190296 libnsl.so.1=101552 libnss_dns.so.2=14480 libnss_files.so.2=14480
libp11-kit.so.0.3.0=1294872 libpam.so.0.85.1=67872 libpcre2-8.so.0.11.2=629384 libpopt.so.0.0.2=59656
libproc2.so.0.0.1=79936 libpthread.so.0=14480 libreadline.so.8.2=346104 libresolv.so.2=60328 librt.so.1=14632
libseccomp.so.2.5.4=133224 libselinux.so.1=174312 libsmartcols.so.1.1.0=210808 libss.so.2.0=30928
libssh2.so.1.0.1=296192 libssl.so.3=692256 libstdc++.so.6.0.30=2190440 libsystemd.so.0.35.0=839136
libtasn1.so.6.6.3=83936 libtinfo.so.6.4=208328 libudev.so.1.7.5=182232 libunistring.so.2.2.0=2020080
libuuid.so.1.3.0=34888 libxxhash.so.0.8.1=83440 libz.so.1.2.13=121280 libzstd.so.1.5.4=768288
""")

# Devices: the maker's programs, and the parts of uClibc.
FIRMWARE_BUSYBOX = 412_344
DEVICE_PROGRAMS = sized("""
dropbear=211632 mini_httpd=42116 lighttpd=188432 dnsmasq=131208 hostapd=412804 wscd=198116 ntpclient=21344
iptables=88128 dvrmain=3187412 recd=684212 watchdogd=12456 ipcam=1874316 rtspd=318420 engined=2217640 spoold=318212
plcd=2418112 iod=188412
""")
DEVICE_LIBRARIES = sized("""
ld-uClibc=24236 libuClibc=386632 libcrypt=12316 libdl=11488 libm=98124 libnsl=5264 libpthread=86344 libresolv=5264
librt=14824 libutil=6112
""")

# Alpine: what is not BusyBox's, by path.
ALPINE_PROGRAMS = sized("""
bin/rc-status=28664 sbin/apk=71352 sbin/openrc=26368 sbin/openrc-run=42808 sbin/rc-service=18288 sbin/rc-update=22392
sbin/ldconfig=393 usr/bin/curl=272360 usr/bin/openssl=776312 usr/bin/ssh=796576 usr/bin/ssh-add=157840
usr/bin/ssh-agent=141456 usr/bin/ssh-keygen=444560 usr/bin/ssh-keyscan=157840 usr/bin/scp=112784 usr/bin/sftp=129168
usr/bin/getconf=35912 usr/bin/getent=48168 usr/bin/iconv=22256 usr/bin/ldd=55 usr/bin/ssl_client=14080
usr/bin/chronyc=100520 usr/sbin/sshd=870304 usr/sbin/chronyd=260416 usr/sbin/setup-alpine=8914
""")
ALPINE_LIBRARIES = sized("""
libapk.so.2.14.0=190328 libcrypto.so.3=4210640 libssl.so.3=751296 libz.so.1.3.1=100008
""")
