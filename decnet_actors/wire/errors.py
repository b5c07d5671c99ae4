"""This module is the tree of errors of wire codecs.

WireError
    HttpError (http)
    QuicError (quic)
    RespError (resp)
    SshError (ssh_kex)
    TftpError (tftp)
    TlsError (tls_records)
"""


class WireError(ValueError):
    """The peer broke a protocol.

    Args:
        detail: what was broken, in our words.
        reply: what the imitated server sends before it closes; empty when it says nothing.

    """

    def __init__(self, detail: str, reply: bytes = b"") -> None:
        super().__init__(detail)
        self.detail = detail
        self.reply = reply
