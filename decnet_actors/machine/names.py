"""This module lists what an installation is named and made of: people, hosts, firms, places, hardware."""

from decnet_actors.machine.table import words

FIRST_NAMES = words(
    "adam alan alex amir anders andrea andy anna antonio ben bianca boris carla carlos cedric chris claire dan "
    "daniel david diana dmitri elena emil emma eric esther eva felix filip fiona frank gabor george greg hanna "
    "helen henrik hugo ian igor ines ivan jack jakub james jan jason jean jenny joao jonas jose julia karen karim "
    "karl kate kevin lars laura leo lena linda lucas luis maria marco marek mark martin mateo matt max mia michael "
    "mikael nadia nick nils nina oliver olga omar oscar pablo patrick paul pavel peter philip pierre rachel rafael "
    "ralf robert roman rosa sam sandra sara sergei simon sofia stefan steve sven tanya thomas tim tina tom uwe vera "
    "victor wei will yusuf zoe "
)
LAST_NAMES = words(
    "adams ahmed allen andersen bailey baker bauer becker bell bennett berg bianchi brown carter chen clark cohen "
    "cole costa cruz davis dubois dvorak evans farkas ferrari fischer fischl foster garcia gomez gray green gruber "
    "haas hall hansen harris hill hoffmann horvat hughes ivanov jensen johnson jones kaya keller kelly khan kim "
    "klein koch kovacs kraus kumar larsen lee lehmann lewis lopez martin mayer meyer miller moreau morgan mueller "
    "murphy nagy nelson nguyen nielsen novak olsen ortiz parker patel perez petrov popescu reed reyes ricci roberts "
    "rossi roux santos sato schmidt schulz scott silva singh smith sousa stewart svensson tanaka taylor torres "
    "turner varga vogel wagner walker wang ward weber white wilson wolf wood wright yamada yilmaz young zeman zhang "
)
ROLES = words(
    "web www app api db sql mail mx backup bkp files nas git ci build jenkins proxy gw vpn mon monitor log cache "
    "stage staging dev test qa demo intranet portal wiki crm erp shop store media cdn edge node worker batch report "
    "print "
)
CODE_NAMES = words(
    "atlas aurora bandit basil birch boreas calypso cedar ceres cobalt condor copper corvus cypress delphi draco "
    "dune echo elm ember fennec fjord flint gaia galileo granite hazel helios heron hydra icarus indigo iris ivy "
    "jade juno kepler kestrel kiwi larch lichen linden lotus lynx magpie maple mercury mesa mimas moss nebula "
    "nimbus oak onyx orion osprey otter pallas pearl pine pluto quartz raven rhea ridge rowan saffron saturn sable "
    "sequoia slate sparrow spruce tern thistle titan topaz triton tundra umbra vega vesta walnut willow wren yarrow "
    "zephyr zircon "
)
FIRM_HEADS = words(
    "alto arden baltic bright calder cascade clear crest delta dorset eastern ember fair falcon forge glen granite "
    "grove harbor helix highland indus keystone lake lumen meridian metro mill nordic north nova oak orchard osprey "
    "pacific penn pioneer polar prime quay redwood river rowan sable sierra sigma silver solent south spring stone "
    "summit tamar tri union upland vale vantage vertex vista western wexford willow zenith "
)
FIRM_TAILS = words(
    "analytics associates automation bau capital care clinic consulting dental design digital energy engineering "
    "events foods freight group hosting imaging insurance labs legal logistics marine media metals motors networks "
    "optics partners pharma press print realty retail services solutions studio supply systems tech textiles tools "
    "travel works "
)
TOP_DOMAINS = ("com", "com", "com", "net", "org", "io", "de", "eu", "co.uk", "fr", "nl", "pl", "it", "es", "se")
PLACES = words(
    "ams ber bos chi dal den dub fra gva ham hel lax lis lon mad mil muc nyc osl par prg sea sfo sin sto tor vie "
    "waw zrh "
)

# The offset at a date is worked out by ``persona``, from the rules of the family.
ZONES: tuple[tuple[str, int, str, int], ...] = (
    # name, standard offset, family of summer-time rules ("", "eu", "us"), weight
    ("Etc/UTC", 0, "", 12),
    ("Europe/Berlin", 3600, "eu", 3),
    ("Europe/London", 0, "eu", 2),
    ("Europe/Paris", 3600, "eu", 2),
    ("Europe/Amsterdam", 3600, "eu", 2),
    ("Europe/Madrid", 3600, "eu", 1),
    ("Europe/Rome", 3600, "eu", 1),
    ("Europe/Warsaw", 3600, "eu", 1),
    ("Europe/Stockholm", 3600, "eu", 1),
    ("Europe/Helsinki", 7200, "eu", 1),
    ("America/New_York", -18000, "us", 3),
    ("America/Chicago", -21600, "us", 2),
    ("America/Denver", -25200, "us", 1),
    ("America/Los_Angeles", -28800, "us", 2),
    ("America/Sao_Paulo", -10800, "", 1),
    ("Asia/Singapore", 28800, "", 1),
    ("Asia/Tokyo", 32400, "", 1),
    ("Asia/Kolkata", 19800, "", 1),
)
ZONE_LETTERS = {
    "Etc/UTC": ("UTC", "UTC"),
    "Europe/London": ("GMT", "BST"),
    "Europe/Helsinki": ("EET", "EEST"),
    "America/New_York": ("EST", "EDT"),
    "America/Chicago": ("CST", "CDT"),
    "America/Denver": ("MST", "MDT"),
    "America/Los_Angeles": ("PST", "PDT"),
    "America/Sao_Paulo": ("-03", "-03"),
    "Asia/Singapore": ("+08", "+08"),
    "Asia/Tokyo": ("JST", "JST"),
    "Asia/Kolkata": ("IST", "IST"),
}  # all others: CET, CEST

# Vendor prefixes (IEEE registry) of virtual and server network cards, and the hypervisor they belong to.
CARDS: tuple[tuple[str, str, int], ...] = (
    ("52:54:00", "kvm", 5),
    ("00:50:56", "vmware", 3),
    ("00:0c:29", "vmware", 2),
    ("08:00:27", "virtualbox", 1),
    ("bc:24:11", "kvm", 2),  # Proxmox
    ("00:15:5d", "hyperv", 2),
    ("00:16:3e", "xen", 1),
    ("d0:94:66", "dell", 1),
    ("24:6e:96", "dell", 1),
    ("3c:ec:ef", "supermicro", 1),
    ("ac:1f:6b", "supermicro", 1),
    ("94:18:82", "hpe", 1),
)
VIRTUAL = frozenset({"kvm", "vmware", "virtualbox", "hyperv", "xen"})
CPUS: tuple[tuple[str, int, int, int], ...] = (
    # model name, family, model, stepping
    ("Intel(R) Xeon(R) CPU E5-2620 v4 @ 2.10GHz", 6, 79, 1),
    ("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz", 6, 79, 1),
    ("Intel(R) Xeon(R) CPU E5-2690 v3 @ 2.60GHz", 6, 63, 2),
    ("Intel(R) Xeon(R) Silver 4110 CPU @ 2.10GHz", 6, 85, 4),
    ("Intel(R) Xeon(R) Silver 4214 CPU @ 2.20GHz", 6, 85, 7),
    ("Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz", 6, 85, 4),
    ("Intel(R) Xeon(R) Gold 6226R CPU @ 2.90GHz", 6, 85, 7),
    ("Intel(R) Xeon(R) E-2136 CPU @ 3.30GHz", 6, 158, 10),
    ("AMD EPYC 7302P 16-Core Processor", 23, 49, 0),
    ("AMD EPYC 7402 24-Core Processor", 23, 49, 0),
    ("AMD EPYC 7543 32-Core Processor", 25, 1, 1),
)
KVM_CPUS: tuple[tuple[str, int, int, int], ...] = (
    ("QEMU Virtual CPU version 2.5+", 15, 107, 1),
    ("Common KVM processor", 15, 6, 1),
    ("Intel Core Processor (Broadwell)", 6, 61, 2),
    ("Intel Xeon Processor (Skylake)", 6, 85, 4),
    ("AMD EPYC Processor", 23, 1, 2),
)
