"""Texts that peers choose in the hope that somebody prints them or opens them in a spreadsheet."""

HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b]8;;http://evil.example/\x1b\\link\x1b]8;;\x1b\\",
    "\x9b31m",
    "\x00nul\x00",
    "back\x08\x08\x08space",
    "line\r\nbreak\rover\nwrite",
    "tab\tbed",
    "\u202egnp.exe",
    "\u2066isolated\u2069",
    "zero\u200bwidth\u200d",
    "\u2028line separator\u2029",
    "\ufeffbom",
    "\U000e0041tag",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "  =1+1",
    "\uff1dcmd()",
    '"quoted",comma',
    "back\\slash \\x1b[31m",
    "- item: true #comment",
    "null",
    "yes",
    "1e5",
    "0x1f",
    "\u00e9\u4e2d\u6587\U0001f600",
    "",
    " ",
    "~",
    "'",
    "[1, 2",
    "{a: b",
    "%TAG",
    "*alias",
    "&anchor",
    "|",
    ">",
)

FORBIDDEN = frozenset(
    [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\r"]
    + list("\u200b\u200d\u2028\u2029\u202e\u2066\u2069\ufeff\U000e0041")
)


def harmful(text: str) -> frozenset[str]:
    """Return the characters of ``text`` that must never reach a terminal."""
    return FORBIDDEN & set(text)
