"""This module tells how nginx and Apache read requests: what each takes, refuses and limits.

Learnt by asking the real ones: Debian 12's nginx 1.22.1 and apache2 2.4.71; see ``tests/plugins/decoy/http``.
"""

import re

from decnet_actors.wire.http_dialect import TOKEN, Dialect

_TARGET = rb"[\x21-\x7e\x80-\xff]"
_VERSION_BEGUN = rb"(?:H(?:T(?:T(?:P(?:/[0-9. ]*\r?)?)?)?)?)?"
_TEXT = rb"[\t\x20-\x7e\x80-\xff]*"

NGINX = Dialect(
    line=re.compile(rb"([A-Z_-]+) +([/A-Za-z]" + _TARGET + rb"*) *(?: HTTP/(.*))?"),
    version=re.compile(rb"(1)\.(\d{1,3}) *"),
    too_new=re.compile(rb"[2-9]|1\d"),
    begun=re.compile(rb"[A-Z_-]*|[A-Z_-]+ +(?:[/A-Za-z]" + _TARGET + rb"*(?: +" + _VERSION_BEGUN + rb")?)?"),
    field=re.compile(rb"([^\x00-\x20\x7f:]+)(?::([^\x00\r]*))?\r*"),
    size=re.compile(rb"([0-9A-Fa-f]+)(?:[ \t;][^\r]*)?\r?"),
    trailer=re.compile(rb".*", re.DOTALL),
    blank=b" ",
    bare_lf=True,
    folds=False,
    simple_get_only=False,
    lone_coding=True,
    single=frozenset(
        {
            b"host", b"content-length", b"transfer-encoding", b"expect", b"authorization", b"if-modified-since",
            b"if-unmodified-since", b"if-match", b"if-none-match", b"if-range", b"content-range",
        }
    ),
    max_blank_lines=None,
    max_line=8192,  # large_client_header_buffers 4 8k
    first_buffer=1024,  # client_header_buffer_size
    buffers=4,
    max_fields=1000,
)  # fmt: skip

APACHE = Dialect(
    line=re.compile(rb"([" + TOKEN + rb"]+) (" + _TARGET + rb"+)(?: (?:HTTP/(.*))?)?"),
    version=re.compile(rb"([1-9])\.(\d)"),
    too_new=re.compile(rb"(?!)"),  # none: HTTP/9.9 is served
    begun=None,
    field=re.compile(rb"([" + TOKEN + rb"]+):(" + _TEXT + rb")\r"),
    size=re.compile(rb"([0-9A-Fa-f]+)[ \t]*(?:;" + _TEXT + rb")?\r"),
    trailer=re.compile(rb"(?:[" + TOKEN + rb"]+:|[ \t])" + _TEXT + rb"\r"),
    blank=b" \t",
    bare_lf=False,  # HttpProtocolOptions Strict
    folds=True,
    simple_get_only=True,
    lone_coding=False,
    single=frozenset({b"host"}),
    max_blank_lines=10,
    max_line=8193,  # LimitRequestLine, LimitRequestFieldSize 8190
    first_buffer=256 * 1024,  # ours; real: LimitRequestFields times LimitRequestFieldSize, 800 KiB
    buffers=0,
    max_fields=100,  # LimitRequestFields
)
